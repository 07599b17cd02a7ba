//! What drawing took.

use std::time::Duration;

/// Frames that were drawn, and how long that took.
#[derive(Clone, Copy, Debug, Default)]
pub struct Drawn {
    pub frames: u32,
    pub longest: Duration,
    pub in_all: Duration,
}

impl Drawn {
    pub(super) fn count(&mut self, took: Duration) {
        self.frames = self.frames.saturating_add(1);
        self.longest = self.longest.max(took);
        self.in_all = self.in_all.saturating_add(took);
    }
}
