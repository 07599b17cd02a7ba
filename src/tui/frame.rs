//! The whole screen: which panel gets which lines.
//!
//! ```text
//!  title, counts
//! ─────────────
//!  list            (where there is more than one connection)
//! ─────────────
//!  ladder          (takes what is left: it wins the space)
//! ─────────────
//!  details
//!  keys
//! ```

use ratatui::Frame;
use ratatui::buffer::Buffer;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::Style;
use ratatui::text::{Line, Span};
use ratatui::widgets::{Paragraph, Widget, Wrap};

use super::app::{App, ListView, Why};
use super::clean::clean;
use super::theme::Look;
use super::{details, help, keys, ladder, list, why};
use crate::story::Charset;
use crate::story::numbers::{counted, grouped, read_without};
use crate::trace::Said;

/// Draws everything that is on the screen.
pub fn draw(app: &App, frame: &mut Frame<'_>) {
    let area = frame.area();
    if area.is_empty() {
        return;
    }
    let buffer = frame.buffer_mut();
    let list_lines = match app.list {
        ListView::Hidden => 0,
        _ if !app.has_list() || !app.has_ladder() => 0,
        ListView::Alone => area.height,
        ListView::Beside => list::lines(app.connections(), area.height),
    };
    let details_lines = if app.why != Why::Hidden && app.has_ladder() {
        why::wanted(app, area)
    } else {
        details::lines(area.height)
    };
    let alone = app.list == ListView::Alone && app.has_list();
    let has_rules = area.height >= 16;
    let rule_line = u16::from(has_rules);
    let [
        title,
        rule,
        list_area,
        list_rule,
        body,
        cue,
        details_rule,
        details_area,
        footer,
    ] = Layout::vertical([
        Constraint::Length(1),
        Constraint::Length(rule_line),
        Constraint::Length(list_lines.min(area.height.saturating_sub(3 + rule_line))),
        Constraint::Length(if list_lines > 0 { rule_line } else { 0 }),
        Constraint::Min(0),
        Constraint::Length(u16::from(app.play.is_some())),
        Constraint::Length(if alone { 0 } else { rule_line }),
        Constraint::Length(if alone { 0 } else { details_lines }),
        Constraint::Length(1),
    ])
    .areas(area);
    draw_title(app, title, buffer);
    for line in [rule, list_rule, details_rule] {
        draw_rule(app, line, buffer);
    }
    if let Some(why) = app.trace.breaks_off() {
        let text = format!(" {why} ");
        buffer.set_stringn(
            rule.x,
            rule.y,
            text,
            (rule.width * rule.height).into(),
            app.theme.alarm(),
        );
    }
    list::draw(app, list_area, buffer);
    if app.has_ladder() {
        ladder::draw(app, body, buffer);
        match app.why {
            Why::Hidden => details::draw(app, details_area, buffer),
            Why::Account | Why::Findings => why::draw(app, details_area, buffer),
        }
    } else {
        draw_nothing_yet(app, body, buffer);
    }
    draw_cue(app, cue, buffer);
    draw_keys(app, footer, buffer);
    let look = Look {
        style: app.style,
        theme: app.theme,
    };
    match &app.play {
        Some(play) if app.about => {
            help::draw_about(look, &play.title, &play.about, 0, area, buffer);
        }
        _ if app.help => {
            let in_play = [("Experiment", keys::HELP_IN_PLAY), ("Keys", keys::HELP)];
            let sections = if app.play.is_some() {
                &in_play[..]
            } else {
                &in_play[1..]
            };
            help::draw(look, sections, 0, area, buffer);
        }
        _ => {}
    }
    clean(app.style.charset, buffer);
}

fn draw_rule(app: &App, area: Rect, buffer: &mut Buffer) {
    if area.height > 0 {
        let line = if app.style.charset == Charset::Ascii {
            "-"
        } else {
            "─"
        };
        buffer.set_string(
            area.x,
            area.y,
            line.repeat(area.width.into()),
            app.theme.quiet(),
        );
    }
}

