//! Checkpoints of a connection, and its rows observed again from the nearest one.

use super::{Space, both};
use crate::conn::state::PerSide;
use crate::conn::{Connection, ConnectionId, Side};
use crate::trace::{Record, Trace};
use crate::wire::{Flags, IcmpError, Segment, Told};

/// Rows from one checkpoint to the next: as many are observed again at most.
const STRETCH: usize = if cfg!(test) { 4 } else { 1024 };

/// Finds the sequence space of any row of one connection quickly. Followed as segments come; corrected states need
/// no forgetting: they are read from the records when asked for. It holds about a kilobyte for each thousand of them.
#[derive(Clone, Debug, Default)]
pub struct SpaceIndex {
    /// The connection before each `STRETCH`th row; the first is before row 0.
    checkpoints: Vec<Connection>,
    /// The connection after all rows seen.
    newest: Option<Connection>,
    seen: usize,
    /// ICMP errors about it, each with the number of rows before it.
    errors: Vec<(usize, IcmpError)>,
    /// Errors of the whole trace looked at so far.
    errors_seen: usize,
}

impl SpaceIndex {
    /// The index of a connection as known now.
    #[must_use]
    pub fn of(trace: &Trace, id: ConnectionId) -> SpaceIndex {
        let mut index = SpaceIndex::default();
        index.follow(trace, id);
        index
    }

    /// Looks at the rows that came since. Always of the same connection.
    pub fn follow(&mut self, trace: &Trace, id: ConnectionId) {
        let errors = trace.errors_since(self.errors_seen).iter();
        let own = errors.filter(|error| error.connection == id);
        self.errors
            .extend(own.map(|error| (error.seen.rows as usize, error.seen.error)));
        self.errors_seen = trace.errors_in_all();
        if trace.len(id) == 0 {
            return;
        }
        let mut newest = self.newest.take().unwrap_or_else(|| beginning(trace, id));
        for row in self.seen..trace.len(id) {
            if row.is_multiple_of(STRETCH) {
                self.checkpoints.push(newest.clone());
            }
            self.step(trace, id, row, &mut newest);
        }
        self.seen = trace.len(id);
        self.newest = Some(newest);
    }

    /// Both ends after row `row`, which has been followed; as if nothing was known if it hasn't.
    #[must_use]
    pub fn at(&self, trace: &Trace, id: ConnectionId, row: usize) -> PerSide<Space> {
        let Some(checkpoint) = self
            .checkpoints
            .get(row / STRETCH)
            .filter(|_| row < self.seen)
        else {
            return PerSide::default();
        };
        let mut before = checkpoint.clone();
        for earlier in row / STRETCH * STRETCH..row {
            self.step(trace, id, earlier, &mut before);
        }
        let mut then = before.clone();
        self.step(trace, id, row, &mut then);
        both(trace, id, row, [&before, &then])
    }

    #[cfg(test)]
    pub(super) fn newest(&self) -> Option<&Connection> {
        self.newest.as_ref()
    }

    /// Observes a row again, after the errors that came before it.
    fn step(&self, trace: &Trace, id: ConnectionId, row: usize, connection: &mut Connection) {
        let from = self.errors.partition_point(|(rows, _)| *rows < row);
        for (_, error) in self.errors[from..]
            .iter()
            .take_while(|(rows, _)| *rows == row)
        {
            connection.report(error);
        }
        let record = trace.row(id, row);
        let known = trace.connection(id);
        connection.observe(&segment(&record, &known), record.from, record.time_ns);
    }
}

/// The connection before its first row.
fn beginning(trace: &Trace, id: ConnectionId) -> Connection {
    let known = trace.connection(id);
    let mut connection =
        Connection::new(known.addresses, known.opening, known.roles, known.previous);
    connection.begin_with(&segment(&trace.row(id, 0), &known));
    connection
}

/// The segment as the record keeps it. Selective acknowledgements are only in the capture file:
/// what they alone tell is in the states.
fn segment(record: &Record, known: &Connection) -> Segment {
    let (from, end) = (record.from, &known.ends[record.from]);
    let is_syn = record.flags.has(Flags::SYN);
    let addresses = known.addresses;
    Segment {
        src: addresses[from],
        dst: addresses[Side::peer(from)],
        flags: record.flags,
        seq: record.seq,
        ack: record.ack,
        len: record.len,
        wnd: record.wnd,
        urg: 0,
        ttl: end.ttl.unwrap_or_default(),
        told: Told {
            window_scale: end.window_scale.filter(|_| is_syn),
            sack_permitted: end.sack_permitted && is_syn,
            sack: None,
        },
    }
}
