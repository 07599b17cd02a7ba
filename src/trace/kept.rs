//! The connections of a trace. Those to which something came lately are *warm*: what is known of both ends and every row
//! are at hand. The others are *cold*: only their log is kept (`log.rs`), a tenth of that, and following it anew makes
//! them warm again. Nobody outside notices but by the time it takes.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::ops::Deref;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::cold::{self, Cold};
use super::log::{Befell, Entries, Entry, Log, Logged};
use super::looked_at::LookedAt;
use super::numbered::Numbered;
use super::shelf::{Shelf, Spot};
use super::{ErrorRecord, Record};
use crate::conn::state::PerSide;
use crate::conn::table::{Connections, last_id};
use crate::conn::{
    Connection, ConnectionId, ErrorSeen, Observed, Opening, Revision, Roles, Side, Stimulus,
};
use crate::wire::{Captured, Place, Segment, Seq};

/// Connections that stay warm though nothing comes: so few that they are still in a processor's cache when they are told of.
/// With 4,096, reading took half as long again.
const WARM: usize = 256;

/// Connections looked after for each batch, at most: it has that many segments, and half as many connections at most rest.
const VISITED: usize = 2048;

/// A connection of more rows than this stays warm: nobody should wait until it is followed anew.
const LONG: usize = 256;

/// The same for a log of more octets than this: rows with many options, or much that befell it.
const LONG_LOG: usize = 64 * LONG;

/// A connection that was warmed again `n` times waits 2^n rounds without anything coming until it cools again: many
/// that take turns aren't followed anew for each of their segments. No more than so many doublings.
const PATIENCE: u8 = 10;

/// All that is known of a connection.
#[derive(Clone, Debug)]
pub struct Warm {
    pub connection: Connection,
    pub rows: Vec<Record>,
    /// The first SACK block of those rows that have one: few have.
    pub sacks: Vec<(u32, (Seq, Seq))>,
    log: Log,
    is_used: bool,
    /// It is long, and among those that may leave.
    may_leave: bool,
    /// How often it has been warmed again, and how many rounds it still waits.
    warmed: u8,
    waits: u16,
}

impl Warm {
    fn new(connection: Connection, without_places: bool) -> Self {
        Warm {
            connection,
            rows: Vec::new(),
            sacks: Vec::new(),
            log: Log::new(without_places),
            is_used: false,
            may_leave: false,
            warmed: 0,
            waits: 0,
        }
    }

    /// Begins another connection in the same memory.
    fn begin(&mut self, connection: Connection) {
        self.connection = connection;
        self.rows.clear();
        self.sacks.clear();
        self.log.clear();
        (self.is_used, self.may_leave) = (false, false);
        (self.warmed, self.waits) = (0, 0);
    }

    fn push(&mut self, id: ConnectionId, it: &Logged, observed: &Observed) {
        if let Some(block) = it.told.sack {
            let row = u32::try_from(self.rows.len()).unwrap_or(u32::MAX);
            self.sacks.push((row, block));
        }
        self.rows.push(Record {
            time_ns: it.time_ns,
            place: it.place,
            connection: id,
            from: it.from,
            flags: it.flags,
            seq: it.seq,
            ack: it.ack,
            len: it.len,
            wnd: it.wnd,
            notes: observed.notes,
            states: observed.states,
            certainty: observed.certainty,
        });
        if !self.is_long() {
            self.log.segment(it);
        } else if self.rows.len() == LONG + 1 {
            self.log = Log::default();
        }
    }

    fn is_long(&self) -> bool {
        self.rows.len() > LONG || self.log.octets().len() > LONG_LOG
    }

    /// Corrects rows before.
    pub fn revise(&mut self, revisions: &[Revision]) {
        for revision in revisions {
            for record in &mut self.rows[revision.from as usize..revision.to as usize] {
                let state = &mut record.states[revision.side];
                *state = revision.correction.of(*state);
            }
        }
    }

    fn befall(&mut self, stimulus: Stimulus<'_>, error: u32) -> Option<(ErrorSeen, Vec<Revision>)> {
        let shown = self.connection.undergo(stimulus);
        // An ICMP error about nothing that is outstanding changes nothing.
        let is_logged = shown.is_some() || !matches!(stimulus, Stimulus::Error(_));
        if is_logged && !self.is_long() {
            self.log.befell(Befell::of(stimulus, error));
        }
        shown
    }
}

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
enum Slot {
    /// Its place among the warm ones.
    Warm(u32),
    /// Where on the shelf; and whether it is among those that may leave.
    Cold(Spot, bool),
}

