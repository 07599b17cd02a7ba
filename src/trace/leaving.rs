//! What leaves a trace that has bounds: whole connections, and the oldest rows of long ones. Nothing of it leaves the capture
//! file.

use std::collections::HashMap;
use std::net::SocketAddr;

use super::cold::Cold;
use super::kept::{Kept, Slot};
use super::shelf::Spot;
use super::shortened::Shortened;
use super::warm::{Warm, nobodys};
use super::{Bounds, Record, Trace};
use crate::conn::ConnectionId;
use crate::conn::state::PerSide;

/// Entries of the queues that may be out of date, at least.
const OUTDATED: usize = 4096;

/// What has left a trace that has bounds.
#[derive(Debug, Default)]
pub struct Gone {
    /// Whole connections.
    pub left: Vec<ConnectionId>,
    /// Long ones that lost rows, or lines beside them. Of one connection there may be two, in the order in which they apply.
    pub shortened: Vec<Shortened>,
}

impl Trace {
    /// Keeps no more than that. Whatever leaves stays in the capture file. To be called before anything rests.
    ///
    /// # Panics
    /// If connections rest that nobody has been remembering: they couldn't leave, nor be found again.
    pub fn keep(&mut self, bounds: Bounds) {
        let kept = &self.table.connections;
        assert!(
            kept.bounds.is_some() || kept.shelf.needed() == 0,
            "bounds come first"
        );
        self.table.connections.bounds = Some(bounds);
    }

    /// This connection stays.
    pub fn hold(&mut self, id: ConnectionId) {
        self.table.connections.held = Some(id);
    }

    /// What left when the last batch was taken, once: whoever renumbers rows by it twice has wrong ones.
    pub fn take_gone(&mut self) -> Gone {
        std::mem::take(&mut self.gone)
    }

    /// How many connections have left.
    #[must_use]
    pub fn left_in_all(&self) -> usize {
        self.left_in_all
    }

    /// How many rows of a connection aren't there any more.
    #[must_use]
    pub fn lost_rows_of(&self, id: ConnectionId) -> usize {
        self.table.connections.at(id).lost
    }

    /// How many rows were lost of all connections.
    #[must_use]
    pub fn lost_rows(&self) -> usize {
        self.lost_rows
    }

    /// Lets leave what is more than may stay.
    pub(super) fn let_leave(&mut self) {
        self.gone = Gone::default();
        let Some(bounds) = self.table.connections.bounds else {
            return;
        };
        while let Some(left) = self.table.connections.remove_one() {
            self.table.forget(left.id, left.addresses, left.previous);
            self.beside.remove(left.id);
            self.gone.left.push(left.id);
        }
        self.left_in_all += self.gone.left.len();
        self.table.connections.tidy();
        self.gone.shortened = self.table.connections.shorten();
        for shortened in &self.gone.shortened {
            self.lost_rows += shortened.lost();
            self.beside.shorten(shortened);
            self.heard.resets.forget(shortened.connection);
        }
        for connection in self.beside.forget_beyond(bounds.beside) {
            let shortened = Shortened::new(connection, 0, Vec::new());
            self.gone.shortened.push(shortened);
        }
        self.order.forget_beyond(bounds.finished.max(bounds.others));
        self.errors.forget_beyond(bounds.beside);
        self.renumber_errors();
        self.table.connections.befallen.forget_beyond(bounds.beside);
    }

    /// ICMP errors stand where they stood among the rows that stayed.
    fn renumber_errors(&mut self) {
        // Lines beside the segments have no say in rows.
        let cut = self.gone.shortened.iter().filter(|it| it.lost() > 0);
        let cut: HashMap<_, _> = cut.map(|it| (it.connection, it)).collect();
        if cut.is_empty() {
            return;
        }
        for error in self.errors.iter_mut() {
            if let Some(shortened) = cut.get(&error.connection) {
                error.seen.rows = shortened.row(error.seen.rows);
            }
        }
    }
}

/// A connection that has left.
#[derive(Clone, Copy, Debug)]
pub struct Left {
    pub id: ConnectionId,
    pub addresses: PerSide<SocketAddr>,
    /// The one before it between the same ends.
    pub previous: Option<ConnectionId>,
}

impl Kept {
    /// Takes out a connection, if there are more than may stay: the one that has been finished for longest; of the others the
    /// one to which nothing came for longest.
    pub fn remove_one(&mut self) -> Option<Left> {
        let bounds = self.bounds?;
        let is_full = self.shelf.needed() > bounds.logs;
        if self.may_leave > bounds.finished || is_full && self.may_leave > 0 {
            let left = self.remove_finished();
            if left.is_some() {
                return left;
            }
        }
        let others = self.slots.present() - self.may_leave;
        // Where any number may stay, whoever follows stops when there is no room.
        if bounds.others < usize::MAX && !self.has_room_for_long() {
            return self.remove_long();
        }
        if is_full || others > bounds.others {
            return self.remove_silent().or_else(|| self.remove_long());
        }
        None
    }

    /// Whether there is room for so many long connections.
    pub fn has_room_for_long(&self) -> bool {
        self.bounds
            .is_none_or(|bounds| self.long.len() <= bounds.long())
    }

