//! One connection: two endpoints, and what each segment does to both.
//!
//! An observer isn't either end. "After this segment" means sent and delivered. A state moves only
//! when sequence and acknowledgement numbers prove the event; the figure itself is in
//! `transition.rs`.

use std::net::SocketAddr;

use super::analysis::{Note, Notes, notes};
use super::state::PerSide;
use super::transition::{Event, next};
use super::{Certainty, ConnectionId, Endpoint, Side, State};
use crate::wire::{Flags, Segment, Seq};

/// The largest window there is (RFC 7323, 2.3): nothing valid stands further ahead.
const WINDOW_MAX: u32 = 1 << 30;

/// Whether the capture holds the connection's SYN.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Opening {
    /// A SYN was captured.
    Seen,
    /// The capture began after the SYN.
    Midway,
}

impl Opening {
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Opening::Seen => "seen",
            Opening::Midway => "midway",
        }
    }
}

/// How it is known who is the client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Roles {
    /// From a SYN or SYN,ACK.
    Seen,
    /// From the port numbers.
    Guessed,
}

/// An RST that counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ResetSeen {
    pub by: Side,
    /// Row in the connection, from 0.
    pub row: u32,
    /// It answered a SYN: nothing listens there.
    pub refused: bool,
}

/// States that a later segment disproved, in rows `from..to` of the connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Revision {
    pub side: Side,
    pub from: u32,
    pub to: u32,
    pub state: State,
}

/// What one segment did.
#[derive(Clone, Copy, Debug)]
pub struct Observed {
    pub states: PerSide<State>,
    pub certainty: PerSide<Certainty>,
    pub notes: Notes,
    /// At most one: no segment disproves two things.
    pub revision: Option<Revision>,
}

/// A connection as observed so far.
#[derive(Clone, Debug)]
pub struct Connection {
    pub addresses: PerSide<SocketAddr>,
    pub roles: Roles,
    pub opening: Opening,
    /// The states before the first captured segment.
    pub initial: PerSide<State>,
    pub ends: PerSide<Endpoint>,
    /// The connection before this one between the same addresses and ports.
    pub previous: Option<ConnectionId>,
    /// Segments observed.
    pub rows: u32,
    /// Rows and senders of the first FIN of each side, in the order in which they came.
    pub fins: Vec<(Side, u32)>,
    /// The FINs crossed: neither acknowledged the other.
    pub simultaneous_close: bool,
    pub reset: Option<ResetSeen>,
}

impl Connection {
    /// A connection whose first captured segment is about to be observed.
    #[must_use]
    pub fn new(
        addresses: PerSide<SocketAddr>,
        opening: Opening,
        roles: Roles,
        previous: Option<ConnectionId>,
    ) -> Self {
        let (initial, certainty) = match opening {
            Opening::Seen => ([State::Closed, State::Listen], Certainty::Presumed),
            Opening::Midway => ([State::Established; 2], Certainty::Inferred),
        };
        let initial = PerSide::of(|side| initial[side as usize]);
        Connection {
            addresses,
            roles,
            opening,
            initial,
            ends: PerSide::of(|side| Endpoint::new(initial[side], certainty)),
            previous,
            rows: 0,
            fins: Vec::new(),
            simultaneous_close: false,
            reset: None,
        }
    }

    /// Whom a side talks to: the other one, but for a socket connected to itself.
    fn peer_of(&self, side: Side) -> Side {
        if self.addresses.client == self.addresses.server {
            side
        } else {
            side.peer()
        }
    }

