//! A line that is typed at the foot of the screen: what to find, where to go, what to call a file.
//!
//! ```text
//!  find: note:retr█                      rst, flag:fin, note:retransmission, state:time-wait, len:>1000
//! ```

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::{Modifier, Style};
use ratatui::text::{Line, Span};

use super::theme::Look;
use crate::conn::ConnectionId;
use crate::story::printable::printable;
use crate::story::wrap::wrapped;

/// Characters that may be typed: enough for a path, too few to be a burden.
const MAX: usize = 512;

/// What is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Question {
    /// A segment of this ladder.
    Find,
    /// The connections that the list shows.
    Filter,
    /// A frame's number.
    GoTo,
    /// The name of a capture file that this connection is to be written to.
    Write(ConnectionId),
    /// The name of a file that this connection is to be written to as it is shown.
    Export(ConnectionId),
}

impl Question {
    /// The word before the line, and what can be typed, the most useful first.
    fn words(self) -> (&'static str, &'static [&'static str]) {
        match self {
            Question::Find => (
                "find",
                &[
                    "rst",
                    "fin,ack",
                    "note:retransmission",
                    "state:time-wait",
                    "len:>1000",
                ],
            ),
            Question::Filter => (
                "filter",
                &[
                    "ending:reset",
                    "state:close-wait",
                    "port:4321",
                    "cause:unread-data",
                    "10.0.0.0/8",
                    "words",
                    "nothing: all",
                ],
            ),
            Question::GoTo => (
                "frame",
                &[
                    "its number in the capture",
                    "as tcpdump -# and Wireshark count",
                ],
            ),
            Question::Write(_) => ("write to", &["a file that doesn't exist yet"]),
            Question::Export(_) => (
                "export to",
                &[
                    "by its ending: md, svg, html, mmd, txt, csv, json",
                    "a file that doesn't exist yet",
                ],
            ),
        }
    }
}

/// A line being typed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Prompt {
    pub question: Question,
    text: Vec<char>,
    /// Where the next character goes.
    at: usize,
    /// What is wrong with what was typed.
    pub wrong: Option<String>,
}

/// What a key made of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Typed {
    /// It goes on.
    More,
    Done,
    GivenUp,
}

impl Prompt {
    #[must_use]
    pub fn new(question: Question, text: &str) -> Self {
        let text: Vec<_> = text.chars().take(MAX).collect();
        Prompt {
            question,
            at: text.len(),
            text,
            wrong: None,
        }
    }

    #[must_use]
    pub fn text(&self) -> String {
        self.text.iter().collect()
    }

    /// Takes a key.
    pub fn press(&mut self, key: KeyEvent) -> Typed {
        self.wrong = None;
        let with_control = key.modifiers.contains(KeyModifiers::CONTROL);
        match key.code {
            KeyCode::Enter => return Typed::Done,
            KeyCode::Esc => return Typed::GivenUp,
            KeyCode::Char('c' | 'g') if with_control => return Typed::GivenUp,
            KeyCode::Backspace if self.text.is_empty() => return Typed::GivenUp,
            KeyCode::Backspace if self.at > 0 => {
                self.at -= 1;
                self.text.remove(self.at);
            }
            KeyCode::Delete if self.at < self.text.len() => {
                self.text.remove(self.at);
            }
            KeyCode::Char('u') if with_control => {
                self.text.drain(..self.at);
                self.at = 0;
            }
            KeyCode::Char('w') if with_control => self.remove_word(),
            KeyCode::Char('a') if with_control => self.at = 0,
            KeyCode::Char('e') if with_control => self.at = self.text.len(),
            KeyCode::Left => self.at = self.at.saturating_sub(1),
            KeyCode::Right => self.at = (self.at + 1).min(self.text.len()),
            KeyCode::Home => self.at = 0,
            KeyCode::End => self.at = self.text.len(),
            KeyCode::Char(c) if !with_control && !c.is_control() && self.text.len() < MAX => {
                self.text.insert(self.at, c);
                self.at += 1;
            }
            _ => {}
        }
        Typed::More
    }

    fn remove_word(&mut self) {
        let is_space = |at: usize| self.text[at].is_whitespace();
        let mut from = self.at;
        while from > 0 && is_space(from - 1) {
            from -= 1;
        }
        while from > 0 && !is_space(from - 1) {
            from -= 1;
        }
        self.text.drain(from..self.at);
        self.at = from;
    }
}

