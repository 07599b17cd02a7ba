//! Where both ends stand in sequence space after a segment (RFC 9293, 3.3.1): SND.UNA, SND.NXT,
//! RCV.NXT, what is in flight, what the peer allows, what is held behind a gap.
//!
//! Records don't keep this. It is found by observing the connection's rows again, from the nearest
//! of some checkpoints, with the very code that followed them first.

mod replay;

pub use replay::SpaceIndex;

use super::program::{self, Program};
use crate::conn::state::{PerSide, State, State::*};
use crate::conn::{Certainty, Connection, ConnectionId, Endpoint};
use crate::trace::Trace;
use crate::wire::Seq;

/// What an end may send.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Window {
    /// Octets from SND.UNA on that the peer allows in all (SND.WND).
    Octets(u32),
    /// What the peer's header said; by what it is to be multiplied isn't known.
    Unscaled(u16),
    /// The peer hasn't said anything yet.
    #[default]
    Unknown,
}

/// One end after a segment. The numbers are as in the headers; `None` where the end has none, or
/// the capture doesn't tell.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Space {
    pub state: State,
    pub certainty: Certainty,
    /// The oldest number sent and not acknowledged.
    pub snd_una: Option<Seq>,
    /// The next number to be sent.
    pub snd_nxt: Option<Seq>,
    /// The next number expected from the peer.
    pub rcv_nxt: Option<Seq>,
    /// This end has acknowledged all before `rcv_nxt`; otherwise it is presumed to have come.
    pub rcv_proven: bool,
    /// Octets of data sent and not acknowledged.
    pub in_flight: u32,
    /// Its SYN is sent and not acknowledged; and its FIN.
    pub syn_in_flight: bool,
    pub fin_in_flight: bool,
    pub window: Window,
    /// Octets held behind a hole that begins at `rcv_nxt`.
    pub held: u32,
    /// What its program's next calls give.
    pub program: Program,
}

/// Both ends after row `row`. `before` and `then`: the connection as it stood before and after it.
fn both(
    trace: &Trace,
    id: ConnectionId,
    row: usize,
    [before, then]: [&Connection; 2],
) -> PerSide<Space> {
    let record = trace.row(id, row);
    let states_before = trace.states_before(id, row);
    PerSide::of(|side| {
        let state = record.states[side];
        let stood = [(before, states_before[side]), (then, state)];
        let received = stood.map(|(connection, state)| {
            let ends = &connection.ends;
            received(state, &ends[side], &ends[side.peer()])
        });
        let (end, peer) = (&then.ends[side], &then.ends[side.peer()]);
        Space {
            state,
            certainty: record.certainty[side],
            program: program::after(trace, id, row, side, then, received),
            ..numbers(state, end, peer)
        }
    })
}

/// RCV.NXT. Where the state, which later segments may have corrected, tells otherwise than was
/// presumed when the segment came, the state is believed.
fn received(state: State, end: &Endpoint, peer: &Endpoint) -> Option<Seq> {
    // What its peer repeats is presumed not to reach it.
    let presumed = if end.deaf { end.acked } else { end.rcv_nxt };
    let has_fin = matches!(state, CloseWait | Closing | LastAck | TimeWait);
    let lacks_fin = matches!(state, Established | FinWait1 | FinWait2);
    match peer.fin {
        _ if state == SynSent => None,
        Some(fin) if lacks_fin && is_beyond(presumed, fin) => {
            end.acked.filter(|acked| !acked.after(fin)).or(Some(fin))
        }
        Some(fin) if has_fin && !is_beyond(presumed, fin) => Some(fin + 1),
        _ => presumed,
    }
}

/// SND.UNA; the state is believed likewise.
fn acknowledged(state: State, end: &Endpoint) -> Option<Seq> {
    match (state, end.fin) {
        (SynSent | SynReceived, _) => end.iss.or(end.snd_una),
        (FinWait1 | Closing | LastAck, Some(fin)) if is_beyond(end.snd_una, fin) => Some(fin),
        (FinWait2 | TimeWait, Some(fin)) if !is_beyond(end.snd_una, fin) => Some(fin + 1),
        _ => end.snd_una,
    }
}

/// An end's numbers.
fn numbers(state: State, end: &Endpoint, peer: &Endpoint) -> Space {
    if matches!(state, Closed | Listen) {
        // No connection, no variables (RFC 9293, 3.3.2).
        return Space::default();
    }
    let rcv_nxt = received(state, end, peer);
    let snd_una = acknowledged(state, end);
    let syn_in_flight = snd_una.is_some() && snd_una == end.iss && end.snd_nxt != end.iss;
    let is_sent = |fin: Seq| end.snd_nxt.is_some_and(|nxt| nxt.after(fin));
    let fin_in_flight = end
        .fin
        .is_some_and(|fin| is_sent(fin) && !is_beyond(snd_una, fin));
    let outstanding = distance(snd_una, end.snd_nxt);
    let not_data = u32::from(syn_in_flight) + u32::from(fin_in_flight);
    Space {
        snd_una,
        snd_nxt: end.snd_nxt,
        rcv_nxt,
        rcv_proven: rcv_nxt.is_some() && rcv_nxt == end.acked,
        in_flight: outstanding.saturating_sub(not_data),
        syn_in_flight,
        fin_in_flight,
        window: window(snd_una, peer),
        held: held(rcv_nxt, end),
        ..Space::default()
    }
}

/// Whether a number has passed a FIN's.
fn is_beyond(number: Option<Seq>, fin: Seq) -> bool {
    number.is_some_and(|number| number.after(fin))
}

/// Octets from one number up to a later one.
fn distance(from: Option<Seq>, to: Option<Seq>) -> u32 {
    match (from, to) {
        (Some(from), Some(to)) if to.after(from) => to - from,
        _ => 0,
    }
}

fn window(snd_una: Option<Seq>, peer: &Endpoint) -> Window {
    match (peer.right_edge, peer.last_sent) {
        (Some(edge), _) => Window::Octets(distance(snd_una, Some(edge))),
        (None, Some((_, wnd))) => Window::Unscaled(wnd),
        (None, None) => Window::Unknown,
    }
}

/// Octets that came behind a hole.
fn held(rcv_nxt: Option<Seq>, end: &Endpoint) -> u32 {
    let behind = |&&(from, _): &&(Seq, Seq)| rcv_nxt.is_some_and(|nxt| from.after(nxt));
    end.held()
        .iter()
        .filter(behind)
        .map(|&(from, to)| to - from)
        .sum()
}

#[cfg(test)]
mod tests;
