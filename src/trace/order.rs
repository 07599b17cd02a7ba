//! Whose the segments of a capture are, in its order; and which stand near a frame.

use crate::conn::ConnectionId;

/// Segments from one mark to the next.
const APART: usize = 1024;

/// Where connections may leave, the order of so many segments for each that may stay is remembered, at least.
const REMEMBERED: usize = 64;

/// The order of the segments.
#[derive(Debug, Default)]
pub struct Order {
    /// How many came before those remembered.
    forgotten: usize,
    ids: Vec<ConnectionId>,
    /// The frame numbers of the first segment remembered and of every `APART`th after it.
    marks: Vec<u32>,
}

impl Order {
    pub fn push(&mut self, id: ConnectionId, frame: u32) {
        if self.ids.len().is_multiple_of(APART) {
            self.marks.push(frame);
        }
        self.ids.push(id);
    }

    /// Whose the segments are from the `n`th on, from 0: those that are remembered.
    #[must_use]
    pub fn since(&self, n: usize) -> &[ConnectionId] {
        let from = n.saturating_sub(self.forgotten);
        self.ids.get(from..).unwrap_or_default()
    }

    /// Whose the segments are among which that of a frame stands, if it holds one.
    #[must_use]
    pub fn near(&self, frame: u32) -> &[ConnectionId] {
        let after = self.marks.partition_point(|mark| *mark <= frame);
        let from = after.saturating_sub(1) * APART;
        let to = (after * APART).min(self.ids.len());
        self.ids.get(from..to).unwrap_or_default()
    }

    /// Forgets the older half once there is twice as much as `connections` need.
    pub fn forget_beyond(&mut self, connections: usize) {
        let marks = (connections.saturating_mul(REMEMBERED) / APART).max(1);
        if self.marks.len() > 2 * marks {
            self.marks.drain(..marks);
            self.ids.drain(..marks * APART);
            self.forgotten += marks * APART;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn after_much_is_forgotten_the_newest_stand_where_they_stood() {
        let mut order = Order::default();
        for n in 0..10 * 1024 {
            order.push(n, n + 1);
        }
        order.forget_beyond(16);
        assert_eq!(order.since(10_000).first(), Some(&10_000));
        assert_eq!(order.since(0).first(), Some(&1024));
        assert!(order.near(9000).contains(&8999));
        assert!(order.since(10 * 1024).is_empty() && order.since(usize::MAX).is_empty());
    }
}
