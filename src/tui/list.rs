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
use crate::conn::ConnectionId;
use crate::story::ending::{Ending, Kind, ending};
use crate::story::numbers::short_state;

/// Lines the list takes above the ladder: all connections if they are few, else a quarter of the screen.
#[must_use]
pub fn lines(connections: usize, height: u16) -> u16 {
    let wanted = u16::try_from(connections).unwrap_or(u16::MAX).saturating_add(1);
    wanted.min((height / 4).max(3))
}

/// Draws a heading and as many connections as fit around the chosen one.
pub fn draw(app: &App, area: Rect, buffer: &mut Buffer) {
    if area.height == 0 {
        return;
    }
    let widths = Widths::of(app, area.width.into());
    let heading = widths.line(["#", "client", "server", "segments", "client state", "server state", "ending"]);
    buffer.set_stringn(area.x, area.y, format!(" {heading}"), area.width.into(), app.theme.quiet());
    let chosen = app.connection as usize;
    let rows = window(chosen, app.connections(), usize::from(area.height - 1));
    for (y, id) in (area.y + 1..).zip(rows) {
        let is_chosen = id == chosen;
        let style = if is_chosen { app.theme.news() } else { Style::new() };
        mark(app, is_chosen, area.x, y, buffer);
        let id = ConnectionId::try_from(id).expect("an index of a connection");
        buffer.set_stringn(area.x + 1, y, entry(app, id, &widths), usize::from(area.width) - 1, style);
    }
}

struct Widths {
    address: usize,
    segments: usize,
    state: usize,
    short: bool,
}

impl Widths {
    /// Endpoints as wide as the widest on the screen needs; columns go rather than an address be cut.
    fn of(app: &App, width: usize) -> Widths {
        let connections = app.trace.connections();
        let rows = window(app.connection as usize, connections.len(), 256);
        let longest = connections[rows].iter().map(|c| c.addresses.client.to_string().len().max(c.addresses.server.to_string().len()));
        let address = longest.max().unwrap_or(0).max(6);
        let left = width.saturating_sub(6 + 2 * (address + 1));
        match left {
            55.. => Widths { address, segments: 8, state: 13, short: false },
            46.. => Widths { address, segments: 0, state: 13, short: false },
            26.. => Widths { address, segments: 0, state: 5, short: true },
            _ => Widths { address, segments: 0, state: 0, short: true },
        }
    }

    fn line(&self, cells: [&str; 7]) -> String {
        let [number, client, server, segments, client_state, server_state, ending] = cells;
        let address = self.address;
        let mut text = format!("{number:>4} {client:address$} {server:address$} ");
        if self.segments > 0 {
            text += &format!("{segments:>width$} ", width = self.segments);
        }
        if self.state > 0 {
            let cut = |name: &str| name.chars().take(self.state).collect::<String>();
            text += &format!("{:width$} {:width$} ", cut(client_state), cut(server_state), width = self.state);
        }
        text + ending
    }
}

fn entry(app: &App, id: ConnectionId, widths: &Widths) -> String {
    let connection = &app.trace.connections()[id as usize];
    let state = |state: crate::conn::State| if widths.short { short_state(state) } else { state.name() };
    widths.line([
        &(id + 1).to_string(),
        &connection.addresses.client.to_string(),
        &connection.addresses.server.to_string(),
        &connection.rows.to_string(),
        state(connection.ends.client.state),
        state(connection.ends.server.state),
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
