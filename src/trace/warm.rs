//! All that is known of a connection that is at hand: both ends, every row, and its log.

use std::net::SocketAddr;

use super::Record;
use super::log::{Befell, Log, Logged};
use crate::conn::state::PerSide;
use crate::conn::{
    Connection, ConnectionId, ErrorSeen, Observed, Opening, Revision, Roles, Stimulus,
};
use crate::wire::Seq;

/// A connection of more rows than this stays warm: nobody should wait until it is followed anew.
const LONG: usize = 256;

/// The same for a log of more octets than this: rows with many options, or much that befell it.
const LONG_LOG: usize = 64 * LONG;

/// All that is known of a connection.
#[derive(Clone, Debug)]
pub struct Warm {
    pub connection: Connection,
    pub rows: Vec<Record>,
    /// The first SACK block of those rows that have one: few have.
    pub sacks: Vec<(u32, (Seq, Seq))>,
    pub log: Log,
    /// Of one that is only looked at the log lies elsewhere.
    keeps_log: bool,
    /// It was asked for since it was looked after.
    pub is_used: bool,
    /// It is long, and among those that may leave.
    pub may_leave: bool,
    /// How often it has been warmed again, and how many rounds it still waits.
    pub warmed: u8,
    pub waits: u16,
}

impl Warm {
    pub fn new(connection: Connection, without_places: bool) -> Self {
        Warm {
            connection,
            rows: Vec::new(),
            sacks: Vec::new(),
            log: Log::new(without_places),
            keeps_log: true,
            is_used: false,
            may_leave: false,
            warmed: 0,
            waits: 0,
        }
    }

    /// Nobody's, until another one begins: rows are kept, and no log.
    pub fn to_look_at() -> Self {
        Warm {
            keeps_log: false,
            ..Warm::new(nobodys(), false)
        }
    }

    /// Begins another connection in the same memory.
    pub fn begin(&mut self, connection: Connection) {
        self.connection = connection;
        self.rows.clear();
        self.sacks.clear();
        self.log.clear();
        (self.is_used, self.may_leave) = (false, false);
        (self.warmed, self.waits) = (0, 0);
    }

    /// Keeps a segment that the connection has observed.
    pub fn push(&mut self, id: ConnectionId, it: &Logged, observed: &Observed) {
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
        if !self.keeps_log {
            return;
        }
        if !self.is_long() {
            self.log.segment(it);
        } else if self.rows.len() == LONG + 1 {
            self.log = Log::default();
        }
    }

    /// Whether it never rests.
    pub fn is_long(&self) -> bool {
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

    /// Something befalls it; `error` is the index of an ICMP error in the trace.
    pub fn befall(
        &mut self,
        stimulus: Stimulus<'_>,
        error: u32,
    ) -> Option<(ErrorSeen, Vec<Revision>)> {
        let shown = self.connection.undergo(stimulus);
        // An ICMP error about nothing that is outstanding changes nothing.
        let is_logged = shown.is_some() || !matches!(stimulus, Stimulus::Error(_));
        if self.keeps_log && is_logged && !self.is_long() {
            self.log.befell(Befell::of(stimulus, error));
        }
        shown
    }
}

/// What is known of a connection that has left: nothing.
pub fn nobodys() -> Connection {
    let nowhere = SocketAddr::from(([0; 4], 0));
    let addresses = PerSide {
        client: nowhere,
        server: nowhere,
    };
    Connection::new(addresses, Opening::Midway, Roles::Guessed, None)
}
