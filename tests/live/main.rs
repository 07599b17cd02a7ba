//! Live captures of real kernel sockets, without root: the test puts itself into a user and network
//! namespace of its own, where it may capture and where no other traffic is. Where a namespace
//! can't be had it fails: nothing is skipped.
//!
//! `TCPVIZ_RECORD=1 cargo test --test live` records `captures/` anew.

#[path = "../common/mod.rs"]
mod common;
mod exchange;
mod kernel;
mod random;
mod trials;

use std::os::unix::process::CommandExt;
use std::process::Command;

/// Set in the namespace.
const INSIDE: &str = "TCPVIZ_TEST_IN_NAMESPACE";

fn main() {
    if std::env::var_os(INSIDE).is_none() {
        let error = Command::new("unshare")
            .args([
                "--user",
                "--map-user=1000",
                "--map-group=1000",
                "--keep-caps",
                "--net",
                "--",
            ])
            .arg(std::env::current_exe().expect("the path of this test"))
            .args(std::env::args_os().skip(1))
            .env(INSIDE, "1")
            .exec();
        panic!("live tests need unshare (Debian: util-linux): {error}");
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
