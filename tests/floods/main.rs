//! Floods of a live capture, with the real program: what it takes of memory at most, against docs/memory.md's bound, that the capture file
//! has all that the kernel didn't drop, and that the program still answers. In a network of its own, as the live tests.
//!
//! `FLOOD=1000000 cargo test --release --test floods` is a larger one (`benches/floods.sh`).

#[path = "../common/mod.rs"]
mod common;
mod program;
mod wire;

use common::harness::{enter_sandbox, run_one_by_one, trial};
use program::{Json, Stuck, Ui, flood};
use wire::{ACK, Client, Flooder, PUSH, SYN};

/// MiB that the program may take where as many connections stay as by default (100,000): docs/memory.md.
const BOUND: u64 = 384;

/// The same where as few stay as in a small flood.
const BOUND_SMALL: u64 = 128;

/// The same while a view is stuck: only what waits for it grows.
const BOUND_STUCK: u64 = 192;

fn bound() -> u64 {
    if flood() < 1_000_000 {
        BOUND_SMALL
    } else {
        BOUND
    }
}

fn main() {
    enter_sandbox();
    let all: [(&str, fn()); 8] = [
        ("syns_from_everywhere_on_the_screen", syns),
        ("half_open_connections_in_json", half_open),
        ("connections_that_stay_open_on_the_screen", stay_open),
        ("icmp_errors_about_one_connection", icmp_errors),
        ("one_connection_without_end", endless),
        (
            "a_reader_of_json_that_is_stuck_gets_all_in_the_end",
            stuck_pipe,
        ),
        (
            "a_terminal_that_is_stuck_costs_neither_memory_nor_frames",
            stuck_terminal,
        ),
        ("a_picture_that_is_held_gets_all_in_the_end", held),
    ];
    let trials = all.map(|(name, test)| trial(name, test));
    run_one_by_one(trials.into()).exit();
}

fn syns() {
    let mut ui = Ui::start(&[]);
    let mut flooder = Flooder::new();
    for n in 0..flood() {
        flooder.client(Client::nth(n), SYN, n, 0, 0);
    }
    let left = ui.has_all(flooder.sent, bound());
    assert!(left > u64::from(flood() / 2), "{left} have left");
}

fn half_open() {
    let mut json = Json::start(&[]);
    let mut flooder = Flooder::new();
    for n in 0..flood() {
        flooder.client(Client::nth(n), SYN, n, 0, 0);
        flooder.server(Client::nth(n), SYN | ACK, 5000, n.wrapping_add(1), 0);
    }
    json.read();
    json.has_all(flooder.sent, bound());
}

fn stay_open() {
    let mut ui = Ui::start(&[]);
    let mut flooder = Flooder::new();
    for n in 0..flood() / 4 {
        flooder.open(Client::nth(n));
        flooder.client(Client::nth(n), ACK | PUSH, 1001, 5001, 1);
    }
    let left = ui.has_all(flooder.sent, bound());
    assert!(left > u64::from(flood() / 16), "{left} have left");
}

fn icmp_errors() {
    let mut json = Json::start(&[]);
    let mut flooder = Flooder::new();
    let client = Client::nth(1);
    flooder.open(client);
    flooder.client(client, ACK | PUSH, 1001, 5001, 9);
    for _ in 0..flood() {
        flooder.unreachable(client, 1001);
    }
    json.read();
    json.has_all(flooder.sent, bound());
}

fn endless() {
    let mut ui = Ui::start(&[]);
    let mut flooder = Flooder::new();
    let client = Client::nth(1);
    flooder.open(client);
    for n in 0..5 * flood() {
        flooder.client(client, ACK | PUSH, 1001u32.wrapping_add(n), 5001, 1);
    }
    assert_eq!(ui.has_all(flooder.sent, bound()), 0);
}

fn stuck_pipe() {
    let mut json = Json::start(&[]);
    let mut flooder = Flooder::new();
    let client = Client::nth(1);
    flooder.open(client);
    for n in 0..flood() {
        flooder.client(client, ACK | PUSH, 1001 + n, 5001, 1);
    }
    json.is_in_the_file(flooder.sent);
    json.is_below(bound().min(BOUND_STUCK), "while it is stuck");
    json.read();
    json.has_all(flooder.sent, bound());
}

fn stuck_terminal() {
    let stuck = Stuck::start();
    let mut flooder = Flooder::new();
    for n in 0..flood() {
        flooder.client(Client::nth(n), SYN, n, 0, 0);
    }
    stuck.is_in_the_file(flooder.sent);
    stuck.is_below(bound().min(BOUND_STUCK), "while it is stuck");
    stuck.goes_on();
}

fn held() {
    let mut ui = Ui::start(&[]);
    let mut flooder = Flooder::new();
    let client = Client::nth(1);
    flooder.open(client);
    ui.screen.wait_for("3 received");
    ui.screen.press("p");
    ui.screen.wait_for("held");
    for n in 0..5 * flood() {
        flooder.client(client, ACK | PUSH, 1001 + n, 5001, 1);
    }
    ui.is_in_the_file(flooder.sent);
    ui.is_below(bound().min(BOUND_STUCK), "while it is held");
    ui.screen.press("p");
    assert_eq!(ui.has_all(flooder.sent, bound()), 0);
}
