//! The connections to choose among.
//!
//! ```text
//!    # client             server            segments client state   server state  ending
//! ▌  2 127.0.0.1:35790    127.0.0.1:4321           7 CLOSED         CLOSED        reset by client
//! ```

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

use super::app::App;
use super::ladder::{mark, window};
use crate::conn::{ConnectionId, Side, State};
use crate::story::clock;
use crate::story::ending::{Ending, Kind, ending};
use crate::story::numbers::short_state;

/// Columns of a connection's number, and those that an ending in short needs.
const NUMBER: usize = 3;
const ENDING: usize = 21;

/// Lines the list takes above the ladder: all connections if they are few, else a quarter of the
/// screen; less on a small screen, where the ladder needs them, and only the chosen one on a tiny one.
#[must_use]
pub fn lines(connections: usize, height: u16) -> u16 {
    let most = match height {
        0..=15 => return 1,
        16..=23 => 3,
        _ => height / 4,
    };
    let wanted = u16::try_from(connections)
        .unwrap_or(u16::MAX)
        .saturating_add(1);
    wanted.min(most)
}

/// Draws a heading (but on one line) and as many connections as fit around the chosen one.
pub fn draw(app: &App, area: Rect, buffer: &mut Buffer) {
    let widths = Widths::of(app, area.width.into());
    let with_heading = u16::from(area.height > 1);
    let states = if widths.is_short() {
        ["clt", "srv"]
    } else {
        ["client state", "server state"]
    };
    let heading = widths.line([
        "#", "client", "server", "segments", states[0], states[1], "ending",
    ]);
    if with_heading > 0 {
        buffer.set_stringn(
            area.x,
            area.y,
            format!(" {heading}"),
            area.width.into(),
            app.theme.quiet(),
        );
    }
    let chosen = app.connection as usize;
    let rows = window(
        chosen,
        app.connections(),
        usize::from(area.height - with_heading),
    );
    for (y, id) in (area.y + with_heading..).zip(rows) {
        let is_chosen = id == chosen;
        let style = if is_chosen {
            app.theme.news()
        } else {
            Style::new()
        };
        mark(app, is_chosen, area.x, y, buffer);
        let id = ConnectionId::try_from(id).expect("an index of a connection");
        buffer.set_stringn(
            area.x + 1,
            y,
            entry(app, id, &widths),
            usize::from(area.width) - 1,
            style,
        );
    }
}

/// Columns, 0 for one that is left out.
struct Widths {
    client: usize,
    server: usize,
    segments: usize,
    state: usize,
}

const STATE: usize = 13;
const SHORT_STATE: usize = 4;

impl Widths {
    /// Endpoints as wide as the widest on the screen needs; columns go rather than an address be
    /// cut.
    fn of(app: &App, width: usize) -> Widths {
        let connections = app.trace.connections();
        let rows = window(
            app.connection as usize,
            connections.len(),
            usize::from(u8::MAX),
        );
        let longest = |side: Side| {
            rows.clone()
                .map(|i| connections[i].addresses[side].to_string().len())
                .max()
        };
        let [client, server] = Side::BOTH.map(|side| longest(side).unwrap_or(0).max(6));
        let choices = [
            (server, 8, STATE),
            (server, 0, STATE),
            (server, 0, SHORT_STATE),
            (server, 0, 0),
            (0, 0, 0),
        ];
        let fitting = choices.map(|(server, segments, state)| Widths {
            client,
            server,
            segments,
            state,
        });
        let [.., least] = &fitting;
        let chosen = fitting
            .iter()
            .find(|widths| widths.total() + ENDING <= width)
            .unwrap_or(least);
        Widths { ..*chosen }
    }

    fn total(&self) -> usize {
        let columns = [
            1,
            NUMBER,
            self.client,
            self.server,
            self.segments,
            self.state,
            self.state,
        ];
        columns
            .iter()
            .filter(|width| **width > 0)
            .map(|width| width + 1)
            .sum()
    }

    fn is_short(&self) -> bool {
        self.state < STATE
    }

    fn line(&self, cells: [&str; 7]) -> String {
        let widths = [
            NUMBER,
            self.client,
            self.server,
            self.segments,
            self.state,
            self.state,
        ];
        let mut text = String::new();
        for (i, (cell, width)) in cells.iter().zip(widths).enumerate() {
            let counts = matches!(i, 0 | 3);
            match width {
                0 => {}
                _ if counts => text += &format!("{cell:>width$} "),
                _ => text += &format!("{cell:width$} "),
            }
        }
        text + cells[6]
    }
}

fn entry(app: &App, id: ConnectionId, widths: &Widths) -> String {
    let connection = &app.trace.connections()[id as usize];
    let state = |state: State| {
        if widths.is_short() {
            short_state(state)
        } else {
            state.name()
        }
    };
    widths.line([
        &(id + 1).to_string(),
        &connection.addresses.client.to_string(),
        &connection.addresses.server.to_string(),
        &connection.rows.to_string(),
        state(clock::state_now(&app.trace, id, Side::Client)),
        state(clock::state_now(&app.trace, id, Side::Server)),
        &in_short(&ending(&app.trace, id)),
    ])
}

/// `reset by client`, `orderly, server first`.
fn in_short(ending: &Ending) -> String {
    match (ending.kind, ending.reset_by, ending.closed_first) {
        (Kind::Reset, Some(by), _) => format!("reset by {by}"),
        (Kind::Orderly, _, Some(first)) => format!("orderly, {first} first"),
        (Kind::HalfClosed, _, Some(first)) => format!("half-closed by {first}"),
        (kind, ..) => kind.name().into(),
    }
}
