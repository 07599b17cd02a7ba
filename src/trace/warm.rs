//! All that is known of a connection that is at hand: both ends, every row, and its log.

use std::net::SocketAddr;

use super::Record;
use super::log::{Befell, Log, Logged};
use super::shortened::Shortened;
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
    /// Rows that it lost.
    pub lost: usize,
    /// How often it has been warmed again, and how many rounds it still waits.
    pub warmed: u8,
    pub waits: u16,
}

impl Warm {
    /// Rows that the longest keeps at the end, at least, where there is no room.
    pub const FEWEST: usize = 16;

    /// Rows that stay of those before, at most: what the connection's story refers to.
    pub const NAMED: usize = 64;

    pub fn new(connection: Connection, without_places: bool) -> Self {
        Warm {
            connection,
            rows: Vec::new(),
            sacks: Vec::new(),
            log: Log::new(without_places),
            keeps_log: true,
            is_used: false,
            may_leave: false,
            lost: 0,
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
        (self.warmed, self.waits, self.lost) = (0, 0, 0);
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
        self.rows.len() > LONG || self.lost > 0 || self.log.octets().len() > LONG_LOG
    }

    /// Octets that it would take with so many rows at most.
    pub fn octets(&self, most: usize) -> usize {
        let rows = self.rows.len().min(most) * size_of::<Record>();
        rows + self.sacks.len().min(most) * size_of::<(u32, (Seq, Seq))>() + size_of::<Warm>()
    }

    /// Keeps the last `most` rows only, and of those before the ones with which a state changed, or which something known
    /// of the connection refers to.
    pub fn shorten(&mut self, most: usize) -> Shortened {
        let from = self.rows.len().saturating_sub(most).max(1);
        let changes = self.rows[..from].windows(2).zip(1..);
        let changes = changes.filter(|(two, _)| two[0].states != two[1].states);
        let number = |row: usize| u32::try_from(row).unwrap_or(u32::MAX);
        let named = self.connection.rows_named().into_iter();
        let named = named.filter(|row| *row < number(from));
        let mut kept: Vec<_> = changes
            .map(|(_, row)| row)
            .chain(named)
            .chain([0])
            .collect();
        kept.sort_unstable();
        kept.dedup();
        if kept.len() > Self::NAMED {
            // States that somebody has changed again and again: the first and the last of them.
            kept.drain(Self::NAMED / 2..kept.len() - Self::NAMED / 2);
        }
        let id = self.rows[0].connection;
        let shortened = Shortened::new(id, number(from), kept.clone());
        let kept_rows: Vec<_> = kept.iter().map(|row| self.rows[*row as usize]).collect();
        self.rows.splice(..from, kept_rows);
        self.rows.shrink_to_fit();
        self.sacks.retain(|(row, _)| shortened.has(*row));
        self.sacks
            .iter_mut()
            .for_each(|(row, _)| *row = shortened.row(*row));
        self.sacks.shrink_to_fit();
        self.connection.renumber(|row| shortened.row(row));
        self.log = Log::default();
        self.lost += shortened.lost();
        shortened
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

    /// Something befalls it.
    pub fn befall(&mut self, stimulus: Stimulus<'_>) -> Option<(ErrorSeen, Vec<Revision>)> {
        let shown = self.connection.undergo(stimulus);
        // An ICMP error about nothing that is outstanding changes nothing.
        let is_logged = shown.is_some() || !matches!(stimulus, Stimulus::Error(_));
        if self.keeps_log && is_logged && !self.is_long() {
            self.log.befell(Befell::of(stimulus, &self.connection));
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
