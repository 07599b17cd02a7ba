//! Which segments tcpviz tells to be lost, and what the relay did with them.

use tcpviz::conn::{ConnectionId, Side};
use tcpviz::story::Fate;
use tcpviz::story::fate::fate;
use tcpviz::trace::Trace;

use super::causes::Seen;

/// What became of a connection's captured segments.
#[derive(Debug, Default)]
pub struct Fates {
    /// Segments that the relay dropped behind the capture.
    pub dropped: u64,
    /// Those of them that take sequence numbers and are told to be lost.
    pub told: u64,
    /// Rows (from 1) told to be lost that weren't dropped.
    pub wrong: Vec<usize>,
}

/// Compares them. The relay sees the client's segments in the order in which they are captured; what is captured of the server's has
/// passed it.
pub fn compare(trace: &Trace, id: ConnectionId, seen: &[Seen]) -> Fates {
    let mut of_client = seen.iter().filter(|seen| seen.logged.from == Side::Client);
    let mut fates = Fates::default();
    for row in 0..trace.len(id) {
        let record = trace.row(id, row);
        let mut dropped = false;
        if record.from == Side::Client {
            let is_it = |seen: &&Seen| {
                let segment = &seen.logged.segment;
                let numbers = (segment.seq, segment.len, segment.flags);
                numbers == (record.seq, record.len, record.flags) && segment.ack == record.ack
            };
            let Some(seen) = of_client.find(is_it) else {
                break;
            };
            dropped = seen.is_lost();
        }
        let told = fate(trace, id, row) != Fate::Arrived;
        fates.dropped += u64::from(dropped);
        fates.told += u64::from(told && dropped);
        if told && !dropped {
            fates.wrong.push(row + 1);
        }
    }
    fates
}
