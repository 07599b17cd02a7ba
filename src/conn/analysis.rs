//! Notes on a segment: what it is besides its flags. Wireshark's `tcp.analysis` definitions are the
//! reference.

use super::Endpoint;
use crate::wire::{Flags, Segment, Seq};

/// One remark on one segment. The names are those of the JSON output.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Note {
    /// Data that was sent before.
    Retransmission,
    /// A FIN that was sent before.
    FinRetransmission,
    /// A SYN that was sent before.
    SynRetransmission,
    /// Fills a hole that an earlier segment of the same sender left.
    OutOfOrder,
    /// Acknowledges what the last segment did, and says nothing else.
    DuplicateAck,
    /// Fills what the receiver allowed: the sender must wait.
    WindowFull,
    /// The window is 0: the sender must stop.
    ZeroWindow,
    /// Only the window changed.
    WindowUpdate,
    /// Asks whether a window that was 0 is still closed.
    WindowProbe,
    /// Nothing (or one old octet) at SND.NXT - 1: is the peer still there?
    KeepAlive,
    /// Answers a keep-alive.
    KeepAliveAck,
    /// Answers an RST or SYN that doesn't count (RFC 5961).
    ChallengeAck,
    /// An RST that RFC 5961 doesn't let count.
    ResetIgnored,
    /// A new SYN between addresses and ports that had a connection before.
    PortReused,
    /// The URG flag is set.
    Urgent,
    /// Starts beyond what the capture has of its sender.
    PreviousNotCaptured,
    /// Acknowledges what the capture doesn't have.
    AckOfUnseen,
}

impl Note {
    pub const ALL: [(Note, &'static str); 17] = [
        (Note::Retransmission, "retransmission"),
        (Note::FinRetransmission, "fin-retransmission"),
        (Note::SynRetransmission, "syn-retransmission"),
        (Note::OutOfOrder, "out-of-order"),
        (Note::DuplicateAck, "duplicate-ack"),
        (Note::WindowFull, "window-full"),
        (Note::ZeroWindow, "zero-window"),
        (Note::WindowUpdate, "window-update"),
        (Note::WindowProbe, "window-probe"),
        (Note::KeepAlive, "keep-alive"),
        (Note::KeepAliveAck, "keep-alive-ack"),
        (Note::ChallengeAck, "challenge-ack"),
        (Note::ResetIgnored, "reset-ignored"),
        (Note::PortReused, "port-reused"),
        (Note::Urgent, "urgent"),
        (Note::PreviousNotCaptured, "previous-not-captured"),
        (Note::AckOfUnseen, "ack-of-unseen"),
    ];
}

/// A set of notes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Notes(u32);

impl Notes {
    pub fn add(&mut self, note: Note) {
        self.0 |= 1 << note as u8;
    }

    #[must_use]
    pub fn has(self, note: Note) -> bool {
        self.0 & 1 << note as u8 != 0
    }

    #[must_use]
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The same set but for one note.
    #[must_use]
    pub fn without(self, note: Note) -> Notes {
        Notes(self.0 & !(1 << note as u8))
    }

    /// Whether the segment was sent before: data, SYN or FIN.
    #[must_use]
    pub fn is_repetition(self) -> bool {
        let again = [
            Note::Retransmission,
            Note::FinRetransmission,
            Note::SynRetransmission,
        ];
        again.into_iter().any(|note| self.has(note))
    }

    /// The names of the notes in the set.
    pub fn names(self) -> impl Iterator<Item = &'static str> {
        Note::ALL
            .into_iter()
            .filter(move |(note, _)| self.has(*note))
            .map(|(_, name)| name)
    }
}

/// What fills a hole sooner than this came out of order; later, it was sent again and the capture
/// doesn't have the first one (Wireshark has the same 3 ms).
const OUT_OF_ORDER_NS: u64 = 3_000_000;

/// Whether a segment brings what the capture had gone past: numbers that were never captured, and
/// that the receiver neither took nor holds.
#[must_use]
pub fn fills_hole(sender: &Endpoint, receiver: &Endpoint, seg: &Segment) -> bool {
    let was_missed = sender
        .missed
        .is_some_and(|(from, to)| !seg.seq.before(from) && seg.seq.before(to));
    let is_new = receiver.rcv_nxt.is_some_and(|nxt| !seg.seq.before(nxt))
        && !receiver.holds(seg.seq, seg.seq_end());
    seg.seq_len() > 0 && was_missed && is_new
}

