//! What there is to say of each row that can be selected: what it does, where both ends are after it, tcpdump's line.

use std::io::{self, Write};

use super::ReadBack;
use crate::conn::Side;
use crate::conn::state::PerSide;
use crate::report::markup::escaped;
use crate::report::page::Page;
use crate::story::shown::Line;
use crate::story::space::{Space, SpaceIndex};
use crate::story::{aside, sentence, tcpdump};
use crate::trace::{Aside, Entry};

/// Writes a list item for each selectable row, in their order.
pub fn write(
    out: &mut dyn Write,
    page: &Page<'_>,
    read_back: Option<ReadBack<'_>>,
) -> io::Result<()> {
    let space = SpaceIndex::of(page.trace, page.id);
    writeln!(out, "<ol class=\"steps\">")?;
    for line in page.lines() {
        let Line::Entry(entry) = line else { continue };
        match page.trace.entry(page.id, *entry) {
            Entry::Segment(row) => {
                let both = space.at(page.trace, page.id, row);
                segment(out, page, row, &both, read_back)?;
            }
            Entry::Aside(told) => beside(out, page, told)?,
        }
    }
    writeln!(out, "</ol>")
}

fn segment(
    out: &mut dyn Write,
    page: &Page<'_>,
    row: usize,
    space: &PerSide<Space>,
    read_back: Option<ReadBack<'_>>,
) -> io::Result<()> {
    let (trace, id) = (page.trace, page.id);
    let states = PerSide::of(|side| space[side].state.name());
    writeln!(
        out,
        "<li data-states=\"{}\"><p><b>{}</b> <span class=\"what\">{}</span></p>\n{}",
        in_words(states),
        row + 1,
        escaped(&sentence::sentence(trace, id, row)),
        ends(&[
            ("state", &|side| {
                let end = &space[side];
                format!("<b>{}</b> {}", end.state.name(), end.certainty.name())
            }),
            ("next read()", &|side| escaped(
                &space[side].program.next_read()
            )),
            ("next write()", &|side| escaped(
                &space[side].program.next_write()
            )),
        ])
    )?;
    if let Some(line) = read_back.and_then(|read_back| wire(page, row, read_back)) {
        writeln!(out, "<code>{}</code>", escaped(&line))?;
    }
    writeln!(out, "</li>")
}

/// tcpdump's line, where the frame can be read back.
fn wire(page: &Page<'_>, row: usize, read_back: ReadBack<'_>) -> Option<String> {
    let record = page.trace.row(page.id, row);
    let octets = read_back(&record.place).ok()?;
    let decoded = tcpdump::read_again(&record, &octets)?;
    let absolute = page.how.style.absolute;
    let line = tcpdump::line(page.trace, page.id, row, &decoded, absolute);
    Some(format!("frame {}: {line}", record.place.frame))
}

fn beside(out: &mut dyn Write, page: &Page<'_>, told: &Aside) -> io::Result<()> {
    let standing = page.trace.states_at(told);
    let states = PerSide::of(|side| standing[side].name());
    let words = aside::sentence(page.trace, told, page.how.style.absolute);
    writeln!(
        out,
        "<li data-states=\"{}\"><p><span class=\"what\">{}</span></p>\n{}</li>",
        in_words(states),
        escaped(&words),
        ends(&[("state", &|side| format!("<b>{}</b>", states[side]))])
    )
}

/// `client FIN-WAIT-1, server CLOSE-WAIT`.
fn in_words(states: PerSide<&str>) -> String {
    let [client, server] = Side::BOTH.map(|side| format!("{side} {}", states[side]));
    format!("{client}, {server}")
}

/// A table with a column for each end.
fn ends(rows: &[(&str, &dyn Fn(Side) -> String)]) -> String {
    let [client, server] = Side::BOTH;
    let heading =
        format!("<tr><td></td><th scope=\"col\">{client}</th><th scope=\"col\">{server}</th></tr>");
    let row = |(name, cell): &(&str, &dyn Fn(Side) -> String)| {
        let [client, server] = Side::BOTH.map(cell);
        format!("<tr><th scope=\"row\">{name}</th><td>{client}</td><td>{server}</td></tr>")
    };
    let rows: String = rows.iter().map(row).collect();
    format!("<table class=\"ends\">{heading}{rows}</table>")
}
