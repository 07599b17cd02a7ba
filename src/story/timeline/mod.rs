//! A connection in time: in which column of an axis which segments stand, and how long each side was in which state.
//!
//! The axis is linear, so that lengths compare. A silence that outlasts the exchange leaves the exchange one column; the most
//! important of what happened in a column is what is told of it.

use std::ops::Range;

use super::clock;
use super::course::{Change, Course};
use super::ladder::{certainty, is_troubled};
use crate::conn::certainty::LINUX_WAIT_NS;
use crate::conn::{Certainty, ConnectionId, Side, State};
use crate::trace::{Record, Trace};
use crate::wire::Flags;

/// Rows, or groups of them, that are summed up in one.
const FAN: usize = 16;
/// So often summed up, 2^32 rows are one.
const LEVELS: usize = 8;

/// What stands out among segments, for each side.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Marks(u8);

/// The flags that stand out, the most important first.
const OUTSTANDING: [Flags; 3] = [Flags::RST, Flags::FIN, Flags::SYN];
const TROUBLED: Marks = Marks(0b11 << (2 * OUTSTANDING.len()));

impl Marks {
    fn of(record: &Record) -> Marks {
        let flags = OUTSTANDING.iter().map(|flag| record.flags.has(*flag));
        let facts = flags.chain([is_troubled(record)]).enumerate();
        let bits = facts.filter(|(_, is_so)| *is_so);
        Marks(bits.fold(0, |all, (kind, _)| {
            all | 1 << (2 * kind + record.from as usize)
        }))
    }

    fn both(self, other: Marks) -> Marks {
        Marks(self.0 | other.0)
    }

    fn meets(self, other: Marks) -> bool {
        self.0 & other.0 != 0
    }
}

/// What a view needs to draw any connection in any number of columns without looking at each of its rows. It is followed as
/// segments come; of another connection, another one is made.
#[derive(Clone, Debug, Default)]
pub struct Timeline {
    /// When each row was captured, nanoseconds since the Unix epoch. Where the clock stepped back, time stands still until
    /// it has caught up: never less than before.
    times: Vec<u64>,
    /// The marks of each row, of each `FAN` rows, of each `FAN` of those, and so on.
    marks: [Vec<Marks>; LEVELS],
}

/// An axis of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Axis {
    /// Nanoseconds since the Unix epoch.
    pub from_ns: u64,
    pub to_ns: u64,
    /// Of equal length in time.
    pub columns: usize,
}

/// What happened in one column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tick {
    /// The rows of the connection, from 0.
    pub rows: Range<usize>,
    marks: Marks,
}

/// A state, for as long as it lasted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stretch {
    pub state: State,
    /// How sure it was when it began; by now, of a FIN-WAIT-2 that may be over.
    pub certainty: Certainty,
    /// The rows (from 0) after which it held.
    pub rows: Range<usize>,
    /// At least one.
    pub columns: Range<usize>,
    /// Nanoseconds; `None` of a TIME-WAIT whose end isn't on the axis.
    pub lasted_ns: Option<u64>,
    /// It hasn't ended, as far as is known.
    pub goes_on: bool,
}

impl Axis {
    /// How long it is, in nanoseconds.
    #[must_use]
    pub fn length_ns(&self) -> u64 {
        self.to_ns - self.from_ns
    }

    /// The column of a time; that of an end for one beyond it.
    #[must_use]
    pub fn column(&self, ns: u64) -> usize {
        let since = u128::from(ns.clamp(self.from_ns, self.to_ns) - self.from_ns);
        let column = since * self.columns as u128 / (u128::from(self.length_ns()) + 1);
        usize::try_from(column).unwrap_or(usize::MAX)
    }

    /// The time in a column's middle.
    fn middle(&self, column: usize) -> u64 {
        let halves = (2 * column.min(self.columns) + 1) as u128;
        let since = u128::from(self.length_ns()) * halves / (2 * self.columns.max(1) as u128);
        self.from_ns
            .saturating_add(u64::try_from(since).unwrap_or(u64::MAX))
    }
}

impl Tick {
    /// The flag that stands out in the column, RST before FIN before SYN, and whose it is, if only one side's.
    #[must_use]
    pub fn outstanding(&self) -> Option<(Flags, Option<Side>)> {
        let kinds = OUTSTANDING.iter().enumerate();
        kinds
            .map(|(kind, flag)| (*flag, self.marks.0 >> (2 * kind) & 0b11))
            .find(|(_, sides)| *sides != 0)
            .map(|(flag, sides)| match sides {
                0b01 => (flag, Some(Side::Client)),
                0b10 => (flag, Some(Side::Server)),
                _ => (flag, None),
            })
    }

