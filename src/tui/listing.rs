//! Which connections the list shows, and in what order. Draws nothing; follows the trace as it grows, looking again only
//! at connections to which something came, or at which a clock may have ended something.

mod sort;

pub use sort::Sort;

use std::cmp::{Ordering, Reverse};
use std::collections::BinaryHeap;

use self::sort::SortKey;
use crate::conn::ConnectionId;
use crate::conn::state::PerSide;
use crate::story::numbers::{counted, grouped, printable};
use crate::story::query::Query;
use crate::story::{Owner, Summary};
use crate::trace::Trace;

/// Tells whose socket each end of a connection is.
pub type Owners<'a> = &'a dyn Fn(ConnectionId) -> PerSide<Option<Owner>>;

/// What is known of a connection.
#[derive(Clone, Debug)]
struct Known {
    summary: Summary,
    key: SortKey,
    shown: bool,
    /// To be looked at again after this time, in nanoseconds since the Unix epoch.
    until_ns: Option<u64>,
    /// Rows when a query that walks over all of them was last asked.
    walked: u32,
}

/// What is out of date.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stale {
    Nothing,
    /// Another filter or sort: the summaries hold.
    Order,
    All,
}

/// A query that walks over all rows isn't asked anew for each row of a connection that has more than this.
const LONG: u32 = 4096;

/// The list: which connections, in what order. Kept between frames.
#[derive(Debug)]
pub struct Listing {
    query: Query,
    sort: Sort,
    reversed: bool,
    order: Vec<ConnectionId>,
    known: Vec<Known>,
    /// When a connection is to be looked at again; outdated entries are dropped as they come.
    due: BinaryHeap<Reverse<(u64, ConnectionId)>>,
    touched: Vec<ConnectionId>,
    /// What it has seen of the trace's order, and of those that something befell.
    segments: usize,
    befallen: usize,
    ended: bool,
    stale: Stale,
}

impl Default for Listing {
    fn default() -> Self {
        Listing::new(Sort::default())
    }
}

impl Listing {
    /// An empty list; `sort` is [`Sort::Closing`] where closings are watched as they happen.
    #[must_use]
    pub fn new(sort: Sort) -> Self {
        Listing {
            query: Query::default(),
            sort,
            reversed: false,
            order: Vec::new(),
            known: Vec::new(),
            due: BinaryHeap::new(),
            touched: Vec::new(),
            segments: 0,
            befallen: 0,
            ended: false,
            stale: Stale::Nothing,
        }
    }

    #[must_use]
    pub fn query(&self) -> &Query {
        &self.query
    }

    #[must_use]
    pub fn sort(&self) -> Sort {
        self.sort
    }

    #[must_use]
    pub fn is_reversed(&self) -> bool {
        self.reversed
    }

    /// Shows others, from the next `follow` on.
    pub fn set_query(&mut self, query: Query) {
        if self.query != query {
            self.query = query;
            self.stale = self.stale_at_least_order();
        }
    }

    /// Sorts otherwise, from the next `follow` on.
    pub fn set_sort(&mut self, sort: Sort, reversed: bool) {
        if (self.sort, self.reversed) != (sort, reversed) {
            self.sort = sort;
            self.reversed = reversed;
            self.stale = self.stale_at_least_order();
        }
    }

    fn stale_at_least_order(&self) -> Stale {
        if self.stale == Stale::All {
            Stale::All
        } else {
            Stale::Order
        }
    }

    /// The owner of a connection's socket has become known.
    pub fn owner_found(&mut self, id: ConnectionId) {
        if self.query.asks_owner() {
            self.touched.push(id);
        }
    }

    /// Brings it up to date with the trace.
    pub fn follow(&mut self, trace: &Trace, owners: Owners<'_>) {
        let ended = trace.ended.is_some();
        if ended != self.ended {
            self.stale = Stale::All;
            self.ended = ended;
        }
        self.note_what_came(trace);
        if self.stale == Stale::All {
            self.touched.extend(ids(0..trace.ids().len()));
        }
        let mut touched = std::mem::take(&mut self.touched);
        touched.sort_unstable();
        touched.dedup();
        let moved: Vec<_> = touched
            .iter()
            .filter_map(|id| self.look(trace, *id, owners))
            .collect();
        match self.stale {
            Stale::Nothing => self.place(moved),
            Stale::Order => self.choose_anew(trace, owners),
            Stale::All => self.arrange(),
        }
        self.stale = Stale::Nothing;
        // Kept for its memory.
        touched.clear();
        self.touched = touched;
    }

    /// Collects the connections to which something came, or at which a clock may have ended something.
    fn note_what_came(&mut self, trace: &Trace) {
        for id in trace.order_since(self.segments) {
            if self.touched.last() != Some(id) {
                self.touched.push(*id);
            }
        }
        let befallen = &trace.befallen()[self.befallen.min(trace.befallen().len())..];
        self.touched.extend(befallen);
        (self.segments, self.befallen) = (trace.segments(), trace.befallen().len());
        let now = trace.now_ns();
        while let Some(&Reverse((until, id))) = self.due.peek()
            && until < now
        {
            self.due.pop();
            let known = &mut self.known[id as usize];
            if known.until_ns == Some(until) {
                known.until_ns = None;
                known.walked = 0;
                self.touched.push(id);
            }
        }
    }

