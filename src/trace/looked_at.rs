//! Connections at rest that somebody looks at: followed anew, and kept for the next look.

use std::cell::RefCell;
use std::sync::Arc;

use thread_local::ThreadLocal;

use super::warm::Warm;
use crate::conn::ConnectionId;

/// Places: a connection has one by its number.
const PLACES: usize = 256;

/// Those that one thread looked at lately.
type Places = Vec<Option<(ConnectionId, Arc<Warm>)>>;

/// Those looked at lately. Several threads may look at a trace that doesn't grow: each has places of its own, or they would take
/// them, and memory, from each other.
#[derive(Debug, Default)]
pub struct LookedAt(ThreadLocal<RefCell<Places>>);

impl LookedAt {
    /// The connection; if it isn't there, followed anew by `follow` in the memory of the one it takes the place of, unless
    /// somebody still holds that one.
    pub fn get(&self, id: ConnectionId, follow: impl FnOnce(&mut Warm)) -> Arc<Warm> {
        let places = self.0.get_or(|| RefCell::new(vec![None; PLACES]));
        let place = &mut places.borrow_mut()[id as usize % PLACES];
        if let Some((_, warm)) = place.as_ref().filter(|(known, _)| *known == id) {
            return warm.clone();
        }
        let before = place.take().map(|(_, warm)| warm);
        let mut warm = before
            .filter(|warm| Arc::strong_count(warm) == 1)
            .unwrap_or_else(|| Arc::new(Warm::to_look_at()));
        follow(Arc::get_mut(&mut warm).expect("nobody else holds it"));
        *place = Some((id, warm.clone()));
        warm
    }

    /// It changes.
    pub fn forget(&mut self, id: ConnectionId) {
        for places in &mut self.0 {
            let place = &mut places.get_mut()[id as usize % PLACES];
            place.take_if(|(known, _)| *known == id);
        }
    }

    pub fn forget_all(&mut self) {
        self.0.clear();
    }
}
