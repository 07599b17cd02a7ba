//! Why: the causes and what each program saw; then the findings.
//!
//! ```text
//!  client's program      its socket is closed: nobody is told.
//!  server's program      read(): 0 (end of file); write(): EPIPE and SIGPIPE.
//!  data-after-close      The server wrote after the client had closed, and got an RST. ...
//! ```

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use ratatui::widgets::{Paragraph, Widget};

use super::app::App;
use crate::story::Charset;

/// Lines wanted: as many as there are to tell.
#[must_use]
pub fn lines_wanted(app: &App, width: u16) -> u16 {
    u16::try_from(lines(app, width).len()).unwrap_or(u16::MAX)
}

/// Draws what there is to tell of the connection, from the line on that was scrolled to.
pub fn draw(app: &App, area: Rect, buffer: &mut Buffer) {
    let lines = lines(app, area.width);
    let room = usize::from(area.height);
    let from = app.scroll.min(lines.len().saturating_sub(room));
    let more = lines.len() - from > room;
    let mut lines = lines.split_at(from).1.to_vec();
    if more && room > 0 {
        lines.truncate(room - 1);
        let down = match app.style.charset {
            Charset::Unicode => "▼",
            Charset::Ascii => "v",
        };
        let more = format!(" {down} J scrolls");
        lines.push(Line::styled(more, app.theme.quiet()));
    }
    Paragraph::new(lines).render(area, buffer);
}

fn lines(app: &App, width: u16) -> Vec<Line<'static>> {
    if app.focus.told.is_empty() {
        return vec![Line::raw(" Nothing else is worth telling.")];
    }
    let width = usize::from(width.saturating_sub(2));
    app.focus
        .told
        .iter()
        .flat_map(|told| told.wrapped(width))
        .map(|(about, text)| {
            let about = Span::styled(format!(" {about}"), app.theme.news());
            Line::from(vec![about, Span::raw(text)])
        })
        .collect()
}
