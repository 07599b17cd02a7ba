//! Following a connection anew from its log.

use super::ErrorRecord;
use super::cold::Cold;
use super::log::{Befell, Entries, Entry, Logged};
use super::warm::Warm;
use crate::conn::{Connection, ConnectionId, Stimulus};
use crate::wire::Segment;

/// A connection that was warmed again `n` times waits 2^n rounds without anything coming until it cools again: many
/// that take turns aren't followed anew for each of their segments. No more than so many doublings.
const PATIENCE: u8 = 10;

/// What a log refers to.
#[derive(Debug, Default)]
pub struct Past {
    /// The ICMP errors, in the order of the capture.
    pub errors: Vec<ErrorRecord>,
    /// How often frames were found missing.
    pub doubts: u32,
    /// Where frames stand isn't asked of this trace.
    pub without_places: bool,
}

impl Past {
    /// Follows a connection anew that has just begun.
    pub fn follow(&self, id: ConnectionId, cold: Cold<'_>, warm: &mut Warm) {
        let front = cold.front();
        warm.warmed = front.warmed.saturating_add(1).min(PATIENCE);
        for entry in Entries::new(front.log, self.without_places) {
            match entry {
                Entry::Segment(it) => {
                    let seg = segment(&it, &warm.connection);
                    if warm.rows.is_empty() {
                        warm.connection.begin_with(&seg);
                    }
                    let observed = warm.connection.observe(&seg, it.from, it.time_ns);
                    warm.revise(&observed.revisions);
                    warm.push(id, &it, &observed);
                }
                Entry::Stimulus(what) => {
                    let (stimulus, error) = self.stimulus(what);
                    if let Some((_, revisions)) = warm.befall(stimulus, error) {
                        warm.revise(&revisions);
                    }
                }
            }
        }
        if front.doubts < self.doubts && !warm.connection.is_over() {
            warm.befall(Stimulus::Doubt, 0);
        }
    }

    /// The same again, and the index of the ICMP error.
    fn stimulus(&self, what: Befell) -> (Stimulus<'_>, u32) {
        match what {
            Befell::Met { receiver, at } => (Stimulus::Met { receiver, at }, 0),
            Befell::Replaced { at } => (Stimulus::Replaced { at }, 0),
            Befell::Doubt => (Stimulus::Doubt, 0),
            Befell::Error(index) => {
                let error = &self.errors[index as usize].seen.error;
                (Stimulus::Error(error), index)
            }
        }
    }
}

/// The segment as its connection saw it, but for the urgent pointer.
fn segment(it: &Logged, of: &Connection) -> Segment {
    Segment {
        src: of.addresses[it.from],
        dst: of.addresses[it.from.peer()],
        flags: it.flags,
        seq: it.seq,
        ack: it.ack,
        len: it.len,
        wnd: it.wnd,
        urg: 0,
        ttl: it.ttl,
        told: it.told,
    }
}
