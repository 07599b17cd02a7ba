//! Opening: what a SYN says of its sender, and of the connection (RFC 9293, 3.5; RFC 7323, 2.2).

use super::connection::Connection;
use super::revision::Revision;
use super::state::PerSide;
use super::transition::Event;
use super::{Side, State};
use crate::wire::{Flags, Segment};

impl Connection {
    pub(super) fn send_syn(&mut self, seg: &Segment, side: Side, revisions: &mut Vec<Revision>) {
        let is_first = self.ends[side].iss.is_none();
        self.ends[side].iss.get_or_insert(seg.seq);
        match seg.ack_seq() {
            None => {
                self.apply(side, Event::SendSyn);
                // The other SYN may be on its way to it (3.5, figure 7).
                let peer = self.peer_of(side);
                if peer != side && self.ends[peer].iss.is_some() && !self.ends[side].deaf {
                    let got = self.presume(side, Event::ReceiveSyn, None);
                    self.ends[side].got.syn = got.or(self.ends[side].got.syn);
                }
            }
            Some(ack) => {
                if is_first && self.ends[side].deaf {
                    // Which copy of the SYN it answers can't be told: it may have had the first.
                    self.initial[side] = State::Listen;
                    revisions.push(self.was(side, State::SynReceived));
                }
                self.apply(side, Event::SendSynAck);
                if is_first && self.ends[side].acked.is_none() {
                    // It tells how much of a SYN with data (RFC 7413) was taken.
                    self.ends[side].rcv_nxt = Some(ack);
                }
            }
        }
    }

    /// Windows are scaled only if both SYNs say so (RFC 7323, 2.2).
    pub(super) fn agree_on_scaling(&mut self, side: Side) {
        let peer = self.peer_of(side);
        let both = self.ends[side].window_scale.is_some()
            && (self.ends[peer].iss.is_none() || self.ends[peer].window_scale.is_some());
        if !both {
            self.ends[side].window_scale = None;
            self.ends[peer].window_scale = None;
        }
    }

    /// A SYN with other numbers in an open connection moves nothing: it draws a challenge ACK
    /// (RFC 5961, 4.2).
    pub(super) fn is_stray_syn(&self, seg: &Segment, from: Side) -> bool {
        let own = self.ends[from].iss;
        seg.has(Flags::SYN) && own.is_some_and(|iss| iss != seg.seq)
    }

    /// An acknowledgement of something else than the SYN under way opens nothing: its receiver
    /// answers with RST (RFC 9293, 3.10.7.3).
    pub(super) fn is_stray_ack(&self, seg: &Segment, to: Side) -> bool {
        let end = &self.ends[to];
        let answers = |ack| {
            end.snd_nxt.is_none_or(|nxt| !nxt.before(ack))
                && end.iss.is_none_or(|iss| iss.before(ack))
        };
        let opens = end.state == State::SynSent && !seg.has(Flags::RST);
        opens && seg.has(Flags::ACK) && !answers(seg.ack)
    }

    /// From the client's SYN, the last if it was repeated, to when the server is open.
    pub(super) fn time_handshake(
        &mut self,
        seg: &Segment,
        from: Side,
        before: PerSide<State>,
        at: u64,
    ) {
        if from == Side::Server || self.handshake_ns.is_some() {
            return;
        }
        if seg.has(Flags::SYN) {
            self.syn_at = Some(at);
        } else if before.server == State::SynReceived && before.client == State::Established {
            let began = self.syn_at.unwrap_or(self.ends.server.since);
            self.handshake_ns = Some(at.saturating_sub(began));
        }
    }
}
