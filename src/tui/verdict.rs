//! The verdict: how the connection ended, how sure that is, and the segments that show it.
//!
//! ```text
//!  Reset by the client: data reached it after close().  certain, see segments 4, 6, 7
//! ```

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use ratatui::widgets::{Paragraph, Widget};

use super::app::App;
use crate::story::Charset;

/// Lines that it takes: more on a narrow screen, but the ladder keeps most of a low one.
#[must_use]
pub fn lines(app: &App, area: Rect) -> u16 {
    let wanted = u16::try_from(wrapped(app, area).len()).unwrap_or(u16::MAX);
    wanted.min(area.height)
}

/// Draws it.
pub fn draw(app: &App, area: Rect, buffer: &mut Buffer) {
    let mut lines = wrapped(app, area);
    lines.truncate(area.height.into());
    Paragraph::new(lines).render(area, buffer);
}

/// The sentence, and behind it (where that costs no line) how sure it is and where to look.
fn wrapped(app: &App, area: Rect) -> Vec<Line<'static>> {
    let Some(ending) = &app.focus.ending else {
        return Vec::new();
    };
    let room = usize::from(area.width.saturating_sub(2)).max(1);
    let most = match area.height {
        0..=1 => 1,
        2..=11 => 2,
        _ => 3,
    };
    let mut sentences: Vec<_> = textwrap::wrap(&ending.summary, room)
        .into_iter()
        .map(std::borrow::Cow::into_owned)
        .collect();
    if sentences.len() > most {
        sentences.truncate(most);
        let more = if app.style.charset == Charset::Ascii {
            "..."
        } else {
            "…"
        };
        let last = sentences.last_mut().expect("there is at least one");
        while last.chars().count() + more.chars().count() > room {
            last.pop();
        }
        last.push_str(more);
    }
    // How sure it is, and where to look, costs a line only where it has to: how sure it is is always told.
    let sure = ending
        .causes
        .first()
        .map_or("", |cause| cause.confidence.name());
    let free = room.saturating_sub(sentences.last().map_or(0, |line| line.chars().count()) + 2);
    let choices = [ending.pointer(), sure.to_string()];
    let mut behind = choices.iter().find(|text| text.len() <= free);
    if behind.is_none() && sentences.len() < most {
        sentences.push(String::new());
        behind = choices.iter().find(|text| text.len() + 2 <= room);
    }
    let behind = behind.cloned().unwrap_or_default();
    let last = sentences.len().saturating_sub(1);
    let line = |(at, sentence): (usize, String)| {
        let sentence_is_empty = sentence.is_empty();
        let mut line = Line::from(vec![
            Span::raw(" "),
            Span::styled(sentence, app.theme.news()),
        ]);
        if at == last {
            let space = if sentence_is_empty { "" } else { "  " };
            line.push_span(Span::styled(format!("{space}{behind}"), app.theme.quiet()));
        }
        line
    };
    sentences.into_iter().enumerate().map(line).collect()
}
