//! The state of the UI and what changes it. Draws nothing.

use std::io;

use super::Theme;
use super::keys::Action;
use crate::conn::ConnectionId;
use crate::story::Style;
use crate::trace::{Aside, Entry, Trace};
use crate::wire::{Feed, Place};

/// Reads a frame's octets back from the capture file.
pub type ReadBack = Box<dyn Fn(&Place) -> io::Result<Vec<u8>>>;

/// What is being looked at.
#[derive(Clone, Debug)]
pub struct Origin {
    /// File or interface, safe to print.
    pub name: String,
    /// Still growing: a live capture, or a pipe.
    pub growing: bool,
    /// What a live capture listens to, as a filter expression; `None` on replay.
    pub listening: Option<String>,
    /// A port to suggest for trying it out.
    pub port: u16,
}

/// What an update asks the event loop to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    None,
    /// Draw everything anew, whatever stands on the terminal.
    Redraw,
    Cue(Cue),
    Leave,
}

/// Whether the list of connections is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ListView {
    /// Above the ladder, where there is more than one connection.
    Beside,
    /// Instead of the ladder.
    Alone,
    Hidden,
}

/// What is told instead of the selected segment's details.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    Hidden,
    /// The causes, and what each program saw.
    Account,
    Findings,
}

impl Why {
    fn next(self) -> Why {
        match self {
            Why::Hidden => Why::Account,
            Why::Account => Why::Findings,
            Why::Findings => Why::Hidden,
        }
    }
}

/// An experiment under way.
#[derive(Clone, Debug, Default)]
pub struct Playbill {
    pub title: String,
    /// What is to be seen, and why.
    pub about: String,
    /// What isn't as it would be elsewhere.
    pub note: Option<String>,
    /// What happens at the next cue; `None` while something happens.
    pub next: Option<String>,
    /// What happens then.
    pub doing: String,
    /// It goes on by itself.
    pub runs: bool,
    /// It is over: how it came out.
    pub over: Option<String>,
}

/// What whoever watches tells an experiment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cue {
    /// Make the next call.
    Next,
    /// Go on by itself, or wait again.
    Run(bool),
}

/// Everything the screen is drawn from.
pub struct App {
    pub trace: Trace,
    pub origin: Origin,
    pub read_back: Option<ReadBack>,
    pub style: Style,
    pub theme: Theme,
    /// The connection whose ladder is shown.
    pub connection: ConnectionId,
    /// The selected line of that ladder, from 0.
    pub line: usize,
    /// The newest segment is selected as it comes.
    pub following: bool,
    pub list: ListView,
    pub help: bool,
    /// What the experiment is about is shown.
    pub about: bool,
    pub why: Why,
    /// An experiment that is played while it is looked at.
    pub play: Option<Playbill>,
    /// Only this connection may be chosen.
    only: Option<ConnectionId>,
}

impl App {
    #[must_use]
    pub fn new(
        trace: Trace,
        origin: Origin,
        read_back: Option<ReadBack>,
        style: Style,
        theme: Theme,
    ) -> Self {
        App {
            following: origin.growing,
            trace,
            origin,
            read_back,
            style,
            theme,
            connection: 0,
            line: 0,
            list: ListView::Beside,
            help: false,
            about: false,
            why: Why::Hidden,
            play: None,
            only: None,
        }
    }

    /// Shows one connection and no list.
    pub fn show_only(&mut self, connection: ConnectionId) {
        self.only = Some(connection);
        self.connection = connection;
        self.list = ListView::Hidden;
    }

    /// Takes what came from the source.
    pub fn feed(&mut self, feed: &Feed) -> Effect {
        let known = self.connections();
        let was_empty = self.trace.is_empty();
        match feed {
            Feed::Batch(batch) => self.trace.take(batch, |_, _, _| {}),
            Feed::Ended(ended) => self.trace.end(ended.clone()),
        }
        if self.following {
            if self.connections() > known && self.only.is_none() {
                self.connection = last_id(self.connections());
            }
            self.line = self.last_line();
        }
        // What feeds a pipe may have written to the terminal while it started.
        if was_empty && !self.trace.is_empty() {
            Effect::Redraw
        } else {
            Effect::None
        }
    }

    /// Does what a key asks for; `None` is a key without a meaning.
    pub fn press(&mut self, action: Option<Action>) -> Effect {
        let covered = std::mem::take(&mut self.help) | std::mem::take(&mut self.about);
        if covered && action != Some(Action::Leave) {
            // Any key closes the help.
            return Effect::None;
        }
        action.map_or(Effect::None, |action| self.update(action))
    }

