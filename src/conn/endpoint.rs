//! One end of a connection: the variables of RFC 9293, 3.3.1, as far as the wire tells them.

use super::transition::Event;
use super::{Certainty, State};
use crate::wire::{Flags, Segment, Seq};

/// Ranges kept beyond a gap; a sender that makes more holes than this loses the furthest (bounded
/// memory).
const HELD_MAX: usize = 32;

/// What an observer knows of one end.
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a fact of its own, seen or not"
)]
#[derive(Clone, Debug, Default)]
pub struct Endpoint {
    pub state: State,
    pub certainty: Certainty,
    /// Initial send sequence number; known only if this end's SYN was captured.
    pub iss: Option<Seq>,
    /// What relative numbers count from: `iss`, or in a capture that began midway what tcpdump
    /// counts from.
    pub zero: Option<Seq>,
    /// The oldest number sent and not acknowledged.
    pub snd_una: Option<Seq>,
    /// The number after the last one sent.
    pub snd_nxt: Option<Seq>,
    /// From the first to the last number sent that the capture went past without having it.
    pub missed: Option<(Seq, Seq)>,
    /// When the capture last went past some, in nanoseconds since the Unix epoch.
    pub missed_at: u64,
    /// The number after the last one captured: SND.NXT may be known to be further.
    pub sent_to: Option<Seq>,
    /// The next number expected from the peer: all before it has been delivered in order.
    pub rcv_nxt: Option<Seq>,
    /// The sequence number of this end's FIN, once sent.
    pub fin: Option<Seq>,
    /// The row (in the connection) at which the peer's FIN was reached in order.
    pub fin_received_at: Option<u32>,
    /// Where in its own numbers this end stood when it first acknowledged the peer's FIN, unless it
    /// may have done so before, unseen.
    pub closed_on: Option<Seq>,
    /// Octets of data sent, each counted once.
    pub octets_sent: u64,
    /// The row of the last data sent.
    pub data_at: Option<u32>,
    /// Whether this end's SYN, data or FIN was captured: then it hadn't closed before the capture
    /// began.
    pub spoke: bool,
    /// The acknowledgement number and window of the last segment sent, as in the header.
    pub last_sent: Option<(Seq, u16)>,
    /// When the last segment was sent, in nanoseconds since the Unix epoch.
    pub last_at: u64,
    /// The highest acknowledgement number sent: so much this end has surely received.
    pub acked: Option<Seq>,
    /// The number after the last that this end allows its peer to send, where it is known.
    pub right_edge: Option<Seq>,
    /// The furthest `right_edge` so far.
    pub highest_edge: Option<Seq>,
    /// The last segment sent was a probe (keep-alive or zero window).
    pub probed: bool,
    /// An RST or SYN that doesn't count has reached this end: it answers with an ACK (RFC 5961).
    pub challenged: bool,
    /// The shift of this end's windows, once its SYN told it.
    pub window_scale: Option<u8>,
    /// This end's SYN allowed selective acknowledgements.
    pub sack_permitted: bool,
    /// Time to live of the last segment sent.
    pub ttl: Option<u8>,
    /// When the state was entered, in nanoseconds since the Unix epoch.
    pub since: u64,
    /// The row of the last segment that was sent again without having been acknowledged.
    pub repeated_at: Option<u32>,
    /// The peer repeats what this end doesn't acknowledge: nothing is presumed to reach it.
    pub deaf: bool,
    /// Its last segment acknowledged more than its peer can have sent.
    pub beyond: bool,
    /// Its TIME-WAIT ended by the clock.
    pub by_clock: bool,
    /// Frames are missing, and nothing this end sent since tells its state.
    pub doubtful: bool,
    pub(super) got: Got,
    /// What came behind a gap: `[from, to)`, apart from each other and in order.
    held: Vec<(Seq, Seq)>,
}

/// What moved this end although nothing that it sent since proves it received it.
#[derive(Clone, Debug, Default)]
pub(super) struct Got {
    pub syn: Option<Presumed>,
    /// The acknowledgement of its SYN, or of its FIN.
    pub ack: Option<Presumed>,
    pub fin: Option<Presumed>,
    /// An RST, received or sent.
    pub reset: Option<Presumed>,
}

/// One such event.
#[derive(Clone, Copy, Debug)]
pub(super) struct Presumed {
    pub event: Event,
    /// Row in the connection at which the state moved.
    pub row: u32,
    pub before: State,
    /// When that state had been entered.
    pub since: u64,
    /// An acknowledgement of this number, by this end, proves it.
    pub proof: Option<Seq>,
}

impl Endpoint {
    pub(super) fn new(state: State, certainty: Certainty) -> Self {
        Endpoint {
            state,
            certainty,
            ..Endpoint::default()
        }
    }

