//! Tests that read like the wire. `A > B  F. 1:1 ack 1`, then both states.
//!
//! A line is `[@SECONDS] > FLAGS SEQ:END [ack N] [sack A:B] [win N] [ttl N] | CLIENT SERVER # NOTES`: `>` is client
//! to server; numbers are relative to the ISS (client 1000, server 5000).

use std::collections::HashMap;
use std::net::SocketAddr;

use proptest::collection::vec;
use proptest::prelude::*;

use super::connection::Correction;
use super::state::PerSide;
use super::transition::{Event, next};
use super::{Certainty, Connection, Revision, Side, State, Table};
use crate::wire::{Flags, Segment, Seq, Told};

const ISS: [u32; 2] = [1000, 5000];

pub(crate) fn segment(text: &str) -> Segment {
    let mut words = text.split_whitespace();
    let to_server = words.next() == Some(">");
    let (src, dst): (SocketAddr, SocketAddr) = (
        "127.0.0.1:35790".parse().unwrap(),
        "127.0.0.1:4321".parse().unwrap(),
    );
    let letters = words.next().unwrap();
    let all = [
        ('F', Flags::FIN),
        ('S', Flags::SYN),
        ('R', Flags::RST),
        ('P', Flags::PSH),
        ('.', Flags::ACK),
    ];
    let flags = letters.chars().fold(Flags(0), |set, c| {
        set | all.iter().find(|(l, _)| *l == c).unwrap().1
    });
    let range = |text: &str| {
        let (from, to) = text.split_once(':').unwrap();
        [from, to].map(|number| number.parse::<i64>().unwrap())
    };
    let [from, to] = range(words.next().unwrap());
    let own = usize::from(!to_server);
    let absolute =
        |side: usize, relative: i64| Seq(u32::try_from(i64::from(ISS[side]) + relative).unwrap());
    let mut seg = Segment {
        src: if to_server { src } else { dst },
        dst: if to_server { dst } else { src },
        flags,
        seq: absolute(own, from),
        ack: Seq(0),
        len: u32::try_from(to - from).unwrap(),
        wnd: 256,
        urg: 0,
        ttl: 64,
        told: Told {
            window_scale: flags.has(Flags::SYN).then_some(7),
            sack_permitted: flags.has(Flags::SYN),
            sack: None,
        },
    };
    while let Some(word) = words.next() {
        let value = words.next().expect(text);
        let number = || value.parse::<i64>().expect(text);
        match word {
            "ack" => seg.ack = absolute(1 - own, number()),
            "sack" => {
                let [from, to] = range(value).map(|edge| absolute(1 - own, edge));
                seg.told.sack = Some((from, to));
            }
            "win" => seg.wnd = u16::try_from(number()).unwrap(),
            "ttl" => seg.ttl = u8::try_from(number()).unwrap(),
            other => panic!("{other} in {text}"),
        }
    }
    seg
}

/// `@60.5 > F. 1:1`: the time (to tenths of seconds) in nanoseconds, and the rest.
pub(crate) fn timed(line: &str) -> (u64, &str) {
    let Some((seconds, rest)) = line.strip_prefix('@').and_then(|line| line.split_once(' ')) else {
        return (0, line);
    };
    let (whole, tenths) = seconds.split_once('.').unwrap_or((seconds, "0"));
    let number = |text: &str| text.parse::<u64>().expect(line);
    (
        number(whole) * 1_000_000_000 + number(tenths) * 100_000_000,
        rest,
    )
}

/// What stands behind each `|`: both states, and the notes.
struct Wanted {
    states: String,
    notes: String,
}

fn lines(text: &str) -> impl Iterator<Item = (&str, Wanted)> {
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    lines.map(|line| {
        let (wire, wanted) = line.split_once('|').expect(line);
        let (states, notes) = wanted.split_once('#').unwrap_or((wanted, ""));
        let wanted = Wanted {
            states: states.split_whitespace().collect::<Vec<_>>().join(" "),
            notes: notes.trim().into(),
        };
        (wire.trim(), wanted)
    })
}

