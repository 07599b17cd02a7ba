//! Which connections the list shows, and in what order. Draws nothing; follows the trace as it grows, looking again only
//! at connections to which something came, or at which a clock may have ended something: before they rest, or when the list
//! is drawn.

mod arranging;
mod asking;
mod clock;
mod marks;
mod places;
mod sort;

pub use sort::Sort;

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use self::marks::Marks;
use self::sort::SortKey;
use crate::conn::state::PerSide;
use crate::conn::{Certainty, ConnectionId, Side};
use crate::story::query::Query;
use crate::story::{Owner, Summary};
use crate::trace::Trace;
use crate::trace::numbered::Numbered;

/// Tells whose socket each end of a connection is.
pub type Owners<'a> = &'a dyn Fn(ConnectionId) -> PerSide<Option<Owner>>;

/// What is known of a connection: little, since there may be millions.
#[derive(Clone, Debug)]
struct Known {
    /// `None` before it was looked at.
    summary: Option<Summary>,
    /// To be looked at again after this time, in nanoseconds since the Unix epoch; `u64::MAX` if time tells nothing.
    until_ns: u64,
    /// Rows when a query that walks over all of them was last asked.
    walked: u32,
    shown: bool,
    /// It has moved since the order was made.
    moved: bool,
}

/// A connection that wasn't looked at yet.
const UNKNOWN: Known = Known {
    summary: None,
    until_ns: u64::MAX,
    walked: 0,
    shown: false,
    moved: false,
};

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

/// Entries out of date that are kept until their time has come, at least.
const OUTDATED: usize = 1024;

/// Of so many connections such a query is asked at once: some milliseconds, behind which a key waits.
const AT_ONCE: usize = 4096;

