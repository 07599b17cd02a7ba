//! The segments of a capture that has ended, in its order, in chunks: text of several can be made at the same time.

use std::collections::HashMap;
use std::ops::Range;

use crate::conn::ConnectionId;
use crate::trace::Trace;

/// Segments of a chunk.
const SEGMENTS: usize = 4096;

/// For each segment, in the order of the capture, its row in its connection; `GONE` if it has left the trace.
pub(super) struct InOrder<'a> {
    trace: &'a Trace,
    rows: Vec<u32>,
}

const GONE: u32 = u32::MAX;

impl<'a> InOrder<'a> {
    pub fn new(trace: &'a Trace) -> Self {
        let some_left = trace.left_in_all() > 0 || trace.lost_rows() > 0;
        let rows = if some_left {
            rows_from_the_end(trace)
        } else {
            let mut next = vec![0; trace.ids().len()];
            let row = |id: &ConnectionId| {
                let next = &mut next[*id as usize];
                *next += 1;
                *next - 1
            };
            trace.order_since(0).iter().map(row).collect()
        };
        InOrder { trace, rows }
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
        let all = whose.zip(self.rows[indices].iter().copied());
        all.filter(|(_, row)| *row != GONE)
    }

    pub fn len(&self) -> usize {
        self.rows.len()
    }
}

/// The rows of a trace that something has left: the oldest.
fn rows_from_the_end(trace: &Trace) -> Vec<u32> {
    let order = trace.order_since(0);
    let mut rows = vec![GONE; order.len()];
    let mut left: HashMap<ConnectionId, usize> = HashMap::new();
    for (row, id) in rows.iter_mut().zip(order).rev() {
        let left = left.entry(*id).or_insert_with(|| trace.len(*id));
        if let Some(before) = left.checked_sub(1) {
            *left = before;
            *row = u32::try_from(before).unwrap_or(GONE);
        }
    }
    rows
}

/// The part with a number, of parts of this size.
pub(super) fn part(number: usize, size: usize, all: usize) -> Range<usize> {
    (number * size).min(all)..((number + 1) * size).min(all)
}
