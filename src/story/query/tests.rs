use proptest::prelude::*;

use super::{Query, Search};
use crate::conn::state::PerSide;
use crate::story::Owner;
use crate::story::owner::{Process, User};
use crate::story::summary::Summary;
use crate::story::tests::{trace_of, trace_without_handshake};
use crate::trace::Trace;

/// `nginx 1234` at the server.
fn owner() -> PerSide<Option<Owner>> {
    held_by(Owner {
        process: Some(Process::new(1234, b"nginx", 2)),
        user: None,
    })
}

fn held_by(owner: Owner) -> PerSide<Option<Owner>> {
    PerSide {
        client: None,
        server: Some(owner),
    }
}

#[test]
fn a_process_is_found_by_its_own_name_and_number_alone() {
    let trace = trace_of("> F. 1:1 ack 1");
    let matches = |text: &str, owner: &dyn Fn() -> PerSide<Option<Owner>>| {
        let query = Query::parse(text).expect(text);
        query.matches_connection(&trace, 0, &Summary::of(&trace, 0), owner)
    };
    // It is told as `nginx 1234 +2`.
    assert!(matches("pid:1234", &owner) && !matches("pid:2", &owner));
    assert!(matches("process:nginx", &owner) && !matches("process:1234", &owner));
    let user = || {
        held_by(Owner {
            process: None,
            user: Some(User::new(33, None)),
        })
    };
    assert!(!matches("pid:33", &user) && !matches("process:uid", &user));
    assert!(matches("33", &user), "words are looked for in what is told");
}

fn matches(trace: &Trace, text: &str) -> bool {
    let query = Query::parse(text).expect(text);
    query.matches_connection(trace, 0, &Summary::of(trace, 0), &owner)
}

#[track_caller]
fn check(trace: &Trace, yes: &[&str], no: &[&str]) {
    for text in yes {
        assert!(matches(trace, text), "{text} should match");
        assert!(!matches(trace, &format!("-{text}")), "-{text} shouldn't");
    }
    for text in no {
        assert!(!matches(trace, text), "{text} shouldn't match");
        assert!(matches(trace, &format!("!{text}")), "!{text} should");
    }
}

#[test]
fn a_close_wait_of_41_s_is_found_by_state_age_owner_and_finding() {
    let trace = trace_of("> F. 1:1 ack 1\n< . 1:1 ack 2\n@41 < P. 1:11 ack 2\n@41 > . 2:2 ack 11");
    check(
        &trace,
        &[
            "state:close-wait",
            "state:CW",
            "state:established,close_wait",
            "server:close-wait",
            "client:fin-wait-2",
            "client:127.0.0.1",
            "ending:half-closed",
            "first:client",
            "age:>40s",
            "finding:close-wait-lasts",
            "process:nginx",
            "pid:1234",
            "bytes:10",
            "bytes:>9",
            "segments:<=7",
            "duration:40s-1min",
            "port:4321",
            "port:80,4000-5000",
            ":4321",
            "127.0.0.1",
            "127.0.0.1:35790",
            "127.0.0.0/8",
            "close-w",
            "half",
            "nginx",
            "f>",
            "35790",
        ],
        &[
            "state:time-wait",
            "client:close-wait",
            "server:10.0.0.1",
            "ending:reset,refused",
            "by:client",
            "age:>42s",
            "finding:refused",
            "process:curl",
            "pid:123",
            "bytes:<10",
            "segments:>100",
            "duration:>60s",
            "port:5000-5010",
            "10.0.0.0/8",
            "::1",
            "127.0.0.1:1",
            "certainty:likely",
            "<r",
            "server",
        ],
    );
}

#[test]
fn a_reset_is_found_by_who_why_and_how_sure() {
    let trace = trace_of("> P. 1:11 ack 1\n< R. 1:1 ack 11");
    check(
        &trace,
        &[
            "ending:reset",
            "by:server",
            "cause:unread-data",
            "cause:linger-zero",
            "certainty:likely",
            "◂R",
            "aborted",
            "server",
            "reset -ending:open by:server",
        ],
        &["ending:refused", "cause:refused", "certainty:certain"],
    );
}

#[test]
fn segments_are_found_by_flags_notes_states_and_numbers() {
    let trace = trace_of(
        "> P. 1:11 ack 1\n< . 1:1 ack 11\n@5 > F. 11:11 ack 1\n@6 > F. 11:11 ack 1\n< . 1:1 ack 12\n< R. 1:1 ack 12",
    );
    let found = |text: &str| {
        let search = Search::parse(text).expect(text);
        let rows = (0..trace.len(0)).filter(|row| search.matches_row(&trace, 0, *row, false));
        rows.map(|row| row + 1).collect::<Vec<_>>()
    };
    let cases: [(&str, &[usize]); 22] = [
        ("rst", &[9]),
        ("flag:rst", &[9]),
        ("fin,ack", &[6, 7]),
        ("[F.]", &[6, 7]),
        ("[.]", &[3, 5, 8]),
        ("syn -ack", &[1]),
        ("note:fin-retransmission", &[7]),
        ("retrans", &[7]),
        ("state:close-wait", &[7]),
        ("cw", &[7]),
        ("client:fin-wait-1", &[6]),
        ("server:fin-wait-1", &[]),
        ("fin-wait-2", &[8]),
        ("from:server [.]", &[5, 8]),
        ("len:>0", &[4]),
        ("gap:>2s", &[6]),
        ("4", &[4]),
        ("segment:4-5", &[4, 5]),
        ("seq:7", &[4]),
        ("ack:11", &[5]),
        ("frame:2", &[]),
        ("", &[]),
    ];
    for (text, wanted) in cases {
        assert_eq!(found(text), wanted, "{text}");
    }
}

