//! What each program's next call gives after any one segment: the rules are those for the end of the
//! capture, applied to the connection as it stood.

use super::{Absent, Calls, Outcome, Program, has_received, reset_calls, timed_out};
use crate::conn::{Connection, ConnectionId, Opening, Side, State};
use crate::story::cause::{causes, silence};
use crate::trace::Trace;
use crate::wire::Seq;

/// What a side's program sees next after row `row`. `then`: the connection as it stood; the states are
/// the record's, which later segments have corrected. `received`: the end of what this side had before
/// the row, and has after it.
#[must_use]
pub fn after(
    trace: &Trace,
    id: ConnectionId,
    row: usize,
    side: Side,
    then: &Connection,
    received: [Option<Seq>; 2],
) -> Program {
    let record = trace.row(id, row);
    let state = record.states[side];
    let mut calls = calls(trace, id, row, side, then);
    let has_more = match received {
        [Some(before), Some(after)] => after.after(before),
        [before, after] => before.is_none() && after.is_some(),
    };
    let fresh = record.from != side && record.len > 0 && has_more;
    if !calls.read.is_empty() && (fresh || has_received(then, side, received[1])) {
        calls.read.insert(0, Outcome::Data);
    }
    let (end, peer) = (&then.ends[side], &then.ends[side.peer()]);
    let is_full = match (peer.right_edge, end.snd_nxt) {
        (Some(edge), Some(nxt)) => !edge.after(nxt),
        _ => false,
    };
    if is_full && calls.write == [Outcome::Taken] {
        calls.write.push(Outcome::Waits);
    }
    Program {
        read: calls.read,
        write: calls.write,
        connect: calls.connect,
        absent: calls.absent,
        maybe_closed: end.fin.is_some() && state != State::Established,
        fresh,
        ..Program::default()
    }
}

fn calls(trace: &Trace, id: ConnectionId, row: usize, side: Side, then: &Connection) -> Calls {
    let now = trace.row(id, row).states[side];
    // With hindsight: which RST ended it.
    let reset = trace.connection(id).reset;
    if let Some(reset) = reset.filter(|reset| reset.row as usize <= row) {
        if reset.refused && side == reset.by {
            return Calls::absent(Absent::Never);
        }
        let causes = if side == reset.by {
            causes(trace, id)
        } else {
            Vec::new()
        };
        return reset_calls(reset, side, now, &causes);
    }
    let end = &then.ends[side];
    match now {
        // An RST that doesn't count still tells that its sender has no connection.
        State::Closed if end.spoke && end.fin.is_none() => Calls::default(),
        State::Closed if !end.spoke && then.opening == Opening::Seen => {
            Calls::absent(Absent::Never)
        }
        _ => waiting(trace, id, row, side).unwrap_or_else(|| Calls::of(now)),
    }
}

/// At the end of a connection that nobody answers any more: whoever repeats itself waits, and then hears of it.
fn waiting(trace: &Trace, id: ConnectionId, row: usize, side: Side) -> Option<Calls> {
    let is_last = row + 1 == trace.len(id);
    silence(trace, id).filter(|silence| is_last && silence.given_up && silence.by == side)?;
    let mut calls = timed_out(trace, id, side);
    if calls
        .read
        .first()
        .is_some_and(|first| *first != Outcome::Eof)
    {
        calls.read.insert(0, Outcome::Waits);
    }
    Some(calls)
}