    /// Whether both ends are done; a new SYN,ACK then belongs to another connection.
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.ends.client.state.is_over() && self.ends.server.state.is_over()
    }

    /// Follows one segment, in the order in which the capture has them.
    pub fn observe(&mut self, seg: &Segment, from: Side) -> Observed {
        let to = self.peer_of(from);
        let receiver_before = self.ends[to].state;
        let mut notes = notes(&self.ends[from], &self.ends[to], seg);
        self.ends[from].probed = notes.has(Note::KeepAlive);
        self.count_from(seg, from);
        let mut revision = None;
        if seg.has(Flags::RST) {
            if self.reset_counts(seg, to) {
                revision = self.reset(from);
            } else if !self.ends[to].state.is_over() {
                notes.add(Note::ResetIgnored);
            }
        } else if !self.is_stray_syn_ack(seg, to) {
            revision = self.send(seg, from);
            self.receive(seg, to);
        }
        self.know(seg, from, receiver_before);
        if to == from {
            self.ends[from.peer()] = self.ends[from].clone();
        }
        self.rows += 1;
        Observed {
            states: PerSide::of(|side| self.ends[side].state),
            certainty: PerSide::of(|side| self.ends[side].certainty),
            notes,
            revision,
        }
    }

    /// A SYN,ACK for something else than the SYN under way opens nothing: its receiver answers with
    /// RST (RFC 9293, 3.10.7.3).
    fn is_stray_syn_ack(&self, seg: &Segment, to: Side) -> bool {
        let end = &self.ends[to];
        let answers = |ack| {
            end.snd_nxt.is_none_or(|nxt| !nxt.before(ack))
                && end.iss.is_none_or(|iss| iss.before(ack))
        };
        let is_syn_ack = seg.has(Flags::SYN) && seg.has(Flags::ACK);
        is_syn_ack && end.state == State::SynSent && !answers(seg.ack)
    }

    /// Fixes what relative numbers count from, as tcpdump does: the SYNs, or the first segment with
    /// an ACK.
    fn count_from(&mut self, seg: &Segment, from: Side) {
        let [own, other] = [from, self.peer_of(from)];
        if seg.has(Flags::SYN) || seg.has(Flags::ACK) {
            self.ends[own].zero.get_or_insert(seg.seq);
        }
        if let Some(ack) = seg.ack_seq() {
            self.ends[other].zero.get_or_insert(ack - 1);
        }
    }

    fn apply(&mut self, side: Side, event: Event) {
        if let Some(state) = next(self.ends[side].state, event) {
            self.ends[side].state = state;
        }
    }

    /// What sending this segment says of its sender.
    fn send(&mut self, seg: &Segment, side: Side) -> Option<Revision> {
        let mut revision = None;
        if seg.has(Flags::SYN) {
            self.send_syn(seg, side);
        } else if seg.has(Flags::ACK) && self.ends[side].state == State::SynSent {
            // Only a connection that is open acknowledges without SYN: the SYN,ACK wasn't captured.
            self.apply(side, Event::ReceiveSynAck);
        }
        if let Some(ack) = seg.ack_seq() {
            // What it acknowledges, it has received.
            self.ends[side].advance(ack);
            self.reach_fin(side);
        }
        if seg.has(Flags::FIN) && self.ends[side].fin.is_none() {
            revision = self.send_fin(seg, side);
        }
        self.ends[side].sent(seg);
        revision
    }

    fn send_syn(&mut self, seg: &Segment, side: Side) {
        let is_first = self.ends[side].iss.is_none();
        self.ends[side].iss.get_or_insert(seg.seq);
        match seg.ack_seq() {
            None => self.apply(side, Event::SendSyn),
            Some(ack) => {
                self.apply(side, Event::SendSynAck);
                if is_first && self.ends[side].acked.is_none() {
                    // It tells how much of a SYN with data (RFC 7413) was taken.
                    self.ends[side].rcv_nxt = Some(ack);
                }
            }
        }
    }

    /// Takes a FIN that stands at the edge of what its sender has sent, or beyond; an older number
    /// belongs to another connection or to nobody.
    fn send_fin(&mut self, seg: &Segment, side: Side) -> Option<Revision> {
        let fin = seg.fin_seq()?;
        if self.ends[side]
            .snd_nxt
            .is_some_and(|nxt| fin.before(nxt) || fin - nxt > WINDOW_MAX)
        {
            return None;
        }
        let end = &self.ends[side];
        let peer = &self.ends[self.peer_of(side)];
        let has_peers_fin = end.acked.is_some_and(|acked| peer.fin_covered_by(acked))
            || seg.ack_seq().is_none_or(|ack| peer.fin_covered_by(ack));
        let crossed = end
            .fin_received_at
            .filter(|_| !has_peers_fin && end.state == State::CloseWait);
        self.ends[side].fin = Some(fin);
        self.fins.push((side, self.rows));
        let Some(row) = crossed else {
            self.apply(side, Event::SendFin);
            return None;
        };
        // It was sent before the peer's FIN arrived: the close is simultaneous, and CLOSE-WAIT
        // never was.
        self.ends[side].state = State::Closing;
        self.simultaneous_close = true;
        Some(Revision {
            side,
            from: row,
            to: self.rows,
            state: State::Established,
        })
    }

    /// What this segment does to its receiver, if delivered: acknowledgement first, then data, then
    /// FIN (RFC 9293, 3.10.7.4).
    fn receive(&mut self, seg: &Segment, side: Side) {
        if let Some(ack) = seg.ack_seq() {
            self.receive_ack(seg, side, ack);
        }
        if seg.has(Flags::SYN) && !seg.has(Flags::ACK) {
            self.apply(side, Event::ReceiveSyn);
        }
        // An empty segment in a capture that began midway may be a keep-alive: it tells no edge.
        let tells_edge = seg.seq_len() > 0 || self.ends[side].rcv_nxt.is_some();
        if self.ends[side].state != State::SynSent && tells_edge {
            self.ends[side].delivered(seg.seq, seg.seq_end());
            self.reach_fin(side);
        }
    }

    fn receive_ack(&mut self, seg: &Segment, side: Side, ack: Seq) {
        let covers_syn = self.ends[side].iss.is_none_or(|iss| ack.after(iss));
        if self.ends[side].state == State::SynSent && !(seg.has(Flags::SYN) && covers_syn) {
            return;
        }
        if covers_syn {
            self.apply(
                side,
                if seg.has(Flags::SYN) {
                    Event::ReceiveSynAck
                } else {
                    Event::AckOfSyn
                },
            );
        }
        self.ends[side].acknowledged(ack);
        if self.ends[side].fin_covered_by(ack) {
            self.apply(side, Event::AckOfFin);
        }
    }

    /// Moves a side whose RCV.NXT has passed the peer's FIN; once.
    fn reach_fin(&mut self, side: Side) {
        let reached = self.ends[side]
            .rcv_nxt
            .is_some_and(|nxt| self.ends[self.peer_of(side)].fin_covered_by(nxt));
        if reached && self.ends[side].fin_received_at.is_none() {
            self.ends[side].fin_received_at = Some(self.rows);
            self.apply(side, Event::ReceiveFin);
            self.simultaneous_close |= self.ends[side].state == State::Closing;
        }
    }

    /// Whether an RST that reaches `side` closes it: RFC 9293, 3.10.7.3 in SYN-SENT; RFC 5961, 3.2
    /// otherwise.
    fn reset_counts(&self, seg: &Segment, side: Side) -> bool {
        let end = &self.ends[side];
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
                .is_none_or(|nxt| seg.seq == nxt || seg.seq == nxt - 1),
            _ => end.rcv_nxt.is_none_or(|nxt| seg.seq == nxt),
        }
    }

    /// An RST that counts: both ends are gone, its sender because only who has no connection
    /// resets.
    fn reset(&mut self, by: Side) -> Option<Revision> {
        let refused = self.ends[by.peer()].state == State::SynSent && self.ends[by].iss.is_none();
        if !self.is_over() {
            self.reset = Some(ResetSeen {
                by,
                row: self.rows,
                refused,
            });
        }
        self.apply(by, Event::Reset);
        self.apply(by.peer(), Event::Reset);
        if !refused {
            return None;
        }
        // Nothing listened: the SYN never made a connection there.
        self.initial[by] = State::Closed;
        Some(Revision {
            side: by,
            from: 0,
            to: self.rows,
            state: State::Closed,
        })
    }

    /// How sure both states are after this segment.
    fn know(&mut self, seg: &Segment, from: Side, receiver_before: State) {
        let to = self.peer_of(from);
        if self.opening == Opening::Midway && !(self.ends.client.spoke && self.ends.server.spoke) {
            self.ends.client.certainty = Certainty::Inferred;
            self.ends.server.certainty = Certainty::Inferred;
            return;
        }
        let up_to_date = match (seg.ack_seq(), self.ends[from].rcv_nxt) {
            (Some(ack), Some(nxt)) => ack == nxt,
            _ => seg.has(Flags::SYN) || seg.has(Flags::RST),
        };
        let counted = self.reset.is_some_and(|reset| reset.row == self.rows);
        if (up_to_date && !seg.has(Flags::RST)) || counted {
            self.ends[from].certainty = Certainty::Proven;
        }
        if self.ends[to].state != receiver_before || self.ends[to].certainty == Certainty::Inferred
        {
            self.ends[to].certainty = Certainty::Presumed;
        }
    }
}
