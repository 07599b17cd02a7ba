//! Marks on an arrow: what is special about a segment is seen without colour, and without its words.

use super::Charset;
use crate::conn::{Note, Notes};

/// A sign on an arrow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mark {
    unicode: char,
    ascii: char,
    /// What it says, in a few words.
    pub means: &'static str,
}

impl Mark {
    /// The sign itself: one column wide.
    #[must_use]
    pub fn sign(&self, charset: Charset) -> char {
        match charset {
            Charset::Unicode => self.unicode,
            Charset::Ascii => self.ascii,
        }
    }
}

/// At the tail.
pub const AGAIN: Mark = Mark {
    unicode: '↻',
    ascii: '*',
    means: "sent before: a retransmission",
};
/// At the tail.
pub const OUT_OF_ORDER: Mark = Mark {
    unicode: '⇄',
    ascii: '%',
    means: "out of order: fills a hole that was left just before",
};
/// At the tail.
pub const UNSEEN: Mark = Mark {
    unicode: '◌',
    ascii: '?',
    means: "what it follows or acknowledges isn't in the capture: lost before, or not captured",
};
/// At the tail.
pub const PROBE: Mark = Mark {
    unicode: '◦',
    ascii: 'o',
    means: "a probe: keep-alive, or of a closed window",
};
/// Instead of the head.
pub const RESET: Mark = Mark {
    unicode: '✕',
    ascii: 'X',
    means: "RST",
};
/// Where an arrow breaks off.
pub const LOST: Mark = Mark {
    unicode: '╳',
    ascii: '!',
    means: "lost: known not to have arrived",
};

/// Behind a state.
pub const NOT_PROVEN: Mark = Mark {
    unicode: '?',
    ascii: '?',
    means: "behind a state: the capture doesn't prove it",
};
/// Behind a kernel's state.
pub const DIFFERS: Mark = Mark {
    unicode: '≠',
    ascii: '!',
    means: "behind a kernel's state: tcpviz concludes another one",
};

/// Every mark on an arrow, in the order in which help shows them.
pub const ON_ARROWS: [Mark; 6] = [RESET, LOST, AGAIN, OUT_OF_ORDER, UNSEEN, PROBE];
/// Every mark behind a state.
pub const BEHIND_STATES: [Mark; 2] = [NOT_PROVEN, DIFFERS];

/// Which mark stands at the tail for which notes; the first that fits.
const TAILS: [(Mark, &[Note]); 4] = [
    (OUT_OF_ORDER, &[Note::OutOfOrder]),
    (
        AGAIN,
        &[
            Note::Retransmission,
            Note::FinRetransmission,
            Note::SynRetransmission,
        ],
    ),
    (UNSEEN, &[Note::PreviousNotCaptured, Note::AckOfUnseen]),
    (PROBE, &[Note::KeepAlive, Note::WindowProbe]),
];

/// The mark at the tail of a segment with these notes.
#[must_use]
pub fn tail(notes: Notes) -> Option<Mark> {
    tail_of(notes).map(|(mark, _)| *mark)
}

/// The notes for any of which the mark at the tail of a segment with these notes stands.
#[must_use]
pub fn told_at_tail(notes: Notes) -> &'static [Note] {
    tail_of(notes).map_or(&[], |(_, any)| any)
}

fn tail_of(notes: Notes) -> Option<&'static (Mark, &'static [Note])> {
    let fits = |(_, any): &&(Mark, &[Note])| any.iter().any(|note| notes.has(*note));
    TAILS.iter().find(fits)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_marks_look_alike_and_ascii_is_ascii() {
        for (i, mark) in ON_ARROWS.iter().enumerate() {
            assert!(mark.ascii.is_ascii_graphic());
            let later = &ON_ARROWS[i + 1..];
            assert!(
                later
                    .iter()
                    .all(|it| it.unicode != mark.unicode && it.ascii != mark.ascii)
            );
        }
    }

    #[test]
    fn a_retransmission_that_follows_a_hole_is_marked_as_sent_before() {
        let mut notes = Notes::default();
        assert_eq!(tail(notes), None);
        notes.add(Note::AckOfUnseen);
        assert_eq!(tail(notes), Some(UNSEEN));
        notes.add(Note::FinRetransmission);
        assert_eq!(tail(notes), Some(AGAIN));
    }
}
