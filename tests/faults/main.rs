//! Bad days, each for real: the program captures real traffic and is killed, stopped, cut off from its terminal, its disk or its
//! interface. What it captured must be in the file, counted against what was sent, and the file must open with tcpviz and tcpdump.
//! `docs/faults.md` is the table of them. Namespaces as in `tests/live`; nothing is skipped.

#[path = "../common/mod.rs"]
mod common;
mod disk;
mod drops;
mod file;
mod interface;
mod power;
mod program;
mod signals;
mod traffic;
mod wire;

use common::harness::{enter_sandbox, run_one_by_one, trial};

fn main() {
    enter_sandbox();
    let all = [
        signals::ALL,
        disk::ALL,
        file::ALL,
        interface::ALL,
        drops::ALL,
        power::ALL,
    ];
    let all = all.into_iter().flatten();
    let trials = all.map(|(name, test)| trial(*name, *test));
    run_one_by_one(trials.collect()).exit();
}

/// The tests of a file, by their names.
type Tests = &'static [(&'static str, fn())];
