//! What is given up before anything from outside is parsed, tried for real: what a process that gave it up can still do
//! (`inside.rs`), what the kernel says of every thread and helper of the program (`program.rs`), whose files are opened
//! (`files.rs`). As root and as an ordinary user, in a network namespace; what only true root can try is named where it can't.
#![cfg_attr(not(target_os = "linux"), allow(unused))]

#[path = "../common/mod.rs"]
mod common;
#[cfg(target_os = "linux")]
mod files;
#[cfg(target_os = "linux")]
mod inside;
#[cfg(target_os = "linux")]
mod program;

#[cfg(not(target_os = "linux"))]
fn main() {}

#[cfg(target_os = "linux")]
fn main() {
    linux::main();
}

#[cfg(target_os = "linux")]
mod linux {
    use std::fs;
    use std::process::Command;

    use libtest_mimic::Arguments;

    use crate::common::harness::{be_alone, can_be_anybody, trial};
    use crate::{files, inside, program};

    /// Whoever calls sudo: nobody's number on any machine.
    pub const CALLER: u32 = 12345;

    /// Tests by their names.
    pub type Tries = &'static [(&'static str, fn())];

    pub fn main() {
        if std::env::args().nth(1).as_deref() == Some(inside::ATTEMPTS) {
            return inside::attempt_all();
        }
        be_alone();
        let anybodys = [inside::TRIALS, program::TRIALS, files::TRIALS].concat();
        let anybodys = anybodys.into_iter();
        let anybodys = anybodys.map(|(name, test)| trial(name, test));
        let is_root = can_be_anybody();
        let why = if is_root {
            ""
        } else {
            " (not tried: only root can be another user)"
        };
        let roots = [
            inside::AS_TRUE_ROOT,
            program::AS_TRUE_ROOT,
            files::AS_TRUE_ROOT,
        ];
        let roots = roots.concat().into_iter();
        let roots = roots
            .map(|(name, test)| trial(format!("{name}{why}"), test).with_ignored_flag(!is_root));
        let trials = anybodys.chain(roots).collect();
        libtest_mimic::run(&Arguments::from_args(), trials).exit();
    }

    pub fn through_sudo(command: &mut Command) -> &mut Command {
        let caller = CALLER.to_string();
        command.env("SUDO_UID", &caller).env("SUDO_GID", &caller)
    }

    /// What the kernel says of a process or thread: `path` is its folder in /proc.
    pub fn status(path: &str, key: &str) -> String {
        let status = fs::read_to_string(format!("{path}/status")).unwrap_or_default();
        let mut lines = status.lines().filter_map(|line| line.split_once(':'));
        let found = lines.find(|(name, _)| *name == key);
        found.map_or(String::new(), |(_, value)| value.trim().into())
    }
}
