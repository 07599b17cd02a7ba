//! The help: what the keys do, section by section, and what the signs mean. It scrolls, and takes two columns where the
//! screen is wide.
//!
//! ```text
//!  ┌ Help ─────────────────────────────────────────────┐
//!  │ Segments                                          │
//!  │        ← →  previous, next segment                │
//!  │        n N  next, previous change of a state      │
//!  │                                                   │
//!  │ Lanes                                             │
//!  │          ┃  open                                  │
//!  └───────────────────────────────────────── ↓ 9 more ┘
//! ```

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use super::keys::{Section, Told};
use super::theme::Look;
use super::{ladder, popup, timeline};
use crate::conn::State;
use crate::story::numbers::short_state;
use crate::story::wrap::wrapped;
use crate::story::{Charset, mark};

/// Columns of the keys, right-aligned, and the space behind them.
const KEYS: usize = 10;
const BEHIND: usize = 2;
/// A column no wider than is read at a glance; two of them where there is room, so far apart.
const COLUMN: usize = 74;
const NARROWEST: usize = 52;
const APART: usize = 4;

/// Draws the help in the middle of the area. `scroll`: lines left out at the top; at most what `lines_wanted` has more than
/// the area.
pub fn draw(look: Look, sections: &[Section], scroll: usize, area: Rect, buffer: &mut Buffer) {
    let (columns, lines) = laid_out(look, sections, area.width);
    popup::draw(look, "Help", &lines, columns, scroll, area, buffer);
}

/// Lines that the whole help takes on a screen of this width, with its frame.
#[must_use]
pub fn lines_wanted(look: Look, sections: &[Section], width: u16) -> usize {
    laid_out(look, sections, width).1.len() + usize::from(popup::FRAME.1)
}

/// Draws what an experiment is about in the middle of the area.
pub fn draw_about(
    look: Look,
    title: &str,
    about: &str,
    scroll: usize,
    area: Rect,
    buffer: &mut Buffer,
) {
    let (width, lines) = about_laid_out(look, title, about, area);
    popup::draw(
        look,
        "What is to be seen",
        &lines,
        width,
        scroll,
        area,
        buffer,
    );
}

/// Lines that it takes in this area, with its frame.
#[must_use]
pub fn about_lines_wanted(look: Look, title: &str, about: &str, area: Rect) -> usize {
    about_laid_out(look, title, about, area).1.len() + usize::from(popup::FRAME.1)
}

fn about_laid_out(look: Look, title: &str, about: &str, area: Rect) -> (usize, Vec<Line<'static>>) {
    let width = popup::room(area).0.min(COLUMN);
    let title = wrapped(title, width).into_iter();
    let mut lines: Vec<_> = title
        .map(|line| Line::styled(line, look.theme.news()))
        .collect();
    lines.push(Line::default());
    let about = about.lines().flat_map(|line| wrapped(line, width));
    lines.extend(about.map(Line::from));
    (width, lines)
}

/// Every line of the help, and how many columns they take.
fn laid_out(look: Look, sections: &[Section], width: u16) -> (usize, Vec<Line<'static>>) {
    let room = popup::room(Rect::new(0, 0, width, 0)).0;
    let halved = (room.saturating_sub(APART) / 2).min(COLUMN);
    let is_wide = halved >= NARROWEST;
    let column = if is_wide { halved } else { room.min(COLUMN) };
    let blocks = blocks(look, sections, column);
    if !is_wide {
        return (column, joined(&blocks));
    }
    // Cut where the longer of the two is shortest.
    let split = (0..=blocks.len())
        .min_by_key(|&at| joined(&blocks[..at]).len().max(joined(&blocks[at..]).len()))
        .unwrap_or(0);
    let (left, right) = (joined(&blocks[..split]), joined(&blocks[split..]));
    let rows = left.len().max(right.len());
    let line = |row: usize| {
        let mut line = left.get(row).cloned().unwrap_or_default();
        let rest = (column + APART).saturating_sub(line.width());
        line.push_span(" ".repeat(rest));
        line.spans
            .extend(right.get(row).cloned().unwrap_or_default().spans);
        line
    };
    (2 * column + APART, (0..rows).map(line).collect())
}

