//! Looking at a trace: its connections, their rows, its errors and counts. Nothing here changes it.

use std::net::SocketAddr;
use std::ops::{Deref, Range};

use super::kept::Known;
use super::{ErrorRecord, Record, Trace};
use crate::conn::state::PerSide;
use crate::conn::{Connection, ConnectionId, Side, State};
use crate::wire::{Place, Seq};

impl Trace {
    /// The connections' numbers.
    #[must_use]
    pub fn ids(&self) -> Range<ConnectionId> {
        0..ConnectionId::try_from(self.table.connections.len()).unwrap_or(ConnectionId::MAX)
    }

    /// A connection, as known now.
    #[must_use]
    pub fn connection(&self, id: ConnectionId) -> impl Deref<Target = Connection> {
        TheConnection(self.table.connections.at(id))
    }

    /// Between which addresses a connection is: known of one at rest, too.
    #[must_use]
    pub fn addresses(&self, id: ConnectionId) -> PerSide<SocketAddr> {
        self.table.connections.addresses(id)
    }

    /// How many segments have been read.
    #[must_use]
    pub fn segments(&self) -> usize {
        self.segments
    }

    /// Whose the segments are from the `n`th on, from 0, in the order of the capture. Where connections leave, the oldest
    /// aren't remembered.
    #[must_use]
    pub fn order_since(&self, n: usize) -> &[ConnectionId] {
        self.order.since(n)
    }

    /// Connections that changed without a segment of their own, by an ICMP error, or because another took their ports:
    /// those from the `n`th on, from 0, of which the oldest aren't remembered where connections leave.
    #[must_use]
    pub fn befallen_since(&self, n: usize) -> &[ConnectionId] {
        self.table.connections.befallen.since(n)
    }

    /// How many there have been.
    #[must_use]
    pub fn befallen(&self) -> usize {
        self.table.connections.befallen.len()
    }

    /// The ICMP errors, in the order of the capture: the latest, where connections leave.
    #[must_use]
    pub fn errors(&self) -> &[ErrorRecord] {
        self.errors.since(0)
    }

    /// The same from the `n`th on, from 0.
    #[must_use]
    pub fn errors_since(&self, n: usize) -> &[ErrorRecord] {
        self.errors.since(n)
    }

    /// How many there have been.
    #[must_use]
    pub fn errors_in_all(&self) -> usize {
        self.errors.len()
    }

    /// Every segment, in the order of the capture; of one in which no connection leaves.
    pub fn records(&self) -> impl Iterator<Item = Record> {
        let mut rows = vec![0; self.ids().len()];
        self.order_since(0).iter().map(move |&id| {
            let row = &mut rows[id as usize];
            *row += 1;
            self.row(id, *row - 1)
        })
    }

    /// The number of the last frame that holds a segment; 0 if there is none.
    #[must_use]
    pub fn last_frame(&self) -> u32 {
        let last = self.order_since(0).last();
        let newest = last
            .filter(|id| self.has(**id))
            .map(|id| self.row(*id, self.len(*id) - 1));
        newest.map_or(0, |record| record.place.frame)
    }

    /// The connection and row (from 0) of a frame that holds one of the segments.
    #[must_use]
    pub fn find_frame(&self, frame: u32) -> Option<(ConnectionId, usize)> {
        let mut near = self.order.near(frame).to_vec();
        near.sort_unstable();
        near.dedup();
        near.into_iter().find_map(|id| {
            let known = self.table.connections.at(id);
            let frames = |record: &Record| record.place.frame;
            let row = known.rows.binary_search_by_key(&frame, frames).ok()?;
            Some((id, row))
        })
    }

    /// The newest connection between two addresses, and which of its sides is at `local`.
    #[must_use]
    pub fn newest_between(
        &self,
        local: SocketAddr,
        remote: SocketAddr,
    ) -> Option<(ConnectionId, Side)> {
        let id = self.table.newest_between(local, remote)?;
        let is_client = self.connection(id).addresses.client == local;
        Some((
            id,
            if is_client {
                Side::Client
            } else {
                Side::Server
            },
        ))
    }

