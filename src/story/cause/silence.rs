//! A connection that nobody answers any more: retransmissions without acknowledgement, and what
//! routers say of it.

use super::{Cause, CauseId, NEAR};
use crate::conn::{ConnectionId, ErrorSeen, Side};
use crate::trace::{Record, Trace};
use crate::wire::Flags;

/// Repetitions without an answer after which a program has surely noticed. Linux gives up after
/// tcp_retries2 (15; 4 where it was lowered as far as is sensible) or TCP_USER_TIMEOUT.
const GIVEN_UP_AFTER: usize = 4;

/// What is repeated closer together than this is one burst: no time-out is that short.
const BURST_NS: u64 = 10_000_000;

/// Nobody gives up sooner: time-outs of 200 ms and more (less only where a route says so) double.
const SOONEST_NS: u64 = 300_000_000;

/// How many times the last interval between repetitions has to pass in silence, while a capture
/// goes on, until the next one surely isn't coming: intervals double.
const SILENT_INTERVALS: u64 = 3;

/// Rows of repetitions looked at: more say no more, and a capture may end in millions of them.
const LONGEST: usize = 4_096;

/// One side repeats itself, and nothing comes back.
#[derive(Clone, Copy, Debug)]
pub struct Silence {
    /// Who repeats itself.
    pub by: Side,
    /// The row (from 0) of what it repeats, and the last of the repetitions.
    pub first: usize,
    pub last: usize,
    pub repetitions: usize,
    /// What it repeats is its SYN.
    pub is_syn: bool,
    /// The last ICMP error about it.
    pub error: Option<ErrorSeen>,
    /// Whether its sender has given up, as far as can be told.
    pub given_up: bool,
    /// By when (nanoseconds since the Unix epoch) its next repetition would surely have come.
    pub until_ns: u64,
}

impl Silence {
    /// The errno that Linux gives: what ICMP said last, if anything.
    #[must_use]
    pub fn errno(&self) -> &'static str {
        let told = self.error.and_then(|seen| seen.error.errno());
        told.unwrap_or("ETIMEDOUT")
    }

    pub(super) fn causes(&self) -> Vec<Cause> {
        if !self.given_up {
            return Vec::new();
        }
        let mut rows = vec![self.first, self.last];
        rows.dedup();
        let timeout = Cause::likely(
            CauseId::RetransmissionTimeout,
            &rows,
            "the capture may end before its sender gave up",
        );
        let unreachable = Cause::likely(
            CauseId::Unreachable,
            &rows,
            if self.is_syn {
                "a firewall may say so in its place"
            } else {
                "an ICMP error is only a hint: TCP goes on until its retransmissions are used up"
            },
        );
        match self.error {
            Some(_) => vec![unreachable],
            None => vec![timeout],
        }
    }
}

/// The silence in which a connection's rows end, if they do.
#[must_use]
pub fn silence(trace: &Trace, id: ConnectionId) -> Option<Silence> {
    let rows = trace.len(id);
    let newest = trace.row(id, rows.checked_sub(1)?);
    let by = newest.from;
    let time = |row: usize| trace.row(id, row).time_ns;
    let repeats = |row: &usize| {
        let record = trace.row(id, *row);
        record.from == by && record.notes.is_repetition()
    };
    let near = rows.saturating_sub(LONGEST)..rows;
    let trailing = near.rev().take_while(repeats).count();
    // Segments of one burst are repeated together: that is one time.
    let mut rounds: Vec<usize> = Vec::new();
    for row in rows - trailing..rows {
        let since = rounds
            .last()
            .map_or(u64::MAX, |&last| time(row) - time(last).min(time(row)));
        if since >= BURST_NS {
            rounds.push(row);
        }
    }
    let repetitions = rounds.len();
    let is_syn = newest.flags.has(Flags::SYN) && !newest.flags.has(Flags::ACK);
    if repetitions == 0 && !is_syn {
        return None;
    }
    let again = rounds.first().copied().unwrap_or(rows - 1);
    let seq = trace.row(id, again).seq;
    let carries = |record: &Record| record.len > 0 || record.flags.has(Flags::SYN | Flags::FIN);
    let first = (again.saturating_sub(NEAR)..again)
        .rev()
        .take_while(|&row| trace.row(id, row).from == by)
        .filter(|&row| trace.row(id, row).seq == seq && carries(&trace.row(id, row)))
        .last()
        .unwrap_or(again);
    let connection = trace.connection(id);
    let about_it = |seen: &ErrorSeen| {
        seen.about == by && seen.rows as usize > first && seen.error.errno().is_some()
    };
    let error = connection.last_error.filter(about_it);
    let before = rounds.iter().rev().nth(1).copied().unwrap_or(first);
    let newest_round = rounds.last().copied().unwrap_or(rows - 1);
    let interval = time(newest_round).saturating_sub(time(before));
    let lasted = newest.time_ns.saturating_sub(time(first));
    let until_ns = newest
        .time_ns
        .saturating_add(interval.saturating_mul(SILENT_INTERVALS));
    let nothing_more = trace.ended.is_some() || trace.now_ns() > until_ns;
    Some(Silence {
        by,
        first,
        last: rows - 1,
        repetitions,
        is_syn,
        error,
        // connect() gives up on an error at once.
        given_up: (repetitions >= GIVEN_UP_AFTER && lasted >= SOONEST_NS
            || is_syn && error.is_some())
            && nothing_more,
        until_ns,
    })
}
