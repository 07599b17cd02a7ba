//! What each end has gone of the figure up to a segment.

use super::{ARROWS, ARROWS_COUNT, SPOTS, Spot};
use crate::conn::{Certainty, ConnectionId, Side, State};
use crate::story::course::{Change, Course};
use crate::story::ladder::certainty;
use crate::trace::Trace;
use crate::wire::Flags;

/// Changes looked at, counted from the last: only a forged capture has more.
const CHANGES_MAX: usize = 256;

/// How a state was changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum How {
    /// Along one arrow or two, by their places in [`ARROWS`].
    Along(Vec<usize>),
    /// By an RST that it sent (`sent`) or received; `refused`: in answer to its SYN.
    Reset { sent: bool, refused: bool },
    /// What moved it turned out not to have reached it.
    TakenBack,
    /// Nothing captured shows how.
    Unseen,
}

/// A change of one end's state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    pub change: Change,
    pub how: How,
}

impl Step {
    /// What has happened, in a few words, and RFC 9293's section, empty where none tells of it.
    #[must_use]
    pub fn words(&self) -> (String, &'static str) {
        match &self.how {
            How::Along(path) => {
                let happened = path.iter().map(|&at| ARROWS[at].happened);
                let all = happened.collect::<Vec<_>>().join("; ");
                (all, path.last().map_or("", |&at| ARROWS[at].section))
            }
            How::Reset { refused: true, .. } => ("refused: RST received".into(), "3.10.7.3"),
            How::Reset { sent: true, .. } => ("RST sent".into(), "3.5.2"),
            How::Reset { .. } => ("RST received".into(), "3.5.3"),
            How::TakenBack => ("taken back: it wasn't delivered".into(), ""),
            How::Unseen if self.change.to == State::Closed => {
                ("over before this; no segment shows how".into(), "")
            }
            How::Unseen => ("no segment shows how".into(), ""),
        }
    }

    /// Whether this is how it came to its end by an RST.
    #[must_use]
    pub fn is_reset(&self) -> bool {
        matches!(self.how, How::Reset { .. })
    }
}

/// One end's way through the figure.
#[derive(Clone, Debug)]
pub struct Walk {
    pub state: State,
    /// Where the figure has this state.
    pub spot: Spot,
    /// The state is inferred or in doubt.
    pub doubtful: bool,
    /// Which arrows it has gone, by their places in [`ARROWS`].
    pub gone: [bool; ARROWS_COUNT],
    /// Which places it has been at, by [`Spot::index`].
    pub been: [bool; SPOTS],
    /// All its changes, the oldest first.
    pub steps: Vec<Step>,
    /// What the segment itself changed.
    pub news: Option<Step>,
}

impl Walk {
    /// A side's way up to `row` (from 0), with it; `None`: before the first segment.
    #[must_use]
    pub fn of(
        trace: &Trace,
        id: ConnectionId,
        course: &Course,
        side: Side,
        row: Option<usize>,
    ) -> Walk {
        let row = row
            .zip(trace.len(id).checked_sub(1))
            .map(|(row, last)| row.min(last));
        let connection = trace.connection(id);
        let state = row.map_or(connection.initial[side], |row| {
            trace.row(id, row).states[side]
        });
        let all = row.map_or(&[][..], |row| course.until(side, row));
        let changes = &all[all.len().saturating_sub(CHANGES_MAX)..];
        let ended = state == State::Closed && !changes.is_empty();
        let mut walk = Walk {
            state,
            spot: if ended { Spot::End } else { Spot::Of(state) },
            doubtful: is_doubtful(trace, id, side, row),
            gone: [false; ARROWS_COUNT],
            been: [false; SPOTS],
            steps: changes
                .iter()
                .map(|&change| step(trace, id, side, change))
                .collect(),
            news: None,
        };
        let first = changes.first().map_or(state, |change| change.from);
        walk.been[Spot::Of(first).index()] = !ended || first != State::Closed;
        walk.been[walk.spot.index()] = true;
        for step in &walk.steps {
            walk.been[Spot::Of(step.change.from).index()] = true;
            match &step.how {
                How::Along(path) => {
                    for &at in path {
                        walk.gone[at] = true;
                        walk.been[Spot::Of(ARROWS[at].from).index()] = true;
                    }
                }
                How::TakenBack => {
                    for at in path(step.change.to, step.change.from) {
                        walk.gone[at] = false;
                    }
                }
                How::Reset { .. } | How::Unseen => {}
            }
        }
        let is_new = |step: &&Step| Some(step.change.row as usize) == row;
        walk.news = walk.steps.last().filter(is_new).cloned();
        walk
    }

    /// Whether it went along this arrow with the segment itself.
    #[must_use]
    pub fn just_went(&self, arrow: usize) -> bool {
        let how = self.news.as_ref().map(|step| &step.how);
        matches!(how, Some(How::Along(path)) if path.contains(&arrow))
    }

    /// Whether an RST ended it.
    #[must_use]
    pub fn was_reset(&self) -> bool {
        self.state == State::Closed && self.steps.last().is_some_and(Step::is_reset)
    }
}

