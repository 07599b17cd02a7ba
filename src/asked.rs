//! Which connections are asked about, of those that come.

use std::net::SocketAddr;

use tcpviz::wire::Batch;

/// Connections whose latest question for their owners is remembered, and how long it holds.
const PLACES: usize = 1024;
const AGAIN_NS: u64 = 100_000_000;

/// Connections that were asked about lately: a flood asks about each but now and then.
#[derive(Default)]
pub struct Asked {
    /// The latest by the sum of both ports, and when: in nanoseconds since the Unix epoch.
    places: Vec<(u64, Ends)>,
}

type Ends = Option<(SocketAddr, SocketAddr)>;

impl Asked {
    /// The connections of a batch, each once, that weren't asked about just before.
    pub fn fresh(&mut self, batch: &Batch) -> Vec<(SocketAddr, SocketAddr)> {
        self.places.resize(PLACES, (0, None));
        let mut fresh = Vec::new();
        for captured in &batch.segments {
            let (src, dst) = (captured.segment.src, captured.segment.dst);
            let at = usize::from(src.port().wrapping_add(dst.port())) % PLACES;
            let (then, ends) = &mut self.places[at];
            let is_known = *ends == Some((src, dst)) || *ends == Some((dst, src));
            if !is_known || captured.time_ns.abs_diff(*then) >= AGAIN_NS {
                (*then, *ends) = (captured.time_ns, Some((src, dst)));
                fresh.push((src, dst));
            }
        }
        fresh
    }
}
