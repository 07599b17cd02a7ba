//! The ladder as a table: a row a line, the arrow in a cell between both lanes.

use std::io::{self, Write};

use super::{id, row_id};
use crate::conn::Side;
use crate::conn::state::PerSide;
use crate::report::drawn::{CHARSET, Lane, outline};
use crate::report::markup::escaped;
use crate::report::page::{Page, Row};
use crate::report::palette::{of_matter, of_tone};
use crate::story::Fate;
use crate::story::aside::{AsideRow, Tone};
use crate::story::ladder;
use crate::story::mark::{LOST, Mark, RESET};
use crate::story::shown::Line;
use crate::wire::Flags;

/// Writes the table.
pub fn write(out: &mut dyn Write, page: &Page<'_>) -> io::Result<()> {
    writeln!(
        out,
        "<div class=\"scrolls\">\n<table class=\"ladder\" role=\"grid\" aria-readonly=\"true\" aria-labelledby=\"{}-verdict\">",
        id(page)
    )?;
    heading(out, page)?;
    writeln!(out, "<tbody>")?;
    for (at, (line, row)) in page.lines().iter().zip(page.rows()).enumerate() {
        match (line, row) {
            (_, Row::Segment(segment, row)) => {
                let id = row_id(page, at, Some(segment));
                let shows = page.ending.evidence.contains(&segment);
                self::segment(out, &id, &row, shows)?;
            }
            (Line::Entry(_), Row::Beside(row)) => {
                let id = row_id(page, at, None);
                beside(
                    out,
                    &format!(" id=\"{id}\" tabindex=\"-1\" aria-selected=\"false\""),
                    &row,
                )?;
            }
            // A fold, or a silence: there is nothing more to tell of it.
            (_, Row::Beside(row)) => beside(out, "", &row)?,
        }
    }
    writeln!(out, "</tbody>\n</table>\n</div>")
}

/// Both ends, the columns' names, and the states before the first segment.
fn heading(out: &mut dyn Write, page: &Page<'_>) -> io::Result<()> {
    let endpoints = page.endpoints();
    let names = endpoints.split("  ").map(str::trim);
    let names: Vec<_> = names.filter(|name| !name.is_empty()).collect();
    let name = |at: usize| escaped(names.get(at).copied().unwrap_or_default());
    let row = page.heading();
    writeln!(
        out,
        "<thead class=\"quiet\">\n<tr><td></td><td class=\"time\"></td><td class=\"delta\"></td>\
         <th class=\"end client\" scope=\"col\"><div>{}</div></th>\
         <th class=\"end\" colspan=\"2\" scope=\"col\">{}</th></tr>\n\
         <tr><th class=\"number\"></th><th class=\"time\" scope=\"col\">{}</th><th class=\"delta\" scope=\"col\">{}</th>\
         <th>{}</th><th class=\"wire {}\"></th><th class=\"server\">{}</th></tr>\n</thead>",
        name(0),
        name(1),
        escaped(&row.time),
        escaped(&row.delta),
        escaped(&row.states.client),
        lanes(row.lanes),
        escaped(&row.states.server)
    )
}

fn segment(out: &mut dyn Write, id: &str, row: &ladder::Row, shows: bool) -> io::Result<()> {
    let changes = row.changed.client || row.changed.server;
    let state = |side: Side| {
        let class = if row.changed[side] {
            "changes"
        } else {
            "stands"
        };
        format!(
            "<span class=\"{class}\">{}</span>",
            escaped(&row.states[side])
        )
    };
    writeln!(
        out,
        "<tr id=\"{id}\" tabindex=\"-1\" aria-selected=\"false\"{}{}><td class=\"number quiet\">{}</td>\
         <td class=\"time quiet\">{}</td><td class=\"delta quiet\">{}</td><td>{}</td>\
         <td class=\"wire {}\">{}</td><td class=\"server\">{}</td></tr>",
        if changes { " data-change=\"\"" } else { "" },
        if shows { " data-evidence=\"\"" } else { "" },
        row.number,
        escaped(&row.time),
        escaped(&row.delta),
        state(Side::Client),
        lanes(row.lanes),
        arrow(row),
        state(Side::Server)
    )
}

