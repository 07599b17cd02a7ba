//! The columns of a ladder: which there are, and how wide.

use super::{Style, since_start};
use crate::conn::{Certainty, ConnectionId, State};
use crate::story::Charset;
use crate::story::mark::NOT_PROVEN;
use crate::story::numbers::{seconds, short_state};
use crate::story::time_shown::{OF_DAY, TimeShown};
use crate::trace::Trace;

/// The widths of a ladder's columns; 0 leaves a column out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Columns {
    pub number: usize,
    pub time: usize,
    pub delta: usize,
    pub state: usize,
    pub arrow: usize,
}

/// The longest state name and a mark.
const STATE: usize = 13;
const SHORT_STATE: usize = 5;
const DELTA: usize = 8;
/// An arrow narrower than this loses its numbers; columns go before that happens.
const ARROW_WANTED: usize = 28;
const ARROW_MIN: usize = 16;
/// Only its flags.
const ARROW_FLAGS: usize = 13;
/// Wider arrows only make the eye travel.
const ARROW_MAX: usize = 72;

impl Columns {
    /// Shares `width` out for a connection: the arrow keeps its space, lesser columns go first.
    #[must_use]
    pub fn fit(trace: &Trace, connection: ConnectionId, width: usize, style: Style) -> Columns {
        let number = trace.len(connection).to_string().len().max(2);
        for (time, delta, state, wanted) in choices(trace, connection, style.clock) {
            let columns = Columns {
                number,
                time,
                delta,
                state,
                arrow: 0,
            };
            let arrow = width.saturating_sub(columns.total());
            if arrow >= wanted {
                return Columns {
                    arrow: arrow.min(ARROW_MAX),
                    ..columns
                };
            }
        }
        unreachable!("the last choice wants nothing")
    }

    /// The columns' width with the spaces and the lanes between them.
    #[must_use]
    pub fn total(&self) -> usize {
        let spaced = |width: usize| if width > 0 { width + 1 } else { 0 };
        // A mark before the number; each state beside its lane.
        1 + spaced(self.number)
            + spaced(self.time)
            + spaced(self.delta)
            + 2 * spaced(self.state)
            + self.arrow
            + 2
    }

    /// Columns to the left of the client's lane.
    #[must_use]
    pub fn before_lane(&self) -> usize {
        let spaced = |width: usize| if width > 0 { width + 1 } else { 0 };
        1 + spaced(self.number) + spaced(self.time) + spaced(self.delta) + spaced(self.state)
    }

    /// Whether states are told by their short names.
    #[must_use]
    pub fn shortens_states(&self) -> bool {
        self.state < STATE
    }

    /// A state's name as wide as the column allows; `?` marks one that the capture doesn't prove.
    #[must_use]
    pub fn state_name(&self, state: State, certainty: Certainty) -> String {
        let name = if self.shortens_states() {
            short_state(state)
        } else {
            state.name()
        };
        if certainty >= Certainty::Inferred {
            format!("{name}{}", NOT_PROVEN.sign(Charset::Ascii))
        } else {
            name.into()
        }
    }
}

/// Widths of time, delta and states, and which arrow is wanted with them: the best first.
fn choices(
    trace: &Trace,
    connection: ConnectionId,
    clock: TimeShown,
) -> Vec<(usize, usize, usize, usize)> {
    let last = trace.len(connection).checked_sub(1);
    let since = last.map_or(0, |row| since_start(trace, connection, row));
    let narrowest = (0, 0, SHORT_STATE, 0);
    let of_day = |time| (time, 0, SHORT_STATE, ARROW_MIN);
    let timed = |time| {
        vec![
            (time, DELTA, STATE, ARROW_WANTED),
            (time, 0, STATE, ARROW_WANTED - 4),
            of_day(time),
        ]
    };
    let mut choices = match clock {
        TimeShown::SinceStart => timed(seconds(since).len()),
        TimeShown::Absolute => {
            let mut choices = timed(OF_DAY[0]);
            choices.extend(OF_DAY[1..].iter().map(|time| of_day(*time)));
            choices
        }
        TimeShown::Delta => vec![
            (0, DELTA, STATE, ARROW_WANTED - 4),
            (0, DELTA, SHORT_STATE, ARROW_FLAGS),
        ],
    };
    choices.push(narrowest);
    choices
}

#[cfg(test)]
mod tests {
    use super::TimeShown::{Absolute, Delta, SinceStart};
    use super::*;
    use crate::story::ladder::{heading, row};
    use crate::story::tests::trace_of;

    #[test]
    fn columns_follow_the_time_that_is_wanted_and_never_exceed_the_width() {
        let trace = trace_of("@3.5 > F. 1:1 ack 1");
        let at = |clock, width| {
            let style = Style {
                clock,
                ..Style::default()
            };
            let columns = Columns::fit(&trace, 0, width, style);
            let shown = row(&trace, 0, 3, &columns, style);
            let heading = heading(&trace, 0, &columns, style);
            assert!(
                width < 20 || columns.total() <= width,
                "{clock:?} at {width}"
            );
            assert!(shown.time.len() <= columns.time || columns.time == 0);
            (heading.time, shown.time, columns.delta)
        };
        let wanted = |heading: &str, time: &str, delta| (heading.into(), time.into(), delta);
        assert_eq!(at(SinceStart, 100), wanted("time", "3.500000", 8));
        assert_eq!(
            at(Absolute, 100),
            wanted("1970-01-01 UTC", "00:00:03.500000", 8)
        );
        assert_eq!(at(Absolute, 46), wanted("time UTC", "00:00:03", 0));
        assert_eq!(at(Delta, 100).2, 8);
        assert_eq!(at(Delta, 40).2, 8);
        for width in 0..200 {
            for clock in [SinceStart, Absolute, Delta] {
                at(clock, width);
            }
        }
    }
}
