//! The lines of a capture that has ended, in chunks that can be put together at the same time: segments in the order of the
//! capture, states as they are finally known; then the connections.

use std::ops::Range;

use super::lines::{self, line};
use super::segment::segment;
use crate::conn::ConnectionId;
use crate::report::in_order::{InOrder, part};
use crate::trace::Trace;

/// Connections of a chunk.
const CONNECTIONS: usize = 256;

/// The lines of a capture.
pub struct Whole<'a> {
    trace: &'a Trace,
    source: &'a str,
    wanted: Option<ConnectionId>,
    order: InOrder<'a>,
}

impl<'a> Whole<'a> {
    /// `wanted` limits the lines to one connection.
    #[must_use]
    pub fn new(trace: &'a Trace, source: &'a str, wanted: Option<ConnectionId>) -> Self {
        Whole {
            order: InOrder::new(trace),
            trace,
            source,
            wanted,
        }
    }

    /// How many chunks there are.
    #[must_use]
    pub fn chunks(&self) -> usize {
        self.order.chunks() + self.trace.ids().len().div_ceil(CONNECTIONS)
    }

    /// Appends the lines of a chunk, counted from 0.
    pub fn write(&self, chunk: usize, out: &mut Vec<u8>) {
        if chunk == 0 {
            line(out, &lines::capture(self.trace, self.source, false));
        }
        match chunk.checked_sub(self.order.chunks()) {
            None => self.segments(self.order.chunk(chunk), out),
            Some(chunk) => {
                let ids = part(chunk, CONNECTIONS, self.trace.ids().len());
                self.connections(ids, out);
            }
        }
    }

    fn segments(&self, indices: Range<usize>, out: &mut Vec<u8>) {
        let is_last = indices.end == self.order.len();
        let errors = self.trace.errors();
        let before = errors.partition_point(|error| error.after < indices.start);
        let mut errors = errors[before..].iter().peekable();
        let segments = self.order.segments(indices.clone());
        for (index, (id, row)) in indices.zip(segments) {
            while let Some(error) = errors.next_if(|error| error.after <= index) {
                if self.wants(error.connection) {
                    line(out, &lines::icmp(error));
                }
            }
            self.asides(id, row, out);
            if self.wants(id) {
                let record = self.trace.row(id, row as usize);
                segment(out, self.trace, &record);
            }
        }
        if is_last {
            for error in errors.filter(|error| self.wants(error.connection)) {
                line(out, &lines::icmp(error));
            }
            for id in self.trace.ids() {
                let rows = u32::try_from(self.trace.len(id)).unwrap_or(u32::MAX);
                self.asides(id, rows, out);
            }
        }
    }

    /// What is told beside a connection's segments, before the one in a row.
    fn asides(&self, id: ConnectionId, row: u32, out: &mut Vec<u8>) {
        if self.wants(id) {
            let here = self.trace.asides_before(id, row).iter();
            for told in here.filter_map(|aside| lines::aside(self.trace, aside)) {
                line(out, &told);
            }
        }
    }

    fn connections(&self, ids: Range<usize>, out: &mut Vec<u8>) {
        let ids = ids.filter_map(|id| ConnectionId::try_from(id).ok());
        for id in ids.filter(|id| self.wants(*id)) {
            line(out, &lines::connection(self.trace, id));
        }
    }

    fn wants(&self, id: ConnectionId) -> bool {
        self.wanted.is_none_or(|wanted| wanted == id)
    }
}
