use super::*;
use crate::conn::tests::segment;
use crate::trace::{Entry, Queues};
use crate::wire::{Batch, Captured, Ended, Place, Ports};

const CLIENT: &str = "127.0.0.1:35790";
const SERVER: &str = "127.0.0.1:4321";
const SECOND: u64 = 1_000_000_000;
const MS: u64 = 1_000_000;

/// A close by the client that the server answers, a segment each 100 ms from second 1 on.
const CLOSE: &str = "> S 0:0\n< S. 0:0 ack 1\n> . 1:1 ack 1\n> F. 1:1 ack 1\n< . 1:1 ack 2\n< F. 1:1 ack 2\n> . 2:2 ack 2";

fn when(row: u64) -> u64 {
    SECOND + row * 100 * MS
}

fn take(trace: &mut Trace, lines: &str) {
    let captured = lines.lines().zip(0..).map(|(line, row)| Captured {
        time_ns: when(row),
        place: Place::default(),
        segment: segment(line),
    });
    let batch = Batch {
        segments: captured.collect(),
        ..Batch::default()
    };
    trace.take(&batch, |_, _, _| {});
}

fn trace(lines: &str) -> Trace {
    let mut trace = Trace::new(Ports::default());
    take(&mut trace, lines);
    trace
}

fn heard(time_ns: u64, side: Side, word: Word) -> Heard {
    let [client, server] = [CLIENT, SERVER].map(|text| text.parse().unwrap());
    let (local, remote) = match side {
        Side::Client => (client, server),
        Side::Server => (server, client),
    };
    Heard {
        time_ns,
        local,
        remote,
        word,
    }
}

fn state(time_ns: u64, side: Side, state: State) -> Heard {
    heard(time_ns, side, Word::End(KernelEnd::new(state)))
}

fn deed(time_ns: u64, side: Side, deed: Deed) -> Heard {
    heard(time_ns, side, Word::Deed(deed))
}

/// The ladder's lines: a segment's row, or an aside as it is written, without its connection and row.
fn ladder(trace: &Trace) -> Vec<String> {
    let lines = 0..trace.entries(0);
    let line = |line| match trace.entry(0, line) {
        Entry::Segment(row) => row.to_string(),
        Entry::Aside(aside) => {
            let text = aside.to_string();
            text.splitn(3, ' ').last().unwrap().trim().into()
        }
    };
    lines.map(line).collect()
}

fn told(trace: &Trace) -> Vec<String> {
    let is_told = |line: &String| line.parse::<usize>().is_err();
    ladder(trace).into_iter().filter(is_told).collect()
}

#[test]
fn a_state_stands_behind_the_segment_that_shows_it_though_it_came_just_before() {
    let mut trace = trace(CLOSE);
    trace.hear(vec![
        state(when(3) - 50_000, Side::Client, State::FinWait1),
        state(when(3) + 30_000, Side::Server, State::CloseWait),
    ]);
    trace.end(Ended::default());
    let wanted = "kernel FIN-WAIT-1 - - ; CLOSE-WAIT - -";
    assert_eq!(ladder(&trace)[..5], ["0", "1", "2", "3", wanted]);
    assert_eq!(told(&trace).len(), 1, "one line for both ends");
}

#[test]
fn a_state_that_no_segment_near_shows_stands_by_its_time() {
    let mut trace = trace(CLOSE);
    // The FIN waits behind data that nobody takes.
    let early = state(when(3) - 50 * MS, Side::Client, State::FinWait1);
    trace.hear(vec![early]);
    trace.end(Ended::default());
    let lines = ladder(&trace);
    assert_eq!(lines[2..5], ["2", "kernel FIN-WAIT-1 - - ; -", "3"]);
}

#[test]
fn a_state_that_lasts_no_moment_gives_way_to_the_next() {
    let mut trace = trace(CLOSE);
    trace.hear(vec![
        state(when(2) + 10_000, Side::Server, State::SynReceived),
        state(when(2) + 20_000, Side::Server, State::Established),
        // And later, behind the same segment, comes another: both are told.
        state(when(2) + 60 * MS, Side::Server, State::Closed),
    ]);
    trace.end(Ended::default());
    let wanted = ["kernel -; ESTABLISHED - -", "kernel -; CLOSED - -"];
    assert_eq!(told(&trace), wanted);
}

