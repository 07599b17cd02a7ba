//! Live captures of real kernel sockets, without root: the test puts itself into a user and network
//! namespace of its own, where it may capture and where no other traffic is. Where a namespace
//! can't be had it fails: nothing is skipped.

#[path = "../common/mod.rs"]
mod common;
mod exchange;
mod journeys;
mod kernel;
mod lines;
mod random;
mod trials;

use std::process::Command;

fn main() {
    journeys::play_if_asked();
    if let Err(why) = tcpviz::lab::enter() {
        eprintln!("{why}");
        std::process::exit(1);
    }
    let up = Command::new("ip")
        .args(["link", "set", "lo", "up"])
        .status();
    assert!(
        up.as_ref().is_ok_and(std::process::ExitStatus::success),
        "live tests need ip (Debian: iproute2) and a network namespace: {up:?}"
    );
    let mut arguments = libtest_mimic::Arguments::from_args();
    // Each experiment is timed by the kernel; one at a time they don't disturb each other.
    arguments.test_threads = Some(1);
    libtest_mimic::run(&arguments, trials::all()).exit();
}
