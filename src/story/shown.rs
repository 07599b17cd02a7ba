//! Which lines a ladder shows: every segment and what is told beside it, or with runs of plain data folded into one
//! line each, or control segments alone. Followed as segments come; draws nothing.

mod row;

pub use row::folded;

use std::collections::BTreeSet;

use crate::conn::state::PerSide;
use crate::conn::{ConnectionId, Note};
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

/// How a ladder is to be shown: by default every segment on a line of its own.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
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
    /// Runs that were unfolded, by the row of their first segment.
    unfolded: BTreeSet<usize>,
    /// Entries looked at.
    seen: usize,
    /// Behind how many rows each aside that was looked at stands.
    asides: Vec<u32>,
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
            asides: Vec::new(),
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
        if let Some(entry) = self.first_told(trace).filter(|entry| *entry < self.seen) {
            self.forget_entries_from(trace, entry);
        }
        for index in self.seen..trace.entries(self.connection) {
            self.push(trace, index);
        }
        self.seen = trace.entries(self.connection);
    }

    /// The first entry that is another one because of an aside that came since.
    fn first_told(&mut self, trace: &Trace) -> Option<usize> {
        let asides = trace.asides(self.connection);
        if asides.len() == self.asides.len() {
            return None;
        }
        let now = |row: u32| asides.partition_point(|aside| aside.row <= row);
        let known = |row: u32| self.asides.partition_point(|aside| *aside <= row);
        // None goes: once there are more than were known, there are more up to every later row. The row is halved until it is
        // found.
        let (mut row, mut end) = (0, asides.last()?.row);
        while row < end {
            let middle = row.midpoint(end);
            if now(middle) > known(middle) {
                end = middle;
            } else {
                row = middle + 1;
            }
        }
        // Those that stand in one place all have lines, so that their order doesn't matter, or only some do.
        let all_shown = !self.wanted.control_only;
        let before = known(row);
        let same = if all_shown {
            before
        } else {
            asides.partition_point(|aside| aside.row < row)
        };
        self.asides.truncate(before);
        let new = asides[before..].iter().map(|aside| aside.row);
        self.asides.extend(new);
        Some(row as usize + same)
    }

    /// Forgets the lines from a row of the connection on, with the run that leads to it: its states have been corrected.
    pub fn forget_from(&mut self, trace: &Trace, row: usize) {
        if let Some(entry) = self.first_told(trace).filter(|entry| *entry < self.seen) {
            self.forget_entries_from(trace, entry);
        }
        self.forget_entries_from(trace, trace.entry_of(self.connection, row));
    }

    /// Forgets the lines from an entry on, with the run that leads to it. Entries before it are as they were.
    fn forget_entries_from(&mut self, trace: &Trace, entry: usize) {
        if entry >= self.seen {
            return;
        }
        let mut kept = self.line_of(entry);
        let may_belong = |line: &Line| match line {
            Line::Entry(index) => plain(trace, self.connection, *index).is_some(),
            Line::Run(_) => true,
            Line::Silence { .. } => false,
        };
        while self.wanted.folds && kept > 0 && may_belong(&self.lines[kept - 1]) {
            kept -= 1;
        }
        if kept > 0 && matches!(self.lines[kept - 1], Line::Silence { .. }) {
            // It belongs to the line after it.
            kept -= 1;
        }
        self.seen = match self.lines.get(kept) {
            // Before the first line there may be entries that aren't shown.
            Some(line) if kept > 0 => line.first(),
            _ => 0,
        };
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
        let Entry::Segment(row) = trace.entry(self.connection, run.first) else {
            return false;
        };
        self.unfolded.insert(row);
        self.begin_again();
        self.follow(trace);
        true
    }

    /// Folds the unfolded run that an entry is in again: its first entry, if there was one.
    pub fn fold(&mut self, trace: &Trace, entry: usize) -> Option<usize> {
        let Entry::Segment(at) = trace.entry(self.connection, entry) else {
            return None;
        };
        let row = self.unfolded.range(..=at).next_back().copied()?;
        let first = trace.entry_of(self.connection, row);
        let is_plain = |index| plain(trace, self.connection, index).is_some();
        // What stands behind a silence is another run.
        let goes_on = |index| is_plain(index) && self.silence_before(trace, index).is_none();
        if !is_plain(first) || !(first + 1..=entry).all(goes_on) {
            return None;
        }
        self.unfolded.remove(&row);
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
            Some(record) => self.extend_run(trace, index, &record),
            None => {
                self.run = None;
                self.lines.push(Line::Entry(index));
            }
        }
    }

    /// A segment of plain data: the run before it grows, and once it is long enough its lines become one.
    fn extend_run(&mut self, trace: &Trace, index: usize, record: &Record) {
        let mut run = self.run.unwrap_or(Run {
            first: index,
            ..Run::default()
        });
        run.last = index;
        run.octets[record.from] += u64::from(record.len);
        self.run = Some(run);
        let is_unfolded = self.is_unfolded(trace, &run);
        let is_folded = run.segments() > RUN_MIN && !is_unfolded;
        if is_folded {
            self.lines.pop();
        } else {
            self.lines.push(Line::Entry(index));
            if run.segments() < RUN_MIN || is_unfolded {
                return;
            }
            self.lines.truncate(self.lines.len() - run.segments());
        }
        self.lines.push(Line::Run(run));
    }

    fn is_unfolded(&self, trace: &Trace, run: &Run) -> bool {
        !self.unfolded.is_empty()
            && match trace.entry(self.connection, run.first) {
                Entry::Segment(row) => self.unfolded.contains(&row),
                Entry::Aside(_) => false,
            }
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

/// The record of an entry that is nothing but data and its acknowledgement: nothing begins, ends, changes or goes wrong
/// with it.
fn plain(trace: &Trace, id: ConnectionId, index: usize) -> Option<Record> {
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
mod tests;
