//! The whole screen: every panel in its area (`layout`), and what stands between them.
//!
//! ```text
//!  tcpviz  close.pcap                          7 segments · 1 connection · step 4/7
//! ─────────────────────────────────────────────────────────────────────────────────
//!  ...
//!  ←→ segment  q leave  ? help
//! ```

use ratatui::Frame;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use super::app::{App, Popup};
use super::clean::clean;
use super::layout::Areas;
use super::listing::Sort;
use super::{
    alarm, explain, figure, foot, help, keys, ladder, list, panel, progress, timeline, title,
    waiting,
};
use crate::story::Charset;

/// Draws everything that is on the screen.
pub fn draw(app: &App, frame: &mut Frame<'_>) {
    let screen = frame.area();
    if screen.is_empty() {
        return;
    }
    let buffer = frame.buffer_mut();
    let areas = Areas::of(app, screen);
    title::draw(app, areas.title, buffer);
    alarm::draw(app, areas.alarm, buffer);
    draw_rules(app, &areas, buffer);
    if !areas.list.is_empty() {
        let owners = |id| app.owner_of(id);
        list::draw(
            app.look(),
            &app.trace,
            &app.listing,
            &owners,
            app.connection,
            areas.list,
            buffer,
        );
    }
    if app.has_ladder() {
        draw_connection(app, &areas, buffer);
    } else {
        waiting::draw(app, areas.ladder, buffer);
    }
    draw_cue(app, areas.cue, buffer);
    foot::draw(app, areas.foot, buffer);
    draw_popup(app, areas.over, buffer);
    clean(app.style.charset, buffer);
}

/// The connection chosen: its course in time, its ladder, its figure, and what is told of it.
fn draw_connection(app: &App, areas: &Areas, buffer: &mut Buffer) {
    if !areas.timeline.is_empty() {
        let row = app.row_until_here().unwrap_or(0);
        timeline::draw(app.look(), app.timeline(), row, areas.timeline, buffer);
    }
    if !areas.ladder.is_empty() {
        ladder::draw(app, areas.ladder, buffer);
    }
    if !areas.figure.is_empty() {
        let (look, row) = (app.look(), app.row_until_here());
        let (trace, course) = (&app.trace, &app.focus.course);
        figure::draw(
            look,
            trace,
            app.connection,
            row,
            course,
            areas.figure,
            buffer,
        );
    }
    if !areas.panel.is_empty() {
        panel::draw(app, areas.panel, buffer);
    }
}

fn draw_popup(app: &App, area: Rect, buffer: &mut Buffer) {
    let look = app.look();
    match (&app.popup, &app.play) {
        (Some(Popup::Help { scroll }), _) => {
            help::draw(look, keys::SECTIONS, *scroll, area, buffer);
        }
        (
            Some(Popup::Explain {
                title,
                words,
                chosen,
                scroll,
            }),
            _,
        ) => {
            explain::draw(look, title, words, *chosen, *scroll, area, buffer);
        }
        (Some(Popup::About { scroll }), Some(play)) => {
            help::draw_about(look, &play.title, &play.about, *scroll, area, buffer);
        }
        _ => {}
    }
}

/// The lines between the panels.
fn draw_rules(app: &App, areas: &Areas, buffer: &mut Buffer) {
    for rule in areas.rules {
        draw_rule(app, rule, buffer);
    }
    let upright = if app.style.charset == Charset::Ascii {
        "|"
    } else {
        "│"
    };
    for line in areas.divider.rows() {
        buffer.set_string(line.x, line.y, upright, app.theme.quiet());
    }
    let titled = draw_list_title(app, areas, buffer);
    let rule = Rect {
        width: areas.rules[0].width.saturating_sub(titled),
        ..areas.rules[0]
    };
    progress::draw(app, rule, buffer);
}

/// On the line above the list: which connections it shows, and in what order, where that isn't plain. Says how many columns
/// at the right end it takes.
fn draw_list_title(app: &App, areas: &Areas, buffer: &mut Buffer) -> u16 {
    let rule = areas.rules[0];
    let is_plain = app.listing.query().is_empty() && app.listing.sort() == Sort::Number;
    if areas.list.is_empty() || rule.is_empty() || is_plain {
        return 0;
    }
    let title = format!(" {} ", app.listing.title(app.style.charset.dot()));
    let width = u16::try_from(title.chars().count()).unwrap_or(u16::MAX);
    let x = rule
        .right()
        .saturating_sub(width.saturating_add(1))
        .max(rule.x);
    buffer.set_stringn(
        x,
        rule.y,
        title,
        usize::from(rule.right() - x),
        app.theme.news(),
    );
    rule.right() - x
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
