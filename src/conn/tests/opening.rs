//! Opening: the handshake, simultaneous open, ports used again.

use super::*;

#[test]
fn syn_retransmitted_moves_nothing() {
    check(
        "> S  0:0        | SYN-SENT    SYN-RECEIVED
         > S  0:0        | SYN-SENT    CLOSED       # syn-retransmission
         < S. 0:0 ack 1  | ESTABLISHED SYN-RECEIVED
         < S. 0:0 ack 1  | SYN-SENT    SYN-RECEIVED # syn-retransmission
         > .  1:1 ack 1  | ESTABLISHED ESTABLISHED",
    );
}

#[test]
fn syns_that_cross_make_both_syn_received_then_established() {
    check(
        "> S  0:0        | SYN-SENT     SYN-RECEIVED
         < S  0:0        | SYN-RECEIVED SYN-RECEIVED
         > S. 0:0 ack 1  | SYN-RECEIVED ESTABLISHED
         < S. 0:0 ack 1  | ESTABLISHED  ESTABLISHED",
    );
}

/// As Linux was measured: connect() to the own port is a simultaneous open, close() a simultaneous close.
#[test]
fn a_socket_connected_to_itself_is_both_ends() {
    let mut table: Table = Table::default();
    for (line, state) in [
        ("> S  0:0", State::SynReceived),
        ("> S. 0:0 ack 1", State::Established),
        ("> .  1:1 ack 1", State::Established),
        ("> P. 1:3 ack 1", State::Established),
        ("> .  3:3 ack 3", State::Established),
        ("> F. 3:3 ack 3", State::Closing),
        ("> .  4:4 ack 4", State::TimeWait),
    ] {
        let mut seg = segment(line);
        seg.dst = seg.src;
        // Its own numbers are its peer's.
        seg.ack = seg.ack - ISS[1] + ISS[0];
        let (_, from, observed) = table.observe(&seg, 0);
        assert_eq!(
            (from, observed.states.client, observed.states.server),
            (Side::Client, state, state),
            "{line}"
        );
    }
    assert!(last(&table).simultaneous_close && table.connections.len() == 1);
    // Nobody listens: it is one socket.
    assert_eq!(last(&table).initial.server, State::Closed);
}

#[test]
fn a_new_syn_on_a_finished_connection_starts_another() {
    let table = check_open(
        "> R. 1:1 ack 1    | CLOSED   CLOSED
         > S  700:700      | SYN-SENT SYN-RECEIVED # port-reused
         < S. 0:0 ack 701  | ESTABLISHED SYN-RECEIVED",
    );
    assert_eq!(table.connections.len(), 2);
}

#[test]
fn syn_sent_syn_ack_of_something_else_opens_nothing() {
    check(
        "> S  0:0          | SYN-SENT    SYN-RECEIVED
         < S. 70:70 ack 77 | SYN-SENT    SYN-RECEIVED # ack-of-unseen
         > R  77:77        | SYN-SENT    SYN-RECEIVED # reset-ignored
         < S. 0:0 ack 1    | ESTABLISHED SYN-RECEIVED",
    );
}

#[test]
fn established_syn_ack_again_does_not_take_back_what_was_received() {
    check_open(
        "> P. 1:6 ack 1  | ESTABLISHED ESTABLISHED
         @1 < S. 0:0 ack 1 | ESTABLISHED SYN-RECEIVED # syn-retransmission
         > R. 6:6 ack 1  | CLOSED      CLOSED",
    );
}

#[test]
fn closed_data_with_other_numbers_is_another_connections() {
    let table = check_open(
        "> R. 1:1 ack 1                 | CLOSED      CLOSED
         > P. 90000000:90000005 ack 5   | ESTABLISHED ESTABLISHED",
    );
    assert_eq!(table.connections.len(), 2);
}

#[test]
fn an_old_connections_fin_does_not_close_the_new_one() {
    let table = check_open(
        "> F. 1:1 ack 1             | FIN-WAIT-1  CLOSE-WAIT
         > R. 2:2 ack 1             | CLOSED      CLOSED
         > S  90000000:90000000     | SYN-SENT    SYN-RECEIVED # port-reused
         < S. 0:0 ack 90000001      | ESTABLISHED SYN-RECEIVED
         > .  90000001:90000001 ack 1 | ESTABLISHED ESTABLISHED
         > F. 1:1 ack 1             | CLOSED      CLOSED # fin-retransmission",
    );
    assert_eq!(table.connections[1].ends.client.state, State::Established);
}

#[test]
fn syn_repeated_without_an_answer_was_not_received() {
    check(
        "   > S 0:0  | SYN-SENT SYN-RECEIVED
         @1 > S 0:0  | SYN-SENT CLOSED # syn-retransmission
         @3 > S 0:0  | SYN-SENT CLOSED # syn-retransmission",
    );
}

