use super::*;
use crate::story::tests::trace_of;

/// The causes after the handshake and these lines, and the rows of the first as people count them.
fn causes_of(lines: &str) -> (Vec<String>, Vec<usize>) {
    let trace = trace_of(lines);
    let causes = causes(&trace, 0);
    let names = causes
        .iter()
        .map(|cause| format!("{} {}", cause.confidence.name(), cause.id.name()));
    (
        names.collect(),
        causes[0].rows.iter().map(|row| row + 1).collect(),
    )
}

#[track_caller]
fn check(lines: &str, wanted: &[&str], rows: &[usize]) {
    let (seen, seen_rows) = causes_of(lines);
    assert_eq!(
        (seen, seen_rows),
        (
            wanted.iter().map(|name| (*name).to_string()).collect(),
            rows.to_vec()
        )
    );
}

#[test]
fn fin_wait_2_data_soon_after_the_fin_is_data_after_close() {
    check(
        "@0 > F. 1:1 ack 1
         @0 < .  1:1 ack 2
         @0 < P. 1:2 ack 2
         @0 > R  2:2",
        &["certain data-after-close"],
        &[4, 6, 7],
    );
}

/// The FIN is repeated before the data arrives.
#[test]
fn fin_wait_1_data_under_way_when_the_fin_is_repeated_is_data_after_close() {
    check(
        "@0 > F. 1:1 ack 1
         @0 < .  1:1 ack 2
         @0 < P. 1:2 ack 2
         @0.2 > F. 1:1 ack 1
         @0.2 < .  2:2 ack 2
         @0.2 > R  2:2",
        &["certain data-after-close"],
        &[4, 6, 9],
    );
}

#[test]
fn fin_wait_2_data_late_may_be_an_orphans_timeout() {
    let lines = |late| {
        format!("@0 > F. 1:1 ack 1\n@0 < . 1:1 ack 2\n@{late} < P. 1:2 ack 2\n@{late} > R 2:2")
    };
    check(
        &lines(5),
        &["likely data-after-close", "likely orphan-timeout"],
        &[4, 6, 7],
    );
    check(
        &lines(61),
        &["likely orphan-timeout", "likely data-after-close"],
        &[4, 6, 7],
    );
}

#[test]
fn fin_wait_2_fin_answered_by_rst_is_an_orphans_timeout() {
    check(
        "@0 > F. 1:1 ack 1
         @0 < .  1:1 ack 2
         @70 < F. 1:1 ack 2
         @70 > R  2:2",
        &["likely orphan-timeout", "likely no-such-connection"],
        &[4, 6, 7],
    );
}

#[test]
fn established_data_answered_by_a_bare_rst_is_no_such_connection() {
    check(
        "@9 > P. 1:9 ack 1\n@9 < R 1:1",
        &["likely no-such-connection"],
        &[4, 5],
    );
}

#[test]
fn established_rst_with_ack_without_data_received_cannot_be_unread_data() {
    check(
        "@0 > P. 1:9 ack 1\n@0 < . 1:1 ack 9\n@0 > R. 9:9 ack 1",
        &["likely linger-zero"],
        &[6],
    );
}

#[test]
fn established_rst_with_ack_after_data_received_is_unread_data_or_an_abort() {
    check(
        "@0 < P. 1:9 ack 1
         @0 > .  1:1 ack 9
         @0 > R. 1:1 ack 9",
        &["likely unread-data", "likely linger-zero"],
        &[4, 6],
    );
}

#[test]
fn established_unanswered_probes_and_rst_are_a_keep_alive_timeout() {
    check(
        "@0 > P. 1:9 ack 1
         @0 < .  1:1 ack 9
         @1 > .  8:8 ack 1
         @2 > .  8:8 ack 1
         @3 > R. 9:9 ack 1",
        &["likely keep-alive-timeout"],
        &[6, 7, 8],
    );
}

#[test]
fn established_rst_with_ack_after_an_answer_is_still_rather_unread_data() {
    check(
        "< P. 1:9 ack 1
         > P. 1:5 ack 9
         > R. 5:5 ack 9",
        &["likely unread-data", "likely linger-zero"],
        &[4, 6],
    );
}

#[test]
fn established_rst_whose_sender_goes_on_is_from_the_middle() {
    check(
        "> P. 1:9 ack 1
         < R  1:1
         < P. 1:2 ack 9
         > R  9:9",
        &["unknown unknown"],
        &[5],
    );
}

#[test]
fn established_rst_with_another_ttl_may_be_from_the_middle() {
    check(
        "> P. 1:9 ack 1\n< R 1:1 ttl 255",
        &["unknown unknown", "likely no-such-connection"],
        &[5],
    );
}

#[test]
fn established_data_repeated_without_answer_is_a_retransmission_timeout() {
    let lines = "@1 > P. 1:9 ack 1
         @2 > P. 1:9 ack 1
         @3 > P. 1:9 ack 1
         @5 > P. 1:9 ack 1
         @9 > P. 1:9 ack 1";
    check(lines, &["likely retransmission-timeout"], &[4, 8]);
    let mut growing = trace_of(lines);
    growing.ended = None;
    assert_eq!(causes(&growing, 0), [], "it may still go on");
}

#[test]
fn time_wait_rst_at_rcv_nxt_is_told_as_what_it_is() {
    check(
        "> F. 1:1 ack 1
         < .  1:1 ack 2
         < F. 1:1 ack 2
         > .  2:2 ack 2
         < R  2:2",
        &["likely time-wait"],
        &[4, 6, 8],
    );
}

#[test]
fn established_burst_repeated_once_is_no_time_out() {
    let burst = "> P. 1:9 ack 1\n> P. 9:17 ack 1\n> P. 17:25 ack 1\n> P. 25:33 ack 1\n";
    let again = burst.replace("> P", "@0.3 > P");
    assert_eq!(causes(&trace_of(&format!("{burst}{again}")), 0), []);
}

/// What came after the RST wasn't there to be left unread.
#[test]
fn established_data_after_the_rst_cannot_have_been_unread() {
    check(
        "> R. 1:1 ack 1\n@0.5 < P. 1:9 ack 1",
        &["likely linger-zero"],
        &[4],
    );
}

#[test]
fn fin_wait_2_probes_without_answer_and_rst_are_a_keep_alive_timeout() {
    check(
        "  < P. 1:5 ack 1
           > .  1:1 ack 5
           > F. 1:1 ack 5
           < .  5:5 ack 2
         @1 > .  1:1 ack 5
         @2 > .  1:1 ack 5
         @3 > R. 2:2 ack 5",
        &["likely keep-alive-timeout"],
        &[8, 9, 10],
    );
}

#[test]
fn a_fin_that_was_not_captured_is_not_a_peer_that_rebooted() {
    check(
        "< . 1:1 ack 2
         < P. 1:2 ack 2
         > R  2:2",
        &["likely data-after-close", "likely no-such-connection"],
        &[5, 6],
    );
}

#[test]
fn established_rst_with_ack_that_overtook_data_is_the_cause_of_the_answers_after_it() {
    check(
        "@0 < P. 1:10 ack 1
         @0 > .  1:1 ack 10
         @0 > P. 1:9 ack 10
         @0 < .  10:10 ack 9
         @0 > R. 17:17 ack 10
         @0 > P. 9:17 ack 10
         @0 < .  10:10 ack 9
         @0 > R  9:9",
        &["likely unread-data", "likely linger-zero"],
        &[4, 8],
    );
}
