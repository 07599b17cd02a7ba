//! What is told beside the segments: what a program did, what its kernel says. Captures hold none of it; the lab does.

use super::Trace;
use crate::conn::state::PerSide;
use crate::conn::{ConnectionId, Side, State};

/// Something that stands between the segments of a connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Aside {
    /// Nanoseconds since the Unix epoch, by the clock that stamps frames.
    pub time_ns: u64,
    /// The connection it belongs to; one that is yet to come where it comes before every segment.
    pub connection: ConnectionId,
    /// How many of the connection's segments come before it.
    pub row: u32,
    pub said: Said,
}

/// What is said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Said {
    /// A system call: `close(3) = 0`; one that waits as its begin, `read(4) ...`, and its end.
    Call {
        side: Side,
        text: String,
        /// It failed.
        failed: bool,
    },
    /// What both kernels say of their sockets (sock_diag), and tcpviz of the same moment.
    Kernel {
        ends: PerSide<KernelEnd>,
        shown: PerSide<State>,
    },
    /// Something befell a host, a process or the wire.
    Order(String),
}

/// A socket, as its kernel has it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KernelEnd {
    pub state: State,
    /// Octets not read yet (`ss`: Recv-Q); an unread FIN counts.
    pub receive_queue: u32,
    /// Sequence numbers not acknowledged yet (`ss`: Send-Q); a FIN counts.
    pub send_queue: u32,
    /// Which timer runs, and how long: `TIME-WAIT 60 s`; empty where none does.
    pub timer: String,
}

/// A line of a connection's ladder.
#[derive(Clone, Copy, Debug)]
pub enum Entry<'a> {
    /// The connection's segment of this row, from 0.
    Segment(usize),
    Aside(&'a Aside),
}

impl Trace {
    /// Takes what is told beside the segments, in its place.
    pub fn remark(&mut self, aside: Aside) {
        let place = (aside.connection, aside.row, aside.time_ns);
        let at = self
            .asides
            .partition_point(|known| (known.connection, known.row, known.time_ns) <= place);
        self.asides.insert(at, aside);
    }

    /// What is told beside a connection's segments, in order.
    #[must_use]
    pub fn asides(&self, connection: ConnectionId) -> &[Aside] {
        let from = |id| self.asides.partition_point(|aside| aside.connection < id);
        &self.asides[from(connection)..from(connection + 1)]
    }

    /// How many lines a connection's ladder has: its segments, and what is told beside them.
    #[must_use]
    pub fn entries(&self, connection: ConnectionId) -> usize {
        self.asides(connection).len() + self.rows.get(connection as usize).map_or(0, Vec::len)
    }

    /// Line `index` (from 0) of a connection's ladder.
    #[must_use]
    pub fn entry(&self, connection: ConnectionId, index: usize) -> Entry<'_> {
        let asides = self.asides(connection);
        // The aside at place n of its connection stands behind n others and its segments.
        let before = asides
            .iter()
            .enumerate()
            .take_while(|(n, aside)| aside.row as usize + n < index)
            .count();
        match asides.get(before) {
            Some(aside) if aside.row as usize + before == index => Entry::Aside(aside),
            _ => Entry::Segment(index - before),
        }
    }

    /// The line of a connection's ladder on which its segment of row `row` stands.
    #[must_use]
    pub fn entry_of(&self, connection: ConnectionId, row: usize) -> usize {
        row + self
            .asides(connection)
            .partition_point(|aside| aside.row as usize <= row)
    }

    /// The newest segment on or above a line of a connection's ladder; its first where there is none above.
    #[must_use]
    pub fn row_at(&self, connection: ConnectionId, index: usize) -> usize {
        match self.entry(connection, index) {
            Entry::Segment(row) => row,
            Entry::Aside(aside) => (aside.row as usize).saturating_sub(1),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::Ports;

    #[test]
    fn asides_stand_behind_as_many_segments_as_they_say() {
        let mut trace = Trace::new(Ports::default());
        trace.rows = vec![vec![0, 1, 2]];
        for (row, time_ns) in [(2, 5), (0, 1), (2, 4), (3, 9)] {
            trace.remark(Aside {
                time_ns,
                connection: 0,
                row,
                said: Said::Order(String::new()),
            });
        }
        let told: Vec<_> = (0..trace.entries(0))
            .map(|index| match trace.entry(0, index) {
                Entry::Segment(row) => format!("segment {row}"),
                Entry::Aside(aside) => aside.time_ns.to_string(),
            })
            .collect();
        let wanted = ["1", "segment 0", "segment 1", "4", "5", "segment 2", "9"];
        assert_eq!(told, wanted);
        let lines = [0, 1, 2].map(|row| trace.entry_of(0, row));
        assert_eq!(lines, [1, 2, 5]);
    }
}
