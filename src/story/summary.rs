//! A connection in a few numbers: what a list of very many of them shows, sorts and filters by. Cheap to make, small to
//! keep.

use super::cause::{CauseId, Confidence};
use super::clock::{doubtful_from, is_doubtful, time_wait_is_over};
use super::ending::{Kind, Outcome, outcome};
use crate::conn::certainty::LINUX_WAIT_NS;
use crate::conn::state::PerSide;
use crate::conn::{Certainty, ConnectionId, Side, State};
use crate::trace::Trace;

/// Causes that are kept: as many as a headline names.
const CAUSES: usize = 2;

/// A connection as known now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Summary {
    pub kind: Kind,
    pub closed_first: Option<Side>,
    pub reset_by: Option<Side>,
    /// The likeliest causes of its reset or time-out, the likeliest first.
    pub causes: [Option<(CauseId, Confidence)>; CAUSES],
    /// The states by now: CLOSED where a clock has ended the wait.
    pub states: PerSide<State>,
    pub certainty: PerSide<Certainty>,
    /// When the states were entered, in nanoseconds since the Unix epoch.
    pub since_ns: PerSide<u64>,
    pub segments: u32,
    /// Octets of data that each side sent, each counted once.
    pub bytes: PerSide<u64>,
    /// From the first captured segment to the last.
    pub duration_ns: u64,
    /// Its last segments repeat what nobody answered, and its sender may not have given up: the end of the capture tells
    /// more.
    pub is_silent: bool,
    /// After this time (nanoseconds since the Unix epoch) the summary may be another one though no segment came;
    /// `u64::MAX` if time tells nothing.
    pub holds_until_ns: u64,
}

/// What the clock tells of a state in which a closing waits, in nanoseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Age {
    /// So long it has lasted.
    Lasted(u64),
    /// So long it still lasts (TIME-WAIT, 60 s on Linux).
    Left(u64),
}

impl Summary {
    /// The summary of a connection, as known now.
    #[must_use]
    pub fn of(trace: &Trace, id: ConnectionId) -> Summary {
        let connection = trace.connection(id);
        let outcome = outcome(trace, id);
        let given_up = outcome.silence.filter(|silence| silence.given_up);
        let state = |side: Side| {
            let gave_up = given_up.is_some_and(|silence| silence.by == side);
            if gave_up || time_wait_is_over(trace, id, side) {
                State::Closed
            } else {
                connection.ends[side].state
            }
        };
        let rows = trace.len(id);
        let time = |row: usize| trace.row(id, row).time_ns;
        let mut summary = Summary {
            kind: outcome.kind,
            closed_first: outcome.closed_first,
            reset_by: outcome.reset_by,
            causes: std::array::from_fn(|index| {
                let cause = outcome.causes.get(index)?;
                Some((cause.id, cause.confidence))
            }),
            states: PerSide::of(state),
            certainty: PerSide::of(|side| certainty(trace, id, side)),
            since_ns: PerSide::of(|side| connection.ends[side].since),
            segments: connection.rows,
            bytes: PerSide::of(|side| connection.ends[side].octets_sent),
            duration_ns: match rows {
                0 => 0,
                _ => time(rows - 1).saturating_sub(time(0)),
            },
            is_silent: outcome.silence.is_some_and(|silence| !silence.given_up),
            holds_until_ns: u64::MAX,
        };
        let doubts = Side::BOTH
            .into_iter()
            .filter(|side| !is_doubtful(trace, id, *side))
            .filter_map(|side| doubtful_from(trace, id, side))
            .map(|from| from.saturating_sub(1));
        summary.holds_until_ns = summary
            .next_by_clock(&outcome)
            .into_iter()
            .chain(doubts)
            .min()
            .unwrap_or(u64::MAX);
        summary
    }

    fn next_by_clock(&self, outcome: &Outcome) -> Option<u64> {
        let silence = outcome.silence.filter(|silence| !silence.given_up);
        let silent = silence.map(|silence| silence.until_ns);
        self.time_waits().chain(silent).min()
    }

    /// Up to when a TIME-WAIT lasts.
    fn time_waits(&self) -> impl Iterator<Item = u64> {
        let waits = |side: &Side| self.states[*side] == State::TimeWait;
        let until = |side: Side| self.since_ns[side].saturating_add(LINUX_WAIT_NS - 1);
        Side::BOTH.into_iter().filter(waits).map(until)
    }

