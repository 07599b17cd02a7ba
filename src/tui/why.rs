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

use super::app::{App, Why};
use crate::story::{ending, telling};

/// Lines that the ladder keeps with what stands around it.
const LADDER: u16 = 13;

/// Lines wanted: as many as there are to tell, but the ladder keeps some rows.
#[must_use]
pub fn wanted(app: &App, area: Rect) -> u16 {
    let wanted = u16::try_from(lines(app, area.width).len()).unwrap_or(u16::MAX);
    wanted.min((area.height * 2 / 5).max(area.height.saturating_sub(LADDER)))
}

/// Draws what there is to tell of the connection.
pub fn draw(app: &App, area: Rect, buffer: &mut Buffer) {
    let mut lines = lines(app, area.width);
    let room = usize::from(area.height);
    if lines.len() > room && room > 0 {
        lines.truncate(room - 1);
        let more = " ... a taller window, or -F ladder";
        lines.push(Line::styled(more, app.theme.quiet()));
    }
    Paragraph::new(lines).render(area, buffer);
}

fn lines(app: &App, width: u16) -> Vec<Line<'static>> {
    let ending = ending::ending(&app.trace, app.connection);
    let told = if app.why == Why::Findings {
        telling::found(&app.trace, app.connection, &ending)
    } else {
        telling::account(&app.trace, app.connection, &ending)
    };
    if told.is_empty() {
        return vec![Line::raw(" Nothing else is worth telling.")];
    }
    let width = usize::from(width.saturating_sub(2));
    told.iter()
        .flat_map(|told| told.wrapped(width))
        .map(|(about, text)| {
            let about = Span::styled(format!(" {about}"), app.theme.news());
            Line::from(vec![about, Span::raw(text)])
        })
        .collect()
}