/// RFC 7413: the acknowledgement of the SYN,ACK tells how much of the SYN's data was taken.
#[test]
fn syn_with_data_and_fin_is_followed_like_any_other() {
    check(
        "> SF 0:5          | SYN-SENT   SYN-RECEIVED
         < S. 0:0 ack 7    | FIN-WAIT-2 CLOSE-WAIT
         > .  7:7 ack 1    | FIN-WAIT-2 CLOSE-WAIT
         < F. 1:1 ack 7    | TIME-WAIT  LAST-ACK
         > .  7:7 ack 2    | TIME-WAIT  CLOSED",
    );
}

#[test]
fn syn_with_data_that_is_not_taken_is_sent_again() {
    check(
        "> S  0:5          | SYN-SENT    SYN-RECEIVED
         < S. 0:0 ack 1    | ESTABLISHED SYN-RECEIVED
         > P. 1:6 ack 1    | ESTABLISHED ESTABLISHED # retransmission
         < .  1:1 ack 6    | ESTABLISHED ESTABLISHED",
    );
}

#[test]
fn syn_received_acknowledges_data_so_it_has_the_handshake() {
    check(
        "   > S  0:0        | SYN-SENT    SYN-RECEIVED
            < S. 0:0 ack 1  | ESTABLISHED SYN-RECEIVED
            > P. 1:9 ack 1  | ESTABLISHED ESTABLISHED
         @1 > P. 1:9 ack 1  | ESTABLISHED ESTABLISHED  # retransmission
         @1 < S. 0:0 ack 1  | ESTABLISHED SYN-RECEIVED # syn-retransmission
         @2 > P. 1:9 ack 1  | ESTABLISHED SYN-RECEIVED # retransmission
         @2 < .  1:1 ack 9  | ESTABLISHED ESTABLISHED",
    );
}

/// RFC 9293, 3.6.1.
#[test]
fn time_wait_ends_when_a_new_syn_is_accepted_in_its_place() {
    let table = check_open(
        "> F. 1:1 ack 1             | FIN-WAIT-1  CLOSE-WAIT
         < F. 1:1 ack 2             | TIME-WAIT   LAST-ACK
         > .  2:2 ack 2             | TIME-WAIT   CLOSED
         @1 > S  90000:90000        | SYN-SENT    SYN-RECEIVED # port-reused
         @1 < S. 70000:70000 ack 90001 | ESTABLISHED SYN-RECEIVED",
    );
    assert_eq!(table.connections[0].ends.client.state, State::Closed);
    assert!(last(&table).reuses_time_wait);
}

#[test]
fn syn_repeated_and_answered_may_have_been_received_at_once() {
    let mut table: Table = Table::default();
    table.observe(&segment("> S 0:0"), 0);
    table.observe(&segment("> S 0:0"), 1);
    let observed = table.observe(&segment("< S. 0:0 ack 1"), 2).2;
    let wanted = Revision {
        side: Side::Server,
        from: 0,
        to: 2,
        correction: Correction::Was(State::SynReceived),
    };
    assert_eq!(observed.revisions, [wanted]);
    assert_eq!(last(&table).initial.server, State::Listen);
}

/// RFC 5961, 4.2: whoever forges a SYN into the window gets a challenge ACK, and nothing moves.
#[test]
fn established_syn_in_the_window_is_no_new_connection() {
    let table = check_open(
        "< P. 1:5 ack 1  | ESTABLISHED ESTABLISHED
         > .  1:1 ack 5  | ESTABLISHED ESTABLISHED
         < S  55:55      | ESTABLISHED ESTABLISHED
         > .  1:1 ack 5  | ESTABLISHED ESTABLISHED # challenge-ack",
    );
    assert_eq!(table.connections.len(), 1);
}

#[test]
fn simultaneous_open_syn_ack_repeated_shows_that_the_other_end_has_nothing() {
    check(
        "   > S  0:0        | SYN-SENT     SYN-RECEIVED
            < S  0:0        | SYN-RECEIVED SYN-RECEIVED
            > S. 0:0 ack 1  | SYN-RECEIVED ESTABLISHED
         @1 > S. 0:0 ack 1  | SYN-RECEIVED SYN-SENT # syn-retransmission",
    );
}

/// RFC 9293, 3.5.1, figure 10: the other end still has an old connection.
#[test]
fn syn_sent_ack_of_something_else_opens_nothing() {
    let table = check(
        "   > S  0:0          | SYN-SENT    SYN-RECEIVED
            < .  77:77 ack 50 | SYN-SENT    SYN-RECEIVED # ack-of-unseen
            > R  50:50        | SYN-SENT    SYN-RECEIVED # reset-ignored
         @1 > S  0:0          | SYN-SENT    CLOSED       # syn-retransmission
         @1 < S. 0:0 ack 1    | ESTABLISHED SYN-RECEIVED
         @1 > .  1:1 ack 1    | ESTABLISHED ESTABLISHED",
    );
    assert_eq!(table.connections.len(), 1);
}
