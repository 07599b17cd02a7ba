//! The segments of a capture that has ended, in its order, in chunks: text of several can be made at the same time.

use std::ops::Range;

use crate::conn::ConnectionId;
use crate::trace::Trace;

/// Segments of a chunk.
const SEGMENTS: usize = 4096;

/// For each segment, in the order of the capture, its row in its connection.
pub(super) struct InOrder<'a> {
    trace: &'a Trace,
    rows: Vec<u32>,
}

impl<'a> InOrder<'a> {
    pub fn new(trace: &'a Trace) -> Self {
        let mut next = vec![0; trace.ids().len()];
        let row = |id: &ConnectionId| {
            let next = &mut next[*id as usize];
            *next += 1;
            *next - 1
        };
        InOrder {
            rows: trace.order_since(0).iter().map(row).collect(),
            trace,
        }
    }

    /// At least one.
    pub fn chunks(&self) -> usize {
        self.rows.len().div_ceil(SEGMENTS).max(1)
    }

    /// Which segments are in the chunk with this number, from 0.
    pub fn chunk(&self, number: usize) -> Range<usize> {
        part(number, SEGMENTS, self.rows.len())
    }

    /// The connection of each of these segments, and its row there.
    pub fn segments(&self, indices: Range<usize>) -> impl Iterator<Item = (ConnectionId, u32)> {
        let whose = self.trace.order_since(indices.start).iter().copied();
        whose.zip(self.rows[indices].iter().copied())
    }

    pub fn len(&self) -> usize {
        self.rows.len()
    }
}

/// The part with a number, of parts of this size.
pub(super) fn part(number: usize, size: usize, all: usize) -> Range<usize> {
    (number * size).min(all)..((number + 1) * size).min(all)
}
