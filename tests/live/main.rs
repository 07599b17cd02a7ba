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

use common::harness::{bring_up_loopback, enter_sandbox, run_one_by_one};

fn main() {
    journeys::play_if_asked();
    enter_sandbox();
    bring_up_loopback();
    run_one_by_one(trials::all()).exit();
}
