//! Whoever called sudo. What they name is opened with their rights: who may run tcpviz by sudo, and nothing else, gains no file
//! that isn't theirs.

use std::io;
use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};

use rustix::process::{Gid, Uid};
#[cfg(target_os = "linux")]
use rustix::thread::{set_thread_groups, set_thread_res_gid, set_thread_res_uid};

use super::invoking_user;

/// Where the programs that are asked about users are: the caller's PATH may name others.
const PROGRAMS: &str = "/usr/sbin:/usr/bin:/sbin:/bin";

/// The user who called sudo, and the groups.
#[derive(Debug)]
pub struct Caller {
    pub user: Uid,
    pub group: Gid,
    groups: Vec<Gid>,
}

impl Caller {
    /// `None` where nobody called sudo. To be asked while there is no other child.
    #[must_use]
    pub fn invoking() -> Option<Caller> {
        let (user, group) = invoking_user()?;
        let (user, group) = (Uid::from_raw(user), Gid::from_raw(group));
        let mut caller = Caller {
            user,
            group,
            groups: vec![group],
        };
        let name = std::env::var("SUDO_USER").unwrap_or_default();
        let groups = caller.asked("id", &["-G", "--", &name]).unwrap_or_default();
        let groups = numbers(&groups);
        if !groups.is_empty() {
            caller.groups = groups;
        }
        Some(caller)
    }

    /// What a program tells of users: whoever is kept elsewhere than in /etc is known to it.
    #[must_use]
    pub fn asked(&self, program: &str, arguments: &[&str]) -> Option<String> {
        let output = Command::new(program)
            .args(arguments)
            .env_clear()
            .env("PATH", PROGRAMS)
            .stdin(Stdio::null())
            .stderr(Stdio::null())
            // It takes no more rights than the caller's.
            .uid(self.user.as_raw())
            .gid(self.group.as_raw())
            .output()
            .ok()?;
        String::from_utf8(output.stdout).ok()
    }

    /// Elsewhere a process can't be somebody for a while.
    ///
    /// # Errors
    /// None.
    #[cfg(not(target_os = "linux"))]
    pub fn act<T>(&self, act: impl FnOnce() -> T) -> io::Result<T> {
        let _ = &self.groups;
        Ok(act())
    }

    /// Does something as this user: this thread is the user meanwhile, and keeps a way back.
    ///
    /// # Errors
    /// It can't become the user, or root again.
    #[cfg(target_os = "linux")]
    pub fn act<T>(&self, act: impl FnOnce() -> T) -> io::Result<T> {
        let root = (Uid::ROOT, Gid::ROOT);
        let groups = rustix::process::getgroups()?;
        set_thread_groups(&self.groups)?;
        set_thread_res_gid(self.group, self.group, root.1)?;
        set_thread_res_uid(self.user, self.user, root.0)?;
        let done = act();
        set_thread_res_uid(root.0, root.0, root.0)?;
        set_thread_res_gid(root.1, root.1, root.1)?;
        set_thread_groups(&groups)?;
        Ok(done)
    }
}

/// Does something as whoever called sudo, otherwise as whoever runs this: for files that they name.
///
/// # Errors
/// Those of `act`; it can't be somebody else.
pub fn by_caller<T>(act: impl FnOnce() -> io::Result<T>) -> io::Result<T> {
    match Caller::invoking() {
        Some(caller) => caller.act(act)?,
        None => act(),
    }
}

fn numbers(text: &str) -> Vec<Gid> {
    let numbers = text.split_ascii_whitespace();
    numbers
        .filter_map(|number| number.parse().ok().map(Gid::from_raw))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_are_numbers() {
        let groups: Vec<_> = numbers("1000 27 x\n")
            .iter()
            .map(|it| it.as_raw())
            .collect();
        assert_eq!(groups, [1000, 27]);
    }
}