/// ` tcpviz  NAME ............ counts`; the counts keep their place, the name gives way.
fn draw_title(app: &App, area: Rect, buffer: &mut Buffer) {
    let counts = counts(app, area.width >= 80);
    let width = counts.iter().map(Span::width).sum::<usize>();
    let left = Line::from_iter([
        Span::styled(" tcpviz  ", app.theme.news()),
        Span::raw(app.origin.name.as_str()),
    ]);
    let room = area
        .width
        .saturating_sub(u16::try_from(width).unwrap_or(u16::MAX).saturating_add(2));
    buffer.set_line(area.x, area.y, &left, room);
    Line::from(counts).right_aligned().render(area, buffer);
}

/// What was read, and what wasn't: a drop is never out of sight.
fn counts(app: &App, wide: bool) -> Vec<Span<'static>> {
    let tally = app.trace.tally;
    let plain = |text: String| (text, Style::new());
    let mut facts = Vec::new();
    if app.origin.listening.is_some() {
        let received = if wide { "received" } else { "rcvd" };
        facts.push(plain(format!("{} {received}", grouped(tally.frames))));
        let style = if tally.dropped > 0 {
            app.theme.alarm()
        } else {
            Style::new()
        };
        facts.push((format!("{} dropped", grouped(tally.dropped)), style));
    } else if wide {
        facts.push(plain(counted(app.trace.records.len() as u64, "segment")));
        facts.push(plain(counted(app.connections() as u64, "connection")));
    }
    if app.has_ladder() {
        let total = app.trace.entries(app.connection);
        let place = if app.following { "following" } else { "step" };
        facts.push(plain(format!(
            "{place} {}/{}",
            grouped(app.line as u64 + 1),
            grouped(total as u64)
        )));
    }
    if app.trace.breaks_off().is_some() {
        facts.push(("breaks off".into(), app.theme.alarm()));
    }
    let dot = format!(" {} ", app.style.charset.dot());
    let mut spans = Vec::new();
    for (text, style) in facts {
        if !spans.is_empty() {
            spans.push(Span::raw(dot.clone()));
        }
        spans.push(Span::styled(text, style));
    }
    spans.push(Span::raw(" "));
    spans
}

/// What an experiment does next.
fn draw_cue(app: &App, area: Rect, buffer: &mut Buffer) {
    let Some(play) = &app.play else { return };
    if area.height == 0 {
        return;
    }
    let theme = app.theme;
    let mut spans = vec![Span::raw(" ")];
    match (&play.over, &play.next) {
        (Some(how), _) => spans.push(Span::styled(how.clone(), theme.news())),
        (None, Some(next)) => {
            let mark = if app.style.charset == Charset::Ascii {
                ">"
            } else {
                "▶"
            };
            spans.push(Span::styled(format!("{mark} next  "), theme.key()));
            spans.push(Span::styled(next.clone(), theme.news()));
        }
        (None, None) => {
            spans.push(Span::styled("under way  ", theme.quiet()));
            spans.push(Span::raw(play.doing.clone()));
        }
    }
    buffer.set_line(area.x, area.y, &Line::from(spans), area.width);
}

