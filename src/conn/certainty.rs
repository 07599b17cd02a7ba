//! How sure both states are, and what is known from time alone.

use super::connection::{Connection, Opening};
use super::state::PerSide;
use super::transition::Event;
use super::{Certainty, Note, Notes, Side, State};
use crate::wire::{Flags, Segment};

/// How long Linux keeps a TIME-WAIT (TCP_TIMEWAIT_LEN), and by default the FIN-WAIT-2 of a closed
/// socket (tcp_fin_timeout), in nanoseconds. RFC 9293, 3.4.2 has 2 MSL, four minutes.
pub const LINUX_WAIT_NS: u64 = 60_000_000_000;

impl Connection {
    /// Ends by the clock what ends by the clock: no segment tells the end of a TIME-WAIT.
    pub(super) fn expire(&mut self, at: u64) {
        for side in Side::BOTH {
            let end = &mut self.ends[side];
            if end.state == State::TimeWait && at.saturating_sub(end.since) >= LINUX_WAIT_NS {
                end.state = State::Closed;
                end.since += LINUX_WAIT_NS;
                end.by_clock = true;
                end.certainty = Certainty::Presumed;
            }
        }
    }

    /// A new connection has taken the place of this one.
    pub(super) fn end_time_wait(&mut self, at: u64) {
        for side in Side::BOTH {
            let end = &mut self.ends[side];
            if end.state == State::TimeWait {
                end.state = State::Closed;
                end.since = at;
            }
        }
    }

    /// Frames are missing, nobody knows whose: until an end shows its state again, it is in doubt.
    pub fn doubt(&mut self) {
        for side in Side::BOTH {
            self.ends[side].doubtful = true;
            self.ends[side].certainty = Certainty::Uncertain;
        }
    }

    /// How sure both states are after this segment.
    pub(super) fn know(
        &mut self,
        seg: &Segment,
        from: Side,
        notes: Notes,
        before: PerSide<State>,
        at: u64,
    ) {
        let to = self.peer_of(from);
        for side in Side::BOTH {
            if self.ends[side].state != before[side] {
                self.ends[side].since = at;
            }
        }
        let misses = notes.has(Note::PreviousNotCaptured) || notes.has(Note::AckOfUnseen);
        if misses {
            self.doubt();
        }
        if self.opening == Opening::Midway && !(self.ends.client.spoke && self.ends.server.spoke) {
            self.ends.client.certainty = Certainty::Inferred;
            self.ends.server.certainty = Certainty::Inferred;
            return;
        }
        let up_to_date = match (seg.ack_seq(), self.ends[from].rcv_nxt) {
            (Some(ack), Some(nxt)) => ack == nxt && Some(seg.seq_end()) == self.ends[from].snd_nxt,
            _ => seg.has(Flags::SYN) || seg.has(Flags::RST),
        };
        // Nothing but what comes behind it shows that the acknowledgement of its FIN has arrived.
        let fin_acked = self.ends[from].got.ack;
        let awaits = fin_acked.is_some_and(|got| got.event == Event::AckOfFin);
        if up_to_date && !awaits && !seg.has(Flags::RST) {
            self.ends[from].certainty = Certainty::Proven;
            self.ends[from].doubtful &= misses;
        } else if self.ends[from].got.fin.is_some() || awaits || seg.has(Flags::RST) {
            // Anybody can send an RST in its name.
            self.ends[from].certainty = Certainty::Presumed;
        }
        let moved = self.ends[to].state != before[to];
        if moved || self.ends[to].certainty >= Certainty::Inferred {
            self.ends[to].certainty = Certainty::Presumed;
        }
        for side in Side::BOTH {
            if self.ends[side].doubtful {
                self.ends[side].certainty = Certainty::Uncertain;
            } else if self.ends[side].certainty == Certainty::Uncertain {
                self.ends[side].certainty = Certainty::Presumed;
            }
        }
    }
}
