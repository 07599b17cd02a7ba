//! Which lines a ladder shows: every segment and what is told beside it, or with runs of plain data folded into one
//! line each, or control segments alone. Followed as segments come; draws nothing.

use std::collections::BTreeSet;

use super::Charset;
use super::aside::{AsideRow, Tone, center, cut};
use super::ladder::{Columns, Style};
use super::numbers::{counted, grouped, span};
use crate::conn::state::PerSide;
use crate::conn::{ConnectionId, Note, Side};
use crate::trace::{Entry, Record, Said, Trace};
use crate::wire::Flags;

/// A run of fewer segments isn't folded.
const RUN_MIN: usize = 6;

/// A silence as long as this, in nanoseconds, gets a line of its own: longer than delayed acknowledgements,
/// retransmissions and most people's patience.
const SILENCE_NS: u64 = 10_000_000_000;

/// A line of the ladder as it is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Line {
    /// An entry of the trace's ladder, by its index.
    Entry(usize),
    /// A run of plain data, folded.
    Run(Run),
    /// Nothing happened for so many nanoseconds before the entry of this index.
    Silence { before: usize, lasted_ns: u64 },
}

/// Segments in a row that only carry data and acknowledge it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Run {
    /// The entries of its first and last segment.
    pub first: usize,
    pub last: usize,
    /// Octets of data that each side sent in it.
    pub octets: PerSide<u64>,
}

impl Run {
    /// Its segments.
    #[must_use]
    pub fn segments(&self) -> usize {
        self.last + 1 - self.first
    }
}

/// How a ladder is to be shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wanted {
    pub folds: bool,
    pub control_only: bool,
}

/// The lines of one connection's ladder.
#[derive(Debug)]
pub struct Shown {
    connection: ConnectionId,
    wanted: Wanted,
    lines: Vec<Line>,
    /// Runs that were unfolded, by their first entry.
    unfolded: BTreeSet<usize>,
    /// Entries looked at, and how many of them aren't segments.
    seen: usize,
    asides: usize,
    /// The run at the end, while it may grow.
    run: Option<Run>,
}

impl Shown {
    #[must_use]
    pub fn new(connection: ConnectionId, wanted: Wanted) -> Self {
        Shown {
            connection,
            wanted,
            lines: Vec::new(),
            unfolded: BTreeSet::new(),
            seen: 0,
            asides: 0,
            run: None,
        }
    }

    /// Whether these are the lines of this connection, shown so.
    #[must_use]
    pub fn is_of(&self, connection: ConnectionId, wanted: Wanted) -> bool {
        self.connection == connection && self.wanted == wanted
    }

    #[must_use]
    pub fn lines(&self) -> &[Line] {
        &self.lines
    }

    /// Looks at what came since.
    pub fn follow(&mut self, trace: &Trace) {
        let asides = trace.asides(self.connection).len();
        if asides != self.asides {
            // Something may have been told about an earlier place.
            self.begin_again();
            self.asides = asides;
        }
        for index in self.seen..trace.entries(self.connection) {
            self.push(trace, index);
        }
        self.seen = trace.entries(self.connection);
    }

    /// Forgets the lines from a row of the connection on, with the run that leads to it: its states have been corrected.
    pub fn forget_from(&mut self, trace: &Trace, row: usize) {
        let mut kept = self.line_of(trace.entry_of(self.connection, row));
        let may_belong = |line: &Line| match line {
            Line::Entry(index) => plain(trace, self.connection, *index).is_some(),
            Line::Run(_) => true,
            Line::Silence { .. } => false,
        };
        while kept > 0 && may_belong(&self.lines[kept - 1]) {
            kept -= 1;
        }
        if kept > 0 && matches!(self.lines[kept - 1], Line::Silence { .. }) {
            // It belongs to the line after it.
            kept -= 1;
        }
        self.seen = self.lines.get(kept).map_or(0, Line::first);
        self.lines.truncate(kept);
        self.run = None;
    }

    /// Forgets everything.
    fn begin_again(&mut self) {
        self.lines.clear();
        self.seen = 0;
        self.run = None;
    }

    /// The line that shows an entry, or the last one before it.
    #[must_use]
    pub fn line_of(&self, entry: usize) -> usize {
        let after = self.lines.partition_point(|line| line.first() <= entry);
        let at = after.saturating_sub(1);
        match self.lines.get(at) {
            // An entry that isn't shown belongs to what stands before it; a silence can't be chosen.
            Some(Line::Silence { .. }) => at.saturating_sub(1),
            _ => at,
        }
    }

    /// The entry that is chosen with a line; `None` of a silence.
    #[must_use]
    pub fn entry_of(&self, line: usize) -> Option<usize> {
        match self.lines.get(line)? {
            Line::Silence { .. } => None,
            line => Some(line.first()),
        }
    }

