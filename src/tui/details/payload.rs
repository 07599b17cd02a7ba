//! The selected segment's data as hexadecimal numbers and text.
//!
//! ```text
//!  1,024 bytes from the client, 0x0000 to 0x001f
//!  0000  47 45 54 20 2f 20 48 54  54 50 2f 31 2e 31 0d 0a  GET / HTTP/1.1..
//!  0010  48 6f 73 74 3a 20 61 0d  0a 0d 0a 00 00 00 00 00  Host: a.........
//! ```

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use super::{Selected, decoded, draw_lines, inner_width, wrapped};
use crate::story::hexdump::{self, HexLine, gap, octets_a_line};
use crate::story::numbers::{counted, grouped};
use crate::tui::theme::Look;

/// Lines that would show all of the data in a panel `width` columns wide.
#[must_use]
pub fn lines_wanted(selected: &Selected<'_>, width: u16) -> usize {
    let width = inner_width(width);
    let payload = decoded(selected).map(|decoded| decoded.payload);
    let dump = payload.map_or(0, |payload| hexdump::line_count(payload, width));
    head(selected, 0, 0, width).len() + dump
}

/// Draws the data from line `scroll` on, under a heading that stays.
pub fn draw(look: Look, selected: &Selected<'_>, scroll: usize, area: Rect, buffer: &mut Buffer) {
    let width = inner_width(area.width);
    let payload = decoded(selected).map_or(&[][..], |decoded| decoded.payload);
    let heading_lines = head(selected, 0, 0, width).len();
    let room = usize::from(area.height).saturating_sub(heading_lines);
    let total = hexdump::line_count(payload, width);
    let first = scroll.min(total.saturating_sub(room));
    let heading = head(selected, first, room, width);
    let heading: Vec<_> = heading
        .into_iter()
        .map(|line| Line::styled(line, look.theme.news()))
        .collect();
    let taken = u16::try_from(heading.len())
        .unwrap_or(u16::MAX)
        .min(area.height);
    draw_lines(
        look,
        &heading,
        0,
        Rect {
            height: taken,
            ..area
        },
        buffer,
    );
    let below = Rect {
        y: area.y.saturating_add(taken),
        height: area.height - taken,
        ..area
    };
    // With one line more at each end, if there is, so that the marks tell.
    let from = first.saturating_sub(1);
    let lines = hexdump::lines(payload, from, room + 2, width);
    let gap = " ".repeat(gap(octets_a_line(payload, width)));
    let lines: Vec<_> = lines
        .into_iter()
        .map(|line| styled(look, line, &gap))
        .collect();
    draw_lines(look, &lines, first - from, below, buffer);
}

fn styled(look: Look, line: HexLine, gap: &str) -> Line<'static> {
    Line::from(vec![
        Span::styled(line.offset + gap, look.theme.quiet()),
        Span::raw(line.hex + gap),
        Span::raw(line.text),
    ])
}

/// How much there is, and where in it the panel is.
fn head(selected: &Selected<'_>, first: usize, room: usize, width: usize) -> Vec<String> {
    let record = selected.trace.row(selected.id, selected.row);
    let payload = match decoded(selected) {
        Ok(decoded) => decoded.payload,
        Err(why) => return wrapped(&why, width),
    };
    let len = record.len as usize;
    let mut lines = Vec::new();
    let octets = octets_a_line(payload, width);
    if len == 0 {
        return wrapped(
            &format!("No data came from the {} with this segment.", record.from),
            width,
        );
    }
    let amount = counted(len as u64, "byte");
    if payload.is_empty() {
        let text = format!(
            "{amount} from the {}, of which the capture has none.",
            record.from
        );
        return wrapped(&text, width);
    }
    let from = first * octets;
    let to = ((first + room) * octets).min(payload.len()).max(from + 1) - 1;
    let part = format!("0x{from:04x} to 0x{to:04x}");
    let whole = format!("{amount} from the {}, {part}", record.from);
    let short = format!("{amount}, {part}");
    lines.push(
        [whole, short.clone()]
            .into_iter()
            .find(|text| text.len() <= width)
            .unwrap_or(short),
    );
    if payload.len() < len {
        let missing = grouped((len - payload.len()) as u64);
        lines.extend(wrapped(
            &format!("The last {missing} of them aren't in the capture."),
            width,
        ));
    }
    lines
}
