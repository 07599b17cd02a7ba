//! One connection: two endpoints, and what each segment does to both.
//!
//! An observer isn't either end. "After this segment" means sent and delivered. A state moves only
//! when sequence and acknowledgement numbers prove the event; the figure itself is in
//! `transition.rs`. What a later segment disproves is taken back (`evidence.rs`); which RST counts
//! is in `reset.rs`.

use std::net::SocketAddr;

use arrayvec::ArrayVec;

use super::analysis::{Note, Notes, fills_hole, notes};
use super::endpoint::Presumed;
use super::reset::ResetSeen;
use super::revision::Revision;
use super::state::PerSide;
use super::transition::{Event, next};
use super::{Certainty, ConnectionId, Endpoint, ErrorSeen, Side, State};
use crate::wire::{Flags, Segment, Seq};

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

/// What one segment did.
#[derive(Clone, Debug)]
pub struct Observed {
    pub states: PerSide<State>,
    pub certainty: PerSide<Certainty>,
    pub notes: Notes,
    /// What it showed of rows before it.
    pub revisions: Vec<Revision>,
}

/// A FIN, the first of its side.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FinSeen {
    pub by: Side,
    pub row: u32,
    /// It acknowledges the other FIN: no copy of it comes without that acknowledgement.
    pub is_answer: bool,
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
    /// An end of the connection before was still in TIME-WAIT when this one began.
    pub reuses_time_wait: bool,
    /// Segments observed.
    pub rows: u32,
    /// The first FIN of each side, in the order in which they came.
    pub fins: ArrayVec<FinSeen, 2>,
    /// When the client's SYN came last, in nanoseconds since the Unix epoch.
    pub(super) syn_at: Option<u64>,
    /// From that SYN to the acknowledgement of the SYN,ACK, in nanoseconds: a round trip, wherever
    /// the capture was taken.
    pub(super) handshake_ns: Option<u64>,
    /// The FINs crossed: neither acknowledged the other.
    pub simultaneous_close: bool,
    /// The RST that ended it.
    pub reset: Option<ResetSeen>,
    /// The row of an RST that ended a TIME-WAIT early (RFC 1337).
    pub time_wait_killed: Option<u32>,
    /// The last ICMP error about it of those that end a connection in which nothing better comes.
    pub last_error: Option<ErrorSeen>,
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
            // Connected to itself, one socket is both ends: nobody listens.
            Opening::Seen if addresses.client == addresses.server => {
                ([State::Closed; 2], Certainty::Presumed)
            }
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
            reuses_time_wait: false,
            rows: 0,
            fins: ArrayVec::new(),
            syn_at: None,
            handshake_ns: None,
            simultaneous_close: false,
            reset: None,
            time_wait_killed: None,
            last_error: None,
        }
    }

    /// What the first captured segment tells of the time before it: a SYN,ACK answers a SYN.
    pub fn begin_with(&mut self, seg: &Segment) {
        if seg.has(Flags::SYN) && self.opening == Opening::Midway {
            let states = [State::SynSent, State::SynReceived];
            self.initial = PerSide::of(|side| states[side as usize]);
            for side in Side::BOTH {
                self.ends[side].state = states[side as usize];
            }
        }
    }

    /// Whether it is one between these two, in either direction.
    #[must_use]
    pub fn is_between(&self, a: SocketAddr, b: SocketAddr) -> bool {
        let PerSide { client, server } = self.addresses;
        (client, server) == (a, b) || (client, server) == (b, a)
    }

    /// Whom a side talks to: the other one, but for a socket connected to itself.
    pub(super) fn peer_of(&self, side: Side) -> Side {
        if self.addresses.client == self.addresses.server {
            side
        } else {
            side.peer()
        }
    }

    /// Both states as they are now.
    #[must_use]
    pub fn states(&self) -> PerSide<State> {
        PerSide::of(|side| self.ends[side].state)
    }

    /// Whether both ends are done; a new SYN,ACK then belongs to another connection.
    #[must_use]
    pub fn is_over(&self) -> bool {
        Side::BOTH
            .iter()
            .all(|side| self.ends[*side].state.is_over())
    }

    /// Whether nothing but SYNs of one side came.
    #[must_use]
    pub fn is_unanswered(&self) -> bool {
        self.opening == Opening::Seen
            && self.ends.server.last_sent.is_none()
            && self.ends.server.iss.is_none()
    }

    /// Whether frames are missing, by drops or by what the numbers tell, and not both ends have shown their state since.
    #[must_use]
    pub fn is_in_doubt(&self) -> bool {
        !self.is_over() && Side::BOTH.iter().any(|side| self.ends[*side].doubtful)
    }

    /// Whether the capture lacks some of it: it began midway, or something was acknowledged that it
    /// never had, or a hole was never filled.
    #[must_use]
    pub fn is_incomplete(&self) -> bool {
        let lacks = |side: &Side| {
            let end = &self.ends[*side];
            let nxt = end.snd_nxt;
            let unseen = end.sent_to.is_some() && end.sent_to != nxt;
            unseen
                || end
                    .missed
                    .is_some_and(|(_, to)| self.lacks_up_to(*side, to))
        };
        self.opening == Opening::Midway || Side::BOTH.iter().any(lacks)
    }

    /// Whether what a side sent below `to` was taken by its peer without having been captured.
    fn lacks_up_to(&self, side: Side, to: Seq) -> bool {
        let counted = self.ends[side].octets_sent;
        let Some(iss) = self.ends[side].iss else {
            return true;
        };
        u64::from(to - (iss + 1)) > counted
    }

    /// The row of a side's first FIN.
    #[must_use]
    pub fn fin_row(&self, side: Side) -> Option<u32> {
        let fin = self.fins.iter().find(|fin| fin.by == side);
        fin.map(|fin| fin.row)
    }

    /// Follows one segment, in the order in which the capture has them. `at`: nanoseconds since the
    /// Unix epoch.
    pub fn observe(&mut self, seg: &Segment, from: Side, at: u64) -> Observed {
        let to = self.peer_of(from);
        self.expire(at);
        let shown = self.states();
        let mut notes = notes(&self.ends[from], &self.ends[to], seg, at);
        let mut revisions = Vec::new();
        let is_stray = self.is_stray_syn(seg, from) || self.is_stray_ack(seg, to);
        if from != to && !is_stray {
            self.weigh(seg, from, notes, at, &mut revisions);
        }
        let before = self.states();
        self.count_from(seg, from);
        if seg.has(Flags::RST) {
            if !self.take_reset(seg, from, at, &mut revisions) && shown[to] != State::Closed {
                notes.add(Note::ResetIgnored);
            }
        } else if is_stray {
            self.ends[to].challenged |= seg.has(Flags::SYN);
        } else if !self.is_beyond(seg, from) {
            self.send(seg, from, at, &mut revisions);
            self.receive(seg, to, at);
        }
        if self.rows == 0 && self.previous.is_some() && seg.has(Flags::SYN) {
            notes.add(Note::PortReused);
        }
        self.ends[from].challenged = false;
        if seg.len > 0 {
            self.ends[from].data_at = Some(self.rows);
        }
        self.ends[to].probed = false;
        self.ends[from].probed = notes.has(Note::KeepAlive) || notes.has(Note::WindowProbe);
        self.time_handshake(seg, from, before, at);
        self.know(seg, from, notes, before, at);
        if to == from {
            self.ends[from.peer()] = self.ends[from].clone();
        }
        self.rows += 1;
        Observed {
            states: self.states(),
            certainty: PerSide::of(|side| self.ends[side].certainty),
            notes,
            revisions,
        }
    }

    /// Fixes what relative numbers count from, as tcpdump does: the SYNs, or the first segment with
    /// an ACK.
    fn count_from(&mut self, seg: &Segment, from: Side) {
        let [own, other] = [from, self.peer_of(from)];
        if seg.has(Flags::SYN) && self.ends[own].iss.is_none() {
            self.ends[own].zero = Some(seg.seq);
        } else if seg.has(Flags::ACK) {
            self.ends[own].zero.get_or_insert(seg.seq);
        }
        if let Some(ack) = seg.ack_seq() {
            self.ends[other].zero.get_or_insert(ack - 1);
        }
    }

    /// Moves a side along an arrow, if there is one.
    pub(super) fn apply(&mut self, side: Side, event: Event) -> bool {
        let arrow = next(self.ends[side].state, event);
        if let Some(state) = arrow {
            self.ends[side].state = state;
        }
        arrow.is_some()
    }

    /// Moves a side by something on its way to it, which nothing proves yet.
    pub(super) fn presume(
        &mut self,
        side: Side,
        event: Event,
        proof: Option<Seq>,
    ) -> Option<Presumed> {
        let Endpoint { state, since, .. } = self.ends[side];
        self.apply(side, event).then_some(Presumed {
            event,
            row: self.rows,
            before: state,
            since,
            proof,
        })
    }

    /// What sending this segment says of its sender.
    fn send(&mut self, seg: &Segment, side: Side, at: u64, revisions: &mut Vec<Revision>) {
        if seg.has(Flags::SYN) {
            self.send_syn(seg, side, revisions);
        } else if seg.has(Flags::ACK) && self.ends[side].state == State::SynSent {
            // Only a connection that is open acknowledges without SYN: it has the SYN,ACK.
            self.prove(side, Event::ReceiveSynAck, revisions);
            self.apply(side, Event::ReceiveSynAck);
        }
        if let Some(ack) = seg.ack_seq() {
            // What it acknowledges, it has received.
            self.ends[side].advance(ack);
            self.prove_fin(seg, side, ack, revisions);
            self.hear_again(seg, side, ack, at, revisions);
        }
        if seg.has(Flags::FIN) && self.ends[side].fin.is_none() {
            self.send_fin(seg, side, at, revisions);
        }
        let fills_hole = fills_hole(&self.ends[side], &self.ends[self.peer_of(side)], seg);
        self.ends[side].sent(seg, fills_hole, at);
        if seg.has(Flags::SYN) && seg.has(Flags::ACK) {
            self.agree_on_scaling(side);
        }
        // What was on its way to the sender meanwhile.
        self.reach_fin(side);
    }

    /// What this segment does to its receiver, if delivered: acknowledgement first, then data, then
    /// FIN (RFC 9293, 3.10.7.4).
    fn receive(&mut self, seg: &Segment, side: Side, at: u64) {
        if let Some(ack) = seg.ack_seq().filter(|_| !self.ends[side].deaf) {
            self.receive_ack(seg, side, ack);
        }
        if seg.has(Flags::SYN) && !seg.has(Flags::ACK) && !self.ends[side].deaf {
            let got = self.presume(side, Event::ReceiveSyn, None);
            self.ends[side].got.syn = got.or(self.ends[side].got.syn);
        }
        // An empty segment in a capture that began midway may be a keep-alive: it tells no edge.
        let tells_edge = seg.seq_len() > 0 || self.ends[side].rcv_nxt.is_some();
        if self.takes_data(side) && tells_edge {
            self.ends[side].delivered(seg.seq, seg.seq_end());
            self.reach_fin(side);
        }
        if self.ends[side].state == State::TimeWait && seg.has(Flags::FIN) {
            // RFC 9293, 3.10.7.4, eighth: a FIN that comes again starts the two MSL anew.
            self.ends[side].since = at;
        }
    }

    /// Whether anything but acknowledgements is still to come to a side.
    fn takes_data(&self, side: Side) -> bool {
        let end = &self.ends[side];
        let is_open = !matches!(end.state, State::SynSent | State::Closed);
        is_open && end.fin_received_at.is_none()
    }

    fn receive_ack(&mut self, seg: &Segment, side: Side, ack: Seq) {
        let end = &self.ends[side];
        let covers_syn = end.iss.is_none_or(|iss| ack.after(iss));
        if end.state == State::SynSent && !(seg.has(Flags::SYN) && covers_syn) {
            return;
        }
        // The sender of this segment acknowledges its octets: then it has this acknowledgement too.
        let proof = (seg.seq_len() > 0).then(|| seg.seq_end());
        if covers_syn {
            let event = if seg.has(Flags::SYN) {
                Event::ReceiveSynAck
            } else {
                Event::AckOfSyn
            };
            self.presume_ack(side, event, proof);
            if self.ends[side].fin.is_some() && self.ends[side].state == State::Established {
                // It was in the SYN.
                self.apply(side, Event::SendFin);
            }
        }
        self.ends[side].acknowledged(ack);
        if self.ends[side].fin_covered_by(ack) {
            self.presume_ack(side, Event::AckOfFin, proof);
        }
    }

    pub(super) fn presume_ack(&mut self, side: Side, event: Event, proof: Option<Seq>) {
        let got = self.presume(side, event, proof);
        let known = &mut self.ends[side].got.ack;
        match (got, known) {
            (Some(got), known) => *known = Some(got),
            (None, Some(known)) if known.event == event && known.proof.is_none() => {
                known.proof = proof;
            }
            _ => {}
        }
    }

    /// Whether a segment acknowledges more than its peer sent or was ever allowed to send: then it
    /// isn't acceptable, and the peer answers with an ACK (RFC 9293, 3.10.7.4, fifth). A second one
    /// is: frames are missing.
    fn is_beyond(&mut self, seg: &Segment, from: Side) -> bool {
        let to = self.peer_of(from);
        let edge = self.ends[from].highest_edge;
        let sent = self.ends[to].snd_nxt;
        let beyond = seg.ack_seq().is_some_and(|ack| {
            edge.is_some_and(|edge| ack.after(edge + 1)) && sent.is_none_or(|nxt| ack.after(nxt))
        });
        // Data or a FIN is more than a guess: then frames are missing, too.
        let is_bare = seg.seq_len() == 0;
        let again = std::mem::replace(&mut self.ends[from].beyond, beyond);
        let is_unacceptable = beyond && is_bare && !again;
        self.ends[to].challenged |= is_unacceptable;
        is_unacceptable
    }
}