    fn update(&mut self, action: Action) -> Effect {
        match action {
            Action::NextSegment => self.go_to(self.line.saturating_add(1)),
            Action::PreviousSegment => self.go_to(self.line.saturating_sub(1)),
            Action::Down => self.down(1),
            Action::Up => self.up(1),
            Action::PageDown if self.list == ListView::Alone => self.down(10),
            Action::PageUp if self.list == ListView::Alone => self.up(10),
            Action::PageDown => self.go_to(self.line.saturating_add(10)),
            Action::PageUp => self.go_to(self.line.saturating_sub(10)),
            Action::First => self.go_to(0),
            Action::Last => {
                self.following = self.origin.growing;
                if self.following && self.only.is_none() {
                    self.connection = last_id(self.connections());
                }
                self.line = self.last_line();
            }
            Action::NextChange => self.change(true),
            Action::PreviousChange => self.change(false),
            Action::NextConnection => self.choose(self.connection.saturating_add(1)),
            Action::PreviousConnection => self.choose(self.connection.saturating_sub(1)),
            Action::ToggleList => self.toggle_list(),
            Action::Open => {
                if self.list == ListView::Alone {
                    self.list = ListView::Beside;
                }
            }
            Action::ToggleWhy => self.why = self.why.next(),
            Action::ToggleAbsolute => self.style.absolute = !self.style.absolute,
            Action::NextCall => return self.cue(),
            Action::PlayOn => return self.play_on(),
            Action::About => self.about = self.play.is_some(),
            Action::Help => self.help = true,
            Action::Redraw => return Effect::Redraw,
            Action::Leave => return Effect::Leave,
        }
        Effect::None
    }

    /// Takes what is told beside the segments.
    pub fn remark(&mut self, aside: Aside) {
        self.trace.remark(aside);
        if self.following {
            self.line = self.last_line();
        }
    }

    /// The next call of an experiment is made, and followed.
    fn cue(&mut self) -> Effect {
        match &mut self.play {
            // A key that was pressed too early means nothing: nobody has read yet what comes.
            Some(play) if play.next.is_some() => {
                play.doing = play.next.take().unwrap_or_default();
                self.update(Action::Last);
                Effect::Cue(Cue::Next)
            }
            _ => Effect::None,
        }
    }

    fn play_on(&mut self) -> Effect {
        match &mut self.play {
            Some(play) if play.over.is_none() => {
                play.runs = !play.runs;
                let runs = play.runs;
                self.update(Action::Last);
                Effect::Cue(Cue::Run(runs))
            }
            _ => Effect::None,
        }
    }

    /// Whether there is a connection to draw.
    #[must_use]
    pub fn has_ladder(&self) -> bool {
        (self.connection as usize) < self.connections()
    }

    /// Whether there is a list to show.
    #[must_use]
    pub fn has_list(&self) -> bool {
        self.only.is_none() && self.connections() > 1
    }

    /// Whether up and down choose among connections; otherwise they step through segments as left
    /// and right do.
    #[must_use]
    pub fn chooses_connections(&self) -> bool {
        self.list != ListView::Hidden && self.has_list()
    }

    #[must_use]
    pub fn connections(&self) -> usize {
        self.trace.connections().len()
    }

    fn down(&mut self, count: u32) {
        if self.chooses_connections() {
            self.choose(self.connection.saturating_add(count));
        } else {
            self.go_to(self.line.saturating_add(count as usize));
        }
    }

    fn up(&mut self, count: u32) {
        if self.chooses_connections() {
            self.choose(self.connection.saturating_sub(count));
        } else {
            self.go_to(self.line.saturating_sub(count as usize));
        }
    }

    fn last_line(&self) -> usize {
        if self.has_ladder() {
            self.trace.entries(self.connection) - 1
        } else {
            0
        }
    }

    /// Whoever moves stops following.
    fn go_to(&mut self, line: usize) {
        self.following = false;
        self.line = line.min(self.last_line());
    }

    fn choose(&mut self, connection: ConnectionId) {
        let connection = connection.min(last_id(self.connections()));
        if self.only.is_some() || connection == self.connection {
            return;
        }
        self.connection = connection;
        self.go_to(0);
    }

    /// Goes to the next or previous row that changes a state.
    fn change(&mut self, forward: bool) {
        if !self.has_ladder() {
            return;
        }
        let changes = |line: &usize| match self.trace.entry(self.connection, *line) {
            Entry::Segment(row) => {
                self.trace.row(self.connection, row).states
                    != self.trace.states_before(self.connection, row)
            }
            Entry::Aside(_) => false,
        };
        let found = if forward {
            (self.line + 1..=self.last_line()).find(changes)
        } else {
            (0..self.line).rev().find(changes)
        };
        if let Some(line) = found {
            self.go_to(line);
        }
    }

    fn toggle_list(&mut self) {
        if self.has_list() {
            self.list = match self.list {
                ListView::Beside => ListView::Alone,
                ListView::Alone => ListView::Hidden,
                ListView::Hidden => ListView::Beside,
            };
        }
    }
}

fn last_id(connections: usize) -> ConnectionId {
    ConnectionId::try_from(connections.saturating_sub(1)).unwrap_or(ConnectionId::MAX)
}
