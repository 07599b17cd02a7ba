//! For tests that have a `main` of their own (`harness = false` in Cargo.toml): which namespaces they run in, and how.

use std::process::{self, Command};

use libtest_mimic::{Arguments, Conclusion, Trial};

/// A test, which fails by a panic.
pub fn trial(name: impl Into<String>, test: fn()) -> Trial {
    Trial::test(name, move || {
        test();
        Ok(())
    })
}

/// Runs them one at a time: they share an interface, or are timed by the kernel.
pub fn run_one_by_one(trials: Vec<Trial>) -> Conclusion {
    let mut arguments = Arguments::from_args();
    arguments.test_threads = Some(1);
    libtest_mimic::run(&arguments, trials)
}

/// Puts this process into the lab's sandbox; without one nothing is tested, which is a failure.
#[cfg(all(feature = "live", target_os = "linux"))]
pub fn enter_sandbox() {
    if let Err(why) = tcpviz::lab::enter() {
        eprintln!("{why}");
        process::exit(1);
    }
}

/// Puts the tests into a network namespace with a loopback interface and nothing else: as root of a namespace of users where
/// they have no right to one.
#[cfg(target_os = "linux")]
pub fn be_alone() {
    use std::os::unix::process::CommandExt;

    use rustix::thread::CapabilitySet;

    const ALONE: &str = "TCPVIZ_TEST_ALONE";
    if std::env::var_os(ALONE).is_some() {
        return bring_up_loopback();
    }
    let has = rustix::thread::capabilities(None).unwrap().effective;
    let may = has.contains(CapabilitySet::SYS_ADMIN | CapabilitySet::NET_ADMIN);
    let spaces = if may { &["--net"] } else { ROOT_AND_NETWORK };
    let failed = anew(spaces).env(ALONE, "1").exec();
    panic!("unshare (Debian: util-linux): {failed}");
}

/// unshare(1)'s options for root of a namespace of users, and a network namespace.
pub const ROOT_AND_NETWORK: &[&str] = &["--user", "--map-root-user", "--net"];

/// This program with its arguments once more, in namespaces of its own: which, unshare(1)'s options say.
pub fn anew(spaces: &[&str]) -> Command {
    let mut command = Command::new("unshare");
    let itself = std::env::current_exe().unwrap();
    command.args(spaces).arg(itself);
    command.args(std::env::args_os().skip(1));
    command
}

/// Brings up the loopback interface of the namespace.
pub fn bring_up_loopback() {
    let up = Command::new("ip")
        .args(["link", "set", "lo", "up"])
        .status();
    let is_up = up.as_ref().is_ok_and(process::ExitStatus::success);
    assert!(is_up, "ip (Debian: iproute2): {up:?}");
}

/// Whether root of this namespace can be everybody: it isn't one made for the tests.
pub fn can_be_anybody() -> bool {
    let map = std::fs::read_to_string("/proc/self/uid_map").unwrap();
    map.split_whitespace().any(|word| word == "4294967295")
}
