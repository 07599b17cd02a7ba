//! What a trace keeps at most of a capture that may go on for ever: docs/memory.md tells what all of it comes to.

use super::warm::Warm;

/// Octets of what rests, for each connection that may stay: some forty segments.
const LOG: usize = 640;

/// Octets of the rows of long connections.
const ROWS: usize = 128 << 20;

/// ICMP errors, and lines beside the segments.
const BESIDE: usize = 1 << 16;

/// What is kept at most. What leaves stays in the capture file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// Connections that are over, or were never answered: those that have rested longest leave.
    pub finished: usize,
    /// All others: those to which nothing came for longest leave, which may be half-open ones or such that stay open.
    pub others: usize,
    /// Octets of logs of connections that rest; beyond that they leave, too, finished ones first.
    pub logs: usize,
    /// Octets of rows of long connections; beyond that they lose their oldest rows.
    pub rows: usize,
    /// ICMP errors, and as many lines beside the segments, at least; never more than twice that.
    pub beside: usize,
}

impl Bounds {
    /// No bounds at all.
    pub const NONE: Bounds = Bounds {
        finished: usize::MAX,
        others: usize::MAX,
        logs: usize::MAX,
        rows: usize::MAX,
        beside: usize::MAX,
    };

    /// So many finished connections, and as many others.
    #[must_use]
    pub fn of(connections: usize) -> Bounds {
        Bounds {
            finished: connections,
            others: connections,
            logs: connections.saturating_mul(LOG),
            rows: ROWS,
            beside: BESIDE,
        }
    }

    /// Those of one of so many traces that share the room.
    #[must_use]
    pub fn share(self, shares: usize) -> Bounds {
        Bounds {
            finished: self.finished / shares,
            others: self.others / shares,
            logs: self.logs / shares,
            rows: self.rows / shares,
            beside: self.beside / shares,
        }
    }

    /// Long connections, which are always at hand: no more than half of the others, nor than there is room for with as few rows
    /// each as a cut leaves.
    pub(super) fn long(&self) -> usize {
        (self.others / 2).min(self.rows / Warm::SHORTEST)
    }
}
