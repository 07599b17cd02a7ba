//! Whose the segments of a capture are, in its order; and which stand near a frame.

use crate::conn::ConnectionId;

/// Segments from one mark to the next.
const APART: usize = 1024;

/// The order of the segments.
#[derive(Debug, Default)]
pub struct Order {
    ids: Vec<ConnectionId>,
    /// The frame numbers of the first segment and of every `APART`th after it.
    marks: Vec<u32>,
}

impl Order {
    pub fn push(&mut self, id: ConnectionId, frame: u32) {
        if self.ids.len().is_multiple_of(APART) {
            self.marks.push(frame);
        }
        self.ids.push(id);
    }

    #[must_use]
    pub fn ids(&self) -> &[ConnectionId] {
        &self.ids
    }

    /// Whose the segments are among which that of a frame stands, if it holds one.
    #[must_use]
    pub fn near(&self, frame: u32) -> &[ConnectionId] {
        let after = self.marks.partition_point(|mark| *mark <= frame);
        let from = after.saturating_sub(1) * APART;
        let to = (after * APART).min(self.ids.len());
        self.ids.get(from..to).unwrap_or_default()
    }
}
