//! The mouse: a click chooses a row, a connection, a time; the wheel scrolls. Everything works without one.

use crossterm::event::{MouseButton, MouseEvent, MouseEventKind};
use ratatui::layout::Position;

use super::app::{App, ListView};
use super::keys::Action;
use super::ladder::{self, Spot};
use super::layout::Areas;
use super::{list, timeline};

/// Rows that a turn of the wheel moves.
const TURN: usize = 3;

impl App {
    /// Takes what the mouse did on a screen.
    pub fn mouse(&mut self, event: MouseEvent) {
        self.prepare();
        let screen = self.screen;
        let at = Position::new(event.column, event.row);
        match event.kind {
            MouseEventKind::Down(MouseButton::Left) if self.popup.is_some() => self.popup = None,
            MouseEventKind::Down(MouseButton::Left) => self.click(at, &Areas::of(self, screen)),
            MouseEventKind::ScrollDown => self.wheel(at, &Areas::of(self, screen), true),
            MouseEventKind::ScrollUp => self.wheel(at, &Areas::of(self, screen), false),
            _ => {}
        }
        self.prepare();
    }

    fn click(&mut self, at: Position, areas: &Areas) {
        if areas.list.contains(at) {
            if let Some(connection) =
                list::connection_at(&self.listing, self.connection, areas.list, at.y)
            {
                self.choose(connection);
            }
        } else if areas.timeline.contains(at) && self.has_ladder() {
            if let Some(row) = timeline::row_at(self.timeline(), areas.timeline, at.x) {
                self.reveal(self.trace.entry_of(self.connection, row));
            }
        } else if areas.ladder.contains(at) && self.has_ladder() {
            match ladder::at(self, areas.ladder, at.y) {
                // Who clicks twice wants to know more.
                Some(Spot::Entry(entry)) if entry == self.line => self.look_closer(),
                Some(Spot::Entry(entry)) => self.go_to(entry),
                Some(Spot::Verdict) => {
                    self.update(Action::ToggleWhy);
                }
                None => {}
            }
        }
    }

    fn look_closer(&mut self) {
        if !self.unfold_here() {
            self.popup = Some(self.explain());
        }
    }

    fn wheel(&mut self, at: Position, areas: &Areas, down: bool) {
        let action = match (self.popup.is_some(), down) {
            (true, true) => Action::Down,
            (true, false) => Action::Up,
            (false, true) if areas.panel.contains(at) => Action::ScrollDown,
            (false, false) if areas.panel.contains(at) => Action::ScrollUp,
            (false, true) if areas.list.contains(at) => Action::NextConnection,
            (false, false) if areas.list.contains(at) => Action::PreviousConnection,
            (false, true) => Action::NextSegment,
            (false, false) => Action::PreviousSegment,
        };
        let in_list = self.list == ListView::Alone || areas.list.contains(at);
        for _ in 0..if in_list { 1 } else { TURN } {
            self.press(Some(action));
        }
    }
}