    /// Whether something was sent again, came out of order, or was lost.
    #[must_use]
    pub fn is_troubled(&self) -> bool {
        self.marks.meets(TROUBLED)
    }

    /// The marks of what is shown of it.
    fn shown(&self) -> Option<Marks> {
        let flags = (0..OUTSTANDING.len()).map(|kind| Marks(0b11 << (2 * kind)));
        flags.chain([TROUBLED]).find(|kind| self.marks.meets(*kind))
    }
}

impl Timeline {
    /// Looks at the rows that came since. Corrections of states don't concern it.
    pub fn follow(&mut self, trace: &Trace, id: ConnectionId) {
        for row in self.times.len()..trace.len(id) {
            let record = trace.row(id, row);
            let latest = self.times.last().copied().unwrap_or(0);
            self.times.push(record.time_ns.max(latest));
            self.sum_up(row, Marks::of(&record));
        }
    }

    fn sum_up(&mut self, row: usize, marks: Marks) {
        let mut at = row;
        for level in &mut self.marks {
            match level.get_mut(at) {
                Some(sum) => *sum = sum.both(marks),
                None => level.push(marks),
            }
            at /= FAN;
        }
    }

    /// Whether nothing has been followed.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.times.is_empty()
    }

    /// From the first segment to the last; to now while an end is in a state that no clock ends, so that its age is seen. A
    /// TIME-WAIT would only squeeze the exchange.
    #[must_use]
    pub fn axis(&self, trace: &Trace, id: ConnectionId, columns: usize) -> Axis {
        let from_ns = self.times.first().copied().unwrap_or(0);
        let last = self.times.last().copied().unwrap_or(0);
        let goes_on = Side::BOTH.iter().any(|side| is_open_end(trace, id, *side));
        let to_ns = if goes_on {
            trace.now_ns().max(last)
        } else {
            last
        };
        Axis {
            from_ns,
            to_ns,
            columns,
        }
    }

    /// The column of a row (from 0).
    #[must_use]
    pub fn column(&self, axis: &Axis, row: usize) -> usize {
        axis.column(self.time(row))
    }

    /// When a row was captured; when the last was, for one that hasn't been followed yet.
    fn time(&self, row: usize) -> u64 {
        let time = self.times.get(row).or(self.times.last());
        time.copied().unwrap_or(0)
    }

    /// What happened in each column.
    pub fn ticks<'a>(&'a self, axis: &'a Axis) -> impl Iterator<Item = Tick> + 'a {
        let mut from = 0;
        (0..axis.columns).map(move |column| {
            let count = self.times[from..].partition_point(|time| axis.column(*time) <= column);
            let rows = from..from + count;
            from = rows.end;
            self.tick(rows)
        })
    }

    fn tick(&self, rows: Range<usize>) -> Tick {
        let marks = self.marks_of(rows.clone());
        Tick { rows, marks }
    }

    /// The marks of all these rows together, by as few sums as are needed.
    fn marks_of(&self, rows: Range<usize>) -> Marks {
        let Range {
            start: mut from,
            end: mut to,
        } = rows;
        let mut all = Marks::default();
        for level in &self.marks {
            while from < to && !from.is_multiple_of(FAN) {
                all = all.both(level[from]);
                from += 1;
            }
            while from < to && !to.is_multiple_of(FAN) {
                to -= 1;
                all = all.both(level[to]);
            }
            (from, to) = (from / FAN, to / FAN);
        }
        all
    }

    /// The row to go to for a column: the first of what is shown there; the nearest in time where nothing is. `None`
    /// without any rows.
    #[must_use]
    pub fn row_at(&self, axis: &Axis, column: usize) -> Option<usize> {
        let from = self
            .times
            .partition_point(|time| axis.column(*time) < column);
        let count = self.times[from..].partition_point(|time| axis.column(*time) <= column);
        if count > 0 {
            return Some(self.first_shown(from..from + count));
        }
        let last = self.times.len().checked_sub(1)?;
        let before = from.saturating_sub(1);
        let distance = |row: usize| self.time(row).abs_diff(axis.middle(column));
        let after = from.min(last);
        Some(if distance(after) < distance(before) {
            after
        } else {
            before
        })
    }

    fn first_shown(&self, rows: Range<usize>) -> usize {
        let Some(shown) = self.tick(rows.clone()).shown() else {
            return rows.start;
        };
        // What begins with these rows has it; halved until it is found.
        let (mut lacks, mut has) = (rows.start, rows.end);
        while has - lacks > 1 {
            let middle = lacks.midpoint(has);
            if self.marks_of(rows.start..middle).meets(shown) {
                has = middle;
            } else {
                lacks = middle;
            }
        }
        has - 1
    }

    /// The states of a side in time, those that have a column: where several begin in one, the last has it.
    #[must_use]
    pub fn band(
        &self,
        trace: &Trace,
        id: ConnectionId,
        course: &Course,
        side: Side,
        axis: &Axis,
    ) -> Vec<Stretch> {
        let mut band = Vec::new();
        if self.times.is_empty() {
            return band;
        }
        let changes = &course.changes[side];
        let time = |change: &Change| self.time(change.row as usize);
        let mut column = 0;
        while column < axis.columns {
            let passed = changes.partition_point(|change| axis.column(time(change)) <= column);
            let (began, next) = (
                passed.checked_sub(1).map(|i| changes[i]),
                changes.get(passed),
            );
            let from = began.map_or(axis.from_ns, |change| time(&change));
            let to = next.map_or(axis.to_ns, time);
            let end = next.map_or(axis.column(axis.to_ns) + 1, |_| axis.column(to));
            if end <= column {
                break;
            }
            let first = began.map_or(0, |change| change.row as usize);
            let state = match (began, next) {
                (Some(change), _) => change.to,
                (None, Some(change)) => change.from,
                (None, None) => trace.connection(id).initial[side],
            };
            let mut sure = certainty(trace, id, first, side);
            if next.is_none() && clock::is_doubtful(trace, id, side) {
                sure = sure.max(Certainty::Inferred);
            }
            let is_cut = next.is_none() && state == State::TimeWait;
            band.push(Stretch {
                state,
                certainty: sure,
                rows: first..next.map_or(self.times.len(), |change| change.row as usize),
                columns: column..end,
                lasted_ns: (!is_cut).then(|| to.saturating_sub(from)),
                goes_on: next.is_none() && goes_on(trace, id, side),
            });
            column = end;
        }
        let began = changes.last().map_or(axis.from_ns, time);
        end_by_clock(trace, id, side, axis, began, &mut band);
        band
    }
}

