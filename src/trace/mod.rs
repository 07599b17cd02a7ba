//! Everything read so far: the connections with both ends' states after each segment, the capture's counts. Views borrow it.
//! Here a trace takes what is read; what is asked of it stands in `look.rs`.
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
mod look;
mod looked_at;
pub mod numbered;
mod octets;
mod order;
mod past;
mod recent;
mod record;
mod shelf;
mod shortened;
mod warm;

pub use aside::{Aside, Deed, Entry, Heard, KernelEnd, Queues, ROUTER_SAYS, Said, Word};
use beside::Besides;
pub use bounds::Bounds;
use heard::Hearing;
use kept::Kept;
pub use leaving::Gone;
use order::Order;
use recent::Recent;
pub use record::{ErrorRecord, Record};
pub use shortened::Shortened;

use crate::conn::{ConnectionId, Revision, Table};
use crate::wire::{Batch, Captured, CapturedError, Ended, Flags, LinkType, Ports, Tally};

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
    /// Whether the lab tells of its wire.
    is_played: bool,
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
            is_played: false,
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

    /// Lets every connection rest: memory is given back, and who looks at one waits until it is followed anew.
    pub fn rest(&mut self) {
        self.table.connections.rest();
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
}
