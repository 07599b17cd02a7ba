//! The connections that are open on the wire: whether one still has to close is all that is asked.

use std::collections::HashMap;
use std::net::SocketAddr;

use tcpviz::command::Ends;
use tcpviz::wire::{Batch, Flags, Segment};

/// Connections at a time: of others nobody waits for the end.
const MOST: usize = 1 << 16;

/// Those that began, and aren't over yet.
#[derive(Debug, Default)]
pub struct Connections(HashMap<Ends, Closing>);

/// Who has sent a FIN: two at most.
#[derive(Debug, Default)]
struct Closing(Vec<SocketAddr>);

impl Connections {
    pub fn follow(&mut self, batch: &Batch) {
        for captured in &batch.segments {
            self.take(&captured.segment);
        }
    }

    fn take(&mut self, segment: &Segment) {
        let ends = Ends::of(segment.src, segment.dst);
        if segment.flags.has(Flags::RST) {
            self.0.remove(&ends);
        } else if segment.flags.has(Flags::SYN) {
            if self.0.len() < MOST {
                self.0.entry(ends).or_default();
            }
        } else if let Some(Closing(closed)) = self.0.get_mut(&ends) {
            let has_closed = closed.contains(&segment.src);
            if segment.flags.has(Flags::FIN) && !has_closed {
                closed.push(segment.src);
            } else if closed.len() == 2 && closed[1] != segment.src {
                // What comes after both FINs from who sent the first acknowledges the last.
                self.0.remove(&ends);
            }
        }
    }

    /// Whether one of those that are wanted is open.
    pub fn any_open(&self, wanted: impl Fn(&Ends) -> bool) -> bool {
        self.0.keys().any(wanted)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tcpviz::wire::Captured;

    const ACK: Flags = Flags::ACK;

    /// Whether a connection is open after these: whether from the client, and flags.
    fn is_open(segments: &[(bool, Flags)]) -> bool {
        let (client, server) = ("127.0.0.1:40000", "127.0.0.1:4321");
        let ends = |from_client| match from_client {
            true => (client, server),
            false => (server, client),
        };
        let mut connections = Connections::default();
        for (from_client, flags) in segments {
            let (src, dst) = ends(*from_client);
            let segment = Segment {
                flags: *flags,
                ..Segment::new(src.parse().unwrap(), dst.parse().unwrap())
            };
            connections.take(&segment);
        }
        connections.any_open(|_| true)
    }

    #[test]
    fn a_connection_is_over_once_the_second_fin_is_acknowledged_or_an_rst_has_come() {
        let fin = Flags::FIN | ACK;
        let opened = [(true, Flags::SYN), (false, Flags::SYN | ACK), (true, ACK)];
        let closed = [(true, fin), (false, ACK), (false, fin)];
        let after = |more: &[(bool, Flags)]| is_open(&[&opened[..], more].concat());
        assert!(after(&[]) && after(&closed[..1]) && after(&closed));
        assert!(!after(&[&closed[..], &[(true, ACK)]].concat()));
        // Both at the same time.
        assert!(!after(&[
            (true, fin),
            (false, fin),
            (true, ACK),
            (false, ACK)
        ]));
        assert!(!after(&[(false, Flags::RST)]));
        assert!(!is_open(&[(true, ACK)]));
    }
}