    /// The folded run that an entry is in.
    #[must_use]
    pub fn run_at(&self, entry: usize) -> Option<Run> {
        match self.lines.get(self.line_of(entry))? {
            Line::Run(run) if (run.first..=run.last).contains(&entry) => Some(*run),
            _ => None,
        }
    }

    /// Unfolds the run that an entry is in; whether there was one.
    pub fn unfold(&mut self, trace: &Trace, entry: usize) -> bool {
        let Some(run) = self.run_at(entry) else {
            return false;
        };
        self.unfolded.insert(run.first);
        self.begin_again();
        self.follow(trace);
        true
    }

    /// Folds the unfolded run that an entry is in again: its first entry, if there was one.
    pub fn fold(&mut self, trace: &Trace, entry: usize) -> Option<usize> {
        let first = self.unfolded.range(..=entry).next_back().copied()?;
        let is_plain = |index| plain(trace, self.connection, index).is_some();
        if !(first..=entry).all(is_plain) {
            return None;
        }
        self.unfolded.remove(&first);
        self.begin_again();
        self.follow(trace);
        Some(first)
    }

    fn push(&mut self, trace: &Trace, index: usize) {
        if self.wanted.control_only {
            if is_control(trace, self.connection, index) {
                self.lines.push(Line::Entry(index));
            }
            return;
        }
        if let Some(lasted_ns) = self.silence_before(trace, index) {
            self.run = None;
            self.lines.push(Line::Silence {
                before: index,
                lasted_ns,
            });
        }
        match plain(trace, self.connection, index).filter(|_| self.wanted.folds) {
            Some(record) => self.extend_run(index, record),
            None => {
                self.run = None;
                self.lines.push(Line::Entry(index));
            }
        }
    }

    /// A segment of plain data: the run before it grows, and once it is long enough its lines become one.
    fn extend_run(&mut self, index: usize, record: &Record) {
        let mut run = self.run.unwrap_or(Run {
            first: index,
            ..Run::default()
        });
        run.last = index;
        run.octets[record.from] += u64::from(record.len);
        self.run = Some(run);
        let is_folded = run.segments() > RUN_MIN && !self.unfolded.contains(&run.first);
        if is_folded {
            self.lines.pop();
        } else {
            self.lines.push(Line::Entry(index));
            if run.segments() < RUN_MIN || self.unfolded.contains(&run.first) {
                return;
            }
            self.lines.truncate(self.lines.len() - run.segments());
        }
        self.lines.push(Line::Run(run));
    }

    /// How long nothing happened before a segment, where that is worth a line.
    fn silence_before(&self, trace: &Trace, index: usize) -> Option<u64> {
        let Entry::Segment(row) = trace.entry(self.connection, index) else {
            return None;
        };
        let above = trace.row(self.connection, row.checked_sub(1)?).time_ns;
        let now = trace.row(self.connection, row).time_ns;
        let lasted = now.saturating_sub(above);
        (self.wanted.folds && lasted >= SILENCE_NS).then_some(lasted)
    }
}

impl Line {
    /// The first entry that it stands for, or stands before.
    fn first(&self) -> usize {
        match self {
            Line::Entry(index) => *index,
            Line::Run(run) => run.first,
            Line::Silence { before, .. } => *before,
        }
    }
}

/// A folded run, or a silence, laid out as a row between the lanes.
#[must_use]
pub fn folded(
    trace: &Trace,
    id: ConnectionId,
    line: &Line,
    columns: &Columns,
    style: Style,
) -> AsideRow {
    let ascii = style.charset == Charset::Ascii;
    let dots = if ascii { "..." } else { "⋯" };
    let room = columns.arrow.saturating_sub(2 * dots.chars().count() + 4);
    let (words, entry) = match line {
        Line::Run(run) => (run_words(run, room, style), run.first),
        Line::Silence { before, lasted_ns } => {
            (format!("{} of silence", span(*lasted_ns, ascii)), *before)
        }
        Line::Entry(index) => (String::new(), *index),
    };
    let standing = match trace.entry(id, entry) {
        Entry::Segment(row) => trace.states_before(id, row),
        Entry::Aside(aside) => trace.states_at(aside),
    };
    let words = cut(&words, room, style);
    AsideRow {
        tone: Tone::Folded,
        states: PerSide::of(|_| String::new()),
        lanes: PerSide::of(|side| style.charset.lane(standing[side])),
        middle: center(&format!("{dots} {words} {dots}"), columns.arrow),
    }
}

