//! Segments as `tcpdump -nn` 4.99 prints them. Here is the writer of everything from `Flags` to
//! `length`, and one row's line for a view of a connection; whole lines of a capture are the report's.

pub mod header;
mod mptcp;
mod options;
pub mod text;

pub use header::{Header, Zeros};

use crate::conn::{ConnectionId, Side};
use crate::trace::{Record, Trace};
use crate::wire::{Decoded, Flags, Seq, decode};

/// A row's segment with its header and payload, from its frame's octets as they were read back; `None` where another stands there now.
#[must_use]
pub fn read_again<'a>(record: &Record, octets: &'a [u8]) -> Option<Decoded<'a>> {
    let decoded = decode(&record.frame(octets)).ok()?;
    let is_same = decoded.segment.seq == record.seq && decoded.segment.flags == record.flags;
    is_same.then_some(decoded)
}

/// tcpdump's line for row `row`, whose frame was read back and decoded; `absolute` as with its `-S`.
#[must_use]
pub fn line(
    trace: &Trace,
    connection: ConnectionId,
    row: usize,
    decoded: &Decoded<'_>,
    absolute: bool,
) -> String {
    let segment = &decoded.segment;
    let captured = u32::try_from(decoded.payload.len()).unwrap_or(u32::MAX);
    let Ok(header) = Header::new(decoded.header, captured >= segment.len) else {
        return "[|tcp]".into();
    };
    let zeros = if absolute {
        Zeros::default()
    } else {
        zeros(trace, connection, row)
    };
    let claimed = u32::try_from(header.claimed()).unwrap_or(0);
    let mut out = Vec::new();
    header.write(&mut out, segment.len.saturating_add(claimed), zeros);
    String::from_utf8_lossy(&out).into_owned()
}

/// What tcpdump counts from: nothing without ACK, on SYN,ACK, and on the first segment with an ACK.
fn zeros(trace: &Trace, connection: ConnectionId, row: usize) -> Zeros {
    let record = trace.row(connection, row);
    let known = trace.connection(connection);
    let ends = &known.ends;
    let zero = |side: Side| ends[side].zero.map(|zero: Seq| zero.0);
    let (Some(own), Some(peer)) = (zero(record.from), zero(record.from.peer())) else {
        return Zeros::default();
    };
    if !record.flags.has(Flags::ACK) {
        return Zeros::default();
    }
    let is_first = |above: usize| !trace.row(connection, above).flags.has(Flags::ACK);
    if record.flags.has(Flags::SYN) || (0..row).all(is_first) {
        // The edges of SACK blocks are counted all the same.
        return Zeros {
            sack: peer,
            ..Zeros::default()
        };
    }
    Zeros {
        seq: own,
        ack: peer,
        sack: peer,
    }
}
