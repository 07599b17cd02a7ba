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
use ratatui::text::{self, Span};

use super::app::App;
use super::verdict;
use crate::conn::{ConnectionId, Side, State};
use crate::story::Charset;
use crate::story::aside::{AsideRow, aside};
use crate::story::ladder::{Columns, Row, cell, endpoints, heading, row};
use crate::story::numbers::short_state;
use crate::story::relation::Relation;
use crate::story::shown::{self, Line, Shown};
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

/// The parts of the ladder: verdict, headers, rows.
struct Parts {
    verdict: Rect,
    endpoints: Rect,
    heading: Rect,
    rows: Rect,
}

fn parts(app: &App, area: Rect) -> Parts {
    let verdict = verdict::lines(app, area);
    // A ladder of two or three rows needs no headers.
    let header = u16::from(area.height > verdict + 4);
    let [verdict, endpoints, heading, rows] = Layout::vertical([
        Constraint::Length(verdict),
        Constraint::Length(header),
        Constraint::Length(header),
        Constraint::Min(0),
    ])
    .areas(area);
    Parts {
        verdict,
        endpoints,
        heading,
        rows,
    }
}

/// The lines of the ladder that are on the screen, each with where it is drawn.
fn visible(app: &App, rows: Rect) -> impl Iterator<Item = (u16, Line)> {
    let lines = app.focus.shown().map_or(&[][..], Shown::lines);
    let chosen = app.focus.shown().map_or(0, |shown| shown.line_of(app.line));
    let range = window(chosen, lines.len(), rows.height.into());
    (rows.y..).zip(lines[range].iter().copied())
}

/// What stands in a line of the screen.
#[must_use]
pub fn at(app: &App, area: Rect, y: u16) -> Option<Spot> {
    let parts = parts(app, area);
    if parts.verdict.rows().any(|row| row.y == y) {
        return Some(Spot::Verdict);
    }
    let (_, line) = visible(app, parts.rows).find(|(at, _)| *at == y)?;
    match line {
        Line::Entry(entry) => Some(Spot::Entry(entry)),
        Line::Run(run) => Some(Spot::Entry(run.first)),
        Line::Silence { .. } => None,
    }
}

/// Something that can be clicked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Spot {
    Verdict,
    Entry(usize),
}

/// Draws verdict, headers and the rows around the selected one.
pub fn draw(app: &App, area: Rect, buffer: &mut Buffer) {
    let columns = Columns::fit(&app.trace, app.connection, area.width.into(), app.style);
    let parts = parts(app, area);
    verdict::draw(app, parts.verdict, buffer);
    draw_endpoints(app, &columns, parts.endpoints, buffer);
    draw_heading(app, &columns, parts.heading, buffer);
    draw_legend(app, &columns, parts.rows, buffer);
    let selected_line = app.focus.shown().map_or(0, |shown| shown.line_of(app.line));
    for (y, shown) in visible(app, parts.rows) {
        let selected = app
            .focus
            .shown()
            .is_some_and(|all| all.lines().get(selected_line) == Some(&shown));
        draw_gutter(app, &shown, selected, (parts.rows.x, y), buffer);
        let text = match shown {
            Line::Entry(index) => entry_line(app, index, &columns, selected),
            folded => {
                let row = shown::folded(&app.trace, app.connection, &folded, &columns, app.style);
                aside_line(app, &row, &columns, selected)
            }
        };
        let width = parts.rows.width.saturating_sub(1);
        buffer.set_line(parts.rows.x + 1, y, &text, width);
        if selected {
            let row = Rect::new(parts.rows.x, y, parts.rows.width, 1);
            buffer.set_style(row, app.theme.selected());
        }
    }
}

/// What a line has to do with the selected segment.
fn relation(app: &App, entry: usize) -> Option<Relation> {
    let relations = app.focus.relations.as_ref()?;
    match app.trace.entry(app.connection, entry) {
        Entry::Segment(row) => relations.to(&app.trace, app.connection, row),
        Entry::Aside(_) => None,
    }
}

/// The whole names of shortened states, below the last row where there is a line left.
fn draw_legend(app: &App, columns: &Columns, rows: Rect, buffer: &mut Buffer) {
    let count = app.focus.shown().map_or(0, |shown| shown.lines().len());
    if !columns.shortens_states() || count >= usize::from(rows.height) {
        return;
    }
    let shown = Side::BOTH.into_iter().flat_map(|side| {
        let changes = app.focus.course.changes[side].iter();
        changes.map(|change| change.to)
    });
    // Those that are hard to guess first; what doesn't fit is in the help.
    let mut states: Vec<State> = shown.collect();
    states.sort_by_key(|state| std::cmp::Reverse(*state as u8));
    states.dedup();
    let mut text = String::new();
    for state in states {
        let name = format!(" {} {} ", short_state(state), state.name());
        if text.len() + name.len() <= rows.width.into() {
            text += &name;
        }
    }
    let y = rows.bottom() - 1;
    buffer.set_stringn(rows.x, y, text, rows.width.into(), app.theme.quiet());
}

