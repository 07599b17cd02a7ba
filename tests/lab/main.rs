//! The lab, and what it judges: two hosts on this machine with a wire between them that holds and loses frames, and
//! tcpviz's states beside those of both kernels. Without root: see `tcpviz::lab::enter`. Where namespaces can't be had
//! the test fails; nothing is skipped.
//!
//! `TCPVIZ_SEED=N cargo test --test lab judge` plays scripts again; `TCPVIZ_SEEDS=20 TCPVIZ_CONNECTIONS=200` plays many;
//! `TCPVIZ_KEEP=FOLDER` keeps their captures.

mod experiments;
mod judge;
mod pieces;
mod play;
mod relay;

fn main() {
    if let Err(why) = tcpviz::lab::enter() {
        eprintln!("{why}");
        std::process::exit(1);
    }
    let mut arguments = libtest_mimic::Arguments::from_args();
    // Each experiment is timed by the kernel; one at a time they don't disturb each other.
    arguments.test_threads = Some(1);
    let trials = pieces::all()
        .into_iter()
        .chain(experiments::all())
        .chain(judge::all())
        .collect();
    let conclusion = libtest_mimic::run(&arguments, trials);
    judge::print_table();
    conclusion.exit();
}
