//! Moving: through the rows of a ladder, from one thing worth seeing to the next, among connections.

use super::app::{App, ListView, last_id};
use super::keys::Action;
use crate::conn::{ConnectionId, Side};
use crate::story::shown::Shown;
use crate::trace::Entry;

impl App {
    pub(super) fn walk(&mut self, action: Action) {
        self.prepare();
        match action {
            Action::Down if self.chooses_connections() => self.choose_by(1),
            Action::Up if self.chooses_connections() => self.choose_by(-1),
            Action::NextSegment | Action::Down => self.step(1),
            Action::PreviousSegment | Action::Up => self.step(-1),
            Action::PageDown if self.list == ListView::Alone => self.choose_by(10),
            Action::PageUp if self.list == ListView::Alone => self.choose_by(-10),
            Action::PageDown => self.step(10),
            Action::PageUp => self.step(-10),
            Action::First if self.is_in_list() => self.choose_one(self.listing.first()),
            Action::Last if self.is_in_list() && !self.origin.growing => {
                self.choose_one(self.listing.last());
            }
            Action::First => self.go_to(0),
            Action::Last => self.go_to_last(),
            Action::NextChange => self.change(true),
            Action::PreviousChange => self.change(false),
            Action::NextEvidence => self.next_evidence(),
            Action::FindNext => self.find(true),
            Action::FindPrevious => self.find(false),
            Action::NextConnection => self.choose_by(1),
            Action::PreviousConnection => self.choose_by(-1),
            _ => {}
        }
    }

    pub(super) fn last_line(&self) -> usize {
        if self.has_ladder() {
            self.trace.entries(self.connection) - 1
        } else {
            0
        }
    }

    /// Whoever moves stops following.
    pub(super) fn go_to(&mut self, entry: usize) {
        self.following = false;
        self.line = entry.min(self.last_line());
        self.scroll = 0;
    }

    /// What is selected is what the marked line shows: another entry where this one isn't shown. Whether it was another.
    pub(super) fn stand_on_a_line(&mut self) -> bool {
        let before = self.line;
        if let Some(shown) = self.focus.shown()
            && shown.run_at(self.line).is_none()
        {
            self.line = shown.entry_of(shown.line_of(before)).unwrap_or(before);
        }
        self.line != before
    }

    /// Goes to an entry, also where it is folded away or isn't shown.
    pub(super) fn reveal(&mut self, entry: usize) {
        self.prepare();
        let is_shown = |shown: &Shown| {
            let line = shown.line_of(entry);
            shown.run_at(entry).is_some() || shown.entry_of(line) == Some(entry)
        };
        if self.wanted.control_only && !self.focus.shown().is_some_and(is_shown) {
            self.wanted.control_only = false;
            self.follow_focus();
        }
        if let Some(shown) = self.focus.shown_mut() {
            shown.unfold(&self.trace, entry);
        }
        self.go_to(entry);
    }

    fn go_to_last(&mut self) {
        self.following = self.origin.growing;
        if self.following {
            self.playing = false;
            self.show_newest();
        }
        self.line = self.last_line();
    }

    /// Shows the newest connection, if the list shows it.
    pub(super) fn show_newest(&mut self) {
        let newest = last_id(self.connections());
        if self.only.is_none() && self.lists(newest) {
            self.show_connection(newest);
        }
    }

    /// Whether the list shows a connection, by now.
    fn lists(&mut self, id: ConnectionId) -> bool {
        self.listing.query().is_empty() || {
            self.follow_listing();
            self.listing.position(id).is_some()
        }
    }

    /// Shows a connection's ladder.
    fn show_connection(&mut self, connection: ConnectionId) {
        if connection != self.connection {
            self.connection = connection;
            self.evidence = None;
        }
    }

    /// The entry of the next line that is shown and can be chosen.
    pub(super) fn next_entry(&self) -> Option<usize> {
        let shown = self.focus.shown_of(self.connection)?;
        let at = shown.line_of(self.line);
        (at + 1..shown.lines().len()).find_map(|line| shown.entry_of(line))
    }

    /// So many shown lines on, or back.
    pub(super) fn step(&mut self, lines: isize) {
        let Some(shown) = self.focus.shown().filter(|shown| !shown.lines().is_empty()) else {
            return;
        };
        let last = shown.lines().len() - 1;
        let wanted = shown
            .line_of(self.line)
            .saturating_add_signed(lines)
            .min(last);
        // A silence can't be chosen: what comes after it, in the direction of the step.
        let onward = if lines < 0 {
            wanted.saturating_sub(1)
        } else {
            wanted + 1
        };
        let entry = shown.entry_of(wanted).or_else(|| shown.entry_of(onward));
        self.go_to(entry.unwrap_or(self.line));
    }

