//! Which connection a segment belongs to: by its two addresses and ports, and by its numbers where
//! a port is reused.

use std::hash::{BuildHasher, Hash, Hasher};
use std::net::{SocketAddr, SocketAddrV4};

use hashbrown::HashTable;

use super::state::PerSide;
use super::{Connection, ErrorSeen, Observed, Opening, Revision, Roles, Side, State, Stimulus};
use crate::wire::{Flags, IcmpError, Ports, Segment};

/// A connection's number, from 0; people count from 1.
pub type ConnectionId = u32;

/// How many connections back, between the same endpoints, a late segment is looked for.
const OLDER_MAX: usize = 4;

/// How far a segment may stand from what its sender last sent and still be the same connection's.
const NEAR: u32 = 1 << 24;

/// Where connections are kept.
pub trait Connections {
    /// The connection with this number.
    fn known(&mut self, id: ConnectionId) -> &mut Connection;

    /// Whether it is still there.
    fn has(&self, id: ConnectionId) -> bool;

    /// Keeps a new one, which gets the next number.
    fn begin(&mut self, connection: Connection) -> ConnectionId;

    /// Something befalls it.
    fn befall(
        &mut self,
        id: ConnectionId,
        stimulus: Stimulus<'_>,
    ) -> Option<(ErrorSeen, Vec<Revision>)>;

    /// Whether it is one between these two, in either direction.
    fn is_between(&self, id: ConnectionId, a: SocketAddr, b: SocketAddr) -> bool;
}

impl Connections for Vec<Connection> {
    fn known(&mut self, id: ConnectionId) -> &mut Connection {
        &mut self[id as usize]
    }

    fn has(&self, id: ConnectionId) -> bool {
        (id as usize) < self.len()
    }

    fn begin(&mut self, connection: Connection) -> ConnectionId {
        self.push(connection);
        last_id(self.len())
    }

    fn befall(
        &mut self,
        id: ConnectionId,
        stimulus: Stimulus<'_>,
    ) -> Option<(ErrorSeen, Vec<Revision>)> {
        self[id as usize].undergo(stimulus)
    }

    fn is_between(&self, id: ConnectionId, a: SocketAddr, b: SocketAddr) -> bool {
        self[id as usize].is_between(a, b)
    }
}

/// The number of the last of so many connections.
///
/// # Panics
/// There are none, or more than 2^32: they wouldn't fit into memory.
#[must_use]
pub fn last_id(connections: usize) -> ConnectionId {
    let last = connections.checked_sub(1);
    last.and_then(|last| ConnectionId::try_from(last).ok())
        .expect("between 1 and 2^32 connections")
}

/// All connections, and the newest of each pair of endpoints.
#[derive(Debug, Default)]
pub struct Table<C = Vec<Connection>> {
    pub connections: C,
    /// By a hash that nobody outside can foresee.
    newest: HashTable<Newest>,
    hashing: foldhash::fast::RandomState,
    ports: Ports,
}

/// The newest connection of a pair of endpoints. The whole hash is kept: growing, the table looks at no connection.
#[derive(Clone, Copy, Debug)]
struct Newest {
    hash: u32,
    id: ConnectionId,
}

impl<C: Connections + Default> Table<C> {
    /// `ports` decides who is the server where no SYN was captured.
    #[must_use]
    pub fn new(ports: Ports) -> Self {
        Table {
            ports,
            ..Table::default()
        }
    }
}

impl<C: Connections> Table<C> {
    /// Finds (or starts) the segment's connection and lets it observe the segment. `at`:
    /// nanoseconds since the Unix epoch.
    pub fn observe(&mut self, seg: &Segment, at: u64) -> (ConnectionId, Side, Observed) {
        let hash = self.hash(seg.src, seg.dst);
        let newest = self.find(hash, seg.src, seg.dst);
        let (id, begun) = match newest.and_then(|id| self.owner(id, seg)) {
            Some(id) => (id, false),
            None => (self.begin(seg, newest), true),
        };
        if begun {
            self.renew(hash, newest, id);
        }
        let connection = self.connections.known(id);
        let from = side_of(connection, seg);
        let observed = connection.observe(seg, from, at);
        if let Some(old) = newest.filter(|_| begun && seg.has(Flags::SYN)) {
            self.meet(old, id, seg, at);
        }
        if seg.has(Flags::SYN) {
            self.replace(id, seg, at);
        }
        (id, from, observed)
    }

