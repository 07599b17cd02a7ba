//! The table of connections: a line each, in the order of their first segments. Made for captures of millions: what a line
//! tells is found while its connection is at hand anyway, kept in a few octets, and written without allocating.
//!
//! A capture may be followed in several traces, each with some of its connections; the table puts them together.

mod cells;
mod columns;

use std::io::{self, Write};
use std::ops::Range;

use columns::{Column, Detail, STEPS};

use cells::{Cells, address_width, digits, seconds_width};

use crate::conn::{Certainty, ConnectionId, Side};
use crate::story::Summary;
use crate::story::numbers::short_state;
use crate::trace::Trace;

/// Lines of a chunk, about.
const CHUNK: usize = 8192;

/// Blanks between columns.
const GAP: usize = 2;

/// What a line tells.
#[derive(Clone, Debug)]
struct Line {
    /// The frame of the connection's first segment.
    frame: u32,
    summary: Summary,
}

/// The lines of the connections of one trace.
#[derive(Debug, Default)]
pub struct Lines(Vec<Option<Line>>);

impl Lines {
    /// Tells of the connections that are about to rest; to be called after each batch.
    pub fn follow(&mut self, trace: &Trace) {
        for &id in trace.about_to_rest() {
            self.tell(trace, id);
        }
    }

    /// The capture has ended: tells of the other connections, and of those of which its end tells more.
    pub fn finish(&mut self, trace: &Trace) {
        let now_ns = trace.now_ns();
        self.0.resize(trace.ids().len(), None);
        for id in trace.ids() {
            match &mut self.0[id as usize] {
                Some(line) if trace.rests(id) && !line.summary.is_outdated(now_ns) => {
                    line.summary.pass(now_ns);
                }
                _ => self.tell(trace, id),
            }
        }
    }

    fn tell(&mut self, trace: &Trace, id: ConnectionId) {
        let index = id as usize;
        if self.0.len() <= index {
            self.0.resize(index + 1, None);
        }
        self.0[index] = Some(Line {
            frame: trace.row(id, 0).place.frame,
            summary: Summary::of(trace, id),
        });
    }
}

/// Some of a capture's connections.
#[derive(Clone, Copy, Debug)]
pub struct Part<'a> {
    pub trace: &'a Trace,
    /// Finished.
    pub lines: &'a Lines,
}

impl Part<'_> {
    fn lines(&self) -> impl Iterator<Item = (ConnectionId, &Line)> {
        let lines = (0..).zip(&self.lines.0);
        lines.filter_map(|(id, line)| Some((id, line.as_ref()?)))
    }

    /// How many connections begin before a frame.
    fn before(&self, frame: u32) -> usize {
        let begins = |line: &Option<Line>| line.as_ref().is_some_and(|line| line.frame < frame);
        self.lines.0.partition_point(begins)
    }

    /// How wide the cells of some columns are.
    fn widths(&self, columns: &[Column], detail: Detail) -> Vec<usize> {
        let mut widths = vec![0; columns.len()];
        for (id, line) in self.lines() {
            for (width, column) in widths.iter_mut().zip(columns) {
                *width = self.width(id, line, *column, detail).max(*width);
            }
        }
        widths
    }

    fn width(&self, id: ConnectionId, line: &Line, column: Column, detail: Detail) -> usize {
        let summary = &line.summary;
        match column {
            // The table knows.
            Column::Number => 0,
            Column::Address(side) => address_width(self.trace.addresses(id)[side]),
            Column::Segments => digits(summary.segments.into()),
            Column::Bytes(side) => digits(summary.bytes[side]),
            Column::Seconds => seconds_width(summary.duration_ns),
            Column::State(side) => {
                let is_doubtful = summary.certainty[side] >= Certainty::Inferred;
                state(summary, side, detail).len() + usize::from(is_doubtful)
            }
            Column::Ending => ending(summary, detail).map(str::len).sum(),
        }
    }

    fn cell(
        &self,
        id: ConnectionId,
        line: &Line,
        (column, detail): (Column, Detail),
        out: &mut Cells,
    ) {
        let summary = &line.summary;
        match column {
            // The table knows.
            Column::Number => {}
            Column::Address(side) => out.address(self.trace.addresses(id)[side]),
            Column::Segments => out.number(summary.segments.into()),
            Column::Bytes(side) => out.number(summary.bytes[side]),
            Column::Seconds => out.seconds(summary.duration_ns),
            Column::State(side) => {
                out.text(state(summary, side, detail));
                if summary.certainty[side] >= Certainty::Inferred {
                    out.text("?");
                }
            }
            Column::Ending => ending(summary, detail).for_each(|part| out.text(part)),
        }
    }
}

