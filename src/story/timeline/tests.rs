//! What stands in which column: of traces told as on the wire, and of any at all.

use proptest::collection::vec;
use proptest::prelude::*;

use super::*;
use crate::conn::tests::any::any_segment;
use crate::conn::tests::segment;
use crate::story::tests::trace_of;
use crate::wire::{Batch, Captured, LinkType, Place, Ports, Segment};

const SECOND: u64 = 1_000_000_000;

fn take(trace: &mut Trace, time_ns: u64, segment: Segment) {
    let place = Place {
        offset: 0,
        captured: 0,
        wire_len: 0,
        link: LinkType::RAW,
        frame: 1,
    };
    let batch = Batch {
        segments: vec![Captured {
            time_ns,
            place,
            segment,
        }],
        ..Batch::default()
    };
    trace.take(&batch, |_, _, _| {});
}

/// The capture goes on: something of another connection comes at that second.
fn goes_on_to(trace: &mut Trace, seconds: u64) {
    let mut other = segment("> S 0:0");
    other.src.set_port(9);
    take(trace, seconds * SECOND, other);
}

fn followed(trace: &Trace) -> Timeline {
    let mut timeline = Timeline::default();
    timeline.follow(trace, 0);
    timeline
}

/// The first connection's band of a side: states, columns, seconds, and `+` of what goes on.
fn band(trace: &Trace, side: Side, columns: usize) -> String {
    let timeline = followed(trace);
    let axis = timeline.axis(trace, 0, columns);
    let band = timeline.band(trace, 0, &Course::of(trace, 0), side, &axis);
    let told = band.iter().map(|it| {
        let plus = if it.goes_on { "+" } else { "" };
        let doubt = if it.certainty >= Certainty::Inferred {
            "?"
        } else {
            ""
        };
        let seconds = it.lasted_ns.map(|ns| format!(" {}", ns / SECOND));
        let seconds = seconds.unwrap_or_default();
        format!("{}{doubt} {:?}{seconds}{plus}", it.state, it.columns)
    });
    told.collect::<Vec<_>>().join(", ")
}

/// A letter a column: the flag that stands out, small for the server's, `!` for trouble, `.` for others.
fn letters(trace: &Trace, columns: usize) -> String {
    let timeline = followed(trace);
    let axis = timeline.axis(trace, 0, columns);
    let letter = |tick: Tick| match tick.outstanding() {
        Some((flag, Some(Side::Server))) => flag.to_string().to_lowercase(),
        Some((flag, _)) => flag.to_string(),
        None if tick.is_troubled() => "!".into(),
        None if tick.rows.is_empty() => " ".into(),
        None => ".".into(),
    };
    timeline.ticks(&axis).map(letter).collect()
}

const CLOSED_HALF: &str = "@1 > F. 1:1 ack 1\n@1 < . 1:1 ack 2";

#[test]
fn lengths_are_times_and_the_last_state_of_a_column_has_it() {
    let trace = trace_of(&format!(
        "{CLOSED_HALF}\n@9 < F. 1:1 ack 2\n@9 > . 2:2 ack 2"
    ));
    assert_eq!(letters(&trace, 10), "SF       f");
    assert_eq!(
        band(&trace, Side::Client, 10),
        "ESTABLISHED 0..1 1, FIN-WAIT-2 1..9 8, TIME-WAIT 9..10"
    );
    assert_eq!(
        band(&trace, Side::Server, 10),
        "ESTABLISHED 0..1 1, CLOSE-WAIT 1..9 8, CLOSED 9..10 0"
    );
}

#[test]
fn a_close_wait_that_lasts_grows_with_the_capture_and_dwarfs_the_exchange() {
    let mut trace = trace_of(CLOSED_HALF);
    goes_on_to(&mut trace, 61);
    assert_eq!(letters(&trace, 10), "F         ");
    assert_eq!(band(&trace, Side::Server, 10), "CLOSE-WAIT 0..10 60+");
    goes_on_to(&mut trace, 101);
    assert_eq!(band(&trace, Side::Server, 10), "CLOSE-WAIT 0..10 100+");
}

#[test]
fn a_time_wait_neither_stretches_the_axis_nor_tells_how_long_the_capture_went_on() {
    let mut trace = trace_of(&format!(
        "{CLOSED_HALF}\n@2 < F. 1:1 ack 2\n@2 > . 2:2 ack 2"
    ));
    goes_on_to(&mut trace, 32);
    assert!(band(&trace, Side::Client, 32).ends_with("TIME-WAIT 31..32"));
    trace.ended = None;
    assert!(band(&trace, Side::Client, 32).ends_with("TIME-WAIT 31..32+"));
    // Over by the clock, beyond the axis.
    goes_on_to(&mut trace, 63);
    assert!(band(&trace, Side::Client, 32).ends_with("TIME-WAIT 31..32"));
}

