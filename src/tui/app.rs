//! The state of the UI and what changes it. Draws nothing.

use std::collections::BTreeMap;
use std::io;
use std::path::PathBuf;

use ratatui::layout::Rect;

use super::Theme;
use super::focus::Focus;
use super::keys::Action;
use super::listing::{Listing, Sort};
use super::pace::Pace;
use super::prompt::{Prompt, Question};
use super::theme::Look;
use super::{owners, timeline};
use crate::conn::ConnectionId;
use crate::story::Style;
use crate::story::glossary::Explanation;
use crate::story::shown::Wanted;
use crate::trace::{Aside, Trace};
use crate::wire::{Feed, Place, Tally};

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
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    None,
    /// Draw everything anew, whatever stands on the terminal.
    Redraw,
    Cue(Cue),
    /// Put a text on the clipboard.
    Copy(String),
    /// Write a connection's frames to a file of this name.
    Write {
        connection: ConnectionId,
        path: PathBuf,
    },
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

/// What is told below or beside the ladder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Panel {
    /// The selected segment.
    Details,
    /// Its payload.
    Payload,
    /// The causes, and what each program saw.
    Account,
    Findings,
}

/// What stands over the screen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Popup {
    /// The keys, from this line on.
    Help { scroll: usize },
    /// What the selected row's words mean; one is chosen.
    Explain {
        title: String,
        words: Vec<Explanation>,
        chosen: usize,
        /// The first line of its text that is shown.
        scroll: usize,
    },
    /// What the experiment is about, from this line on.
    About { scroll: usize },
}

/// A key that waits for a letter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Letter {
    ToMark,
    ToGoTo,
}