/// Before the first segment: what is awaited, and what would make it come.
fn draw_nothing_yet(app: &App, area: Rect, buffer: &mut Buffer) {
    let tally = app.trace.tally;
    let mut lines = vec![Line::default()];
    if let Some(play) = &app.play {
        lines.push(Line::styled(play.title.clone(), app.theme.news()));
        lines.push(Line::default());
        lines.extend(play.note.iter().map(|note| Line::raw(note.clone())));
        lines.push(Line::default());
        for aside in app.trace.asides(0) {
            if let Said::Call { side, text, .. } = &aside.said {
                lines.push(Line::raw(format!("{side}: {text}")));
            }
        }
    }
    match (&app.origin.listening, &app.trace.ended) {
        _ if app.play.is_some() => {}
        (_, Some(_)) if !app.trace.is_empty() => lines.push(Line::raw(format!(
            "There is no connection {}: the capture has {}.",
            app.connection + 1,
            app.connections()
        ))),
        (_, Some(_)) => {
            lines.push(Line::raw(app.trace.breaks_off().map_or_else(
                || "No TCP segment to show.".into(),
                |why| format!("No TCP segment: {why}."),
            )));
            lines.push(Line::raw(read_without(&tally)));
        }
        (Some(filter), None) => {
            let port = app.origin.port;
            lines.push(Line::styled(
                format!(
                    "Listening on {} for {filter}; nothing yet.",
                    app.origin.name
                ),
                app.theme.news(),
            ));
            lines.push(Line::default());
            lines.push(Line::raw(
                "Connections made from now on appear here. To try it, in two other terminals:",
            ));
            lines.push(Line::raw(format!(
                "  python3 -m http.server {port} --bind 127.0.0.1"
            )));
            lines.push(Line::raw(format!("  curl http://127.0.0.1:{port}/")));
        }
        (None, None) => lines.push(Line::raw(format!(
            "Reading {}; no TCP segment yet.",
            app.origin.name
        ))),
    }
    let inner = Rect {
        x: area.x + 1,
        width: area.width.saturating_sub(2),
        ..area
    };
    Paragraph::new(lines)
        .wrap(Wrap { trim: false })
        .render(inner, buffer);
}

/// The keys that matter now, as many as fit.
fn draw_keys(app: &App, area: Rect, buffer: &mut Buffer) {
    let ascii = app.style.charset == Charset::Ascii;
    let arrows = |unicode: &'static str, text: &'static str| if ascii { text } else { unicode };
    let mut keys = Vec::new();
    let covered = app.help || app.about;
    if let Some(play) = app.play.as_ref().filter(|_| !covered) {
        if play.over.is_none() {
            keys.push(("Space", "next call"));
            keys.push(("g", if play.runs { "stop" } else { "go on" }));
        }
        keys.push(("i", "about"));
    }
    if covered {
        keys.push(("any key", "back"));
    } else if !app.has_ladder() {
        keys.extend([("?", "help"), ("q", "leave")]);
    } else {
        if app.list == ListView::Alone && app.chooses_connections() {
            keys.extend([(arrows("↑↓", "up/down"), "connection"), ("Enter", "ladder")]);
        } else if app.chooses_connections() {
            keys.extend([
                (arrows("←→", "left/right"), "segment"),
                (arrows("↑↓", "up/down"), "connection"),
            ]);
        } else {
            keys.push((arrows("←→", "left/right"), "segment"));
        }
        if app.origin.growing && !app.following {
            keys.push(("End", "follow"));
        }
        keys.extend([("q", "leave"), ("?", "help")]);
        if app.list != ListView::Alone || !app.has_list() {
            let next = match app.why {
                Why::Hidden => "why",
                Why::Account => "findings",
                Why::Findings => "segment",
            };
            keys.push(("w", next));
            keys.push(("n/N", "state change"));
        }
        if app.has_list() {
            keys.push(("Tab", "list"));
        }
        keys.push((
            "a",
            if app.style.absolute {
                "relative"
            } else {
                "absolute"
            },
        ));
    }
    let mut spans = vec![Span::raw(" ")];
    let mut used = 1;
    for (key, what) in keys {
        let text = [
            Span::styled(key, app.theme.key()),
            Span::styled(format!(" {what}  "), app.theme.quiet()),
        ];
        let width: usize = text.iter().map(Span::width).sum();
        if used + width <= usize::from(area.width) + 2 {
            used += width;
            spans.extend(text);
        }
    }
    Line::from(spans).render(area, buffer);
}
