//! The lab, and what it judges: two hosts on this machine with a wire between them that holds and loses frames, and
//! tcpviz's states beside those of both kernels. Without root: see `tcpviz::lab::enter`. Where namespaces can't be had
//! the test fails; nothing is skipped.
//!
//! `TCPVIZ_SEED=N cargo test --test lab judge` plays scripts again; `TCPVIZ_SEEDS=20 TCPVIZ_CONNECTIONS=200` plays many;
//! `TCPVIZ_KEEP=FOLDER` keeps their captures.

#[path = "../common/mod.rs"]
mod common;
mod experiments;
mod judge;
mod pieces;
mod play;
mod relay;

use common::harness::{enter_sandbox, run_one_by_one};

fn main() {
    enter_sandbox();
    let trials = pieces::all()
        .into_iter()
        .chain(experiments::all())
        .chain(judge::all())
        .collect();
    let conclusion = run_one_by_one(trials);
    judge::print_table();
    conclusion.exit();
}
