//! The selected segment: what it does, tcpdump's line, where both ends stand, and its fields; in this
//! order, so that what matters most is there on the smallest screen.
//!
//! ```text
//!  The client will send no more: close(), shutdown(SHUT_WR) or exit. The server's read() returns 0 ...
//!  frame 4: Flags [F.], seq 1, ack 1, win 257, options [nop,nop,TS val 1 ecr 1], length 0
//!  client FIN-WAIT-1 proven    SND.UNA 1  SND.NXT 2  RCV.NXT 1           in flight FIN  SND.WND 65,536
//!         read(): if open: waits   write(): if open: EPIPE+SIGPIPE
//!  server CLOSE-WAIT presumed  SND.UNA 1  SND.NXT 1  RCV.NXT 2 presumed  in flight 0    SND.WND 32,896
//!         read(): 0 (end of file)  write(): succeeds
//!  seq           1  1838468912 in the header
//!  ack           1  2412341112 in the header                                                        ▼
//! ```
//!
//! In a narrow column the two ends stand side by side (`table.rs`).

mod payload;
mod table;

pub use payload::{draw as draw_payload, lines_wanted as payload_lines_wanted};

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use super::app::ReadBack;
use super::theme::Look;
use crate::conn::ConnectionId;
use crate::conn::state::PerSide;
use crate::story::fields::{Field, fields};
use crate::story::numbers::printable;
use crate::story::space::Space;
use crate::story::wrap::wrapped;
use crate::story::{Charset, aside, sentence, tcpdump};
use crate::trace::{Aside, Record, Trace};
use crate::wire::Decoded;

/// The selected segment, and what was found of it outside of drawing.
#[derive(Clone, Copy)]
pub struct Selected<'a> {
    pub trace: &'a Trace,
    pub id: ConnectionId,
    pub row: usize,
    /// The octets of its frame, as [`read_frame`] gave them, or why not.
    pub frame: Result<&'a [u8], &'a str>,
    /// Both ends after it, from [`crate::story::space::SpaceIndex::at`].
    pub space: &'a PerSide<Space>,
}

/// Reads a segment's frame back from the capture file.
///
/// # Errors
/// A sentence for people where that isn't possible.
pub fn read_frame(read_back: Option<&ReadBack>, record: &Record) -> Result<Vec<u8>, String> {
    let number = record.place.frame;
    let Some(read_back) = read_back else {
        return Err(format!("frame {number}"));
    };
    read_back(&record.place)
        .map_err(|why| format!("frame {number} can't be read back from the capture: {why}"))
}

/// Lines that would show everything of the segment in a panel `width` columns wide, of which
/// `height` are there.
#[must_use]
pub fn lines_wanted(look: Look, selected: &Selected<'_>, width: u16, height: u16) -> usize {
    document(look, selected, inner_width(width), height).len()
}

/// Draws the segment's details from line `scroll` on. What lies above and below is marked.
pub fn draw(look: Look, selected: &Selected<'_>, scroll: usize, area: Rect, buffer: &mut Buffer) {
    let lines = document(look, selected, inner_width(area.width), area.height);
    draw_lines(look, &lines, scroll, area, buffer);
}

/// Lines that tell everything of what is no segment.
#[must_use]
pub fn aside_lines_wanted(look: Look, trace: &Trace, told: &Aside, width: u16) -> usize {
    wrapped(
        &aside::sentence(trace, told, look.style.absolute),
        inner_width(width),
    )
    .len()
}

/// Draws what there is to say of a line that is no segment: a call, the kernels' states, an order.
pub fn draw_aside(
    look: Look,
    trace: &Trace,
    told: &Aside,
    scroll: usize,
    area: Rect,
    buffer: &mut Buffer,
) {
    let lines = wrapped(
        &aside::sentence(trace, told, look.style.absolute),
        inner_width(area.width),
    );
    let lines: Vec<_> = lines.into_iter().map(Line::raw).collect();
    draw_lines(look, &lines, scroll, area, buffer);
}

/// A column is free at each side.
fn inner_width(width: u16) -> usize {
    usize::from(width.saturating_sub(2)).max(1)
}

