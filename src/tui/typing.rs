//! What is typed: keys, lines at the foot of the screen, letters of marks.

use std::path::{Path, PathBuf};

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use super::app::{App, Effect, Letter, ListView, Popup};
use super::keys::{self, Action};
use super::layout::Areas;
use super::prompt::{Prompt, Question, Typed};
use super::{explain, help, panel};
use crate::conn::ConnectionId;
use crate::story::Search;
use crate::story::glossary::about_row;
use crate::story::numbers::{counted, printable};

/// Names of files that are tried before one is suggested.
const NAMES: u32 = 1000;

impl App {
    /// Takes a key: for the line that is typed, for a mark, or for what it is bound to.
    pub fn key(&mut self, key: KeyEvent) -> Effect {
        let action = keys::action(key);
        if action == Some(Action::Stop) {
            return Effect::Stop;
        }
        if self.prompt.is_some() {
            return self.type_on(key);
        }
        let is_plain = !key
            .modifiers
            .intersects(KeyModifiers::CONTROL | KeyModifiers::ALT);
        if let Some(letter) = self.letter.take().filter(|_| is_plain) {
            self.mark(letter, key);
            return Effect::None;
        }
        self.press(action)
    }

    /// Does what a key asks for; `None` is a key without a meaning.
    pub fn press(&mut self, action: Option<Action>) -> Effect {
        match (self.popup.take(), action) {
            (_, Some(Action::Leave)) => Effect::Leave,
            (Some(popup), action) => {
                self.popup = self.turn(popup, action);
                self.stop_scrolling_at_the_end();
                Effect::None
            }
            (None, Some(action)) => {
                let effect = self.update(action);
                self.prepare();
                effect
            }
            (None, None) => Effect::None,
        }
    }

    /// What a key makes of what stands over the screen: it scrolls, goes on to the next, or goes.
    fn turn(&self, popup: Popup, action: Option<Action>) -> Option<Popup> {
        let by = match action {
            Some(Action::Down | Action::ScrollDown | Action::NextSegment) => 1,
            Some(Action::Up | Action::ScrollUp | Action::PreviousSegment) => -1,
            Some(Action::PageDown) => 10,
            Some(Action::PageUp) => -10,
            _ => 0,
        };
        let moved = |at: usize| at.saturating_add_signed(by);
        match (popup, action) {
            (Popup::Help { scroll }, _) if by != 0 => Some(Popup::Help {
                scroll: moved(scroll),
            }),
            (Popup::About { scroll }, _) if by != 0 => Some(Popup::About {
                scroll: moved(scroll),
            }),
            (
                Popup::Explain {
                    title,
                    words,
                    chosen,
                    scroll,
                },
                _,
            ) if by != 0 => {
                let furthest = explain::furthest(&words, chosen, Areas::of(self, self.screen).over);
                // A text that doesn't fit is read to its end before the next one comes.
                let (chosen, scroll) = if by > 0 && scroll < furthest {
                    (chosen, moved(scroll).min(furthest))
                } else if by < 0 && scroll > 0 {
                    (chosen, moved(scroll))
                } else {
                    (moved(chosen).min(words.len().saturating_sub(1)), 0)
                };
                Some(Popup::Explain {
                    title,
                    words,
                    chosen,
                    scroll,
                })
            }
            (Popup::Help { .. }, Some(Action::Help)) if self.has_ladder() => Some(self.explain()),
            _ => None,
        }
    }

    /// What the words of the selected row mean.
    pub(super) fn explain(&self) -> Popup {
        let words = about_row(&self.trace, self.connection, self.line);
        let title = match self.selected_row() {
            Some(row) => format!("Segment {}", row + 1),
            None => "Beside the segments".into(),
        };
        Popup::Explain {
            title,
            words,
            chosen: 0,
            scroll: 0,
        }
    }

    /// Nothing is scrolled further than there is something to see.
    pub(super) fn stop_scrolling_at_the_end(&mut self) {
        let (look, over) = (self.look(), Areas::of(self, self.screen).over);
        let height = usize::from(over.height);
        match (&mut self.popup, &self.play) {
            (Some(Popup::Help { scroll }), _) => {
                let lines = help::lines_wanted(look, keys::SECTIONS, over.width);
                *scroll = (*scroll).min(lines.saturating_sub(height));
            }
            (Some(Popup::About { scroll }), Some(play)) => {
                let lines = help::about_lines_wanted(look, &play.title, &play.about, over);
                *scroll = (*scroll).min(lines.saturating_sub(height));
            }
            _ => {}
        }
        if self.scroll > 0 && self.has_ladder() {
            let area = Areas::of(self, self.screen).panel;
            let lines = panel::lines_wanted(self, area.width, area.height);
            let most = lines.saturating_sub(area.height);
            self.scroll = self.scroll.min(most.into());
        }
    }

    fn type_on(&mut self, key: KeyEvent) -> Effect {
        let Some(mut prompt) = self.prompt.take() else {
            return Effect::None;
        };
        match prompt.press(key) {
            Typed::GivenUp => Effect::None,
            Typed::More => {
                self.prompt = Some(prompt);
                Effect::None
            }
            Typed::Done => {
                let done = self.answer(prompt.question, prompt.text().trim());
                self.prepare();
                done.unwrap_or_else(|wrong| {
                    prompt.wrong = Some(wrong);
                    self.prompt = Some(prompt);
                    Effect::None
                })
            }
        }
    }

