//! What a segment shows of earlier ones: an end's own segments prove what it has received, and
//! disprove what it was presumed to have received.
//!
//! - It acknowledges less than it was presumed to have: when it sent this, it hadn't got the rest.
//! - It repeats its SYN or FIN: the acknowledgement hadn't arrived.
//! - Its peer repeats something that it never acknowledged: so far it hasn't got it. Until it
//!   acknowledges, nothing more is presumed to reach it (`Endpoint::deaf`).
//! - It goes on after an RST: the RST hadn't arrived, or didn't count; an RST whose own sender goes
//!   on was somebody else's.

use super::analysis::fills_hole;
use super::connection::Connection;
use super::endpoint::Presumed;
use super::revision::{Correction, Revision};
use super::transition::{Event, next};
use super::{Note, Notes, Side, State};
use crate::wire::{Flags, Segment, Seq};

/// A round trip of which nothing is known.
const UNKNOWN_ROUND_TRIP_NS: u64 = 50_000_000;

/// No round trip counts as shorter: the machine may be busy. No retransmission comes this soon.
const SHORT_ROUND_TRIP_NS: u64 = 10_000_000;

/// A sender of an RST that still sends after so long is alive: what was under way has arrived.
const STILL_UNDER_WAY_NS: u64 = 200_000_000;

impl Connection {
    /// Takes back what this segment disproves, before it moves anything itself.
    pub(super) fn weigh(
        &mut self,
        seg: &Segment,
        side: Side,
        notes: Notes,
        at: u64,
        revisions: &mut Vec<Revision>,
    ) {
        if !seg.has(Flags::RST) {
            self.outlive_reset(seg, side, at, revisions);
            self.repeat_own(seg, side, at, revisions);
            self.open_actively(seg, side, revisions);
        }
        if let Some(ack) = seg.ack_seq().filter(|_| !is_refusal(seg)) {
            self.acknowledge(seg, side, ack, revisions);
        }
        self.repeat_unacknowledged(seg, side, notes, revisions);
    }

    /// Takes an event back in the rows since it was presumed.
    fn take_back(&mut self, side: Side, got: Presumed) -> Revision {
        // Nothing else moved since: then the state is as before, from wherever it came.
        let correction = if next(got.before, got.event) == Some(self.ends[side].state) {
            Correction::Was(got.before)
        } else {
            Correction::Without(got.event)
        };
        let end = &mut self.ends[side];
        end.state = correction.of(end.state);
        end.since = got.since;
        if got.event == Event::ReceiveFin {
            end.fin_received_at = None;
        }
        self.revision(side, got.row, correction)
    }

    /// What was no longer presumed to have reached this end had: by the time of the copy that it
    /// acknowledges now.
    pub(super) fn prove(&mut self, side: Side, event: Event, revisions: &mut Vec<Revision>) {
        let peer = self.peer_of(side);
        if let Some(row) = self.ends[peer].repeated_at.filter(|_| self.ends[side].deaf) {
            revisions.push(self.revision(side, row, Correction::With(event)));
        }
    }

    pub(super) fn revision(&self, side: Side, from: u32, correction: Correction) -> Revision {
        Revision {
            side,
            from,
            to: self.rows,
            correction,
        }
    }

    /// An end that sends after an RST.
    fn outlive_reset(&mut self, seg: &Segment, side: Side, at: u64, revisions: &mut Vec<Revision>) {
        let Some(got) = self.ends[side].got.reset else {
            return;
        };
        if got.before == State::SynSent && !seg.has(Flags::SYN) {
            // Refused: what comes now belongs to no connection.
            return;
        }
        let sent_it = self.reset.is_some_and(|reset| reset.by == side);
        let end = &self.ends[side];
        let is_news = end.snd_nxt.is_some_and(|nxt| seg.seq_end().after(nxt))
            || at.saturating_sub(end.since) > STILL_UNDER_WAY_NS;
        // Nobody takes an acknowledgement back: the network was slow with it.
        let acked = seg.ack_seq().zip(end.acked);
        let is_older = acked.is_some_and(|(ack, acked)| ack.before(acked));
        if is_older || sent_it && !is_news {
            return;
        }
        self.ends[side].got.reset = None;
        self.ends[side].state = got.before;
        self.ends[side].since = got.since;
        revisions.push(self.revision(side, got.row, Correction::Was(got.before)));
        if let Some(reset) = &mut self.reset {
            reset.denied |= sent_it;
            reset.outlived |= !sent_it;
        }
        // Nobody died of it.
        self.reset = self.reset.filter(|reset| !(reset.denied && reset.outlived));
    }

