//! The help: the key table, and what the marks mean.

use ratatui::buffer::Buffer;
use ratatui::layout::{Constraint, Rect};
use ratatui::text::{Line, Span};
use ratatui::widgets::{Block, Clear, Padding, Paragraph, Widget, Wrap};

use super::app::{App, Playbill};
use super::keys::{HELP, HELP_IN_PLAY};
use crate::conn::State;
use crate::story::Charset;
use crate::story::numbers::short_state;

/// Draws the help over the middle of the screen.
pub fn draw(app: &App, area: Rect, buffer: &mut Buffer) {
    let ascii = app.style.charset == Charset::Ascii;
    let in_play: &[_] = if app.play.is_some() {
        HELP_IN_PLAY
    } else {
        &[]
    };
    let mut lines: Vec<_> = in_play
        .iter()
        .chain(HELP)
        .map(|(keys, spelled, what)| {
            let keys = if ascii { spelled } else { keys };
            Line::from(vec![
                Span::styled(format!("{keys:>10}  "), app.theme.key()),
                Span::raw(*what),
            ])
        })
        .collect();
    let lane = |state| app.style.charset.lane(state);
    lines.push(Line::default());
    lines.push(Line::raw(format!(
        "A lane {} is open at that end, {} opening or closing, {} closed. An arrow that ends in {} is an RST.",
        lane(State::Established),
        lane(State::CloseWait),
        lane(State::Closed),
        if ascii { 'X' } else { '✕' },
    )));
    lines.push(Line::raw(
        "States are those after the segment, sent and delivered; ? marks what the capture doesn't prove.",
    ));
    let shortened = State::ALL
        .iter()
        .filter(|state| short_state(**state) != state.name());
    let names: Vec<_> = shortened
        .map(|state| format!("{} {state}", short_state(*state)))
        .collect();
    lines.push(Line::raw(format!("Narrow screens: {}.", names.join(", "))));
    popup(app, " Keys ", lines, 24, area, buffer);
}

/// Draws what an experiment is about over the middle of the screen.
pub fn draw_about(app: &App, play: &Playbill, area: Rect, buffer: &mut Buffer) {
    let mut lines = vec![
        Line::styled(play.title.clone(), app.theme.news()),
        Line::default(),
    ];
    lines.extend(play.about.lines().map(|line| Line::raw(line.to_string())));
    // As high as it needs: words that wrap cost a little more than their columns.
    let inner = usize::from(area.width.clamp(8, 78) - 6);
    let wrapped: usize = lines.iter().map(|line| line.width() / inner + 1).sum();
    let height = u16::try_from(wrapped + 3).unwrap_or(u16::MAX);
    popup(app, " What is to be seen ", lines, height, area, buffer);
}

fn popup(
    app: &App,
    title: &'static str,
    lines: Vec<Line<'_>>,
    height: u16,
    area: Rect,
    buffer: &mut Buffer,
) {
    let popup = area.centered(Constraint::Max(78), Constraint::Max(height));
    Clear.render(popup, buffer);
    let mut block = Block::bordered()
        .title(title)
        .padding(Padding::horizontal(1));
    if app.style.charset == Charset::Ascii {
        block = block.border_set(ASCII_BORDER);
    }
    Paragraph::new(lines)
        .wrap(Wrap { trim: false })
        .block(block)
        .render(popup, buffer);
}

const ASCII_BORDER: ratatui::symbols::border::Set<'static> = ratatui::symbols::border::Set {
    top_left: "+",
    top_right: "+",
    bottom_left: "+",
    bottom_right: "+",
    vertical_left: "|",
    vertical_right: "|",
    horizontal_top: "-",
    horizontal_bottom: "-",
};