#[test]
fn what_is_known_already_is_not_told_again_but_what_waits_in_queues_is() {
    let mut trace = trace(CLOSE);
    let asked = |time_ns, receive, timer: &str| {
        let end = KernelEnd {
            state: State::CloseWait,
            queues: Some(Queues { receive, send: 0 }),
            timer: timer.into(),
        };
        heard(time_ns, Side::Server, Word::End(end))
    };
    trace.hear(vec![
        state(when(4), Side::Server, State::CloseWait),
        asked(when(4) + 25 * MS, 0, ""),
        asked(when(4) + 50 * MS, 1, ""),
        asked(when(4) + 75 * MS, 2, "keepalive 9 s"),
        asked(when(4) + 80 * MS, 3, "keepalive 8 s"),
    ]);
    trace.end(Ended::default());
    let wanted = [
        "kernel -; CLOSE-WAIT - -",
        "kernel -; CLOSE-WAIT 1 0",
        "kernel -; CLOSE-WAIT 2 0 keepalive 9 s",
    ];
    assert_eq!(told(&trace), wanted);
}

const RESET: &str = "> S 0:0\n< S. 0:0 ack 1\n> . 1:1 ack 1\n< R. 1:1 ack 1";

#[test]
fn a_reason_that_comes_after_all_stands_right_behind_its_rst_and_the_error_with_who_took_it() {
    let mut trace = trace(RESET);
    trace.hear(vec![
        state(when(3) - 30_000, Side::Server, State::Closed),
        deed(
            when(3) + 1_000,
            Side::Client,
            Deed::TookReset(String::new()),
        ),
        state(when(3) + 2_000, Side::Client, State::Closed),
        deed(
            when(3) + 3_000,
            Side::Client,
            Deed::Error("ECONNRESET".into()),
        ),
        deed(
            when(3) + 9_000,
            Side::Server,
            Deed::SentReset("TCP_STATE".into()),
        ),
    ]);
    trace.end(Ended::default());
    let wanted = [
        "deed server sent-reset TCP_STATE",
        "kernel CLOSED - - ; CLOSED - -",
        "deed client took-reset ECONNRESET",
    ];
    assert_eq!(ladder(&trace)[4..], wanted);
}

#[test]
fn a_reason_without_a_peer_is_for_the_rst_nearest_in_time() {
    for local in [SERVER, "0.0.0.0:4321"] {
        let mut trace = trace(RESET);
        let reason = Deed::SentReset("TCP_FLAGS".into());
        let of_a_listener = |time_ns| Heard {
            local: local.parse().unwrap(),
            remote: "0.0.0.0:0".parse().unwrap(),
            ..deed(time_ns, Side::Server, reason.clone())
        };
        // No RST is near the first.
        trace.hear(vec![of_a_listener(when(1)), of_a_listener(when(3) - 9_000)]);
        trace.end(Ended::default());
        assert_eq!(ladder(&trace)[4..], ["deed server sent-reset TCP_FLAGS"]);
    }
}

#[test]
fn each_of_a_listeners_many_rsts_takes_one_of_its_reasons() {
    const MANY: u16 = 3000;
    let mut trace = Trace::new(Ports::new(vec![(4321, 4321)]));
    let client = |n| SocketAddr::new([127, 0, 0, 1].into(), 10_000 + n);
    let time_ns = |n: u16| SECOND + u64::from(n) * 50_000;
    let captured = (0..MANY).map(|n| {
        let mut segment = segment("< R 1:1");
        segment.dst = client(n);
        Captured {
            time_ns: time_ns(n),
            place: Place::default(),
            segment,
        }
    });
    let batch = Batch {
        segments: captured.collect(),
        ..Batch::default()
    };
    trace.take(&batch, |_, _, _| {});
    assert_eq!(trace.ids().len(), usize::from(MANY));
    let reason = |time_ns| Heard {
        remote: "0.0.0.0:0".parse().unwrap(),
        ..deed(time_ns, Side::Server, Deed::SentReset("TCP_FLAGS".into()))
    };
    trace.hear((0..MANY).map(|n| reason(time_ns(n) - 3_000)).collect());
    // And one more than there are RSTs.
    trace.hear(vec![reason(time_ns(MANY) - 3_000)]);
    trace.end(Ended::default());
    for id in trace.ids() {
        assert_eq!(trace.asides(id).len(), 1, "connection {id}");
    }
    assert_eq!(trace.heard_in_vain(), 1);
}