/// Draws the line; what is typed keeps its place, the hint gives way.
pub fn draw(look: Look, prompt: &Prompt, area: Rect, buffer: &mut Buffer) {
    let theme = look.theme;
    let (word, hint) = prompt.question.words();
    let shown =
        |chars: &[char]| crate::story::numbers::printable(&chars.iter().collect::<String>());
    let (before, rest) = prompt.text.split_at(prompt.at);
    let under = rest.first().map_or(" ".into(), |c| shown(&[*c]));
    let room = usize::from(area.width).saturating_sub(word.len() + 5);
    // The end of a long line is what is being typed.
    let before = &before[before.len().saturating_sub(room)..];
    let mut line = Line::from(vec![
        Span::styled(format!(" {word}: "), theme.key()),
        Span::raw(shown(before)),
        Span::styled(under, Style::new().add_modifier(Modifier::REVERSED)),
        Span::raw(shown(rest.get(1..).unwrap_or_default())),
    ]);
    if prompt.wrong.is_none() {
        let free = usize::from(area.width).saturating_sub(line.width() + 3);
        let hint = as_many_as_fit(hint, free);
        line.push_span(Span::styled(format!("  {hint}"), theme.quiet()));
    }
    buffer.set_line(area.x, area.y, &line, area.width);
    if let Some(wrong) = &prompt.wrong {
        draw_wrong(look, wrong, area, buffer);
    }
}

/// What is wrong, whole, over the lines above.
fn draw_wrong(look: Look, wrong: &str, area: Rect, buffer: &mut Buffer) {
    draw_up(wrong, look.theme.alarm(), area.y, area, buffer);
}

/// A word to whoever pressed a key, whole: its last line at the foot, what doesn't fit there over the lines above.
pub fn draw_words(words: &str, style: Style, area: Rect, buffer: &mut Buffer) {
    draw_up(words, style, area.bottom(), area, buffer);
}

/// Draws a text upwards from line `end`, which isn't its own any more.
fn draw_up(text: &str, style: Style, end: u16, area: Rect, buffer: &mut Buffer) {
    let room = usize::from(area.width).saturating_sub(2).max(1);
    let lines = wrapped(&printable(text), room);
    let above = end.saturating_sub(buffer.area.y);
    let count = u16::try_from(lines.len()).unwrap_or(u16::MAX).min(above);
    for (y, text) in (end - count..end).zip(lines) {
        let line = format!(" {text:room$} ");
        buffer.set_stringn(area.x, y, line, area.width.into(), style);
    }
}

/// The first of these, with commas between them: none is cut.
fn as_many_as_fit(all: &[&str], columns: usize) -> String {
    let lists = (0..=all.len()).rev().map(|count| all[..count].join(", "));
    let mut fitting = lists.skip_while(|list| list.len() > columns);
    fitting.next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn typed(prompt: &mut Prompt, keys: &[KeyCode]) {
        for code in keys {
            prompt.press(KeyEvent::new(*code, KeyModifiers::NONE));
        }
    }

    #[test]
    fn a_line_is_edited_where_the_cursor_is() {
        let mut prompt = Prompt::new(Question::Find, "rt");
        typed(&mut prompt, &[KeyCode::Left, KeyCode::Char('s')]);
        assert_eq!(prompt.text(), "rst");
        typed(
            &mut prompt,
            &[
                KeyCode::Home,
                KeyCode::Delete,
                KeyCode::End,
                KeyCode::Backspace,
            ],
        );
        assert_eq!(prompt.text(), "s");
        prompt.press(KeyEvent::new(KeyCode::Char('w'), KeyModifiers::CONTROL));
        assert_eq!(prompt.text(), "");
    }

    #[test]
    fn enter_ends_it_and_escape_or_rubbing_out_nothing_gives_it_up() {
        let mut prompt = Prompt::new(Question::GoTo, "");
        let mut press = |code| prompt.press(KeyEvent::new(code, KeyModifiers::NONE));
        assert_eq!(press(KeyCode::Char('7')), Typed::More);
        assert_eq!(press(KeyCode::Enter), Typed::Done);
        assert_eq!(press(KeyCode::Esc), Typed::GivenUp);
        assert_eq!(press(KeyCode::Backspace), Typed::More);
        assert_eq!(press(KeyCode::Backspace), Typed::GivenUp);
    }

    #[test]
    fn a_line_has_an_end() {
        let mut prompt = Prompt::new(Question::Write(0), &"x".repeat(MAX));
        typed(&mut prompt, &[KeyCode::Char('y')]);
        assert_eq!(prompt.text().len(), MAX);
    }
}