fn both(states: PerSide<State>) -> String {
    format!("{} {}", states.client, states.server)
}

/// Plays the lines into a table and checks what stands behind each `|`, as known at that moment.
fn check(text: &str) -> Table {
    let mut table = Table::default();
    for (line, wanted) in lines(text) {
        let (at, wire) = timed(line);
        let (_, _, observed) = table.observe(&segment(wire), at);
        assert_eq!(both(observed.states), wanted.states, "after {line}");
        let seen: Vec<_> = observed.notes.names().collect();
        assert_eq!(seen.join(" "), wanted.notes, "notes of {line}");
    }
    table
}

/// The same after the handshake, with the states as finally known: what a later line disproves has
/// been taken back.
fn finally(text: &str) -> Table {
    let text = format!("{OPEN}{text}");
    let mut table = Table::default();
    let mut rows = Vec::new();
    for (line, _) in lines(&text) {
        let (at, wire) = timed(line);
        let (_, _, observed) = table.observe(&segment(wire), at);
        for revision in observed.revisions {
            for states in &mut rows[revision.from as usize..revision.to as usize] {
                let states: &mut PerSide<State> = states;
                states[revision.side] = revision.correction.of(states[revision.side]);
            }
        }
        rows.push(observed.states);
    }
    for (states, (line, wanted)) in rows.into_iter().zip(lines(&text)) {
        assert_eq!(both(states), wanted.states, "finally, after {line}");
    }
    table
}

fn last(table: &Table) -> &Connection {
    table.connections.last().unwrap()
}

pub(crate) const OPEN: &str = "
    > S  0:0        | SYN-SENT    SYN-RECEIVED
    < S. 0:0 ack 1  | ESTABLISHED SYN-RECEIVED
    > .  1:1 ack 1  | ESTABLISHED ESTABLISHED
";

fn check_open(lines: &str) -> Table {
    check(&format!("{OPEN}{lines}"))
}

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
         < .  1:1 ack 2  | FIN-WAIT-2 CLOSE-WAIT",
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
    let mut table = Table::default();
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
fn syn_retransmitted_moves_nothing() {
    check(
        "> S  0:0        | SYN-SENT    SYN-RECEIVED
         > S  0:0        | SYN-SENT    LISTEN       # syn-retransmission
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
         > S. 0:0 ack 1  | SYN-RECEIVED ESTABLISHED  # syn-retransmission
         < S. 0:0 ack 1  | ESTABLISHED  ESTABLISHED  # syn-retransmission",
    );
}

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

