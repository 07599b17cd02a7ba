//! What stands where in the list, and what it is called.

use super::{Listing, Sort};
use crate::conn::ConnectionId;
use crate::story::Summary;
use crate::story::numbers::{counted, grouped, printable};

impl Listing {
    /// The connections shown, in order.
    #[must_use]
    pub fn order(&self) -> &[ConnectionId] {
        &self.order
    }

    /// How many connections there are, shown or not.
    #[must_use]
    pub fn total(&self) -> usize {
        self.known.present()
    }

    /// What was known of a connection at the last `follow`.
    #[must_use]
    pub fn summary(&self, id: ConnectionId) -> Option<&Summary> {
        self.known.get(id as usize)?.summary.as_ref()
    }

    /// Where a connection stands in the order, from 0; `None` if it isn't shown.
    #[must_use]
    pub fn position(&self, id: ConnectionId) -> Option<usize> {
        let known = self.known.get(id as usize)?;
        known.shown.then(|| self.place_of(id))
    }

    /// Where it stands or would stand.
    fn place_of(&self, id: ConnectionId) -> usize {
        self.order
            .partition_point(|it| self.compare(*it, id).is_lt())
    }

    /// The connection itself if it is shown, else the one that stands where it would; `None` if none is shown.
    #[must_use]
    pub fn nearest(&self, id: ConnectionId) -> Option<ConnectionId> {
        let last = self.order.len().checked_sub(1)?;
        let at = match self.known.get(id as usize) {
            Some(_) => self.place_of(id),
            None => last,
        };
        Some(self.order[at.min(last)])
    }

    /// The connection `steps` further down (up if negative), or the last (first) there is; `None` if none is shown.
    #[must_use]
    pub fn step(&self, id: ConnectionId, steps: isize) -> Option<ConnectionId> {
        let last = self.order.len().checked_sub(1)?;
        let Some(at) = self.position(id) else {
            return self.nearest(id);
        };
        Some(self.order[at.saturating_add_signed(steps).min(last)])
    }

    #[must_use]
    pub fn first(&self) -> Option<ConnectionId> {
        self.order.first().copied()
    }

    #[must_use]
    pub fn last(&self) -> Option<ConnectionId> {
        self.order.last().copied()
    }

    /// The next connection below (above) `id` that is as wanted.
    #[must_use]
    pub fn find(
        &self,
        id: ConnectionId,
        forward: bool,
        wanted: impl Fn(&Summary) -> bool,
    ) -> Option<ConnectionId> {
        let at = self.known.get(id as usize).map_or(0, |_| self.place_of(id));
        let is_wanted = |it: &&ConnectionId| self.summary(**it).is_some_and(&wanted);
        let found = if forward {
            let below = self.order[at..].iter();
            below.filter(|it| **it != id).find(is_wanted)
        } else {
            self.order[..at].iter().rev().find(is_wanted)
        };
        found.copied()
    }

    /// What is shown of what there is, for a rule or title: `12 of 500 · ending:reset · by duration`. `dot` parts the facts.
    #[must_use]
    pub fn title(&self, dot: &str) -> String {
        let total = self.total() as u64;
        let mut text = if self.query.is_empty() {
            counted(total, "connection")
        } else {
            let shown = grouped(self.order.len() as u64);
            let query = printable(&self.query.to_string());
            let yet = if self.is_behind() { " so far" } else { "" };
            format!("{shown} of {}{yet} {dot} {query}", grouped(total))
        };
        if (self.sort, self.reversed) != (Sort::Number, false) {
            let reversed = if self.reversed { ", reversed" } else { "" };
            text += &format!(" {dot} by {}{reversed}", self.sort.name());
        }
        text
    }
}
