//! Which RST counts, and what it does (RFC 9293, 3.10.7; RFC 5961, 3; RFC 1337).

use super::certainty::LINUX_WAIT_NS;
use super::connection::Connection;
use super::endpoint::Presumed;
use super::revision::{Correction, Revision};
use super::transition::Event;
use super::{Side, State};
use crate::wire::{Flags, Segment, Seq};

/// An RST that counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ResetSeen {
    pub by: Side,
    /// Row in the connection, from 0.
    pub row: u32,
    /// It answered a SYN: nothing listens there.
    pub refused: bool,
    /// Its sender went on as if it had never sent it: somebody on the way did.
    pub denied: bool,
    /// Its receiver went on too: it hadn't arrived yet, was lost, or didn't count.
    pub outlived: bool,
    /// Its time to live, and that of its sender's segment before.
    pub ttl: (u8, Option<u8>),
    /// The state of each end before it: sender, receiver.
    pub states: (State, State),
}

/// A way may change by a hop; somebody on it is seldom that near.
const HOPS: u8 = 1;

impl ResetSeen {
    /// Whether it took another way than its sender's other segments.
    #[must_use]
    pub fn came_another_way(&self) -> bool {
        let (ttl, usual) = self.ttl;
        usual.is_some_and(|usual| usual.abs_diff(ttl) > HOPS)
    }
}

impl Connection {
    /// Takes an RST; whether it counted.
    pub(super) fn take_reset(
        &mut self,
        seg: &Segment,
        by: Side,
        at: u64,
        revisions: &mut Vec<Revision>,
    ) -> bool {
        let to = self.peer_of(by);
        let counts = self.reset_counts(seg, to);
        // Whoever sends an RST in its own name has no connection any more, whatever comes of it.
        let in_own_name = self.ends[by].snd_nxt == Some(seg.seq) || self.knows_beyond(seg, by);
        if counts {
            self.reset(seg, by, at, revisions);
        } else if self.ends[to].state != State::Closed {
            self.ends[to].challenged |= self.is_in_window(seg, to);
            if in_own_name && self.ends[by].state != State::Closed && by != to {
                let reset = self.presume(by, Event::Reset, None);
                self.ends[by].got.reset = reset;
            }
        }
        counts
    }

    /// Whether an RST from beyond what was captured of its sender is by one who knows all the rest: what was
    /// acknowledged last, and the same way there.
    fn knows_beyond(&self, seg: &Segment, by: Side) -> bool {
        let end = &self.ends[by];
        seg.ack_seq().is_some_and(|ack| end.acked == Some(ack))
            && end.snd_nxt.is_some_and(|nxt| seg.seq.after(nxt))
            && end.ttl == Some(seg.ttl)
            && self.is_in_window(seg, self.peer_of(by))
    }

    pub(super) fn is_in_window(&self, seg: &Segment, side: Side) -> bool {
        let end = &self.ends[side];
        let before_edge = end.right_edge.is_none_or(|edge| seg.seq.before(edge));
        end.rcv_nxt.is_none_or(|nxt| !seg.seq.before(nxt)) && before_edge
    }

    /// Whether an RST that reaches `side` closes it: RFC 9293, 3.10.7.3 in SYN-SENT; RFC 5961, 3.2
    /// otherwise.
    fn reset_counts(&self, seg: &Segment, side: Side) -> bool {
        let end = &self.ends[side];
        let expected = |nxt: Seq| seg.seq == nxt || Some(seg.seq) == end.acked;
        match end.state {
            State::Closed => false,
            State::SynSent => seg.ack_seq().is_some_and(|ack| {
                end.iss.is_none_or(|iss| ack.after(iss))
                    && end.snd_nxt.is_none_or(|nxt| !ack.after(nxt))
            }),
            // Linux (tcp_reset_check) also takes the number of the FIN itself: what a peer sends
            // that has just closed answers data that doesn't acknowledge its FIN yet.
            State::CloseWait | State::LastAck | State::Closing => end
                .rcv_nxt
                .is_none_or(|nxt| expected(nxt) || seg.seq == nxt - 1),
            State::TimeWait => end.rcv_nxt == Some(seg.seq),
            // Linux also takes the end of what it holds behind a gap (tcp_validate_incoming).
            _ => {
                let held_to = end.held_to().filter(|_| self.has_sack());
                end.rcv_nxt.is_none_or(expected) || held_to == Some(seg.seq)
            }
        }
    }

    /// An RST that counts: both ends are gone, its sender because only who has no connection
    /// resets.
    fn reset(&mut self, seg: &Segment, by: Side, at: u64, revisions: &mut Vec<Revision>) {
        let to = self.peer_of(by);
        let (sender, receiver) = (&self.ends[by], &self.ends[to]);
        let refused = receiver.state == State::SynSent && sender.iss.is_none();
        if receiver.state == State::TimeWait {
            self.time_wait_killed = Some(self.rows);
        } else {
            let seen = ResetSeen {
                by,
                row: self.rows,
                refused,
                denied: false,
                outlived: false,
                ttl: (seg.ttl, sender.ttl),
                states: (sender.state, receiver.state),
            };
            // One that answers who outlived the first tells nothing new.
            self.reset.get_or_insert(seen);
        }
        if !seg.has(Flags::ACK) {
            self.refuse(by, at, revisions);
        }
        let is_deaf = self.ends[to].deaf && seg.has(Flags::ACK) && !refused;
        for side in [by, to] {
            if side == to && is_deaf {
                continue;
            }
            let reset: Option<Presumed> = self.presume(side, Event::Reset, None);
            self.ends[side].got.reset = reset.filter(|got| got.before != State::Closed);
        }
        if refused {
            // Nothing listened: the SYN never made a connection there.
            self.initial[by] = State::Closed;
            self.ends[by].got.reset = None;
            revisions.push(self.revision(by, 0, Correction::Was(State::Closed)));
        }
    }

    /// A bare RST answers a segment instead of taking it: a FIN in it wasn't received. And a
    /// FIN-WAIT-2 that had lasted as long as Linux lets it was over before.
    fn refuse(&mut self, by: Side, at: u64, revisions: &mut Vec<Revision>) {
        let end = &mut self.ends[by];
        let got = end.got.fin.take();
        let (row, since) = got.map_or((self.rows.saturating_sub(1), end.since), |got| {
            (got.row, got.since)
        });
        if let Some(got) = got {
            end.state = got.before;
            end.since = got.since;
            end.fin_received_at = None;
        }
        let is_over = end.state == State::FinWait2 && at.saturating_sub(since) >= LINUX_WAIT_NS;
        if is_over {
            end.state = State::Closed;
        }
        if got.is_some() || is_over {
            let was = Correction::Was(self.ends[by].state);
            revisions.push(self.revision(by, row, was));
        }
    }
}
