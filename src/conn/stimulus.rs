//! What befalls a connection besides its own segments.

use super::{Connection, ErrorSeen, Revision, Side};
use crate::wire::IcmpError;

/// Such a thing. Together with the segments, in their order, it makes the connection what it is: it can be followed anew.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stimulus<'a> {
    /// A SYN of a new connection between the same addresses and ports reaches this side at `at` (nanoseconds since the Unix
    /// epoch): what is left of it answers with a challenge ACK (RFC 5961, 4).
    Met { receiver: Side, at: u64 },
    /// A new connection took the place of its TIME-WAIT (RFC 9293, 3.6.1).
    Replaced { at: u64 },
    /// Frames are missing, nobody knows whose.
    Doubt,
    /// An ICMP error that quotes one of its segments.
    Error(&'a IcmpError),
}

impl Connection {
    /// Takes what befalls it; an ICMP error about a segment that is outstanding gives back what it shows.
    pub fn undergo(&mut self, stimulus: Stimulus<'_>) -> Option<(ErrorSeen, Vec<Revision>)> {
        match stimulus {
            Stimulus::Met { receiver, at } => {
                self.expire(at);
                self.ends[receiver].challenged = true;
            }
            Stimulus::Replaced { at } => self.end_time_wait(at),
            Stimulus::Doubt => self.doubt(),
            Stimulus::Error(error) => return self.report(error),
        }
        None
    }
}
