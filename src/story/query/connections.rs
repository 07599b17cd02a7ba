//! Which connections to show.

mod table;

use std::fmt;

use self::table::{FORMS, TABLE};
use super::address::Address;
use super::number::Number;
use super::{Form, Key, Term, keyed, state_text, terms, write_list, write_terms};
use crate::conn::state::PerSide;
use crate::conn::{Certainty, ConnectionId, Side, State};
use crate::story::cause::{CauseId, Confidence};
use crate::story::code::code;
use crate::story::ending::{Kind, ending};
use crate::story::finding;
use crate::story::summary::Summary;
use crate::story::{Charset, Owner};
use crate::trace::Trace;

/// A filter over connections; without terms, all match.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Query {
    terms: Vec<Term<Test>>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Test {
    State(Option<Side>, Vec<State>),
    Ending(Vec<Kind>),
    ResetBy(Side),
    ClosedFirst(Side),
    Cause(Vec<CauseId>),
    Sure(Confidence),
    Known(Certainty),
    Port(Vec<Number>),
    Address(Option<Side>, Address),
    Finding(Vec<&'static str>),
    Process(String),
    Pid(Vec<Number>),
    Bytes(Number),
    Segments(Number),
    Duration(Number),
    Age(Number),
    Word(String),
}

fn test(typed: &str) -> Result<Test, String> {
    if let Some(address) = Address::parse(typed) {
        return Ok(Test::Address(None, address?));
    }
    if let Some(read) = keyed(&TABLE, typed) {
        return read;
    }
    let port = typed.strip_prefix(':').map(Number::count);
    if let Some(Ok(port)) = port {
        return Ok(Test::Port(vec![port]));
    }
    Ok(Test::Word(typed.to_ascii_lowercase()))
}

/// What a test may look at.
struct Subject<'a> {
    trace: &'a Trace,
    id: ConnectionId,
    summary: &'a Summary,
    owner: &'a dyn Fn() -> PerSide<Option<Owner>>,
}

impl Query {
    /// Reads a filter; an empty one matches all.
    ///
    /// # Errors
    /// One line: what is wrong, and what to type.
    pub fn parse(text: &str) -> Result<Query, String> {
        let mut terms = terms(text, test)?;
        // What is dear to know is asked last.
        terms.sort_by_key(|term| match term.test {
            Test::Finding(_) => 2,
            Test::Word(_) | Test::Process(_) | Test::Pid(_) => 1,
            _ => 0,
        });
        Ok(Query { terms })
    }

    /// The keys, in the order in which the help tells them.
    pub fn keys() -> impl Iterator<Item = &'static Key> {
        TABLE.iter().map(|(key, _)| key)
    }

    /// What is typed without a key.
    #[must_use]
    pub fn forms() -> &'static [Form] {
        &FORMS
    }

    /// Whether it matches all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.terms.is_empty()
    }

    /// Whether a connection matches, as known now. `owner` is asked only where a term is about it.
    #[must_use]
    pub fn matches_connection(
        &self,
        trace: &Trace,
        id: ConnectionId,
        summary: &Summary,
        owner: &dyn Fn() -> PerSide<Option<Owner>>,
    ) -> bool {
        let subject = Subject {
            trace,
            id,
            summary,
            owner,
        };
        self.terms
            .iter()
            .all(|term| term.test.holds(&subject) != term.negated)
    }

    /// Whether it has to look at the connection itself, or walk over all of its segments: the summary doesn't do.
    #[must_use]
    pub fn walks(&self) -> bool {
        let walks = |term: &Term<Test>| match &term.test {
            Test::Finding(_) => true,
            Test::Word(word) => word.contains(ARROWS),
            _ => false,
        };
        self.terms.iter().any(walks)
    }

    /// Whether it may match otherwise once more is known of who owns a socket.
    #[must_use]
    pub fn asks_owner(&self) -> bool {
        let asks = |term: &Term<Test>| {
            matches!(term.test, Test::Process(_) | Test::Pid(_) | Test::Word(_))
        };
        self.terms.iter().any(asks)
    }

    /// Up to when (nanoseconds since the Unix epoch) it matches as at `now_ns`, though no segment comes; `None` for
    /// ever.
    #[must_use]
    pub fn holds_until_ns(&self, summary: &Summary, now_ns: u64) -> Option<u64> {
        let steady = |side: Side, test: &Test| {
            let since = summary.since_ns[side];
            let lasted = now_ns.saturating_sub(since);
            let until = match test {
                Test::Age(number) => number.steady_until(lasted)?,
                Test::Finding(_) => {
                    (lasted < finding::LONG_NS).then_some(finding::LONG_NS.saturating_sub(1))?
                }
                _ => return None,
            };
            Some(since.saturating_add(until))
        };
        let closing = Side::BOTH
            .into_iter()
            .filter(|side| summary.is_closing(*side));
        closing
            .flat_map(|side| self.terms.iter().map(move |term| (side, &term.test)))
            .filter_map(|(side, test)| steady(side, test))
            .min()
    }
}

