//! The ladder as text: every connection in the order of its first segment, each under its verdict.

use std::io::{self, Write};

use crate::conn::{ConnectionId, Side};
use crate::story::aside::{AsideRow, aside};
use crate::story::ladder::{Columns, Style, endpoints, heading, row};
use crate::story::numbers::{counted, seconds};
use crate::story::{self, Row};
use crate::trace::{Entry, Trace};

/// Columns of a page.
pub const WIDTH: usize = 100;

/// Writes the connections that `wanted` names; none named means all.
///
/// # Errors
/// Those of `out`.
pub fn write(
    out: &mut dyn Write,
    trace: &Trace,
    wanted: Option<ConnectionId>,
    style: Style,
) -> io::Result<()> {
    let all = 0..u32::try_from(trace.connections().len()).unwrap_or(u32::MAX);
    for (i, id) in all
        .filter(|id| wanted.is_none_or(|wanted| wanted == *id))
        .enumerate()
    {
        if i > 0 {
            writeln!(out)?;
        }
        connection(out, trace, id, style)?;
    }
    Ok(())
}

fn connection(
    out: &mut dyn Write,
    trace: &Trace,
    id: ConnectionId,
    style: Style,
) -> io::Result<()> {
    let connection = &trace.connections()[id as usize];
    let columns = Columns::fit(trace, id, WIDTH, style);
    let ending = story::ending::ending(trace, id);
    let pointer = ending.pointer();
    let pointer = if pointer.is_empty() {
        pointer
    } else {
        format!("  ({pointer})")
    };
    writeln!(out, "connection {}: {}{pointer}", id + 1, ending.summary)?;
    writeln!(out, "{}", endpoints(trace, id, &columns, WIDTH))?;
    line(out, &heading(trace, id, &columns, style), &columns)?;
    for index in 0..trace.entries(id) {
        match trace.entry(id, index) {
            Entry::Segment(at) => line(out, &row(trace, id, at, &columns, style), &columns)?,
            Entry::Aside(told) => {
                aside_line(out, &aside(trace, told, &columns, style), &columns)?;
            }
        }
    }
    for told in story::telling::tell(trace, id, &ending) {
        for (about, text) in told.wrapped(WIDTH - 2) {
            writeln!(out, "  {about}{text}")?;
        }
    }
    writeln!(
        out,
        "{}, {} from the client, {} from the server, {} s",
        counted(connection.rows.into(), "segment"),
        counted(connection.ends.client.octets_sent, "byte"),
        counted(connection.ends.server.octets_sent, "byte"),
        seconds(story::ladder::since_start(trace, id, trace.len(id) - 1)),
    )
}

/// A line without a number or a time: its place tells when.
fn aside_line(out: &mut dyn Write, row: &AsideRow, columns: &Columns) -> io::Result<()> {
    let text = format!(
        "{:>width$} {}{}{} {}",
        row.states.client,
        row.lanes.client,
        row.middle,
        row.lanes.server,
        row.states.server,
        width = columns.before_lane() - 1,
    );
    writeln!(out, "{}", text.trim_end())
}

fn line(out: &mut dyn Write, row: &Row, columns: &Columns) -> io::Result<()> {
    let shown = |side: Side| {
        if row.changed[side] {
            row.states[side].as_str()
        } else {
            ""
        }
    };
    let mut text = format!(
        " {:>number$} {:>time$} {:>delta$} {:>state$} {}{}{} {}",
        row.number,
        row.time,
        row.delta,
        shown(Side::Client),
        row.lanes.client,
        row.arrow,
        row.lanes.server,
        shown(Side::Server),
        number = columns.number,
        time = columns.time,
        delta = columns.delta,
        state = columns.state,
    );
    text.truncate(text.trim_end().len());
    writeln!(out, "{text}")
}
