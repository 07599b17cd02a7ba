//! What is told beside the segments: what a program did, what its kernel says (captures hold none of it; the lab does), and
//! the ICMP errors.

use std::fmt;

use super::Trace;
use crate::conn::state::PerSide;
use crate::conn::{ConnectionId, ErrorSeen, Side, State};
use crate::wire::Ended;

/// How the lab's order begins that has a router send an ICMP error.
pub const ROUTER_SAYS: &str = "a router says: ";

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
    /// An ICMP error about one of the connection's segments: the capture has it.
    Error(ErrorSeen),
}

/// What stands beside one connection's segments.
#[derive(Clone, Debug, Default)]
pub(super) struct Beside {
    /// In order: the n-th (from 0) stands behind n others and as many segments as it says.
    asides: Vec<Aside>,
    /// How many of them aren't ICMP errors.
    told: usize,
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
            Said::Error(seen) => {
                let (reporter, words) = (seen.error.reporter, seen.error.words());
                write!(f, "icmp {} {reporter} {words}", seen.about)
            }
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

impl Beside {
    /// Where an aside comes in: by its time, among those of its row.
    fn place(&self, aside: &Aside) -> usize {
        if aside.time_ns > 0 {
            let place = (aside.row, aside.time_ns);
            let is_before = |known: &Aside| (known.row, known.time_ns) <= place;
            return self.asides.partition_point(is_before);
        }
        // Recordings have no times: an ICMP error stands behind the order that asked for it.
        let from = self.asides.partition_point(|known| known.row < aside.row);
        let row = self.asides[from..].iter();
        let row = row.take_while(|known| known.row == aside.row);
        let (mut asked, mut at) = (0, from);
        for (n, known) in row.enumerate() {
            match &known.said {
                Said::Error(_) if asked == 0 => break,
                Said::Error(_) => asked -= 1,
                Said::Order(text) => asked += usize::from(text.starts_with(ROUTER_SAYS)),
                _ => {}
            }
            at = from + n + 1;
        }
        at
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
        self.is_told = true;
        let beside = self.beside_mut(aside.connection);
        let at = beside.place(&aside);
        beside.asides.insert(at, aside);
        beside.told += 1;
    }

    /// An ICMP error stands behind everything that came so far.
    pub(super) fn place_error(&mut self, connection: ConnectionId, seen: ErrorSeen, time_ns: u64) {
        let beside = self.beside_mut(connection);
        let behind = |known: &Aside| known.row <= seen.rows;
        let at = beside.asides.partition_point(behind);
        let aside = Aside {
            time_ns,
            connection,
            row: seen.rows,
            said: Said::Error(seen),
        };
        beside.asides.insert(at, aside);
    }

    fn beside_mut(&mut self, connection: ConnectionId) -> &mut Beside {
        let index = connection as usize;
        if self.beside.len() <= index {
            self.beside.resize_with(index + 1, Beside::default);
        }
        &mut self.beside[index]
    }

    /// What is told beside a connection's segments, in order.
    #[must_use]
    pub fn asides(&self, connection: ConnectionId) -> &[Aside] {
        let beside = self.beside.get(connection as usize);
        beside.map_or(&[], |beside| &beside.asides)
    }

    /// What is told before the connection's segment of row `row` and behind the one above it.
    #[must_use]
    pub fn asides_before(&self, connection: ConnectionId, row: u32) -> &[Aside] {
        let asides = self.asides(connection);
        let from = asides.partition_point(|aside| aside.row < row);
        let to = asides.partition_point(|aside| aside.row <= row);
        &asides[from..to]
    }

    /// Whether anything is told beside the segments that the capture doesn't hold: by the lab.
    #[must_use]
    pub fn is_told(&self) -> bool {
        self.is_told
    }

    /// What is told beside a connection's segments, if any of it isn't an ICMP error.
    #[must_use]
    pub fn told_beside(&self, connection: ConnectionId) -> &[Aside] {
        match self.beside.get(connection as usize) {
            Some(beside) if beside.told > 0 => &beside.asides,
            _ => &[],
        }
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
        let line = |n: usize| asides[n].row as usize + n;
        let (mut before, mut end) = (0, asides.len());
        while before < end {
            let middle = usize::midpoint(before, end);
            if line(middle) < index {
                before = middle + 1;
            } else {
                end = middle;
            }
        }
        match asides.get(before) {
            Some(aside) if line(before) == index => Entry::Aside(aside),
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

    fn told(trace: &Trace) -> String {
        let asides = trace.asides(0).iter();
        let names = asides.map(|aside| match &aside.said {
            Said::Order(text) => text.clone(),
            Said::Error(seen) => format!("icmp {}", seen.error.code),
            _ => "?".into(),
        });
        names.collect::<Vec<_>>().join(", ")
    }

    fn error(row: u32, code: u8) -> ErrorSeen {
        let address: std::net::SocketAddr = "10.9.0.1:1".parse().unwrap();
        ErrorSeen {
            rows: row,
            about: Side::Client,
            error: crate::wire::IcmpError {
                reporter: address.ip(),
                src: address,
                dst: address,
                seq: crate::wire::Seq(1),
                kind: 3,
                code,
            },
        }
    }

    fn ordered(row: u32, time_ns: u64, text: &str) -> Aside {
        Aside {
            time_ns,
            connection: 0,
            row,
            said: Said::Order(text.into()),
        }
    }

    #[test]
    fn an_icmp_error_stands_by_its_time_or_in_a_recording_behind_the_order_for_it() {
        let asked = format!("{ROUTER_SAYS}net unreachable");
        for times in [[1, 2, 4, 9], [0; 4]] {
            let mut trace = Trace::new(Ports::default());
            trace.rows = vec![vec![0, 1]];
            trace.place_error(0, error(1, 1), 3);
            trace.place_error(0, error(1, 0), 8);
            let [a, b, c, d] = times;
            for (at, text) in [(a, "first"), (b, &asked), (c, &asked), (d, "last")] {
                trace.remark(ordered(1, at, text));
            }
            let wanted = format!("first, {asked}, icmp 1, {asked}, icmp 0, last");
            assert_eq!(told(&trace), wanted, "at {times:?}");
            assert!(trace.asides_before(0, 0).is_empty());
            assert_eq!(trace.asides_before(0, 1).len(), 6);
        }
    }

    #[test]
    fn a_hundred_thousand_icmp_errors_are_taken_and_found_at_once() {
        let mut trace = Trace::new(Ports::default());
        trace.rows = vec![vec![0, 1]];
        for n in 0..100_000 {
            // Their clock runs backwards.
            trace.place_error(0, error(1, 1), 200_000 - n);
        }
        assert_eq!(trace.entries(0), 100_002);
        let lines = 0..trace.entries(0);
        let segments = lines.filter(|line| matches!(trace.entry(0, *line), Entry::Segment(_)));
        assert_eq!(segments.collect::<Vec<_>>(), [0, 100_001]);
        assert!(trace.told_beside(0).is_empty() && !trace.is_told());
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