    /// Takes the end of a TIME-WAIT from the clock, at `now_ns` (nanoseconds since the Unix epoch): what a look at the
    /// connection itself would tell if nothing else has changed since.
    pub fn pass(&mut self, now_ns: u64) {
        for side in Side::BOTH {
            let lasted = now_ns.saturating_sub(self.since_ns[side]);
            if self.states[side] == State::TimeWait && lasted >= LINUX_WAIT_NS {
                self.states[side] = State::Closed;
            }
        }
        if self.holds_until_ns < now_ns && !self.is_outdated(now_ns) {
            self.holds_until_ns = self.time_waits().min().unwrap_or(u64::MAX);
        }
    }

    /// Whether a look at the connection at `now_ns` would tell something else than `pass` does.
    #[must_use]
    pub fn is_outdated(&self, now_ns: u64) -> bool {
        let waits = |side: &Side| self.states[*side] == State::FinWait2;
        self.is_silent || self.holds_until_ns < now_ns && Side::BOTH.iter().any(waits)
    }

    /// Whether a side is on its way from open to closed.
    #[must_use]
    pub fn is_closing(&self, side: Side) -> bool {
        use State::{CloseWait, Closing, FinWait1, FinWait2, LastAck, TimeWait};
        matches!(
            self.states[side],
            FinWait1 | FinWait2 | CloseWait | Closing | LastAck | TimeWait
        )
    }

    /// Whether a side is on its way from open to closed, and more than a clock has to end it.
    #[must_use]
    pub fn waits(&self, side: Side) -> bool {
        self.is_closing(side) && self.states[side] != State::TimeWait
    }

    /// Since when the side that has waited longest is in its closing state, in nanoseconds since the Unix epoch.
    #[must_use]
    pub fn closing_since_ns(&self) -> Option<u64> {
        let closing = Side::BOTH.into_iter().filter(|side| self.is_closing(*side));
        closing.map(|side| self.since_ns[side]).min()
    }

    /// What the clock tells of a closing state at `now_ns` (nanoseconds since the Unix epoch).
    #[must_use]
    pub fn age(&self, side: Side, now_ns: u64) -> Option<Age> {
        let lasted = now_ns.saturating_sub(self.since_ns[side]);
        match self.states[side] {
            State::TimeWait => Some(Age::Left(LINUX_WAIT_NS.saturating_sub(lasted))),
            _ => self.is_closing(side).then_some(Age::Lasted(lasted)),
        }
    }

    /// How sure the likeliest cause is, where there is one.
    #[must_use]
    pub fn confidence(&self) -> Option<Confidence> {
        self.causes[0].map(|(_, confidence)| confidence)
    }

    /// The ending in a few words: `reset by client`, `orderly, server first`.
    #[must_use]
    pub fn words(&self) -> String {
        self.kind_parts().concat()
    }

    /// The same with the likeliest cause and how sure it is, where that says more:
    /// `reset by client: unread-data, likely`.
    #[must_use]
    pub fn words_with_cause(&self) -> String {
        self.parts_with_cause().concat()
    }

    fn kind_parts(&self) -> [&'static str; 3] {
        match (self.kind, self.reset_by, self.closed_first) {
            (Kind::Reset, Some(by), _) => ["reset by ", by.name(), ""],
            (Kind::Orderly, _, Some(first)) => ["orderly, ", first.name(), " first"],
            (Kind::HalfClosed, _, Some(first)) => ["half-closed by ", first.name(), ""],
            (kind, ..) => [kind.name(), "", ""],
        }
    }

    /// What `words_with_cause` puts together.
    #[must_use]
    pub fn parts_with_cause(&self) -> [&'static str; 7] {
        let [a, b, c] = self.kind_parts();
        match self.causes[0] {
            None | Some((CauseId::Refused, _)) => [a, b, c, "", "", "", ""],
            Some((CauseId::Unknown, _)) => [a, b, c, ": cause unknown", "", "", ""],
            Some((cause, sure)) => [a, b, c, ": ", cause.name(), ", ", sure.name()],
        }
    }
}

/// How sure a side's state is. Of an end that never sent anything, nothing is proven; nor that a FIN-WAIT-2 outlasts its
/// clock.
fn certainty(trace: &Trace, id: ConnectionId, side: Side) -> Certainty {
    let connection = trace.connection(id);
    let end = &connection.ends[side];
    let refuses = connection.reset.is_some_and(|reset| reset.by == side);
    if (end.snd_nxt.is_some() || refuses) && !is_doubtful(trace, id, side) {
        end.certainty
    } else {
        end.certainty.max(Certainty::Inferred)
    }
}

