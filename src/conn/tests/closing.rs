//! Closing: FINs in every order, and what is taken back.

use super::*;

#[test]
fn established_close_of_both_in_turn_takes_four_segments() {
    check_open(
        "> F. 1:1 ack 1  | FIN-WAIT-1 CLOSE-WAIT
         < .  1:1 ack 2  | FIN-WAIT-2 CLOSE-WAIT
         < F. 1:1 ack 2  | TIME-WAIT  LAST-ACK
         > .  2:2 ack 2  | TIME-WAIT  CLOSED",
    );
}

#[test]
fn fin_wait_1_fin_that_acknowledges_our_fin_enters_time_wait_not_closing() {
    check_open(
        "> F. 1:1 ack 1  | FIN-WAIT-1 CLOSE-WAIT
         < F. 1:1 ack 2  | TIME-WAIT  LAST-ACK
         > .  2:2 ack 2  | TIME-WAIT  CLOSED",
    );
}

#[test]
fn fin_wait_1_ack_of_data_only_moves_nothing() {
    check_open(
        "> P. 1:6 ack 1  | ESTABLISHED ESTABLISHED
         > F. 6:6 ack 1  | FIN-WAIT-1  CLOSE-WAIT
         < .  1:1 ack 6  | FIN-WAIT-1  CLOSE-WAIT
         < .  1:1 ack 7  | FIN-WAIT-2  CLOSE-WAIT",
    );
}

#[test]
fn fins_that_cross_make_both_closing_then_time_wait() {
    let table = check_open(
        "> F. 1:1 ack 1  | FIN-WAIT-1 CLOSE-WAIT
         < F. 1:1 ack 1  | CLOSING    CLOSING
         > .  2:2 ack 2  | CLOSING    TIME-WAIT
         < .  2:2 ack 2  | TIME-WAIT  TIME-WAIT",
    );
    assert!(last(&table).simultaneous_close);
}

#[test]
fn fin_retransmitted_moves_nothing_on() {
    check_open(
        "> F. 1:1 ack 1  | FIN-WAIT-1 CLOSE-WAIT
         > F. 1:1 ack 1  | FIN-WAIT-1 ESTABLISHED # fin-retransmission
         < .  1:1 ack 2  | FIN-WAIT-2 CLOSE-WAIT
         @1 > F. 1:1 ack 1 | FIN-WAIT-1 CLOSE-WAIT # fin-retransmission
         < .  1:1 ack 2  | FIN-WAIT-2 CLOSE-WAIT # duplicate-ack",
    );
}

#[test]
fn fin_behind_a_gap_is_taken_when_the_gap_is_filled() {
    check_open(
        "> F. 6:6 ack 1  | FIN-WAIT-1 ESTABLISHED # previous-not-captured
         > P. 1:6 ack 1  | FIN-WAIT-1 CLOSE-WAIT # out-of-order",
    );
}

#[test]
fn fin_with_data_is_acknowledged_only_past_the_data() {
    check_open(
        "> FP. 1:6 ack 1  | FIN-WAIT-1 CLOSE-WAIT
         < .   1:1 ack 6  | FIN-WAIT-1 CLOSE-WAIT
         < .   1:1 ack 7  | FIN-WAIT-2 CLOSE-WAIT",
    );
}

#[test]
fn half_close_carries_data_the_other_way() {
    check_open(
        "> F. 1:1 ack 1     | FIN-WAIT-1 CLOSE-WAIT
         < .  1:1 ack 2     | FIN-WAIT-2 CLOSE-WAIT
         < P. 1:2 ack 2     | FIN-WAIT-2 CLOSE-WAIT
         > .  2:2 ack 2     | FIN-WAIT-2 CLOSE-WAIT
         > R. 2:2 ack 2     | CLOSED     CLOSED",
    );
}

#[test]
fn close_wait_fin_that_repeats_an_old_acknowledgement_is_not_crossed() {
    let table = check_open(
        "> F. 1:1 ack 1  | FIN-WAIT-1 CLOSE-WAIT
         < .  1:1 ack 2  | FIN-WAIT-2 CLOSE-WAIT
         < F. 1:1 ack 1  | TIME-WAIT  LAST-ACK",
    );
    assert!(!last(&table).simultaneous_close);
}