    /// Counts what this end sends. Numbers sent before add nothing, unless they fill a hole.
    pub(super) fn sent(&mut self, seg: &Segment, fills_hole: bool, at: u64) {
        let nxt = self.snd_nxt.unwrap_or(seg.seq);
        let data_from = seg.seq + u32::from(seg.has(Flags::SYN));
        let data_to = data_from + seg.len;
        if fills_hole {
            self.octets_sent += u64::from(seg.len);
        } else if data_to.after(nxt) {
            self.octets_sent += u64::from(data_to - nxt.max(data_from));
        }
        if seg.seq.after(nxt) {
            let from = self.missed.map_or(nxt, |(from, _)| from);
            self.missed = Some((from, seg.seq));
            self.missed_at = at;
        }
        self.snd_nxt = Some(nxt.max(seg.seq_end()));
        if seg.seq_len() > 0 {
            let end = seg.seq_end();
            self.sent_to = Some(self.sent_to.map_or(end, |sent| sent.max(end)));
        }
        self.snd_una.get_or_insert(seg.seq);
        self.spoke |= seg.seq_len() > 0;
        self.ttl = Some(seg.ttl);
        if seg.has(Flags::SYN) {
            self.window_scale = seg.told.window_scale;
            self.sack_permitted = seg.told.sack_permitted;
        }
        self.right_edge = seg.ack_seq().and_then(|ack| {
            let window = if seg.has(Flags::SYN) {
                Some(u32::from(seg.wnd))
            } else {
                self.window(seg.wnd)
            };
            Some(ack + window?)
        });
        self.highest_edge = match (self.highest_edge, self.right_edge) {
            (Some(highest), Some(edge)) => Some(highest.max(edge)),
            (highest, edge) => edge.or(highest),
        };
        self.last_at = at;
        self.last_sent = seg.ack_seq().map(|ack| (ack, seg.wnd));
        if let Some(ack) = seg.ack_seq() {
            self.acked = Some(self.acked.map_or(ack, |acked| acked.max(ack)));
        }
    }

    /// Takes an acknowledgement of what this end sent. One beyond SND.NXT means that the capture
    /// missed something.
    pub(super) fn acknowledged(&mut self, ack: Seq) {
        let known = |seq: Option<Seq>| Some(seq.map_or(ack, |seq| seq.max(ack)));
        self.snd_una = known(self.snd_una);
        self.snd_nxt = known(self.snd_nxt);
    }

    /// Takes what the peer sent: in order it moves RCV.NXT, behind a gap it is held.
    pub(super) fn delivered(&mut self, from: Seq, to: Seq) {
        let nxt = self.rcv_nxt.unwrap_or(from);
        if from.after(nxt) {
            self.hold(from, to);
        } else {
            self.advance(nxt.max(to));
        }
    }

    /// This end has received all before `nxt`: from a delivery, or because it says so in an
    /// acknowledgement.
    pub(super) fn advance(&mut self, nxt: Seq) {
        let mut nxt = self.rcv_nxt.map_or(nxt, |old| old.max(nxt));
        while let Some(&(from, to)) = self.held.first() {
            if from.after(nxt) {
                break;
            }
            nxt = nxt.max(to);
            self.held.remove(0);
        }
        self.rcv_nxt = Some(nxt);
    }

    fn hold(&mut self, mut from: Seq, mut to: Seq) {
        if from == to {
            return;
        }
        self.held.retain(|&(a, b)| {
            let apart = b.before(from) || a.after(to);
            if !apart {
                from = if a.before(from) { a } else { from };
                to = to.max(b);
            }
            apart
        });
        let at = self.held.partition_point(|&(a, _)| a.before(from));
        self.held.insert(at, (from, to));
        self.held.truncate(HELD_MAX);
    }

    /// Whether all of `[from, to)` is among what came behind a gap.
    #[must_use]
    pub fn holds(&self, from: Seq, to: Seq) -> bool {
        self.held
            .iter()
            .any(|&(a, b)| !a.after(from) && !b.before(to))
    }

    /// The window in octets that a value in this end's header stands for (RFC 7323, 2.2: not in a
    /// SYN). `None` where the scale isn't known.
    fn window(&self, wnd: u16) -> Option<u32> {
        let shift = self.window_scale.or((self.iss.is_some()).then_some(0))?;
        Some(u32::from(wnd) << shift)
    }

    /// What came behind a gap: `[from, to)`, apart from each other and in order. The furthest may be missing.
    #[must_use]
    pub fn held(&self) -> &[(Seq, Seq)] {
        &self.held
    }

    /// The end of the furthest range held behind a gap.
    #[must_use]
    pub fn held_to(&self) -> Option<Seq> {
        self.held.last().map(|&(_, to)| to)
    }

    /// Whether an acknowledgement of `ack` covers this end's FIN.
    #[must_use]
    pub fn fin_covered_by(&self, ack: Seq) -> bool {
        self.fin.is_some_and(|fin| ack.after(fin))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn expecting(nxt: u32) -> Endpoint {
        Endpoint {
            rcv_nxt: Some(Seq(nxt)),
            ..Endpoint::default()
        }
    }

    #[test]
    fn what_comes_behind_a_gap_counts_once_the_gap_is_filled() {
        let mut end = expecting(u32::MAX - 4);
        end.delivered(Seq(5), Seq(10));
        end.delivered(Seq(0), Seq(5));
        assert_eq!(end.rcv_nxt, Some(Seq(u32::MAX - 4)));
        assert!(end.holds(Seq(2), Seq(9)) && !end.holds(Seq(2), Seq(11)));
        end.delivered(Seq(u32::MAX - 4), Seq(0));
        assert_eq!(end.rcv_nxt, Some(Seq(10)));
    }

    #[test]
    fn a_sender_of_holes_cannot_fill_the_memory() {
        let mut end = expecting(0);
        for hole in 1..10_000 {
            end.delivered(Seq(hole * 10), Seq(hole * 10 + 1));
        }
        assert_eq!(end.held.len(), HELD_MAX);
    }
}