/// A span as people count it while they wait: `0 s`, `41 s`, `12 min`, `3 h`, `2 d`.
#[must_use]
pub fn whole(ns: u64) -> String {
    let seconds = ns / 1_000_000_000;
    match seconds {
        0..100 => format!("{seconds} s"),
        100..6_000 => format!("{} min", seconds / 60),
        6_000..172_800 => format!("{} h", seconds / 3_600),
        _ => format!("{} d", seconds / 86_400),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::story::ending::ending;
    use crate::story::tests::trace_of;
    use crate::story::{clock, tests::trace_without_handshake};

    #[test]
    fn a_summary_says_what_the_ending_and_the_clock_say() {
        let traces = [
            "> F. 1:1 ack 1\n< . 1:1 ack 2\n< F. 1:1 ack 2\n> . 2:2 ack 2",
            "> F. 1:1 ack 1\n< . 1:1 ack 2\n@70 < F. 1:1 ack 2\n@70 > . 2:2 ack 2\n@131 > . 2:2 ack 2",
            "> P. 1:11 ack 1\n< R. 1:1 ack 1",
            "> P. 1:11 ack 1\n@1 > P. 1:11 ack 1\n@3 > P. 1:11 ack 1\n@7 > P. 1:11 ack 1\n@15 > P. 1:11 ack 1",
        ];
        for trace in traces.map(trace_of) {
            let (summary, ending) = (Summary::of(&trace, 0), ending(&trace, 0));
            let first = ending.causes.first().map(|it| (it.id, it.confidence));
            assert_eq!((summary.kind, summary.causes[0]), (ending.kind, first));
            for side in Side::BOTH {
                assert_eq!(summary.states[side], clock::state_now(&trace, 0, side));
            }
        }
    }

    #[test]
    fn time_wait_with_23_s_left_is_told_so_and_holds_until_it_is_over() {
        let lines = "> F. 1:1 ack 1\n@10 < F. 1:1 ack 2\n@10 > . 2:2 ack 2\n@47 > . 2:2 ack 2";
        let summary = Summary::of(&trace_of(lines), 0);
        assert_eq!(
            summary.age(Side::Client, 47_000_000_000),
            Some(Age::Left(23_000_000_000))
        );
        assert_eq!(summary.holds_until_ns, 69_999_999_999);
        assert_eq!(summary.age(Side::Server, 47_000_000_000), None);
    }

    #[test]
    fn a_fin_wait_2_of_60_s_is_in_doubt_unless_its_side_still_sends() {
        let half = "> F. 1:1 ack 1\n< . 1:1 ack 2\n";
        let young = Summary::of(&trace_of(&format!("{half}@59 < P. 1:9 ack 2")), 0);
        assert!(young.certainty.client < Certainty::Inferred);
        assert_eq!(young.holds_until_ns, 59_999_999_999);
        let old = Summary::of(&trace_of(&format!("{half}@60 < P. 1:9 ack 2")), 0);
        assert_eq!(
            (old.states.client, old.certainty.client),
            (State::FinWait2, Certainty::Inferred)
        );
        let alive = format!("{half}@50 < P. 1:9 ack 2\n@50 > . 2:2 ack 9\n@100 < P. 9:17 ack 2");
        let alive = Summary::of(&trace_of(&alive), 0);
        assert!(alive.certainty.client < Certainty::Inferred);
        let mut trace = trace_of(&format!("{half}@11 < P. 1:9 ack 2"));
        trace.fin_wait_ns = Some(10_000_000_000);
        assert_eq!(Summary::of(&trace, 0).certainty.client, Certainty::Inferred);
    }

    #[test]
    fn a_cause_is_told_with_how_sure_it_is() {
        let refused = trace_without_handshake("> S 0:0\n< R. 0:0 ack 1");
        assert_eq!(Summary::of(&refused, 0).words_with_cause(), "refused");
        let reset = trace_of("> P. 1:11 ack 1\n< R. 1:1 ack 11");
        let words = Summary::of(&reset, 0).words_with_cause();
        assert_eq!(words, "reset by server: unread-data, likely");
    }

    #[test]
    fn waits_are_counted_in_whole_units() {
        let seen = [999_999_999, 41_200_000_000, 720_000_000_000].map(whole);
        assert_eq!(seen, ["0 s", "41 s", "12 min"]);
    }
}