/// The first copy never arrived: no selective acknowledgement says that it came twice.
#[test]
fn fin_lost_and_repeated_is_received_with_the_second_copy() {
    finally(
        "   > F. 1:1 ack 1  | FIN-WAIT-1 ESTABLISHED
         @1 > F. 1:1 ack 1  | FIN-WAIT-1 CLOSE-WAIT
         @1 < .  1:1 ack 2  | FIN-WAIT-2 CLOSE-WAIT",
    );
}

/// RFC 2883: the acknowledgement says that the FIN came twice, so it was the acknowledgement that was lost.
#[test]
fn fin_acknowledged_with_a_duplicate_sack_was_received_with_the_first_copy() {
    finally(
        "   > F. 1:1 ack 1           | FIN-WAIT-1 CLOSE-WAIT
         @1 > F. 1:1 ack 1           | FIN-WAIT-1 CLOSE-WAIT
         @2 > F. 1:1 ack 1           | FIN-WAIT-1 CLOSE-WAIT
         @2 < .  1:1 ack 2 sack 1:2  | FIN-WAIT-2 CLOSE-WAIT",
    );
}

#[test]
fn fin_repeated_and_never_acknowledged_was_not_received() {
    finally(
        "   > F. 1:1 ack 1  | FIN-WAIT-1 ESTABLISHED
         @1 > F. 1:1 ack 1  | FIN-WAIT-1 ESTABLISHED
         @3 > F. 1:1 ack 1  | FIN-WAIT-1 ESTABLISHED
         @7 > F. 1:1 ack 1  | FIN-WAIT-1 ESTABLISHED",
    );
}

#[test]
fn last_ack_repeated_fin_shows_that_the_acknowledgement_was_lost() {
    finally(
        "   > F. 1:1 ack 1  | FIN-WAIT-1 CLOSE-WAIT
            < .  1:1 ack 2  | FIN-WAIT-2 CLOSE-WAIT
            < F. 1:1 ack 2  | TIME-WAIT  LAST-ACK
            > .  2:2 ack 2  | TIME-WAIT  LAST-ACK
         @1 < F. 1:1 ack 2  | TIME-WAIT  LAST-ACK
         @1 > .  2:2 ack 2  | TIME-WAIT  CLOSED",
    );
}

#[test]
fn data_sent_without_the_fin_acknowledged_shows_that_the_fin_had_not_arrived() {
    finally(
        "> F. 1:1 ack 1  | FIN-WAIT-1 ESTABLISHED
         < P. 1:9 ack 1  | FIN-WAIT-1 CLOSE-WAIT
         > .  2:2 ack 9  | FIN-WAIT-1 CLOSE-WAIT
         < .  9:9 ack 2  | FIN-WAIT-2 CLOSE-WAIT",
    );
}

#[test]
fn fin_behind_data_that_is_known_lost_is_received_when_that_is_acknowledged() {
    finally(
        "   > P. 1:4 ack 1            | ESTABLISHED ESTABLISHED
            > F. 4:4 ack 1            | FIN-WAIT-1  ESTABLISHED
            < .  1:1 ack 1 sack 4:5   | FIN-WAIT-1  ESTABLISHED
         @1 > P. 1:4 ack 1            | FIN-WAIT-1  CLOSE-WAIT
         @1 < .  1:1 ack 5            | FIN-WAIT-2  CLOSE-WAIT",
    );
}

/// The server's FIN was lost before it could be captured; its acknowledgement of the client's stands behind it.
#[test]
fn fin_seen_only_when_repeated_crossed_if_the_acknowledgement_came_after_it() {
    let table = finally(
        "     > F. 1:1 ack 1  | FIN-WAIT-1 CLOSING
              < .  2:2 ack 2  | FIN-WAIT-2 CLOSING
         @0.2 < F. 1:1 ack 2  | TIME-WAIT  CLOSING
         @0.2 > .  2:2 ack 2  | TIME-WAIT  TIME-WAIT",
    );
    assert!(last(&table).simultaneous_close);
}

/// The same, but the FIN isn't lost, only late: it acknowledges the client's, which its sender had.
#[test]
fn fin_that_comes_late_and_acknowledges_the_peers_is_not_crossed() {
    let table = finally(
        "     > F. 1:1 ack 1  | FIN-WAIT-1 CLOSE-WAIT
         @0.1 < .  2:2 ack 2  | FIN-WAIT-2 CLOSE-WAIT
         @0.1 < F. 1:1 ack 2  | TIME-WAIT  LAST-ACK
         @0.1 > .  2:2 ack 2  | TIME-WAIT  CLOSED",
    );
    assert!(!last(&table).simultaneous_close);
}