/// `64 segments · 80 bytes ▶ · ◀ 982,540 bytes` as far as there is room.
fn run_words(run: &Run, room: usize, style: Style) -> String {
    let (to_client, to_server) = match style.charset {
        Charset::Ascii => ("<", ">"),
        Charset::Unicode => ("◀", "▶"),
    };
    let segments = counted(run.segments() as u64, "segment");
    let octets = |unit: &dyn Fn(u64) -> String| {
        let sent = Side::BOTH.into_iter().filter(|side| run.octets[*side] > 0);
        let sent = sent.map(|side| (side, unit(run.octets[side])));
        sent.map(|(side, bytes)| match side {
            Side::Client => format!(" {} {bytes} {to_server}", style.charset.dot()),
            Side::Server => format!(" {} {to_client} {bytes}", style.charset.dot()),
        })
        .collect::<String>()
    };
    let choices = [
        octets(&|count| counted(count, "byte")),
        octets(&|count| format!("{} B", grouped(count))),
        String::new(),
    ];
    let fits = |octets: &&String| segments.chars().count() + octets.chars().count() <= room;
    let octets = choices.iter().find(fits).unwrap_or(&choices[2]);
    format!("{segments}{octets}")
}

/// The record of an entry that is nothing but data and its acknowledgement: nothing begins, ends, changes or goes wrong
/// with it.
fn plain(trace: &Trace, id: ConnectionId, index: usize) -> Option<&Record> {
    let Entry::Segment(row) = trace.entry(id, index) else {
        return None;
    };
    let record = trace.row(id, row);
    let special = Flags::SYN | Flags::FIN | Flags::RST | Flags::URG;
    let changes = record.states != trace.states_before(id, row);
    let only_window = record.notes.without(Note::WindowUpdate).is_empty();
    (!record.flags.has(special) && !changes && only_window).then_some(record)
}

/// Whether an entry opens, closes or breaks something, or tells what did.
fn is_control(trace: &Trace, id: ConnectionId, index: usize) -> bool {
    match trace.entry(id, index) {
        Entry::Segment(row) => {
            let record = trace.row(id, row);
            record.flags.has(Flags::SYN | Flags::FIN | Flags::RST)
                || record.states != trace.states_before(id, row)
        }
        Entry::Aside(aside) => !matches!(aside.said, Said::Kernel(_)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::story::tests::trace_of;
    use proptest::prelude::*;

    const ALL: Wanted = Wanted {
        folds: true,
        control_only: false,
    };

    /// The handshake, data one way with its acknowledgements, a long silence, the FIN.
    fn with_data(segments: usize) -> Trace {
        let mut lines = String::new();
        for n in 0..segments {
            let (from, to) = (n * 10 + 1, n * 10 + 11);
            lines += &format!("@1 > P. {from}:{to} ack 1\n@1 < . 1:1 ack {to}\n");
        }
        let end = segments * 10 + 1;
        trace_of(&format!(
            "{lines}@60 > F. {end}:{end} ack 1\n@60 < . 1:1 ack {}",
            end + 1
        ))
    }

    fn shown(trace: &Trace, wanted: Wanted) -> Shown {
        let mut shown = Shown::new(0, wanted);
        shown.follow(trace);
        shown
    }

    #[test]
    fn a_run_of_data_is_one_line_and_what_closes_is_not_in_it() {
        let trace = with_data(20);
        let shown = shown(&trace, ALL);
        let [
            Line::Entry(0),
            Line::Entry(1),
            Line::Entry(2),
            Line::Run(run),
            Line::Silence {
                before: 43,
                lasted_ns: 59_000_000_000,
            },
            Line::Entry(43),
            Line::Entry(44),
        ] = shown.lines()
        else {
            panic!("{:?}", shown.lines());
        };
        assert_eq!((run.first, run.last, run.octets.client), (3, 42, 200));
        assert_eq!(
            (shown.line_of(17), shown.line_of(43), shown.entry_of(4)),
            (3, 5, None)
        );
    }

    #[test]
    fn a_short_run_is_not_folded_and_an_unfolded_one_folds_again() {
        assert_eq!(shown(&with_data(2), ALL).lines().len(), 3 + 4 + 1 + 2);
        let trace = with_data(20);
        let mut shown = shown(&trace, ALL);
        assert!(shown.unfold(&trace, 17));
        assert_eq!(shown.lines().len(), 3 + 40 + 1 + 2);
        assert_eq!(shown.fold(&trace, 17), Some(3));
        assert_eq!(shown.lines().len(), 7);
        assert_eq!(shown.fold(&trace, 1), None);
    }

    #[test]
    fn control_segments_alone_are_those_that_open_and_close() {
        let trace = with_data(20);
        let control = Wanted {
            folds: true,
            control_only: true,
        };
        let entries = [0, 1, 2, 43, 44].map(Line::Entry);
        assert_eq!(shown(&trace, control).lines(), entries);
    }

    proptest! {
        /// However it came, and whatever was forgotten: the same lines.
        #[test]
        fn lines_followed_in_parts_are_those_of_the_whole(segments in 0usize..12, from in 0usize..30) {
            let trace = with_data(segments);
            let whole = shown(&trace, ALL);
            let mut parts = shown(&trace, ALL);
            parts.forget_from(&trace, from.min(trace.len(0) - 1));
            parts.follow(&trace);
            prop_assert_eq!(whole.lines(), parts.lines());
        }
    }
}
