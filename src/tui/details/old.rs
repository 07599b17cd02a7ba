//! The selected segment: tcpdump's line for it, and what it does.
//!
//! ```text
//!  Flags [F.], seq 1, ack 1, win 257, options [nop,nop,TS val 1 ecr 1], length 0   frame 4
//!  The client will send no more (close() or shutdown(SHUT_WR)). ...
//! ```

use ratatui::buffer::Buffer;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::text::Line;
use ratatui::widgets::{Paragraph, Widget, Wrap};

use crate::story::{aside, sentence, tcpdump};
use crate::trace::Entry;
use crate::tui::app::App;
use crate::wire::{Frame, decode};

/// Lines for a screen of this height; the ladder needs the rest more.
#[must_use]
pub fn lines(height: u16) -> u16 {
    match height {
        0..=10 => 0,
        11..=15 => 3,
        16..=21 => 4,
        22..=29 => 5,
        _ => 6,
    }
}

/// Draws the selected segment's details. What it does comes last but is never cut for tcpdump's
/// line: that has one line on a small screen, none on a tiny one.
pub fn draw(app: &App, area: Rect, buffer: &mut Buffer) {
    let inner = Rect {
        x: area.x + 1,
        width: area.width.saturating_sub(2),
        ..area
    };
    let row = match app.trace.entry(app.connection, app.line) {
        Entry::Segment(row) => row,
        Entry::Aside(told) => {
            return Paragraph::new(aside::sentence(&app.trace, told))
                .wrap(Wrap { trim: false })
                .render(inner, buffer);
        }
    };
    let wire = Line::styled(wire_line(app, row), app.theme.quiet());
    let what = Line::raw(sentence::sentence(&app.trace, app.connection, row));
    let wire_lines = match area.height {
        0..=3 => 0,
        4 => 1,
        _ => u16::from(wire.width() > usize::from(inner.width)) + 1,
    };
    let [above, below] =
        Layout::vertical([Constraint::Length(wire_lines), Constraint::Min(0)]).areas(inner);
    Paragraph::new(wire)
        .wrap(Wrap { trim: false })
        .render(above, buffer);
    Paragraph::new(what)
        .wrap(Wrap { trim: false })
        .render(below, buffer);
}

/// tcpdump's line, from the frame as the capture file has it.
fn wire_line(app: &App, row: usize) -> String {
    let record = app.trace.row(app.connection, row);
    let place = record.place;
    let Some(read_back) = &app.read_back else {
        return format!("frame {}", place.frame);
    };
    let octets = match read_back(&place) {
        Ok(octets) => octets,
        Err(why) => {
            return format!(
                "frame {} can't be read back from the capture: {why}",
                place.frame
            );
        }
    };
    let frame = Frame {
        number: place.frame,
        time_ns: record.time_ns,
        link: place.link,
        offset: place.offset,
        wire_len: place.wire_len,
        data: &octets,
    };
    match decode(&frame) {
        Ok(decoded) => format!(
            "frame {}: {}",
            place.frame,
            tcpdump::line(
                &app.trace,
                app.connection,
                row,
                &decoded,
                app.style.absolute
            )
        ),
        Err(_) => format!(
            "frame {} has changed in the capture file since it was read",
            place.frame
        ),
    }
}