/// Who was asked for last, and its place among the warm ones: most are asked for many times in a row. Whoever only looks
/// writes it, too, from several threads at a time.
#[derive(Debug)]
struct Newest(AtomicU64);

impl Default for Newest {
    fn default() -> Self {
        Newest(AtomicU64::new(u64::MAX))
    }
}

impl Newest {
    fn place_of(&self, id: ConnectionId) -> Option<u32> {
        let both = self.0.load(Ordering::Relaxed);
        let is_it = both & u64::from(u32::MAX) == u64::from(id);
        let at = u32::try_from(both >> 32).unwrap_or(u32::MAX);
        (is_it && at != u32::MAX).then_some(at)
    }

    fn set(&self, id: ConnectionId, at: u32) {
        self.0
            .store(u64::from(at) << 32 | u64::from(id), Ordering::Relaxed);
    }

    fn forget(&self) {
        self.0.store(u64::MAX, Ordering::Relaxed);
    }
}

/// All connections of a trace.
#[derive(Debug, Default)]
pub struct Kept {
    slots: Numbered<Slot>,
    warm: Vec<Warm>,
    /// Places among them of connections that have cooled.
    spare: Vec<u32>,
    shelf: Shelf,
    /// Warm ones that may cool, in the order in which they are looked after.
    queue: VecDeque<ConnectionId>,
    /// Those of them that cool before anything else comes.
    due: Vec<ConnectionId>,
    /// Those that are over, or were never answered, in the order in which they came to rest and where they lie; long ones, which
    /// never rest, since they are over. Some have been warmed again since: what they are by then has another place.
    finished: VecDeque<(ConnectionId, Option<Spot>)>,
    /// How many of them may leave.
    may_leave: usize,
    /// The one that was asked for last, and its place among the warm ones.
    newest: Newest,
    /// One that stays.
    pub held: Option<ConnectionId>,
    /// Those that never do.
    long: Vec<ConnectionId>,
    /// The ICMP errors, in the order of the capture.
    pub errors: Vec<ErrorRecord>,
    /// Those that something befell, in order.
    pub befallen: Vec<ConnectionId>,
    /// How often frames were found missing.
    doubts: u32,
    pub without_places: bool,
    looked_at: LookedAt,
}

impl Kept {
    #[must_use]
    pub fn len(&self) -> usize {
        self.slots.len()
    }

    /// What is known of a connection.
    #[must_use]
    pub fn at(&self, id: ConnectionId) -> Known<'_> {
        if let Some(at) = self.newest.place_of(id) {
            return Known::Warm(&self.warm[at as usize]);
        }
        match self.slots.get(id as usize) {
            Some(Slot::Warm(at)) => {
                self.newest.set(id, *at);
                Known::Warm(&self.warm[*at as usize])
            }
            Some(Slot::Cold(spot, _)) => Known::Cold(self.look(id, Cold(self.shelf.get(*spot)))),
            None => Known::Cold(Arc::new(Warm::new(nobodys(), self.without_places))),
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
        self.looked_at.get(id, || {
            let mut warm = Warm::new(cold.begin(), self.without_places);
            let past = Past {
                errors: &self.errors,
                doubts: self.doubts,
                without_places: self.without_places,
            };
            past.follow(id, cold, &mut warm);
            warm
        })
    }

