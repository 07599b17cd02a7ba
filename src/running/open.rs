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
    use tcpviz::wire::{Seq, Told};

    /// Whether a connection is open after these: whether from the client, and flags.
    fn is_open(segments: &[(bool, Flags)]) -> bool {
        let (client, server) = ("127.0.0.1:40000", "127.0.0.1:4321");
        let mut connections = Connections::default();
        for (from_client, flags) in segments {
            let (src, dst) = if *from_client {
                (client, server)
            } else {
                (server, client)
            };
            let segment = Segment {
                src: src.parse().unwrap(),
                dst: dst.parse().unwrap(),
                flags: *flags,
                seq: Seq(1),
                ack: Seq(1),
                len: 0,
                wnd: 500,
                urg: 0,
                ttl: 64,
                told: Told::default(),
            };
            connections.take(&segment);
        }
        connections.any_open(|_| true)
    }

    #[test]
    fn a_connection_is_over_once_the_second_fin_is_acknowledged_or_an_rst_has_come() {
        let (fin, ack, syn) = (Flags::FIN, Flags::ACK, Flags::SYN);
        let opened = [(true, syn), (false, syn), (true, ack)];
        let closed = [(true, fin), (false, ack), (false, fin)];
        let after = |more: &[(bool, Flags)]| is_open(&[&opened[..], more].concat());
        assert!(after(&[]) && after(&closed[..1]) && after(&closed));
        assert!(!after(&[&closed[..], &[(true, ack)]].concat()));
        // Both at the same time.
        assert!(!after(&[
            (true, fin),
            (false, fin),
            (true, ack),
            (false, ack)
        ]));
        assert!(!after(&[(false, Flags::RST)]));
        assert!(!is_open(&[(true, ack)]));
    }
}
