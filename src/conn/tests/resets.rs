//! Which RST counts, and what it does.

use super::*;

#[test]
fn data_after_close_is_answered_by_a_bare_rst_that_counts() {
    let table = check_open(
        "> F. 1:1 ack 1  | FIN-WAIT-1 CLOSE-WAIT
         < .  1:1 ack 2  | FIN-WAIT-2 CLOSE-WAIT
         < P. 1:2 ack 2  | FIN-WAIT-2 CLOSE-WAIT
         > R  2:2        | CLOSED     CLOSED",
    );
    assert!(
        last(&table)
            .reset
            .is_some_and(|reset| reset.by == Side::Client && !reset.refused)
    );
}

#[test]
fn rst_in_window_but_not_at_rcv_nxt_is_ignored() {
    check_open(
        "> R  9:9        | ESTABLISHED ESTABLISHED # reset-ignored
         > R. 1:1 ack 1  | CLOSED CLOSED",
    );
}

/// What came before it was lost; who only guesses doesn't know the acknowledgement.
#[test]
fn rst_from_beyond_what_was_captured_ends_its_sender_if_it_acknowledges_what_that_had() {
    check_open(
        "> P. 1:9 ack 1   | ESTABLISHED ESTABLISHED
         < .  1:1 ack 9   | ESTABLISHED ESTABLISHED
         < R. 99:99 ack 5 | ESTABLISHED ESTABLISHED # reset-ignored
         < R. 99:99 ack 9 | ESTABLISHED CLOSED      # reset-ignored",
    );
}

/// The server repeats what the client doesn't acknowledge; but that says that it holds the newest.
#[test]
fn rst_reaches_an_end_that_lacks_something_and_sacks_all_the_rest() {
    check_open(
        "     < .  1:4 ack 1           | ESTABLISHED ESTABLISHED
         @0.2 < .  1:4 ack 1           | ESTABLISHED ESTABLISHED # retransmission
         @0.2 < .  4:8 ack 1           | ESTABLISHED ESTABLISHED
         @0.2 > .  1:1 ack 1 sack 4:8  | ESTABLISHED ESTABLISHED # duplicate-ack
         @0.2 < R. 8:8 ack 1           | CLOSED      CLOSED",
    );
}

#[test]
fn close_wait_rst_with_the_number_of_the_fin_counts_as_on_linux() {
    check_open(
        "> F. 1:1 ack 1  | FIN-WAIT-1 CLOSE-WAIT
         < P. 1:2 ack 1  | FIN-WAIT-1 CLOSE-WAIT
         > R  1:1        | CLOSED     CLOSED",
    );
}

#[test]
fn syn_sent_refusal_takes_back_syn_received() {
    let mut table: Table = Table::default();
    table.observe(&segment("> S 0:0"), 0);
    let (.., observed) = table.observe(&segment("< R. 0:0 ack 1"), 0);
    assert_eq!(
        (observed.states.client, observed.states.server),
        (State::Closed, State::Closed)
    );
    assert_eq!(
        observed.revisions,
        [Revision {
            side: Side::Server,
            from: 0,
            to: 1,
            correction: Correction::Was(State::Closed),
        }],
        "the server's SYN-RECEIVED is disproved"
    );
    assert!(last(&table).reset.unwrap().refused);
}

#[test]
fn syn_sent_rst_without_ack_of_the_syn_moves_nothing() {
    check(
        "> S  0:0        | SYN-SENT SYN-RECEIVED
         < R. 0:0 ack 9  | SYN-SENT SYN-RECEIVED # reset-ignored",
    );
}

#[test]
fn a_rebooted_client_ends_the_old_connection_and_opens_a_new_one() {
    let table = check_open(
        "> S  70000:70000         | SYN-SENT    SYN-RECEIVED # port-reused
         < .  1:1 ack 1           | ESTABLISHED ESTABLISHED # challenge-ack
         > R  1:1                 | CLOSED      CLOSED
         > S  70000:70000         | SYN-SENT    CLOSED       # syn-retransmission
         < S. 90000:90000 ack 70001 | ESTABLISHED SYN-RECEIVED",
    );
    assert_eq!(table.connections.len(), 2);
    assert_eq!(
        table.connections[0].reset.map(|reset| reset.by),
        Some(Side::Client)
    );
}

#[test]
fn established_rst_that_its_receiver_outlives_did_not_arrive() {
    finally(
        "     > R. 1:1 ack 1  | CLOSED ESTABLISHED
         @0.5 < P. 1:9 ack 1  | CLOSED ESTABLISHED
         @0.5 > R  1:1        | CLOSED CLOSED",
    );
}

#[test]
fn an_rst_whose_sender_goes_on_was_not_its_own() {
    let table = finally(
        "> P. 1:9 ack 1  | ESTABLISHED ESTABLISHED
         < R  1:1        | CLOSED      ESTABLISHED
         < P. 1:2 ack 9  | CLOSED      ESTABLISHED
         > R  9:9        | CLOSED      CLOSED",
    );
    assert!(last(&table).reset.is_some_and(|reset| reset.denied));
}

