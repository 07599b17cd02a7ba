//! The ladder of the chosen connection: the verdict, the lane headers, a row a segment.
//!
//! ```text
//!  Reset by the client, which had closed first.
//!                  client 127.0.0.1:35790          server 127.0.0.1:4321
//!       time        Δ              CLOSED ┊                       ┊ LISTEN
//! ▌ 1 0.000000                   SYN-SENT │── SYN ───────────────▶│ SYN-RECEIVED
//! ```

use std::ops::Range;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};

use super::app::App;
use crate::conn::Side;
use crate::story::Charset;
use crate::story::ending::ending;
use crate::story::ladder::{Columns, Row, endpoints, heading, row};

/// The rows to show so that `chosen` is in sight: `height` of `total`, the chosen one in the middle
/// where it can be.
#[must_use]
pub fn window(chosen: usize, total: usize, height: usize) -> Range<usize> {
    let first = chosen
        .saturating_sub(height / 2)
        .min(total.saturating_sub(height));
    first..total.min(first + height)
}

/// Marks the chosen row at the left edge.
pub fn mark(app: &App, chosen: bool, x: u16, y: u16, buffer: &mut Buffer) {
    if chosen {
        let mark = if app.style.charset == Charset::Ascii {
            ">"
        } else {
            "▌"
        };
        buffer.set_string(x, y, mark, app.theme.mark());
    }
}

/// Draws verdict, headers and the rows around the selected one.
pub fn draw(app: &App, area: Rect, buffer: &mut Buffer) {
    let columns = Columns::fit(&app.trace, app.connection, area.width.into());
    let headers: [fn(&App, &Columns, Rect, &mut Buffer); 3] =
        [draw_verdict, draw_endpoints, draw_heading];
    let mut rest = area;
    for header in headers {
        if rest.height > 0 {
            header(app, &columns, Rect { height: 1, ..rest }, buffer);
            rest = Rect {
                y: rest.y + 1,
                height: rest.height - 1,
                ..rest
            };
        }
    }
    let rows = window(app.row, app.trace.len(app.connection), rest.height.into());
    for (y, index) in (rest.y..).zip(rows) {
        let selected = index == app.row;
        let row = row(&app.trace, app.connection, index, &columns, app.style);
        mark(app, selected, rest.x, y, buffer);
        let line = line(app, &row, &columns, selected);
        buffer.set_line(rest.x + 1, y, &line, rest.width.saturating_sub(1));
    }
}

fn draw_verdict(app: &App, _: &Columns, area: Rect, buffer: &mut Buffer) {
    let ending = ending(&app.trace, app.connection);
    let shown: Vec<_> = ending
        .evidence
        .iter()
        .map(|row| (row + 1).to_string())
        .collect();
    let plural = if shown.len() == 1 { "" } else { "s" };
    let summary = Span::styled(format!(" {}", ending.summary), app.theme.news());
    let see = Span::styled(
        format!("  see segment{plural} {}", shown.join(", ")),
        app.theme.quiet(),
    );
    let fits = summary.width() + see.width() <= usize::from(area.width);
    let spans = if fits && !shown.is_empty() {
        vec![summary, see]
    } else {
        vec![summary]
    };
    buffer.set_line(area.x, area.y, &Line::from(spans), area.width);
}

fn draw_endpoints(app: &App, columns: &Columns, area: Rect, buffer: &mut Buffer) {
    let text = endpoints(&app.trace, app.connection, columns, area.width.into());
    buffer.set_stringn(area.x, area.y, text, area.width.into(), app.theme.news());
}

fn draw_heading(app: &App, columns: &Columns, area: Rect, buffer: &mut Buffer) {
    let heading = heading(&app.trace, app.connection, columns, app.style);
    let line =
        line(app, &heading, columns, false).patch_style(Style::reset().patch(app.theme.quiet()));
    buffer.set_line(area.x + 1, area.y, &line, area.width.saturating_sub(1));
}

/// A column's text, right-aligned, and the space behind it; nothing for a column left out.
fn cell(text: &str, width: usize) -> String {
    if width == 0 {
        String::new()
    } else {
        format!("{text:>width$} ")
    }
}

/// One row without its mark. The selected one shows both states, also those that stand.
fn line(app: &App, row: &Row, columns: &Columns, selected: bool) -> Line<'static> {
    let theme = app.theme;
    let times = if selected {
        theme.news()
    } else {
        theme.quiet()
    };
    let state = |side: Side| match (row.changed[side], selected) {
        (true, _) => (row.states[side].clone(), theme.news()),
        (false, true) => (row.states[side].clone(), Style::new()),
        (false, false) => (String::new(), Style::new()),
    };
    let (client, client_style) = state(Side::Client);
    let (server, server_style) = state(Side::Server);
    let arrow = theme.segment(row.flags, row.troubled);
    let arrow = if selected {
        arrow.patch(theme.news())
    } else {
        arrow
    };
    Line::from(vec![
        Span::styled(cell(&row.number, columns.number), times),
        Span::styled(cell(&row.time, columns.time), times),
        Span::styled(cell(&row.delta, columns.delta), times),
        Span::styled(cell(&client, columns.state), client_style),
        Span::styled(row.lanes.client.to_string(), theme.quiet()),
        Span::styled(row.arrow.clone(), arrow),
        Span::styled(row.lanes.server.to_string(), theme.quiet()),
        Span::styled(format!(" {server}"), server_style),
    ])
}
