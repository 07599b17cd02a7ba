//! Notes on segments.

use super::*;

#[test]
fn established_keep_alive_and_its_answer_move_nothing() {
    check_open(
        "> P. 1:6 ack 1  | ESTABLISHED ESTABLISHED
         < .  1:1 ack 6  | ESTABLISHED ESTABLISHED
         > .  5:5 ack 1  | ESTABLISHED ESTABLISHED # keep-alive
         < .  1:1 ack 6  | ESTABLISHED ESTABLISHED # keep-alive-ack",
    );
}

#[test]
fn established_same_ack_with_data_outstanding_is_a_duplicate() {
    check_open(
        "> P. 1:6 ack 1   | ESTABLISHED ESTABLISHED
         > P. 6:9 ack 1   | ESTABLISHED ESTABLISHED
         < .  1:1 ack 6   | ESTABLISHED ESTABLISHED
         < .  1:1 ack 6   | ESTABLISHED ESTABLISHED # duplicate-ack
         > P. 6:9 ack 1   | ESTABLISHED ESTABLISHED # retransmission",
    );
}

#[test]
fn established_one_byte_again_is_a_retransmission_not_a_keep_alive() {
    check_open(
        "> P. 1:2 ack 1  | ESTABLISHED ESTABLISHED
         > P. 1:2 ack 1  | ESTABLISHED ESTABLISHED # retransmission",
    );
}

/// Wireshark: TCP Window Full, Zero Window, and what Linux's probes look like. Windows are scaled by 7.
#[test]
fn established_full_window_is_probed_until_it_opens() {
    check_open(
        "> P. 1:101 ack 1            | ESTABLISHED ESTABLISHED
         < .  1:1 ack 101 win 1      | ESTABLISHED ESTABLISHED
         > P. 101:229 ack 1          | ESTABLISHED ESTABLISHED # window-full
         < .  1:1 ack 229 win 0      | ESTABLISHED ESTABLISHED # zero-window
         > .  228:228 ack 1          | ESTABLISHED ESTABLISHED # window-probe
         < .  1:1 ack 229 win 0      | ESTABLISHED ESTABLISHED # zero-window
         < .  1:1 ack 229 win 9      | ESTABLISHED ESTABLISHED # window-update",
    );
}

#[test]
fn established_ack_of_what_was_not_captured_leaves_the_states_in_doubt() {
    let mut table: Table = Table::default();
    let mut known = Vec::new();
    for (line, _) in lines(OPEN) {
        table.observe(&segment(line), 0);
    }
    for line in [
        "< . 1:1 ack 9",
        "> P. 9:12 ack 1",
        "< . 1:1 ack 12",
        "> P. 12:15 ack 1",
    ] {
        let certainty = table.observe(&segment(line), 0).2.certainty;
        known.push((certainty.client, certainty.server));
    }
    assert_eq!(known[0], (Certainty::Uncertain, Certainty::Uncertain));
    assert_eq!(known[3], (Certainty::Proven, Certainty::Proven));
}