fn state(summary: &Summary, side: Side, detail: Detail) -> &'static str {
    let state = summary.states[side];
    if detail.has_short_states {
        short_state(state)
    } else {
        state.name()
    }
}

fn ending(summary: &Summary, detail: Detail) -> impl Iterator<Item = &'static str> {
    summary.parts_with_cause().into_iter().take(detail.ending)
}

/// Writes the table of a trace that has ended, within so many columns where they are given.
///
/// # Errors
/// Those of `out`.
pub fn write(out: &mut dyn Write, trace: &Trace, columns: Option<usize>) -> io::Result<()> {
    let mut lines = Lines::default();
    lines.finish(trace);
    let lines = &lines;
    let table = Table::new(vec![Part { trace, lines }], columns);
    let mut text = table.heading();
    for chunk in table.chunks() {
        table.write(&chunk, None, &mut text);
        out.write_all(&text)?;
        text.clear();
    }
    Ok(())
}

/// The table of all connections of a capture.
#[derive(Debug)]
pub struct Table<'a> {
    parts: Vec<Part<'a>>,
    columns: Vec<Shape>,
    detail: Detail,
}

/// A column, and how wide it is; behind the last one nothing stands.
#[derive(Clone, Copy, Debug)]
struct Shape {
    column: Column,
    width: usize,
}

/// Some lines of the table that follow each other.
#[derive(Clone, Debug)]
pub struct Chunk {
    /// The number of connections before it.
    before: usize,
    /// Which of each part.
    ranges: Vec<Range<usize>>,
}

impl<'a> Table<'a> {
    /// The table of parts that have been finished. Where it is to fit into so many columns, what is least important
    /// is left out; addresses and how each connection ended stay.
    #[must_use]
    pub fn new(parts: Vec<Part<'a>>, width: Option<usize>) -> Self {
        let mut table = Table {
            parts,
            columns: Vec::new(),
            detail: Detail::FULL,
        };
        let mut columns = Column::ALL.to_vec();
        table.measure(&columns);
        let Some(most) = width else { return table };
        for step in STEPS {
            if table.width() <= most {
                break;
            }
            step(&mut table.detail, &mut columns);
            table.measure(&columns);
        }
        table
    }

    /// How wide its lines are at most.
    fn width(&self) -> usize {
        let widths = self.columns.iter().map(|shape| shape.width + GAP);
        widths.sum::<usize>() - GAP
    }

    fn measure(&mut self, columns: &[Column]) {
        let mut widths: Vec<_> = columns
            .iter()
            .map(|column| column.name(self.detail).len())
            .collect();
        for part in &self.parts {
            for (width, its) in widths.iter_mut().zip(part.widths(columns, self.detail)) {
                *width = its.max(*width);
            }
        }
        let shapes = columns.iter().zip(widths);
        self.columns = shapes
            .map(|(&column, width)| Shape { column, width })
            .collect();
        self.columns[0].width = digits(self.connections() as u64);
    }

    /// How many connections there are.
    #[must_use]
    pub fn connections(&self) -> usize {
        self.parts.iter().map(|part| part.lines.0.len()).sum()
    }

    /// The names of the columns.
    #[must_use]
    pub fn heading(&self) -> Vec<u8> {
        let mut cells = Cells::default();
        for &Shape { column, width } in &self.columns {
            let name = column.name(self.detail);
            if column.is_number() {
                cells.blanks(width - name.len());
            }
            let begun = cells.width();
            cells.text(name);
            end_cell(&mut cells, column, begun, width);
        }
        cells.end_line();
        cells.take()
    }

