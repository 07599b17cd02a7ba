//! A sequence diagram for Mermaid, as GitHub, GitLab and many editors draw it: states as notes beside the lane they belong to.
//! Several connections stand one below the other in one diagram, each with lanes of its own.

use std::fmt::Write as _;
use std::io::{self, Write};

use super::page::{How, Page, Row, ids, pages};
use crate::conn::state::PerSide;
use crate::conn::{ConnectionId, Roles, Side};
use crate::story::aside::AsideRow;
use crate::story::fate::Fate;
use crate::story::ladder;
use crate::story::wrap::wrapped;
use crate::trace::Trace;
use crate::wire::Flags;

/// Columns of a note.
const NOTE: usize = 44;

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
    writeln!(out, "sequenceDiagram")?;
    let ids = || ids(trace, wanted);
    let are_several = ids().nth(1).is_some();
    // Lanes must be known before the first arrow.
    for id in ids() {
        let lanes = lanes(trace, id);
        if are_several {
            writeln!(out, "    box connection {}\n{lanes}    end", id + 1)?;
        } else {
            out.write_all(lanes.as_bytes())?;
        }
    }
    for page in pages(trace, wanted, how) {
        out.write_all(rows(&page).as_bytes())?;
    }
    Ok(())
}

/// What a side's lane is called in the diagram's text.
fn lane(id: ConnectionId, side: Side) -> String {
    format!("{side}{}", id + 1)
}

fn lanes(trace: &Trace, id: ConnectionId) -> String {
    let connection = trace.connection(id);
    let guess = match connection.roles {
        Roles::Guessed => "?",
        Roles::Seen => "",
    };
    let mut text = String::new();
    for side in Side::BOTH {
        let lane = lane(id, side);
        let address = escaped(&connection.addresses[side].to_string());
        let _ = writeln!(text, "    participant {lane} as {side}{guess} {address}");
    }
    text
}

fn rows(page: &Page<'_>) -> String {
    let both = format!(
        "{},{}",
        lane(page.id, Side::Client),
        lane(page.id, Side::Server)
    );
    let mut text = String::new();
    note(&format!("over {both}"), &page.verdict(), &mut text);
    let heading = page.heading();
    states(page, &heading.states, heading.changed, &mut text);
    for row in page.rows() {
        match row {
            Row::Segment(_, row) => {
                arrow(page, &row, &mut text);
                states(page, &row.states, row.changed, &mut text);
            }
            Row::Beside(row) => beside(page, &row, &both, &mut text),
        }
    }
    text
}

fn arrow(page: &Page<'_>, row: &ladder::Row, text: &mut String) {
    let (from, to) = (lane(page.id, row.from), lane(page.id, row.from.peer()));
    let is_lost = matches!(row.fate, Fate::Lost { .. });
    let shape = match (is_lost, row.flags.has(Flags::RST)) {
        (true, _) => "--x",
        (false, true) => "-x",
        (false, false) => "->>",
    };
    let parts = [row.number.as_str(), &row.time, &row.label];
    let mut label = parts.map(str::trim).join(" ").trim().to_owned();
    if is_lost {
        label += " (lost)";
    }
    let _ = writeln!(text, "    {from}{shape}{to}: {}", escaped(&label));
}

/// The states that have changed, each on its side.
fn states(page: &Page<'_>, states: &PerSide<String>, changed: PerSide<bool>, text: &mut String) {
    for side in Side::BOTH.into_iter().filter(|side| changed[*side]) {
        note(&beside_lane(page, side), &states[side], text);
    }
}

/// Where a note on a side stands.
fn beside_lane(page: &Page<'_>, side: Side) -> String {
    let place = match side {
        Side::Client => "left of",
        Side::Server => "right of",
    };
    format!("{place} {}", lane(page.id, side))
}

/// Mermaid doesn't wrap notes by itself.
fn note(place: &str, words: &str, text: &mut String) {
    let lines = wrapped(words, NOTE);
    let lines: Vec<_> = lines.iter().map(|line| escaped(line)).collect();
    let _ = writeln!(text, "    Note {place}: {}", lines.join("<br/>"));
}

fn beside(page: &Page<'_>, row: &AsideRow, both: &str, text: &mut String) {
    let place = match row.side {
        Some(side) => beside_lane(page, side),
        None => format!("over {both}"),
    };
    let PerSide { client, server } = &row.states;
    // What the ladder sets apart by spaces.
    let parts = [client.as_str()]
        .into_iter()
        .chain(row.middle.split("  "))
        .chain([server.as_str()]);
    let parts = parts.map(str::trim).filter(|part| !part.is_empty());
    note(&place, &parts.collect::<Vec<_>>().join(" · "), text);
}

/// A text in which nothing means anything to Mermaid: `#59;` is how it writes a semicolon, which would end the statement.
fn escaped(text: &str) -> String {
    let mut escaped = String::new();
    for c in text.chars() {
        match c {
            '#' | ';' | '%' | '<' | '>' | '&' | '"' | '\\' | '`' | '{' | '}' => {
                let _ = write!(escaped, "#{};", u32::from(c));
            }
            c => escaped.push(c),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::story::tests::trace_of;

    fn written(script: &str) -> String {
        let (trace, mut text) = (trace_of(script), Vec::new());
        write(&mut text, &trace, None, How::default()).unwrap();
        String::from_utf8(text).unwrap()
    }

    #[test]
    fn a_reset_is_an_arrow_with_a_cross_between_the_states_that_it_makes() {
        let text = written("@1 > R 1:1");
        let at = text
            .find("client1-xserver1: 4 1.000000 RST seq 1")
            .expect(&text);
        let notes = &text[at..];
        assert!(notes.contains("Note left of client1: CLOSED"), "{text}");
        assert!(notes.contains("Note right of server1: CLOSED"), "{text}");
    }

    #[test]
    fn what_would_end_a_statement_or_begin_a_comment_is_written_as_a_number() {
        assert_eq!(
            escaped("a; b #1 %%{x}"),
            "a#59; b #35;1 #37;#37;#123;x#125;"
        );
        assert_eq!(escaped("<b>&\"\\`"), "#60;b#62;#38;#34;#92;#96;");
    }
}