#[test]
fn a_second_reason_for_one_rst_stands_by_its_time() {
    let mut trace = trace(RESET);
    let reason = |time_ns| deed(time_ns, Side::Server, Deed::SentReset("TCP_STATE".into()));
    trace.hear(vec![reason(when(3) - 9_000), reason(when(3) - 8_000)]);
    trace.end(Ended::default());
    let wanted = "deed server sent-reset TCP_STATE";
    assert_eq!(ladder(&trace)[3..], [wanted, "3", wanted]);
}

#[test]
fn what_was_heard_finds_its_place_while_the_connections_clock_stands() {
    let mut trace = trace(CLOSE);
    let latest_ns = trace.now_ns();
    trace.hear(vec![state(when(6), Side::Server, State::Closed)]);
    trace.settle_heard(when(6) + 63 * SECOND);
    assert_eq!(told(&trace).len(), 1);
    assert_eq!(trace.now_ns(), latest_ns);
}

#[test]
fn a_word_waits_for_its_segments_until_time_has_passed() {
    let mut trace = Trace::new(Ports::default());
    trace.hear(vec![state(when(2) + MS, Side::Server, State::Established)]);
    trace.pass(when(2) + SECOND);
    assert_eq!(trace.entries(0), 0, "its connection isn't known yet");
    take(&mut trace, "> S 0:0\n< S. 0:0 ack 1\n> . 1:1 ack 1");
    assert_eq!(told(&trace), ["kernel -; ESTABLISHED - -"]);
    trace.hear(vec![state(
        when(2) + 2 * SECOND,
        Side::Server,
        State::Closed,
    )]);
    trace.pass(when(2) + 2 * SECOND + PATIENCE_NS - 1);
    assert_eq!(told(&trace).len(), 1, "segments may still come");
    trace.pass(when(2) + 2 * SECOND + PATIENCE_NS);
    assert_eq!(told(&trace).len(), 2);
}

#[test]
fn words_about_connections_that_nobody_captured_are_forgotten() {
    let mut trace = trace(CLOSE);
    let stranger = |time_ns| Heard {
        local: "10.0.0.1:1".parse().unwrap(),
        ..state(time_ns, Side::Server, State::Closed)
    };
    trace.hear((0..20_000).map(|n| stranger(when(0) + n)).collect());
    assert_eq!(trace.heard.waiting.len(), MOST);
    trace.pass(when(0) + LOST_NS + SECOND);
    assert!(trace.heard.waiting.is_empty());
    assert_eq!(trace.heard_in_vain(), 20_000);
    assert_eq!(told(&trace), [""; 0]);
}

#[test]
fn a_word_about_the_connection_before_on_the_same_ports_is_its() {
    let mut trace = trace(RESET);
    let again = [segment("> S 9000:9000"), segment("< S. 9000:9000 ack 9001")];
    let captured = again.into_iter().zip(50..).map(|(segment, row)| Captured {
        time_ns: when(row),
        place: Place::default(),
        segment,
    });
    let batch = Batch {
        segments: captured.collect(),
        ..Batch::default()
    };
    trace.take(&batch, |_, _, _| {});
    assert_eq!(trace.ids().len(), 2);
    trace.hear(vec![
        state(when(3), Side::Server, State::Closed),
        state(when(51), Side::Client, State::Established),
    ]);
    trace.end(Ended::default());
    assert_eq!(told(&trace), ["kernel -; CLOSED - -"]);
    assert_eq!(trace.asides(1).len(), 1);
}

#[test]
fn who_asks_gets_what_found_its_place_as_it_is_in_the_end() {
    let mut trace = trace(RESET);
    trace.keep_placed();
    trace.hear(vec![
        deed(
            when(3) + 1_000,
            Side::Client,
            Deed::TookReset(String::new()),
        ),
        deed(
            when(3) + 3_000,
            Side::Client,
            Deed::Error("ECONNRESET".into()),
        ),
    ]);
    trace.end(Ended::default());
    let placed = trace.take_placed();
    let told: Vec<_> = placed.iter().map(ToString::to_string).collect();
    assert_eq!(told, ["1 4 deed client took-reset ECONNRESET"]);
    assert!(trace.take_placed().is_empty());
}
