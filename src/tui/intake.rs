//! What comes while the UI is open: segments, what is told beside them, time; and holding the picture meanwhile.

use std::collections::BTreeMap;

use super::app::{App, Effect, Letter};
use super::focus::Focus;
use crate::conn::ConnectionId;
use crate::story::Owned;
use crate::trace::{Aside, Entry, Gone, Heard, Shortened};
use crate::wire::{Feed, Tally};

/// So much is held; what comes then waits where it comes from: in the capture file, or in the pipe.
const HELD: usize = 256;

/// What came while the picture is held.
#[derive(Debug)]
pub enum Held {
    Feed(Feed),
    Owners(Vec<Owned>),
    Heard(Vec<Heard>),
}

impl App {
    /// Takes what came from the source; holds it while the picture is held.
    pub fn feed(&mut self, feed: Feed) -> Effect {
        if self.is_held() {
            self.hold(Held::Feed(feed));
            return Effect::None;
        }
        self.take(&feed)
    }

    /// Takes who holds sockets; holds it with the segments that it belongs to.
    pub fn owners_told(&mut self, all: Vec<Owned>) {
        if self.is_held() {
            self.hold(Held::Owners(all));
        } else {
            self.learn_owners(all);
        }
    }

    /// Takes what a kernel says; holds it with the segments that it belongs to.
    pub fn heard(&mut self, all: Vec<Heard>) {
        if self.is_held() {
            self.hold(Held::Heard(all));
        } else {
            self.trace.hear(all);
        }
    }

    fn hold(&mut self, came: Held) {
        let held = self.held.get_or_insert_default();
        held.push(came);
        if held.len() >= HELD {
            self.gate.shut();
        }
    }

    fn take(&mut self, feed: &Feed) -> Effect {
        let known = self.connections();
        let was_empty = self.trace.is_empty();
        let selected = self.selected_row();
        let remembered = self.remembered_rows();
        let shown = self.connection;
        let mut revised: Option<u32> = None;
        match feed {
            Feed::Batch(batch) => {
                self.progress.note(batch);
                // What is looked at stays.
                self.trace.hold(self.connection);
                self.trace.take(batch, |_, id, revision| {
                    if id == shown {
                        let first = revised.unwrap_or(revision.from);
                        revised = Some(first.min(revision.from));
                    }
                });
            }
            Feed::Ended(ended) => self.trace.end(ended.clone()),
        }
        let gone = self.trace.take_gone();
        if gone.shortened.iter().any(|it| it.connection == shown) {
            self.focus = Focus::default();
        } else if let Some(row) = revised {
            self.focus.forget_from(&self.trace, row as usize);
        }
        self.focus.outdate();
        self.greet_owners(known);
        self.forget_who_left(&gone.left);
        let selected = selected.map(|row| now_at(&gone, shown, row));
        self.move_remembered(&gone, remembered);
        self.note_in_listing();
        if self.following {
            if self.connections() > known {
                self.show_newest();
            }
            self.line = self.last_line();
        } else {
            self.stay_on(selected);
        }
        // What feeds a pipe may have written to the terminal while it started.
        if was_empty && !self.trace.is_empty() {
            Effect::Redraw
        } else {
            Effect::None
        }
    }

    /// Connections have left the trace: beyond `--limit`.
    fn forget_who_left(&mut self, left: &[ConnectionId]) {
        if !left.is_empty() {
            self.listing.forget(left);
            self.owners.forget(left);
        }
    }

    /// The rows of the lines that are remembered by their number: the one selected, the marks, the one that is about to be
    /// marked. Of a line beside the segments it is the row behind it.
    fn remembered_rows(&mut self) -> Vec<(ConnectionId, usize)> {
        let trace = &self.trace;
        let row = |id, line| match trace.entry(id, line) {
            Entry::Segment(row) => row,
            Entry::Aside(aside) => aside.row as usize,
        };
        let lines = remembered(
            &mut self.line,
            self.connection,
            &mut self.marks,
            &mut self.letter,
        );
        lines.map(|(id, line)| (id, row(id, *line))).collect()
    }

    /// Connections have lost rows, or lines beside them: lines that are remembered stand elsewhere.
    fn move_remembered(&mut self, gone: &Gone, rows: Vec<(ConnectionId, usize)>) {
        let trace = &self.trace;
        let lines = remembered(
            &mut self.line,
            self.connection,
            &mut self.marks,
            &mut self.letter,
        );
        for ((id, line), (_, row)) in lines.zip(rows) {
            if gone.shortened.iter().any(|it| it.connection == id) {
                let last = trace.len(id).saturating_sub(1);
                *line = trace.entry_of(id, now_at(gone, id, row).min(last));
            }
        }
    }

    /// The counts of what was captured: of what is shown, or of what came since, too.
    #[must_use]
    pub fn tally(&self) -> Tally {
        let batch = |held: &Held| match held {
            Held::Feed(Feed::Batch(batch)) => Some(batch.tally),
            _ => None,
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
            let (selected, lines) = (self.selected_row(), self.trace.entries(self.connection));
            self.trace.pass(now_ns);
            self.focus.outdate();
            // What a kernel said may have found its place.
            if self.trace.entries(self.connection) != lines {
                self.stay(selected);
            }
        }
    }

    /// Takes what is told beside the segments.
    pub fn remark(&mut self, aside: Aside) {
        let selected = self.selected_row();
        self.trace.remark(aside);
        self.focus.outdate();
        self.stay(selected);
    }

    /// Follows what comes, or stays.
    fn stay(&mut self, selected: Option<usize>) {
        if self.following {
            self.line = self.last_line();
        } else {
            self.stay_on(selected);
        }
    }

    /// Keeps the segment selected that was: what is told beside the segments may have come before it.
    fn stay_on(&mut self, row: Option<usize>) {
        // Who stands at the beginning stays there.
        if let Some(row) = row.filter(|_| self.line > 0) {
            self.line = self.trace.entry_of(self.connection, row);
        }
    }

    /// Holds the picture of a capture that grows, or takes what came since.
    pub(super) fn hold_or_go_on(&mut self) -> Effect {
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
        let mut all = Effect::None;
        self.gate.open();
        for held in self.held.take().unwrap_or_default() {
            match held {
                Held::Owners(owned) => self.learn_owners(owned),
                Held::Heard(heard) => self.trace.hear(heard),
                Held::Feed(feed) => match self.take(&feed) {
                    Effect::None => {}
                    effect => all = effect,
                },
            }
        }
        all
    }
}

/// The lines of ladders that are remembered by their number.
fn remembered<'a>(
    selected: &'a mut usize,
    shown: ConnectionId,
    marks: &'a mut BTreeMap<char, (ConnectionId, usize)>,
    letter: &'a mut Option<Letter>,
) -> impl Iterator<Item = (ConnectionId, &'a mut usize)> {
    let marks = marks.values_mut().map(|(id, line)| (*id, line));
    let awaited = match letter {
        Some(Letter::ToMark(id, line)) => Some((*id, line)),
        _ => None,
    };
    std::iter::once((shown, selected))
        .chain(marks)
        .chain(awaited)
}

/// Where a connection's row stands now, or the next one that stayed.
fn now_at(gone: &Gone, id: ConnectionId, row: usize) -> usize {
    let shortened = gone.shortened.iter().filter(|it| it.connection == id);
    let number = |row: usize| u32::try_from(row).unwrap_or(u32::MAX);
    shortened.fold(row, |row, it: &Shortened| it.row(number(row)) as usize)
}
