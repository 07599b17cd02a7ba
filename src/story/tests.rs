//! Traces for the story's tests, in the notation of `conn/tests/`; and properties of every story.

mod bounded;

use proptest::collection::vec;
use proptest::prelude::*;

use super::ending::ending;
use super::telling::tell;
use crate::conn::tests::any::any_segment;
use crate::conn::tests::{OPEN, segment, timed};
use crate::trace::{Bounds, Trace};
use crate::wire::{Batch, Captured, Ended, LinkType, Place, Ports, Segment};

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
    let lines = lines.lines().map(str::trim).filter(|line| !line.is_empty());
    let captured = lines.map(|line| {
        let (time_ns, wire) = timed(line);
        (time_ns, segment(wire))
    });
    let all: Vec<_> = captured.collect();
    whole(&[&all])
}

/// The whole capture, as it came in batches.
pub(crate) fn whole(batches: &[&[(u64, Segment)]]) -> Trace {
    follow(batches, |_| {})
}

/// The same, but after each batch every connection rests.
fn resting(batches: &[&[(u64, Segment)]]) -> Trace {
    follow(batches, Trace::rest)
}

fn follow(batches: &[&[(u64, Segment)]], after_each: impl Fn(&mut Trace)) -> Trace {
    let place = Place {
        offset: 0,
        captured: 0,
        wire_len: 0,
        link: LinkType::RAW,
        frame: 1,
    };
    let mut trace = Trace::new(Ports::default());
    for batch in batches {
        let captured = batch.iter().map(|&(time_ns, segment)| Captured {
            time_ns,
            place,
            segment,
        });
        let batch = Batch {
            segments: captured.collect(),
            ..Batch::default()
        };
        trace.take(&batch, |_, _, _| {});
        after_each(&mut trace);
    }
    trace.ended = Some(Ended::default());
    trace
}

/// Everything that is told of a trace.
fn everything(trace: &Trace) -> String {
    let ids = trace.ids();
    let told = ids.map(|id| {
        let ending = ending(trace, id);
        let rows: Vec<_> = trace
            .rows_of(id)
            .map(|record| (record.states, record.certainty, record.notes))
            .collect();
        format!("{rows:?} {ending:?} {:?}", tell(trace, id, &ending))
    });
    told.collect::<Vec<_>>().join("\n")
}

proptest! {
    /// Read at once or segment by segment, live or from a file: the story is the same; and telling it never panics.
    #[test]
    fn the_story_is_the_same_in_any_batches(
        segments in vec((0u64..90, any_segment()), 1..60),
    ) {
        let mut now = 0;
        let timed: Vec<_> = segments
            .into_iter()
            .map(|(seconds, (_, segment))| {
                // Mostly close together, at times a minute apart.
                now += if seconds < 80 { seconds * 1_000_000 } else { seconds * 1_000_000_000 };
                (now, segment)
            })
            .collect();
        let one_by_one: Vec<_> = timed.chunks(1).collect();
        let told = everything(&whole(&[&timed]));
        prop_assert_eq!(&told, &everything(&whole(&one_by_one)));
        prop_assert_eq!(told, everything(&resting(&one_by_one)));
    }

    /// Finished connections leave as soon as they rest; what comes for one that has left begins another.
    #[test]
    fn of_a_trace_that_connections_leave_the_others_can_be_told(
        segments in vec((0u64..90, any_segment()), 1..60),
    ) {
        let timed: Vec<_> = segments.into_iter().map(|(at, (_, segment))| (at, segment)).collect();
        let one_by_one: Vec<_> = timed.chunks(1).collect();
        let trace = follow(&one_by_one, |trace| {
            trace.keep(Bounds { finished: 0, ..Bounds::NONE });
            trace.rest();
        });
        let stay: Vec<_> = trace.ids().filter(|id| trace.has(*id)).collect();
        prop_assert_eq!(stay.len() + trace.left_in_all(), trace.ids().len());
        for id in stay {
            let ending = ending(&trace, id);
            prop_assert!(!tell(&trace, id, &ending).is_empty());
            prop_assert!(ending.evidence.iter().all(|row| *row < trace.len(id)));
        }
    }
}

#[test]
fn a_finished_connection_beyond_the_limit_leaves_and_one_that_is_held_or_open_stays() {
    let refused = "> S 0:0\n< R. 0:0 ack 1";
    let mut trace = trace_without_handshake(refused);
    trace.keep(Bounds {
        finished: 0,
        ..Bounds::NONE
    });
    trace.rest();
    let nothing = Batch::default();
    trace.hold(0);
    trace.take(&nothing, |_, _, _| {});
    assert!(trace.has(0) && trace.take_gone().left.is_empty());
    trace.hold(1);
    trace.take(&nothing, |_, _, _| {});
    assert_eq!((trace.take_gone().left, trace.has(0)), (vec![0], false));
    assert!(trace.take_gone().left.is_empty());
    assert_eq!((trace.left_in_all(), trace.ids().len()), (1, 1));
    let mut open = trace_of("> P. 1:9 ack 1");
    open.keep(Bounds {
        finished: 0,
        ..Bounds::NONE
    });
    open.rest();
    open.take(&nothing, |_, _, _| {});
    assert!(open.has(0));
}
