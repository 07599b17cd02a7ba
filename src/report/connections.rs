//! The table of connections: a line each, in the order of their first segments. Made for captures of millions: what a line
//! tells is found while its connection is at hand anyway, kept in a few octets, and written without allocating.
//!
//! A capture may be followed in several traces, each with some of its connections; the table puts them together.

mod cells;

use std::io::{self, Write};
use std::ops::Range;

use cells::{Cells, address_width, digits, seconds_width};

use crate::conn::{Certainty, ConnectionId, Side};
use crate::story::Summary;
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

    /// How wide its cells are.
    fn widths(&self) -> [usize; Column::ALL.len()] {
        let mut widths = [0; Column::ALL.len()];
        for (id, line) in self.lines() {
            for (width, column) in widths.iter_mut().zip(Column::ALL) {
                *width = self.width(id, line, column).max(*width);
            }
        }
        widths
    }

    fn width(&self, id: ConnectionId, line: &Line, column: Column) -> usize {
        let summary = &line.summary;
        match column {
            // The first the table knows, behind the other nothing stands.
            Column::Number | Column::Ending => 0,
            Column::Address(side) => address_width(self.trace.addresses(id)[side]),
            Column::Segments => digits(summary.segments.into()),
            Column::Bytes(side) => digits(summary.bytes[side]),
            Column::Seconds => seconds_width(summary.duration_ns),
            Column::State(side) => {
                let is_doubtful = summary.certainty[side] >= Certainty::Inferred;
                summary.states[side].name().len() + usize::from(is_doubtful)
            }
        }
    }

    fn cell(&self, id: ConnectionId, line: &Line, column: Column, out: &mut Cells) {
        let summary = &line.summary;
        match column {
            // The table knows.
            Column::Number => {}
            Column::Address(side) => out.address(self.trace.addresses(id)[side]),
            Column::Segments => out.number(summary.segments.into()),
            Column::Bytes(side) => out.number(summary.bytes[side]),
            Column::Seconds => out.seconds(summary.duration_ns),
            Column::State(side) => {
                out.text(summary.states[side].name());
                if summary.certainty[side] >= Certainty::Inferred {
                    out.text("?");
                }
            }
            Column::Ending => summary
                .parts_with_cause()
                .iter()
                .for_each(|part| out.text(part)),
        }
    }
}

/// Writes the table of a trace that has ended.
///
/// # Errors
/// Those of `out`.
pub fn write(out: &mut dyn Write, trace: &Trace) -> io::Result<()> {
    let mut lines = Lines::default();
    lines.finish(trace);
    let lines = &lines;
    let table = Table::new(vec![Part { trace, lines }]);
    let mut text = table.heading();
    for chunk in table.chunks() {
        table.write(&chunk, None, &mut text);
        out.write_all(&text)?;
        text.clear();
    }
    Ok(())
}

/// What a column tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Column {
    Number,
    Address(Side),
    Segments,
    /// Octets of data, each counted once.
    Bytes(Side),
    /// From the first captured segment to the last.
    Seconds,
    /// `?` where the capture doesn't prove it.
    State(Side),
    Ending,
}

impl Column {
    const ALL: [Column; 10] = [
        Column::Number,
        Column::Address(Side::Client),
        Column::Address(Side::Server),
        Column::Segments,
        Column::Bytes(Side::Client),
        Column::Bytes(Side::Server),
        Column::Seconds,
        Column::State(Side::Client),
        Column::State(Side::Server),
        Column::Ending,
    ];

    fn name(self) -> &'static str {
        match self {
            Column::Number => "#",
            Column::Address(side) => side.name(),
            Column::Segments => "segments",
            Column::Bytes(Side::Client) => "client bytes",
            Column::Bytes(Side::Server) => "server bytes",
            Column::Seconds => "seconds",
            Column::State(Side::Client) => "client state",
            Column::State(Side::Server) => "server state",
            Column::Ending => "ending",
        }
    }

    /// Whether it is aligned on the right.
    fn is_number(self) -> bool {
        use Column::{Bytes, Number, Seconds, Segments};
        matches!(self, Number | Segments | Bytes(_) | Seconds)
    }
}

/// The table of all connections of a capture.
#[derive(Debug)]
pub struct Table<'a> {
    parts: Vec<Part<'a>>,
    widths: [usize; Column::ALL.len()],
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
    /// The table of parts that have been finished.
    #[must_use]
    pub fn new(parts: Vec<Part<'a>>) -> Self {
        let mut widths = Column::ALL.map(|column| column.name().len());
        for part in &parts {
            for (width, its) in widths.iter_mut().zip(part.widths()) {
                *width = its.max(*width);
            }
        }
        let mut table = Table { parts, widths };
        table.widths[0] = table.connections().to_string().len();
        table
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
        for (column, width) in Column::ALL.into_iter().zip(self.widths) {
            if column.is_number() {
                cells.blanks(width - column.name().len());
            }
            let begun = cells.width();
            cells.text(column.name());
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
        for (column, width) in Column::ALL.into_iter().zip(self.widths) {
            let number = number as u64 + 1;
            if column.is_number() {
                let own = match column {
                    Column::Number => digits(number),
                    _ => part.width(id, line, column),
                };
                cells.blanks(width - own);
            }
            let begun = cells.width();
            match column {
                Column::Number => cells.number(number),
                _ => part.cell(id, line, column, cells),
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
