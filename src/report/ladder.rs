//! The ladder as text: every connection in the order of its first segment, each under its verdict.

use std::io::{self, Write};

use super::page::{How, Page, Row, WIDTH, pages};
use crate::conn::ConnectionId;
use crate::story::wrap::wrapped;
use crate::trace::Trace;

/// Writes the connections that `wanted` names; none named means all that are there.
///
/// # Errors
/// Those of `out`.
pub fn write(
    out: &mut dyn Write,
    trace: &Trace,
    wanted: Option<ConnectionId>,
    how: How,
) -> io::Result<()> {
    for (i, page) in pages(trace, wanted, how).enumerate() {
        if i > 0 {
            writeln!(out)?;
        }
        connection(out, &page)?;
    }
    Ok(())
}

fn connection(out: &mut dyn Write, page: &Page<'_>) -> io::Result<()> {
    line(out, page, &format!("{}: {}", page.name(), page.verdict()))?;
    diagram(out, page)?;
    for told in page.told() {
        for (about, text) in told.wrapped(page.how.width - 2) {
            writeln!(out, "  {about}{text}")?;
        }
    }
    line(out, page, &page.totals())
}

/// A line that others may look for: parted only where little room is asked for.
fn line(out: &mut dyn Write, page: &Page<'_>, text: &str) -> io::Result<()> {
    let width = page.how.width;
    let room = if width < WIDTH { width } else { usize::MAX };
    for line in wrapped(text, room) {
        writeln!(out, "{line}")?;
    }
    Ok(())
}

/// The ladder alone, below its endpoints.
///
/// # Errors
/// Those of `out`.
pub fn diagram(out: &mut dyn Write, page: &Page<'_>) -> io::Result<()> {
    let columns = &page.columns;
    writeln!(out, "{}", page.endpoints())?;
    writeln!(out, "{}", page.heading().text(columns, false))?;
    for row in page.rows() {
        let text = match row {
            Row::Segment(_, row) => row.text(columns, false),
            Row::Beside(row) => row.text(columns),
        };
        writeln!(out, "{text}")?;
    }
    Ok(())
}