    fn remove_finished(&mut self) -> Option<Left> {
        for _ in 0..self.finished.len() {
            let (id, lies) = self.finished.pop_front()?;
            match (self.slots.get(id as usize), lies) {
                (Some(Slot::Cold(spot, true)), Some(lies)) if *spot == lies => {}
                (Some(Slot::Warm(at)), None) => {
                    let warm = &mut self.warm[*at as usize];
                    if !warm.connection.is_over() {
                        warm.may_leave = false;
                        self.may_leave -= 1;
                        continue;
                    }
                }
                _ => continue,
            }
            if self.held == Some(id) {
                self.finished.push_back((id, lies));
                continue;
            }
            self.may_leave -= 1;
            return Some(self.remove(id));
        }
        None
    }

    /// One that rests and isn't finished.
    fn remove_silent(&mut self) -> Option<Left> {
        for _ in 0..self.silent.len() {
            let (id, lies) = self.silent.pop_front()?;
            let is_it = matches!(self.slots.get(id as usize), Some(Slot::Cold(spot, false)) if *spot == lies);
            if is_it && self.held == Some(id) {
                self.silent.push_back((id, lies));
            } else if is_it {
                return Some(self.remove(id));
            }
        }
        None
    }

    /// One that never rests: those to which something came since they were looked at last are passed over, once.
    fn remove_long(&mut self) -> Option<Left> {
        for _ in 0..2 * self.long.len() {
            let id = self.long.pop_front()?;
            let Some(&Slot::Warm(at)) = self.slots.get(id as usize) else {
                continue;
            };
            let is_used = std::mem::take(&mut self.warm[at as usize].is_used);
            if is_used || self.held == Some(id) {
                self.long.push_back(id);
                continue;
            }
            self.may_leave -= usize::from(self.warm[at as usize].may_leave);
            return Some(self.remove(id));
        }
        None
    }

    fn remove(&mut self, id: ConnectionId) -> Left {
        let (addresses, mut previous) = (self.addresses(id), None);
        match self.slots.remove(id as usize) {
            Some(Slot::Cold(spot, _)) => {
                previous = Cold(self.shelf.get(spot)).front().previous;
                self.looked_at.forget(id);
                self.shelf.drop(spot);
            }
            Some(Slot::Warm(at)) => {
                self.last_asked.forget();
                let warm = Warm::new(nobodys(), self.past.without_places);
                let warm = std::mem::replace(&mut self.warm[at as usize], warm);
                previous = warm.connection.previous;
                self.spare.push(at);
                self.due.retain(|known| *known != id);
                self.long.retain(|known| *known != id);
                self.queue.retain(|known| *known != id);
            }
            None => {}
        }
        Left {
            id,
            addresses,
            previous,
        }
    }

    /// Gives memory back: of what lies between that which is still needed, and of entries that are out of date.
    pub fn tidy(&mut self) {
        let queued = self.finished.len() + self.silent.len();
        let is_outdated = queued > 2 * self.slots.present() + OUTDATED;
        if self.bounds.is_none() || !is_outdated && !self.shelf.is_sparse() {
            return;
        }
        let empty = self.shelf.empty_behind();
        let old = std::mem::replace(&mut self.shelf, empty);
        let (slots, shelf) = (&mut self.slots, &mut self.shelf);
        let mut moves =
            |id: ConnectionId, lies: &mut Spot, finished: bool| match slots.get_mut(id as usize) {
                Some(Slot::Cold(spot, may_leave)) if spot == lies && *may_leave == finished => {
                    let octets = old.get(*lies);
                    *lies = shelf.put(octets.len(), |out| out.extend_from_slice(octets));
                    *spot = *lies;
                    true
                }
                _ => false,
            };
        self.silent.retain_mut(|(id, lies)| moves(*id, lies, false));
        self.finished.retain_mut(|(id, lies)| match lies {
            Some(lies) => moves(*id, lies, true),
            None => true,
        });
    }

    /// Cuts the oldest rows of the longest connections, where all rows of long ones take more than they may; tells whose.
    pub fn shorten(&mut self) -> Vec<Shortened> {
        let Some(bounds) = self.bounds else {
            return Vec::new();
        };
        // Looking at all costs more than each segment does.
        if self.rows_since * size_of::<Record>() < bounds.rows / 16 {
            return Vec::new();
        }
        self.rows_since = 0;
        let long = || self.warm.iter().filter(|warm| warm.is_long());
        let octets = |most: usize| long().map(|warm| warm.octets(most)).sum::<usize>();
        if octets(usize::MAX) <= bounds.rows {
            return Vec::new();
        }
        let mut most = long().map(|warm| warm.rows.len()).max().unwrap_or(0);
        while most > Warm::FEWEST && octets(most + Warm::NAMED) > bounds.rows / 4 * 3 {
            most = (most / 2).max(Warm::FEWEST);
        }
        let too_long = |warm: &&mut Warm| warm.is_long() && warm.rows.len() > most + Warm::NAMED;
        let too_long = self.warm.iter_mut().filter(too_long);
        too_long.map(|warm| warm.shorten(most)).collect()
    }
}
