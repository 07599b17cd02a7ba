//! `?`: what the words of the selected line mean. The words at the left, the chosen one explained beside; on a narrow
//! screen above it.
//!
//! ```text
//!  ┌ Segment 4 ─────────────────────────────────────────────────────┐
//!  │   FIN                 │ This end has sent FIN: close(), ...     │
//!  │   ACK                 │ It sends no more; after shutdown() ...  │
//!  │ ▌ client: FIN-WAIT-1  │                                         │
//!  │   server: CLOSE-WAIT  │ RFC 9293 3.6, 3.10.7.4                  │
//!  └────────────────────────────────────────────────────────────────┘
//! ```

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use super::popup;
use super::theme::Look;
use crate::story::Charset;
use crate::story::glossary::Explanation;
use crate::story::wrap::wrapped;

/// Columns of the text: what is made for it takes six lines.
const TEXT: usize = 74;
/// With fewer columns for the text the terms go above it.
const BESIDE: usize = 40;
/// Columns between the terms and the text, and before a term.
const GAP: usize = 3;
const MARK: usize = 2;

/// Draws the box in the middle of the area; `chosen`: which term, from 0; `scroll`: lines of its text left out at the top, at
/// most `furthest`.
pub fn draw(
    look: Look,
    title: &str,
    explanations: &[Explanation],
    chosen: usize,
    scroll: usize,
    area: Rect,
    buffer: &mut Buffer,
) {
    let chosen = chosen.min(explanations.len().saturating_sub(1));
    let Some(told) = explanations.get(chosen) else {
        let nothing = [Line::raw("There is nothing to explain here.")];
        return popup::draw(look, title, &nothing, TEXT / 2, 0, area, buffer);
    };
    let plan = Plan::of(explanations, area);
    let text = text(look, told, &plan);
    let above = scroll.min(text.len().saturating_sub(plan.text_rows));
    let below = text.len().saturating_sub(above + plan.text_rows);
    let inside = popup::open(
        look,
        title,
        plan.width(),
        plan.rows,
        (above, below),
        area,
        buffer,
    );
    let terms = terms(look, explanations, chosen, &plan);
    for (line, y) in terms.iter().zip(inside.y..inside.bottom()) {
        buffer.set_line(inside.x, y, line, inside.width);
    }
    let ascii = look.style.charset == Charset::Ascii;
    let (x, y) = if plan.beside {
        let x = inside.x.saturating_add(columns(plan.terms));
        for y in inside.y..inside.bottom() {
            let stroke = Span::styled(if ascii { "|" } else { "│" }, look.theme.quiet());
            buffer.set_line(
                x + 1,
                y,
                &Line::from(stroke),
                inside.right().saturating_sub(x + 1),
            );
        }
        (x.saturating_add(columns(GAP)), inside.y)
    } else {
        let y = inside.y.saturating_add(columns(plan.term_rows));
        if plan.ruled && y < inside.bottom() {
            let rule = if ascii { "-" } else { "─" }.repeat(inside.width.into());
            buffer.set_string(inside.x, y, rule, look.theme.quiet());
        }
        (inside.x, y.saturating_add(u16::from(plan.ruled)))
    };
    for (line, y) in text[above..].iter().zip(y..inside.bottom()) {
        buffer.set_line(x, y, line, inside.right().saturating_sub(x));
    }
}

/// How far the chosen text can be scrolled.
#[must_use]
pub fn furthest(explanations: &[Explanation], chosen: usize, area: Rect) -> usize {
    let plan = Plan::of(explanations, area);
    explanations
        .get(chosen)
        .map_or(0, |told| plan.lines_of(told).saturating_sub(plan.text_rows))
}

/// Who gets which columns and lines.
struct Plan {
    beside: bool,
    /// Columns of the terms, with the mark.
    terms: usize,
    text: usize,
    /// Lines inside the box, of the terms, and of the text.
    rows: usize,
    term_rows: usize,
    text_rows: usize,
    /// A rule stands between terms and text.
    ruled: bool,
    /// A line is left free above the source.
    airy: bool,
}

impl Plan {
    fn of(explanations: &[Explanation], area: Rect) -> Plan {
        let (columns, lines) = popup::room(area);
        let longest = explanations.iter().map(|it| it.term.chars().count()).max();
        let terms = longest.unwrap_or(0) + MARK;
        let left = columns.saturating_sub(terms + GAP);
        let beside = left >= BESIDE;
        let text = if beside { left } else { columns };
        let mut plan = Plan {
            beside,
            terms,
            text: text.clamp(1, TEXT),
            rows: 0,
            term_rows: explanations.len(),
            text_rows: 0,
            ruled: !beside && lines >= 14,
            airy: lines >= 14,
        };
        // As high as the longest text, so that nothing jumps while another is chosen.
        let tallest = explanations.iter().map(|it| plan.lines_of(it)).max();
        let tallest = tallest.unwrap_or(0);
        if beside {
            plan.rows = tallest.max(plan.term_rows).min(lines);
            plan.term_rows = plan.term_rows.min(plan.rows);
            plan.text_rows = plan.rows;
        } else {
            let most = lines.saturating_sub(tallest + usize::from(plan.ruled));
            let least = if plan.ruled { 3 } else { 1 };
            plan.term_rows = plan.term_rows.min(most.max(least)).min(lines);
            let above = plan.term_rows + usize::from(plan.ruled);
            plan.rows = (above + tallest).min(lines);
            plan.text_rows = plan.rows.saturating_sub(above);
        }
        plan
    }

    fn width(&self) -> usize {
        if self.beside {
            self.terms + GAP + self.text
        } else {
            self.text.max(self.terms)
        }
    }

    fn lines_of(&self, told: &Explanation) -> usize {
        let text = wrapped(&told.words, self.text).len();
        text + wrapped(told.source, self.text).len() + usize::from(self.airy)
    }
}

/// The terms around the chosen one, as many as have room.
fn terms(
    look: Look,
    explanations: &[Explanation],
    chosen: usize,
    plan: &Plan,
) -> Vec<Line<'static>> {
    let mark = if look.style.charset == Charset::Ascii {
        "> "
    } else {
        "▌ "
    };
    let count = explanations.len();
    let first = chosen
        .saturating_sub(plan.term_rows / 2)
        .min(count.saturating_sub(plan.term_rows));
    let shown = explanations
        .iter()
        .enumerate()
        .skip(first)
        .take(plan.term_rows);
    let line = |(index, told): (usize, &Explanation)| {
        let term = told.term.to_string();
        if index != chosen {
            return Line::from(format!("  {term}"));
        }
        let mut spans = vec![
            Span::styled(mark, look.theme.mark()),
            Span::styled(term, look.theme.news()),
        ];
        if plan.term_rows < count {
            spans.push(Span::styled(
                format!("  {}/{count}", chosen + 1),
                look.theme.quiet(),
            ));
        }
        Line::from(spans)
    };
    shown.map(line).collect()
}

fn text(look: Look, told: &Explanation, plan: &Plan) -> Vec<Line<'static>> {
    let wrapped = |text: &str| wrapped(text, plan.text);
    let mut lines: Vec<_> = wrapped(&told.words).into_iter().map(Line::from).collect();
    if plan.airy {
        lines.push(Line::default());
    }
    let quiet = |line| Line::styled(line, look.theme.quiet());
    lines.extend(wrapped(told.source).into_iter().map(quiet));
    lines
}

fn columns(count: usize) -> u16 {
    u16::try_from(count).unwrap_or(u16::MAX)
}

#[cfg(test)]
mod tests;
