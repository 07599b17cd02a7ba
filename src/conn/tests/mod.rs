//! Tests that read like the wire. `A > B  F. 1:1 ack 1`, then both states.
//!
//! A line is `[@SECONDS] > FLAGS SEQ:END [ack N] [sack A:B] [win N] [ttl N] | CLIENT SERVER # NOTES`: `>` is client
//! to server; numbers are relative to the ISS (client 1000, server 5000).

pub(crate) mod any;
mod closing;
mod midway;
mod notes;
mod opening;
mod resets;
mod stimuli;

use std::net::SocketAddr;

use super::state::PerSide;
use super::{Certainty, Connection, Correction, Revision, Side, State, Table};
use crate::wire::{Flags, IcmpError, Segment, Seq, Told};

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
    let mut table: Table = Table::default();
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
    let mut table: Table = Table::default();
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
