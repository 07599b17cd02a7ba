//! The screen before the first segment: what is awaited, and what would make it come.
//!
//! ```text
//!  Listening on lo for tcp and (port 4321); nothing yet.
//!
//!  Connections made from now on appear here. To try it, in two other terminals:
//! ```

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::Line;
use ratatui::widgets::{Paragraph, Widget, Wrap};

use super::app::App;
use crate::story::numbers::read_without;
use crate::trace::Said;

/// Draws it.
pub fn draw(app: &App, area: Rect, buffer: &mut Buffer) {
    let tally = app.tally();
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
