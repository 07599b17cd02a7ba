//! The columns of the table, and what is left out of it where there is no room.

use crate::conn::Side;

/// What a column tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Column {
    Number,
    Address(Side),
    Segments,
    /// Octets of data, each counted once.
    Bytes(Side),
    /// From the first captured segment to the last.
    Seconds,
    /// `?` where the capture doesn't prove it.
    State(Side),
    Ending,
}

impl Column {
    pub const ALL: [Column; 10] = [
        Column::Number,
        Column::Address(Side::Client),
        Column::Address(Side::Server),
        Column::Segments,
        Column::Bytes(Side::Client),
        Column::Bytes(Side::Server),
        Column::Seconds,
        Column::State(Side::Client),
        Column::State(Side::Server),
        Column::Ending,
    ];

    pub fn name(self, detail: Detail) -> &'static str {
        use Side::{Client, Server};
        match (self, detail.is_terse) {
            (Column::Number, _) => "#",
            (Column::Address(side), _) => side.name(),
            (Column::Segments, false) => "segments",
            (Column::Segments, true) => "segs",
            (Column::Bytes(Client), false) => "client bytes",
            (Column::Bytes(Server), false) => "server bytes",
            (Column::Bytes(Client), true) => "c.bytes",
            (Column::Bytes(Server), true) => "s.bytes",
            (Column::Seconds, _) => "seconds",
            (Column::State(Client), _) if detail.has_short_states => "clt",
            (Column::State(Server), _) if detail.has_short_states => "srv",
            (Column::State(Client), _) => "client state",
            (Column::State(Server), _) => "server state",
            (Column::Ending, _) => "ending",
        }
    }

    /// Whether it is aligned on the right.
    pub fn is_number(self) -> bool {
        use Column::{Bytes, Number, Seconds, Segments};
        matches!(self, Number | Segments | Bytes(_) | Seconds)
    }
}

/// How much is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Detail {
    /// Short names of columns.
    pub is_terse: bool,
    /// States in four letters at most, as on narrow screens.
    pub has_short_states: bool,
    /// So many parts of the ending: with its cause and how sure that is, with its cause, or its kind alone.
    pub ending: usize,
}

impl Detail {
    pub const FULL: Detail = Detail {
        is_terse: false,
        has_short_states: false,
        ending: WITH_CERTAINTY,
    };
}

const WITH_CERTAINTY: usize = 7;
const WITH_CAUSE: usize = 5;
const KIND: usize = 3;

/// What is given up, the least important first, until the table fits.
pub const STEPS: [fn(&mut Detail, &mut Vec<Column>); 8] = [
    |detail, _| detail.is_terse = true,
    |detail, _| detail.has_short_states = true,
    |_, columns| columns.retain(|it| *it != Column::Segments),
    |_, columns| columns.retain(|it| *it != Column::Seconds),
    |detail, _| detail.ending = WITH_CAUSE,
    |_, columns| columns.retain(|it| !matches!(it, Column::Bytes(_))),
    |_, columns| columns.retain(|it| !matches!(it, Column::State(_))),
    |detail, _| detail.ending = KIND,
];
