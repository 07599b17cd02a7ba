//! A box over the screen: cleared, framed, with a title, and with how many lines don't fit.
//!
//! ```text
//!  ┌ Title ──────────────┐
//!  │ line                │
//!  │ line                │
//!  └─────────── ↓ 3 more ┘
//! ```

use ratatui::buffer::Buffer;
use ratatui::layout::{Constraint, Rect};
use ratatui::symbols::border;
use ratatui::text::Line;
use ratatui::widgets::{Block, Clear, Padding, Widget};

use super::theme::Look;
use crate::story::Charset;

/// Columns that the frame and the space inside it take; and lines.
pub const FRAME: (u16, u16) = (4, 2);

/// What fits into a box in this area, frame taken off: columns, lines.
#[must_use]
pub fn room(area: Rect) -> (usize, usize) {
    let inside = |all: u16, frame: u16| usize::from(all.saturating_sub(frame));
    (inside(area.width, FRAME.0), inside(area.height, FRAME.1))
}

/// Draws lines, already wrapped, in a box in the middle of the area; as wide as `width` columns inside, as high as there are
/// lines. The first `scroll` lines are left out, but no more than have to be.
pub fn draw(
    look: Look,
    title: &str,
    lines: &[Line<'_>],
    width: usize,
    scroll: usize,
    area: Rect,
    buffer: &mut Buffer,
) {
    let above = scroll.min(lines.len().saturating_sub(room(area).1));
    let below = lines.len().saturating_sub(above + room(area).1);
    let inside = open(
        look,
        title,
        width,
        lines.len(),
        (above, below),
        area,
        buffer,
    );
    for (line, y) in lines[above..].iter().zip(inside.y..inside.bottom()) {
        buffer.set_line(inside.x, y, line, inside.width);
    }
}

/// Clears and frames a box for so many columns and lines, as far as the area has them, and gives what is inside. `more`: how
/// many lines aren't shown above and below.
pub fn open(
    look: Look,
    title: &str,
    width: usize,
    lines: usize,
    more: (usize, usize),
    area: Rect,
    buffer: &mut Buffer,
) -> Rect {
    let (columns, rows) = room(area);
    let size = |wanted: usize, room: usize, frame: u16| {
        u16::try_from(wanted.min(room))
            .unwrap_or(u16::MAX)
            .saturating_add(frame)
    };
    let framed = area.centered(
        Constraint::Length(size(width, columns, FRAME.0)),
        Constraint::Length(size(lines, rows, FRAME.1)),
    );
    let ascii = look.style.charset == Charset::Ascii;
    let mut block = Block::bordered()
        .title(format!(" {title} "))
        .padding(Padding::horizontal(1));
    if ascii {
        block = block.border_set(ASCII_BORDER);
    }
    if let Some(more) = told(more, ascii) {
        block = block.title_bottom(Line::styled(more, look.theme.key()).right_aligned());
    }
    Clear.render(framed, buffer);
    let inside = block.inner(framed);
    block.render(framed, buffer);
    inside
}

/// ` ↑ 2 ↓ 3 more `.
fn told((above, below): (usize, usize), ascii: bool) -> Option<String> {
    let (up, down) = if ascii {
        ("up", "down")
    } else {
        ("↑", "↓")
    };
    match (above, below) {
        (0, 0) => None,
        (0, below) => Some(format!(" {down} {below} more ")),
        (above, 0) => Some(format!(" {up} {above} more ")),
        (above, below) => Some(format!(" {up} {above} {down} {below} more ")),
    }
}

const ASCII_BORDER: border::Set<'static> = border::Set {
    top_left: "+",
    top_right: "+",
    bottom_left: "+",
    bottom_right: "+",
    vertical_left: "|",
    vertical_right: "|",
    horizontal_top: "-",
    horizontal_bottom: "-",
};