/// What stands at the left edge of a line: that it is selected, what it has to do with the selected one, its mark, that
/// it is evidence.
fn draw_gutter(app: &App, line: &Line, selected: bool, (x, y): (u16, u16), buffer: &mut Buffer) {
    mark(app, selected, x, y, buffer);
    let Line::Entry(index) = line else { return };
    if selected {
        return;
    }
    if let Some(relation) = relation(app, *index) {
        let sign = relation_sign(relation, app.style.charset);
        buffer.set_string(x, y, sign, related(app, relation));
        return;
    }
    let here = |(_, place): &(&char, &(ConnectionId, usize))| **place == (app.connection, *index);
    let is_evidence = || match app.trace.entry(app.connection, *index) {
        Entry::Segment(row) => app.evidence.is_some() && app.evidence_rows().contains(&row),
        Entry::Aside(_) => false,
    };
    if let Some((name, _)) = app.marks.iter().find(here) {
        buffer.set_string(x, y, name.to_string(), app.theme.mark());
    } else if is_evidence() {
        let glyph = evidence_sign(app.style.charset);
        buffer.set_string(x, y, glyph, app.theme.mark());
    }
}

fn entry_line(app: &App, index: usize, columns: &Columns, selected: bool) -> text::Line<'static> {
    match app.trace.entry(app.connection, index) {
        Entry::Segment(at) => {
            let row = row(&app.trace, app.connection, at, columns, app.style);
            let relation = relation(app, index);
            let mut line = line(app, &row, columns, relation, selected);
            // The selected row has a background of its own.
            if !selected
                && app.is_sought(index)
                && let Some(number) = line.spans.first_mut()
            {
                number.style = app.theme.hit();
            }
            line
        }
        Entry::Aside(told) => {
            let row = aside(&app.trace, told, columns, app.style);
            aside_line(app, &row, columns, selected)
        }
    }
}

/// A line that is no segment.
fn aside_line(app: &App, row: &AsideRow, columns: &Columns, selected: bool) -> text::Line<'static> {
    let theme = app.theme;
    let style = theme.aside(row.tone);
    let style = if selected {
        style.patch(theme.news())
    } else {
        style
    };
    let before = columns.before_lane() - 2;
    text::Line::from(vec![
        Span::styled(format!("{:>before$} ", row.states.client), style),
        Span::styled(row.lanes.client.to_string(), theme.quiet()),
        Span::styled(row.middle.clone(), style),
        Span::styled(row.lanes.server.to_string(), theme.quiet()),
        Span::styled(format!(" {}", row.states.server), style),
    ])
}

fn draw_endpoints(app: &App, columns: &Columns, area: Rect, buffer: &mut Buffer) {
    if area.height == 0 {
        return;
    }
    let owners = app.owner_of(app.connection);
    let text = endpoints(
        &app.trace,
        app.connection,
        &owners,
        columns,
        area.width.into(),
    );
    buffer.set_stringn(area.x, area.y, text, area.width.into(), app.theme.news());
}

fn draw_heading(app: &App, columns: &Columns, area: Rect, buffer: &mut Buffer) {
    if area.height == 0 {
        return;
    }
    let heading = heading(&app.trace, app.connection, columns, app.style);
    let mut line = line(app, &heading, columns, None, false);
    for span in &mut line.spans {
        span.style = app.theme.quiet();
    }
    buffer.set_line(area.x + 1, area.y, &line, area.width.saturating_sub(1));
}

/// One row without its mark. The selected one shows both states, also those that stand; what it acknowledges and what
/// acknowledges it stand out.
fn line(
    app: &App,
    row: &Row,
    columns: &Columns,
    relation: Option<Relation>,
    selected: bool,
) -> text::Line<'static> {
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
    let arrow = match relation {
        _ if selected => arrow.patch(theme.news()),
        Some(relation) => arrow.patch(related(app, relation)),
        None => arrow,
    };
    text::Line::from(vec![
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

fn related(app: &App, relation: Relation) -> Style {
    match relation {
        Relation::AcknowledgedBySelected => app.theme.acknowledged(),
        Relation::AcknowledgesSelected => app.theme.acknowledges(),
    }
}

/// The sign of a row that shows how the connection ended.
fn evidence_sign(charset: Charset) -> &'static str {
    match charset {
        Charset::Unicode => "•",
        Charset::Ascii => "*",
    }
}

/// The signs before a row and what they say, for the help.
#[must_use]
pub fn signs(charset: Charset) -> [(&'static str, &'static str); 4] {
    [
        (
            relation_sign(Relation::AcknowledgedBySelected, charset),
            "the selected segment is the first to acknowledge it",
        ),
        (
            relation_sign(Relation::AcknowledgesSelected, charset),
            "it is the first to acknowledge the selected segment",
        ),
        (
            evidence_sign(charset),
            "it shows how the connection ended (e)",
        ),
        ("a-z", "a mark (m)"),
    ]
}

/// Before a row's number: `↲` it is acknowledged by the selected one, `↱` it acknowledges it.
#[must_use]
pub fn relation_sign(relation: Relation, charset: Charset) -> &'static str {
    match (relation, charset) {
        (Relation::AcknowledgedBySelected, Charset::Unicode) => "↲",
        (Relation::AcknowledgedBySelected, Charset::Ascii) => "<",
        (Relation::AcknowledgesSelected, Charset::Unicode) => "↱",
        (Relation::AcknowledgesSelected, Charset::Ascii) => "+",
    }
}
