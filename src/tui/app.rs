//! The state of the UI and what changes it. Draws nothing.

use std::collections::BTreeMap;
use std::path::PathBuf;

use ratatui::layout::Rect;

use super::Theme;
use super::drawn::Drawn;
use super::focus::Focus;
use super::gate::Gate;
use super::intake::Held;
use super::keys::Action;
use super::listing::{Listing, Sort};
use super::pace::Pace;
use super::progress::Progress;
use super::prompt::{Prompt, Question};
use super::theme::Look;
use super::{owners, timeline};
use crate::conn::ConnectionId;
use crate::story::Style;
use crate::story::shown::Wanted;
use crate::trace::Trace;

pub use super::parts::{Effect, Export, Letter, ListView, Notice, Origin, Panel, Popup, ReadBack};
pub use super::stage::{Cue, Playbill};

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
    pub(super) held: Option<Vec<Held>>,
    /// In front of it: shut while enough is held.
    pub gate: Gate,
    /// What is known of the connection shown.
    pub focus: Focus,
    /// An experiment that is played while it is looked at.
    pub play: Option<Playbill>,
    /// The folder to suggest for a file, where it isn't the current one.
    pub files_go_to: Option<PathBuf>,
    /// Only this connection may be chosen.
    pub(super) only: Option<ConnectionId>,
    /// How far the source has been read.
    pub progress: Progress,
    pub drawn: Drawn,
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
        let listing = match &origin.listening {
            Some(_) => Listing::new(Sort::Closing),
            None if origin.growing => Listing::new(Sort::Number),
            None => Listing::of_file(),
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
            listing,
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
            gate: Gate::default(),
            focus: Focus::default(),
            play: None,
            files_go_to: None,
            only: None,
            progress: Progress::default(),
            drawn: Drawn::default(),
        }
    }

    /// Shows one connection and no list.
    pub fn show_only(&mut self, connection: ConnectionId) {
        self.only = Some(connection);
        self.connection = connection;
        self.list = ListView::Hidden;
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
        self.see_list();
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
            Action::Stop => return Effect::Stop,
            Action::Leave => return Effect::Leave,
            Action::Pause => return self.hold_or_go_on(),
            Action::Faster => self.change_pace(self.pace.faster(true)),
            Action::Slower => self.change_pace(self.pace.faster(false)),
            Action::ToggleRealTime => self.change_pace(self.pace.other()),
            Action::GoTo => self.ask(Question::GoTo, ""),
            Action::Find if self.list == ListView::Alone && self.has_list() => self.ask_filter(),
            Action::Find => self.ask(Question::Find, ""),
            Action::Filter => self.ask_filter(),
            Action::Sort | Action::ReverseSort => self.sort(action),
            Action::Write => self.ask_where_to_write(),
            Action::Export => self.ask_where_to_export(),
            Action::SetMark => self.letter = Some(Letter::ToMark(self.connection, self.line)),
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
            Action::About if self.play.is_some() => self.popup = Some(Popup::About { scroll: 0 }),
            Action::About => self.tell_failure("only an experiment (tcpviz lab) has that"),
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
        self.trace.ids().len()
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
        } else if self.has_ladder() {
            self.tell("there is no list of one connection");
        }
    }
}

pub(super) fn last_id(connections: usize) -> ConnectionId {
    ConnectionId::try_from(connections.saturating_sub(1)).unwrap_or(ConnectionId::MAX)
}
