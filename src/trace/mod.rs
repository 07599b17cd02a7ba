//! Everything read so far: a compact record per segment, the connections, the capture's counts.
//! Views borrow it.
//!
//! Payload and options aren't kept: they are read back from the capture file when someone looks at
//! them.

mod aside;
mod beside;

pub use aside::{Aside, Entry, KernelEnd, ROUTER_SAYS, Said};
use beside::Beside;

use std::net::SocketAddr;

use crate::conn::state::PerSide;
use crate::conn::{
    Certainty, Connection, ConnectionId, ErrorSeen, Notes, Revision, Side, State, Table,
};
use crate::wire::{
    Batch, Captured, CapturedError, Ended, Flags, Frame, LinkType, Place, Ports, Seq, Tally,
};

/// One segment of the trace, and both ends after it.
#[derive(Clone, Copy, Debug)]
pub struct Record {
    /// Nanoseconds since the Unix epoch.
    pub time_ns: u64,
    pub place: Place,
    pub connection: ConnectionId,
    pub from: Side,
    pub flags: Flags,
    pub seq: Seq,
    pub ack: Seq,
    pub len: u32,
    pub wnd: u16,
    pub notes: Notes,
    pub states: PerSide<State>,
    pub certainty: PerSide<Certainty>,
}

impl Record {
    /// Its frame, from octets that were read back from the capture.
    #[must_use]
    pub fn frame<'a>(&self, octets: &'a [u8]) -> Frame<'a> {
        Frame {
            number: self.place.frame,
            time_ns: self.time_ns,
            link: self.place.link,
            offset: self.place.offset,
            wire_len: self.place.wire_len,
            data: octets,
        }
    }

    /// The weaker of the two ends' certainties.
    #[must_use]
    pub fn weakest(&self) -> Certainty {
        self.certainty.client.max(self.certainty.server)
    }
}

/// An ICMP error about a segment of the trace.
#[derive(Clone, Copy, Debug)]
pub struct ErrorRecord {
    /// Nanoseconds since the Unix epoch.
    pub time_ns: u64,
    pub place: Place,
    /// How many records came before it.
    pub after: usize,
    pub connection: ConnectionId,
    pub seen: ErrorSeen,
}

/// Everything read so far.
#[derive(Debug)]
pub struct Trace {
    pub records: Vec<Record>,
    /// The ICMP errors, in the order of the capture.
    pub errors: Vec<ErrorRecord>,
    /// What is told beside the segments, by connection.
    beside: Vec<Beside>,
    /// Whether anything of it isn't an ICMP error.
    is_told: bool,
    /// Such, until the capture has ended.
    prompted: Vec<Aside>,
    /// The first SACK block of those records that have one, by their indices: few have.
    sacks: Vec<(u32, (Seq, Seq))>,
    /// For each connection, the indices of its records, in order.
    rows: Vec<Vec<u32>>,
    table: Table,
    /// The latest time of anything captured.
    latest_ns: u64,
    pub tally: Tally,
    /// The link type of the first frame.
    pub link: Option<LinkType>,
    /// How long a closed socket is known to wait in FIN-WAIT-2, in nanoseconds: only the lab knows.
    pub fin_wait_ns: Option<u64>,
    /// Set once the source has ended.
    pub ended: Option<Ended>,
}

impl Trace {
    /// An empty trace; `ports` helps to tell client from server where no SYN was captured.
    #[must_use]
    pub fn new(ports: Ports) -> Self {
        Trace {
            records: Vec::new(),
            errors: Vec::new(),
            beside: Vec::new(),
            is_told: false,
            prompted: Vec::new(),
            sacks: Vec::new(),
            rows: Vec::new(),
            table: Table::new(ports),
            latest_ns: 0,
            tally: Tally::default(),
            link: None,
            fin_wait_ns: None,
            ended: None,
        }
    }

    /// Takes a batch; `revised` hears of states in earlier records that a segment disproved, as
    /// they are found.
    pub fn take(
        &mut self,
        batch: &Batch,
        mut revised: impl FnMut(&Trace, ConnectionId, &Revision),
    ) {
        let drops = batch.tally.dropped > self.tally.dropped;
        if drops {
            self.table.doubt();
        }
        self.tally = batch.tally;
        self.link = self.link.or(batch.link);
        let mut errors = batch.errors.iter().peekable();
        for captured in &batch.segments {
            while let Some(error) = errors.next_if(|error| error.place.frame < captured.place.frame)
            {
                self.push_error(error, &mut revised);
            }
            let (id, revisions) = self.push(captured);
            self.revise(id, &revisions, &mut revised);
        }
        errors.for_each(|error| self.push_error(error, &mut revised));
        if drops {
            // Where in the batch they were dropped isn't known.
            self.table.doubt();
        }
    }

    /// Corrects earlier records, and says so.
    fn revise(
        &mut self,
        id: ConnectionId,
        revisions: &[Revision],
        revised: &mut impl FnMut(&Trace, ConnectionId, &Revision),
    ) {
        for revision in revisions {
            for &row in &self.rows[id as usize][revision.from as usize..revision.to as usize] {
                let state = &mut self.records[row as usize].states[revision.side];
                *state = revision.correction.of(*state);
            }
        }
        for revision in revisions {
            revised(self, id, revision);
        }
    }

