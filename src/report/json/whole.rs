//! The lines of a capture that has ended, in chunks that can be put together at the same time: segments in the order of the
//! capture, states as they are finally known; then the connections.

use std::ops::Range;

use super::lines::{self, line};
use super::segment::segment;
use crate::conn::ConnectionId;
use crate::trace::Trace;

/// Segments, or connections, of a chunk.
const SEGMENTS: usize = 4096;
const CONNECTIONS: usize = 256;

/// The lines of a capture.
pub struct Whole<'a> {
    trace: &'a Trace,
    source: &'a str,
    wanted: Option<ConnectionId>,
    /// For each segment, in the order of the capture, its row in its connection.
    rows: Vec<u32>,
}

impl<'a> Whole<'a> {
    /// `wanted` limits the lines to one connection.
    #[must_use]
    pub fn new(trace: &'a Trace, source: &'a str, wanted: Option<ConnectionId>) -> Self {
        let mut next = vec![0; trace.ids().len()];
        let row = |id: &ConnectionId| {
            let next = &mut next[*id as usize];
            *next += 1;
            *next - 1
        };
        Whole {
            rows: trace.order_since(0).iter().map(row).collect(),
            trace,
            source,
            wanted,
        }
    }

    /// How many chunks there are.
    #[must_use]
    pub fn chunks(&self) -> usize {
        self.segment_chunks() + self.trace.ids().len().div_ceil(CONNECTIONS)
    }

    /// At least one: the first line is in it.
    fn segment_chunks(&self) -> usize {
        self.rows.len().div_ceil(SEGMENTS).max(1)
    }

    /// Appends the lines of a chunk, counted from 0.
    pub fn write(&self, chunk: usize, out: &mut Vec<u8>) {
        if chunk == 0 {
            line(out, &lines::capture(self.trace, self.source, false));
        }
        match chunk.checked_sub(self.segment_chunks()) {
            None => self.segments(part(chunk, SEGMENTS, self.rows.len()), out),
            Some(chunk) => {
                let ids = part(chunk, CONNECTIONS, self.trace.ids().len());
                self.connections(ids, out);
            }
        }
    }

    fn segments(&self, indices: Range<usize>, out: &mut Vec<u8>) {
        let is_last = indices.end == self.rows.len();
        let errors = self.trace.errors();
        let before = errors.partition_point(|error| error.after < indices.start);
        let mut errors = errors[before..].iter().peekable();
        let whose = self.trace.order_since(indices.start);
        for (index, id) in indices.zip(whose) {
            while let Some(error) = errors.next_if(|error| error.after <= index) {
                if self.wants(error.connection) {
                    line(out, &lines::icmp(error));
                }
            }
            let row = self.rows[index];
            self.asides(*id, row, out);
            if self.wants(*id) {
                let record = self.trace.row(*id, row as usize);
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

/// The part with a number, of parts of this size.
fn part(number: usize, size: usize, all: usize) -> Range<usize> {
    (number * size).min(all)..((number + 1) * size).min(all)
}
