//! The keys that choose connections, and how their values are read.

use super::Test;
use crate::conn::{Certainty, Side};
use crate::story::cause::{CauseId, Confidence};
use crate::story::ending::Kind;
use crate::story::finding;
use crate::story::query::address::Address;
use crate::story::query::number::Number;
use crate::story::query::{Entry, Form, Key, key, list, one_of, side, state};

const CONFIDENCES: [Confidence; 3] = [Confidence::Certain, Confidence::Likely, Confidence::Unknown];

pub(super) static TABLE: [Entry<Test>; 16] = [
    key!(
        "state",
        "state:close-wait",
        "either end is in this state by now; cw, tw, fw1 and the like do too",
        |value| Ok(Test::State(None, list(value, state)?))
    ),
    key!(
        "client",
        "client:fin-wait-2",
        "the client is in this state, or has this address",
        |value| end(Side::Client, value)
    ),
    key!(
        "server",
        "server:10.0.0.0/8",
        "the server is in this state, or has this address",
        |value| end(Side::Server, value)
    ),
    key!(
        "ending",
        "ending:reset,refused",
        "it ended so: orderly, simultaneous, reset, refused, timed-out, half-closed, open, unanswered",
        |value| Ok(Test::Ending(list(value, |it| one_of(
            "ending",
            &Kind::ALL,
            Kind::name,
            it
        ))?))
    ),
    key!(
        "by",
        "by:server",
        "who sent the RST that ended it",
        |value| { Ok(Test::ResetBy(side(value)?)) }
    ),
    key!("first", "first:client", "who closed first", |value| Ok(
        Test::ClosedFirst(side(value)?)
    )),
    key!(
        "cause",
        "cause:unread-data",
        "why it was reset or timed out: one of the two likeliest causes",
        |value| Ok(Test::Cause(list(value, |it| one_of(
            "cause",
            &CauseId::ALL,
            CauseId::name,
            it
        ))?))
    ),
    key!(
        "certainty",
        "certainty:likely",
        "how sure its cause is (certain, likely, unknown), or a state (proven, presumed, inferred, uncertain)",
        certainty
    ),
    key!(
        "finding",
        "finding:close-wait-lasts",
        "something worth telling was found (docs/findings.md)",
        |value| Ok(Test::Finding(list(value, finding_id)?))
    ),
    key!(
        "port",
        "port:80,5000-5010",
        "a port of either end",
        |value| Ok(Test::Port(list(value, Number::count)?))
    ),
    key!(
        "process",
        "process:nginx",
        "the program that has the socket, where the kernel tells",
        |value| Ok(Test::Process(value.to_ascii_lowercase()))
    ),
    key!("pid", "pid:1234", "its process", |value| Ok(Test::Pid(
        list(value, Number::count)?
    ))),
    key!(
        "bytes",
        "bytes:>1000",
        "octets of data, both ways together; 64k, 10m",
        |value| Ok(Test::Bytes(Number::count(value)?))
    ),
    key!("segments", "segments:>100", "captured segments", |value| {
        Ok(Test::Segments(Number::count(value)?))
    }),
    key!(
        "duration",
        "duration:>60s",
        "from the first captured segment to the last; ms, s, min, h",
        |value| Ok(Test::Duration(Number::time(value)?))
    ),
    key!(
        "age",
        "age:>60s",
        "an end has been in its closing state for so long by now",
        |value| Ok(Test::Age(Number::time(value)?))
    ),
];

/// What is typed without a key.
pub(super) static FORMS: [Form; 5] = [
    Form {
        example: "10.0.0.7",
        meaning: "an address of either end; also ::1, [::1]:4777",
    },
    Form {
        example: "10.0.0.0/8",
        meaning: "a network of either end",
    },
    Form {
        example: ":443",
        meaning: "a port of either end",
    },
    Form {
        example: "refused",
        meaning: "a word in an address, state, ending, cause or program",
    },
    Form {
        example: "-ending:open",
        meaning: "what must not hold; ! does the same",
    },
];

/// A state, or an address.
fn end(side: Side, value: &str) -> Result<Test, String> {
    if let Some(address) = Address::parse(value) {
        return Ok(Test::Address(Some(side), address?));
    }
    list(value, state)
        .map(|states| Test::State(Some(side), states))
        .map_err(|error| format!("{error}; or an address"))
}

fn certainty(value: &str) -> Result<Test, String> {
    let known = |known: &&Certainty| known.name().eq_ignore_ascii_case(value);
    if let Some(known) = Certainty::ALL.iter().find(known) {
        return Ok(Test::Known(*known));
    }
    let sure = one_of("certainty", &CONFIDENCES, Confidence::name, value);
    let others: Vec<_> = Certainty::ALL.iter().map(|it| it.name()).collect();
    sure.map(Test::Sure)
        .map_err(|error| format!("{error}; of states {}", others.join(", ")))
}

fn finding_id(typed: &str) -> Result<&'static str, String> {
    let ids = finding::ALL.map(|finding| finding.id);
    one_of("finding", &ids, |id| id, typed)
}
