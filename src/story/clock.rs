//! What is known from time, not from a segment: no segment tells the end of a wait.

use super::cause::{Silence, silence};
use super::numbers::span;
use crate::conn::certainty::LINUX_WAIT_NS;
use crate::conn::{ConnectionId, Side, State};
use crate::trace::Trace;
use crate::wire::Flags;

/// Whether a side's TIME-WAIT is over by now: on Linux it lasts 60 s, whatever tcp_fin_timeout says.
#[must_use]
pub fn time_wait_is_over(trace: &Trace, id: ConnectionId, side: Side) -> bool {
    let connection = trace.connection(id);
    let end = &connection.ends[side];
    end.by_clock || end.state == State::TimeWait && lasted(trace, id, side) >= LINUX_WAIT_NS
}

/// When a side's FIN-WAIT-2 becomes doubtful, in nanoseconds since the Unix epoch: if its socket is closed, Linux has dropped
/// it by then, and no segment tells close() from shutdown(). `None` in other states.
#[must_use]
pub fn doubtful_from(trace: &Trace, id: ConnectionId, side: Side) -> Option<u64> {
    let connection = trace.connection(id);
    let end = &connection.ends[side];
    let wait = trace.fin_wait_ns.unwrap_or(LINUX_WAIT_NS);
    // What it sends shows that it is still there.
    let seen = end.since.max(end.last_at);
    (end.state == State::FinWait2).then(|| seen.saturating_add(wait))
}

/// Whether a side's FIN-WAIT-2 may be over by now.
#[must_use]
pub fn is_doubtful(trace: &Trace, id: ConnectionId, side: Side) -> bool {
    doubtful_from(trace, id, side).is_some_and(|from| trace.now_ns() >= from)
}

/// How long a side has been in its state, in nanoseconds of the capture's clock.
#[must_use]
pub fn lasted(trace: &Trace, id: ConnectionId, side: Side) -> u64 {
    let since = trace.connection(id).ends[side].since;
    trace.now_ns().saturating_sub(since)
}

/// Whether a side has given up repeating itself, as far as can be told.
#[must_use]
pub fn has_given_up(trace: &Trace, id: ConnectionId, side: Side) -> bool {
    let is_reset = trace.connection(id).reset.is_some();
    let gave_up = |silence: Silence| silence.given_up && silence.by == side;
    !is_reset && silence(trace, id).is_some_and(gave_up)
}

/// Whether a side's state by now is known from time, not from a segment.
#[must_use]
pub fn ended_it(trace: &Trace, id: ConnectionId, side: Side) -> bool {
    time_wait_is_over(trace, id, side) || has_given_up(trace, id, side)
}

/// A side's state by now: CLOSED where its TIME-WAIT is over, or where it has given up.
#[must_use]
pub fn state_now(trace: &Trace, id: ConnectionId, side: Side) -> State {
    if ended_it(trace, id, side) {
        State::Closed
    } else {
        trace.connection(id).ends[side].state
    }
}

/// What the clock tells of a side's state, in words; nothing of one that no clock ends.
#[must_use]
pub fn words(trace: &Trace, id: ConnectionId, side: Side) -> Option<String> {
    if has_given_up(trace, id, side) {
        return Some(gave_up(trace, id).into());
    }
    let waited = lasted(trace, id, side);
    let left = LINUX_WAIT_NS.saturating_sub(waited);
    if trace.connection(id).ends[side].by_clock {
        return Some("TIME-WAIT, over by the clock (60 s on Linux)".into());
    }
    match (trace.connection(id).ends[side].state, left) {
        (State::TimeWait, 0) => Some("TIME-WAIT, over by the clock (60 s on Linux)".into()),
        (State::TimeWait, left) => Some(format!(
            "TIME-WAIT, {} left by the clock (60 s on Linux)",
            span(left, true)
        )),
        (State::FinWait2, 0) => {
            Some("FIN-WAIT-2; if its socket is closed, over by the clock (60 s on Linux)".into())
        }
        (State::FinWait2, left) => Some(format!(
            "FIN-WAIT-2; if its socket is closed, {} left by the clock (60 s on Linux)",
            span(left, true)
        )),
        _ => None,
    }
}

/// That a side has given up, and what its kernel counts by.
fn gave_up(trace: &Trace, id: ConnectionId) -> &'static str {
    let silence = silence(trace, id);
    let repeats_fin = silence.is_some_and(|it| trace.row(id, it.last).flags.has(Flags::FIN));
    match silence {
        Some(it) if it.is_syn && it.error.is_some() => {
            "CLOSED by now: the ICMP error ends connect()"
        }
        Some(it) if it.is_syn => "CLOSED by now: it has surely given up (tcp_syn_retries on Linux)",
        _ if repeats_fin => {
            "CLOSED by now: it has surely given up (on Linux after tcp_orphan_retries if its socket is closed, otherwise after \
             tcp_retries2)"
        }
        _ => "CLOSED by now: it has surely given up (tcp_retries2 on Linux)",
    }
}
