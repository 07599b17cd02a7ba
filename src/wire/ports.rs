//! The ports to watch.

use std::net::SocketAddr;

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

    /// Whether what goes between two endpoints is to be shown: no ports means all of them.
    #[must_use]
    pub fn match_ends(&self, src: SocketAddr, dst: SocketAddr) -> bool {
        self.0.is_empty() || self.contain(src.port()) || self.contain(dst.port())
    }
}