    /// Goes to the next or previous row that changes a state.
    fn change(&mut self, forward: bool) {
        let rows = Side::BOTH.into_iter().filter_map(|side| {
            let changes = &self.focus.course.changes[side];
            let entry = |row: u32| self.trace.entry_of(self.connection, row as usize);
            let after = changes.partition_point(|change| entry(change.row) <= self.line);
            let before = changes.partition_point(|change| entry(change.row) < self.line);
            let found = if forward {
                changes.get(after)
            } else {
                changes[..before].last()
            };
            found.map(|change| entry(change.row))
        });
        let found = if forward { rows.min() } else { rows.max() };
        if let Some(entry) = found {
            self.go_to(entry);
        }
    }

    /// Goes to the next segment that shows how the connection ended.
    fn next_evidence(&mut self) {
        let rows = self.evidence_rows();
        if rows.is_empty() {
            return self.tell_failure("no segment shows more than the others how it ended");
        }
        let next = self.evidence.map_or(0, |last| (last + 1) % rows.len());
        let (row, count) = (rows[next], rows.len());
        self.evidence = Some(next);
        self.reveal(self.trace.entry_of(self.connection, row));
        self.tell(format!(
            "evidence {} of {count}: segment {}",
            next + 1,
            row + 1
        ));
    }

    /// Rows of the connection that show how it ended.
    #[must_use]
    pub fn evidence_rows(&self) -> &[usize] {
        self.focus
            .ending
            .as_ref()
            .map_or(&[], |ending| &ending.evidence)
    }

    /// The row that is selected, if it is a segment.
    #[must_use]
    pub fn selected_row(&self) -> Option<usize> {
        if !self.has_ladder() {
            return None;
        }
        match self.trace.entry(self.connection, self.line) {
            Entry::Segment(row) => Some(row),
            Entry::Aside(_) => None,
        }
    }

    /// The last segment's row up to what is selected; `None` before the first.
    #[must_use]
    pub fn row_until_here(&self) -> Option<usize> {
        match self.trace.entry(self.connection, self.line) {
            Entry::Segment(row) => Some(row),
            Entry::Aside(aside) => (aside.row as usize).checked_sub(1),
        }
    }

    /// Whether the list stands alone.
    fn is_in_list(&self) -> bool {
        self.list == ListView::Alone && self.has_list()
    }

    /// So many connections on in the list, or back.
    fn choose_by(&mut self, count: isize) {
        self.choose_one(self.listing.step(self.connection, count));
    }

    fn choose_one(&mut self, connection: Option<ConnectionId>) {
        if let Some(connection) = connection {
            self.choose(connection);
        }
    }

    pub(super) fn choose(&mut self, connection: ConnectionId) {
        let connection = connection.min(last_id(self.connections()));
        if self.only.is_some() || connection == self.connection {
            return;
        }
        if !self.trace.has(connection) {
            self.tell_failure(format!(
                "connection {} has left memory (--limit); the capture file has it",
                connection + 1
            ));
            return;
        }
        self.show_connection(connection);
        self.go_to(0);
    }

    /// Unfolds the run that is chosen.
    pub(super) fn unfold_here(&mut self) -> bool {
        self.prepare();
        let (shown, trace) = (self.focus.shown_mut(), &self.trace);
        shown.is_some_and(|shown| shown.unfold(trace, self.line))
    }

    /// Unfolds the run here, or folds it again; where there is none, all of them.
    pub(super) fn toggle_fold(&mut self) {
        if self.unfold_here() {
            return;
        }
        let (shown, trace) = (self.focus.shown_mut(), &self.trace);
        match shown.and_then(|shown| shown.fold(trace, self.line)) {
            Some(first) => self.go_to(first),
            None => self.wanted.folds = !self.wanted.folds,
        }
    }

    /// How long until the replay's next step, while it goes on by itself; nanoseconds count.
    #[must_use]
    pub fn step_after(&self) -> Option<std::time::Duration> {
        let next = self.next_entry().filter(|_| self.playing)?;
        let time = |entry| match self.trace.entry(self.connection, entry) {
            Entry::Segment(row) => Some(self.trace.row(self.connection, row).time_ns),
            Entry::Aside(_) => None,
        };
        let gap = time(next)
            .zip(time(self.line))
            .map_or(0, |(next, now)| next.saturating_sub(now));
        Some(self.pace.wait(gap))
    }

    /// The replay's next step.
    pub fn play_step(&mut self) {
        self.prepare();
        if let Some(entry) = self.next_entry() {
            self.go_to(entry);
        }
        self.prepare();
        self.playing &= self.next_entry().is_some() || self.trace.ended.is_none();
    }
}
