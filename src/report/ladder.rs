//! The ladder as text: every connection in the order of its first segment, each under its verdict.

use std::io::{self, Write};

use crate::conn::ConnectionId;
use crate::conn::state::PerSide;
use crate::story;
use crate::story::aside::aside;
use crate::story::ladder::{Columns, Style, endpoints, heading, row};
use crate::story::numbers::{counted, seconds};
use crate::trace::{Entry, Trace};

/// Columns of a page.
pub const WIDTH: usize = 100;

/// Writes the connections that `wanted` names; none named means all that are there.
///
/// # Errors
/// Those of `out`.
pub fn write(
    out: &mut dyn Write,
    trace: &Trace,
    wanted: Option<ConnectionId>,
    style: Style,
) -> io::Result<()> {
    let all = trace.ids();
    for (i, id) in all
        .filter(|id| trace.has(*id) && wanted.is_none_or(|wanted| wanted == *id))
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
    let connection = trace.connection(id);
    let columns = Columns::fit(trace, id, WIDTH, style);
    let ending = story::ending::ending(trace, id);
    let pointer = ending.pointer();
    let pointer = if pointer.is_empty() {
        pointer
    } else {
        format!("  ({pointer})")
    };
    writeln!(out, "connection {}: {}{pointer}", id + 1, ending.summary)?;
    writeln!(
        out,
        "{}",
        endpoints(trace, id, &PerSide::default(), &columns, WIDTH)
    )?;
    writeln!(
        out,
        "{}",
        heading(trace, id, &columns, style).text(&columns, false)
    )?;
    for index in 0..trace.entries(id) {
        let text = match trace.entry(id, index) {
            Entry::Segment(at) => row(trace, id, at, &columns, style).text(&columns, false),
            Entry::Aside(told) => aside(trace, told, &columns, style).text(&columns),
        };
        writeln!(out, "{text}")?;
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
