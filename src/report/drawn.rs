//! The signs of a ladder that pictures draw instead of writing: whatever font there is, lines meet and heads are sharp.

use crate::conn::State;
use crate::story::Charset;
use crate::story::mark::{AGAIN, LOST, Mark, ON_ARROWS, OUT_OF_ORDER, PROBE, RESET, UNSEEN};

/// The ladder that is drawn has these characters.
pub const CHARSET: Charset = Charset::Unicode;

/// A sign that is drawn.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Sign {
    /// A stroke of an arrow.
    Stroke,
    /// A stroke of an arrow that doesn't arrive.
    Broken,
    ToServer,
    ToClient,
    Mark(Mark),
}

impl Sign {
    /// The sign that a character of a ladder is; `None` of what is text.
    #[must_use]
    pub fn of(c: char) -> Option<Sign> {
        let [stroke, to_server, to_client] = CHARSET.strokes();
        if c == stroke {
            Some(Sign::Stroke)
        } else if c == CHARSET.broken_stroke() {
            Some(Sign::Broken)
        } else if c == to_server {
            Some(Sign::ToServer)
        } else if c == to_client {
            Some(Sign::ToClient)
        } else {
            let mark = ON_ARROWS.iter().find(|mark| mark.sign(CHARSET) == c);
            mark.map(|mark| Sign::Mark(*mark))
        }
    }
}

/// How strong a lane is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lane {
    /// The connection is open there.
    Open,
    /// It opens or closes.
    Partly,
    /// There is none.
    Closed,
}

impl Lane {
    /// Of a lane's character.
    #[must_use]
    pub fn of(c: char) -> Lane {
        if c == CHARSET.lane(State::Established) {
            Lane::Open
        } else if c == CHARSET.lane(State::Closed) {
            Lane::Closed
        } else {
            Lane::Partly
        }
    }

    /// Its class.
    #[must_use]
    pub fn class(self) -> &'static str {
        match self {
            Lane::Open => "lane-open",
            Lane::Partly => "lane-partly",
            Lane::Closed => "lane-closed",
        }
    }
}

/// The marks as paths of strokes around 0,0, nothing further from it than 5.
const OUTLINES: [(Mark, &str); 6] = [
    (RESET, "M-4-4 4 4M4-4-4 4"),
    (LOST, "M-4.5-4.5 4.5 4.5M4.5-4.5-4.5 4.5"),
    // Most of a circle, and a head at its end.
    (AGAIN, "M3.2-2.4A4 4 0 1 0 4 .6M3.9-5V-2H.9"),
    (
        OUT_OF_ORDER,
        "M-4.5-2H4.5M2-4.5 4.5-2M4.5 2H-4.5M-2 4.5-4.5 2",
    ),
    // A circle with gaps.
    (
        UNSEEN,
        "M1-3.9A4 4 0 0 1 3.9-1M3.9 1A4 4 0 0 1 1 3.9M-1 3.9A4 4 0 0 1-3.9 1M-3.9-1A4 4 0 0 1-1-3.9",
    ),
    (PROBE, "M2.5 0A2.5 2.5 0 1 1-2.5 0 2.5 2.5 0 1 1 2.5 0"),
];

/// How a mark is drawn.
#[must_use]
pub fn outline(mark: Mark) -> &'static str {
    let known = OUTLINES.iter().find(|(known, _)| *known == mark);
    known.map_or("", |(_, path)| path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_mark_on_arrows_is_drawn_and_no_two_alike() {
        for (i, mark) in ON_ARROWS.iter().enumerate() {
            assert!(!outline(*mark).is_empty(), "{}", mark.means);
            let later = &ON_ARROWS[i + 1..];
            assert!(later.iter().all(|it| outline(*it) != outline(*mark)));
        }
    }

    #[test]
    fn letters_are_text() {
        assert!("SYN,ACK seq 1 · … ≠".chars().all(|c| Sign::of(c).is_none()));
    }
}