#[test]
fn what_is_wrong_and_what_to_type_is_told_in_one_line() {
    let error = |text| Query::parse(text).unwrap_err();
    assert_eq!(
        error("ending:rst"),
        "ending: there is no ending \"rst\": orderly, simultaneous, reset, refused, timed-out, half-closed, open, unanswered"
    );
    assert_eq!(
        error("state:"),
        "state: needs a value, such as state:close-wait"
    );
    assert_eq!(error("-"), "\"-\" negates the term after it: type -word");
    assert_eq!(
        error("port:5010-5000"),
        "port: \"5010-5000\" runs backwards: type 5000-5010"
    );
    assert_eq!(
        error("bytes:many"),
        "bytes: \"many\" is no whole number (1000, >64k, 10-20)"
    );
    assert_eq!(
        error("duration:60s"),
        "duration: no time is exactly 60s: type >60s or <60s"
    );
    assert_eq!(
        error("10.0.0.0/33"),
        "a prefix of 10.0.0.0 has 0 to 32 bits: type 10.0.0.0/16"
    );
    assert!(error("sate:closed").starts_with("there is no key \"sate\": state, client, server"));
    assert!(error("x\u{202e}\u{1b}:1").contains("\"x\\u{202e}\\u{1b}\""));
    let search = Search::parse("flag:frs").unwrap_err();
    assert!(search.starts_with("flag: there is no flag \"frs\": FIN, SYN, RST"));
}

#[test]
fn what_is_typed_only_in_part_is_a_word_where_it_may_become_an_address() {
    for text in ["10.0.", "fe80:", "2001:db8", "[::1", "[::1]:", ":", "::"] {
        assert!(Query::parse(text).is_ok(), "{text}");
    }
}

#[test]
fn every_example_of_the_tables_can_be_typed() {
    let forms = Query::forms().iter().map(|form| form.example);
    for example in Query::keys().map(|key| key.example).chain(forms) {
        assert!(Query::parse(example).is_ok(), "{example}");
    }
    let forms = Search::forms().iter().map(|form| form.example);
    for example in Search::keys().map(|key| key.example).chain(forms) {
        assert!(Search::parse(example).is_ok(), "{example}");
    }
}

#[test]
fn a_query_about_time_holds_until_its_number_is_reached() {
    let trace = trace_without_handshake(
        "> S 0:0\n< S. 0:0 ack 1\n> . 1:1 ack 1\n@1 > F. 1:1 ack 1\n@1 < . 1:1 ack 2",
    );
    let summary = Summary::of(&trace, 0);
    let until = |text: &str, now: u64| {
        let query = Query::parse(text).unwrap();
        query
            .holds_until_ns(&summary, now * 1_000_000_000)
            .map(|ns| ns / 100_000_000)
    };
    assert_eq!(until("age:>60s", 1), Some(610));
    assert_eq!(until("age:>60s", 70), None);
    assert_eq!(until("age:5s-8s", 7), Some(90));
    assert_eq!(until("finding:close-wait-lasts", 1), Some(109));
    assert_eq!(until("state:close-wait", 1), None);
}

/// Something that may be typed: pieces of the language in any order, and any characters.
fn typed() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        "[-!:,.<>=\\[\\]/ 0-9a-fFsmhk]{0,6}",
        prop::sample::select(vec![
            "state:",
            "ending:",
            "port:",
            "duration:>",
            "age:<",
            "flag:",
            "note:",
            "seq:",
            "close-wait",
            "reset",
            "fin",
            "ack",
            "[F.]",
            "[e]",
            "10.0.0.0/8",
            "[::1]:80",
            "min",
            " ",
            "client:",
            "TW",
            "pid:",
            "process:",
            "certainty:",
            "len:",
            "unread-data",
        ])
        .prop_map(String::from),
        "\\PC{0,4}",
    ];
    prop::collection::vec(piece, 0..6).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn anything_may_be_typed_and_what_is_read_is_written_so_that_it_is_read_again(text in typed()) {
        match Query::parse(&text) {
            Ok(query) => {
                prop_assert_eq!(Query::parse(&query.to_string()), Ok(query.clone()));
                let trace = trace_of("> F. 1:1 ack 1");
                let _ = query.matches_connection(&trace, 0, &Summary::of(&trace, 0), &owner);
            }
            Err(error) => prop_assert!(!error.chars().any(char::is_control)),
        }
        match Search::parse(&text) {
            Ok(search) => {
                prop_assert_eq!(Search::parse(&search.to_string()), Ok(search.clone()));
                let trace = trace_of("> F. 1:1 ack 1");
                let _ = search.matches_row(&trace, 0, 3, true);
            }
            Err(error) => prop_assert!(!error.chars().any(char::is_control)),
        }
    }
}
