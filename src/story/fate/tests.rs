use super::*;
use crate::story::tests::trace_of;
use crate::trace::{Aside, Said};

/// The rows (from 1) behind the handshake that are lost, each with the row of its repetition.
fn lost(trace: &Trace) -> Vec<(usize, Option<usize>)> {
    let rows = 0..trace.len(0);
    let fates = rows.filter_map(|row| match fate(trace, 0, row) {
        Fate::Arrived => None,
        Fate::Lost { again } => Some((row + 1, again.map(|row| row + 1))),
    });
    fates.collect()
}

#[test]
fn fin_missing_in_a_sack_and_sent_again_with_its_data_was_lost() {
    let trace = trace_of(
        "@1 > FP. 1:11 ack 1
         @1 > P. 1:6 ack 1
         @1.1 < . 1:1 ack 6
         @1.2 > FP. 1:11 ack 1
         @1.3 < . 1:1 ack 12",
    );
    assert_eq!(lost(&trace), [], "no hole is told");
    let trace = trace_of(
        "@1 > P. 1:11 ack 1
         @1 > F. 11:11 ack 1
         @1.1 < . 1:1 ack 1 sack 11:12
         @1.2 > FP. 1:11 ack 1
         @1.3 < . 1:1 ack 12",
    );
    assert_eq!(lost(&trace), [(4, Some(7))]);
}

#[test]
fn the_last_segment_acknowledged_after_its_copy_may_have_arrived_both_times() {
    let trace = trace_of(
        "@1 > F. 1:1 ack 1
         @1.2 > F. 1:1 ack 1
         @1.6 > F. 1:1 ack 1
         @1.7 < . 1:1 ack 2",
    );
    assert_eq!(lost(&trace), []);
}

#[test]
fn fin_that_came_twice_was_not_lost() {
    let trace = trace_of(
        "@1 > F. 1:1 ack 1
         @1.2 > F. 1:1 ack 1
         @1.3 < . 1:1 ack 2 sack 1:2",
    );
    assert_eq!(lost(&trace), []);
    // The acknowledgement of the first one was late.
    let trace = trace_of(
        "@1 > F. 1:1 ack 1
         @1.2 > F. 1:1 ack 1
         @1.3 < . 1:1 ack 2
         @1.4 < . 1:1 ack 2 sack 1:2",
    );
    assert_eq!(lost(&trace), []);
}

#[test]
fn fin_repeated_to_a_time_wait_may_have_come_twice() {
    // The first ACK of it was lost before it was captured, and a TIME-WAIT sends no D-SACK.
    let trace = trace_of(
        "@1 < F. 1:1 ack 1
         @1.1 > . 1:1 ack 2
         @2 > F. 1:1 ack 2
         @2.2 > F. 1:1 ack 2
         @2.3 < . 2:2 ack 2",
    );
    assert_eq!(lost(&trace), []);
}

#[test]
fn what_nobody_acknowledges_may_have_arrived() {
    let trace = trace_of("@1 > F. 1:1 ack 1\n@1.2 > F. 1:1 ack 1\n@1.6 > F. 1:1 ack 1");
    assert_eq!(lost(&trace), []);
}

#[test]
fn data_missing_in_a_sack_and_sent_again_was_lost() {
    let trace = trace_of(
        "@1 > P. 1:11 ack 1
         @1 > P. 11:21 ack 1
         @1.1 < . 1:1 ack 1 sack 11:21
         @1.1 > P. 1:11 ack 1
         @1.1 < . 1:1 ack 21",
    );
    assert_eq!(lost(&trace), [(4, Some(7))]);
}

#[test]
fn data_that_comes_late_fills_its_hole_itself() {
    let trace = trace_of(
        "@1 > P. 1:11 ack 1
         @1 > P. 11:21 ack 1
         @1.1 < . 1:1 ack 1 sack 11:21
         @1.2 < . 1:1 ack 21",
    );
    assert_eq!(lost(&trace), []);
}

#[test]
fn data_sent_into_a_closed_window_may_have_been_thrown_away() {
    let trace = trace_of(
        "@1 > P. 1:11 ack 1
         @1.1 < . 1:1 ack 1 win 0
         @2 > P. 1:11 ack 1
         @3 < . 1:1 ack 11",
    );
    assert_eq!(lost(&trace), []);
}

#[test]
fn a_copy_of_what_is_acknowledged_is_not_known_to_be_lost() {
    let trace = trace_of(
        "@1 > P. 1:11 ack 1
         @1.1 < . 1:1 ack 11
         @1.2 > P. 1:11 ack 1
         @1.3 > P. 1:11 ack 1
         @1.4 < . 1:1 ack 11",
    );
    assert_eq!(lost(&trace), []);
}

/// With these orders, each before the row (from 1) that it names.
fn ordered(lines: &str, orders: &[(u32, &str)]) -> Trace {
    let mut trace = trace_of(lines);
    for &(row, text) in orders {
        trace.remark(Aside {
            time_ns: 0,
            connection: 0,
            row: row - 1,
            said: Said::Order(text.into()),
        });
    }
    trace
}

#[test]
fn what_the_lab_s_wire_drops_is_lost_until_it_passes_again() {
    let lines =
        "> . 1:1 ack 1\n> P. 1:2 ack 1\n> P. 1:2 ack 1\n> P. 1:2 ack 1\n< . 1:1 ack 2 sack 1:2";
    let cut = [(5, "the wire is cut"), (7, "the wire is mended")];
    assert_eq!(lost(&ordered(lines, &cut)), [(5, Some(6)), (6, Some(7))]);
    let picked = [(4, "the wire will lose 2 data of the client")];
    assert_eq!(lost(&ordered(lines, &picked)), [(5, Some(6)), (6, Some(7))]);
    let acks = [(4, "the wire will lose 1 ACK of the client")];
    assert_eq!(lost(&ordered(lines, &acks)), [(4, None)]);
}

#[test]
fn of_what_the_lab_s_wire_holds_only_what_it_swallows_is_lost() {
    let lines = "> P. 1:2 ack 1\n> P. 2:3 ack 1\n> P. 3:4 ack 1";
    let orders = [
        (4, "the wire holds what the client sends"),
        (6, "the wire lets the client's next segment go"),
        (6, "the wire loses a segment of the client"),
        (7, "the wire lets the client's segments go"),
    ];
    assert_eq!(lost(&ordered(lines, &orders)), [(5, None)]);
}

#[test]
fn an_acknowledgement_contradicts_whoever_says_it_was_dropped() {
    let trace = ordered("> P. 1:2 ack 1\n< . 1:1 ack 2", &[(4, "the wire is cut")]);
    assert_eq!(lost(&trace), []);
}