/// A word to whoever pressed a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    pub text: String,
    pub failed: bool,
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
    /// The selected entry of that ladder, from 0.
    pub line: usize,
    /// The newest segment is selected as it comes.
    pub following: bool,
    pub list: ListView,
    /// Which connections the list shows, and in what order.
    pub listing: Listing,
    pub(super) owners: owners::Known,
    pub wanted: Wanted,
    pub panel: Panel,
    /// The state figure is shown.
    pub figure: bool,
    /// The first line that the panel shows.
    pub scroll: usize,
    pub popup: Option<Popup>,
    /// Columns and lines of the screen, as last drawn.
    pub screen: Rect,
    pub prompt: Option<Prompt>,
    pub letter: Option<Letter>,
    pub notice: Option<Notice>,
    /// What was looked for last.
    pub sought: String,
    /// Which of the verdict's evidence was gone to last.
    pub evidence: Option<usize>,
    pub marks: BTreeMap<char, (ConnectionId, usize)>,
    pub pace: Pace,
    /// The replay goes on by itself.
    pub playing: bool,
    /// What came since the picture is held.
    pub(super) held: Option<Vec<Feed>>,
    /// What is known of the connection shown.
    pub focus: Focus,
    /// An experiment that is played while it is looked at.
    pub play: Option<Playbill>,
    /// Only this connection may be chosen.
    pub(super) only: Option<ConnectionId>,
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
        let sort = match &origin.listening {
            Some(_) => Sort::Closing,
            None => Sort::Number,
        };
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
            listing: Listing::new(sort),
            owners: owners::Known::default(),
            wanted: Wanted {
                folds: true,
                control_only: false,
            },
            panel: Panel::Details,
            figure: false,
            scroll: 0,
            popup: None,
            screen: Rect::new(0, 0, 80, 24),
            prompt: None,
            letter: None,
            notice: None,
            sought: String::new(),
            evidence: None,
            marks: BTreeMap::new(),
            pace: Pace::default(),
            playing: false,
            held: None,
            focus: Focus::default(),
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

    /// Takes what came from the source; holds it while the picture is held.
    pub fn feed(&mut self, feed: Feed) -> Effect {
        match (&mut self.held, feed) {
            (Some(held), feed) => {
                held.push(feed);
                Effect::None
            }
            (None, feed) => self.take(&feed),
        }
    }

    fn take(&mut self, feed: &Feed) -> Effect {
        let known = self.connections();
        let was_empty = self.trace.is_empty();
        let (shown, focus) = (self.connection, &mut self.focus);
        match feed {
            Feed::Batch(batch) => self.trace.take(batch, |trace, id, revision| {
                if id == shown {
                    focus.forget_from(trace, revision.from as usize);
                }
            }),
            Feed::Ended(ended) => self.trace.end(ended.clone()),
        }
        self.focus.outdate();
        self.greet_owners(known);
        if self.following {
            if self.connections() > known && self.only.is_none() {
                self.follow_listing();
                let newest = last_id(self.connections());
                if self.listing.position(newest).is_some() {
                    self.connection = newest;
                }
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

    /// The counts of what was captured: of what is shown, or of what came since, too.
    #[must_use]
    pub fn tally(&self) -> Tally {
        let batch = |feed: &Feed| match feed {
            Feed::Batch(batch) => Some(batch.tally),
            Feed::Ended(_) => None,
        };
        let held = self.held.iter().flatten().rev().find_map(batch);
        held.unwrap_or(self.trace.tally)
    }

    /// Whether the picture is held.
    #[must_use]
    pub fn is_held(&self) -> bool {
        self.held.is_some()
    }

    /// Whether states last while nothing comes: the capture's clock is the one on the wall.
    #[must_use]
    pub fn is_live(&self) -> bool {
        let listens = self.origin.listening.is_some() || self.play.is_some();
        listens && self.held.is_none() && self.trace.ended.is_none()
    }

    /// Time has passed on the wall, to so many nanoseconds since the Unix epoch.
    pub fn pass(&mut self, now_ns: u64) {
        if self.is_live() {
            self.trace.pass(now_ns);
            self.focus.outdate();
        }
    }

    /// How everything is drawn.
    #[must_use]
    pub fn look(&self) -> Look {
        Look {
            style: self.style,
            theme: self.theme,
        }
    }

    /// Brings what is known of the connection shown up to date; to be called before drawing.
    pub fn prepare(&mut self) {
        self.follow_listing();
        self.follow_focus();
        if self.stand_on_a_line() {
            self.follow_focus();
        }
        self.stop_scrolling_at_the_end();
    }

    pub(super) fn follow_focus(&mut self) {
        let mut focus = std::mem::take(&mut self.focus);
        focus.follow(self);
        self.focus = focus;
    }

    pub(super) fn update(&mut self, action: Action) -> Effect {
        self.notice = None;
        match action {
            Action::Play => return self.play(),
            Action::PlayOn => return self.play_on(),
            Action::Copy => return self.copy(false),
            Action::CopyTcpdump => return self.copy(true),
            Action::Redraw => return Effect::Redraw,
            Action::Leave => return Effect::Leave,
            Action::Pause => return self.hold_or_go_on(),
            Action::Faster => self.pace = self.pace.faster(true),
            Action::Slower => self.pace = self.pace.faster(false),
            Action::ToggleRealTime => self.pace = self.pace.other(),
            Action::GoTo => self.ask(Question::GoTo, ""),
            Action::Find if self.list == ListView::Alone && self.has_list() => self.ask_filter(),
            Action::Find => self.ask(Question::Find, ""),
            Action::Filter => self.ask_filter(),
            Action::Sort | Action::ReverseSort => self.sort(action),
            Action::Write => self.ask_where_to_write(),
            Action::SetMark => self.letter = Some(Letter::ToMark),
            Action::GoToMark => self.letter = Some(Letter::ToGoTo),
            Action::ToggleFold => self.toggle_fold(),
            Action::ToggleControl => self.wanted.control_only = !self.wanted.control_only,
            Action::NextClock => self.style.clock = self.style.clock.next(),
            Action::ToggleAbsolute => self.style.absolute = !self.style.absolute,
            Action::ToggleFigure => self.figure = !self.figure,
            Action::TogglePayload => self.show(Panel::Payload),
            Action::ToggleWhy => self.show(match self.panel {
                // The findings come next; shown once more, they go.
                Panel::Account | Panel::Findings => Panel::Findings,
                Panel::Details | Panel::Payload => Panel::Account,
            }),
            Action::ScrollDown => self.scroll = self.scroll.saturating_add(1),
            Action::ScrollUp => self.scroll = self.scroll.saturating_sub(1),
            Action::ToggleList => self.toggle_list(),
            Action::Open => self.open(),
            Action::About => {
                self.popup = self.play.is_some().then_some(Popup::About { scroll: 0 });
            }
            Action::Help => self.popup = Some(Popup::Help { scroll: 0 }),
            Action::Back => self.back(),
            moving => self.walk(moving),
        }
        Effect::None
    }

    /// Shows a panel, or the details if it is shown.
    fn show(&mut self, panel: Panel) {
        self.panel = if self.panel == panel {
            Panel::Details
        } else {
            panel
        };
        self.scroll = 0;
    }

    /// Ends one thing that was begun, what is seen first: a list that shows nothing, the replay, a panel, the figure, a
    /// search, a filter, the list.
    fn back(&mut self) {
        let is_filtered = !self.listing.query().is_empty();
        let alone = self.list == ListView::Alone;
        if self.playing {
            self.playing = false;
        } else if is_filtered && (alone || self.listing.order().is_empty()) {
            self.end_filter();
        } else if alone {
            self.open();
        } else if self.panel != Panel::Details {
            self.show(Panel::Details);
        } else if self.figure {
            self.figure = false;
        } else if self.evidence.is_some() || !self.sought.is_empty() {
            self.evidence = None;
            self.sought.clear();
        } else if is_filtered {
            self.end_filter();
        }
    }

    /// Takes what is told beside the segments.
    pub fn remark(&mut self, aside: Aside) {
        self.trace.remark(aside);
        self.focus.outdate();
        if self.following {
            self.line = self.last_line();
        }
    }

    /// In an experiment the next call is made; otherwise the replay goes on by itself, or stops.
    fn play(&mut self) -> Effect {
        match &self.play {
            Some(play) if play.over.is_none() => self.cue(),
            _ => {
                self.playing = !self.playing && self.has_ladder();
                if self.playing && self.next_entry().is_none() {
                    self.walk(Action::First);
                }
                Effect::None
            }
        }
    }

    /// The next call of an experiment is made, and followed.
    fn cue(&mut self) -> Effect {
        match &mut self.play {
            // A key that was pressed too early means nothing: nobody has read yet what comes.
            Some(play) if play.next.is_some() => {
                play.doing = play.next.take().unwrap_or_default();
                self.walk(Action::Last);
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
                self.walk(Action::Last);
                Effect::Cue(Cue::Run(runs))
            }
            _ => Effect::None,
        }
    }

    /// Holds the picture of a capture that grows, or takes what came since.
    fn hold_or_go_on(&mut self) -> Effect {
        if self.is_held() {
            return self.go_on();
        }
        if self.origin.growing && self.play.is_none() && self.trace.ended.is_none() {
            self.held = Some(Vec::new());
        } else {
            self.tell_failure("nothing comes any more that could be held back");
        }
        Effect::None
    }

    /// Takes what came while the picture was held.
    pub fn go_on(&mut self) -> Effect {
        let held = self.held.take().unwrap_or_default();
        let effects = held.iter().map(|feed| self.take(feed));
        effects.fold(Effect::None, |all, one| match one {
            Effect::None => all,
            one => one,
        })
    }

    pub fn tell(&mut self, text: impl Into<String>) {
        self.notice = Some(Notice {
            text: text.into(),
            failed: false,
        });
    }

    pub fn tell_failure(&mut self, text: impl Into<String>) {
        self.notice = Some(Notice {
            text: text.into(),
            failed: true,
        });
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

    /// What the timeline of the connection shown is drawn from.
    #[must_use]
    pub fn timeline(&self) -> timeline::Shown<'_> {
        timeline::Shown {
            trace: &self.trace,
            id: self.connection,
            course: &self.focus.course,
            timeline: &self.focus.timeline,
        }
    }

    #[must_use]
    pub fn connections(&self) -> usize {
        self.trace.connections().len()
    }

    fn open(&mut self) {
        if self.list == ListView::Alone {
            self.list = ListView::Beside;
        } else {
            self.unfold_here();
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

pub(super) fn last_id(connections: usize) -> ConnectionId {
    ConnectionId::try_from(connections.saturating_sub(1)).unwrap_or(ConnectionId::MAX)
}
