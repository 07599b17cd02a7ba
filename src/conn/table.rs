//! Which connection a segment belongs to: by its two addresses and ports, and by its numbers where
//! a port is reused.

use std::collections::HashMap;
use std::net::SocketAddr;

use super::state::PerSide;
use super::{Connection, Note, Observed, Opening, Roles, Side, State};
use crate::wire::{Flags, Ports, Segment};

/// Index into [`Table::connections`]; people count from 1.
pub type ConnectionId = u32;

/// How far a segment may stand from what its sender last sent and still be the same connection's.
const NEAR: u32 = 1 << 30;

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

    /// Finds (or starts) the segment's connection and lets it observe the segment.
    pub fn observe(&mut self, seg: &Segment) -> (ConnectionId, Side, Observed) {
        let key = if seg.src <= seg.dst {
            (seg.src, seg.dst)
        } else {
            (seg.dst, seg.src)
        };
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
        let mut observed = connection.observe(seg, from);
        if begun && newest.is_some() && seg.has(Flags::SYN) {
            observed.notes.add(Note::PortReused);
        }
        (id, from, observed)
    }

    /// The connection, `newest` of its endpoints or the one before, that a segment continues;
    /// `None` starts one.
    fn owner(&self, newest: ConnectionId, seg: &Segment) -> Option<ConnectionId> {
        let connection = &self.connections[newest as usize];
        if seg.has(Flags::SYN) {
            return continues_opening(connection, seg).then_some(newest);
        }
        // While a new connection has only its SYN, what doesn't answer that SYN is the old
        // connection's.
        let previous = connection.previous.filter(|_| {
            let client = &connection.ends.client;
            let answers_syn = seg.src == connection.addresses.server
                && seg.ack_seq().is_some()
                && seg.ack_seq() == client.snd_nxt;
            client.state == State::SynSent && !answers_syn
        });
        Some(match previous {
            Some(old) if is_near(&self.connections[old as usize], seg) => old,
            _ => newest,
        })
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
        if seg.has(Flags::SYN) && opening == Opening::Midway {
            // A SYN,ACK tells what must have come before it.
            connection.initial = PerSide {
                client: State::SynSent,
                server: State::SynReceived,
            };
            connection.ends.client.state = State::SynSent;
            connection.ends.server.state = State::SynReceived;
        }
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

fn side_of(connection: &Connection, seg: &Segment) -> Side {
    if seg.src == connection.addresses.client {
        Side::Client
    } else {
        Side::Server
    }
}

/// Whether a SYN (with or without ACK) belongs to a connection that exists: its own SYN again, or
/// the answer to it.
fn continues_opening(connection: &Connection, seg: &Segment) -> bool {
    let sender = &connection.ends[side_of(connection, seg)];
    match sender.iss {
        Some(iss) => iss == seg.seq && !connection.is_over(),
        // A SYN,ACK whose SYN is here; or the other SYN of a simultaneous open.
        None => {
            let opening = matches!(
                connection.ends.client.state,
                State::SynSent | State::SynReceived
            );
            connection.opening == Opening::Seen && opening
        }
    }
}

fn is_near(connection: &Connection, seg: &Segment) -> bool {
    connection.ends[side_of(connection, seg)]
        .snd_nxt
        .is_some_and(|nxt| (seg.seq - nxt).min(nxt - seg.seq) < NEAR)
}
