//! Lines of a capture that grows, and loses rows.

use super::Writer;
use crate::conn::tests::segment;
use crate::trace::{Bounds, Trace};
use crate::wire::{Batch, Captured, Place, Ports};

fn next(frame: &mut u32) -> Captured {
    *frame += 1;
    Captured {
        time_ns: u64::from(*frame) * 1_000_000,
        place: Place {
            frame: *frame,
            ..Place::default()
        },
        segment: segment("> . 1:1 ack 1"),
    }
}

#[test]
fn each_segment_of_a_connection_that_loses_rows_is_written_once_though_nothing_came_between() {
    let mut trace = Trace::new(Ports::default());
    trace.keep(Bounds {
        rows: 64 * 1024,
        ..Bounds::NONE
    });
    let (mut writer, mut frame) = (Writer::new(Vec::new(), None), 0);
    for _ in 0..100 {
        let segments = (0..50).map(|_| next(&mut frame)).collect();
        let batch = Batch {
            segments,
            ..Batch::default()
        };
        trace.take(&batch, |_, _, _| {});
        writer.segments(&mut trace).unwrap();
        // A tick.
        trace.settle_heard(trace.now_ns());
        writer.segments(&mut trace).unwrap();
    }
    assert!(trace.lost_rows() > 0);
    let text = String::from_utf8(writer.out).unwrap();
    let frames = text.lines().map(|line| {
        let (_, from) = line.split_once("\"frame\":").unwrap();
        let digits = from.split(|c: char| !c.is_ascii_digit()).next();
        digits.unwrap().parse::<u32>().unwrap()
    });
    assert!(frames.eq(1..=frame));
}
