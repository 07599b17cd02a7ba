//! Following a connection anew from its log.

use super::cold::Cold;
use super::log::{Befell, Entries, Entry, Logged};
use super::warm::Warm;
use crate::conn::{Connection, ConnectionId, ErrorSeen, Revision, Stimulus};
use crate::wire::Segment;

/// A connection that was warmed again `n` times waits 2^n rounds without anything coming until it cools again: many
/// that take turns aren't followed anew for each of their segments. No more than so many doublings.
const PATIENCE: u8 = 10;

/// What is to be known besides a log.
#[derive(Debug, Default)]
pub struct Past {
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
                    if let Some((_, revisions)) = befall(warm, what) {
                        warm.revise(&revisions);
                    }
                }
            }
        }
        if front.doubts < self.doubts && !warm.connection.is_over() {
            warm.befall(Stimulus::Doubt);
        }
    }
}

/// It befalls the connection again.
fn befall(warm: &mut Warm, what: Befell) -> Option<(ErrorSeen, Vec<Revision>)> {
    match what {
        Befell::Met { receiver, at } => warm.befall(Stimulus::Met { receiver, at }),
        Befell::Replaced { at } => warm.befall(Stimulus::Replaced { at }),
        Befell::Doubt => warm.befall(Stimulus::Doubt),
        Befell::Error(it) => {
            let error = it.error(&warm.connection);
            warm.befall(Stimulus::Error(&error))
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
