//! The course of a connection: which segment changed which state. Followed as segments come, so that a view of a million
//! of them needn't look at each again.

use crate::conn::state::PerSide;
use crate::conn::{ConnectionId, Side, State};
use crate::trace::Trace;

/// A segment changed a state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Change {
    /// The row (from 0) of the connection after which the state holds.
    pub row: u32,
    pub from: State,
    pub to: State,
}

/// Every change of a connection's states, in order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Course {
    pub changes: PerSide<Vec<Change>>,
    /// Rows looked at so far.
    seen: usize,
}

impl Course {
    /// The whole course of a connection as known now.
    #[must_use]
    pub fn of(trace: &Trace, id: ConnectionId) -> Course {
        let mut course = Course::default();
        course.follow(trace, id);
        course
    }

    /// Looks at the rows that came since.
    pub fn follow(&mut self, trace: &Trace, id: ConnectionId) {
        for row in self.seen..trace.len(id) {
            let (before, after) = (trace.states_before(id, row), trace.row(id, row).states);
            for side in Side::BOTH {
                if before[side] != after[side] {
                    self.changes[side].push(Change {
                        row: u32::try_from(row).unwrap_or(u32::MAX),
                        from: before[side],
                        to: after[side],
                    });
                }
            }
        }
        self.seen = trace.len(id);
    }

    /// Forgets the rows from `row` on: their states have been corrected.
    pub fn forget_from(&mut self, row: usize) {
        for side in Side::BOTH {
            let kept = self.changes[side].partition_point(|change| (change.row as usize) < row);
            self.changes[side].truncate(kept);
        }
        self.seen = self.seen.min(row);
    }

    /// A side's changes up to row `row`, with it.
    #[must_use]
    pub fn until(&self, side: Side, row: usize) -> &[Change] {
        let count = self.changes[side].partition_point(|change| change.row as usize <= row);
        &self.changes[side][..count]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::story::tests::trace_of;

    #[test]
    fn a_course_followed_twice_or_forgotten_in_part_is_that_of_the_whole() {
        let trace = trace_of("> F. 1:1 ack 1\n< . 1:1 ack 2\n< F. 1:1 ack 2\n> . 2:2 ack 2");
        let whole = Course::of(&trace, 0);
        let client: Vec<_> = whole.changes.client.iter().map(|it| it.to).collect();
        assert_eq!(
            client,
            [
                State::SynSent,
                State::Established,
                State::FinWait1,
                State::FinWait2,
                State::TimeWait
            ]
        );
        assert_eq!(whole.until(Side::Client, 3).len(), 3);
        for row in 0..trace.len(0) {
            let mut course = whole.clone();
            course.forget_from(row);
            course.follow(&trace, 0);
            assert_eq!(course, whole);
        }
    }
}
