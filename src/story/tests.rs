//! Traces for the story's tests, in the notation of `conn/tests.rs`.

use crate::conn::tests::{OPEN, segment, timed};
use crate::trace::Trace;
use crate::wire::{Batch, Captured, Ended, LinkType, Place, Ports};

/// The whole capture: the handshake and these lines (`[@SECONDS] > FLAGS SEQ:END [ack N]`).
pub(crate) fn trace_of(lines: &str) -> Trace {
    let open: Vec<_> = OPEN
        .lines()
        .filter_map(|line| line.split_once('|'))
        .map(|(line, _)| line.trim())
        .collect();
    trace_without_handshake(&format!("{}\n{lines}", open.join("\n")))
}

/// The whole capture: these lines.
pub(crate) fn trace_without_handshake(lines: &str) -> Trace {
    let place = Place {
        offset: 0,
        captured: 0,
        wire_len: 0,
        link: LinkType::RAW,
        frame: 1,
    };
    let lines = lines.lines().map(str::trim).filter(|line| !line.is_empty());
    let captured = lines.map(|line| {
        let (time_ns, wire) = timed(line);
        Captured {
            time_ns,
            place,
            segment: segment(wire),
        }
    });
    let batch = Batch {
        segments: captured.collect(),
        ..Batch::default()
    };
    let mut trace = Trace::new(Ports::default());
    trace.take(&batch, |_, _, _| {});
    trace.ended = Some(Ended::default());
    trace
}