/// The notes on a segment, from what was known of its sender and its receiver before it. `at`:
/// nanoseconds since the Unix epoch.
#[must_use]
pub fn notes(sender: &Endpoint, receiver: &Endpoint, seg: &Segment, at: u64) -> Notes {
    let mut notes = Notes::default();
    if seg.has(Flags::URG) {
        notes.add(Note::Urgent);
    }
    if !seg.has(Flags::RST) {
        note_order(sender, receiver, seg, at, &mut notes);
        note_acknowledgement(sender, receiver, seg, &mut notes);
    }
    notes
}

/// Where the segment stands among what its sender has sent.
fn note_order(sender: &Endpoint, receiver: &Endpoint, seg: &Segment, at: u64, notes: &mut Notes) {
    let Some(nxt) = sender.snd_nxt else { return };
    if seg.has(Flags::SYN) {
        // The SYN,ACK of a simultaneous open repeats the SYN only to acknowledge the other one.
        let answers = seg.has(Flags::ACK) && sender.acked.is_none();
        if sender.iss == Some(seg.seq) && !answers {
            notes.add(Note::SynRetransmission);
        }
        return;
    }
    if seg.seq.after(nxt) {
        notes.add(Note::PreviousNotCaptured);
        return;
    }
    if is_probe(sender, receiver, seg, nxt) {
        let closed = receiver.last_sent.is_some_and(|(_, wnd)| wnd == 0);
        notes.add(if closed {
            Note::WindowProbe
        } else {
            Note::KeepAlive
        });
        return;
    }
    let is_news = seg.len > 0 && seg.seq_end().after(nxt);
    if is_news && receiver.right_edge == Some(seg.seq + seg.len) {
        notes.add(Note::WindowFull);
    }
    if seg.seq_len() == 0 || !seg.seq.before(nxt) {
        return;
    }
    let soon = at.saturating_sub(sender.missed_at) < OUT_OF_ORDER_NS;
    if soon && fills_hole(sender, receiver, seg) {
        notes.add(Note::OutOfOrder);
    } else if sender.fin.is_some() && sender.fin == seg.fin_seq() {
        notes.add(Note::FinRetransmission);
    } else {
        notes.add(Note::Retransmission);
    }
}

/// Whether the segment only asks for an acknowledgement: nothing or one octet, of what the peer has
/// or can't take.
fn is_probe(sender: &Endpoint, receiver: &Endpoint, seg: &Segment, nxt: Seq) -> bool {
    if seg.len > 1 || seg.has(Flags::FIN) {
        return false;
    }
    let closed = receiver.last_sent.is_some_and(|(_, wnd)| wnd == 0);
    let old = seg.seq == nxt - 1 && sender.snd_una == Some(nxt);
    let beyond_closed = closed && seg.seq == nxt && seg.len == 1;
    // Linux probes with the number before the oldest that isn't acknowledged.
    let before_closed = closed && seg.len == 0 && sender.snd_una == Some(seg.seq + 1);
    old || beyond_closed || before_closed
}

/// What the segment tells of the other direction.
fn note_acknowledgement(sender: &Endpoint, receiver: &Endpoint, seg: &Segment, notes: &mut Notes) {
    if seg.wnd == 0 && !seg.has(Flags::SYN) {
        notes.add(Note::ZeroWindow);
    }
    let Some(ack) = seg.ack_seq() else { return };
    if receiver.snd_nxt.is_some_and(|nxt| ack.after(nxt)) {
        notes.add(Note::AckOfUnseen);
    }
    let bare = seg.seq_len() == 0 && Some(seg.seq) == sender.snd_nxt;
    let Some((last_ack, last_wnd)) = sender.last_sent else {
        return;
    };
    if !bare || ack != last_ack {
        return;
    }
    if sender.challenged {
        notes.add(Note::ChallengeAck);
    } else if receiver.probed && seg.wnd > 0 && last_wnd > 0 {
        notes.add(Note::KeepAliveAck);
    } else if last_wnd != seg.wnd && seg.wnd > 0 {
        notes.add(Note::WindowUpdate);
    } else if seg.wnd > 0 {
        notes.add(Note::DuplicateAck);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_in_the_order_of_the_notes() {
        assert!(
            Note::ALL
                .iter()
                .enumerate()
                .all(|(i, (note, _))| *note as usize == i)
        );
    }
}
