use super::*;
use crate::story::ending::ending;
use crate::story::tests::{trace_of, trace_without_handshake};

fn found_in(trace: &Trace) -> Vec<Found> {
    let id = u32::try_from(trace.ids().len() - 1).unwrap();
    findings(trace, id, &ending(trace, id))
}

/// The findings after the handshake and these lines: what, about whom, and the rows as people count.
#[track_caller]
fn check(lines: &str, wanted: &[(&str, Side, &[usize])]) {
    let found = found_in(&trace_of(lines));
    let seen: Vec<_> = found
        .iter()
        .map(|found| {
            let rows: Vec<_> = found.rows.iter().map(|row| row + 1).collect();
            (found.id, found.side, rows)
        })
        .collect();
    let wanted: Vec<_> = wanted
        .iter()
        .map(|(id, side, rows)| (*id, *side, rows.to_vec()))
        .collect();
    assert_eq!(seen, wanted);
}

#[test]
fn names_and_texts_are_complete() {
    for (i, finding) in ALL.iter().enumerate() {
        assert!(ALL[..i].iter().all(|other| other.id != finding.id));
        for text in [finding.when, finding.means, finding.attempt] {
            assert!(text.ends_with('.'), "{}: {text}", finding.id);
        }
    }
}

#[test]
fn orderly_close_is_nothing_to_tell() {
    check(
        "> F. 1:1 ack 1\n< . 1:1 ack 2\n@1 < F. 1:1 ack 2\n@1 > . 2:2 ack 2",
        &[],
    );
}

#[test]
fn close_wait_and_fin_wait_2_that_last_are_told() {
    check(
        "> F. 1:1 ack 1\n< . 1:1 ack 2\n@41 < F. 1:1 ack 2\n@41 > . 2:2 ack 2",
        &[
            ("close-wait-lasts", Side::Server, &[4]),
            ("fin-wait-2-lasts", Side::Client, &[5]),
        ],
    );
    let trace = trace_of("> F. 1:1 ack 1\n< . 1:1 ack 2\n@41 < F. 1:1 ack 2");
    assert_eq!(
        found_in(&trace)[0].seen,
        "The server was in CLOSE-WAIT for 41.0 s."
    );
}

#[test]
fn data_after_close_is_told_of_who_closed() {
    check(
        "> F. 1:1 ack 1\n< . 1:1 ack 2\n< P. 1:2 ack 2\n> R 2:2",
        &[("data-after-close", Side::Client, &[4, 6, 7])],
    );
}

#[test]
fn unread_data_and_linger_zero_are_told_apart_by_what_was_received() {
    check(
        "< P. 1:9 ack 1\n> . 1:1 ack 9\n> R. 1:1 ack 9",
        &[("unread-data", Side::Client, &[4, 6])],
    );
    check("> R. 1:1 ack 1", &[("linger-zero", Side::Client, &[4])]);
}

#[test]
fn half_close_with_data_is_told() {
    check(
        "> F. 1:1 ack 1\n< . 1:1 ack 2\n< P. 1:9 ack 2\n> . 2:2 ack 9\n< F. 9:9 ack 2\n> . 2:2 ack 10",
        &[("half-close-data", Side::Client, &[4, 6])],
    );
}

#[test]
fn fin_retransmitted_is_told() {
    check(
        "> F. 1:1 ack 1\n> F. 1:1 ack 1\n> F. 1:1 ack 1",
        &[("fin-retransmitted", Side::Client, &[5, 6])],
    );
}

#[test]
fn keep_alive_failure_is_told_with_its_probes() {
    check(
        "> P. 1:9 ack 1\n< . 1:1 ack 9\n@1 > . 8:8 ack 1\n@2 > . 8:8 ack 1\n@3 > R. 9:9 ack 1",
        &[("keep-alive-failed", Side::Client, &[6, 7, 8])],
    );
}

#[test]
fn a_peer_that_knows_nothing_is_told_as_rebooted() {
    check(
        "@9 > P. 1:9 ack 1\n@9 < R 1:1",
        &[("peer-rebooted", Side::Server, &[4, 5])],
    );
}

#[test]
fn an_rst_that_its_sender_denies_is_from_the_middle() {
    check(
        "> P. 1:9 ack 1\n< R 1:1\n< P. 1:2 ack 9\n> R 9:9",
        &[("reset-from-the-middle", Side::Server, &[5])],
    );
}

#[test]
fn refused_and_unanswered_syns_are_told() {
    let refused = found_in(&trace_without_handshake("> S 0:0\n< R. 0:0 ack 1"));
    assert_eq!(
        (refused[0].id, refused[0].seen.as_str()),
        ("refused", "127.0.0.1:4321 answered the SYN with RST.")
    );
    let unanswered = found_in(&trace_without_handshake("> S 0:0\n@1 > S 0:0"));
    assert_eq!(
        (unanswered[0].id, unanswered[0].seen.as_str()),
        (
            "syn-unanswered",
            "The client sent 2 SYNs and got no answer."
        )
    );
}

#[test]
fn a_time_wait_used_again_is_told_of_the_new_connection() {
    check(
        "> F. 1:1 ack 1
         < F. 1:1 ack 2
         > .  2:2 ack 2
         @1 > S  90000:90000
         @1 < S. 70000:70000 ack 90001",
        &[("time-wait-reused", Side::Client, &[1])],
    );
}
