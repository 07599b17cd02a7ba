//! Findings: what is worth telling about a connection, each in three sentences: what was seen, what
//! it means, what to try. One a file, declared once: `docs/findings.md` is made from these
//! declarations.

mod close_wait_lasts;
mod data_after_close;
mod fin_retransmitted;
mod fin_wait_2_lasts;
mod half_close_data;
mod keep_alive_failed;
mod linger_zero;
mod peer_rebooted;
mod refused;
mod reset_from_the_middle;
mod syn_unanswered;
mod time_wait_reused;
mod unread_data;

use super::cause::CauseId;
use super::clock;
use super::ending::Ending;
use super::numbers::span;
use crate::conn::{Connection, ConnectionId, Side, State};
use crate::trace::{Record, Trace};

/// A kind of finding. In the texts `{me}` is the side it is about, `{peer}` the other one.
#[derive(Debug)]
pub struct Finding {
    /// The name in the JSON output.
    pub id: &'static str,
    /// When it is told, for the documentation.
    pub when: &'static str,
    /// What it means.
    pub means: &'static str,
    /// What to try.
    pub attempt: &'static str,
    find: fn(&Story<'_>) -> Option<Seen>,
}

/// Every finding, in the order in which they are told.
pub const ALL: [&Finding; 13] = [
    &close_wait_lasts::FINDING,
    &fin_wait_2_lasts::FINDING,
    &unread_data::FINDING,
    &data_after_close::FINDING,
    &linger_zero::FINDING,
    &half_close_data::FINDING,
    &fin_retransmitted::FINDING,
    &refused::FINDING,
    &syn_unanswered::FINDING,
    &peer_rebooted::FINDING,
    &keep_alive_failed::FINDING,
    &time_wait_reused::FINDING,
    &reset_from_the_middle::FINDING,
];

/// What a finding looks at.
struct Story<'a> {
    trace: &'a Trace,
    id: ConnectionId,
    connection: &'a Connection,
    ending: &'a Ending,
}

/// What a finding found.
struct Seen {
    side: Side,
    /// Rows of the connection that show it, from 0.
    rows: Vec<usize>,
    sentence: String,
}

/// One finding about one connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    pub id: &'static str,
    /// Whom it is about.
    pub side: Side,
    /// Rows of the connection that show it, from 0.
    pub rows: Vec<usize>,
    pub seen: String,
    pub means: String,
    pub attempt: String,
}

/// What there is to tell about a connection, as known now.
#[must_use]
pub fn findings(trace: &Trace, id: ConnectionId, ending: &Ending) -> Vec<Found> {
    let story = Story {
        trace,
        id,
        connection: &trace.connection(id),
        ending,
    };
    let found = |finding: &&Finding| {
        let seen = (finding.find)(&story)?;
        let told = |text: &str| {
            text.replace("{me}", seen.side.name())
                .replace("{peer}", seen.side.peer().name())
        };
        Some(Found {
            id: finding.id,
            means: told(finding.means),
            attempt: told(finding.attempt),
            seen: seen.sentence,
            side: seen.side,
            rows: seen.rows,
        })
    };
    ALL.iter().filter_map(found).collect()
}

/// How long a state lasts before it is worth telling, in nanoseconds: longer than any delayed
/// acknowledgement or scheduling.
pub(super) const LONG_NS: u64 = 10_000_000_000;

impl Story<'_> {
    /// The rows of the likeliest cause, if it is this one.
    fn caused_by(&self, id: CauseId) -> Option<(Side, Vec<usize>)> {
        let cause = self.ending.causes.first().filter(|cause| cause.id == id)?;
        Some((self.ending.reset_by?, cause.rows.clone()))
    }

    /// Rows whose record is as wanted.
    fn rows(&self, wanted: impl Fn(&Record) -> bool) -> Vec<usize> {
        let rows = self.trace.rows_of(self.id).enumerate();
        rows.filter(|(_, record)| wanted(record))
            .map(|(row, _)| row)
            .collect()
    }

    /// A side that was in a state for long, and is told as `has been` or `was`: the row at which it
    /// began, and for how long.
    fn lasted(&self, state: State) -> Option<(Side, usize, u64)> {
        let stay = |side: Side| {
            let is_in = |record: &Record| record.states[side] == state;
            let entered = self
                .trace
                .rows_of(self.id)
                .position(|record| is_in(&record))?;
            let left = self
                .trace
                .rows_of(self.id)
                .skip(entered)
                .find(|record| !is_in(record));
            let until = left.map_or(self.trace.now_ns(), |record| record.time_ns);
            let since = self.trace.row(self.id, entered).time_ns;
            Some((side, entered, until.saturating_sub(since)))
        };
        Side::BOTH
            .into_iter()
            .filter_map(stay)
            .find(|(.., lasted)| *lasted >= LONG_NS)
    }

    /// `The server has been in CLOSE-WAIT for 41 s.`; `was` where it is over.
    fn lasting(&self, state: State) -> Option<Seen> {
        let (side, row, lasted) = self.lasted(state)?;
        let is_now = clock::state_now(self.trace, self.id, side) == state;
        let verb = if is_now { "has been" } else { "was" };
        Some(Seen {
            side,
            rows: vec![row],
            sentence: format!("The {side} {verb} in {state} for {}.", span(lasted, true)),
        })
    }
}

#[cfg(test)]
mod tests;
