//! The connections of a trace. Those to which something came lately are *warm*: what is known of both ends and every row
//! are at hand. The others are *cold*: only their log is kept (`log.rs`), a tenth of that, and following it anew makes
//! them warm again. Nobody outside notices but by the time it takes.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::ops::Deref;
use std::sync::Arc;

use super::bounds::Bounds;
use super::cold::{self, Cold};
use super::last_asked::LastAsked;
use super::log::Logged;
use super::looked_at::LookedAt;
use super::numbered::Numbered;
use super::past::Past;
use super::recent::Recent;
use super::shelf::{Shelf, Spot};
use super::warm::{Warm, nobodys};
use crate::conn::state::PerSide;
use crate::conn::table::{Connections, last_id};
use crate::conn::{Connection, ConnectionId, ErrorSeen, Observed, Revision, Side, Stimulus};
use crate::wire::{Captured, Place};

/// Connections that stay warm though nothing comes: so few that they are still in a processor's cache when they are told of.
/// With 4,096, reading took half as long again.
const WARM: usize = 256;

/// Of a trace that has bounds, connections that may wait until they rest: beyond that they rest as soon as nothing comes.
const MANY: usize = 4096;

/// Connections looked after for each batch, at most: it has that many segments, and half as many connections at most rest.
const VISITED: usize = 2048;

/// A connection that is looked at.
pub enum Known<'a> {
    Warm(&'a Warm),
    Cold(Arc<Warm>),
}

impl Deref for Known<'_> {
    type Target = Warm;

    fn deref(&self) -> &Warm {
        match self {
            Known::Warm(warm) => warm,
            Known::Cold(warm) => warm,
        }
    }
}

/// Where a connection is kept.
#[derive(Debug)]
pub(super) enum Slot {
    /// Its place among the warm ones.
    Warm(u32),
    /// Where on the shelf; and whether it is among those that may leave.
    Cold(Spot, bool),
}

/// All connections of a trace.
#[derive(Debug, Default)]
pub struct Kept {
    pub(super) slots: Numbered<Slot>,
    pub(super) warm: Vec<Warm>,
    /// Places among them of connections that have cooled.
    pub(super) spare: Vec<u32>,
    pub(super) shelf: Shelf,
    /// Warm ones that may cool, in the order in which they are looked after.
    pub(super) queue: VecDeque<ConnectionId>,
    /// Those of them that cool before anything else comes.
    pub(super) due: Vec<ConnectionId>,
    /// Those that are over, or were never answered, in the order in which they came to rest and where they lie; long ones, which
    /// never rest, since they are over. Some have been warmed again since: what they are by then has another place.
    pub(super) finished: VecDeque<(ConnectionId, Option<Spot>)>,
    /// The others that rest, likewise.
    pub(super) silent: VecDeque<(ConnectionId, Spot)>,
    /// How many finished ones may leave.
    pub(super) may_leave: usize,
    /// What stays; `None`: nobody leaves, and nobody is remembered for it.
    pub bounds: Option<Bounds>,
    /// Rows that came to hand since somebody asked what they take.
    pub(super) rows_since: usize,
    /// The one that was asked for last, and its place among the warm ones.
    pub(super) last_asked: LastAsked,
    /// One that stays.
    pub held: Option<ConnectionId>,
    /// Warm ones that never cool.
    pub(super) long: VecDeque<ConnectionId>,
    /// Those that something befell, in order.
    pub befallen: Recent<ConnectionId>,
    pub past: Past,
    pub(super) looked_at: LookedAt,
}

impl Kept {
    #[must_use]
    pub fn len(&self) -> usize {
        self.slots.len()
    }

