//! Where what is told beside the segments stands: by connection, behind so many of its segments.

use std::collections::HashMap;

use foldhash::fast::RandomState;

use super::Trace;
use super::aside::{Aside, Entry, ROUTER_SAYS, Said};
use super::shortened::Shortened;
use crate::conn::state::PerSide;
use crate::conn::{ConnectionId, ErrorSeen, State};
use crate::wire::Ended;

/// What stands beside one connection's segments.
#[derive(Clone, Debug, Default)]
pub(super) struct Beside {
    /// In order: the n-th (from 0) stands behind n others and as many segments as it says.
    asides: Vec<Aside>,
    /// How many of them aren't ICMP errors.
    told: usize,
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

/// What stands beside the segments of all connections.
#[derive(Debug, Default)]
pub(super) struct Besides {
    of: HashMap<ConnectionId, Beside, RandomState>,
    /// How many there are in all.
    all: usize,
}

impl Besides {
    fn get(&self, id: ConnectionId) -> Option<&Beside> {
        // Most captures have none.
        if self.all == 0 {
            return None;
        }
        self.of.get(&id)
    }

    fn insert(&mut self, at: usize, aside: Aside) {
        self.all += 1;
        let beside = self.of.entry(aside.connection).or_default();
        beside.told += usize::from(!matches!(aside.said, Said::Error(_)));
        beside.asides.insert(at, aside);
    }

    /// A connection leaves.
    pub fn remove(&mut self, id: ConnectionId) {
        if let Some(beside) = self.of.remove(&id) {
            self.all -= beside.asides.len();
        }
    }

    /// A connection has lost rows: what stood among them goes with them.
    pub fn shorten(&mut self, shortened: &Shortened) {
        let Some(beside) = self.of.get_mut(&shortened.connection) else {
            return;
        };
        let before = beside.asides.len();
        // It stands behind the row above.
        let has = |aside: &Aside| {
            aside
                .row
                .checked_sub(1)
                .is_none_or(|row| shortened.has(row))
        };
        beside.asides.retain(has);
        for aside in &mut beside.asides {
            aside.row = shortened.row(aside.row);
            if let Said::Error(seen) = &mut aside.said {
                seen.rows = shortened.row(seen.rows);
            }
        }
        beside.count();
        self.all -= before - beside.asides.len();
    }

    /// Once there are twice as many, those that have the most lose their oldest; tells who.
    pub fn forget_beyond(&mut self, most: usize) -> Vec<ConnectionId> {
        if self.all / 2 <= most {
            return Vec::new();
        }
        let mut each = self.all;
        let all = |each: usize| {
            let kept = self.of.values().map(|it| it.asides.len().min(each));
            kept.sum::<usize>()
        };
        while all(each) > most {
            each /= 2;
        }
        let mut shortened = Vec::new();
        for (id, beside) in &mut self.of {
            let too_many = beside.asides.len().saturating_sub(each);
            if too_many > 0 {
                beside.asides.drain(..too_many);
                beside.asides.shrink_to_fit();
                beside.count();
                self.all -= too_many;
                shortened.push(*id);
            }
        }
        self.of.retain(|_, beside| !beside.asides.is_empty());
        shortened
    }
}

impl Beside {
    fn count(&mut self) {
        let is_told = |aside: &&Aside| !matches!(aside.said, Said::Error(_));
        self.told = self.asides.iter().filter(is_told).count();
    }
}

impl Trace {
    /// Takes what is told beside a capture that is yet to be read; it stands in its places once the capture has ended.
    pub fn prompt(&mut self, asides: Vec<Aside>) {
        self.prompted = asides;
    }

    /// The source has ended.
    pub fn end(&mut self, ended: Ended) {
        self.ended = Some(ended);
        self.place_all_heard();
        for aside in std::mem::take(&mut self.prompted) {
            // A capture that was cut has fewer segments than were told of.
            let rows = self.len(aside.connection);
            if aside.row as usize <= rows {
                self.remark(aside);
            }
        }
    }

    /// Takes what is told beside the segments, in its place.
    pub fn remark(&mut self, aside: Aside) {
        self.is_told = true;
        self.is_played |= matches!(aside.said, Said::Order(_));
        let beside = self.beside.get(aside.connection);
        let at = beside.map_or(0, |beside| beside.place(&aside));
        self.beside.insert(at, aside);
    }

    /// An ICMP error stands behind everything that came so far.
    pub(super) fn place_error(&mut self, connection: ConnectionId, seen: ErrorSeen, time_ns: u64) {
        let behind = |known: &Aside| known.row <= seen.rows;
        let at = self.asides(connection).partition_point(behind);
        let aside = Aside {
            time_ns,
            connection,
            row: seen.rows,
            said: Said::Error(seen),
        };
        self.beside.insert(at, aside);
    }

    /// What stands behind so many segments or more, of a connection: for who corrects it.
    pub(super) fn asides_from(&mut self, connection: ConnectionId, row: u32) -> &mut [Aside] {
        let beside = self.beside.of.get_mut(&connection);
        let asides = beside.map_or(&mut [][..], |beside| &mut beside.asides);
        let from = asides.partition_point(|aside| aside.row < row);
        &mut asides[from..]
    }

    /// What is told beside a connection's segments, in order.
    #[must_use]
    pub fn asides(&self, connection: ConnectionId) -> &[Aside] {
        let beside = self.beside.get(connection);
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

    /// Whether anything is told beside the segments that the capture doesn't hold: by the lab, or by kernels.
    #[must_use]
    pub fn is_told(&self) -> bool {
        self.is_told
    }

    /// Whether the lab tells what befell its hosts and its wire.
    #[must_use]
    pub fn is_played(&self) -> bool {
        self.is_played
    }

    /// What is told beside a connection's segments, if any of it isn't an ICMP error.
    #[must_use]
    pub fn told_beside(&self, connection: ConnectionId) -> &[Aside] {
        match self.beside.get(connection) {
            Some(beside) if beside.told > 0 => &beside.asides,
            _ => &[],
        }
    }

    /// How many lines a connection's ladder has: its segments, and what is told beside them.
    #[must_use]
    pub fn entries(&self, connection: ConnectionId) -> usize {
        self.asides(connection).len() + self.len(connection)
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
        if self.ids().contains(&aside.connection) {
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
    use crate::conn::Side;
    use crate::conn::tests::segment;
    use crate::wire::{Batch, Captured, Place, Ports};

    /// A trace of one connection with so many segments.
    fn trace_of(segments: u64) -> Trace {
        let mut trace = Trace::new(Ports::default());
        let captured = |n| Captured {
            time_ns: n,
            place: Place::default(),
            segment: segment("> . 1:1 ack 1"),
        };
        let batch = Batch {
            segments: (0..segments).map(captured).collect(),
            ..Batch::default()
        };
        trace.take(&batch, |_, _, _| {});
        trace
    }

    #[test]
    fn asides_stand_behind_as_many_segments_as_they_say() {
        let mut trace = trace_of(3);
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
            let mut trace = trace_of(2);
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
        let mut trace = trace_of(2);
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
}
