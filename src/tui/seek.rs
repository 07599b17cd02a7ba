//! Looking for something: segments of the ladder, connections of the list.

use super::app::App;
use super::keys::Action;
use super::list;
use super::listing::Listing;
use crate::story::{Query, Search};
use crate::trace::Entry;

impl App {
    /// Goes to the next (or previous) segment that was looked for, round the end of the ladder.
    pub(super) fn find(&mut self, forward: bool) {
        let search = match Search::parse(&self.sought) {
            Ok(search) if !search.is_empty() => search,
            _ => {
                return self.tell_failure("nothing was looked for yet: / and words find a segment");
            }
        };
        let (id, rows) = (self.connection, self.trace.len(self.connection));
        let absolute = self.style.absolute;
        let is_wanted = |row: &usize| search.matches_row(&self.trace, id, *row, absolute);
        let found = match (self.row_until_here(), forward) {
            (None, true) => (0..rows).find(is_wanted),
            (None, false) => (0..rows).rev().find(is_wanted),
            (Some(row), true) => (row + 1..rows).chain(0..=row).find(is_wanted),
            (Some(row), false) => (0..row).rev().chain((row..rows).rev()).find(is_wanted),
        };
        let Some(row) = found else {
            return self.tell_failure(format!("no segment of this connection is {search}"));
        };
        let is_same = self.trace.entry_of(id, row) == self.line;
        self.reveal(self.trace.entry_of(id, row));
        if is_same {
            self.tell(format!("no other segment of this connection is {search}"));
        } else {
            self.tell(format!("{search}: segment {}; . and , go on", row + 1));
        }
    }

    pub(super) fn filter_text(&self) -> String {
        self.listing.query().to_string()
    }

    /// Shows only some connections in the list; the one chosen stays if it is among them.
    pub(super) fn filter(&mut self, text: &str) -> Result<(), String> {
        self.listing.set_query(Query::parse(text)?);
        self.follow_listing();
        match self.listing.nearest(self.connection) {
            Some(connection) => self.choose(connection),
            None if self.listing.is_behind() => {}
            None => self.tell_failure("no connection is like that; Esc shows all again"),
        }
        Ok(())
    }

    /// Shows all connections in the list again.
    pub(super) fn end_filter(&mut self) {
        self.listing.set_query(Query::default());
        self.follow_listing();
        self.tell(self.listing.title(self.style.charset.dot()));
    }

    /// Sorts the list otherwise.
    pub(super) fn sort(&mut self, action: Action) {
        let (sort, reversed) = (self.listing.sort(), self.listing.is_reversed());
        match action {
            Action::Sort => self.listing.set_sort(sort.next(), false),
            _ => self.listing.set_sort(sort, !reversed),
        }
        self.follow_listing();
        self.tell(self.listing.title(self.style.charset.dot()));
    }

    /// Brings the list up to date.
    pub(super) fn follow_listing(&mut self) {
        self.with_listing(|listing, app| listing.follow(&app.trace, &|id| app.owner_of(id)));
    }

    /// Tells the list what came.
    pub(super) fn note_in_listing(&mut self) {
        self.with_listing(|listing, app| listing.note(&app.trace, &|id| app.owner_of(id)));
    }

    /// Brings up to date what the screen may show of the list.
    pub(super) fn see_list(&mut self) {
        let (chosen, height) = (self.connection, self.screen.height);
        self.with_listing(|listing, app| {
            let seen = list::looked_at(listing, chosen, height);
            listing.see(&app.trace, &|id| app.owner_of(id), seen);
        });
    }

    fn with_listing(&mut self, tell: impl FnOnce(&mut Listing, &App)) {
        if self.only.is_none() {
            let mut listing = std::mem::take(&mut self.listing);
            tell(&mut listing, self);
            self.listing = listing;
        }
    }

    /// Whether an entry of the ladder is one that was looked for.
    #[must_use]
    pub fn is_sought(&self, entry: usize) -> bool {
        let Some(search) = &self.focus.search else {
            return false;
        };
        match self.trace.entry(self.connection, entry) {
            Entry::Segment(row) => {
                search.matches_row(&self.trace, self.connection, row, self.style.absolute)
            }
            Entry::Aside(_) => false,
        }
    }
}
