//! Connections at rest that somebody looks at: followed anew, and kept for the next look.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::warm::Warm;
use crate::conn::ConnectionId;

/// Places: a connection has one by its number.
const PLACES: usize = 256;

type Place = Option<(ConnectionId, Arc<Warm>)>;

/// Those looked at lately. Each place has a lock of its own: several threads may look at a trace that doesn't grow.
#[derive(Debug)]
pub struct LookedAt(Vec<Mutex<Place>>);

impl Default for LookedAt {
    fn default() -> Self {
        LookedAt((0..PLACES).map(|_| Mutex::default()).collect())
    }
}

impl LookedAt {
    fn place(&self, id: ConnectionId) -> MutexGuard<'_, Place> {
        let place = self.0[id as usize % PLACES].lock();
        // Whoever panicked left what was there.
        place.unwrap_or_else(PoisonError::into_inner)
    }

    /// The connection, followed anew by `follow` if it isn't there.
    pub fn get(&self, id: ConnectionId, follow: impl FnOnce() -> Warm) -> Arc<Warm> {
        let mut place = self.place(id);
        match &*place {
            Some((known, warm)) if *known == id => warm.clone(),
            _ => {
                let warm = Arc::new(follow());
                *place = Some((id, warm.clone()));
                warm
            }
        }
    }

    /// It changes.
    pub fn forget(&self, id: ConnectionId) {
        *self.place(id) = None;
    }

    pub fn forget_all(&self) {
        for place in &self.0 {
            *place.lock().unwrap_or_else(PoisonError::into_inner) = None;
        }
    }
}
