//! One row of a trace: a segment, or an ICMP error about one.

use crate::conn::state::PerSide;
use crate::conn::{Certainty, ConnectionId, ErrorSeen, Notes, Side, State};
use crate::wire::{Flags, Frame, Place, Seq};

/// One segment of the trace, and both ends after it.
#[derive(Clone, Copy, Debug)]
pub struct Record {
    /// Nanoseconds since the Unix epoch.
    pub time_ns: u64,
    pub place: Place,
    pub connection: ConnectionId,
    pub from: Side,
    pub flags: Flags,
    pub seq: Seq,
    pub ack: Seq,
    pub len: u32,
    pub wnd: u16,
    pub notes: Notes,
    pub states: PerSide<State>,
    pub certainty: PerSide<Certainty>,
}

impl Record {
    /// Its frame, from octets that were read back from the capture.
    #[must_use]
    pub fn frame<'a>(&self, octets: &'a [u8]) -> Frame<'a> {
        Frame {
            number: self.place.frame,
            time_ns: self.time_ns,
            link: self.place.link,
            offset: self.place.offset,
            wire_len: self.place.wire_len,
            data: octets,
        }
    }

    /// The weaker of the two ends' certainties.
    #[must_use]
    pub fn weakest(&self) -> Certainty {
        self.certainty.client.max(self.certainty.server)
    }
}

/// An ICMP error about a segment of the trace.
#[derive(Clone, Copy, Debug)]
pub struct ErrorRecord {
    /// Nanoseconds since the Unix epoch.
    pub time_ns: u64,
    pub place: Place,
    /// How many records came before it.
    pub after: usize,
    pub connection: ConnectionId,
    pub seen: ErrorSeen,
}
