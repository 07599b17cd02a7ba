//! Everything read so far: the connections with both ends' states after each segment, the capture's counts. Views borrow it.
//!
//! Payload and options aren't kept: they are read back from the capture file when someone looks at them. Of a connection
//! to which nothing comes any more only a log is kept (`kept.rs`): who asks for it gets it followed anew.

mod aside;
mod beside;
mod bounds;
mod cold;
mod heard;
mod kept;
mod last_asked;
mod leaving;
mod log;
mod looked_at;
pub mod numbered;
mod octets;
mod order;
mod past;
mod recent;
mod shelf;
mod shortened;
mod warm;

pub use aside::{Aside, Deed, Entry, Heard, KernelEnd, Queues, ROUTER_SAYS, Said, Word};
use beside::Besides;
pub use bounds::Bounds;
use heard::Hearing;
use kept::{Kept, Known};
use order::Order;
use recent::Recent;
pub use shortened::Shortened;

use std::collections::HashMap;
use std::net::SocketAddr;
use std::ops::{Deref, Range};

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

/// What has left a trace that has bounds.
#[derive(Debug, Default)]
pub struct Gone {
    /// Whole connections.
    pub left: Vec<ConnectionId>,
    /// Long ones that lost rows, or lines beside them. Of one connection there may be two, in the order in which they apply.
    pub shortened: Vec<Shortened>,
}

