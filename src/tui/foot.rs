//! The last line: what is typed, a word to whoever pressed a key, or the keys that matter now.
//!
//! ```text
//!  ←→ segment  ↑↓ connection  q leave  ? help  e evidence  v why  d states
//! ```

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use ratatui::widgets::Widget;

use super::app::{App, ListView, Panel, Popup};
use super::prompt;
use crate::story::Charset;

/// Draws it.
pub fn draw(app: &App, area: Rect, buffer: &mut Buffer) {
    if let Some(typed) = &app.prompt {
        prompt::draw(app.look(), typed, area, buffer);
    } else if let Some(notice) = &app.notice {
        let style = if notice.failed {
            app.theme.alarm()
        } else {
            app.theme.news()
        };
        prompt::draw_words(&notice.text, style, area, buffer);
    } else if app.letter.is_some() {
        let text = " a letter: the name of the mark";
        buffer.set_stringn(area.x, area.y, text, area.width.into(), app.theme.news());
    } else {
        draw_keys(app, area, buffer);
    }
}

/// The keys that matter now, as many as fit.
fn draw_keys(app: &App, area: Rect, buffer: &mut Buffer) {
    let mut spans = vec![Span::raw(" ")];
    let mut used = 1;
    for (key, what) in keys_now(app) {
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

/// The keys that matter now, the most important first, and what they do.
fn keys_now(app: &App) -> Vec<(&'static str, &'static str)> {
    let ascii = app.style.charset == Charset::Ascii;
    let arrows = |unicode: &'static str, text: &'static str| if ascii { text } else { unicode };
    let along = arrows("←→", "left/right");
    let up_down = arrows("↑↓", "up/down");
    match &app.popup {
        Some(Popup::Help { .. }) => {
            return vec![
                (up_down, "scroll"),
                ("?", "the words of the selected row"),
                ("any key", "back"),
            ];
        }
        Some(Popup::Explain { .. }) => {
            return vec![(up_down, "the words"), ("any key", "back")];
        }
        Some(Popup::About { .. }) => return vec![("any key", "back")],
        None => {}
    }
    let mut keys = Vec::new();
    if let Some(play) = &app.play {
        if play.over.is_none() {
            keys.push(("Space", "next call"));
            keys.push(("r", if play.runs { "stop" } else { "go on" }));
        }
        keys.push(("i", "about"));
    }
    if !app.has_ladder() {
        keys.extend([("q", "leave"), ("?", "help")]);
        return keys;
    }
    if app.list == ListView::Alone && app.chooses_connections() {
        keys.extend([
            (up_down, "connection"),
            ("Enter", "ladder"),
            ("/", "filter"),
        ]);
        keys.extend([
            ("q", "leave"),
            ("?", "help"),
            ("s", "sort"),
            ("Tab", "ladder"),
        ]);
        return keys;
    }
    if app.is_held() {
        keys.push(("p", "go on"));
    } else if app.origin.growing && !app.following {
        keys.push(("End", "follow"));
    } else if app.is_live() && app.play.is_none() {
        keys.push(("p", "hold"));
    }
    keys.push((along, "segment"));
    if app.chooses_connections() {
        keys.push((up_down, "connection"));
    }
    keys.extend([("q", "leave"), ("?", "help")]);
    keys.extend(keys_of_ladder(app));
    keys
}

fn keys_of_ladder(app: &App) -> Vec<(&'static str, &'static str)> {
    let mut keys = Vec::new();
    if !app.evidence_rows().is_empty() {
        keys.push(("e", "evidence"));
    }
    keys.push(match app.panel {
        Panel::Account => ("v", "findings"),
        Panel::Findings => ("v", "details"),
        Panel::Details | Panel::Payload => ("v", "why"),
    });
    keys.push(("d", if app.figure { "no figure" } else { "states" }));
    keys.push(("n/N", "state change"));
    if app.play.is_none() {
        keys.push(("Space", if app.playing { "stop" } else { "play" }));
    }
    if app.has_list() {
        keys.push(("Tab", "list"));
    }
    keys.push(("/", "find"));
    keys.push((
        "c",
        if app.wanted.control_only {
            "all"
        } else {
            "control only"
        },
    ));
    keys.push((
        "x",
        if app.panel == Panel::Payload {
            "details"
        } else {
            "payload"
        },
    ));
    keys.push((
        "a",
        if app.style.absolute {
            "relative"
        } else {
            "absolute"
        },
    ));
    keys
}