    pub(super) fn ask(&mut self, question: Question, text: &str) {
        if self.has_ladder() {
            self.prompt = Some(Prompt::new(question, text));
        }
    }

    pub(super) fn ask_filter(&mut self) {
        if self.has_list() {
            let before = self.filter_text();
            self.ask(Question::Filter, &before);
        } else {
            self.tell_failure("there is no list to filter: only one connection");
        }
    }

    pub(super) fn ask_where_to_write(&mut self) {
        self.ask_for_file(Question::Write(self.connection), "pcap");
    }

    pub(super) fn ask_where_to_export(&mut self) {
        self.ask_for_file(Question::Export(self.connection), "md");
    }

    /// Asks for a file's name, and suggests one that says which connection it is.
    fn ask_for_file(&mut self, question: Question, ending: &str) {
        if !self.has_ladder() {
            return self.tell_failure("there is no connection yet that could be written");
        }
        let addresses = self.trace.connection(self.connection).addresses;
        let of = |address: std::net::SocketAddr| {
            let ip = address.ip().to_string().replace(':', "_");
            format!("{ip}.{}", address.port())
        };
        let (client, server) = (of(addresses.client), of(addresses.server));
        let folder = self.files_go_to.clone().unwrap_or_default();
        let numbered = |number: u32| match number {
            1 => folder.join(format!("tcpviz-{client}-{server}.{ending}")),
            _ => folder.join(format!("tcpviz-{client}-{server}-{number}.{ending}")),
        };
        let mut numbers = 1..NAMES;
        let free = numbers.find(|number| !numbered(*number).exists());
        let path = numbered(free.unwrap_or(NAMES));
        self.ask(question, &path.to_string_lossy());
    }

    /// What a typed line leads to, or what is wrong with it.
    fn answer(&mut self, question: Question, text: &str) -> Result<Effect, String> {
        match question {
            Question::Find => {
                if !text.is_empty() {
                    Search::parse(text)?;
                    self.sought = text.into();
                }
                self.find(true);
            }
            Question::Filter => self.filter(text)?,
            Question::GoTo => self.go_to_frame(text)?,
            Question::Write(_) | Question::Export(_) if text.is_empty() => {
                return Err("a file needs a name: type one, or leave with Esc".into());
            }
            Question::Export(connection) => {
                return Ok(Effect::Export {
                    connection,
                    path: PathBuf::from(text),
                });
            }
            Question::Write(connection) => {
                return Ok(Effect::Write {
                    connection,
                    path: PathBuf::from(text),
                });
            }
        }
        Ok(Effect::None)
    }

    /// Goes to a frame by its number, in whichever connection it is.
    fn go_to_frame(&mut self, text: &str) -> Result<(), String> {
        let wanted: u32 = text
            .replace(',', "")
            .parse()
            .map_err(|_| format!("{text} isn't a number: type that of a frame, such as 17"))?;
        let Some((connection, row)) = self.trace.find_frame(wanted) else {
            let last = self.trace.last_frame();
            return Err(format!(
                "frame {wanted} is no segment shown here; the last one is {last}"
            ));
        };
        if self.only.is_some_and(|only| only != connection) {
            return Err(format!(
                "frame {wanted} belongs to connection {}; tcpviz without -c shows it",
                connection + 1
            ));
        }
        self.choose(connection);
        self.reveal(self.trace.entry_of(connection, row));
        if self.list == ListView::Alone {
            self.list = ListView::Beside;
        }
        Ok(())
    }

    /// Says what became of a file.
    pub fn tell_written(
        &mut self,
        connection: ConnectionId,
        path: &Path,
        written: Result<u64, String>,
    ) {
        let name = printable(&path.to_string_lossy());
        match written {
            Ok(frames) => {
                let frames = counted(frames, "frame");
                self.tell(format!(
                    "{frames} written to {name}; to see them: tcpviz {name}"
                ));
            }
            Err(why) => self.ask_again(Question::Write(connection), path, &why),
        }
    }

    /// Says what became of an export.
    pub fn tell_exported(
        &mut self,
        connection: ConnectionId,
        path: &Path,
        written: Result<(), String>,
    ) {
        match written {
            Ok(()) => {
                let name = printable(&path.to_string_lossy());
                self.tell(format!("connection {} written to {name}", connection + 1));
            }
            Err(why) => self.ask_again(Question::Export(connection), path, &why),
        }
    }

    fn ask_again(&mut self, question: Question, path: &Path, why: &str) {
        let mut again = Prompt::new(question, &path.to_string_lossy());
        again.wrong = Some(format!("nothing was written: {why}"));
        self.prompt = Some(again);
    }

    fn mark(&mut self, letter: Letter, key: KeyEvent) {
        let KeyCode::Char(name) = key.code else {
            return;
        };
        match letter {
            Letter::ToMark(connection, line)
                if self.has_ladder() && name.is_ascii_alphanumeric() =>
            {
                self.marks.insert(name, (connection, line));
                self.tell(format!("marked {name}: ' and {name} come back here"));
            }
            Letter::ToMark(..) => {
                self.tell_failure("a mark is a letter or a digit: press m and one of them");
            }
            Letter::ToGoTo => match self.marks.get(&name).copied() {
                Some((connection, line)) => {
                    self.choose(connection);
                    if self.connection != connection {
                        return;
                    }
                    self.reveal(line);
                }
                None => {
                    self.tell_failure(format!("there is no mark {name}; m and a letter make one"));
                }
            },
        }
        self.prepare();
    }
}