/// As Linux was measured: connect() to the own port is a simultaneous open, close() a simultaneous close.
#[test]
fn a_socket_connected_to_itself_is_both_ends() {
    let mut table = Table::default();
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
fn a_rebooted_client_ends_the_old_connection_and_opens_a_new_one() {
    let table = check_open(
        "> S  70000:70000         | SYN-SENT    SYN-RECEIVED # port-reused
         < .  1:1 ack 1           | ESTABLISHED ESTABLISHED # challenge-ack
         > R  1:1                 | CLOSED      CLOSED
         > S  70000:70000         | SYN-SENT    LISTEN       # syn-retransmission
         < S. 90000:90000 ack 70001 | ESTABLISHED SYN-RECEIVED",
    );
    assert_eq!(table.connections.len(), 2);
    assert_eq!(
        table.connections[0].reset.map(|reset| reset.by),
        Some(Side::Client)
    );
}

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
fn syn_sent_syn_ack_of_something_else_opens_nothing() {
    check(
        "> S  0:0          | SYN-SENT    SYN-RECEIVED
         < S. 70:70 ack 77 | SYN-SENT    SYN-RECEIVED # ack-of-unseen
         > R  77:77        | SYN-SENT    SYN-RECEIVED # reset-ignored
         < S. 0:0 ack 1    | ESTABLISHED SYN-RECEIVED",
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
fn established_syn_ack_again_does_not_take_back_what_was_received() {
    check_open(
        "> P. 1:6 ack 1  | ESTABLISHED ESTABLISHED
         @1 < S. 0:0 ack 1 | ESTABLISHED SYN-RECEIVED # syn-retransmission
         > R. 6:6 ack 1  | CLOSED      CLOSED",
    );
}

#[test]
fn midway_keep_alive_first_does_not_hide_the_edge() {
    check(
        "> .  99:99 ack 1   | ESTABLISHED ESTABLISHED
         > R. 100:100 ack 1 | CLOSED      CLOSED",
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
fn established_one_byte_again_is_a_retransmission_not_a_keep_alive() {
    check_open(
        "> P. 1:2 ack 1  | ESTABLISHED ESTABLISHED
         > P. 1:2 ack 1  | ESTABLISHED ESTABLISHED # retransmission",
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

/// A segment made of small numbers, so that they meet: acknowledgements of what was sent, FINs at the
/// edge, RSTs in and out of the window.
fn any_segment() -> impl Strategy<Value = (Side, Segment)> {
    let numbers = (0u32..12, 0u32..12, 0u32..4, any::<u16>());
    (any::<bool>(), 0u16..0x40, numbers).prop_map(|(to_server, flags, (seq, ack, len, wnd))| {
        let line = if to_server {
            "> . 0:0 ack 0"
        } else {
            "< . 0:0 ack 0"
        };
        let base = segment(line);
        // Near the wrap, to cross it.
        let near = |number: u32| Seq((u32::MAX - 5).wrapping_add(number));
        let seg = Segment {
            flags: Flags(flags),
            seq: near(seq),
            ack: near(ack),
            len,
            wnd,
            ..base
        };
        (
            if to_server {
                Side::Client
            } else {
                Side::Server
            },
            seg,
        )
    })
}

/// Whether the figure leads from one state to another: one segment may both acknowledge and close.
fn is_along_arrows(before: State, after: State) -> bool {
    let mut reached = vec![before];
    for _ in 0..4 {
        let further: Vec<_> = reached
            .iter()
            .flat_map(|state| Event::ALL.iter().filter_map(|event| next(*state, *event)))
            .collect();
        reached.extend(further);
    }
    reached.contains(&after)
}

/// What a segment showed of one side's earlier states.
fn revised(side: Side, revisions: &[Revision], state: State) -> State {
    let of_side = revisions.iter().filter(|revision| revision.side == side);
    of_side.fold(state, |state, revision| revision.correction.of(state))
}

proptest! {
    #[test]
    fn any_segments_move_states_along_arrows_only(segments in vec(any_segment(), 1..60)) {
        let mut table = Table::default();
        let mut rows: HashMap<u32, (u32, PerSide<State>)> = HashMap::new();
        for (_, seg) in &segments {
            let (id, _, observed) = table.observe(seg, 0);
            let connection = &table.connections[id as usize];
            let (count, before) = rows.get(&id).copied().unwrap_or((0, connection.initial));
            for side in Side::BOTH {
                let before = revised(side, &observed.revisions, before[side]);
                let after = observed.states[side];
                prop_assert!(is_along_arrows(before, after), "{side} {before} {after}");
            }
            prop_assert_eq!(connection.rows, count + 1);
            for revision in &observed.revisions {
                prop_assert!(revision.from <= revision.to && revision.to < connection.rows);
            }
            rows.insert(id, (count + 1, observed.states));
        }
    }

    /// A state is told by numbers: sent again, a segment moves nothing on; at most it takes back
    /// what was presumed.
    #[test]
    fn a_segment_sent_again_moves_nothing_on(segments in vec(any_segment(), 1..40)) {
        let mut table = Table::default();
        for (_, seg) in &segments {
            let (id, from, first) = table.observe(seg, 0);
            let (again, _, second) = table.observe(seg, 0);
            if id == again && !seg.has(Flags::RST) {
                prop_assert_eq!(first.states[from], second.states[from], "{:?}", seg);
                let to = from.peer();
                let before = revised(to, &second.revisions, first.states[to]);
                prop_assert_eq!(before, second.states[to], "{:?}", seg);
            }
        }
    }
}