    /// The same for both directions.
    fn hash(&self, a: SocketAddr, b: SocketAddr) -> u32 {
        let mut hasher = self.hashing.build_hasher();
        match (a, b) {
            (SocketAddr::V4(a), SocketAddr::V4(b)) => {
                let bits =
                    |it: SocketAddrV4| u128::from(it.ip().to_bits()) << 16 | u128::from(it.port());
                let (a, b) = (bits(a), bits(b));
                hasher.write_u128(a.min(b) << 48 | a.max(b));
            }
            _ => (a.min(b), a.max(b)).hash(&mut hasher),
        }
        (hasher.finish() >> 32) as u32
    }

    fn find(&self, hash: u32, a: SocketAddr, b: SocketAddr) -> Option<ConnectionId> {
        let is_it = |it: &Newest| it.hash == hash && self.connections.is_between(it.id, a, b);
        self.newest.find(spread(hash), is_it).map(|it| it.id)
    }

    /// A new connection takes the place of `old`.
    fn renew(&mut self, hash: u32, old: Option<ConnectionId>, id: ConnectionId) {
        let is_it = |it: &Newest| Some(it.id) == old;
        match self.newest.find_mut(spread(hash), is_it) {
            Some(known) => known.id = id,
            None => {
                let new = Newest { hash, id };
                self.newest
                    .insert_unique(spread(hash), new, |it| spread(it.hash));
            }
        }
    }

    /// A connection between these has left; the one before it may still be there.
    pub fn forget(
        &mut self,
        id: ConnectionId,
        addresses: PerSide<SocketAddr>,
        previous: Option<ConnectionId>,
    ) {
        let hash = self.hash(addresses.client, addresses.server);
        let previous = previous.filter(|id| self.connections.has(*id));
        if let Ok(mut known) = self.newest.find_entry(spread(hash), |it| it.id == id) {
            match previous {
                Some(previous) => known.get_mut().id = previous,
                None => drop(known.remove()),
            }
        }
    }

    /// A new SYN meets what is left of the connection before: a TIME-WAIT that it may end
    /// (RFC 9293, 3.6.1), or a connection that answers with a challenge ACK (RFC 5961, 4).
    fn meet(&mut self, old: ConnectionId, new: ConnectionId, syn: &Segment, at: u64) {
        let receiver = side_of(self.connections.known(old), syn).peer();
        self.connections.befall(old, Stimulus::Met { receiver, at });
        let ends = &self.connections.known(old).ends;
        let waits = |side: &Side| ends[*side].state == State::TimeWait;
        let waiting = Side::BOTH.iter().any(waits);
        self.connections.known(new).reuses_time_wait = waiting;
    }

    /// A SYN,ACK in place of a TIME-WAIT ends that.
    fn replace(&mut self, new: ConnectionId, seg: &Segment, at: u64) {
        let connection = self.connections.known(new);
        let accepts = seg.has(Flags::ACK) && connection.reuses_time_wait;
        let old = connection.previous.filter(|_| accepts);
        if let Some(old) = old.filter(|old| self.connections.has(*old)) {
            self.connections.befall(old, Stimulus::Replaced { at });
        }
    }

    /// The newest connection between two addresses.
    #[must_use]
    pub fn newest_between(&self, a: SocketAddr, b: SocketAddr) -> Option<ConnectionId> {
        self.find(self.hash(a, b), a, b)
    }

    /// Ties an ICMP error to the connection whose segment it is about.
    pub fn report(
        &mut self,
        error: &IcmpError,
    ) -> Option<(ConnectionId, ErrorSeen, Vec<Revision>)> {
        let id = self.newest_between(error.src, error.dst)?;
        let (seen, revisions) = self.connections.befall(id, Stimulus::Error(error))?;
        Some((id, seen, revisions))
    }

    /// The connection, `newest` of its endpoints or one before, that a segment continues; `None`
    /// starts one.
    fn owner(&mut self, newest: ConnectionId, seg: &Segment) -> Option<ConnectionId> {
        let connection = self.connections.known(newest);
        if seg.has(Flags::SYN) {
            return continues_opening(connection, seg).then_some(newest);
        }
        if answers_syn(connection, seg) {
            return Some(newest);
        }
        let is_opening = connection.ends.client.state == State::SynSent;
        if !is_opening && is_near(connection, seg) {
            return Some(newest);
        }
        // While a new connection has only its SYN, and wherever the numbers don't fit it, a segment
        // is that of an older connection whose numbers fit.
        let starts_anew = connection.is_over() && seg.seq_len() > 0 && !seg.has(Flags::RST);
        let mut older = connection.previous;
        for _ in 0..OLDER_MAX {
            let Some(id) = older.filter(|id| self.connections.has(*id)) else {
                break;
            };
            let connection = self.connections.known(id);
            if is_near(connection, seg) {
                return Some(id);
            }
            older = connection.previous;
        }
        (!starts_anew).then_some(newest)
    }

