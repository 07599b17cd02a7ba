//! Whether a segment arrived. A capture shows what passed one place, once: that a segment reached its receiver is
//! presumed, as the states are, until something proves that it didn't.
//!
//! Two things prove it:
//! - **The receiver.** Both ends do selective acknowledgements (RFC 2018); the receiver told of a hole just where the
//!   segment belongs; the sender sent all of the segment's numbers again; then the receiver had them, and it never told
//!   that something came twice (D-SACK, RFC 2883). A receiver that is full may have thrown the segment away itself: while a
//!   window is 0, nothing is claimed; nor of one in FIN-WAIT-2 or TIME-WAIT, where Linux sends no D-SACK.
//! - **The wire**, in the lab: `told.rs`.
//!
//! That a segment is sent again proves nothing, however long nothing answers: what got lost may be the answers, and the one that
//! tells of a copy too. So the last segment before a silence is never known to be lost from the wire alone, nor is a SYN or an
//! ACK that carries nothing.

mod told;

use crate::conn::{Certainty, ConnectionId, Note, State};
use crate::trace::{Record, Trace};
use crate::wire::{Flags, Seq};

/// Rows looked at behind (and, for a repetition, before) a segment.
const NEAR: usize = 256;

/// Whether a segment reached its receiver.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Fate {
    /// It did, or nothing is known otherwise.
    #[default]
    Arrived,
    /// It is known not to have arrived.
    Lost {
        /// The row (from 0) of its first repetition.
        again: Option<usize>,
    },
}

impl Fate {
    /// What it means, in a sentence; `None` where nothing is to be said.
    #[must_use]
    pub fn sentence(self) -> Option<String> {
        match self {
            Fate::Arrived => None,
            Fate::Lost { again: None } => Some("Lost: it didn't arrive.".into()),
            Fate::Lost { again: Some(row) } => Some(format!(
                "Lost: it didn't arrive; segment {} repeats it.",
                row + 1
            )),
        }
    }
}

/// What became of row `row` (from 0) of a connection, as known now. Looks at a bounded number of rows.
#[must_use]
pub fn fate(trace: &Trace, id: ConnectionId, row: usize) -> Fate {
    let later = Later::of(trace, id, row);
    if later.answered && later.again.is_none() {
        return Fate::Arrived;
    }
    if later.proves_loss || told::is_dropped(trace, id, row) {
        return Fate::Lost { again: later.again };
    }
    Fate::Arrived
}

/// What the rows behind a segment say of it.
#[derive(Clone, Copy, Debug, Default)]
struct Later {
    /// The row of the first copy.
    again: Option<usize>,
    /// The receiver has it, or a copy.
    answered: bool,
    proves_loss: bool,
}

impl Later {
    fn of(trace: &Trace, id: ConnectionId, row: usize) -> Later {
        let sent = trace.row(id, row);
        let octets = octets(&sent);
        let mut later = Later::default();
        if octets.0 == octets.1 || sent.flags.has(Flags::RST) {
            return later;
        }
        let (mut hole, mut doubt) = (false, false);
        for at in row + 1..trace.len(id).min(row + 1 + NEAR) {
            let record = trace.row(id, at);
            if record.flags.has(Flags::RST) {
                continue;
            }
            if record.from == sent.from {
                if !later.answered && holds(self::octets(&record), octets) {
                    later.again.get_or_insert(at);
                }
                continue;
            }
            let answer = Answer::of(trace, id, at, octets);
            // It came twice: then every copy may have arrived.
            doubt |= answer.twice;
            hole |= answer.hole && !later.answered;
            if answer.has && !later.answered {
                later.answered = true;
                doubt |= record.certainty[record.from] == Certainty::Uncertain;
                doubt |= !tells_twice(record.states[record.from]);
                if later.again.is_none() {
                    return later;
                }
            }
            doubt |= !later.answered && record.notes.has(Note::ZeroWindow);
        }
        let connection = trace.connection(id);
        later.proves_loss = later.answered
            && later.again.is_some()
            && hole
            && !doubt
            && connection.has_sack()
            && !sent.flags.has(Flags::SYN)
            && is_news(trace, id, row, octets);
        later
    }
}

/// Whether an end in this state tells what came twice: of a connection that waits without a program Linux keeps too little.
fn tells_twice(state: State) -> bool {
    !matches!(state, State::FinWait2 | State::TimeWait | State::Closed)
}

/// What a segment of the receiver says.
#[derive(Clone, Copy, Debug)]
struct Answer {
    /// It has all of it.
    has: bool,
    /// It lacks some of it, and has what comes behind.
    hole: bool,
    /// Some of it came twice.
    twice: bool,
}

impl Answer {
    fn of(trace: &Trace, id: ConnectionId, row: usize, (from, to): (Seq, Seq)) -> Answer {
        let record = trace.row(id, row);
        let acks = record.flags.has(Flags::ACK);
        let sack = trace.sack(id, row).filter(|_| acks);
        let told_twice = sack.filter(|(first, _)| first.before(record.ack));
        let behind_gap = sack.filter(|(first, _)| first.after(record.ack));
        let points_at = !record.ack.before(from) && record.ack.before(to);
        Answer {
            has: acks && !record.ack.before(to)
                || behind_gap.is_some_and(|held| holds(held, (from, to))),
            hole: points_at && behind_gap.is_some_and(|(first, _)| !first.before(to)),
            twice: told_twice.is_some_and(|(a, b)| a.before(to) && b.after(from)),
        }
    }
}

/// The sequence numbers that a segment takes, `[from, to)`.
fn octets(record: &Record) -> (Seq, Seq) {
    let flags = record.flags;
    let beside = u32::from(flags.has(Flags::SYN)) + u32::from(flags.has(Flags::FIN));
    (record.seq, record.seq + record.len + beside)
}

fn holds((from, to): (Seq, Seq), (a, b): (Seq, Seq)) -> bool {
    !from.after(a) && !to.before(b)
}

/// Whether the receiver hadn't told that it has it before it was sent (once more).
fn is_news(trace: &Trace, id: ConnectionId, row: usize, octets: (Seq, Seq)) -> bool {
    let sent = trace.row(id, row);
    if sent.notes.has(Note::KeepAlive) || sent.notes.has(Note::WindowProbe) {
        return false;
    }
    if !sent.notes.is_repetition() {
        return true;
    }
    let first = row.saturating_sub(NEAR);
    let mut answers = (first..row)
        .filter(|&at| trace.row(id, at).from != sent.from)
        .map(|at| Answer::of(trace, id, at, octets))
        .peekable();
    (first == 0 || answers.peek().is_some()) && !answers.any(|answer| answer.has || answer.twice)
}

#[cfg(test)]
mod tests;