    /// An end that repeats its SYN or FIN hasn't got the acknowledgement; one that was sent only
    /// just now may still be on its way.
    fn repeat_own(&mut self, seg: &Segment, side: Side, at: u64, revisions: &mut Vec<Revision>) {
        let end = &self.ends[side];
        let Some(got) = end.got.ack else { return };
        let is_fresh = at.saturating_sub(end.since) < self.round_trip();
        let repeats = match got.event {
            Event::AckOfFin => end.fin.is_some() && end.fin == seg.fin_seq(),
            _ => {
                let is_syn = seg.has(Flags::SYN) && end.iss == Some(seg.seq);
                is_syn && !self.is_first_syn_ack(seg, side)
            }
        };
        if repeats {
            self.ends[side].got.ack = None;
            revisions.push(self.take_back(side, got));
            if is_fresh {
                self.presume_ack(side, got.event, got.proof);
            } else if got.event == Event::AckOfFin && self.is_answered(side) {
                // The FIN that carried it is lost, too, until it is sent again.
                self.ends[side].rcv_nxt = seg.ack_seq().or(self.ends[side].rcv_nxt);
            }
        }
    }

    /// Selective acknowledgements may come: both SYNs said so (RFC 2018, 2).
    #[must_use]
    pub fn has_sack(&self) -> bool {
        Side::BOTH
            .iter()
            .all(|side| self.ends[*side].sack_permitted)
    }

    /// How long a segment may be on its way, generously, in nanoseconds: twice the handshake's round
    /// trip.
    #[must_use]
    pub fn round_trip(&self) -> u64 {
        let seen = self.handshake_ns.unwrap_or(UNKNOWN_ROUND_TRIP_NS);
        (2 * seen).max(SHORT_ROUND_TRIP_NS)
    }

    /// The SYN,ACK of a simultaneous open repeats the SYN only to acknowledge the other one.
    fn is_first_syn_ack(&self, seg: &Segment, side: Side) -> bool {
        seg.has(Flags::SYN) && seg.has(Flags::ACK) && self.ends[side].acked.is_none()
    }

    /// What an acknowledgement proves its sender to have, and what not.
    fn acknowledge(&mut self, seg: &Segment, side: Side, ack: Seq, revisions: &mut Vec<Revision>) {
        let peer = side.peer();
        let end = &mut self.ends[side];
        let acked = end.acked.map_or(ack, |acked| acked.max(ack));
        end.got.syn = None;
        if end
            .got
            .ack
            .is_some_and(|got| got.proof.is_some_and(|proof| !acked.before(proof)))
        {
            end.got.ack = None;
        }
        if self.ends[peer].fin_covered_by(acked) {
            self.ends[side].got.fin = None;
        } else if let Some(got) = self.ends[side].got.fin.take() {
            // On its way, unless what came after it has arrived.
            self.ends[side].deaf |= seg.sacked_behind_gap().is_some();
            revisions.push(self.take_back(side, got));
        }
    }

    /// Whoever repeats something hasn't seen it acknowledged.
    fn repeat_unacknowledged(
        &mut self,
        seg: &Segment,
        side: Side,
        notes: Notes,
        revisions: &mut Vec<Revision>,
    ) {
        let peer = side.peer();
        let probes = notes.has(Note::KeepAlive) || notes.has(Note::WindowProbe);
        let probes_again = probes && self.ends[side].probed;
        // Data of a SYN that the SYN,ACK didn't take (RFC 7413) is no sign of a loss.
        let was_in_syn = self.ends[peer].state == State::SynReceived && !seg.has(Flags::SYN);
        let is_new = fills_hole(&self.ends[side], &self.ends[peer], seg);
        let repeats = !self.is_first_syn_ack(seg, side)
            && !was_in_syn
            && !is_new
            && notes.is_repetition()
            && self.ends[peer]
                .acked
                .is_none_or(|acked| seg.seq_end().after(acked));
        if probes_again {
            self.ends[peer].deaf = true;
        }
        if !repeats {
            return;
        }
        self.ends[side].repeated_at = Some(self.rows);
        self.not_received(peer, revisions);
    }

    /// What is on its way to a side doesn't arrive: its peer repeats it, or a router says so.
    pub(super) fn not_received(&mut self, side: Side, revisions: &mut Vec<Revision>) {
        let end = &mut self.ends[side];
        end.deaf = true;
        let opened = end.got.ack.take_if(|got| got.event == Event::ReceiveSynAck);
        let fin = end.got.fin.take();
        let syn = end.got.syn.take();
        let is_silent = end.iss.is_none();
        for got in [fin, opened].into_iter().flatten() {
            revisions.push(self.take_back(side, got));
        }
        match syn {
            // Nothing shows that anybody listens there.
            Some(_) if is_silent => {
                self.initial[side] = State::Closed;
                revisions.push(self.was(side, State::Closed));
            }
            Some(got) => revisions.push(self.take_back(side, got)),
            None => {}
        }
    }

