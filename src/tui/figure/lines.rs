//! What the figure tells in words: what the segment changed, and, where no figure fits, each end's way
//! in a line or two.
//!
//! ```text
//! client  CLOSED → SYN-SENT → ESTABLISHED → FIN-WAIT-1
//! server  LISTEN → SYN-RECEIVED → ESTABLISHED → CLOSE-WAIT
//! ```

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};

use crate::conn::Side;
use crate::conn::state::PerSide;
use crate::story::Charset;
use crate::story::diagram::{Step, Walk};
use crate::tui::theme::Look;

/// Lines that both ways make use of.
pub const WANTED: u16 = 6;

/// `→`, or what stands for it.
fn arrow(look: Look) -> &'static str {
    match look.style.charset {
        Charset::Unicode => "→",
        Charset::Ascii => "->",
    }
}

/// Tells what the segment changed, one line an end; `quiet` where that is nothing.
pub fn draw_told(look: Look, walks: &PerSide<Walk>, quiet: &str, area: Rect, buffer: &mut Buffer) {
    let width = area.width.into();
    let news = |side: Side| Some((side, walks[side].news.as_ref()?));
    let told: Vec<_> = match Side::BOTH.map(news) {
        [None, None] => vec![Line::styled(quiet.to_string(), look.theme.quiet())],
        [Some((side, step)), None] | [None, Some((side, step))] => {
            told_alone(look, side, step, width)
        }
        both => both
            .into_iter()
            .flatten()
            .map(|(side, step)| told(look, side, step, width))
            .collect(),
    };
    for (line, y) in told.iter().zip(area.y..area.bottom()) {
        buffer.set_line(area.x, y, line, area.width);
    }
}

/// In two lines where one is too short.
fn told_alone(look: Look, side: Side, step: &Step, width: usize) -> Vec<Line<'static>> {
    let (happened, section) = step.words();
    let all = told(look, side, step, usize::MAX);
    if all.width() <= width {
        return vec![all];
    }
    let cite = if section.is_empty() {
        String::new()
    } else {
        format!(" (RFC 9293 {section})")
    };
    let mut below = format!("  {happened}{cite}");
    if below.chars().count() > width {
        below = format!("  {happened}");
    }
    vec![told(look, side, step, 0), Line::raw(below)]
}

/// `client: ESTABLISHED → FIN-WAIT-1  closes, FIN sent (RFC 9293 3.6)`, with as much as fits.
fn told(look: Look, side: Side, step: &Step, width: usize) -> Line<'static> {
    let (happened, section) = step.words();
    let moved = format!("{} {} {}", step.change.from, arrow(look), step.change.to);
    let mut spans = vec![
        Span::styled(format!("{side}: "), look.theme.side(side)),
        Span::styled(moved, look.theme.news()),
    ];
    let used: usize = spans.iter().map(Span::width).sum();
    let full = format!("  {happened} (RFC 9293 {section})");
    let room = width.saturating_sub(used);
    let words = if !section.is_empty() && full.len() <= room {
        full
    } else {
        format!("  {happened}")
    };
    if words.len() <= room {
        spans.push(Span::raw(words));
    }
    Line::from(spans)
}

/// Draws each end's way, and what the segment changed where there is room for that too.
pub fn draw(look: Look, walks: &PerSide<Walk>, quiet: &str, area: Rect, buffer: &mut Buffer) {
    let told = if area.height >= 4 { 2 } else { 0 };
    let each = (area.height - told) / 2;
    let mut y = area.y;
    for side in Side::BOTH {
        let lines = way(
            look,
            side,
            &walks[side],
            area.width,
            each.clamp(1, 3).into(),
        );
        for line in lines {
            if y < area.bottom() {
                buffer.set_line(area.x, y, &line, area.width);
            }
            y += 1;
        }
    }
    let below = Rect {
        y: area.bottom() - told,
        height: told,
        ..area
    };
    if told > 0 {
        draw_told(look, walks, quiet, below, buffer);
    }
}

/// One end's way in at most `lines` lines; what doesn't fit is left out from its beginning.
fn way(look: Look, side: Side, walk: &Walk, width: u16, lines: usize) -> Vec<Line<'static>> {
    const BESIDE: usize = 8;
    let room = usize::from(width).saturating_sub(BESIDE);
    let words = words(look, walk);
    let mut skipped = 0;
    let wrapped = loop {
        let more = (skipped > 0).then(|| match look.style.charset {
            Charset::Unicode => "…".to_string(),
            Charset::Ascii => "...".to_string(),
        });
        let shown: Vec<_> = more
            .into_iter()
            .chain(words[skipped..].iter().cloned())
            .collect();
        let wrapped = wrap(&shown, room);
        if wrapped.len() <= lines || skipped + 1 >= words.len() {
            break wrapped;
        }
        skipped += 1;
    };
    let last = wrapped.len().saturating_sub(1);
    let line = |(i, words): (usize, &Vec<String>)| {
        let name = if i == 0 { side.name() } else { "" };
        let mut spans = vec![Span::styled(
            format!("{name:<BESIDE$}"),
            look.theme.side(side),
        )];
        let (now, before) = words.split_last().expect("a line has a word");
        let before: String = before.iter().map(|word| format!("{word} ")).collect();
        let style = if i == last {
            look.theme.news()
        } else {
            Style::new()
        };
        spans.push(Span::raw(before));
        spans.push(Span::styled(now.clone(), style));
        Line::from(spans)
    };
    wrapped.iter().take(lines).enumerate().map(line).collect()
}

/// `CLOSED`, `→ SYN-SENT`, `✕ CLOSED`: a state a word, with how it was come to.
fn words(look: Look, walk: &Walk) -> Vec<String> {
    let reset = match look.style.charset {
        Charset::Unicode => "✕",
        Charset::Ascii => "X",
    };
    let first = walk
        .steps
        .first()
        .map_or(walk.state, |step| step.change.from);
    let mut words = vec![first.to_string()];
    for step in &walk.steps {
        let by = if step.is_reset() { reset } else { arrow(look) };
        words.push(format!("{by} {}", step.change.to));
    }
    if walk.doubtful {
        words.last_mut().expect("the first").push('?');
    }
    words
}

/// Words into lines of at most `room` columns.
fn wrap(words: &[String], room: usize) -> Vec<Vec<String>> {
    let mut lines: Vec<Vec<String>> = Vec::new();
    let mut used = 0;
    for word in words {
        let columns = word.chars().count();
        match lines.last_mut() {
            Some(line) if used + 1 + columns <= room => {
                line.push(word.clone());
                used += 1 + columns;
            }
            _ => {
                lines.push(vec![word.clone()]);
                used = columns;
            }
        }
    }
    lines
}
