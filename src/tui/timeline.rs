//! The connection in time, on an axis as long as it lasted: the segments, and the states of both sides.
//!
//! ```text
//!      S                              F    ▁                           R  66.9 ms
//! clt  │ESTABLISHED 30.7 ms ━━━━━━━━━━│FW1 │FIN-WAIT-2 29.3 ms ────────│ CLOSED
//! srv  │ESTABLISHED 30.7 ms ━━━━━━━━━━│CLOSE-WAIT 36.1 ms ─────────────│ CLOSED
//! ```
//!
//! Letters are SYN, FIN and RST, the client's large and the server's small; `!` is trouble (sent again, out of order, lost);
//! bars are other segments: one, up to nine, more. The selected segment's column is reversed. `+` after a time: so far.

use std::ops::Range;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::{Modifier, Style};

use super::theme::Look;
use crate::conn::{Certainty, ConnectionId, Side, State};
use crate::story::numbers::{short_state, span};
use crate::story::timeline::{Axis, Stretch, Tick};
use crate::story::{Charset, Course, Timeline};
use crate::trace::Trace;
use crate::wire::Flags;

/// Lines of a screen with so many that the timeline takes; lines for a list above the ladder should be taken off before.
#[must_use]
pub fn lines(height: u16) -> u16 {
    match height {
        0..=15 => 0,
        16..=23 => 1,
        _ => 3,
    }
}

/// Columns at the right end for how long all of it is: a space, `12.0 min`, a space.
const SCALE: u16 = 10;
/// Narrower, the axis alone is drawn.
const NARROW: u16 = 30;
/// From here on sides have three letters.
const WIDE: u16 = 60;

/// What a connection's timeline is drawn from.
#[derive(Clone, Copy)]
pub struct Shown<'a> {
    pub trace: &'a Trace,
    pub id: ConnectionId,
    /// Both followed up to now.
    pub course: &'a Course,
    pub timeline: &'a Timeline,
}

/// The part of the area that the axis takes; it doesn't depend on the height.
fn axis_area(area: Rect) -> Rect {
    let (before, after) = match area.width {
        0..NARROW => (0, 0),
        NARROW..WIDE => (3, SCALE),
        _ => (6, SCALE),
    };
    Rect {
        x: area.x + before,
        width: area.width - before - after,
        ..area
    }
}

fn axis(shown: Shown, area: Rect) -> Axis {
    let columns = axis_area(area).width.into();
    shown.timeline.axis(shown.trace, shown.id, columns)
}

/// The row (from 0) of the connection to go to on a click on screen column `x` of the timeline in `area`: what is shown there,
/// else the nearest in time. `None` without any.
#[must_use]
pub fn row_at(shown: Shown, area: Rect, x: u16) -> Option<usize> {
    let part = axis_area(area);
    let column = x.saturating_sub(part.x).min(part.width.saturating_sub(1));
    shown.timeline.row_at(&axis(shown, area), column.into())
}

/// Draws the segments on the first line, the states on the next two where there are three; `row` (from 0) is the selected one.
pub fn draw(look: Look, shown: Shown, row: usize, area: Rect, buffer: &mut Buffer) {
    let area = area.intersection(buffer.area);
    if area.is_empty() || shown.timeline.is_empty() {
        return;
    }
    let part = axis_area(area);
    let axis = axis(shown, area);
    draw_ticks(look, shown.timeline, &axis, part, buffer);
    draw_scale(look, &axis, area, buffer);
    if area.height >= 3 {
        for (side, y) in Side::BOTH.into_iter().zip(area.y + 1..) {
            let line = Rect {
                y,
                height: 1,
                ..part
            };
            draw_name(look, side, area.x..part.x, y, buffer);
            let band = (shown.timeline).band(shown.trace, shown.id, shown.course, side, &axis);
            for stretch in &band {
                draw_stretch(look, stretch, row, line, buffer);
            }
            let beside = part.right()..area.right();
            draw_last(look, band.last(), row, line, beside, buffer);
        }
    }
    let height = if area.height >= 3 { 3 } else { 1 };
    let column = u16::try_from(shown.timeline.column(&axis, row)).unwrap_or(u16::MAX);
    let cursor = Rect {
        x: part.x.saturating_add(column),
        width: 1,
        height,
        ..part
    };
    let reversed = Style::new().add_modifier(Modifier::REVERSED);
    buffer.set_style(cursor.intersection(part), reversed);
}

fn draw_ticks(look: Look, timeline: &Timeline, axis: &Axis, part: Rect, buffer: &mut Buffer) {
    for (tick, x) in timeline.ticks(axis).zip(part.x..) {
        if !tick.rows.is_empty() {
            let (glyph, style) = glyph(look, &tick);
            buffer[(x, part.y)].set_char(glyph).set_style(style);
        }
    }
}

/// A column in which something went wrong on the way.
const TROUBLE: char = '!';

/// A column with one segment, with up to nine, with more.
fn bars(charset: Charset) -> [char; 3] {
    match charset {
        Charset::Unicode => ['▁', '▃', '▆'],
        Charset::Ascii => ['.', ':', '#'],
    }
}

