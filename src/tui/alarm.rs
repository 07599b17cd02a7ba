//! Why the capture breaks off, or that its file was removed, in as many lines as it takes: what is wrong, and what to type.

use ratatui::buffer::Buffer;
use ratatui::layout::{Rect, Size};

use super::app::App;
use crate::story::wrap::wrapped;

/// A screen has room for one line of it in so many.
const SHARE: u16 = 6;

/// Lines it takes; none where nothing is wrong, or where `waiting` says it.
pub fn lines(app: &App, screen: Size) -> u16 {
    let lines = text(app, screen.width, screen.height / SHARE).len();
    u16::try_from(lines).unwrap_or(u16::MAX)
}

/// Draws it.
pub fn draw(app: &App, area: Rect, buffer: &mut Buffer) {
    let text = text(app, area.width, area.height);
    for (line, row) in text.iter().zip(area.rows()) {
        buffer.set_stringn(
            row.x,
            row.y,
            format!(" {line}"),
            row.width.into(),
            app.theme.alarm(),
        );
    }
}

/// The message in at most `most` lines. Where they don't hold it, only its first part: where the capture ends.
fn text(app: &App, width: u16, most: u16) -> Vec<String> {
    let rescue = || {
        app.origin
            .rescue
            .as_deref()
            .filter(|_| app.tally().is_removed)
    };
    let why = app.trace.breaks_off().filter(|_| app.has_ladder());
    let Some(why) = why.or_else(rescue) else {
        return Vec::new();
    };
    let [width, most] = [width.saturating_sub(2), most].map(usize::from);
    let mut lines = wrapped(why, width);
    if lines.len() > most {
        let first = why.split("; ").next().unwrap_or(why);
        lines = wrapped(first, width);
        lines.truncate(most.max(1));
    }
    lines
}