    /// When the trace ends so far, in nanoseconds since the Unix epoch: the latest time captured, or what was told since
    /// then of the time that passes (`pass`).
    #[must_use]
    pub fn now_ns(&self) -> u64 {
        self.latest_ns
    }

    /// Whether a connection is there: it has begun, and hasn't left.
    #[must_use]
    pub fn has(&self, id: ConnectionId) -> bool {
        self.len(id) > 0
    }

    /// The connections that rest before anything else is taken: looking at them costs more then.
    #[must_use]
    pub fn about_to_rest(&self) -> &[ConnectionId] {
        self.table.connections.due()
    }

    /// Whether a connection rests: nothing has come to it since it was `about_to_rest`.
    #[must_use]
    pub fn rests(&self, id: ConnectionId) -> bool {
        self.table.connections.rests(id)
    }

    /// Octets that the connections at rest take.
    #[must_use]
    pub fn octets_at_rest(&self) -> usize {
        self.table.connections.shelf.needed()
    }

    /// Whether what there is of long connections has room within the bounds: where any number of connections may stay, none
    /// leaves for want of it.
    #[must_use]
    pub fn has_room_for_long(&self) -> bool {
        self.table.connections.has_room_for_long()
    }

    /// Why not everything is there, in one sentence, if so.
    #[must_use]
    pub fn breaks_off(&self) -> Option<&str> {
        self.ended.as_ref()?.why()
    }

    /// A connection's number of segments; 0 if there is no such connection.
    #[must_use]
    pub fn len(&self, connection: ConnectionId) -> usize {
        self.table.connections.rows(connection)
    }

    /// Whether no segment has been read.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.segments == 0
    }

    /// Row `row` (from 0) of a connection.
    #[must_use]
    pub fn row(&self, connection: ConnectionId, row: usize) -> Record {
        self.table.connections.at(connection).rows[row]
    }

    /// The first SACK block of row `row`, `[from, to)`, if it has one (RFC 2018, RFC 2883).
    #[must_use]
    pub fn sack(&self, connection: ConnectionId, row: usize) -> Option<(Seq, Seq)> {
        let known = self.table.connections.at(connection);
        let at = |(at, _): &(u32, (Seq, Seq))| *at as usize;
        let found = known.sacks.binary_search_by_key(&row, at);
        found.ok().map(|at| known.sacks[at].1)
    }

    /// The rows of a connection, in order.
    pub fn rows_of(&self, connection: ConnectionId) -> impl Iterator<Item = Record> {
        let known = self.table.connections.at(connection);
        (0..known.rows.len()).map(move |row| known.rows[row])
    }

    /// The frames of a connection in the order of the capture, with when each came (nanoseconds since the Unix epoch):
    /// its segments, and the ICMP errors about it.
    #[must_use]
    pub fn frames_of(&self, connection: ConnectionId) -> Vec<(u64, Place)> {
        let segments = self.rows_of(connection);
        let segments = segments.map(|record| (record.time_ns, record.place));
        let about_it = |error: &&ErrorRecord| error.connection == connection;
        let errors = self.errors().iter().filter(about_it);
        let errors = errors.map(|error| (error.time_ns, error.place));
        let mut frames: Vec<_> = segments.chain(errors).collect();
        frames.sort_by_key(|(_, place)| place.frame);
        frames
    }

    /// The states before row `row`: those after the row above it, or the connection's first.
    #[must_use]
    pub fn states_before(&self, connection: ConnectionId, row: usize) -> PerSide<State> {
        match row.checked_sub(1) {
            Some(above) => self.row(connection, above).states,
            None => self.connection(connection).initial,
        }
    }

    /// A sequence number of `side` relative to where its counting began (modulo 2^32, as tcpdump
    /// prints it).
    #[must_use]
    pub fn relative(&self, connection: ConnectionId, side: Side, seq: Seq) -> u32 {
        match self.connection(connection).ends[side].zero {
            Some(zero) => seq - zero,
            None => seq.0,
        }
    }
}

/// A connection that is looked at.
struct TheConnection<'a>(Known<'a>);

impl Deref for TheConnection<'_> {
    type Target = Connection;

    fn deref(&self) -> &Connection {
        &self.0.connection
    }
}
