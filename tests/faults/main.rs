//! Bad days, each for real: the program captures real traffic and is killed, stopped, cut off from its terminal, its disk or its
//! interface. What it captured must be in the file, counted against what was sent, and the file must open with tcpviz and tcpdump.
//! `docs/faults.md` is the table of them. Namespaces as in `tests/live`; nothing is skipped.

#[path = "../common/mod.rs"]
mod common;
mod disk;
mod drops;
mod interface;
mod power;
mod program;
mod signals;
mod traffic;
mod wire;

use libtest_mimic::{Arguments, Trial};

fn main() {
    if let Err(why) = tcpviz::lab::enter() {
        eprintln!("{why}");
        std::process::exit(1);
    }
    let mut arguments = Arguments::from_args();
    // All of them use the one loopback interface.
    arguments.test_threads = Some(1);
    let all = [
        signals::ALL,
        disk::ALL,
        interface::ALL,
        drops::ALL,
        power::ALL,
    ];
    let trials = all.into_iter().flatten().map(|(name, test)| {
        Trial::test(*name, || {
            test();
            Ok(())
        })
    });
    libtest_mimic::run(&arguments, trials.collect()).exit();
}

/// The tests of a file, by their names.
type Tests = &'static [(&'static str, fn())];