/// Nobody acknowledges the probes, so nobody is presumed to get the RST.
#[test]
fn probes_without_answer_then_rst_close_only_their_sender() {
    check_open(
        "@1 > .  0:0 ack 1  | ESTABLISHED ESTABLISHED # keep-alive
         @2 > .  0:0 ack 1  | ESTABLISHED ESTABLISHED # keep-alive
         @3 > R. 1:1 ack 1  | CLOSED      ESTABLISHED",
    );
}

#[test]
fn answered_probes_leave_both_ends_to_hear() {
    check_open(
        "@1 > .  0:0 ack 1  | ESTABLISHED ESTABLISHED # keep-alive
         @1 < .  1:1 ack 1  | ESTABLISHED ESTABLISHED # keep-alive-ack
         @2 > .  0:0 ack 1  | ESTABLISHED ESTABLISHED # keep-alive
         @2 < .  1:1 ack 1  | ESTABLISHED ESTABLISHED # keep-alive-ack
         @3 > R. 1:1 ack 1  | CLOSED      CLOSED",
    );
}

/// What was on its way when the RST was sent comes after it.
#[test]
fn data_under_way_after_an_rst_leaves_it_a_reset() {
    let table = finally(
        "> R. 1:1 ack 1     | CLOSED ESTABLISHED
         < P. 1:9 ack 1     | CLOSED ESTABLISHED
         < P. 9:17 ack 1    | CLOSED ESTABLISHED",
    );
    assert!(
        last(&table)
            .reset
            .is_some_and(|reset| reset.row == 3 && reset.outlived)
    );
}

/// The client goes on after an RST in its name, and so does the server: nobody died of it.
#[test]
fn an_rst_that_both_ends_outlive_was_none() {
    let table = finally(
        "  > R  1:1        | ESTABLISHED ESTABLISHED
           > P. 1:9 ack 1  | ESTABLISHED ESTABLISHED
           < .  1:1 ack 9  | ESTABLISHED ESTABLISHED",
    );
    assert_eq!(last(&table).reset, None);
}

#[test]
fn an_ignored_rst_in_the_window_draws_a_challenge_ack() {
    check_open(
        "< R  9:9        | ESTABLISHED ESTABLISHED # reset-ignored
         > .  1:1 ack 1  | ESTABLISHED ESTABLISHED # challenge-ack
         < R  1:1        | CLOSED      CLOSED",
    );
}

/// Linux (tcp_validate_incoming) also takes the end of what it holds.
#[test]
fn an_rst_at_the_end_of_what_is_held_behind_a_gap_counts() {
    check_open(
        "> P. 5:9 ack 1           | ESTABLISHED ESTABLISHED # previous-not-captured
         < .  1:1 ack 1 sack 5:9  | ESTABLISHED ESTABLISHED # duplicate-ack
         > R. 9:9 ack 1           | CLOSED      CLOSED",
    );
}

#[test]
fn time_wait_rst_at_rcv_nxt_ends_it_and_is_no_reset() {
    let table = check_open(
        "> F. 1:1 ack 1  | FIN-WAIT-1 CLOSE-WAIT
         < F. 1:1 ack 2  | TIME-WAIT  LAST-ACK
         > .  2:2 ack 2  | TIME-WAIT  CLOSED
         < R  2:2        | CLOSED     CLOSED",
    );
    assert_eq!(
        (last(&table).reset, last(&table).time_wait_killed),
        (None, Some(6))
    );
}

/// A host that forgot its TIME-WAIT, or FIN-WAIT-2, answers the FIN with RST: it didn't take it.
#[test]
fn a_fin_that_is_answered_by_rst_was_not_taken() {
    finally(
        "   > F. 1:1 ack 1  | FIN-WAIT-1 CLOSE-WAIT
            < .  1:1 ack 2  | FIN-WAIT-2 CLOSE-WAIT
         @2 < F. 1:1 ack 2  | FIN-WAIT-2 LAST-ACK
         @2 > R  2:2        | CLOSED     CLOSED",
    );
}

/// The network delivers the ACK of before the FIN late: it was sent before the RST.
#[test]
fn closed_by_an_rst_an_older_acknowledgement_that_comes_late_revives_nothing() {
    check_open(
        "> F. 1:1 ack 1  | FIN-WAIT-1 CLOSE-WAIT
         < F. 1:1 ack 2  | TIME-WAIT  LAST-ACK
         > .  2:2 ack 2  | TIME-WAIT  CLOSED
         < R  2:2        | CLOSED     CLOSED
         > .  2:2 ack 1  | CLOSED     CLOSED",
    );
    check_open(
        "< P. 1:6 ack 1  | ESTABLISHED ESTABLISHED
         > .  1:1 ack 6  | ESTABLISHED ESTABLISHED
         < R. 6:6 ack 1  | CLOSED      CLOSED
         > .  1:1 ack 1  | CLOSED      CLOSED",
    );
}