/// The signs on it and what they say, for the help.
#[must_use]
pub fn signs(charset: Charset) -> [(String, &'static str); 5] {
    let bars = bars(charset).map(String::from).join(" ");
    [
        ("S F R".into(), "SYN, FIN, RST of the client"),
        ("s f r".into(), "the server's"),
        (TROUBLE.into(), "sent again, out of order, or lost"),
        (bars, "other segments: one, up to nine, more"),
        ("+".into(), "behind a time: so far, it still lasts"),
    ]
}

/// What stands for a column with segments.
fn glyph(look: Look, tick: &Tick) -> (char, Style) {
    let theme = look.theme;
    let Some((flag, side)) = tick.outstanding() else {
        let [one, few, many] = bars(look.style.charset);
        return match tick.rows.len() {
            _ if tick.is_troubled() => (TROUBLE, theme.segment(Flags::default(), true)),
            ..=1 => (one, theme.quiet()),
            2..=9 => (few, theme.quiet()),
            _ => (many, theme.quiet()),
        };
    };
    let letter = match flag {
        Flags::RST => 'R',
        Flags::FIN => 'F',
        _ => 'S',
    };
    let letter = if side == Some(Side::Server) {
        letter.to_ascii_lowercase()
    } else {
        letter
    };
    let style = theme.segment(flag, tick.is_troubled());
    (letter, style.patch(theme.news()))
}

fn draw_scale(look: Look, axis: &Axis, area: Rect, buffer: &mut Buffer) {
    if area.width >= NARROW {
        let length = span(axis.length_ns(), look.style.charset == Charset::Ascii);
        let text = format!("{length:>0$} ", usize::from(SCALE) - 1);
        buffer.set_string(area.right() - SCALE, area.y, text, look.theme.quiet());
    }
}

fn draw_name(look: Look, side: Side, columns: Range<u16>, y: u16, buffer: &mut Buffer) {
    let name = match (columns.len(), side) {
        (0, _) => return,
        (1..=3, Side::Client) => "C",
        (1..=3, Side::Server) => "S",
        (_, Side::Client) => "clt",
        (_, Side::Server) => "srv",
    };
    buffer.set_string(columns.start + 1, y, name, look.theme.side(side));
}

/// `│FIN-WAIT-2 24.6 ms ──────`
fn draw_stretch(look: Look, stretch: &Stretch, row: usize, line: Rect, buffer: &mut Buffer) {
    let theme = look.theme;
    let x = |column: usize| {
        line.x
            .saturating_add(u16::try_from(column).unwrap_or(u16::MAX))
    };
    let (from, to) = (
        x(stretch.columns.start),
        x(stretch.columns.end).min(line.right()),
    );
    let Some(room) = to.checked_sub(from + 1) else {
        return;
    };
    let (boundary, fill, goes_on) = glyphs(look.style.charset, stretch.state);
    buffer.set_string(from, line.y, boundary, theme.quiet());
    let mut text = label(stretch, room.into(), look.style.charset);
    let used = text.chars().count();
    if used > 0 && used < room.into() {
        text.push(' ');
    }
    let style = theme.state(stretch.state);
    let told = style_at(look, stretch, row);
    let (filled, _) = buffer.set_stringn(from + 1, line.y, &text, room.into(), told);
    for x in filled..to {
        buffer[(x, line.y)].set_symbol(fill).set_style(style);
    }
    if stretch.goes_on && filled < to {
        buffer[(to - 1, line.y)].set_symbol(goes_on);
    }
}

/// The state that it came to stands beside the axis where its stretch has no room for it.
fn draw_last(
    look: Look,
    last: Option<&Stretch>,
    row: usize,
    line: Rect,
    columns: Range<u16>,
    buffer: &mut Buffer,
) {
    let Some(last) = last else { return };
    let charset = look.style.charset;
    let is_told = !label(last, last.columns.len() - 1, charset).is_empty();
    if is_told || columns.is_empty() {
        return;
    }
    let text = label(last, columns.len() - 1, charset);
    let style = style_at(look, last, row);
    buffer.set_string(columns.start + 1, line.y, text, style);
}

/// The style of a state's name: the one that the selected row is in stands out.
fn style_at(look: Look, stretch: &Stretch, row: usize) -> Style {
    let style = look.theme.state(stretch.state);
    if stretch.rows.contains(&row) {
        style.patch(look.theme.news())
    } else {
        style
    }
}

/// The edge between two states; the stroke of one, as of a lane: heavy while open, thin while it opens or closes, dotted
/// without a connection; and the end of one that goes on.
fn glyphs(charset: Charset, state: State) -> (&'static str, &'static str, &'static str) {
    let strokes = match charset {
        Charset::Unicode => ["━", "─", "┈"],
        Charset::Ascii => ["=", "-", "."],
    };
    let stroke = match state {
        State::Established => strokes[0],
        State::Closed | State::Listen | State::TimeWait => strokes[2],
        _ => strokes[1],
    };
    match charset {
        Charset::Unicode => ("│", stroke, "▸"),
        Charset::Ascii => ("|", stroke, ">"),
    }
}

/// The state and how long it lasted where that is known, as much as has room: the time outlives the long name.
fn label(stretch: &Stretch, room: usize, charset: Charset) -> String {
    let doubt = if stretch.certainty >= Certainty::Inferred {
        "?"
    } else {
        ""
    };
    let so_far = if stretch.goes_on { "+" } else { "" };
    let time = match stretch.lasted_ns {
        None | Some(0) => String::new(),
        Some(ns) => format!(" {}{so_far}", span(ns, charset == Charset::Ascii)),
    };
    let (name, short) = (stretch.state.name(), short_state(stretch.state));
    let choices = [(name, &*time), (short, &*time), (name, ""), (short, "")];
    choices
        .iter()
        .map(|(name, time)| format!("{name}{doubt}{time}"))
        .find(|text| text.chars().count() <= room)
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use ratatui::buffer::Cell;

    use super::*;
    use crate::story;
    use crate::story::tests::trace_of;
    use crate::tui::Theme;

    /// Draws it in an area of the buffer that begins at (1, 1).
    fn drawn(trace: &Trace, charset: Charset, row: usize, width: u16, height: u16) -> Buffer {
        let course = Course::of(trace, 0);
        let mut timeline = Timeline::default();
        timeline.follow(trace, 0);
        let shown = Shown {
            trace,
            id: 0,
            course: &course,
            timeline: &timeline,
        };
        let style = story::Style {
            charset,
            ..story::Style::default()
        };
        let theme = Theme::mono();
        let area = Rect::new(1, 1, width, height);
        let mut buffer = Buffer::empty(Rect::new(0, 0, width + 2, height + 2));
        draw(Look { style, theme }, shown, row, area, &mut buffer);
        for x in 0..width + 2 {
            let row = row_at(shown, area, x).expect("there are rows");
            assert!(row < trace.len(0));
        }
        buffer
    }

    fn text(buffer: &Buffer) -> String {
        let width = usize::from(buffer.area.width);
        let lines = buffer.content.chunks(width).map(|cells| {
            let line: String = cells.iter().map(Cell::symbol).collect();
            line.trim_end().to_string()
        });
        let lines: Vec<_> = lines.filter(|line| !line.is_empty()).collect();
        lines.join("\n")
    }

    fn half_closed() -> Trace {
        trace_of(
            "@1 > F. 1:1 ack 1\n@1.5 < . 1:1 ack 2\n@3 < P. 1:9 ack 2\n@4 < P. 1:9 ack 2\n@6 > R 2:2",
        )
    }

    #[test]
    fn states_are_named_for_as_long_as_they_lasted() {
        let buffer = drawn(&half_closed(), Charset::Unicode, 3, 78, 3);
        insta::assert_snapshot!(text(&buffer));
        let reversed: Vec<_> = buffer
            .content
            .iter()
            .enumerate()
            .filter(|(_, cell)| cell.modifier.contains(Modifier::REVERSED))
            .map(|(at, cell)| (at % 80, cell.symbol().to_string()))
            .collect();
        // The selected FIN's column, on all three lines.
        let at = reversed[0].0;
        assert_eq!(reversed.len(), 3);
        assert!(reversed.iter().all(|(column, _)| *column == at));
        assert_eq!(reversed[0].1, "F");
    }

    #[test]
    fn in_ascii_nothing_else_is_drawn_and_sides_still_differ() {
        let text = text(&drawn(&half_closed(), Charset::Ascii, 0, 58, 3));
        assert!(text.is_ascii());
        insta::assert_snapshot!(text);
    }

    #[test]
    fn a_click_leads_to_what_is_seen_there() {
        let trace = half_closed();
        let mut timeline = Timeline::default();
        timeline.follow(&trace, 0);
        let course = Course::default();
        let shown = Shown {
            trace: &trace,
            id: 0,
            course: &course,
            timeline: &timeline,
        };
        let area = Rect::new(0, 0, 80, 1);
        assert_eq!(row_at(shown, area, 0), Some(0));
        // 64 columns from the seventh on, for six seconds.
        assert_eq!(row_at(shown, area, 6 + 64 / 6), Some(3));
        assert_eq!(row_at(shown, area, 69), Some(7));
        assert_eq!(row_at(shown, area, 79), Some(7));
        assert_eq!(row_at(shown, area, u16::MAX), Some(7));
    }

    #[test]
    fn small_screens_keep_their_lines_for_the_ladder() {
        assert_eq!([12, 20, 24, 50].map(lines), [0, 1, 3, 3]);
    }

    proptest! {
        #[test]
        fn no_size_panics_and_nothing_is_drawn_beside_the_area(
            width in 0u16..130, height in 0u16..5, row in 0usize..9,
        ) {
            let buffer = drawn(&half_closed(), Charset::Unicode, row, width, height);
            for x in 0..width + 2 {
                for y in [0, height + 1] {
                    prop_assert_eq!(buffer[(x, y)].symbol(), " ");
                }
            }
            for y in 0..height + 2 {
                for x in [0, width + 1] {
                    prop_assert_eq!(buffer[(x, y)].symbol(), " ");
                }
            }
        }
    }
}
