//! Which panel gets which part of the screen. The ladder wins the space: other panels go below it, or away; on a wide
//! screen they stand beside it.
//!
//! ```text
//!  title                         title
//!  timeline                      timeline
//!  alarm                         alarm
//! ─────────                     ──────────────────────────
//!  list                          list
//! ─────────                     ────────────────┬─────────
//!  verdict                       verdict        │ figure
//!  ladder                        ladder         │
//! ─────────                                     │ panel
//!  panel                         cue            │
//!  keys                          keys
//! ```

use ratatui::layout::{Constraint, Layout, Rect, Size};

use super::app::{App, ListView, Panel};
use super::{alarm, figure, list, panel, timeline};

/// From this many columns on, panels stand beside the ladder.
const WIDE: u16 = 140;
/// What the ladder keeps beside them.
const LADDER: u16 = 97;
/// The widest that panels beside it get: longer lines are hard to read.
const SIDE_MAX: u16 = 72;
/// From this many lines on, rules stand between the panels.
pub(super) const RULED: u16 = 16;

/// The parts of the screen; those without lines aren't drawn.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Areas {
    pub title: Rect,
    pub timeline: Rect,
    /// Why the capture breaks off, or what has become of its file.
    pub alarm: Rect,
    /// Lines across the screen.
    pub rules: [Rect; 3],
    /// The line between the ladder and what stands beside it.
    pub divider: Rect,
    pub list: Rect,
    pub ladder: Rect,
    pub figure: Rect,
    pub panel: Rect,
    /// What an experiment does next.
    pub cue: Rect,
    /// The keys, a line that is typed, or a word to whoever pressed a key.
    pub foot: Rect,
    /// Where boxes stand over the rest: all but the foot, which tells their keys.
    pub over: Rect,
}

impl Areas {
    /// The parts of a screen.
    #[must_use]
    pub fn of(app: &App, screen: Rect) -> Areas {
        let rule = u16::from(screen.height >= RULED);
        let alone = app.list == ListView::Alone && app.has_list();
        let list_lines = match app.list {
            ListView::Hidden => 0,
            _ if !app.has_list() || !app.has_ladder() => 0,
            ListView::Alone => screen.height.saturating_sub(3 + rule),
            ListView::Beside => list::lines(app.listing.order().len(), screen.height),
        };
        let timeline_lines = if alone || !app.has_ladder() {
            0
        } else if app.figure && screen.width < WIDE {
            // The figure needs the lines.
            timeline::lines(screen.height).min(1)
        } else {
            timeline::lines(screen.height)
        };
        let [
            title,
            timeline,
            alarm,
            top_rule,
            list,
            list_rule,
            body,
            cue,
            foot,
        ] = Layout::vertical([
            Constraint::Length(1),
            Constraint::Length(timeline_lines),
            Constraint::Length(alarm::lines(app, screen.as_size())),
            Constraint::Length(rule),
            Constraint::Length(list_lines),
            Constraint::Length(if list_lines > 0 && !alone { rule } else { 0 }),
            Constraint::Min(0),
            Constraint::Length(u16::from(app.play.is_some())),
            Constraint::Length(1),
        ])
        .areas(screen);
        let over = Rect {
            height: foot.y.saturating_sub(screen.y),
            ..screen
        };
        let areas = Areas {
            title,
            timeline,
            alarm,
            rules: [top_rule, list_rule, Rect::default()],
            list,
            ladder: body,
            cue,
            foot,
            over,
            ..Areas::default()
        };
        if alone || !app.has_ladder() {
            areas
        } else if screen.width >= WIDE && body.height >= 12 {
            areas.beside(app, body)
        } else {
            areas.below(app, body, rule)
        }
    }

    /// Panels to the right of the ladder.
    fn beside(self, app: &App, body: Rect) -> Areas {
        let side = (body.width - LADDER - 1).min(SIDE_MAX);
        let [ladder, divider, side] = Layout::horizontal([
            Constraint::Min(0),
            Constraint::Length(1),
            Constraint::Length(side),
        ])
        .areas(body);
        let wanted = if app.figure {
            let room = Size::new(side.width - 1, side.height);
            figure::size_wanted(room).height
        } else {
            0
        };
        let [mut figure, panel] =
            Layout::vertical([Constraint::Length(wanted), Constraint::Min(0)]).areas(side);
        // It stands apart from the line.
        (figure.x, figure.width) = (figure.x + 1, figure.width - 1);
        Areas {
            divider,
            ladder,
            figure,
            panel,
            ..self
        }
    }

    /// Panels below the ladder.
    fn below(self, app: &App, body: Rect, rule: u16) -> Areas {
        if app.figure {
            return self.with_figure(body);
        }
        let [ladder, panel_rule, panel] = Layout::vertical([
            Constraint::Min(0),
            Constraint::Length(rule),
            Constraint::Length(panel_lines(app, body)),
        ])
        .areas(body);
        Areas {
            rules: [self.rules[0], self.rules[1], panel_rule],
            ladder,
            panel,
            ..self
        }
    }

    /// The figure below what is left of the ladder, and a panel only where there is plenty.
    fn with_figure(self, body: Rect) -> Areas {
        let room = body.as_size();
        let room = Size::new(room.width, room.height.saturating_sub(LADDER_LEFT));
        let wanted = figure::size_wanted(room).height.min(room.height);
        let left = body.height - wanted;
        let panel = if left > 2 * LADDER_LEFT + 2 {
            left / 2
        } else {
            0
        };
        let [ladder, figure, panel] = Layout::vertical([
            Constraint::Min(0),
            Constraint::Length(wanted),
            Constraint::Length(panel),
        ])
        .areas(body);
        Areas {
            ladder,
            figure,
            panel,
            ..self
        }
    }
}

/// Lines of the ladder above the figure, at least: the verdict, the selected row, one more.
const LADDER_LEFT: u16 = 3;

/// Lines of the ladder that a panel below it leaves: verdict, headers and a handful of rows.
const LADDER_MIN: u16 = 9;

/// Lines of the panel below the ladder. Details keep their height from one segment to the next, so that the ladder
/// doesn't jump; other panels get what they need.
fn panel_lines(app: &App, body: Rect) -> u16 {
    let details = match body.height {
        0..=7 => 0,
        8..=10 => 3,
        11..=15 => 4,
        16..=20 => 5,
        _ => 8,
    };
    let most = body.height.saturating_sub(LADDER_MIN).max(details);
    match app.panel {
        Panel::Details => details,
        _ => panel::lines_wanted(app, body.width, most).clamp(details, most),
    }
}
