//! Which connection was asked for last, and its place among the warm ones: most are asked for many times in a row.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::conn::ConnectionId;

/// Whoever only looks writes it, too, from several threads at a time.
#[derive(Debug)]
pub struct LastAsked(AtomicU64);

impl Default for LastAsked {
    fn default() -> Self {
        LastAsked(AtomicU64::new(u64::MAX))
    }
}

impl LastAsked {
    /// Its place, if it is the one.
    pub fn place_of(&self, id: ConnectionId) -> Option<u32> {
        let both = self.0.load(Ordering::Relaxed);
        let is_it = both & u64::from(u32::MAX) == u64::from(id);
        let at = u32::try_from(both >> 32).unwrap_or(u32::MAX);
        (is_it && at != u32::MAX).then_some(at)
    }

    pub fn set(&self, id: ConnectionId, at: u32) {
        self.0
            .store(u64::from(at) << 32 | u64::from(id), Ordering::Relaxed);
    }

    /// Places change.
    pub fn forget(&self) {
        self.0.store(u64::MAX, Ordering::Relaxed);
    }
}
