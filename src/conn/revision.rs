//! Corrections of states already told.

use super::transition::{Event, back, next};
use super::{Side, State};

/// States that turned out otherwise, in rows `from..to` of the connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Revision {
    pub side: Side,
    pub from: u32,
    pub to: u32,
    pub correction: Correction,
}

/// How states turned out otherwise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Correction {
    /// It was this state all along.
    Was(State),
    /// The event hadn't reached this end yet.
    Without(Event),
    /// The event had reached this end already.
    With(Event),
}

impl Correction {
    /// The state that holds instead of `state`.
    #[must_use]
    pub fn of(self, state: State) -> State {
        match self {
            Correction::Was(was) => was,
            Correction::Without(event) => back(state, event),
            Correction::With(event) => next(state, event).unwrap_or(state),
        }
    }
}