/// From the tail to the head; the style sheet turns it round.
fn arrow(row: &ladder::Row) -> String {
    let lost = matches!(row.fate, Fate::Lost { .. });
    let mut class = format!("arrow to-{} {}", row.from.peer(), of_matter(row.matter()));
    for (is_so, name) in [(lost, " lost"), (row.mark.is_some(), " marked")] {
        if is_so {
            class += name;
        }
    }
    let mark = row.mark.map_or(String::new(), glyph);
    let end = if lost {
        format!("{}<span class=\"label\">lost</span>", glyph(LOST))
    } else if row.flags.has(Flags::RST) {
        glyph(RESET)
    } else {
        HEAD.into()
    };
    format!(
        "<div class=\"{class}\">{mark}{TAIL}<span class=\"label\">{}</span>\
         <span class=\"shaft\"></span>{end}</div>",
        escaped(&row.label)
    )
}

const TAIL: &str = "<span class=\"tail\"></span>";
/// To the right.
const HEAD: &str = "<svg class=\"head\" viewBox=\"0 0 10 10\" aria-hidden=\"true\"><path d=\"M0 .5 10 5 0 9.5z\"/></svg>";

fn glyph(mark: Mark) -> String {
    format!(
        "<svg class=\"glyph\" viewBox=\"-6 -6 12 12\" role=\"img\"><title>{}</title><path d=\"{}\"/></svg>",
        escaped(mark.means),
        outline(mark)
    )
}

fn beside(out: &mut dyn Write, attributes: &str, row: &AsideRow) -> io::Result<()> {
    let tone = of_tone(row.tone);
    let pieces = slots(&row.middle).map(|piece| match row.tone {
        Tone::Error => with_head(&piece),
        _ => escaped(&piece),
    });
    let words: String = pieces
        .iter()
        .map(|piece| format!("<span>{piece}</span>"))
        .collect();
    writeln!(
        out,
        "<tr{attributes}><td class=\"number\"></td><td class=\"time\"></td><td class=\"delta\"></td>\
         <td class=\"{tone}\">{}</td><td class=\"wire {}\"><div class=\"words {tone}\">{words}</div></td>\
         <td class=\"server {tone}\">{}</td></tr>",
        escaped(&row.states.client),
        lanes(row.lanes),
        escaped(&row.states.server)
    )
}

/// What stands at the client's lane, in the middle, and at the server's lane.
fn slots(middle: &str) -> [String; 3] {
    let width = middle.chars().count();
    let mut slots = [const { String::new() }; 3];
    let mut from = 0;
    for piece in middle.split("  ") {
        let count = piece.chars().count();
        let words = piece.trim();
        let slot = match () {
            () if from <= 1 => 0,
            () if from + count + 1 >= width => 2,
            () => 1,
        };
        from += count + 2;
        if !words.is_empty() {
            let space = if slots[slot].is_empty() { "" } else { " " };
            slots[slot] += &format!("{space}{words}");
        }
    }
    slots
}

/// An ICMP error's words, with the head that points to where it went.
fn with_head(words: &str) -> String {
    let [stroke, to_server, to_client] = CHARSET.strokes();
    let text = words.trim_matches([stroke, to_server, to_client, ' ']);
    if words.starts_with(to_client) {
        format!(
            "<span class=\"to-client\">{HEAD}</span>{TAIL}{}",
            escaped(text)
        )
    } else if words.ends_with(to_server) {
        format!("{}{TAIL}{HEAD}", escaped(text))
    } else {
        escaped(text)
    }
}

/// The classes of both lanes.
fn lanes(lanes: PerSide<char>) -> String {
    let [client, server] = Side::BOTH.map(|side| match Lane::of(lanes[side]) {
        Lane::Open => format!("{side}-open"),
        Lane::Partly => format!("{side}-partly"),
        Lane::Closed => format!("{side}-closed"),
    });
    format!("{client} {server}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_stand_where_they_stood_between_the_lanes() {
        assert_eq!(slots(" close(3) = 0           "), ["close(3) = 0", "", ""]);
        assert_eq!(slots("            read(4) ... "), ["", "", "read(4) ..."]);
        assert_eq!(
            slots("    · the wire is cut ·    "),
            ["", "· the wire is cut ·", ""]
        );
        assert_eq!(
            slots(" Send-Q 1     kernel    Recv-Q 1 "),
            ["Send-Q 1", "kernel", "Recv-Q 1"]
        );
    }
}