/// It may have been under way when the acknowledgement of its FIN was sent.
#[test]
fn closed_end_that_acknowledges_once_more_is_not_proven_to_be_closed() {
    let table = check_open(
        "> F. 1:1 ack 1  | FIN-WAIT-1 CLOSE-WAIT
         < F. 1:1 ack 2  | TIME-WAIT  LAST-ACK
         > .  2:2 ack 2  | TIME-WAIT  CLOSED
         < .  2:2 ack 2  | TIME-WAIT  CLOSED # duplicate-ack",
    );
    assert_eq!(last(&table).ends.server.certainty, Certainty::Presumed);
    assert_eq!(last(&table).ends.client.certainty, Certainty::Proven);
}

#[test]
fn time_wait_ends_by_the_clock() {
    let table = check_open(
        "> F. 1:1 ack 1        | FIN-WAIT-1 CLOSE-WAIT
         < F. 1:1 ack 2        | TIME-WAIT  LAST-ACK
         > .  2:2 ack 2        | TIME-WAIT  CLOSED
         @70 < .  2:2 ack 2    | CLOSED     CLOSED # duplicate-ack",
    );
    assert_eq!(
        last(&table).ends.client.since,
        60_000_000_000,
        "it ended at 60 s, not with the segment"
    );
}

#[test]
fn fin_wait_2_that_was_over_by_the_clock_took_no_fin() {
    finally(
        "    > F. 1:1 ack 1  | FIN-WAIT-1 CLOSE-WAIT
             < .  1:1 ack 2  | FIN-WAIT-2 CLOSE-WAIT
         @70 < F. 1:1 ack 2  | CLOSED     LAST-ACK
         @70 > R  2:2        | CLOSED     CLOSED",
    );
}

/// The FIN itself was lost before the capture; its acknowledgement wasn't.
#[test]
fn fin_captured_only_when_it_is_repeated_counts() {
    check_open(
        "     > .  1:1 ack 2  | ESTABLISHED ESTABLISHED # ack-of-unseen
         @0.2 < F. 1:1 ack 1  | CLOSE-WAIT  FIN-WAIT-1 # retransmission
         @0.2 > .  1:1 ack 2  | CLOSE-WAIT  FIN-WAIT-2 # duplicate-ack",
    );
}

/// Frames are missing, more than a window of them: a FIN is still a FIN.
#[test]
fn fin_that_acknowledges_far_more_than_was_captured_counts() {
    check_open(
        "> P. 1:9 ack 1        | ESTABLISHED ESTABLISHED
         < F. 1:1 ack 90000    | CLOSE-WAIT  FIN-WAIT-1 # ack-of-unseen
         > .  90000:90000 ack 2 | CLOSE-WAIT FIN-WAIT-2",
    );
}

#[test]
fn time_wait_that_ended_by_the_clock_is_told_so_whatever_comes_later() {
    let table = check_open(
        "> F. 1:1 ack 1      | FIN-WAIT-1 CLOSE-WAIT
         < F. 1:1 ack 2      | TIME-WAIT  LAST-ACK
         > .  2:2 ack 2      | TIME-WAIT  CLOSED
         @70 < . 2:2 ack 2   | CLOSED     CLOSED # duplicate-ack",
    );
    assert!(last(&table).ends.client.by_clock);
}

/// The FIN-WAIT-2 began with the first acknowledgement, whatever was presumed in between.
#[test]
fn fin_wait_2_lasts_from_when_it_began() {
    finally(
        "      > F. 1:1 ack 1  | FIN-WAIT-1 CLOSE-WAIT
               < .  1:1 ack 2  | FIN-WAIT-2 CLOSE-WAIT
         @50   < F. 1:1 ack 2  | FIN-WAIT-2 LAST-ACK
         @50.2 < F. 1:1 ack 2  | FIN-WAIT-2 LAST-ACK
         @65   < F. 1:1 ack 2  | CLOSED     LAST-ACK
         @65   > R  2:2        | CLOSED     CLOSED",
    );
}

