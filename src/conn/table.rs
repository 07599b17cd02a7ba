//! Which connection a segment belongs to: by its two addresses and ports, and by its numbers where
//! a port is reused.

use std::collections::HashMap;
use std::net::SocketAddr;

use super::state::PerSide;
use super::{Connection, ErrorSeen, Note, Observed, Opening, Revision, Roles, Side, State};
use crate::wire::{Flags, IcmpError, Ports, Segment};

/// Index into [`Table::connections`]; people count from 1.
pub type ConnectionId = u32;

/// How many connections back, between the same endpoints, a late segment is looked for.
const OLDER_MAX: usize = 4;

/// How far a segment may stand from what its sender last sent and still be the same connection's.
const NEAR: u32 = 1 << 24;

/// All connections, and the newest of each pair of endpoints.
#[derive(Debug, Default)]
pub struct Table {
    pub connections: Vec<Connection>,
    newest: HashMap<(SocketAddr, SocketAddr), ConnectionId, foldhash::fast::RandomState>,
    ports: Ports,
}

impl Table {
    /// `ports` decides who is the server where no SYN was captured.
    #[must_use]
    pub fn new(ports: Ports) -> Self {
        Table {
            ports,
            ..Table::default()
        }
    }

    /// Finds (or starts) the segment's connection and lets it observe the segment. `at`:
    /// nanoseconds since the Unix epoch.
    pub fn observe(&mut self, seg: &Segment, at: u64) -> (ConnectionId, Side, Observed) {
        let key = key(seg.src, seg.dst);
        let newest = self.newest.get(&key).copied();
        let (id, begun) = match newest.and_then(|id| self.owner(id, seg)) {
            Some(id) => (id, false),
            None => (self.begin(seg, newest), true),
        };
        if begun {
            self.newest.insert(key, id);
        }
        let connection = &mut self.connections[id as usize];
        let from = side_of(connection, seg);
        let mut observed = connection.observe(seg, from, at);
        if let Some(old) = newest.filter(|_| begun && seg.has(Flags::SYN)) {
            observed.notes.add(Note::PortReused);
            self.meet(old, id, seg, at);
        }
        self.replace(id, seg, at);
        (id, from, observed)
    }

    /// A new SYN meets what is left of the connection before: a TIME-WAIT that it may end
    /// (RFC 9293, 3.6.1), or a connection that answers with a challenge ACK (RFC 5961, 4).
    fn meet(&mut self, old: ConnectionId, new: ConnectionId, syn: &Segment, at: u64) {
        let old = &mut self.connections[old as usize];
        old.expire(at);
        let waits = |side: &Side| old.ends[*side].state == State::TimeWait;
        let waiting = Side::BOTH.iter().any(waits);
        let receiver = side_of(old, syn).peer();
        old.ends[receiver].challenged = true;
        self.connections[new as usize].reuses_time_wait = waiting;
    }

    /// A SYN,ACK in place of a TIME-WAIT ends that.
    fn replace(&mut self, new: ConnectionId, seg: &Segment, at: u64) {
        let connection = &self.connections[new as usize];
        let accepts = seg.has(Flags::SYN) && seg.has(Flags::ACK) && connection.reuses_time_wait;
        if let Some(old) = connection.previous.filter(|_| accepts) {
            self.connections[old as usize].end_time_wait(at);
        }
    }

    /// The newest connection between two addresses.
    #[must_use]
    pub fn newest_between(&self, a: SocketAddr, b: SocketAddr) -> Option<ConnectionId> {
        self.newest.get(&key(a, b)).copied()
    }

    /// Frames are missing, nobody knows whose.
    pub fn doubt(&mut self) {
        let open = |connection: &&mut Connection| !connection.is_over();
        self.connections
            .iter_mut()
            .filter(open)
            .for_each(Connection::doubt);
    }

    /// Ties an ICMP error to the connection whose segment it is about.
    pub fn report(
        &mut self,
        error: &IcmpError,
    ) -> Option<(ConnectionId, ErrorSeen, Vec<Revision>)> {
        let id = *self.newest.get(&key(error.src, error.dst))?;
        let (seen, revisions) = self.connections[id as usize].report(error)?;
        Some((id, seen, revisions))
    }

    /// The connection, `newest` of its endpoints or one before, that a segment continues; `None`
    /// starts one.
    fn owner(&self, newest: ConnectionId, seg: &Segment) -> Option<ConnectionId> {
        let connection = &self.connections[newest as usize];
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
        let older = |id: &ConnectionId| self.connections[*id as usize].previous;
        let fits = |id: &ConnectionId| is_near(&self.connections[*id as usize], seg);
        let chain = std::iter::successors(connection.previous, older).take(OLDER_MAX);
        match chain.into_iter().find(fits) {
            Some(old) => Some(old),
            None if connection.is_over() && seg.seq_len() > 0 && !seg.has(Flags::RST) => None,
            None => Some(newest),
        }
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
        let addresses = if client_is_sender {
            PerSide {
                client: seg.src,
                server: seg.dst,
            }
        } else {
            PerSide {
                client: seg.dst,
                server: seg.src,
            }
        };
        let mut connection = Connection::new(addresses, opening, roles, previous);
        connection.begin_with(seg);
        self.connections.push(connection);
        u32::try_from(self.connections.len() - 1)
            .expect("fewer than 2^32 connections fit in memory")
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

fn key(a: SocketAddr, b: SocketAddr) -> (SocketAddr, SocketAddr) {
    if a <= b { (a, b) } else { (b, a) }
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