/// The list: which connections, in what order. Kept between frames.
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own")]
#[derive(Debug)]
pub struct Listing {
    query: Query,
    /// Of whom a query that walks wasn't asked yet.
    unasked: std::ops::Range<usize>,
    sort: Sort,
    reversed: bool,
    order: Vec<ConnectionId>,
    /// Of connections that have left nothing.
    known: Numbered<Known>,
    /// Where sorting by the client needs them: a summary doesn't tell addresses.
    addresses: Numbered<SortKey>,
    /// When a connection is to be looked at again; outdated entries are dropped as they come.
    due: BinaryHeap<Reverse<(u64, ConnectionId)>>,
    /// Those to be looked at.
    touched: Marks,
    /// Those that have to stand elsewhere, and whether they stand anywhere now.
    moved: Vec<(ConnectionId, bool)>,
    /// What it has seen of the trace's order, and of those that something befell.
    segments: usize,
    befallen: usize,
    dropped: u64,
    /// Connections have left that may still stand in the order.
    some_left: bool,
    ended: bool,
    /// A file is read: until its end only what is seen has to be up to date.
    hurries: bool,
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
            unasked: 0..0,
            sort,
            reversed: false,
            order: Vec::new(),
            known: Numbered::default(),
            addresses: Numbered::default(),
            due: BinaryHeap::new(),
            touched: Marks::default(),
            moved: Vec::new(),
            segments: 0,
            befallen: 0,
            dropped: 0,
            some_left: false,
            ended: false,
            hurries: false,
            stale: Stale::Nothing,
        }
    }

    /// The list of a file that is read as fast as it can be: what the clock tells comes at its end, and nobody is looked at
    /// before the connection rests or is seen, unless the order depends on it.
    #[must_use]
    pub fn of_file() -> Self {
        Listing {
            hurries: true,
            ..Listing::default()
        }
    }

    /// Whether the list shows all, in the order in which they began.
    fn is_plain(&self) -> bool {
        self.sort == Sort::Number && self.query.is_empty()
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
            self.begin_to_ask();
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
            self.touched.mark(id);
        }
    }

    /// Notes what came; to be called after each batch. Looks at those that are about to rest: later that costs more.
    pub fn note(&mut self, trace: &Trace, owners: Owners<'_>) {
        let known = self.known.len();
        let new = ids(known..trace.ids().len());
        let is_shown = self.hurries && self.is_plain();
        for id in new {
            self.known.push(Known {
                shown: is_shown,
                moved: is_shown,
                ..UNKNOWN
            });
            if is_shown {
                self.moved.push((id, false));
            }
        }
        self.note_addresses(trace);
        if trace.tally.dropped > self.dropped {
            self.dropped = trace.tally.dropped;
            self.doubt();
        }
        for id in trace.order_since(self.segments) {
            self.touched.mark(*id);
        }
        for id in trace.befallen_since(self.befallen) {
            self.touched.mark(*id);
        }
        (self.segments, self.befallen) = (trace.segments(), trace.befallen());
        for id in trace.about_to_rest() {
            if self.touched.unmark(*id) {
                self.look(trace, *id, owners);
            }
        }
    }

    /// Frames were dropped: nobody knows whose. Looking at every connection would cost more than there is time for.
    fn doubt(&mut self) {
        // Not those that have left: there may be very many of them.
        let known = self.known.values_mut();
        for summary in known.filter_map(|known| known.summary.as_mut()) {
            if Side::BOTH
                .iter()
                .any(|side| !summary.states[*side].is_over())
            {
                summary.certainty = PerSide::of(|_| Certainty::Uncertain);
            }
        }
    }

    /// Brings it up to date with the trace.
    pub fn follow(&mut self, trace: &Trace, owners: Owners<'_>) {
        self.note(trace, owners);
        let ended = trace.ended.is_some();
        if ended != self.ended {
            self.ended = ended;
            // What the lab tells comes to an end, too.
            if trace.is_told() {
                self.stale = Stale::All;
            }
            if ended {
                self.catch_up(trace, owners);
            }
        }
        self.ask_on(trace, owners);
        if self.stale == Stale::All {
            ids(0..self.known.len()).for_each(|id| self.touched.mark(id));
        }
        self.let_time_pass(trace, owners);
        if ended || !self.hurries || !self.is_plain() {
            let mut touched = std::mem::take(&mut self.touched);
            touched.take(|id| self.look(trace, id, owners));
            self.touched = touched;
        }
        if std::mem::take(&mut self.some_left) {
            let is_there = |id: &ConnectionId| self.known.get(*id as usize).is_some();
            self.order.retain(is_there);
        }
        let mut moved = std::mem::take(&mut self.moved);
        for (id, _) in &moved {
            if let Some(known) = self.known.get_mut(*id as usize) {
                known.moved = false;
            }
        }
        match self.stale {
            Stale::Nothing => self.place(&mut moved),
            Stale::Order => self.choose_anew(trace, owners),
            Stale::All => self.arrange(),
        }
        self.stale = Stale::Nothing;
        // Kept for its memory.
        moved.clear();
        self.moved = moved;
    }

    /// What is seen is up to date, whatever else isn't; to be called behind `follow`.
    pub fn see(&mut self, trace: &Trace, owners: Owners<'_>, seen: std::ops::Range<usize>) {
        if !self.hurries || self.ended || !self.is_plain() {
            return;
        }
        for place in seen {
            let id = self.order[place];
            let holds = |summary: &Summary| summary.holds_until_ns >= trace.now_ns();
            if self.touched.unmark(id) || !self.summary(id).is_some_and(holds) {
                self.look(trace, id, owners);
            }
        }
    }

    /// Clients' addresses, if they are sorted by.
    fn note_addresses(&mut self, trace: &Trace) {
        if self.sort != Sort::Client {
            self.addresses = Numbered::default();
            return;
        }
        for id in ids(self.addresses.len()..self.known.len()) {
            let client = trace.addresses(id).client;
            self.addresses.push(SortKey::of_address(client));
            if !trace.has(id) {
                self.addresses.remove(id as usize);
            }
        }
    }

    /// What is known of a connection: of one that has left nothing.
    fn at(&self, id: ConnectionId) -> &Known {
        self.known.get(id as usize).unwrap_or(&UNKNOWN)
    }

    /// These connections have left; from the next `follow` on they aren't in the list.
    pub fn forget(&mut self, left: &[ConnectionId]) {
        for id in left {
            self.known.remove(*id as usize);
            self.addresses.remove(*id as usize);
        }
        self.some_left |= !left.is_empty();
        // What is out of date would go only when its time has come.
        if self.due.len() / 4 > self.known.present() + OUTDATED {
            let known = &self.known;
            let holds = |until: u64, id: ConnectionId| {
                let known = known.get(id as usize);
                known.is_some_and(|known| known.until_ns == until)
            };
            self.due.retain(|Reverse((until, id))| holds(*until, *id));
        }
    }

    /// Looks at a connection again, if it is there.
    fn look(&mut self, trace: &Trace, id: ConnectionId, owners: Owners<'_>) {
        if trace.has(id) {
            self.renew(trace, id, Summary::of(trace, id), owners);
        }
    }

    /// Takes what is known of a connection now.
    fn renew(&mut self, trace: &Trace, id: ConnectionId, summary: Summary, owners: Owners<'_>) {
        let before = self.known.get(id as usize).unwrap_or(&UNKNOWN);
        let rests = self.may_rest(before, &summary);
        let shown = if rests {
            before.shown
        } else {
            self.query
                .matches_connection(trace, id, &summary, &|| owners(id))
        };
        let walked = if rests {
            before.walked
        } else {
            summary.segments
        };
        let until_ns = self.until_ns(&summary, trace.now_ns());
        if !self.hurries && until_ns < u64::MAX && until_ns != before.until_ns {
            self.due.push(Reverse((until_ns, id)));
        }
        let stays = before.shown == shown && (!shown || self.key(id) == self.key_of(id, &summary));
        if !stays && !before.moved {
            self.moved.push((id, before.shown));
        }
        let moved = before.moved || !stays;
        if let Some(known) = self.known.get_mut(id as usize) {
            *known = Known {
                summary: Some(summary),
                until_ns,
                walked,
                shown,
                moved,
            };
        }
    }
}

fn ids(range: std::ops::Range<usize>) -> impl Iterator<Item = ConnectionId> {
    range.filter_map(|index| ConnectionId::try_from(index).ok())
}

#[cfg(test)]
mod tests;