impl fmt::Display for Query {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_terms(&self.terms, f)
    }
}

impl Test {
    fn holds(&self, of: &Subject<'_>) -> bool {
        let Subject { trace, summary, .. } = of;
        let addresses = || trace.addresses(of.id);
        let either = |holds: &dyn Fn(Side) -> bool| Side::BOTH.into_iter().any(holds);
        let chosen = |side: &Option<Side>, holds: &dyn Fn(Side) -> bool| match side {
            Some(side) => holds(*side),
            None => either(holds),
        };
        match self {
            Test::State(side, states) => {
                chosen(side, &|side| states.contains(&summary.states[side]))
            }
            Test::Ending(kinds) => kinds.contains(&summary.kind),
            Test::ResetBy(side) => summary.reset_by == Some(*side),
            Test::ClosedFirst(side) => summary.closed_first == Some(*side),
            Test::Cause(ids) => {
                let mut causes = summary.causes.iter().flatten();
                causes.any(|(id, _)| ids.contains(id))
            }
            Test::Sure(sure) => summary.confidence() == Some(*sure),
            Test::Known(known) => either(&|side| summary.certainty[side] == *known),
            Test::Port(numbers) => {
                let addresses = addresses();
                either(&|side| {
                    let port = u64::from(addresses[side].port());
                    numbers.iter().any(|number| number.holds(port))
                })
            }
            Test::Address(side, address) => {
                let addresses = addresses();
                chosen(side, &|side| address.holds(addresses[side]))
            }
            Test::Finding(ids) => {
                let ending = ending(trace, of.id);
                let found = finding::findings(trace, of.id, &ending);
                found.iter().any(|found| ids.contains(&found.id))
            }
            Test::Process(name) => owned(&(of.owner)(), |owner| {
                let process = owner.process.as_ref();
                process.is_some_and(|it| it.program.to_ascii_lowercase().contains(name))
            }),
            Test::Pid(numbers) => owned(&(of.owner)(), |owner| {
                let pid = owner.process.as_ref().map(|it| u64::from(it.pid));
                pid.is_some_and(|pid| numbers.iter().any(|number| number.holds(pid)))
            }),
            Test::Bytes(number) => {
                number.holds(summary.bytes.client.saturating_add(summary.bytes.server))
            }
            Test::Segments(number) => number.holds(summary.segments.into()),
            Test::Duration(number) => number.holds(summary.duration_ns),
            Test::Age(number) => either(&|side| {
                let lasted = trace.now_ns().saturating_sub(summary.since_ns[side]);
                summary.is_closing(side) && number.holds(lasted)
            }),
            Test::Word(word) => has_word(of, word),
        }
    }
}

