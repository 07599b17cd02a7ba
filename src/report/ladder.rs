//! The ladder as text: every connection in the order of its first segment, each under its verdict.

use std::io::{self, Write};

use crate::conn::state::PerSide;
use crate::conn::{ConnectionId, Roles, Side};
use crate::story::ladder::{Columns, Style, row};
use crate::story::numbers::{counted, seconds};
use crate::story::{self, Charset, Row};
use crate::trace::Trace;

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
    let columns = Columns::fit(trace, id, WIDTH);
    let ending = story::ending::ending(trace, id);
    let segments: Vec<_> = ending
        .evidence
        .iter()
        .map(|&row| (row + 1).to_string())
        .collect();
    let see = if segments.is_empty() {
        String::new()
    } else {
        {
            let plural = if segments.len() == 1 { "" } else { "s" };
            format!("  (segment{plural} {})", segments.join(", "))
        }
    };
    writeln!(out, "connection {}: {}{see}", id + 1, ending.summary)?;
    let guess = if connection.roles == Roles::Guessed {
        "?"
    } else {
        ""
    };
    let names = Side::BOTH.map(|side| format!("{side}{guess} {}", connection.addresses[side]));
    heading(out, &names, &columns)?;
    let initial = connection.initial;
    let first = Row {
        number: String::new(),
        time: "time".into(),
        delta: if style.charset == Charset::Ascii {
            "delta".into()
        } else {
            "Δ".into()
        },
        states: PerSide {
            client: initial.client.to_string(),
            server: initial.server.to_string(),
        },
        changed: PerSide {
            client: true,
            server: true,
        },
        lanes: PerSide {
            client: style.charset.lane(initial.client),
            server: style.charset.lane(initial.server),
        },
        arrow: " ".repeat(columns.arrow),
        from: Side::Client,
        flags: crate::wire::Flags::default(),
        troubled: false,
    };
    line(out, &first, &columns)?;
    for index in 0..trace.len(id) {
        line(out, &row(trace, id, index, &columns, style), &columns)?;
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

/// The endpoints above their lanes, moved together where they would meet.
fn heading(out: &mut dyn Write, names: &[String; 2], columns: &Columns) -> io::Result<()> {
    let client_lane = columns.before_lane();
    let server_lane = client_lane + 1 + columns.arrow;
    let [client, server] = names;
    let client_at = (client_lane + 1).saturating_sub(client.len() / 2);
    let server_at = server_lane
        .saturating_sub(server.len() / 2)
        .max(client_at + client.len() + 2);
    let gap = server_at - client_at - client.len();
    writeln!(out, "{:client_at$}{client}{:gap$}{server}", "", "")
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
