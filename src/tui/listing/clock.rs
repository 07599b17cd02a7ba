//! What the clock, and the end of a file, tell of connections to which nothing came.

use std::cmp::Reverse;

use super::{Listing, Owners, ids};
use crate::story::Summary;
use crate::trace::Trace;

impl Listing {
    /// The file has ended: the clock tells of those that hold, others are to be looked at.
    pub(super) fn catch_up(&mut self, trace: &Trace, owners: Owners<'_>) {
        let now_ns = trace.now_ns();
        for id in ids(0..self.known.len()) {
            match &self.at(id).summary {
                _ if self.touched.has(id) => {}
                Some(summary) if !summary.is_silent && summary.holds_until_ns >= now_ns => {}
                Some(summary) if !summary.is_outdated(now_ns) => {
                    let mut summary = summary.clone();
                    summary.pass(now_ns);
                    self.renew(trace, id, summary, owners);
                }
                _ => self.touched.mark(id),
            }
        }
        if self.query.walks() {
            self.unasked = 0..self.known.len();
        } else if !self.query.is_empty() {
            self.stale = self.stale_at_least_order();
        }
    }

    /// A clock may have ended something.
    pub(super) fn let_time_pass(&mut self, trace: &Trace, owners: Owners<'_>) {
        let now_ns = trace.now_ns();
        while let Some(&Reverse((until, id))) = self.due.peek()
            && until < now_ns
        {
            self.due.pop();
            let Some(known) = self.known.get_mut(id as usize) else {
                continue;
            };
            if known.until_ns != until {
                continue;
            }
            (known.until_ns, known.walked) = (u64::MAX, 0);
            match known.summary.clone() {
                _ if self.touched.has(id) => {}
                Some(mut summary) if !summary.is_outdated(now_ns) => {
                    summary.pass(now_ns);
                    self.renew(trace, id, summary, owners);
                }
                _ => self.touched.mark(id),
            }
        }
    }

    pub(super) fn until_ns(&self, summary: &Summary, now_ns: u64) -> u64 {
        let query = self.query.holds_until_ns(summary, now_ns);
        query.unwrap_or(u64::MAX).min(summary.holds_until_ns)
    }
}
