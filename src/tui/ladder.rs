//! The ladder of the chosen connection: the verdict, the lane headers, a row a segment.
//!
//! ```text
//!  Reset by the client, data reached it after close().
//!                  client 127.0.0.1:35790          server 127.0.0.1:4321
//!       time        Δ              CLOSED ┊                       ┊ LISTEN
//! ▌ 1 0.000000                   SYN-SENT │── SYN ───────────────▶│ SYN-RECEIVED
//! ```

use std::ops::Range;

use ratatui::buffer::Buffer;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::Style;
use ratatui::text::{Line, Span};
use ratatui::widgets::{Block, Padding, Paragraph, Widget, Wrap};

use super::app::App;
use crate::conn::Side;
use crate::story::Charset;
use crate::story::aside::{AsideRow, aside};
use crate::story::ending::ending;
use crate::story::ladder::{Columns, Row, endpoints, heading, row};
use crate::trace::Entry;

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
    let columns = Columns::fit(&app.trace, app.connection, area.width.into(), app.style);
    let (verdict, lines) = verdict(app, area.width);
    let [verdict_area, endpoints_area, heading_area, rest] = Layout::vertical([
        Constraint::Length(lines),
        Constraint::Length(1),
        Constraint::Length(1),
        Constraint::Min(0),
    ])
    .areas(area);
    verdict.render(verdict_area, buffer);
    draw_endpoints(app, &columns, endpoints_area, buffer);
    draw_heading(app, &columns, heading_area, buffer);
    let total = app.trace.entries(app.connection);
    let lines = window(app.line, total, rest.height.into());
    for (y, index) in (rest.y..).zip(lines) {
        let selected = index == app.line;
        mark(app, selected, rest.x, y, buffer);
        let line = match app.trace.entry(app.connection, index) {
            Entry::Segment(at) => {
                let row = row(&app.trace, app.connection, at, &columns, app.style);
                line(app, &row, &columns, selected)
            }
            Entry::Aside(told) => {
                let row = aside(&app.trace, told, &columns, app.style);
                aside_line(app, &row, &columns, selected)
            }
        };
        buffer.set_line(rest.x + 1, y, &line, rest.width.saturating_sub(1));
    }
}

/// A line that is no segment.
fn aside_line(app: &App, row: &AsideRow, columns: &Columns, selected: bool) -> Line<'static> {
    let theme = app.theme;
    let style = theme.aside(row.tone);
    let style = if selected {
        style.patch(theme.news())
    } else {
        style
    };
    let before = columns.before_lane() - 2;
    Line::from(vec![
        Span::styled(format!("{:>before$} ", row.states.client), style),
        Span::styled(row.lanes.client.to_string(), theme.quiet()),
        Span::styled(row.middle.clone(), style),
        Span::styled(row.lanes.server.to_string(), theme.quiet()),
        Span::styled(format!(" {}", row.states.server), style),
    ])
}

/// Columns that wrapping between words may cost.
const WRAPPED: usize = 12;

/// The verdict, and how sure it is where that fits; on a narrow screen in two lines.
fn verdict(app: &App, width: u16) -> (Paragraph<'static>, u16) {
    let ending = ending(&app.trace, app.connection);
    let summary = Span::styled(ending.summary.clone(), app.theme.news());
    let room = usize::from(width.saturating_sub(2));
    let lines = if summary.width() > room { 2 } else { 1 };
    let sure = ending
        .causes
        .first()
        .map_or("", |cause| cause.confidence.name());
    let behind = [ending.pointer(), sure.into()].map(|text| format!("  {text}"));
    let fitting = behind.into_iter().find(|text| {
        summary.width() + text.len() <= (room * lines).saturating_sub(WRAPPED * (lines - 1))
    });
    let spans = [
        summary,
        Span::styled(fitting.unwrap_or_default(), app.theme.quiet()),
    ];
    let padding = Block::new().padding(Padding::horizontal(1));
    (
        Paragraph::new(Line::from_iter(spans))
            .wrap(Wrap { trim: false })
            .block(padding),
        u16::from(lines > 1) + 1,
    )
}

fn draw_endpoints(app: &App, columns: &Columns, area: Rect, buffer: &mut Buffer) {
    if area.height == 0 {
        return;
    }
    let text = endpoints(&app.trace, app.connection, columns, area.width.into());
    buffer.set_stringn(area.x, area.y, text, area.width.into(), app.theme.news());
}

fn draw_heading(app: &App, columns: &Columns, area: Rect, buffer: &mut Buffer) {
    if area.height == 0 {
        return;
    }
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