    fn begin(&mut self, seg: &Segment, previous: Option<ConnectionId>) -> ConnectionId {
        let (opening, roles, client_is_sender) = match (seg.has(Flags::SYN), seg.has(Flags::ACK)) {
            (true, false) => (Opening::Seen, Roles::Seen, true),
            (true, true) => (Opening::Midway, Roles::Seen, false),
            (false, _) => (
                Opening::Midway,
                Roles::Guessed,
                self.sender_is_likely_client(seg),
            ),
        };
        let (client, server) = if client_is_sender {
            (seg.src, seg.dst)
        } else {
            (seg.dst, seg.src)
        };
        let addresses = PerSide { client, server };
        let mut connection = Connection::new(addresses, opening, roles, previous);
        connection.begin_with(seg);
        self.connections.begin(connection)
    }

    /// The asked-for port is the server's; failing that the lower one.
    fn sender_is_likely_client(&self, seg: &Segment) -> bool {
        let (src, dst) = (seg.src.port(), seg.dst.port());
        match (self.ports.contain(src), self.ports.contain(dst)) {
            (true, false) => false,
            (false, true) => true,
            _ => dst <= src,
        }
    }
}

/// `HashTable` takes its tags from the upper bits and its places from the lower ones.
fn spread(hash: u32) -> u64 {
    u64::from(hash) << 32 | u64::from(hash)
}

fn side_of(connection: &Connection, seg: &Segment) -> Side {
    if seg.src == connection.addresses.client {
        Side::Client
    } else {
        Side::Server
    }
}

/// Whether a segment without SYN answers the SYN of a connection that has nothing else yet: a refusal.
fn answers_syn(connection: &Connection, seg: &Segment) -> bool {
    let client = &connection.ends.client;
    let is_opening = client.state == State::SynSent && seg.src == connection.addresses.server;
    is_opening && seg.ack_seq().is_some() && seg.ack_seq() == client.snd_nxt
}

/// Whether a SYN (with or without ACK) belongs to a connection that exists: its own SYN again, or the
/// answer to it, however late.
fn continues_opening(connection: &Connection, seg: &Segment) -> bool {
    let from = side_of(connection, seg);
    let sender = &connection.ends[from];
    let peer = &connection.ends[from.peer()];
    let is_its_own = sender.iss == Some(seg.seq) && !connection.is_over();
    let answers = |ack| peer.iss.is_some_and(|iss| ack == iss + 1);
    match seg.ack_seq() {
        Some(ack) => {
            let opening = connection.opening == Opening::Seen && peer.state == State::SynSent;
            is_its_own || answers(ack) || opening
        }
        // The SYN that a captured SYN,ACK answers; or the other SYN of a simultaneous open.
        None => {
            let answered =
                sender.iss.is_none() && peer.iss.is_some() && peer.acked == Some(seg.seq + 1);
            let crossing = sender.iss.is_none()
                && connection.opening == Opening::Seen
                && matches!(
                    connection.ends.client.state,
                    State::SynSent | State::SynReceived
                );
            is_its_own || answered || crossing || is_forged(connection, seg)
        }
    }
}

/// Whether a SYN stands in the window of an open connection: a new one would hardly hit it, somebody
/// who guesses would (RFC 5961, 4).
fn is_forged(connection: &Connection, seg: &Segment) -> bool {
    use State::{CloseWait, Established, FinWait1, FinWait2};
    let receiver = side_of(connection, seg).peer();
    let is_open = |side: &Side| {
        let state = connection.ends[*side].state;
        matches!(state, Established | FinWait1 | FinWait2 | CloseWait)
    };
    let knows_window = connection.ends[receiver].right_edge.is_some();
    let both_open = Side::BOTH.iter().all(is_open);
    both_open && knows_window && connection.is_in_window(seg, receiver)
}

fn is_near(connection: &Connection, seg: &Segment) -> bool {
    connection.ends[side_of(connection, seg)]
        .snd_nxt
        .is_some_and(|nxt| (seg.seq - nxt).min(nxt - seg.seq) < NEAR)
}

#[cfg(test)]
mod tests;