    /// Looks at a connection again; if it has to stand elsewhere, its number, and whether it stands anywhere now.
    fn look(
        &mut self,
        trace: &Trace,
        id: ConnectionId,
        owners: Owners<'_>,
    ) -> Option<(ConnectionId, bool)> {
        let summary = Summary::of(trace, id);
        let key = self.sort.key(trace, id, &summary);
        // Connections are numbered in their order, and a trace tells of each first with a row of its own.
        let before = self.known.get(id as usize).cloned();
        let rested = before.as_ref().filter(|it| self.may_rest(it, &summary));
        let shown = match rested {
            Some(known) => known.shown,
            None => self
                .query
                .matches_connection(trace, id, &summary, &|| owners(id)),
        };
        let walked = rested.map_or(summary.segments, |known| known.walked);
        let until_ns = self.until_ns(&summary, trace.now_ns());
        if let Some(until) =
            until_ns.filter(|_| before.as_ref().map(|it| it.until_ns) != Some(until_ns))
        {
            self.due.push(Reverse((until, id)));
        }
        let known = Known {
            summary,
            key,
            shown,
            until_ns,
            walked,
        };
        match self.known.get_mut(id as usize) {
            Some(place) => *place = known,
            None => self.known.push(known),
        }
        let stood = before.filter(|before| before.shown).map(|it| it.key);
        (stood != shown.then_some(key)).then_some((id, stood.is_some()))
    }

    /// Whether a long connection has changed too little to walk over all of it again.
    fn may_rest(&self, known: &Known, now: &Summary) -> bool {
        let is_same = known.summary.states == now.states && known.summary.kind == now.kind;
        self.stale == Stale::Nothing
            && self.query.walks()
            && is_same
            && now.segments > LONG
            && now.segments - known.walked < known.walked / 16
    }

    /// Puts what moved where it belongs: one pass to take it out, and one to put it in.
    fn place(&mut self, mut moved: Vec<(ConnectionId, bool)>) {
        if moved.iter().any(|(_, stood)| *stood) {
            let mut taken = vec![0u64; self.known.len() / 64 + 1];
            for (id, _) in &moved {
                taken[*id as usize / 64] |= 1 << (id % 64);
            }
            self.order
                .retain(|id| taken[*id as usize / 64] & 1 << (id % 64) == 0);
        }
        moved.retain(|(id, _)| self.known[*id as usize].shown);
        moved.sort_unstable_by(|a, b| self.compare(a.0, b.0));
        let mut end = self.order.len();
        self.order.resize(end + moved.len(), 0);
        for (before, (id, _)) in moved.into_iter().enumerate().rev() {
            let at = self.order[..end].partition_point(|it| self.compare(*it, id).is_lt());
            self.order.copy_within(at..end, at + before + 1);
            self.order[at + before] = id;
            end = at;
        }
    }

    /// Applies another filter or sort to what is known.
    fn choose_anew(&mut self, trace: &Trace, owners: Owners<'_>) {
        for id in ids(0..self.known.len()) {
            let summary = &self.known[id as usize].summary;
            let key = self.sort.key(trace, id, summary);
            let owner = || owners(id);
            let shown = self.query.matches_connection(trace, id, summary, &owner);
            let until_ns = self.until_ns(summary, trace.now_ns());
            let known = &mut self.known[id as usize];
            (known.key, known.shown, known.walked) = (key, shown, known.summary.segments);
            if let Some(until) = until_ns.filter(|_| known.until_ns != until_ns) {
                self.due.push(Reverse((until, id)));
            }
            known.until_ns = until_ns;
        }
        self.arrange();
    }

    /// Sorts all that is shown.
    fn arrange(&mut self) {
        let known = &self.known;
        let shown = ids(0..known.len()).filter(|id| known[*id as usize].shown);
        let mut keyed: Vec<_> = shown.map(|id| (known[id as usize].key, id)).collect();
        keyed.sort_unstable();
        if self.reversed {
            keyed.reverse();
        }
        self.order.clear();
        self.order.extend(keyed.into_iter().map(|(_, id)| id));
    }

    fn compare(&self, a: ConnectionId, b: ConnectionId) -> Ordering {
        let key = |id: ConnectionId| (self.known[id as usize].key, id);
        let order = key(a).cmp(&key(b));
        if self.reversed {
            order.reverse()
        } else {
            order
        }
    }

    fn until_ns(&self, summary: &Summary, now_ns: u64) -> Option<u64> {
        let query = self.query.holds_until_ns(summary, now_ns);
        query
            .into_iter()
            .chain(Some(summary.holds_until_ns))
            .min()
            .filter(|until| *until < u64::MAX)
    }

    /// The connections shown, in order.
    #[must_use]
    pub fn order(&self) -> &[ConnectionId] {
        &self.order
    }

    /// How many connections there are, shown or not.
    #[must_use]
    pub fn total(&self) -> usize {
        self.known.len()
    }

    /// What was known of a connection at the last `follow`.
    #[must_use]
    pub fn summary(&self, id: ConnectionId) -> Option<&Summary> {
        self.known.get(id as usize).map(|known| &known.summary)
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
        let is_wanted = |it: &&ConnectionId| wanted(&self.known[**it as usize].summary);
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
            format!("{shown} of {} {dot} {query}", grouped(total))
        };
        if (self.sort, self.reversed) != (Sort::Number, false) {
            let reversed = if self.reversed { ", reversed" } else { "" };
            text += &format!(" {dot} by {}{reversed}", self.sort.name());
        }
        text
    }
}

fn ids(range: std::ops::Range<usize>) -> impl Iterator<Item = ConnectionId> {
    range.filter_map(|index| ConnectionId::try_from(index).ok())
}

#[cfg(test)]
mod tests;