    /// An end that sends a SYN without ACK opens by itself: it never listened, and when it sent this
    /// it hadn't got the other SYN.
    fn open_actively(&mut self, seg: &Segment, side: Side, revisions: &mut Vec<Revision>) {
        let opens = seg.has(Flags::SYN) && !seg.has(Flags::ACK) && self.ends[side].iss.is_none();
        if opens && self.ends[side].got.syn.take().is_some() {
            self.initial[side] = State::Closed;
            revisions.push(self.was(side, State::Closed));
        }
    }

    /// A side that no segment came from: as far as is known, this was its state all along.
    pub(super) fn was(&mut self, side: Side, state: State) -> Revision {
        self.ends[side].state = state;
        self.revision(side, 0, Correction::Was(state))
    }

    /// An acknowledgement that covers the peer's FIN: it has arrived, and if that was no longer
    /// presumed, it had by the time of the copy that is acknowledged.
    pub(super) fn prove_fin(
        &mut self,
        seg: &Segment,
        side: Side,
        ack: Seq,
        revisions: &mut Vec<Revision>,
    ) {
        let peer = self.peer_of(side);
        let Some(fin) = self.ends[peer].fin.filter(|fin| ack.after(*fin)) else {
            return;
        };
        let came_twice = seg
            .duplicate_sack()
            .is_some_and(|(from, to)| !from.after(fin) && to.after(fin));
        let can_tell = self.has_sack();
        let is_first = self.ends[side].acked.is_none_or(|acked| !acked.after(fin));
        let is_repeated = self.ends[peer].repeated_at >= self.fin_row(peer);
        if is_first && (!is_repeated || can_tell && !came_twice) {
            self.ends[side].closed_on = Some(seg.seq);
        }
        if self.ends[side].fin_received_at.is_some() {
            return;
        }
        // The acknowledgement came with it.
        let with_ack = self.is_answered(side) && self.apply(side, Event::AckOfFin);
        if self.apply(side, Event::ReceiveFin) {
            let repeated = self.ends[peer]
                .repeated_at
                .filter(|_| can_tell && !came_twice);
            let row = repeated.or(self.fin_row(peer)).unwrap_or(self.rows);
            self.ends[side].fin_received_at = Some(row);
            self.simultaneous_close |= self.ends[side].state == State::Closing;
            if with_ack {
                revisions.push(self.revision(side, row, Correction::With(Event::AckOfFin)));
            }
            revisions.push(self.revision(side, row, Correction::With(Event::ReceiveFin)));
        }
    }

    /// An end that acknowledges something new has what came with it: the acknowledgement of its SYN,
    /// and, if it was deaf, of its FIN, unless it still repeats that: then only what was sent just now
    /// may be on its way.
    pub(super) fn hear_again(
        &mut self,
        seg: &Segment,
        side: Side,
        ack: Seq,
        at: u64,
        revisions: &mut Vec<Revision>,
    ) {
        let peer = self.peer_of(side);
        let end = &self.ends[side];
        let is_news = end.acked.is_none_or(|acked| ack.after(acked));
        let has_all = self.ends[peer].snd_nxt == Some(ack);
        if is_news && end.state == State::SynReceived && !seg.has(Flags::SYN) {
            self.prove(side, Event::AckOfSyn, revisions);
            self.apply(side, Event::AckOfSyn);
        }
        // Behind a gap it has the newest.
        let newest = self.ends[peer].snd_nxt;
        let sacks_all = seg.told.sack.is_some_and(|(_, to)| Some(to) == newest);
        if !self.ends[side].deaf || !(is_news || has_all || sacks_all) {
            return;
        }
        self.ends[side].deaf = false;
        let covered = self.ends[peer]
            .acked
            .is_some_and(|acked| self.ends[side].fin_covered_by(acked));
        let is_fresh = at.saturating_sub(self.ends[peer].last_at) < self.round_trip();
        if covered && (is_fresh || self.ends[side].fin != seg.fin_seq()) {
            self.presume_ack(side, Event::AckOfFin, None);
        }
    }
}

/// `R.` with sequence number 0: its acknowledgement number is made from what it refuses.
fn is_refusal(seg: &Segment) -> bool {
    seg.has(Flags::RST) && seg.seq == Seq(0)
}
