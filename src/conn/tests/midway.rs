//! Captures that begin midway or miss something.

use super::*;

#[test]
fn midway_states_are_inferred_until_both_have_spoken() {
    let mut table = Table::default();
    let certainty = |table: &mut Table, line| table.observe(&segment(line), 0).2.certainty.client;
    assert_eq!(certainty(&mut table, "> P. 1:6 ack 1"), Certainty::Inferred);
    assert_eq!(certainty(&mut table, "< . 1:1 ack 6"), Certainty::Inferred);
    assert_eq!(certainty(&mut table, "< P. 1:3 ack 6"), Certainty::Presumed);
    assert_eq!(certainty(&mut table, "> . 6:6 ack 3"), Certainty::Proven);
}

#[test]
fn midway_fin_moves_as_far_as_it_proves() {
    check(
        "> F. 1:1 ack 1  | FIN-WAIT-1 CLOSE-WAIT
         < .  1:1 ack 2  | FIN-WAIT-2 CLOSE-WAIT",
    );
}

#[test]
fn syn_ack_first_tells_who_is_who() {
    let table = check(
        "< S. 0:0 ack 1  | ESTABLISHED SYN-RECEIVED
         > .  1:1 ack 1  | ESTABLISHED ESTABLISHED",
    );
    assert_eq!(last(&table).addresses.client.port(), 35790);
}

#[test]
fn syn_ack_not_captured_is_seen_from_the_clients_ack() {
    check(
        "> S  0:0        | SYN-SENT    SYN-RECEIVED
         > .  1:1 ack 1  | ESTABLISHED ESTABLISHED",
    );
}

#[test]
fn established_stale_fin_moves_nothing() {
    check_open(
        "> P. 1:5000 ack 1    | ESTABLISHED ESTABLISHED
         > F. 40:40 ack 1     | ESTABLISHED ESTABLISHED # retransmission
         < .  1:1 ack 5000    | ESTABLISHED ESTABLISHED
         > F. 5000:5000 ack 1 | FIN-WAIT-1  CLOSE-WAIT",
    );
}

#[test]
fn established_syn_ack_captured_late_stays_in_its_connection() {
    let table = check(
        "> S  0:0        | SYN-SENT    SYN-RECEIVED
         > .  1:1 ack 1  | ESTABLISHED ESTABLISHED
         < S. 0:0 ack 1  | ESTABLISHED ESTABLISHED
         > F. 1:1 ack 1  | FIN-WAIT-1  CLOSE-WAIT",
    );
    assert_eq!(table.connections.len(), 1);
}

#[test]
fn midway_keep_alive_first_does_not_hide_the_edge() {
    check(
        "> .  99:99 ack 1   | ESTABLISHED ESTABLISHED
         > R. 100:100 ack 1 | CLOSED      CLOSED",
    );
}

#[test]
fn syn_ack_not_captured_still_fixes_both_zeros() {
    let table = check(
        "> S  0:0        | SYN-SENT    SYN-RECEIVED
         > .  1:1 ack 1  | ESTABLISHED ESTABLISHED",
    );
    let zeros = [Side::Client, Side::Server].map(|side| last(&table).ends[side].zero);
    assert_eq!(zeros, [Some(Seq(ISS[0])), Some(Seq(ISS[1]))]);
}
