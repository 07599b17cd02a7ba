//! Who holds the sockets of the connections shown: the last known, also when the sockets are gone.

use std::collections::HashMap;
use std::net::SocketAddr;

use super::app::App;
use crate::conn::state::PerSide;
use crate::conn::{ConnectionId, Side};
use crate::story::{Owned, Owner};

/// Owners that came before their connection's first segment: no more than this are kept.
const EARLY: usize = 1024;

/// What is known of them.
#[derive(Debug, Default)]
pub struct Known {
    of: HashMap<(ConnectionId, Side), Owner>,
    early: HashMap<(SocketAddr, SocketAddr), Owner>,
}

impl Known {
    /// These connections have left.
    pub fn forget(&mut self, left: &[ConnectionId]) {
        for id in left {
            for side in Side::BOTH {
                self.of.remove(&(*id, side));
            }
        }
    }
}

impl App {
    /// Takes what has become known: it is about the newest connection between two addresses.
    pub fn learn_owners(&mut self, all: Vec<Owned>) {
        for Owned {
            local,
            remote,
            owner,
        } in all
        {
            match self.trace.newest_between(local, remote) {
                Some((id, side)) => self.own(id, side, owner),
                None if self.owners.early.len() < EARLY => {
                    self.owners.early.insert((local, remote), owner);
                }
                None => {}
            }
        }
    }

    /// Connections from this one on are new: what came before them is told of them.
    pub(super) fn greet_owners(&mut self, first: usize) {
        if self.owners.early.is_empty() {
            return;
        }
        for id in self.trace.ids().skip(first) {
            let addresses = self.trace.addresses(id);
            for side in Side::BOTH {
                let ends = (addresses[side], addresses[side.peer()]);
                if let Some(owner) = self.owners.early.remove(&ends) {
                    self.own(id, side, owner);
                }
            }
        }
    }

    fn own(&mut self, id: ConnectionId, side: Side, owner: Owner) {
        self.owners.of.insert((id, side), owner);
        self.listing.owner_found(id);
    }

    /// Whose sockets a connection's ends are, where that is known.
    #[must_use]
    pub fn owner_of(&self, id: ConnectionId) -> PerSide<Option<Owner>> {
        PerSide::of(|side| self.owners.of.get(&(id, side)).cloned())
    }
}