    fn push_error(
        &mut self,
        captured: &CapturedError,
        revised: &mut impl FnMut(&Trace, ConnectionId, &Revision),
    ) {
        self.latest_ns = self.latest_ns.max(captured.time_ns);
        if let Some((connection, seen, revisions)) = self.table.report(&captured.error) {
            self.errors.push(ErrorRecord {
                time_ns: captured.time_ns,
                place: captured.place,
                after: self.records.len(),
                connection,
                seen,
            });
            self.place_error(connection, seen, captured.time_ns);
            self.revise(connection, &revisions, revised);
        }
    }

    fn push(&mut self, captured: &Captured) -> (ConnectionId, Vec<Revision>) {
        let seg = &captured.segment;
        self.latest_ns = self.latest_ns.max(captured.time_ns);
        let (id, from, observed) = self.table.observe(seg, captured.time_ns);
        self.rows
            .resize_with(self.table.connections.len(), Vec::new);
        let index =
            u32::try_from(self.records.len()).expect("fewer than 2^32 segments fit in memory");
        self.rows[id as usize].push(index);
        self.sacks.extend(seg.told.sack.map(|block| (index, block)));
        self.records.push(Record {
            time_ns: captured.time_ns,
            place: captured.place,
            connection: id,
            from,
            flags: seg.flags,
            seq: seg.seq,
            ack: seg.ack,
            len: seg.len,
            wnd: seg.wnd,
            notes: observed.notes,
            states: observed.states,
            certainty: observed.certainty,
        });
        (id, observed.revisions)
    }

    #[must_use]
    pub fn connections(&self) -> &[Connection] {
        &self.table.connections
    }

    /// The newest connection between two addresses, and which of its sides is at `local`.
    #[must_use]
    pub fn newest_between(
        &self,
        local: SocketAddr,
        remote: SocketAddr,
    ) -> Option<(ConnectionId, Side)> {
        let id = self.table.newest_between(local, remote)?;
        let is_client = self.connections()[id as usize].addresses.client == local;
        Some((
            id,
            if is_client {
                Side::Client
            } else {
                Side::Server
            },
        ))
    }

    /// When the trace ends so far, in nanoseconds since the Unix epoch: the latest time captured, or what was told since
    /// then of the time that passes (`pass`).
    #[must_use]
    pub fn now_ns(&self) -> u64 {
        self.latest_ns
    }

    /// Time has passed without anything being captured, to so many nanoseconds since the Unix epoch.
    pub fn pass(&mut self, now_ns: u64) {
        self.latest_ns = self.latest_ns.max(now_ns);
    }

    /// Why not everything is there, in one sentence, if so.
    #[must_use]
    pub fn breaks_off(&self) -> Option<&str> {
        self.ended.as_ref()?.why()
    }

    /// A connection's number of segments.
    #[must_use]
    pub fn len(&self, connection: ConnectionId) -> usize {
        self.rows[connection as usize].len()
    }

    /// Whether no segment has been read.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.records.is_empty()
    }

    /// Row `row` (from 0) of a connection.
    #[must_use]
    pub fn row(&self, connection: ConnectionId, row: usize) -> &Record {
        &self.records[self.rows[connection as usize][row] as usize]
    }

    /// The first SACK block of row `row`, `[from, to)`, if it has one (RFC 2018, RFC 2883).
    #[must_use]
    pub fn sack(&self, connection: ConnectionId, row: usize) -> Option<(Seq, Seq)> {
        let index = self.rows[connection as usize][row];
        let found = self.sacks.binary_search_by_key(&index, |(index, _)| *index);
        found.ok().map(|at| self.sacks[at].1)
    }

    /// The rows of a connection, in order.
    pub fn rows_of(&self, connection: ConnectionId) -> impl Iterator<Item = &Record> {
        self.rows[connection as usize]
            .iter()
            .map(|&index| &self.records[index as usize])
    }

    /// The frames of a connection in the order of the capture, with when each came (nanoseconds since the Unix epoch):
    /// its segments, and the ICMP errors about it.
    #[must_use]
    pub fn frames_of(&self, connection: ConnectionId) -> Vec<(u64, Place)> {
        let segments = self.rows_of(connection);
        let segments = segments.map(|record| (record.time_ns, record.place));
        let about_it = |error: &&ErrorRecord| error.connection == connection;
        let errors = self.errors.iter().filter(about_it);
        let errors = errors.map(|error| (error.time_ns, error.place));
        let mut frames: Vec<_> = segments.chain(errors).collect();
        frames.sort_by_key(|(_, place)| place.frame);
        frames
    }

    /// The states before row `row`: those after the row above it, or the connection's first.
    #[must_use]
    pub fn states_before(&self, connection: ConnectionId, row: usize) -> PerSide<State> {
        match row.checked_sub(1) {
            Some(above) => self.row(connection, above).states,
            None => self.connections()[connection as usize].initial,
        }
    }

    /// A sequence number of `side` relative to where its counting began (modulo 2^32, as tcpdump
    /// prints it).
    #[must_use]
    pub fn relative(&self, connection: ConnectionId, side: Side, seq: Seq) -> u32 {
        match self.connections()[connection as usize].ends[side].zero {
            Some(zero) => seq - zero,
            None => seq.0,
        }
    }
}
