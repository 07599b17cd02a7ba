//! What is known of the connection shown, kept so that a frame costs the same whether it has ten segments or a million:
//! followed as segments come, outside of drawing.

use super::app::{App, Panel};
use super::details;
use crate::conn::ConnectionId;
use crate::conn::state::PerSide;
use crate::story::ending::{Ending, ending};
use crate::story::relation::Relations;
use crate::story::shown::{Shown, Wanted};
use crate::story::space::{Space, SpaceIndex};
use crate::story::telling::{self, Told};
use crate::story::{Course, Search, Timeline};
use crate::trace::Trace;
use crate::wire::Place;

/// What is known of one connection.
#[derive(Debug, Default)]
pub struct Focus {
    connection: ConnectionId,
    pub course: Course,
    /// When its segments came.
    pub timeline: Timeline,
    shown: Option<Shown>,
    /// How it ended, as known now.
    pub ending: Option<Ending>,
    /// What the panel tells of it, if it tells why.
    pub told: Vec<Told>,
    told_for: Option<Panel>,
    /// What the selected segment has to do with others.
    pub relations: Option<Relations>,
    related_to: Option<usize>,
    /// What was looked for last, where it can be understood.
    pub search: Option<Search>,
    spaces: SpaceIndex,
    /// Where both ends stand after the selected segment.
    pub space: Option<PerSide<Space>>,
    /// The octets of its frame, or why they can't be had.
    pub frame: Option<Result<Vec<u8>, String>>,
    frame_at: Option<Place>,
    /// The trace has changed since.
    outdated: bool,
}

impl Focus {
    /// The lines of its ladder.
    #[must_use]
    pub fn shown(&self) -> Option<&Shown> {
        self.shown.as_ref()
    }

    /// The lines of a connection's ladder, if it is the one that was looked at last.
    #[must_use]
    pub fn shown_of(&self, connection: ConnectionId) -> Option<&Shown> {
        self.shown().filter(|_| self.connection == connection)
    }

    pub(super) fn shown_mut(&mut self) -> Option<&mut Shown> {
        self.shown.as_mut()
    }

    /// Something has come.
    pub fn outdate(&mut self) {
        self.outdated = true;
    }

    /// The states of its rows from `row` on have been corrected.
    pub fn forget_from(&mut self, trace: &Trace, row: usize) {
        self.course.forget_from(row);
        if let Some(shown) = &mut self.shown {
            shown.forget_from(trace, row);
        }
    }

    /// Looks at what the app shows now.
    pub fn follow(&mut self, app: &App) {
        if !app.has_ladder() {
            return;
        }
        let is_new = self.shown.is_none() || self.connection != app.connection;
        if is_new {
            *self = Focus {
                connection: app.connection,
                ..Focus::default()
            };
        }
        let is_outdated = is_new || std::mem::take(&mut self.outdated);
        if is_outdated {
            self.course.follow(&app.trace, app.connection);
            self.timeline.follow(&app.trace, app.connection);
            self.spaces.follow(&app.trace, app.connection);
            self.ending = Some(ending(&app.trace, app.connection));
        }
        if is_outdated || self.told_for != Some(app.panel) {
            self.tell(app);
        }
        let row = app.selected_row();
        if is_outdated || self.related_to != row {
            let (trace, id) = (&app.trace, app.connection);
            self.relations = row.map(|row| Relations::of(trace, id, row));
            self.space = row.map(|row| self.spaces.at(trace, id, row));
            self.related_to = row;
        }
        self.lines(app.connection, app.wanted).follow(&app.trace);
        self.read_back(app);
        self.search = Search::parse(&app.sought)
            .ok()
            .filter(|search| !search.is_empty());
    }

    fn tell(&mut self, app: &App) {
        let (trace, id) = (&app.trace, app.connection);
        self.told_for = Some(app.panel);
        self.told = match (&self.ending, app.panel) {
            (Some(ending), Panel::Account) => telling::account(trace, id, ending),
            (Some(ending), Panel::Findings) => telling::found(trace, id, ending),
            _ => Vec::new(),
        };
    }

    fn lines(&mut self, connection: ConnectionId, wanted: Wanted) -> &mut Shown {
        if self
            .shown
            .as_ref()
            .is_some_and(|shown| !shown.is_of(connection, wanted))
        {
            self.shown = None;
        }
        self.shown
            .get_or_insert_with(|| Shown::new(connection, wanted))
    }

    /// The selected segment's frame, once.
    fn read_back(&mut self, app: &App) {
        let record = app
            .selected_row()
            .map(|row| app.trace.row(app.connection, row));
        let place = record.map(|record| record.place);
        if place != self.frame_at {
            self.frame_at = place;
            self.frame = record.map(|record| details::read_frame(app.read_back.as_ref(), &record));
        }
    }
}
