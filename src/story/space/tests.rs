use proptest::collection::vec;
use proptest::prelude::*;

use super::*;
use crate::conn::Side;
use crate::conn::tests::any::any_segment;
use crate::story::tests::{trace_of, trace_without_handshake, whole};

/// `SND.UNA SND.NXT RCV.NXT in flight`, relative, of both sides after each row.
fn course(trace: &Trace) -> Vec<String> {
    let index = SpaceIndex::of(trace, 0);
    let number = |side: Side, seq: Option<Seq>| {
        seq.map_or("-".into(), |seq| trace.relative(0, side, seq).to_string())
    };
    let rows = 0..trace.len(0);
    rows.map(|row| {
        let both = index.at(trace, 0, row);
        let sides = Side::BOTH.map(|side| {
            let end = &both[side];
            let [una, nxt] = [end.snd_una, end.snd_nxt].map(|seq| number(side, seq));
            let flags = u32::from(end.syn_in_flight) + u32::from(end.fin_in_flight);
            let rcv = number(side.peer(), end.rcv_nxt);
            format!("{una} {nxt} {rcv} {}+{flags}", end.in_flight)
        });
        sides.join(" | ")
    })
    .collect()
}

#[test]
fn an_orderly_close_moves_both_ends_through_their_numbers() {
    let trace =
        trace_of("> P. 1:9 ack 1\n< . 1:1 ack 9\n> F. 9:9 ack 1\n< F. 1:1 ack 10\n> . 10:10 ack 2");
    assert_eq!(
        course(&trace),
        [
            "0 1 - 0+1 | - - 1 0+0",
            "1 1 1 0+0 | 0 1 1 0+1",
            "1 1 1 0+0 | 1 1 1 0+0",
            "1 9 1 8+0 | 1 1 9 0+0",
            "9 9 1 0+0 | 1 1 9 0+0",
            "9 10 1 0+1 | 1 1 10 0+0",
            "10 10 2 0+0 | 1 2 10 0+1",
            "10 10 2 0+0 | - - - 0+0",
        ]
    );
}

/// The FIN is repeated and never acknowledged: then it hasn't come, also where that wasn't known yet.
#[test]
fn a_fin_that_is_lost_is_not_received() {
    let trace = trace_of("> F. 1:1 ack 1\n@1 > F. 1:1 ack 1\n@3 > F. 1:1 ack 1");
    assert_eq!(course(&trace)[3..], ["1 2 1 0+1 | 1 1 1 0+0"; 3]);
}

#[test]
fn data_behind_a_hole_is_held() {
    let trace = trace_of("> P. 9:12 ack 1\n@1 > P. 1:9 ack 1");
    let index = SpaceIndex::of(&trace, 0);
    let held = |row| {
        let end = index.at(&trace, 0, row).server;
        (
            end.held,
            end.rcv_nxt.map(|nxt| trace.relative(0, Side::Client, nxt)),
        )
    };
    assert_eq!([held(3), held(4)], [(3, Some(1)), (0, Some(12))]);
}

#[test]
fn a_window_is_scaled_where_the_scale_is_known() {
    let open = trace_of("< . 1:1 ack 1 win 2");
    let index = SpaceIndex::of(&open, 0);
    let windows = [1, 3].map(|row| index.at(&open, 0, row).client.window);
    assert_eq!(windows, [Window::Octets(256), Window::Octets(256)]);
    let midway = trace_without_handshake("< P. 1:5 ack 1 win 2");
    let seen = SpaceIndex::of(&midway, 0).at(&midway, 0, 0);
    let windows = [seen.client.window, seen.server.window];
    assert!(windows.contains(&Window::Unscaled(2)) && windows.contains(&Window::Unknown));
}

#[test]
fn calls_follow_the_segments() {
    let trace = trace_of(
        "> P. 1:9 ack 1\n< . 1:1 ack 9\n> F. 9:9 ack 1\n< . 1:1 ack 10 win 0\n< P. 1:4 ack 10\n> R 10:10",
    );
    let index = SpaceIndex::of(&trace, 0);
    let calls = |row| {
        let both = index.at(&trace, 0, row);
        Side::BOTH.map(|side| {
            let program = &both[side].program;
            format!("{} / {}", program.next_read(), program.next_write())
        })
    };
    assert_eq!(
        calls(0),
        [
            "connect() waits / connect() waits",
            "not accepted yet / not accepted yet"
        ]
    );
    assert_eq!(
        calls(3),
        ["waits / succeeds", "data, then waits / succeeds"]
    );
    assert_eq!(calls(4)[1], "what is left, then waits / succeeds");
    assert_eq!(calls(5)[1], "what is left, then 0 (end of file) / succeeds");
    assert_eq!(
        calls(7)[0],
        "if open: data, then waits / if open: EPIPE+SIGPIPE"
    );
    assert_eq!(
        calls(8),
        [
            "socket closed, or 0 / socket closed, or EPIPE",
            "what is left, then 0 (end of file) / EPIPE+SIGPIPE"
        ]
    );
}

#[test]
fn a_closed_window_lets_write_wait() {
    let trace = trace_of("> P. 1:9 ack 1\n< . 1:1 ack 9 win 0");
    let program = SpaceIndex::of(&trace, 0).at(&trace, 0, 4).client.program;
    assert_eq!(
        program.sentence(),
        "read(): nothing yet; write(): succeeds, then waits for room"
    );
}

proptest! {
    /// Observed again, the rows lead to what the connection itself has come to; from each checkpoint.
    #[test]
    fn replayed_rows_agree_with_the_connection(
        segments in vec(any_segment(), 1..60),
    ) {
        let timed: Vec<_> = (0..).zip(segments).map(|(at, (_, segment))| (at * 1_000_000, segment)).collect();
        let trace = whole(&[&timed]);
        for id in trace.ids() {
            let index = SpaceIndex::of(&trace, id);
            let known = trace.connection(id).ends.clone();
            let newest = index.newest().unwrap().ends.clone();
            // A later connection's SYN meets the one before it, which that one's own rows don't tell.
            let is_met = trace.ids().any(|later| trace.connection(later).previous == Some(id));
            for side in Side::BOTH.into_iter().filter(|_| !is_met) {
                let numbers = |end: &Endpoint| (end.snd_una, end.snd_nxt, end.rcv_nxt, end.held().to_vec());
                prop_assert_eq!(numbers(&known[side]), numbers(&newest[side]));
            }
            for row in 0..trace.len(id) {
                let both = index.at(&trace, id, row);
                for side in Side::BOTH {
                    let _ = both[side].program.sentence();
                }
            }
        }
    }
}
