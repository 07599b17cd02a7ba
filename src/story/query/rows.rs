//! Which segments of a connection to go to.

use std::fmt;

use super::number::Number;
use super::{
    Entry, Form, Key, Term, key, keyed, list, one_of, quoted, side, state, state_text, terms,
    write_list, write_terms,
};
use crate::conn::{ConnectionId, Note, Side, State};
use crate::story::numbers::short_state;
use crate::trace::{Record, Trace};
use crate::wire::Flags;

/// A search for segments; without terms, none is found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Search {
    terms: Vec<Term<Test>>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Test {
    /// All of these are set.
    Flags(Flags),
    /// These are set and no others.
    Exactly(Flags),
    Note(Vec<Note>),
    /// The segment enters one of these states.
    Enters(Option<Side>, Vec<State>),
    From(Side),
    Len(Number),
    Win(Number),
    Gap(Number),
    Segment(Number),
    Frame(Number),
    Seq(Number),
    Ack(Number),
    Word(String),
}

static TABLE: [Entry<Test>; 13] = [
    key!(
        "flag",
        "flag:fin,ack",
        "all of these flags are set; [F.], as tcpdump writes them: these and no others",
        flags
    ),
    key!(
        "note",
        "note:retransmission",
        "it is noted so, as in the ladder",
        |value| Ok(Test::Note(list(value, note)?))
    ),
    key!(
        "state",
        "state:time-wait",
        "either end enters this state by it",
        |value| Ok(Test::Enters(None, list(value, state)?))
    ),
    key!(
        "client",
        "client:fin-wait-2",
        "the client enters this state by it",
        |value| Ok(Test::Enters(Some(Side::Client), list(value, state)?))
    ),
    key!(
        "server",
        "server:close-wait",
        "the server enters this state by it",
        |value| Ok(Test::Enters(Some(Side::Server), list(value, state)?))
    ),
    key!("from", "from:server", "who sent it", |value| Ok(
        Test::From(side(value)?)
    )),
    key!("len", "len:>1000", "octets of data", |value| Ok(Test::Len(
        Number::count(value)?
    ))),
    key!(
        "win",
        "win:0",
        "the window as it stands in the header",
        |value| Ok(Test::Win(Number::count(value)?))
    ),
    key!(
        "gap",
        "gap:>1s",
        "time since the segment before; us, ms, s, min, h",
        |value| Ok(Test::Gap(Number::time(value)?))
    ),
    key!(
        "segment",
        "segment:17",
        "its number in the ladder",
        |value| Ok(Test::Segment(Number::count(value)?))
    ),
    key!(
        "frame",
        "frame:17",
        "the frame's number in the capture",
        |value| Ok(Test::Frame(Number::count(value)?))
    ),
    key!(
        "seq",
        "seq:123",
        "it begins with this sequence number, or its data holds it; as shown",
        |value| Ok(Test::Seq(Number::count(value)?))
    ),
    key!(
        "ack",
        "ack:123",
        "its acknowledgement number, as shown",
        |value| Ok(Test::Ack(Number::count(value)?))
    ),
];

/// What is typed without a key.
static FORMS: [Form; 4] = [
    Form {
        example: "rst",
        meaning: "flags that are set; also fin,ack",
    },
    Form {
        example: "[F.]",
        meaning: "these flags and no others, as tcpdump writes them",
    },
    Form {
        example: "17",
        meaning: "the segment's number in the ladder",
    },
    Form {
        example: "retrans",
        meaning: "a word in its flags, notes, or the states that it enters",
    },
];

/// Each flag by itself.
fn single_flags() -> impl Iterator<Item = Flags> {
    (0..9).map(|bit| Flags(1 << bit))
}

fn flag(typed: &str) -> Option<Flags> {
    single_flags().find(|flag| flag.words().eq_ignore_ascii_case(typed))
}

/// `fin,ack`, or `[F.]`.
fn flags(value: &str) -> Result<Test, String> {
    let exact = value.strip_prefix('[').and_then(|it| it.strip_suffix(']'));
    if let Some(letters) = exact {
        return exactly(letters);
    }
    let mut all = Flags::default();
    for typed in value.split(',') {
        all = all
            | flag(typed).ok_or_else(|| {
                let names: Vec<_> = single_flags().map(Flags::words).collect();
                format!("there is no flag {}: {}", quoted(typed), names.join(", "))
            })?;
    }
    Ok(Test::Flags(all))
}

fn exactly(letters: &str) -> Result<Test, String> {
    if letters.is_empty() || letters.eq_ignore_ascii_case("none") {
        return Ok(Test::Exactly(Flags::default()));
    }
    let mut all = Flags::default();
    for letter in letters.chars() {
        // E (ECE) and e (AE) differ; of the others either will do.
        let is = |text: &str| single_flags().find(|flag| flag.to_string() == text);
        let upper = letter.to_ascii_uppercase().to_string();
        let found = is(&letter.to_string()).or_else(|| is(&upper));
        all = all
            | found.ok_or_else(|| {
                let known: String = single_flags().map(|flag| flag.to_string()).collect();
                format!(
                    "tcpdump has no flag {}: {known}",
                    quoted(&letter.to_string())
                )
            })?;
    }
    Ok(Test::Exactly(all))
}

fn note(typed: &str) -> Result<Note, String> {
    let notes = Note::ALL.map(|(note, _)| note);
    one_of("note", &notes, note_name, typed)
}

fn note_name(note: Note) -> &'static str {
    let known = Note::ALL.iter().find(|(it, _)| *it == note);
    known.map_or("", |(_, name)| name)
}