    /// Its lines in chunks, in order.
    #[must_use]
    pub fn chunks(&self) -> Vec<Chunk> {
        let largest = self.parts.iter().max_by_key(|part| part.lines.0.len());
        let lines = largest.map_or(&[][..], |part| &part.lines.0);
        let apart = (CHUNK / self.parts.len().max(1)).max(1);
        let marks = lines.iter().flatten().step_by(apart).skip(1);
        let ends = marks.map(|line| line.frame).chain([u32::MAX]);
        let mut begun = vec![0; self.parts.len()];
        let chunk = |end: u32| {
            let before = begun.iter().sum();
            let ranges = self.parts.iter().zip(&mut begun).map(|(part, begun)| {
                let ended = match end {
                    u32::MAX => part.lines.0.len(),
                    frame => part.before(frame),
                };
                std::mem::replace(begun, ended)..ended
            });
            Chunk {
                ranges: ranges.collect(),
                before,
            }
        };
        ends.map(chunk).collect()
    }

    /// Hands on every connection in order: its number, from 0, its trace, what it is called there, and its summary.
    pub fn each(&self, mut take: impl FnMut(usize, &Trace, ConnectionId, &Summary)) {
        let whole: Vec<_> = (self.parts.iter().map(|part| 0..part.lines.0.len())).collect();
        let mut next = Chunk {
            ranges: whole,
            before: 0,
        };
        while let Some((number, at, index)) = self.next(&mut next) {
            let part = self.parts[at];
            if let Some(line) = &part.lines.0[index] {
                take(number, part.trace, id(index), &line.summary);
            }
        }
    }

    /// The first connection of what is left of a chunk: its number, its part, and its place there.
    fn next(&self, left: &mut Chunk) -> Option<(usize, usize, usize)> {
        let first = |part: &Part, range: &Range<usize>| {
            let line = part.lines.0.get(range.clone())?.first()?.as_ref()?;
            Some(line.frame)
        };
        let parts = self.parts.iter().zip(&left.ranges).enumerate();
        let heads = parts.filter_map(|(at, (part, range))| Some((first(part, range)?, at)));
        let (_, at) = heads.min()?;
        let index = left.ranges[at].start;
        left.ranges[at].start += 1;
        left.before += 1;
        Some((left.before - 1, at, index))
    }

    /// Appends a chunk's lines to `out`; `wanted` limits them to one connection.
    pub fn write(&self, chunk: &Chunk, wanted: Option<ConnectionId>, out: &mut Vec<u8>) {
        let mut cells = Cells::onto(std::mem::take(out));
        let mut left = chunk.clone();
        while let Some((number, at, index)) = self.next(&mut left) {
            if wanted.is_none_or(|wanted| wanted as usize == number) {
                self.line(number, at, index, &mut cells);
            }
        }
        *out = cells.take();
    }

    fn line(&self, number: usize, part: usize, index: usize, cells: &mut Cells) {
        let part = self.parts[part];
        let id = id(index);
        let Some(line) = &part.lines.0[index] else {
            return;
        };
        for &Shape { column, width } in &self.columns {
            let number = number as u64 + 1;
            if column.is_number() {
                let own = match column {
                    Column::Number => digits(number),
                    _ => part.width(id, line, column, self.detail),
                };
                cells.blanks(width - own);
            }
            let begun = cells.width();
            match column {
                Column::Number => cells.number(number),
                _ => part.cell(id, line, (column, self.detail), cells),
            }
            end_cell(cells, column, begun, width);
        }
        cells.end_line();
    }
}

/// A connection by its place in a trace.
fn id(index: usize) -> ConnectionId {
    ConnectionId::try_from(index).unwrap_or(ConnectionId::MAX)
}

/// Fills a cell up to its width.
fn end_cell(cells: &mut Cells, column: Column, begun: usize, width: usize) {
    if column == Column::Ending {
        return;
    }
    if !column.is_number() {
        cells.align_left(begun, width);
    }
    cells.blanks(GAP);
}
