//! The first line: what is looked at, and the counts.
//!
//! ```text
//!  tcpviz  lo             1,204 received · 3 dropped · following 17/17
//! ```

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};
use ratatui::widgets::Widget;

use super::app::App;
use super::layout::RULED;
use crate::story::numbers::{counted, grouped};

/// Draws it: the counts keep their place and give way in words, then the name gives way.
pub fn draw(app: &App, area: Rect, buffer: &mut Buffer) {
    const BEFORE: &str = " tcpviz  ";
    let name = app.origin.name.as_str();
    let width = |counts: &[Span<'_>]| counts.iter().map(Span::width).sum::<usize>();
    // Of a name this much is enough to know it by.
    let least = BEFORE.len() + name.chars().count().min(16) + 1;
    let fits = |counts: &Vec<Span<'_>>| width(counts) + least <= usize::from(area.width);
    let mut brevities = [Brevity::Words, Brevity::Short, Brevity::Least].into_iter();
    let counts = brevities.find_map(|brevity| Some(counts(app, brevity)).filter(fits));
    let counts = counts.unwrap_or_else(|| self::counts(app, Brevity::News));
    let left = Line::from_iter([Span::styled(BEFORE, app.theme.news()), Span::raw(name)]);
    let taken = u16::try_from(width(&counts)).unwrap_or(u16::MAX);
    let room = area.width.saturating_sub(taken.saturating_add(1));
    buffer.set_line(area.x, area.y, &left, room);
    Line::from(counts).right_aligned().render(area, buffer);
}

/// How few words the counts may do with.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Brevity {
    Words,
    Short,
    Least,
    /// Only what isn't as usual.
    News,
}

/// What was read, and what wasn't: a drop is never out of sight.
fn counts(app: &App, brevity: Brevity) -> Vec<Span<'static>> {
    let words = brevity == Brevity::Words;
    let least = matches!(brevity, Brevity::Least | Brevity::News);
    let (news, alarm) = (app.theme.news(), app.theme.alarm());
    let tally = app.tally();
    let mut facts: Vec<(String, Style)> = Vec::new();
    if tally.is_down && app.trace.ended.is_none() {
        facts.push(("interface down".into(), alarm));
    }
    if tally.is_removed {
        facts.push(("file removed".into(), alarm));
    }
    if app.origin.listening.is_some() {
        let received = if words { "received" } else { "rcvd" };
        if !least {
            facts.push((
                format!("{} {received}", grouped(tally.frames)),
                Style::new(),
            ));
        }
        let style = if tally.dropped > 0 {
            alarm
        } else {
            Style::new()
        };
        facts.push((format!("{} dropped", grouped(tally.dropped)), style));
        if tally.behind > 0 && !least {
            facts.push((format!("{} behind", grouped(tally.behind)), news));
        }
        // Beyond --limit.
        let left = app.trace.left_in_all();
        if left > 0 {
            let gone = if words { "left memory" } else { "gone" };
            let text = format!("{} {gone}", grouped(left as u64));
            facts.push((text, Style::new()));
        }
    } else if words {
        let counts = [
            counted(app.trace.segments() as u64, "segment"),
            counted(app.connections() as u64, "connection"),
        ];
        facts.extend(counts.map(|text| (text, Style::new())));
    }
    // Higher screens have a rule that tells it.
    if app.screen.height < RULED {
        facts.extend(app.percent_read().map(|text| (text, news)));
    }
    if app.is_held() {
        let text = if words { "held (p goes on)" } else { "held" };
        facts.push((text.into(), news));
    }
    if app.playing {
        let text = if least {
            "playing".into()
        } else {
            format!("playing, {}", app.pace)
        };
        facts.push((text, news));
    }
    if app.has_ladder() {
        let place = match (least, app.following) {
            (true, _) => "",
            (false, true) => "following ",
            (false, false) => "step ",
        };
        let total = grouped(app.trace.entries(app.connection) as u64);
        let at = grouped(app.line as u64 + 1);
        let lost = app.trace.lost_rows_of(app.connection);
        if lost > 0 && !least {
            facts.push((
                format!("{} earlier gone", grouped(lost as u64)),
                Style::new(),
            ));
        }
        facts.push((format!("{place}{at}/{total}"), Style::new()));
    }
    if app.trace.breaks_off().is_some() {
        facts.push(("breaks off".into(), alarm));
    }
    if brevity == Brevity::News {
        facts.retain(|(_, style)| *style != Style::new());
    }
    let dot = format!(" {} ", app.style.charset.dot());
    let mut spans = Vec::new();
    for (text, style) in facts {
        if !spans.is_empty() {
            spans.push(Span::raw(dot.clone()));
        }
        spans.push(Span::styled(text, style));
    }
    spans.push(Span::raw(" "));
    spans
}