    /// The connection, made warm.
    pub fn warm(&mut self, id: ConnectionId) -> &mut Warm {
        if let Some(at) = self.newest.place_of(id) {
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
        self.newest.set(id, at);
        let warm = &mut self.warm[at as usize];
        warm.is_used = true;
        warm
    }

    fn warm_again(&mut self, id: ConnectionId, spot: Spot) -> u32 {
        self.looked_at.forget(id);
        let at = self.place(Cold(self.shelf.get(spot)).begin());
        let cold = Cold(self.shelf.get(spot));
        let past = Past {
            errors: &self.errors,
            doubts: self.doubts,
            without_places: self.without_places,
        };
        past.follow(id, cold, &mut self.warm[at as usize]);
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
        self.warm.push(Warm::new(connection, self.without_places));
        last_id(self.warm.len())
    }

    /// Keeps a segment that the connection has observed.
    pub fn push(&mut self, id: ConnectionId, captured: &Captured, from: Side, observed: &Observed) {
        let mut it = Logged::of(captured, from);
        if self.without_places {
            it.place = Place {
                frame: it.place.frame,
                ..Place::default()
            };
        }
        let warm = self.warm(id);
        warm.push(id, &it, observed);
        if warm.is_long() && warm.connection.is_over() && !warm.may_leave {
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
        self.doubts += 1;
        self.looked_at.forget_all();
        for id in self.queue.iter().chain(&self.due).chain(&self.long) {
            if let Some(Slot::Warm(at)) = self.slots.get(*id as usize) {
                let warm = &mut self.warm[*at as usize];
                if !warm.connection.is_over() {
                    warm.befall(Stimulus::Doubt, 0);
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
        for _ in 0..(2 * too_many).min(VISITED) {
            if self.queue.len() <= WARM {
                return;
            }
            let Some(id) = self.queue.pop_front() else {
                return;
            };
            self.look_after(id);
        }
    }

    /// Lets all of them cool.
    pub fn rest(&mut self) {
        self.due.extend(self.queue.drain(..));
        self.cool();
    }

    /// Whoever has waited long enough is due.
    fn look_after(&mut self, id: ConnectionId) {
        let Some(&Slot::Warm(at)) = self.slots.get(id as usize) else {
            return;
        };
        let warm = &mut self.warm[at as usize];
        if warm.is_used {
            warm.is_used = false;
            warm.waits = (1 << warm.warmed) - 1;
            self.queue.push_back(id);
        } else if warm.waits > 0 {
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
        self.newest.forget();
        let warm = &self.warm[at as usize];
        let PerSide { client, server } = warm.connection.addresses;
        // No frame makes a connection between an IPv4 and an IPv6 address.
        if warm.is_long() || client.is_ipv4() != server.is_ipv4() {
            self.long.push(id);
            return;
        }
        let room = cold::FRONT_MAX + warm.log.octets().len();
        let spot = self.shelf.put(room, |octets| {
            cold::write(
                octets,
                &warm.connection,
                &warm.log,
                self.doubts,
                warm.warmed,
            );
        });
        let may_leave = warm.connection.is_over() || warm.connection.is_unanswered();
        self.put(id, Slot::Cold(spot, may_leave));
        self.spare.push(at);
        if may_leave {
            self.finished.push_back((id, Some(spot)));
            self.may_leave += 1;
        }
    }

    fn put(&mut self, id: ConnectionId, slot: Slot) {
        if let Some(place) = self.slots.get_mut(id as usize) {
            *place = slot;
        }
    }

    /// Takes out the connection that has been finished for longest, if there are more than `limit`.
    pub fn remove_one(&mut self, limit: usize) -> Option<Left> {
        while self.may_leave > limit {
            let (id, lies) = self.finished.pop_front()?;
            match (self.slots.get(id as usize), lies) {
                (Some(Slot::Cold(spot, true)), Some(lies)) if *spot == lies => {}
                (Some(Slot::Warm(at)), None) => {
                    let warm = &mut self.warm[*at as usize];
                    if !warm.connection.is_over() {
                        warm.may_leave = false;
                        self.may_leave -= 1;
                        continue;
                    }
                }
                _ => continue,
            }
            if self.held == Some(id) {
                self.finished.push_back((id, lies));
                return None;
            }
            self.may_leave -= 1;
            return Some(self.remove(id));
        }
        None
    }

    fn remove(&mut self, id: ConnectionId) -> Left {
        let left = Left {
            id,
            addresses: self.addresses(id),
            previous: self.at(id).connection.previous,
        };
        match self.slots.remove(id as usize) {
            Some(Slot::Cold(spot, _)) => {
                self.looked_at.forget(id);
                self.shelf.drop(spot);
            }
            Some(Slot::Warm(at)) => {
                self.newest.forget();
                self.warm[at as usize] = Warm::new(nobodys(), self.without_places);
                self.spare.push(at);
                for among in [&mut self.long, &mut self.due] {
                    among.retain(|known| *known != id);
                }
                self.queue.retain(|known| *known != id);
            }
            None => {}
        }
        left
    }
}

/// A connection that has left.
#[derive(Clone, Copy, Debug)]
pub struct Left {
    pub id: ConnectionId,
    pub addresses: PerSide<SocketAddr>,
    /// The one before it between the same ends.
    pub previous: Option<ConnectionId>,
}

/// What is known of a connection that has left: nothing.
fn nobodys() -> Connection {
    let nowhere = SocketAddr::from(([0; 4], 0));
    let addresses = PerSide {
        client: nowhere,
        server: nowhere,
    };
    Connection::new(addresses, Opening::Midway, Roles::Guessed, None)
}

/// What a log refers to.
struct Past<'a> {
    errors: &'a [ErrorRecord],
    doubts: u32,
    without_places: bool,
}

impl Past<'_> {
    /// Follows a connection anew that has just begun.
    fn follow(&self, id: ConnectionId, cold: Cold<'_>, warm: &mut Warm) {
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
        let error = u32::try_from(self.errors.len()).unwrap_or(u32::MAX);
        let shown = self.warm(id).befall(stimulus, error);
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