/// Of an end that never sent anything, nothing is proven; nor where the capture lacks something.
fn is_doubtful(trace: &Trace, id: ConnectionId, side: Side, row: Option<usize>) -> bool {
    let known = match row {
        Some(row) => certainty(trace, id, row, side),
        None if trace.len(id) > 0 => certainty(trace, id, 0, side).max(trace.row(id, 0).weakest()),
        None => Certainty::Proven,
    };
    known >= Certainty::Inferred
}

fn step(trace: &Trace, id: ConnectionId, side: Side, change: Change) -> Step {
    let record = trace.row(id, change.row as usize);
    let how = if change.to == State::Closed && record.flags.has(Flags::RST) {
        let refused = change.from == State::SynSent && record.from != side;
        How::Reset {
            sent: record.from == side,
            refused,
        }
    } else {
        let along = path(change.from, change.to);
        if !along.is_empty() {
            How::Along(along)
        } else if path(change.to, change.from).is_empty() {
            How::Unseen
        } else {
            How::TakenBack
        }
    };
    Step { change, how }
}

/// The shortest way of one arrow or two, empty if there is none. What no segment shows isn't part of
/// it, except that the clock ends TIME-WAIT.
#[must_use]
pub fn path(from: State, to: State) -> Vec<usize> {
    let by_segment = |&at: &usize| ARROWS[at].event.is_some() || ARROWS[at].from == State::TimeWait;
    let arrows = || (0..ARROWS_COUNT).filter(by_segment);
    if let Some(one) = arrows().find(|&at| (ARROWS[at].from, ARROWS[at].to) == (from, to)) {
        return vec![one];
    }
    let seen = |at: usize| ARROWS[at].event.is_some();
    for first in arrows().filter(|&at| seen(at) && ARROWS[at].from == from) {
        let onward =
            |&at: &usize| seen(at) && ARROWS[at].from == ARROWS[first].to && ARROWS[at].to == to;
        if let Some(second) = arrows().find(onward) {
            return vec![first, second];
        }
    }
    Vec::new()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::story::tests::{trace_of, trace_without_handshake};

    /// What each change of a side was, up to the end.
    fn ways(trace: &Trace, side: Side) -> Vec<(State, How)> {
        let course = Course::of(trace, 0);
        let walk = Walk::of(trace, 0, &course, side, Some(usize::MAX));
        let steps = walk.steps.into_iter();
        steps.map(|step| (step.change.to, step.how)).collect()
    }

    fn along(from: State, to: State) -> How {
        How::Along(path(from, to))
    }

    #[test]
    fn fin_wait_1_fin_with_the_ack_of_ours_goes_through_fin_wait_2() {
        let trace = trace_of("> F. 1:1 ack 1\n< F. 1:1 ack 2\n> . 2:2 ack 2");
        let (to, how) = ways(&trace, Side::Client).pop().unwrap();
        assert_eq!(to, State::TimeWait);
        let How::Along(path) = how else {
            panic!("{how:?}")
        };
        let through: Vec<_> = path.iter().map(|&at| ARROWS[at].to).collect();
        assert_eq!(through, [State::FinWait2, State::TimeWait]);
    }

    #[test]
    fn time_wait_a_segment_after_a_minute_goes_by_the_clock() {
        let trace = trace_of("> F. 1:1 ack 1\n< F. 1:1 ack 2\n> . 2:2 ack 2\n@100 < . 2:2 ack 2");
        assert_eq!(
            ways(&trace, Side::Client).pop().unwrap(),
            (State::Closed, along(State::TimeWait, State::Closed))
        );
    }

    #[test]
    fn last_ack_rst_is_no_arrow() {
        let trace = trace_of("> F. 1:1 ack 1\n< F. 1:1 ack 2\n> R 2:2");
        let (to, how) = ways(&trace, Side::Server).pop().unwrap();
        assert_eq!(to, State::Closed);
        assert!(
            matches!(
                how,
                How::Reset {
                    sent: false,
                    refused: false
                }
            ),
            "{how:?}"
        );
    }

    #[test]
    fn before_the_first_segment_nothing_is_gone() {
        let trace = trace_of("> F. 1:1 ack 1");
        let course = Course::of(&trace, 0);
        for (side, state) in Side::BOTH.into_iter().zip([State::Closed, State::Listen]) {
            let walk = Walk::of(&trace, 0, &course, side, None);
            assert_eq!(walk.spot, Spot::Of(state));
            assert!(walk.gone.iter().all(|gone| !gone));
            assert_eq!(walk.been.iter().filter(|been| **been).count(), 1);
        }
    }

    #[test]
    fn a_capture_begun_midway_begins_where_it_begins() {
        let trace = trace_without_handshake("> P. 1:5 ack 1\n> F. 5:5 ack 1");
        let course = Course::of(&trace, 0);
        let walk = Walk::of(&trace, 0, &course, Side::Client, Some(1));
        let been: Vec<_> = Spot::ALL
            .into_iter()
            .filter(|spot| walk.been[spot.index()])
            .collect();
        assert_eq!(
            been,
            [Spot::Of(State::Established), Spot::Of(State::FinWait1)]
        );
        assert!(walk.doubtful);
    }

    #[test]
    fn what_the_clock_and_calls_end_is_no_part_of_two_arrows() {
        assert!(path(State::FinWait2, State::Closed).is_empty());
        assert!(path(State::Listen, State::Closed).is_empty());
        assert_eq!(path(State::TimeWait, State::Closed).len(), 1);
    }
}
