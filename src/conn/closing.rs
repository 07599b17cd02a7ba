//! Closing: when a FIN counts as sent, and when as received (RFC 9293, 3.10.7.4, eighth).

use super::connection::{Connection, FinSeen};
use super::revision::{Correction, Revision};
use super::transition::Event;
use super::{Side, State};
use crate::wire::{Segment, Seq};

/// The largest window there is (RFC 7323, 2.3): nothing valid stands further ahead.
const WINDOW_MAX: u32 = 1 << 30;

/// A FIN is hardly repeated sooner: retransmission timers are longer (200 ms at least on Linux), and nothing comes behind it that could
/// ask for it. A tail loss probe (RFC 8985) may be sooner, where data is under way with it: what is told here stays presumed.
const REPEATED_AFTER_NS: u64 = 100_000_000;

impl Connection {
    /// Takes a FIN that is the last of what its sender has sent; an older number belongs to another
    /// connection or to nobody.
    pub(super) fn send_fin(
        &mut self,
        seg: &Segment,
        side: Side,
        at: u64,
        revisions: &mut Vec<Revision>,
    ) {
        let Some(fin) = seg.fin_seq() else { return };
        let is_last = |nxt: Seq| !seg.seq_end().before(nxt) && seg.seq_end() - nxt <= WINDOW_MAX;
        let is_new = self.ends[side].sent_to.is_none_or(|sent| !fin.before(sent));
        if self.ends[side].snd_nxt.is_none_or(is_last) && is_new {
            self.ends[side].fin = Some(fin);
            let peers = &self.ends[self.peer_of(side)];
            let is_answer = seg.ack_seq().is_some_and(|ack| peers.fin_covered_by(ack));
            self.fins.push(FinSeen {
                by: side,
                row: self.rows,
                is_answer,
            });
            self.apply(side, Event::SendFin);
            // What is only late is the first copy: what it acknowledges, its sender had when it closed.
            let is_late = at.saturating_sub(self.ends[side].missed_at) < REPEATED_AFTER_NS;
            if !(is_answer && is_late) {
                self.cross_unseen(side, fin, revisions);
            }
        }
    }

    /// A FIN that is seen only when it is repeated, from an end that first acknowledged the peer's
    /// FIN beyond it: it had sent its own before, so the FINs crossed.
    pub(super) fn cross_unseen(&mut self, side: Side, fin: Seq, revisions: &mut Vec<Revision>) {
        let end = &mut self.ends[side];
        let before_peers = end.closed_on.is_some_and(|from| from.after(fin));
        if let Some(row) = end.fin_received_at.filter(|_| before_peers) {
            end.state = State::Closing;
            self.simultaneous_close = true;
            // Its first copy, unseen, didn't acknowledge.
            self.fins.iter_mut().for_each(|fin| fin.is_answer = false);
            revisions.push(self.revision(side, row, Correction::Was(State::Closing)));
        }
    }

    /// Whether the peer closed on this side's FIN: then the FINs didn't cross.
    pub(super) fn is_answered(&self, side: Side) -> bool {
        let peer = self.peer_of(side);
        self.fins.iter().any(|fin| fin.by == peer && fin.is_answer)
    }

    /// Moves a side whose RCV.NXT has passed the peer's FIN; once.
    pub(super) fn reach_fin(&mut self, side: Side) {
        let peer = self.peer_of(side);
        let end = &self.ends[side];
        let reached = end
            .rcv_nxt
            .is_some_and(|nxt| self.ends[peer].fin_covered_by(nxt));
        // A FIN in a SYN (RFC 7413) waits for the handshake, or for its own acknowledgement. One that answers ours
        // is lost where its acknowledgement is.
        let is_lost = end.state == State::FinWait1 && self.is_answered(side);
        let waits = is_lost || matches!(end.state, State::Listen | State::SynReceived);
        if reached && !end.deaf && !waits && end.fin_received_at.is_none() {
            self.ends[side].fin_received_at = Some(self.rows);
            self.ends[side].got.fin = self.presume(side, Event::ReceiveFin, None);
            self.simultaneous_close |= self.ends[side].state == State::Closing;
        }
    }
}