/// Everything read so far.
#[derive(Debug)]
pub struct Trace {
    table: Table<Kept>,
    /// Whose the segments are, in the order of the capture.
    order: Order,
    segments: usize,
    /// What has just left, until somebody takes it.
    gone: Gone,
    /// How many connections have left in all, and how many rows of others.
    left_in_all: usize,
    lost_rows: usize,
    /// The ICMP errors, in the order of the capture.
    errors: Recent<ErrorRecord>,
    /// What is told beside the segments, by connection.
    beside: Besides,
    /// Whether anything of it isn't an ICMP error.
    is_told: bool,
    /// Such, until the capture has ended.
    prompted: Vec<Aside>,
    /// What kernels told, until it finds its place.
    heard: Hearing,
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
            table: Table::new(ports),
            order: Order::default(),
            segments: 0,
            gone: Gone::default(),
            left_in_all: 0,
            lost_rows: 0,
            errors: Recent::default(),
            beside: Besides::default(),
            is_told: false,
            prompted: Vec::new(),
            heard: Hearing::default(),
            latest_ns: 0,
            tally: Tally::default(),
            link: None,
            fin_wait_ns: None,
            ended: None,
        }
    }

    /// An empty trace for who asks only for connections and their endings: it knows neither where frames stand in the
    /// file nor the order of segments of different connections, and takes less memory.
    #[must_use]
    pub fn of_endings(ports: Ports) -> Self {
        let mut trace = Trace::new(ports);
        trace.table.connections.past.without_places = true;
        trace
    }

    /// Takes a batch; `revised` hears of states in earlier records that a segment disproved, as
    /// they are found.
    pub fn take(&mut self, batch: &Batch, revised: impl FnMut(&Trace, ConnectionId, &Revision)) {
        self.take_share(batch, (0, 1), revised);
    }

    /// The same, but only one of so many equal shares of it.
    pub fn take_share(
        &mut self,
        batch: &Batch,
        (share, shares): (usize, usize),
        mut revised: impl FnMut(&Trace, ConnectionId, &Revision),
    ) {
        // Who wanted to look at those has done so.
        self.table.connections.cool();
        self.let_leave();
        let drops = batch.tally.dropped > self.tally.dropped;
        if drops {
            self.table.connections.doubt();
        }
        self.tally = batch.tally;
        self.link = self.link.or(batch.link);
        if self.table.connections.len() + batch.segments.len() > ConnectionId::MAX as usize {
            // Their numbers are used up; the capture file goes on.
            return;
        }
        let mut errors = batch.share_of_errors(share, shares).peekable();
        for captured in batch.share(share, shares) {
            while let Some(error) = errors.next_if(|error| error.place.frame < captured.place.frame)
            {
                self.push_error(error, &mut revised);
            }
            let (id, revisions) = self.push(captured);
            if !revisions.is_empty() {
                self.revise(id, &revisions, &mut revised);
            }
        }
        errors.for_each(|error| self.push_error(error, &mut revised));
        if drops {
            // Where in the batch they were dropped isn't known.
            self.table.connections.doubt();
        }
        self.table.connections.choose_due();
        if let Some(last) = batch.segments.last() {
            self.heard.come(last.time_ns);
        }
        self.place_heard();
    }

    /// The connections that rest before anything else is taken: looking at them costs more then.
    #[must_use]
    pub fn about_to_rest(&self) -> &[ConnectionId] {
        self.table.connections.due()
    }

    /// Lets leave what is more than may stay.
    fn let_leave(&mut self) {
        self.gone = Gone::default();
        let Some(bounds) = self.table.connections.bounds else {
            return;
        };
        while let Some(left) = self.table.connections.remove_one() {
            self.table.forget(left.id, left.addresses, left.previous);
            self.beside.remove(left.id);
            self.gone.left.push(left.id);
        }
        self.left_in_all += self.gone.left.len();
        self.table.connections.tidy();
        self.gone.shortened = self.table.connections.shorten();
        for shortened in &self.gone.shortened {
            self.lost_rows += shortened.lost();
            self.beside.shorten(shortened);
            self.heard.resets.forget(shortened.connection);
        }
        for connection in self.beside.forget_beyond(bounds.beside) {
            let shortened = Shortened::new(connection, 0, Vec::new());
            self.gone.shortened.push(shortened);
        }
        self.order.forget_beyond(bounds.finished.max(bounds.others));
        self.errors.forget_beyond(bounds.beside);
        self.renumber_errors();
        self.table.connections.befallen.forget_beyond(bounds.beside);
    }

    /// ICMP errors stand where they stood among the rows that stayed.
    fn renumber_errors(&mut self) {
        // Lines beside the segments have no say in rows.
        let cut = self.gone.shortened.iter().filter(|it| it.lost() > 0);
        let cut: HashMap<_, _> = cut.map(|it| (it.connection, it)).collect();
        if cut.is_empty() {
            return;
        }
        for error in self.errors.iter_mut() {
            if let Some(shortened) = cut.get(&error.connection) {
                error.seen.rows = shortened.row(error.seen.rows);
            }
        }
    }

    /// Keeps no more than that. Whatever leaves stays in the capture file. To be called before anything rests.
    ///
    /// # Panics
    /// If connections rest that nobody has been remembering: they couldn't leave, nor be found again.
    pub fn keep(&mut self, bounds: Bounds) {
        let kept = &self.table.connections;
        assert!(
            kept.bounds.is_some() || kept.shelf.needed() == 0,
            "bounds come first"
        );
        self.table.connections.bounds = Some(bounds);
    }

    /// This connection stays.
    pub fn hold(&mut self, id: ConnectionId) {
        self.table.connections.held = Some(id);
    }

    /// What left when the last batch was taken, once: whoever renumbers rows by it twice has wrong ones.
    pub fn take_gone(&mut self) -> Gone {
        std::mem::take(&mut self.gone)
    }

    /// How many connections have left.
    #[must_use]
    pub fn left_in_all(&self) -> usize {
        self.left_in_all
    }

    /// How many rows of a connection aren't there any more.
    #[must_use]
    pub fn lost_rows_of(&self, id: ConnectionId) -> usize {
        self.table.connections.at(id).lost
    }

    /// How many rows were lost of all connections.
    #[must_use]
    pub fn lost_rows(&self) -> usize {
        self.lost_rows
    }

    /// Whether a connection is there: it has begun, and hasn't left.
    #[must_use]
    pub fn has(&self, id: ConnectionId) -> bool {
        self.len(id) > 0
    }

    /// Corrects earlier records, and says so.
    fn revise(
        &mut self,
        id: ConnectionId,
        revisions: &[Revision],
        revised: &mut impl FnMut(&Trace, ConnectionId, &Revision),
    ) {
        self.table.connections.warm(id).revise(revisions);
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
                after: self.segments,
                connection,
                seen,
            });
            self.place_error(connection, seen, captured.time_ns);
            self.revise(connection, &revisions, revised);
        }
    }

    fn push(&mut self, captured: &Captured) -> (ConnectionId, Vec<Revision>) {
        self.latest_ns = self.latest_ns.max(captured.time_ns);
        let (id, from, observed) = self.table.observe(&captured.segment, captured.time_ns);
        self.table.connections.push(id, captured, from, &observed);
        self.segments += 1;
        if !self.table.connections.past.without_places {
            self.order.push(id, captured.place.frame);
            if captured.segment.flags.has(Flags::RST) {
                let row = self.len(id) - 1;
                self.heard.resets.push(id, row, from, captured.time_ns);
            }
        }
        (id, observed.revisions)
    }

    /// Whether a connection rests: nothing has come to it since it was `about_to_rest`.
    #[must_use]
    pub fn rests(&self, id: ConnectionId) -> bool {
        self.table.connections.rests(id)
    }

    /// Octets that the connections at rest take.
    #[must_use]
    pub fn octets_at_rest(&self) -> usize {
        self.table.connections.shelf.needed()
    }

    /// Whether what there is of long connections has room within the bounds: where any number of connections may stay, none
    /// leaves for want of it.
    #[must_use]
    pub fn has_room_for_long(&self) -> bool {
        self.table.connections.has_room_for_long()
    }

    /// Lets every connection rest: memory is given back, and who looks at one waits until it is followed anew.
    pub fn rest(&mut self) {
        self.table.connections.rest();
    }

    /// The connections' numbers.
    #[must_use]
    pub fn ids(&self) -> Range<ConnectionId> {
        0..ConnectionId::try_from(self.table.connections.len()).unwrap_or(ConnectionId::MAX)
    }

    /// A connection, as known now.
    #[must_use]
    pub fn connection(&self, id: ConnectionId) -> impl Deref<Target = Connection> {
        TheConnection(self.table.connections.at(id))
    }

    /// Between which addresses a connection is: known of one at rest, too.
    #[must_use]
    pub fn addresses(&self, id: ConnectionId) -> PerSide<SocketAddr> {
        self.table.connections.addresses(id)
    }

    /// How many segments have been read.
    #[must_use]
    pub fn segments(&self) -> usize {
        self.segments
    }

    /// Whose the segments are from the `n`th on, from 0, in the order of the capture. Where connections leave, the oldest
    /// aren't remembered.
    #[must_use]
    pub fn order_since(&self, n: usize) -> &[ConnectionId] {
        self.order.since(n)
    }

    /// Connections that changed without a segment of their own, by an ICMP error, or because another took their ports:
    /// those from the `n`th on, from 0, of which the oldest aren't remembered where connections leave.
    #[must_use]
    pub fn befallen_since(&self, n: usize) -> &[ConnectionId] {
        self.table.connections.befallen.since(n)
    }

    /// How many there have been.
    #[must_use]
    pub fn befallen(&self) -> usize {
        self.table.connections.befallen.len()
    }

    /// The ICMP errors, in the order of the capture: the latest, where connections leave.
    #[must_use]
    pub fn errors(&self) -> &[ErrorRecord] {
        self.errors.since(0)
    }

    /// The same from the `n`th on, from 0.
    #[must_use]
    pub fn errors_since(&self, n: usize) -> &[ErrorRecord] {
        self.errors.since(n)
    }

    /// How many there have been.
    #[must_use]
    pub fn errors_in_all(&self) -> usize {
        self.errors.len()
    }

    /// Every segment, in the order of the capture; of one in which no connection leaves.
    pub fn records(&self) -> impl Iterator<Item = Record> {
        let mut rows = vec![0; self.ids().len()];
        self.order_since(0).iter().map(move |&id| {
            let row = &mut rows[id as usize];
            *row += 1;
            self.row(id, *row - 1)
        })
    }

    /// The number of the last frame that holds a segment; 0 if there is none.
    #[must_use]
    pub fn last_frame(&self) -> u32 {
        let last = self.order_since(0).last();
        let newest = last
            .filter(|id| self.has(**id))
            .map(|id| self.row(*id, self.len(*id) - 1));
        newest.map_or(0, |record| record.place.frame)
    }

    /// The connection and row (from 0) of a frame that holds one of the segments.
    #[must_use]
    pub fn find_frame(&self, frame: u32) -> Option<(ConnectionId, usize)> {
        let mut near = self.order.near(frame).to_vec();
        near.sort_unstable();
        near.dedup();
        near.into_iter().find_map(|id| {
            let known = self.table.connections.at(id);
            let frames = |record: &Record| record.place.frame;
            let row = known.rows.binary_search_by_key(&frame, frames).ok()?;
            Some((id, row))
        })
    }

    /// The newest connection between two addresses, and which of its sides is at `local`.
    #[must_use]
    pub fn newest_between(
        &self,
        local: SocketAddr,
        remote: SocketAddr,
    ) -> Option<(ConnectionId, Side)> {
        let id = self.table.newest_between(local, remote)?;
        let is_client = self.connection(id).addresses.client == local;
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
        self.settle_heard(now_ns);
    }

    /// The same for what kernels told only: it comes into its place, but the connections' clock stands still.
    pub fn settle_heard(&mut self, now_ns: u64) {
        self.heard.pass(now_ns);
        self.place_heard();
    }

    /// Why not everything is there, in one sentence, if so.
    #[must_use]
    pub fn breaks_off(&self) -> Option<&str> {
        self.ended.as_ref()?.why()
    }

    /// A connection's number of segments; 0 if there is no such connection.
    #[must_use]
    pub fn len(&self, connection: ConnectionId) -> usize {
        self.table.connections.rows(connection)
    }

    /// Whether no segment has been read.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.segments == 0
    }

    /// Row `row` (from 0) of a connection.
    #[must_use]
    pub fn row(&self, connection: ConnectionId, row: usize) -> Record {
        self.table.connections.at(connection).rows[row]
    }

    /// The first SACK block of row `row`, `[from, to)`, if it has one (RFC 2018, RFC 2883).
    #[must_use]
    pub fn sack(&self, connection: ConnectionId, row: usize) -> Option<(Seq, Seq)> {
        let known = self.table.connections.at(connection);
        let at = |(at, _): &(u32, (Seq, Seq))| *at as usize;
        let found = known.sacks.binary_search_by_key(&row, at);
        found.ok().map(|at| known.sacks[at].1)
    }

    /// The rows of a connection, in order.
    pub fn rows_of(&self, connection: ConnectionId) -> impl Iterator<Item = Record> {
        let known = self.table.connections.at(connection);
        (0..known.rows.len()).map(move |row| known.rows[row])
    }

    /// The frames of a connection in the order of the capture, with when each came (nanoseconds since the Unix epoch):
    /// its segments, and the ICMP errors about it.
    #[must_use]
    pub fn frames_of(&self, connection: ConnectionId) -> Vec<(u64, Place)> {
        let segments = self.rows_of(connection);
        let segments = segments.map(|record| (record.time_ns, record.place));
        let about_it = |error: &&ErrorRecord| error.connection == connection;
        let errors = self.errors().iter().filter(about_it);
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
            None => self.connection(connection).initial,
        }
    }

    /// A sequence number of `side` relative to where its counting began (modulo 2^32, as tcpdump
    /// prints it).
    #[must_use]
    pub fn relative(&self, connection: ConnectionId, side: Side, seq: Seq) -> u32 {
        match self.connection(connection).ends[side].zero {
            Some(zero) => seq - zero,
            None => seq.0,
        }
    }
}

/// A connection that is looked at.
struct TheConnection<'a>(Known<'a>);

impl Deref for TheConnection<'_> {
    type Target = Connection;

    fn deref(&self) -> &Connection {
        &self.0.connection
    }
}
