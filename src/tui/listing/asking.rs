//! Asking a filter: at once where the summaries tell, bit by bit where it has to walk over rows.

use std::cmp::Reverse;

use super::{AT_ONCE, Known, LONG, Listing, Owners, Stale, ids};
use crate::story::Summary;
use crate::trace::Trace;

impl Listing {
    /// Whether the query wasn't asked of all connections yet: `follow` goes on.
    #[must_use]
    pub fn is_behind(&self) -> bool {
        !self.unasked.is_empty()
    }

    /// Nobody is shown before a query that walks was asked of it.
    pub(super) fn begin_to_ask(&mut self) {
        self.unasked = 0..0;
        if self.query.walks() {
            self.unasked = 0..self.known.len();
            for id in ids(0..self.known.len()) {
                if let Some(known) = self.known.get_mut(id as usize) {
                    (known.shown, known.walked) = (false, 0);
                }
            }
        }
    }

    /// Asks a query that walks of some more.
    pub(super) fn ask_on(&mut self, trace: &Trace, owners: Owners<'_>) {
        let to = self.unasked.end.min(self.unasked.start + AT_ONCE);
        for id in ids(self.unasked.start..to) {
            if let Some(summary) = self.at(id).summary.clone() {
                self.renew(trace, id, summary, owners);
            }
        }
        self.unasked.start = to;
    }

    /// Whether a long connection has changed too little to walk over all of it again.
    pub(super) fn may_rest(&self, known: &Known, now: &Summary) -> bool {
        let is_same = |then: &Summary| then.states == now.states && then.kind == now.kind;
        self.stale == Stale::Nothing
            && self.query.walks()
            && now.segments > LONG
            // A connection that has lost rows has fewer than then.
            && now.segments.abs_diff(known.walked) < known.walked / 16
            && known.summary.as_ref().is_some_and(is_same)
    }

    /// Applies another filter or sort to what is known; who walks is asked bit by bit.
    pub(super) fn choose_anew(&mut self, trace: &Trace, owners: Owners<'_>) {
        if self.query.walks() {
            return self.arrange();
        }
        for id in ids(0..self.known.len()) {
            let Some(summary) = &self.at(id).summary else {
                let is_shown = self.is_plain();
                if let Some(known) = self.known.get_mut(id as usize) {
                    known.shown = is_shown;
                }
                continue;
            };
            let owner = || owners(id);
            let shown = self.query.matches_connection(trace, id, summary, &owner);
            let until_ns = self.until_ns(summary, trace.now_ns());
            let segments = summary.segments;
            if !self.hurries && until_ns < u64::MAX && self.at(id).until_ns != until_ns {
                self.due.push(Reverse((until_ns, id)));
            }
            if let Some(known) = self.known.get_mut(id as usize) {
                (known.shown, known.walked, known.until_ns) = (shown, segments, until_ns);
            }
        }
        self.arrange();
    }
}
