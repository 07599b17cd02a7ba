//! The order of what the list shows: all of it sorted, or only what moved put where it belongs.

use std::cmp::Ordering;

use super::marks::Marks;
use super::sort::{self, Sort, SortKey};
use super::{Listing, ids};
use crate::conn::ConnectionId;
use crate::story::Summary;

impl Listing {
    /// Puts what moved where it belongs: one pass to take it out, and one to put it in.
    pub(super) fn place(&mut self, moved: &mut Vec<(ConnectionId, bool)>) {
        if moved.iter().any(|(_, stood)| *stood) {
            let mut taken = Marks::default();
            for (id, _) in moved.iter() {
                taken.mark(*id);
            }
            self.order.retain(|id| !taken.has(*id));
        }
        moved.retain(|(id, _)| self.at(*id).shown);
        moved.sort_unstable_by(|a, b| self.compare(a.0, b.0));
        let mut end = self.order.len();
        let is_behind = |last: &ConnectionId| {
            let first = moved.first();
            first.is_none_or(|(first, _)| self.compare(*last, *first).is_lt())
        };
        if self.order.last().is_none_or(is_behind) {
            self.order.extend(moved.iter().map(|(id, _)| *id));
            return;
        }
        self.order.resize(end + moved.len(), 0);
        for (before, (id, _)) in moved.iter().enumerate().rev() {
            let at = self.order[..end].partition_point(|it| self.compare(*it, *id).is_lt());
            self.order.copy_within(at..end, at + before + 1);
            self.order[at + before] = *id;
            end = at;
        }
    }

    /// Sorts all that is shown.
    pub(super) fn arrange(&mut self) {
        let mut order = std::mem::take(&mut self.order);
        order.clear();
        let shown = ids(0..self.known.len()).filter(|id| self.at(*id).shown);
        if self.sort == Sort::Number {
            order.extend(shown);
        } else {
            let keyed: Vec<_> = shown.map(|id| (self.key(id), id)).collect();
            order.extend(sort::sorted(keyed));
        }
        if self.reversed {
            order.reverse();
        }
        self.order = order;
    }

    pub(super) fn compare(&self, a: ConnectionId, b: ConnectionId) -> Ordering {
        let key = |id: ConnectionId| (self.key(id), id);
        let order = key(a).cmp(&key(b));
        if self.reversed {
            order.reverse()
        } else {
            order
        }
    }

    /// What a connection's order is told from.
    pub(super) fn key(&self, id: ConnectionId) -> SortKey {
        let summary = self.at(id).summary.as_ref();
        summary.map_or(SortKey::default(), |summary| self.key_of(id, summary))
    }

    pub(super) fn key_of(&self, id: ConnectionId, summary: &Summary) -> SortKey {
        match self.sort {
            Sort::Client => self.addresses.get(id as usize).copied().unwrap_or_default(),
            sort => sort.key(id, summary),
        }
    }
}