fn owned(owners: &PerSide<Option<Owner>>, holds: impl Fn(&Owner) -> bool) -> bool {
    let owners = Side::BOTH
        .into_iter()
        .filter_map(|side| owners[side].as_ref());
    owners.into_iter().any(holds)
}

/// What points in the codes of endings.
const ARROWS: [char; 4] = ['<', '>', '▸', '◂'];

/// Whether a word stands somewhere in what the list tells of a connection.
fn has_word(of: &Subject<'_>, word: &str) -> bool {
    let summary = of.summary;
    let side = Side::BOTH.into_iter().find(|side| side.name() == word);
    if side.is_some() {
        // `reset by client`, `orderly, client first`.
        return summary.reset_by == side || summary.closed_first == side;
    }
    let names = Side::BOTH
        .into_iter()
        .map(|side| summary.states[side].name())
        .chain([summary.kind.name()])
        .chain(summary.causes.iter().flatten().map(|(id, _)| id.name()));
    if names.into_iter().any(|name| contains(name, word)) {
        return true;
    }
    if of.could_be_address(word) {
        let addresses = of.trace.addresses(of.id);
        let has = |side: Side| contains(&addresses[side].to_string(), word);
        if Side::BOTH.into_iter().any(has) {
            return true;
        }
    }
    if word.contains(ARROWS) {
        let word = word.replace('▸', ">").replace('◂', "<");
        let code = code(of.trace, of.id, summary, Charset::Ascii);
        return contains(&code, &word);
    }
    let in_causes = |(id, _): &(CauseId, Confidence)| contains(id.words(), word);
    summary.causes.iter().flatten().any(in_causes)
        || owned(&(of.owner)(), |owner| contains(&owner.to_string(), word))
}

impl Subject<'_> {
    /// Writing addresses is dear: only for a word that may stand in one.
    fn could_be_address(&self, word: &str) -> bool {
        let is_v4 = self.trace.addresses(self.id).client.is_ipv4();
        word.bytes().all(|octet| match octet {
            b'0'..=b'9' | b'.' | b':' => true,
            b'a'..=b'f' | b'[' | b']' => !is_v4,
            _ => false,
        })
    }
}

/// Whether `text` holds `word`, which is in small letters.
fn contains(text: &str, word: &str) -> bool {
    let (text, word) = (text.as_bytes(), word.as_bytes());
    word.is_empty()
        || text
            .windows(word.len())
            .any(|part| part.eq_ignore_ascii_case(word))
}

impl fmt::Display for Test {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let number = Number::to_string;
        let key = |side: &Option<Side>| side.map_or("state", Side::name);
        match self {
            Test::State(side, states) => write_list(f, key(side), states, |it| state_text(*it)),
            Test::Ending(kinds) => write_list(f, "ending", kinds, |it| it.name().into()),
            Test::ResetBy(side) => write!(f, "by:{side}"),
            Test::ClosedFirst(side) => write!(f, "first:{side}"),
            Test::Cause(ids) => write_list(f, "cause", ids, |it| it.name().into()),
            Test::Sure(sure) => write!(f, "certainty:{}", sure.name()),
            Test::Known(known) => write!(f, "certainty:{}", known.name()),
            Test::Port(ports) => write_list(f, "port", ports, number),
            Test::Address(None, address) => write!(f, "{address}"),
            Test::Address(Some(side), address) => write!(f, "{side}:{address}"),
            Test::Finding(ids) => write_list(f, "finding", ids, |it| (*it).into()),
            Test::Process(name) => write!(f, "process:{name}"),
            Test::Pid(pids) => write_list(f, "pid", pids, number),
            Test::Bytes(bytes) => write!(f, "bytes:{bytes}"),
            Test::Segments(segments) => write!(f, "segments:{segments}"),
            Test::Duration(time) => write!(f, "duration:{time}"),
            Test::Age(time) => write!(f, "age:{time}"),
            Test::Word(word) => write!(f, "{word}"),
        }
    }
}
