//! The panel below or beside the ladder: the selected row's details, its payload, or why the connection ended.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::app::{App, Panel};
use super::details::{self, Selected};
use super::why;
use crate::trace::Entry;

/// Lines that it would fill at this width; `height` of them are there.
#[must_use]
pub fn lines_wanted(app: &App, width: u16, height: u16) -> u16 {
    let wanted = match (app.panel, selected(app)) {
        (Panel::Account | Panel::Findings, _) => why::lines_wanted(app, width).into(),
        (Panel::Details, Some(it)) => details::lines_wanted(app.look(), &it, width, height),
        (Panel::Payload, Some(it)) => details::payload_lines_wanted(&it, width),
        (Panel::Details | Panel::Payload, None) => match told(app) {
            Some(told) => details::aside_lines_wanted(app.look(), &app.trace, told, width),
            None => 0,
        },
    };
    u16::try_from(wanted).unwrap_or(u16::MAX)
}

/// Draws it.
pub fn draw(app: &App, area: Rect, buffer: &mut Buffer) {
    let (look, scroll) = (app.look(), app.scroll);
    match (app.panel, selected(app)) {
        (Panel::Account | Panel::Findings, _) => why::draw(app, area, buffer),
        (Panel::Details, Some(it)) => details::draw(look, &it, scroll, area, buffer),
        (Panel::Payload, Some(it)) => details::draw_payload(look, &it, scroll, area, buffer),
        (Panel::Details | Panel::Payload, None) => {
            if let Some(told) = told(app) {
                details::draw_aside(look, &app.trace, told, scroll, area, buffer);
            }
        }
    }
}

/// The selected segment, if one is selected.
fn selected(app: &App) -> Option<Selected<'_>> {
    Some(Selected {
        trace: &app.trace,
        id: app.connection,
        row: app.selected_row()?,
        frame: match app.focus.frame.as_ref()? {
            Ok(octets) => Ok(octets),
            Err(why) => Err(why),
        },
        space: app.focus.space.as_ref()?,
    })
}

/// What is selected, if it is no segment.
fn told(app: &App) -> Option<&crate::trace::Aside> {
    match app.trace.entry(app.connection, app.line) {
        Entry::Segment(_) => None,
        Entry::Aside(aside) => Some(aside),
    }
}