/// Blocks one below the other, a line apart.
fn joined(blocks: &[Vec<Line<'static>>]) -> Vec<Line<'static>> {
    blocks.join(&Line::default())
}

fn blocks(look: Look, sections: &[Section], column: usize) -> Vec<Vec<Line<'static>>> {
    let keys = sections
        .iter()
        .map(|section| block(look, section.heading, &section.told(), column));
    keys.chain(legend(look, column)).collect()
}

fn block(look: Look, heading: &str, keys: &[Told<'_>], column: usize) -> Vec<Line<'static>> {
    let ascii = look.style.charset == Charset::Ascii;
    let mut lines = vec![Line::styled(heading.to_string(), look.theme.news())];
    for (keys, spelled, what) in keys {
        let keys = if ascii { spelled } else { keys };
        let width = column.saturating_sub(KEYS + BEHIND).max(1);
        for (i, what) in wrapped(what, width).into_iter().enumerate() {
            let keys = if i == 0 { keys } else { "" };
            lines.push(Line::from(vec![
                Span::styled(format!("{keys:>KEYS$}"), look.theme.key()),
                Span::raw(format!("{:BEHIND$}{what}", "")),
            ]));
        }
    }
    lines
}

/// What lanes, arrows and short names say.
fn legend(look: Look, column: usize) -> [Vec<Line<'static>>; 5] {
    let charset = look.style.charset;
    let lanes = [
        (State::Established, "open"),
        (State::CloseWait, "opening or closing"),
        (State::Closed, "closed, listening, or in TIME-WAIT"),
    ]
    .map(|(state, what)| (charset.lane(state).to_string(), what.to_string()));
    let marks = mark::ON_ARROWS.iter().chain(&mark::BEHIND_STATES);
    let marks = marks.map(|mark| (mark.sign(charset).to_string(), mark.means.to_string()));
    let section = |heading: &str, entries: Vec<(String, String)>| {
        let keys: Vec<_> = entries
            .iter()
            .map(|(sign, what)| (sign.as_str(), sign.as_str(), what.as_str()))
            .collect();
        block(look, heading, &keys, column)
    };
    let before = ladder::signs(charset).map(|(sign, what)| (sign.to_string(), what.to_string()));
    let signs = timeline::signs(charset);
    let signs = signs.map(|(sign, what)| (sign, what.to_string()));
    [
        section("Lanes: the connection at that end is", lanes.into()),
        section("Marks", marks.collect()),
        section("Before a row", before.into()),
        section("On the timeline", signs.into()),
        short_names(look, column),
    ]
}

/// The states' names on narrow screens, as many in a line as fit.
fn short_names(look: Look, column: usize) -> Vec<Line<'static>> {
    const CELL: usize = 20;
    let heading = Line::styled("States on narrow screens", look.theme.news());
    let cells: Vec<_> = State::ALL
        .iter()
        .map(|state| format!("{:<5} {:<13} ", short_state(*state), state.name()))
        .collect();
    let across = (column / CELL).max(1);
    let lines = cells.chunks(across).map(|cells| Line::from(cells.concat()));
    [heading].into_iter().chain(lines).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::story::Style;
    use crate::tui::Theme;
    use crate::tui::keys::SECTIONS;

    fn drawn(charset: Charset, scroll: usize, (width, height): (u16, u16)) -> String {
        let area = Rect::new(0, 0, width, height);
        let mut buffer = Buffer::empty(area);
        draw(look(charset), SECTIONS, scroll, area, &mut buffer);
        let rows = buffer.content.chunks(width.max(1).into());
        let text = rows.map(|row| {
            row.iter()
                .map(ratatui::buffer::Cell::symbol)
                .collect::<String>()
        });
        text.collect::<Vec<_>>().join("\n")
    }

    fn look(charset: Charset) -> Look {
        Look {
            style: Style {
                charset,
                ..Style::default()
            },
            theme: Theme::new(true),
        }
    }

    /// What stands on the screen while the help is scrolled from its first line to its last.
    fn scrolled_through(charset: Charset, size: (u16, u16)) -> String {
        let wanted = lines_wanted(look(charset), SECTIONS, size.0);
        let furthest = wanted.saturating_sub(size.1.into());
        let pages: Vec<_> = (0..=furthest)
            .map(|scroll| drawn(charset, scroll, size))
            .collect();
        assert_eq!(pages.last(), Some(&drawn(charset, furthest + 1, size)));
        pages.concat()
    }

    #[test]
    fn every_key_and_sign_can_be_reached_at_every_size() {
        for charset in [Charset::Unicode, Charset::Ascii] {
            for size in [(160, 50), (100, 30), (80, 24), (60, 20), (40, 12)] {
                let text = scrolled_through(charset, size);
                for section in SECTIONS {
                    for (keys, spelled, what) in section.told() {
                        let keys = if charset == Charset::Ascii {
                            spelled
                        } else {
                            keys
                        };
                        let begin: Vec<_> = what.split(' ').take(2).collect();
                        let wanted = format!("{keys}  {}", begin.join(" "));
                        assert!(text.contains(&wanted), "{size:?}: {wanted}");
                    }
                }
                assert!(text.contains("TW    TIME-WAIT"), "{size:?}");
                assert_eq!(charset == Charset::Ascii, text.is_ascii());
            }
        }
    }

    #[test]
    fn a_wide_screen_needs_no_scrolling() {
        assert!(lines_wanted(look(Charset::Unicode), SECTIONS, 160) <= 50);
    }

    #[test]
    fn no_size_is_too_small() {
        for width in 0..24 {
            for height in 0..9 {
                drawn(Charset::Unicode, 99, (width, height));
            }
        }
    }
}