/// Whether a side is in a state that no clock ends.
fn is_open_end(trace: &Trace, id: ConnectionId, side: Side) -> bool {
    let state = clock::state_now(trace, id, side);
    !matches!(state, State::Closed | State::Listen | State::TimeWait)
}

/// Whether a side is in a state that lasts; TIME-WAIT does while a capture goes on.
fn goes_on(trace: &Trace, id: ConnectionId, side: Side) -> bool {
    let waits = clock::state_now(trace, id, side) == State::TimeWait;
    is_open_end(trace, id, side) || waits && trace.ended.is_none()
}

/// A TIME-WAIT that began at `began` (nanoseconds since the Unix epoch) and is over, while the other side's state lasts.
fn end_by_clock(
    trace: &Trace,
    id: ConnectionId,
    side: Side,
    axis: &Axis,
    began: u64,
    band: &mut Vec<Stretch>,
) {
    let Some(last) = band.last_mut() else { return };
    // A FIN that comes again starts it anew.
    let since = trace.connection(id).ends[side].since;
    let end = began.max(since).saturating_add(LINUX_WAIT_NS);
    if last.state != State::TimeWait
        || !clock::time_wait_is_over(trace, id, side)
        || end >= axis.to_ns
    {
        return;
    }
    let column = axis.column(end).max(last.columns.start + 1);
    let columns = column..last.columns.end;
    last.columns.end = column;
    last.lasted_ns = Some(end - began);
    if !columns.is_empty() {
        let closed = Stretch {
            state: State::Closed,
            certainty: Certainty::Inferred,
            rows: last.rows.end..last.rows.end,
            columns,
            lasted_ns: Some(axis.to_ns - end),
            goes_on: false,
        };
        band.push(closed);
    }
}

#[cfg(test)]
mod tests;