    /// What is known of a connection.
    #[must_use]
    pub fn at(&self, id: ConnectionId) -> Known<'_> {
        if let Some(at) = self.last_asked.place_of(id) {
            return Known::Warm(&self.warm[at as usize]);
        }
        match self.slots.get(id as usize) {
            Some(Slot::Warm(at)) => {
                self.last_asked.set(id, *at);
                Known::Warm(&self.warm[*at as usize])
            }
            Some(Slot::Cold(spot, _)) => Known::Cold(self.look(id, Cold(self.shelf.get(*spot)))),
            None => Known::Cold(Arc::new(Warm::to_look_at())),
        }
    }

    #[must_use]
    pub fn addresses(&self, id: ConnectionId) -> PerSide<SocketAddr> {
        match self.slots.get(id as usize) {
            Some(Slot::Warm(at)) => self.warm[*at as usize].connection.addresses,
            Some(Slot::Cold(spot, _)) => Cold(self.shelf.get(*spot)).addresses(),
            None => nobodys().addresses,
        }
    }

    /// How many rows a connection has; 0 if there is no such connection.
    #[must_use]
    pub fn rows(&self, id: ConnectionId) -> usize {
        match self.slots.get(id as usize) {
            Some(Slot::Warm(at)) => self.warm[*at as usize].rows.len(),
            Some(Slot::Cold(spot, _)) => Cold(self.shelf.get(*spot)).front().rows as usize,
            None => 0,
        }
    }

    fn look(&self, id: ConnectionId, cold: Cold<'_>) -> Arc<Warm> {
        self.looked_at.get(id, |warm| {
            warm.begin(cold.begin());
            self.past.follow(id, cold, warm);
        })
    }

    /// The connection, made warm.
    pub fn warm(&mut self, id: ConnectionId) -> &mut Warm {
        if let Some(at) = self.last_asked.place_of(id) {
            let warm = &mut self.warm[at as usize];
            warm.is_used = true;
            return warm;
        }
        let at = match self.slots.get(id as usize) {
            Some(Slot::Warm(at)) => *at,
            Some(&Slot::Cold(spot, may_leave)) => {
                self.may_leave -= usize::from(may_leave);
                self.warm_again(id, spot)
            }
            None => unreachable!("nobody refers to a connection that has left"),
        };
        self.last_asked.set(id, at);
        let warm = &mut self.warm[at as usize];
        warm.is_used = true;
        warm
    }

    fn warm_again(&mut self, id: ConnectionId, spot: Spot) -> u32 {
        self.looked_at.forget(id);
        let at = self.place(Cold(self.shelf.get(spot)).begin());
        let cold = Cold(self.shelf.get(spot));
        self.past.follow(id, cold, &mut self.warm[at as usize]);
        self.rows_since += self.warm[at as usize].rows.len();
        self.shelf.drop(spot);
        self.put(id, Slot::Warm(at));
        self.queue.push_back(id);
        at
    }

    /// A place among the warm ones for a connection that begins.
    fn place(&mut self, connection: Connection) -> u32 {
        if let Some(at) = self.spare.pop() {
            self.warm[at as usize].begin(connection);
            return at;
        }
        self.warm
            .push(Warm::new(connection, self.past.without_places));
        last_id(self.warm.len())
    }

    /// Keeps a segment that the connection has observed.
    pub fn push(&mut self, id: ConnectionId, captured: &Captured, from: Side, observed: &Observed) {
        let mut it = Logged::of(captured, from);
        if self.past.without_places {
            it.place = Place {
                frame: it.place.frame,
                ..Place::default()
            };
        }
        let some_leave = self.bounds.is_some();
        self.rows_since += 1;
        let warm = self.warm(id);
        warm.push(id, &it, observed);
        let is_finished = warm.is_long() && warm.connection.is_over();
        if some_leave && is_finished && !warm.may_leave {
            warm.may_leave = true;
            self.finished.push_back((id, None));
            self.may_leave += 1;
        }
    }

    /// Whether a connection rests.
    #[must_use]
    pub fn rests(&self, id: ConnectionId) -> bool {
        matches!(self.slots.get(id as usize), Some(Slot::Cold(..)))
    }

    /// Frames are missing, nobody knows whose: every connection that isn't over is in doubt.
    pub fn doubt(&mut self) {
        self.past.doubts += 1;
        self.looked_at.forget_all();
        for id in self.queue.iter().chain(&self.due).chain(&self.long) {
            if let Some(Slot::Warm(at)) = self.slots.get(*id as usize) {
                let warm = &mut self.warm[*at as usize];
                if !warm.connection.is_over() {
                    warm.befall(Stimulus::Doubt);
                }
            }
        }
    }

    /// Those to which nothing came for longest.
    #[must_use]
    pub fn due(&self) -> &[ConnectionId] {
        &self.due
    }

    /// Lets those cool that are due.
    pub fn cool(&mut self) {
        let mut due = std::mem::take(&mut self.due);
        for id in due.drain(..) {
            self.cool_one(id);
        }
        self.due = due;
    }

    /// Chooses whom nothing has come to for longest.
    pub fn choose_due(&mut self) {
        // Who has to wait is passed over: that takes its time, too.
        let too_many = self.queue.len().saturating_sub(WARM);
        let is_full = self.bounds.is_some() && self.queue.len() > MANY;
        for _ in 0..(2 * too_many).min(VISITED) {
            if self.queue.len() <= WARM {
                return;
            }
            let Some(id) = self.queue.pop_front() else {
                return;
            };
            self.look_after(id, is_full);
        }
    }

    /// Lets all of them cool.
    pub fn rest(&mut self) {
        self.due.extend(self.queue.drain(..));
        self.cool();
    }

    /// Whoever has waited long enough is due; where there is no room, at once.
    fn look_after(&mut self, id: ConnectionId, is_full: bool) {
        let Some(&Slot::Warm(at)) = self.slots.get(id as usize) else {
            return;
        };
        let warm = &mut self.warm[at as usize];
        if warm.is_used {
            warm.is_used = false;
            warm.waits = (1 << warm.warmed) - 1;
            self.queue.push_back(id);
        } else if warm.waits > 0 && !is_full {
            warm.waits -= 1;
            self.queue.push_back(id);
        } else {
            self.due.push(id);
        }
    }

    fn cool_one(&mut self, id: ConnectionId) {
        let Some(&Slot::Warm(at)) = self.slots.get(id as usize) else {
            return;
        };
        self.last_asked.forget();
        let warm = &self.warm[at as usize];
        let PerSide { client, server } = warm.connection.addresses;
        // No frame makes a connection between an IPv4 and an IPv6 address.
        if warm.is_long() || client.is_ipv4() != server.is_ipv4() {
            self.long.push_back(id);
            return;
        }
        let room = cold::FRONT_MAX + warm.log.octets().len();
        let spot = self.shelf.put(room, |octets| {
            cold::write(
                octets,
                &warm.connection,
                &warm.log,
                self.past.doubts,
                warm.warmed,
            );
        });
        let is_finished = warm.connection.is_over() || warm.connection.is_unanswered();
        let may_leave = is_finished && self.bounds.is_some();
        self.put(id, Slot::Cold(spot, may_leave));
        self.spare.push(at);
        if may_leave {
            self.finished.push_back((id, Some(spot)));
            self.may_leave += 1;
        } else if self.bounds.is_some() {
            self.silent.push_back((id, spot));
        }
        if self.bounds.is_some() && self.spare.len() > MANY {
            self.warm[at as usize] = Warm::new(nobodys(), self.past.without_places);
        } else if self.bounds.is_some() {
            self.warm[at as usize].slim();
        }
    }

    fn put(&mut self, id: ConnectionId, slot: Slot) {
        if let Some(place) = self.slots.get_mut(id as usize) {
            *place = slot;
        }
    }
}

impl Connections for Kept {
    fn known(&mut self, id: ConnectionId) -> &mut Connection {
        &mut self.warm(id).connection
    }

    fn has(&self, id: ConnectionId) -> bool {
        self.slots.get(id as usize).is_some()
    }

    fn begin(&mut self, connection: Connection) -> ConnectionId {
        let at = self.place(connection);
        self.slots.push(Slot::Warm(at));
        let id = last_id(self.slots.len());
        self.queue.push_back(id);
        id
    }

    fn befall(
        &mut self,
        id: ConnectionId,
        stimulus: Stimulus<'_>,
    ) -> Option<(ErrorSeen, Vec<Revision>)> {
        let shown = self.warm(id).befall(stimulus);
        if shown.is_some() || !matches!(stimulus, Stimulus::Error(_)) {
            self.befallen.push(id);
        }
        shown
    }

    fn is_between(&self, id: ConnectionId, a: SocketAddr, b: SocketAddr) -> bool {
        match self.slots.get(id as usize) {
            Some(Slot::Warm(at)) => self.warm[*at as usize].connection.is_between(a, b),
            Some(Slot::Cold(spot, _)) => Cold(self.shelf.get(*spot)).is_between(a, b),
            None => false,
        }
    }
}