/// RFC 792: a router that can't deliver the FIN says so.
#[test]
fn fin_that_an_icmp_error_is_about_was_not_received() {
    let mut table = check_open("> F. 1:1 ack 1 | FIN-WAIT-1 CLOSE-WAIT");
    let fin = segment("> F. 1:1 ack 1");
    let error = IcmpError {
        reporter: "10.9.0.254".parse().unwrap(),
        src: fin.src,
        dst: fin.dst,
        seq: fin.seq,
        kind: 3,
        code: 1,
    };
    let (_, seen, revisions) = table.report(&error).expect("it is outstanding");
    assert_eq!((seen.about, seen.rows), (Side::Client, 4));
    assert_eq!(last(&table).ends.server.state, State::Established);
    assert_eq!((revisions[0].from, revisions[0].to), (3, 4));
    let elsewhere = IcmpError {
        seq: fin.seq + 9,
        ..error
    };
    assert!(table.report(&elsewhere).is_none(), "nobody sent that");
}

/// Both repeat their FINs at once; what each repeats acknowledges the other's.
#[test]
fn closing_fins_repeated_at_once_acknowledge_each_other() {
    check_open(
        "     > F. 1:1 ack 1  | FIN-WAIT-1 CLOSE-WAIT
              < F. 1:1 ack 1  | CLOSING    CLOSING
              > .  2:2 ack 2  | CLOSING    TIME-WAIT
         @0.2 > F. 1:1 ack 2  | CLOSING    FIN-WAIT-2 # fin-retransmission
         @0.2 < F. 1:1 ack 2  | TIME-WAIT  TIME-WAIT # fin-retransmission",
    );
}

/// The same where the client's FIN had to be repeated: without a duplicate SACK the acknowledgement is the first.
#[test]
fn fins_crossed_unseen_though_one_was_repeated() {
    let table = finally(
        "     > F. 1:1 ack 1  | FIN-WAIT-1 ESTABLISHED
         @0.2 > F. 1:1 ack 1  | FIN-WAIT-1 CLOSING
         @0.2 < .  2:2 ack 2  | FIN-WAIT-2 CLOSING
         @0.4 < F. 1:1 ack 2  | TIME-WAIT  CLOSING
         @0.4 > .  2:2 ack 2  | TIME-WAIT  TIME-WAIT",
    );
    assert!(last(&table).simultaneous_close);
}

/// The answer acknowledges the FIN: whoever repeats that has neither.
#[test]
fn fin_wait_1_fin_repeated_while_the_answer_is_late_is_not_crossed() {
    let table = check_open(
        "     > F. 1:1 ack 1  | FIN-WAIT-1 CLOSE-WAIT
              < F. 1:1 ack 2  | TIME-WAIT  LAST-ACK
         @0.2 > F. 1:1 ack 1  | FIN-WAIT-1 LAST-ACK # fin-retransmission
         @0.2 < .  2:2 ack 2  | FIN-WAIT-2 LAST-ACK # duplicate-ack
         @0.2 > .  2:2 ack 2  | TIME-WAIT  CLOSED",
    );
    assert!(!last(&table).simultaneous_close);
}

/// A SYN that was repeated doesn't make the way longer: what was sent 0.2 s before the repetition is lost.
#[test]
fn fin_wait_1_fin_repeated_long_after_the_answer_though_the_handshake_took_a_repeated_syn() {
    check(
        "     > S  0:0        | SYN-SENT    SYN-RECEIVED
         @1   > S  0:0        | SYN-SENT    CLOSED # syn-retransmission
         @1   < S. 0:0 ack 1  | ESTABLISHED SYN-RECEIVED
         @1   > .  1:1 ack 1  | ESTABLISHED ESTABLISHED
         @2   < F. 1:1 ack 1  | CLOSE-WAIT  FIN-WAIT-1
         @2   > F. 1:1 ack 2  | LAST-ACK    TIME-WAIT
         @2.2 < F. 1:1 ack 1  | LAST-ACK    FIN-WAIT-1 # fin-retransmission
         @2.2 > .  2:2 ack 2  | LAST-ACK    FIN-WAIT-2 # duplicate-ack",
    );
}

#[test]
fn fin_wait_1_answer_repeated_that_crosses_the_repeated_fin_is_not_crossed() {
    let table = finally(
        "     > F. 1:1 ack 1  | FIN-WAIT-1 CLOSE-WAIT
              < F. 1:1 ack 2  | FIN-WAIT-1 LAST-ACK
         @0.2 < F. 1:1 ack 2  | TIME-WAIT  LAST-ACK
         @0.2 > F. 1:1 ack 1  | TIME-WAIT  LAST-ACK
         @0.2 < .  2:2 ack 2  | TIME-WAIT  LAST-ACK
         @0.2 > .  2:2 ack 2  | TIME-WAIT  CLOSED",
    );
    assert!(!last(&table).simultaneous_close);
}