/// From this height on there is room for air.
const SPACIOUS: u16 = 16;

/// Narrower than this the two ends stand side by side.
const FLAT: usize = 76;

fn document(look: Look, selected: &Selected<'_>, width: usize, height: u16) -> Vec<Line<'static>> {
    let Selected { trace, id, row, .. } = *selected;
    let what = wrapped(&sentence::sentence(trace, id, row), width);
    let decoded = decoded(selected);
    let wire = match &decoded {
        Ok(decoded) => {
            let line = tcpdump::line(trace, id, row, decoded, look.style.absolute);
            format!("frame {}: {line}", trace.row(id, row).place.frame)
        }
        Err(why) => why.clone(),
    };
    let wire = wrapped(&wire, width)
        .into_iter()
        .map(|line| Line::styled(line, look.theme.quiet()));
    let table = if width < FLAT {
        table::side_by_side(look, selected, width)
    } else {
        table::one_below_the_other(look, selected, width)
    };
    let fields = match &decoded {
        Ok(decoded) => fields(trace, id, row, decoded, look.style.absolute),
        Err(_) => Vec::new(),
    };
    let fields = fields
        .iter()
        .flat_map(|field| field_lines(look, field, width));
    let blocks = [
        what.into_iter().map(Line::raw).collect(),
        wire.collect(),
        table,
        fields.collect::<Vec<_>>(),
    ];
    let mut lines: Vec<Line<'static>> = Vec::new();
    for block in blocks {
        if height >= SPACIOUS && !lines.is_empty() && !block.is_empty() {
            lines.push(Line::default());
        }
        lines.extend(block);
    }
    lines
}

/// The segment read again, or what to say instead.
fn decoded<'a>(selected: &Selected<'a>) -> Result<Decoded<'a>, String> {
    let record = selected.trace.row(selected.id, selected.row);
    let octets = selected.frame.map_err(printable)?;
    tcpdump::read_again(&record, octets).ok_or_else(|| {
        format!(
            "frame {} has changed in the capture file since it was read",
            record.place.frame
        )
    })
}

/// Columns of a field's name, with the space behind it.
const NAME: usize = 15;

/// `window         257  x 128 = 32,896 bytes`; what doesn't fit goes below the value.
fn field_lines(look: Look, field: &Field, width: usize) -> Vec<Line<'static>> {
    let between = if field.value.is_empty() || field.meaning.is_empty() {
        ""
    } else {
        "  "
    };
    let text = format!("{}{between}{}", field.value, field.meaning);
    let mut value = field.value.len();
    let lines = wrapped(&text, width.saturating_sub(NAME));
    let line = |(index, line): (usize, String)| {
        let name = if index == 0 { field.name } else { "" };
        let (bright, rest) = line.split_at(value.min(line.len()));
        value = value.saturating_sub(line.len());
        Line::from(vec![
            Span::styled(format!("{name:<NAME$}"), look.theme.quiet()),
            Span::raw(bright.to_owned()),
            Span::styled(rest.to_owned(), look.theme.quiet()),
        ])
    };
    lines.into_iter().enumerate().map(line).collect()
}

/// Draws lines from `scroll` on, but never past the last; marks at the right edge tell that there is
/// more.
fn draw_lines(look: Look, lines: &[Line<'_>], scroll: usize, area: Rect, buffer: &mut Buffer) {
    let area = area.intersection(buffer.area);
    if area.is_empty() {
        return;
    }
    let room = usize::from(area.height);
    let first = scroll.min(lines.len().saturating_sub(room));
    let width = area.width.saturating_sub(2);
    for (y, line) in (area.y..area.bottom()).zip(&lines[first..]) {
        buffer.set_line(area.x + 1, y, line, width);
    }
    let [above, below] = match look.style.charset {
        Charset::Unicode => ["▲", "▼"],
        Charset::Ascii => ["^", "v"],
    };
    let right = area.right() - 1;
    if first > 0 {
        buffer.set_string(right, area.y, above, look.theme.quiet());
    }
    if first + room < lines.len() {
        buffer.set_string(right, area.bottom() - 1, below, look.theme.quiet());
    }
}

#[cfg(test)]
mod tests;
