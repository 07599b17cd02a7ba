//! What the list of connections can be sorted by.

use std::net::{IpAddr, SocketAddr};

use crate::conn::{ConnectionId, Side, State};
use crate::story::{Kind, Summary};

/// What the list is sorted by. Each has a direction that is natural: what is sought mostly stands first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Sort {
    /// In the order in which they began.
    #[default]
    Number,
    /// What waits to be closed first, the longest first; then TIME-WAIT; then the newest of the others.
    Closing,
    /// What went wrong first.
    Ending,
    /// The longest in its closing state first.
    Age,
    /// The longest first.
    Duration,
    /// The most first.
    Segments,
    /// The most first, both ways together.
    Bytes,
    /// By the client's address and port.
    Client,
}

impl Sort {
    pub const ALL: [Sort; 8] = [
        Sort::Number,
        Sort::Closing,
        Sort::Ending,
        Sort::Age,
        Sort::Duration,
        Sort::Segments,
        Sort::Bytes,
        Sort::Client,
    ];

    /// The one after it, round and round.
    #[must_use]
    pub fn next(self) -> Sort {
        Sort::ALL[(self as usize + 1) % Sort::ALL.len()]
    }

    /// What stands in `by ...`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Sort::Number => "number",
            Sort::Closing => "closing",
            Sort::Ending => "ending",
            Sort::Age => "age",
            Sort::Duration => "duration",
            Sort::Segments => "segments",
            Sort::Bytes => "bytes",
            Sort::Client => "client",
        }
    }

    /// Whether large values come first where the order isn't reversed.
    #[must_use]
    pub fn is_descending(self) -> bool {
        use Sort::{Age, Bytes, Closing, Duration, Segments};
        matches!(self, Closing | Age | Duration | Segments | Bytes)
    }

    /// What the order of a connection is told from, but for its addresses.
    pub(super) fn key(self, id: ConnectionId, summary: &Summary) -> SortKey {
        let most_first = |number: u64| SortKey(0, u128::from(u64::MAX - number), 0);
        match self {
            Sort::Number | Sort::Client => SortKey::default(),
            Sort::Closing => closing(id, summary),
            Sort::Ending => ending(summary),
            Sort::Age => match summary.closing_since_ns() {
                Some(since) => SortKey(0, since.into(), 0),
                None => SortKey(1, 0, 0),
            },
            Sort::Duration => most_first(summary.duration_ns),
            Sort::Segments => most_first(summary.segments.into()),
            Sort::Bytes => most_first(summary.bytes.client.saturating_add(summary.bytes.server)),
        }
    }
}

/// Compared from left to right; of equals the connection's number decides.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct SortKey(u8, u128, u16);

/// Connections in the order of their keys, then of their numbers. Keys of one word each are sorted in half the time.
pub(super) fn sorted(mut keyed: Vec<(SortKey, ConnectionId)>) -> Vec<ConnectionId> {
    let packed = |&(SortKey(rank, value, rest), id): &(SortKey, ConnectionId)| {
        let value = u64::try_from(value).ok()?;
        let high = u128::from(rank) << 112 | u128::from(value) << 48 | u128::from(rest) << 32;
        Some(high | u128::from(id))
    };
    let words: Option<Vec<u128>> = keyed.iter().map(packed).collect();
    if let Some(mut words) = words {
        words.sort_unstable();
        let id = |word: u128| (word & u128::from(ConnectionId::MAX)).try_into();
        return words.into_iter().filter_map(|word| id(word).ok()).collect();
    }
    keyed.sort_unstable();
    keyed.into_iter().map(|(_, id)| id).collect()
}

fn closing(id: ConnectionId, summary: &Summary) -> SortKey {
    let waits = Side::BOTH.into_iter().any(|side| summary.waits(side));
    let newest_first = u128::from(u32::MAX - id);
    let is_closed = Side::BOTH
        .into_iter()
        .all(|side| matches!(summary.states[side], State::Closed | State::Listen));
    match summary.closing_since_ns() {
        Some(since) if waits => SortKey(0, since.into(), 0),
        Some(since) => SortKey(1, since.into(), 0),
        None if is_closed => SortKey(3, newest_first, 0),
        None => SortKey(2, newest_first, 0),
    }
}

fn ending(summary: &Summary) -> SortKey {
    let rank = match summary.kind {
        Kind::Reset => 0,
        Kind::Refused => 1,
        Kind::TimedOut => 2,
        Kind::Unanswered => 3,
        Kind::HalfClosed => 4,
        Kind::Simultaneous => 5,
        Kind::Orderly => 6,
        Kind::Open => 7,
    };
    let side = |side: Option<Side>| side.map_or(2, |side| side as u16);
    let who = side(summary.reset_by) * 3 + side(summary.closed_first);
    let cause = summary.causes[0].map_or(u128::from(u64::MAX), |(id, _)| id as u128);
    SortKey(rank, cause, who)
}

impl SortKey {
    pub(super) fn of_address(address: SocketAddr) -> SortKey {
        let (family, bits) = match address.ip() {
            IpAddr::V4(ip) => (4, u128::from(ip.to_bits())),
            IpAddr::V6(ip) => (6, ip.to_bits()),
        };
        SortKey(family, bits, address.port())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::story::tests::trace_of;

    #[test]
    fn a_connection_of_which_one_end_is_open_stands_before_those_that_are_closed() {
        let mut summary = Summary::of(&trace_of("> . 1:1 ack 1"), 0);
        let mut key = |client, server| {
            (summary.states.client, summary.states.server) = (client, server);
            closing(0, &summary)
        };
        let closed = key(State::Closed, State::Closed);
        assert!(key(State::Closed, State::Established) < closed);
        assert!(key(State::Established, State::Closed) < closed);
        assert!(key(State::Closed, State::Listen) == closed);
    }
}