#[test]
fn a_fin_wait_2_of_60_s_is_in_doubt() {
    let mut trace = trace_of(CLOSED_HALF);
    goes_on_to(&mut trace, 60);
    assert_eq!(band(&trace, Side::Client, 10), "FIN-WAIT-2 0..10 59+");
    goes_on_to(&mut trace, 88);
    assert_eq!(band(&trace, Side::Client, 10), "FIN-WAIT-2? 0..10 87+");
}

#[test]
fn a_time_wait_is_over_by_the_clock_although_the_peer_waits_on() {
    // The last ACK never came: the server stays in LAST-ACK.
    let mut trace = trace_of(
        "> F. 1:1 ack 1\n< F. 1:1 ack 2\n> . 2:2 ack 2\n@1 < F. 1:1 ack 2\n@1 > . 2:2 ack 2\n\
         @2 < F. 1:1 ack 2",
    );
    goes_on_to(&mut trace, 99);
    assert_eq!(
        band(&trace, Side::Client, 100),
        "TIME-WAIT 0..62 62, CLOSED? 62..100 37"
    );
    assert_eq!(band(&trace, Side::Server, 100), "LAST-ACK 0..100 99+");
}

#[test]
fn of_a_column_the_reset_is_shown_and_gone_to() {
    let lines = "@1 > . 1:5 ack 1\n@1 > F. 5:5 ack 1\n@1 < . 1:1 ack 6\n@1 > R 6:6";
    let trace = trace_of(lines);
    let timeline = followed(&trace);
    let axis = timeline.axis(&trace, 0, 9);
    assert_eq!(letters(&trace, 9), "S       R");
    assert_eq!(timeline.row_at(&axis, 8), Some(6));
    assert_eq!(timeline.column(&axis, 6), 8);
    // Between them nothing is shown: the nearest.
    assert_eq!(timeline.row_at(&axis, 3), Some(2));
    assert_eq!(timeline.row_at(&axis, 5), Some(3));
}

#[test]
fn where_no_time_passes_everything_is_in_the_first_column() {
    let trace = trace_of("> F. 1:1 ack 1");
    assert_eq!(letters(&trace, 4), "F   ");
    let axis = followed(&trace).axis(&trace, 0, 4);
    assert_eq!(axis.length_ns(), 0);
    assert!(band(&trace, Side::Client, 4).starts_with("FIN-WAIT-1 0..1 0"));
    assert_eq!(letters(&trace, 0), "");
    assert_eq!(followed(&trace).row_at(&axis, 3), Some(3));
    assert_eq!(Timeline::default().row_at(&axis, 0), None);
}

proptest! {
    /// With any clock, any segments, and any width: every row is in one column, what is told of a column is of its rows, a
    /// column leads to one of its rows, and both bands fill the axis.
    #[test]
    fn columns_share_the_rows_out_whatever_the_clock_does(
        segments in vec((0u64..1000, any_segment()), 1..120),
        columns in 1usize..200,
        ended in any::<bool>(),
    ) {
        let mut trace = Trace::new(Ports::default());
        let mut timeline = Timeline::default();
        for (time, (_, segment)) in segments {
            take(&mut trace, time, segment);
            timeline.follow(&trace, 0);
        }
        if ended {
            trace.end(crate::wire::Ended::default());
        }
        let axis = timeline.axis(&trace, 0, columns);
        let mut next = 0;
        for (column, tick) in timeline.ticks(&axis).enumerate() {
            prop_assert_eq!(tick.rows.start, next);
            next = tick.rows.end;
            let records = tick.rows.clone().map(|row| trace.row(0, row));
            let marks = records.fold(Marks::default(), |all, record| all.both(Marks::of(&record)));
            prop_assert_eq!(tick.marks, marks);
            let leads_to = timeline.row_at(&axis, column).unwrap();
            prop_assert!(tick.rows.is_empty() || tick.rows.contains(&leads_to));
            prop_assert!(tick.rows.clone().all(|row| timeline.column(&axis, row) == column));
        }
        prop_assert_eq!(next, trace.len(0));
        let course = Course::of(&trace, 0);
        for side in Side::BOTH {
            let mut next = 0;
            for stretch in timeline.band(&trace, 0, &course, side, &axis) {
                prop_assert_eq!(stretch.columns.start, next);
                prop_assert!(!stretch.columns.is_empty());
                next = stretch.columns.end;
            }
            prop_assert_eq!(next, axis.column(axis.to_ns) + 1);
        }
    }

    /// Sums of many rows are those of each.
    #[test]
    fn sums_are_of_all_rows_between(
        marks in vec(any::<u8>().prop_map(|bits| Marks(bits & bits.wrapping_mul(7))), 1..1500),
        ends in (0usize..1500, 0usize..1500),
    ) {
        let mut timeline = Timeline::default();
        for (row, mark) in marks.iter().enumerate() {
            timeline.sum_up(row, *mark);
        }
        let (from, to) = (ends.0.min(ends.1).min(marks.len()), ends.0.max(ends.1).min(marks.len()));
        let wanted = marks[from..to].iter().fold(Marks::default(), |all, mark| all.both(*mark));
        prop_assert_eq!(timeline.marks_of(from..to), wanted);
    }
}
