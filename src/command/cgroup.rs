//! A control group (cgroups(7), version 2) for the command: the kernel keeps every child in it, whatever becomes of its parent.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

/// Passes over the processes that are left at the end: each may have forked meanwhile.
const PASSES: usize = 8;
const BETWEEN: Duration = Duration::from_millis(2);

/// Names that are tried.
const NAMES: usize = 16;

/// What a group's name begins with; the number of the process that made it follows.
const PREFIX: &str = "tcpviz-";

/// The group, until this is dropped: who is still in it then goes back to where it came from.
#[derive(Debug)]
pub struct Cgroup {
    path: PathBuf,
    parent: PathBuf,
}

impl Cgroup {
    /// Makes a group below the one that this process is in.
    ///
    /// # Errors
    /// There is no cgroup v2 here, or it may not be written.
    pub fn make() -> io::Result<Cgroup> {
        let mounts = fs::read_to_string("/proc/self/mountinfo")?;
        let own = fs::read_to_string("/proc/self/cgroup")?;
        let parent = folder(&mounts, &own).ok_or(io::ErrorKind::NotFound)?;
        clear(&parent);
        let path = folder_in(&parent)?;
        Ok(Cgroup { path, parent })
    }

    /// # Errors
    /// It has gone.
    pub fn open(&self) -> io::Result<File> {
        File::open(&self.path)
    }

    /// Moves this process into it.
    ///
    /// # Errors
    /// The kernel refuses.
    pub fn enter(&self) -> io::Result<()> {
        enter(&self.path, "0")
    }

    /// Moves this process back.
    ///
    /// # Errors
    /// The kernel refuses.
    pub fn leave(&self) -> io::Result<()> {
        enter(&self.parent, "0")
    }
}

impl Drop for Cgroup {
    fn drop(&mut self) {
        for _ in 0..PASSES {
            let left = fs::read_to_string(self.path.join("cgroup.procs")).unwrap_or_default();
            for process in left.lines() {
                // It may have gone.
                let _ = enter(&self.parent, process);
            }
            if fs::remove_dir(&self.path).is_ok() {
                return;
            }
            thread::sleep(BETWEEN);
        }
    }
}

/// Makes a folder of a name that isn't taken.
fn folder_in(parent: &Path) -> io::Result<PathBuf> {
    let own = format!("{PREFIX}{}", std::process::id());
    let others = (1..NAMES).map(|number| format!("{own}-{number}"));
    let mut failure = io::ErrorKind::AlreadyExists.into();
    for name in std::iter::once(own.clone()).chain(others) {
        let path = parent.join(name);
        match fs::create_dir(&path) {
            Ok(()) => return Ok(path),
            Err(why) if why.kind() == io::ErrorKind::AlreadyExists => failure = why,
            Err(why) => return Err(why),
        }
    }
    Err(failure)
}

/// Removes what processes left that were killed. The kernel removes no group in which a process is.
fn clear(parent: &Path) {
    for entry in fs::read_dir(parent).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let maker = name.to_str().and_then(maker);
        if maker.is_some_and(|maker| !Path::new(&format!("/proc/{maker}")).exists()) {
            let _ = fs::remove_dir(entry.path());
        }
    }
}

/// The process that made a group of this name.
fn maker(name: &str) -> Option<u32> {
    let number = name.strip_prefix(PREFIX)?;
    number.split('-').next()?.parse().ok()
}

fn enter(group: &Path, process: &str) -> io::Result<()> {
    fs::write(group.join("cgroup.procs"), process)
}

/// Where the group that this process is in is mounted (proc_pid_mountinfo(5), proc_pid_cgroup(5)).
fn folder(mounts: &str, own: &str) -> Option<PathBuf> {
    let mount = mounts.lines().find(|line| line.contains(" - cgroup2 "))?;
    let mut fields = mount.split(' ').skip(3);
    let (root, place) = (fields.next()?, fields.next()?);
    let own = own.lines().find_map(|line| line.strip_prefix("0::"))?;
    let below = Path::new(own).strip_prefix(root).ok()?;
    Some(Path::new(place).join(below))
}

#[cfg(test)]
mod tests {
    use super::*;

    const MOUNTS: &str = "24 1 0:21 / /proc rw - proc proc rw\n30 25 0:26 / /sys/fs/cgroup rw,nosuid shared:9 - cgroup2 cgroup2 rw,nsdelegate\n";

    #[test]
    fn a_group_whose_maker_has_gone_is_removed_and_a_name_that_is_taken_left() {
        let parent = tempfile::tempdir().unwrap();
        let own = folder_in(parent.path()).unwrap();
        let second = folder_in(parent.path()).unwrap();
        assert_ne!(own, second);
        // Above the highest that Linux gives.
        let gone = ["tcpviz-4194305", "tcpviz-4194305-1"].map(|name| parent.path().join(name));
        let foreign = parent.path().join("tcpviz-x");
        for path in gone.iter().chain([&foreign]) {
            fs::create_dir(path).unwrap();
        }
        clear(parent.path());
        assert!(!gone[0].exists() && !gone[1].exists());
        assert!(own.exists() && second.exists() && foreign.exists());
    }

    #[test]
    fn the_own_group_is_found_below_where_groups_are_mounted() {
        let own = "0::/user.slice/session-3.scope\n";
        let found = folder(MOUNTS, own).unwrap();
        assert_eq!(
            found,
            Path::new("/sys/fs/cgroup/user.slice/session-3.scope")
        );
        let both = "9:name=systemd:/\n0::/\n";
        assert_eq!(folder(MOUNTS, both).unwrap(), Path::new("/sys/fs/cgroup/"));
        let part = MOUNTS.replace("0:26 / ", "0:26 /user.slice ");
        assert_eq!(
            folder(&part, own).unwrap(),
            Path::new("/sys/fs/cgroup/session-3.scope")
        );
    }

    #[test]
    fn without_version_2_or_outside_of_what_is_mounted_there_is_none() {
        assert_eq!(
            folder("24 1 0:21 / /proc rw - proc proc rw\n", "0::/\n"),
            None
        );
        assert_eq!(folder(MOUNTS, "4:memory:/\n"), None);
        let part = MOUNTS.replace("0:26 / ", "0:26 /user.slice ");
        assert_eq!(folder(&part, "0::/system.slice\n"), None);
    }
}
