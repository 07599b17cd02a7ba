//! The ports to watch.

use super::Segment;

/// The ports somebody asked for: those are the servers'.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ports(Vec<(u16, u16)>);

impl Ports {
    /// From inclusive ranges.
    #[must_use]
    pub fn new(ranges: Vec<(u16, u16)>) -> Self {
        Ports(ranges)
    }

    #[must_use]
    pub fn ranges(&self) -> &[(u16, u16)] {
        &self.0
    }

    #[must_use]
    pub fn contain(&self, port: u16) -> bool {
        self.0
            .iter()
            .any(|&(low, high)| (low..=high).contains(&port))
    }

    /// Whether a segment is to be shown: no ports means all of them.
    #[must_use]
    pub fn match_segment(&self, seg: &Segment) -> bool {
        self.0.is_empty() || self.contain(seg.src.port()) || self.contain(seg.dst.port())
    }
}