fn test(typed: &str) -> Result<Test, String> {
    let exact = typed.strip_prefix('[').and_then(|it| it.strip_suffix(']'));
    if let Some(letters) = exact {
        return exactly(letters);
    }
    if let Some(read) = keyed(&TABLE, typed) {
        return read;
    }
    if typed.split(',').all(|name| flag(name).is_some()) {
        return flags(typed);
    }
    if typed.bytes().all(|octet| octet.is_ascii_digit()) {
        return Ok(Test::Segment(Number::count(typed)?));
    }
    let short = |state: &&State| short_state(**state).eq_ignore_ascii_case(typed);
    if let Some(state) = State::ALL.iter().find(short) {
        return Ok(Test::Enters(None, vec![*state]));
    }
    Ok(Test::Word(typed.to_ascii_lowercase()))
}

impl Search {
    /// Reads a search.
    ///
    /// # Errors
    /// One line: what is wrong, and what to type.
    pub fn parse(text: &str) -> Result<Search, String> {
        Ok(Search {
            terms: terms(text, test)?,
        })
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

    /// Whether nothing is searched for.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.terms.is_empty()
    }

    /// Whether row `row` (from 0) of a connection is searched for; `absolute` where sequence numbers are shown so.
    #[must_use]
    pub fn matches_row(&self, trace: &Trace, id: ConnectionId, row: usize, absolute: bool) -> bool {
        let subject = Subject {
            trace,
            id,
            row,
            record: &trace.row(id, row),
            absolute,
        };
        let holds = |term: &Term<Test>| term.test.holds(&subject) != term.negated;
        !self.terms.is_empty() && self.terms.iter().all(holds)
    }
}

impl fmt::Display for Search {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_terms(&self.terms, f)
    }
}

/// What a test looks at.
struct Subject<'a> {
    trace: &'a Trace,
    id: ConnectionId,
    row: usize,
    record: &'a Record,
    absolute: bool,
}

impl Subject<'_> {
    /// The state that a side enters by this segment.
    fn entered(&self, side: Side) -> Option<State> {
        let before = self.trace.states_before(self.id, self.row)[side];
        let after = self.record.states[side];
        (before != after).then_some(after)
    }

    fn gap(&self) -> Option<u64> {
        let above = self.row.checked_sub(1)?;
        let before = self.trace.row(self.id, above).time_ns;
        Some(self.record.time_ns.saturating_sub(before))
    }

    /// The sequence number as shown.
    fn seq(&self) -> u32 {
        if self.absolute {
            return self.record.seq.0;
        }
        self.trace
            .relative(self.id, self.record.from, self.record.seq)
    }

    /// The acknowledgement number as shown.
    fn ack(&self) -> Option<u32> {
        let record = self.record;
        record.flags.has(Flags::ACK).then(|| {
            if self.absolute {
                record.ack.0
            } else {
                self.trace.relative(self.id, record.from.peer(), record.ack)
            }
        })
    }

    /// Whether it begins with this sequence number, or its data holds it.
    fn holds_seq(&self, number: Number) -> bool {
        let begin = self.seq();
        let within = |wanted: u64| {
            u32::try_from(wanted).is_ok_and(|it| it.wrapping_sub(begin) < self.record.len)
        };
        number.holds(begin.into()) || number.exact().is_some_and(within)
    }
}

impl Test {
    fn holds(&self, of: &Subject<'_>) -> bool {
        let record = of.record;
        match self {
            Test::Flags(flags) => record.flags.0 & flags.0 == flags.0,
            Test::Exactly(flags) => record.flags == *flags,
            Test::Note(notes) => notes.iter().any(|note| record.notes.has(*note)),
            Test::Enters(side, states) => {
                let sides = Side::BOTH
                    .into_iter()
                    .filter(|it| side.is_none_or(|side| side == *it));
                let mut entered = sides.filter_map(|side| of.entered(side));
                entered.any(|state| states.contains(&state))
            }
            Test::From(side) => record.from == *side,
            Test::Len(number) => number.holds(record.len.into()),
            Test::Win(number) => number.holds(record.wnd.into()),
            Test::Gap(number) => of.gap().is_some_and(|gap| number.holds(gap)),
            Test::Segment(number) => number.holds(of.row as u64 + 1),
            Test::Frame(number) => number.holds(record.place.frame.into()),
            Test::Seq(number) => of.holds_seq(*number),
            Test::Ack(number) => of.ack().is_some_and(|ack| number.holds(ack.into())),
            Test::Word(word) => has_word(of, word),
        }
    }
}

fn has_word(of: &Subject<'_>, word: &str) -> bool {
    let has = |text: &str| text.to_ascii_lowercase().contains(word);
    let entered = Side::BOTH.into_iter().filter_map(|side| of.entered(side));
    of.record.notes.names().any(has)
        || entered.map(State::name).any(has)
        || has(&of.record.flags.words())
}

impl fmt::Display for Test {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let key = |side: &Option<Side>| side.map_or("state", Side::name);
        match self {
            Test::Flags(flags) => write!(f, "flag:{}", flags.words().to_ascii_lowercase()),
            Test::Exactly(flags) => write!(f, "[{flags}]"),
            Test::Note(notes) => write_list(f, "note", notes, |it| note_name(*it).into()),
            Test::Enters(side, states) => write_list(f, key(side), states, |it| state_text(*it)),
            Test::From(side) => write!(f, "from:{side}"),
            Test::Len(number) => write!(f, "len:{number}"),
            Test::Win(number) => write!(f, "win:{number}"),
            Test::Gap(number) => write!(f, "gap:{number}"),
            Test::Segment(number) => write!(f, "segment:{number}"),
            Test::Frame(number) => write!(f, "frame:{number}"),
            Test::Seq(number) => write!(f, "seq:{number}"),
            Test::Ack(number) => write!(f, "ack:{number}"),
            Test::Word(word) => write!(f, "{word}"),
        }
    }
}
