//! A report of each connection for a bug tracker or a mail, in GitHub's Markdown: how it ended, the ladder, where the states
//! changed, why, what each program saw, what was found, and tcpdump's lines, folded away.

use std::fmt::Write as _;
use std::io::{self, Write};

use super::ladder;
use super::page::{How, Page, Row, pages};
use super::tcpdump::{self, InterfaceName};
use crate::conn::{ConnectionId, Roles, Side};
use crate::trace::Trace;
use crate::wire::{Place, Ports};

/// Where the octets of frames are read back from.
pub struct Source<'a> {
    pub read_back: &'a dyn Fn(&Place) -> io::Result<Vec<u8>>,
    pub interface_name: InterfaceName,
}

/// Writes the connections that `wanted` names; none named means all that are there. Without a `source` tcpdump's lines are left
/// out.
///
/// # Errors
/// Those of `out`.
pub fn write(
    out: &mut dyn Write,
    trace: &Trace,
    wanted: Option<ConnectionId>,
    how: How,
    source: Option<&Source<'_>>,
) -> io::Result<()> {
    for (i, page) in pages(trace, wanted, how).enumerate() {
        if i > 0 {
            writeln!(out)?;
        }
        connection(out, &page, source)?;
    }
    Ok(())
}

fn connection(out: &mut dyn Write, page: &Page<'_>, source: Option<&Source<'_>>) -> io::Result<()> {
    let verdict = escaped(&page.ending.summary);
    writeln!(out, "### Connection {}: {verdict}\n", page.id + 1)?;
    let pointer = page.ending.pointer();
    if !pointer.is_empty() {
        writeln!(out, "{}.\n", capitalized(&escaped(&pointer)))?;
    }
    writeln!(out, "{}; {}.\n", ends(page), page.totals())?;
    let mut diagram = Vec::new();
    ladder::diagram(&mut diagram, page)?;
    code(out, &String::from_utf8_lossy(&diagram))?;
    writeln!(out, "\n{}", states(page))?;
    for told in page.told() {
        let text = escaped(&told.sentences.join(" "));
        writeln!(out, "- **{}**: {text}", escaped(&told.about))?;
    }
    match source {
        None => Ok(()),
        Some(source) => tcpdump_lines(out, page, source),
    }
}

fn ends(page: &Page<'_>) -> String {
    let connection = page.trace.connection(page.id);
    let guess = match connection.roles {
        Roles::Guessed => " (by its port)",
        Roles::Seen => "",
    };
    let end = |side: Side| format!("{side}{guess} `{}`", connection.addresses[side]);
    capitalized(&format!("{}, {}", end(Side::Client), end(Side::Server)))
}

/// Where states changed: what each row of the ladder tells, without those in which nothing did.
fn states(page: &Page<'_>) -> String {
    let mut text = String::from("| segment | time | client | server | |\n|--:|--:|---|---|---|\n");
    let heading = page.heading();
    let cell = |name: &str, changed: bool| {
        let bold = if changed { "**" } else { "" };
        format!("{bold}{}{bold}", escaped(name))
    };
    let _ = writeln!(
        text,
        "| | | {} | {} | before |",
        cell(&heading.states.client, false),
        cell(&heading.states.server, false)
    );
    for row in page.rows() {
        let Row::Segment(_, row) = row else { continue };
        if !row.changed.client && !row.changed.server {
            continue;
        }
        let _ = writeln!(
            text,
            "| {} | {} | {} | {} | {} of the {} |",
            row.number,
            row.time.trim(),
            cell(&row.states.client, row.changed.client),
            cell(&row.states.server, row.changed.server),
            row.flags.words(),
            row.from
        );
    }
    text
}

/// What tcpdump prints of the segments that have a line of their own.
fn tcpdump_lines(out: &mut dyn Write, page: &Page<'_>, source: &Source<'_>) -> io::Result<()> {
    let absolute = page.how.style.absolute;
    let mut writer = tcpdump::Writer::new(Ports::default(), absolute, source.interface_name);
    let mut lines = Vec::new();
    for row in 0..page.trace.len(page.id) {
        let record = page.trace.row(page.id, row);
        let before = lines.len();
        match (source.read_back)(&record.place) {
            // tcpdump counts from what it has seen: it sees all of them.
            Ok(octets) => drop(writer.frame(&mut lines, &record.frame(&octets))),
            Err(why) => writeln!(lines, "frame {}: {why}", record.place.frame)?,
        }
        if !page.shows(row) {
            lines.truncate(before);
        }
    }
    writeln!(out, "\n<details><summary>tcpdump -nn</summary>\n")?;
    code(out, &String::from_utf8_lossy(&lines))?;
    writeln!(out, "\n</details>")
}

/// A block of text as it is, between fences longer than any run of backticks in it.
fn code(out: &mut dyn Write, text: &str) -> io::Result<()> {
    let runs = text.split(|c| c != '`').map(str::len);
    let fence = "`".repeat(runs.max().unwrap_or(0).max(2) + 1);
    writeln!(out, "{fence}text\n{}\n{fence}", text.trim_end_matches('\n'))
}

fn capitalized(text: &str) -> String {
    let mut chars = text.chars();
    match chars.next() {
        Some(first) => first.to_uppercase().chain(chars).collect(),
        None => String::new(),
    }
}

/// A text in which nothing means anything to Markdown.
fn escaped(text: &str) -> String {
    let mut escaped = String::new();
    let mut chars = text.chars().peekable();
    let mut before = ' ';
    while let Some(c) = chars.next() {
        let is_in_word = |next: &char| before.is_alphanumeric() && next.is_alphanumeric();
        let is_plain = c == '_' && chars.peek().is_some_and(is_in_word);
        if "\\`*_[]<>|~#&".contains(c) && !is_plain {
            escaped.push('\\');
        }
        escaped.push(c);
        before = c;
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_means_something_to_markdown_is_escaped_and_the_names_of_constants_stay() {
        assert_eq!(
            escaped("shutdown(SHUT_WR) *not* <b> |"),
            "shutdown(SHUT_WR) \\*not\\* \\<b\\> \\|"
        );
        assert_eq!(escaped("_x_ `y`"), "\\_x\\_ \\`y\\`");
    }

    #[test]
    fn a_fence_is_longer_than_any_run_of_backticks_in_the_text() {
        let mut out = Vec::new();
        code(&mut out, "a ````\nb\n").unwrap();
        assert_eq!(
            String::from_utf8(out).unwrap(),
            "`````text\na ````\nb\n`````\n"
        );
    }
}
