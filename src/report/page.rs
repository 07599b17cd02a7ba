//! One connection as it is written down: whatever the format, the same rows, states and words as on the screen.

use crate::conn::ConnectionId;
use crate::conn::state::PerSide;
use crate::story::aside::{AsideRow, aside};
use crate::story::ending::{Ending, ending};
use crate::story::ladder::{self, Columns, Style};
use crate::story::numbers::{counted, seconds};
use crate::story::shown::{Line, Shown, Wanted, folded};
use crate::story::telling::{Told, tell};
use crate::trace::{Entry, Trace};

/// Columns of a page, unless others are asked for.
pub const WIDTH: usize = 100;

/// How connections are written.
#[derive(Clone, Copy, Debug)]
pub struct How {
    pub style: Style,
    /// Which lines.
    pub wanted: Wanted,
    /// Columns of text.
    pub width: usize,
}

impl Default for How {
    fn default() -> Self {
        How {
            style: Style::default(),
            wanted: Wanted::default(),
            width: WIDTH,
        }
    }
}

/// A connection that is to be written.
pub struct Page<'a> {
    pub trace: &'a Trace,
    pub id: ConnectionId,
    pub how: How,
    pub columns: Columns,
    pub ending: Ending,
    lines: Shown,
}

/// A line of its ladder.
pub enum Row {
    /// A segment: its row in the connection, from 0, and how it is drawn.
    Segment(usize, ladder::Row),
    /// What stands between segments: a call, an ICMP error, a folded run, a silence.
    Beside(AsideRow),
}

impl<'a> Page<'a> {
    #[must_use]
    pub fn new(trace: &'a Trace, id: ConnectionId, how: How) -> Self {
        let mut lines = Shown::new(id, how.wanted);
        lines.follow(trace);
        Page {
            trace,
            id,
            how,
            columns: Columns::fit(trace, id, how.width, how.style),
            ending: ending(trace, id),
            lines,
        }
    }

    /// `connection 1`, as numbered in the list.
    #[must_use]
    pub fn name(&self) -> String {
        format!("connection {}", self.id + 1)
    }

    /// How it ended, how sure that is, and where it is seen.
    #[must_use]
    pub fn verdict(&self) -> String {
        let pointer = self.ending.pointer();
        if pointer.is_empty() {
            self.ending.summary.clone()
        } else {
            format!("{}  ({pointer})", self.ending.summary)
        }
    }

    /// Both endpoints, each above its lane.
    #[must_use]
    pub fn endpoints(&self) -> String {
        let nobody = PerSide::default();
        ladder::endpoints(self.trace, self.id, &nobody, &self.columns, self.how.width)
    }

    /// The row above the first: the names of columns, and the states before the first segment.
    #[must_use]
    pub fn heading(&self) -> ladder::Row {
        ladder::heading(self.trace, self.id, &self.columns, self.how.style)
    }

    /// What each row of the ladder stands for.
    #[must_use]
    pub fn lines(&self) -> &[Line] {
        self.lines.lines()
    }

    /// The rows of the ladder.
    pub fn rows(&self) -> impl Iterator<Item = Row> {
        let (trace, id) = (self.trace, self.id);
        let (columns, style) = (&self.columns, self.how.style);
        self.lines.lines().iter().map(move |line| match line {
            Line::Entry(index) => match trace.entry(id, *index) {
                Entry::Segment(at) => Row::Segment(at, ladder::row(trace, id, at, columns, style)),
                Entry::Aside(told) => Row::Beside(aside(trace, told, columns, style)),
            },
            between => Row::Beside(folded(trace, id, between, columns, style)),
        })
    }

    /// Whether a segment, by its row from 0, has a line of its own.
    #[must_use]
    pub fn shows(&self, row: usize) -> bool {
        let entry = self.trace.entry_of(self.id, row);
        let line = self.lines.line_of(entry);
        self.lines.lines().get(line) == Some(&Line::Entry(entry))
    }

    /// Why it ended, what each program saw, the findings.
    #[must_use]
    pub fn told(&self) -> Vec<Told> {
        tell(self.trace, self.id, &self.ending)
    }

    /// How many segments and bytes there were, and how long it took.
    #[must_use]
    pub fn totals(&self) -> String {
        let connection = self.trace.connection(self.id);
        let last = self.trace.len(self.id) - 1;
        format!(
            "{}, {} from the client, {} from the server, {} s",
            counted(connection.rows.into(), "segment"),
            counted(connection.ends.client.octets_sent, "byte"),
            counted(connection.ends.server.octets_sent, "byte"),
            seconds(ladder::since_start(self.trace, self.id, last)),
        )
    }
}

/// The connections that `wanted` names, in the order of their first segments; none named means all that are there.
pub fn ids(trace: &Trace, wanted: Option<ConnectionId>) -> impl Iterator<Item = ConnectionId> {
    trace
        .ids()
        .filter(move |id| trace.has(*id) && wanted.is_none_or(|wanted| wanted == *id))
}

/// The pages of the connections that `wanted` names, in the order of their first segments; none named means all that are there.
pub fn pages(
    trace: &Trace,
    wanted: Option<ConnectionId>,
    how: How,
) -> impl Iterator<Item = Page<'_>> {
    ids(trace, wanted).map(move |id| Page::new(trace, id, how))
}
