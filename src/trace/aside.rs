//! What is told beside the segments: what a program did, what its kernel says. Captures hold none of it; the lab does.

use std::fmt;

use super::Trace;
use crate::conn::state::PerSide;
use crate::conn::{ConnectionId, Side, State};
use crate::wire::Ended;

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
    /// What both kernels say of their sockets (sock_diag).
    Kernel(PerSide<KernelEnd>),
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
    /// Which timer runs, as `ss` names it, and how long: `timewait 59 s`; empty where none does.
    pub timer: String,
}

/// A line of a connection's ladder.
#[derive(Clone, Copy, Debug)]
pub enum Entry<'a> {
    /// The connection's segment of this row, from 0.
    Segment(usize),
    Aside(&'a Aside),
}

/// One line: `1 5 kernel FIN-WAIT-2 0 0 timewait 59 s; CLOSE-WAIT 1 0 `, connection and row first.
/// Without its time, which its place tells.
impl fmt::Display for Aside {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} ", self.connection + 1, self.row)?;
        match &self.said {
            Said::Call { side, text, failed } => {
                let how = if *failed { "fails" } else { "calls" };
                write!(f, "{side} {how} {text}")
            }
            Said::Order(text) => write!(f, "order {text}"),
            Said::Kernel(ends) => write!(f, "kernel {}; {}", ends.client, ends.server),
        }
    }
}

impl fmt::Display for KernelEnd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let KernelEnd {
            state,
            receive_queue,
            send_queue,
            timer,
        } = self;
        write!(f, "{state} {receive_queue} {send_queue} {timer}")
    }
}

impl Aside {
    /// Reads such a line; `None` if it isn't one.
    #[must_use]
    pub fn read(line: &str) -> Option<Aside> {
        let mut words = line.splitn(4, ' ');
        let connection = words.next()?.parse::<u32>().ok()?.checked_sub(1)?;
        let row = words.next()?.parse().ok()?;
        let (kind, rest) = (words.next()?, words.next()?);
        let said = match kind {
            "order" => Said::Order(rest.into()),
            "kernel" => {
                let (client, server) = rest.split_once("; ")?;
                Said::Kernel(PerSide {
                    client: read_end(client)?,
                    server: read_end(server)?,
                })
            }
            side => {
                let (how, text) = rest.split_once(' ')?;
                Said::Call {
                    side: *Side::BOTH.iter().find(|known| known.name() == side)?,
                    text: text.into(),
                    failed: how == "fails",
                }
            }
        };
        Some(Aside {
            time_ns: 0,
            connection,
            row,
            said,
        })
    }
}

fn read_end(text: &str) -> Option<KernelEnd> {
    let mut words = text.splitn(4, ' ');
    let name = words.next()?;
    Some(KernelEnd {
        state: State::ALL.into_iter().find(|state| state.name() == name)?,
        receive_queue: words.next()?.parse().ok()?,
        send_queue: words.next()?.parse().ok()?,
        timer: words.next().unwrap_or_default().into(),
    })
}

impl Trace {
    /// Takes what is told beside a capture that is yet to be read; it stands in its places once the capture has ended.
    pub fn prompt(&mut self, asides: Vec<Aside>) {
        self.prompted = asides;
    }

    /// The source has ended.
    pub fn end(&mut self, ended: Ended) {
        self.ended = Some(ended);
        for aside in std::mem::take(&mut self.prompted) {
            // A capture that was cut has fewer segments than were told of.
            let rows = self.rows.get(aside.connection as usize).map_or(0, Vec::len);
            if aside.row as usize <= rows {
                self.remark(aside);
            }
        }
    }

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

    /// The states that tcpviz has where an aside stands: those after the segment above it.
    #[must_use]
    pub fn states_at(&self, aside: &Aside) -> PerSide<State> {
        if (aside.connection as usize) < self.rows.len() {
            self.states_before(aside.connection, aside.row as usize)
        } else {
            PerSide::default()
        }
    }

    /// The line of a connection's ladder on which its segment of row `row` stands.
    #[must_use]
    pub fn entry_of(&self, connection: ConnectionId, row: usize) -> usize {
        row + self
            .asides(connection)
            .partition_point(|aside| aside.row as usize <= row)
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

    #[test]
    fn what_is_written_of_an_aside_is_read_again() {
        for line in [
            "1 3 client calls close(3) = 0",
            "1 7 server fails send(4, 1 byte) = EPIPE, SIGPIPE",
            "2 0 order the wire is cut",
            "1 5 kernel FIN-WAIT-2 0 0 timewait 59 s; CLOSE-WAIT 1 0 ",
        ] {
            assert_eq!(Aside::read(line).unwrap().to_string(), line);
        }
        assert_eq!(Aside::read("1 3 nobody calls close(3)"), None);
    }
}
