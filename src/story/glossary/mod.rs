//! What the words on the screen mean, in a few lines each: states, flags, notes, endings, causes, certainties, ICMP errors,
//! signs, and the lab's lines. Tables as data, one file each; `about_row` picks what the selected line shows.

mod about;
mod calls;
mod causes;
mod certainties;
mod endings;
mod flags;
mod icmp;
mod notes;
mod states;

use std::borrow::Cow;

pub use about::about_row;

use super::cause::{CauseId, Confidence};
use super::ending::Kind;
use super::{aside, finding};
use crate::conn::{Certainty, Note, Side, State};

/// A word on the screen, explained.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Explanation {
    /// The word as the screen has it, with whose it is: `FIN`, `client: FIN-WAIT-1`, `presumed`.
    pub term: Cow<'static, str>,
    /// At most six lines of 74 columns.
    pub words: Cow<'static, str>,
    /// Where more is told: `RFC 9293 3.6`.
    pub source: &'static str,
}

const fn explain(term: &'static str, words: &'static str, source: &'static str) -> Explanation {
    Explanation {
        term: Cow::Borrowed(term),
        words: Cow::Borrowed(words),
        source,
    }
}

impl Explanation {
    /// The same of one side: `client: FIN-WAIT-1`.
    fn of(self, whose: &str) -> Explanation {
        Explanation {
            term: format!("{whose}: {}", self.term).into(),
            ..self
        }
    }
}

fn named(table: &[Explanation], term: &str) -> Option<Explanation> {
    table.iter().find(|it| it.term == term).cloned()
}

/// What a state means.
#[must_use]
pub fn state(state: State) -> Explanation {
    states::STATES[state as usize].clone()
}

/// What is meant by how sure a state is.
#[must_use]
pub fn certainty(certainty: Certainty) -> Explanation {
    certainties::STATES[certainty as usize].clone()
}

/// What is meant by how sure a cause is.
#[must_use]
pub fn confidence(confidence: Confidence) -> Explanation {
    certainties::CAUSES[confidence as usize].clone()
}

/// What a flag means, by its word; `none` is a segment without any.
#[must_use]
pub fn flag(word: &str) -> Option<Explanation> {
    named(&flags::FLAGS, word)
}

/// What a note means.
#[must_use]
pub fn note(note: Note) -> Explanation {
    let told = notes::NOTES[note as usize].clone();
    match note {
        Note::FinRetransmission => Explanation {
            words: format!("{} {}", finding("fin-retransmitted", None)[0], told.words).into(),
            ..told
        },
        _ => told,
    }
}

/// What an ending means.
#[must_use]
pub fn ending(kind: Kind) -> Explanation {
    endings::ENDINGS[kind as usize].clone()
}

/// What a cause means. `me`: who reset or gave up, if that is known; otherwise it is called the side.
#[must_use]
pub fn cause(id: CauseId, me: Option<Side>) -> Explanation {
    let told = &causes::CAUSES[id as usize];
    let own = told.own.clone();
    let Some(found) = told.finding else {
        return own;
    };
    let [means, attempt] = finding(found, me);
    Explanation {
        words: format!("{means} {} {attempt}", own.words).into(),
        ..own
    }
}

/// What an ICMP error says, by its words.
#[must_use]
pub fn icmp(words: &str) -> Option<Explanation> {
    named(&icmp::ERRORS, words)
}

/// What a finding means, and what to try.
fn finding(id: &str, me: Option<Side>) -> [String; 2] {
    let found = finding::ALL.iter().find(|found| found.id == id);
    let (mine, other) = me.map_or(("side", "peer"), |me| (me.name(), me.peer().name()));
    let told = |text: &str| text.replace("{me}", mine).replace("{peer}", other);
    found.map_or_else(Default::default, |it| [told(it.means), told(it.attempt)])
}

/// What the result of a system call of the lab means where that isn't plain, then what the call does. `text` as an
/// aside has it: `send(4, 1 byte) = EPIPE, SIGPIPE`.
#[must_use]
pub fn call(text: &str) -> Vec<Explanation> {
    let (name, result) = aside::name_and_result(text);
    let of_result = aside::of_result(result).map(|words| Explanation {
        term: result.to_string().into(),
        words: words.into(),
        source: "errno(3), read(2), write(2)",
    });
    // `EPIPE, SIGPIPE`, `5 bytes, then ECONNRESET`: the error is one of the words.
    let errno = |word: &str| {
        aside::of_result(word)
            .map(|words| explain("", words, "errno(3)"))
            .or_else(|| named(&calls::ERRORS, word))
            .map(|told| Explanation {
                term: word.to_string().into(),
                ..told
            })
    };
    let of_errno = || errno(result).or_else(|| result.rsplit([' ', ',']).find_map(errno));
    let of_name = aside::of_call(text).map(|words| Explanation {
        term: name.to_string().into(),
        words: words.into(),
        source: "tcp(7), socket(7)",
    });
    let told = of_result
        .or_else(of_errno)
        .into_iter()
        .chain(of_name.or_else(|| named(&calls::CALLS, name)));
    told.map(|it| Explanation {
        term: super::printable::printable(&it.term).into(),
        ..it
    })
    .collect()
}

#[cfg(test)]
mod tests;
