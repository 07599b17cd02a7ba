//! Which processes hold a socket: the links in /proc/PID/fd (proc_pid_fd(5)), of those processes that may be looked into.

use std::collections::{HashMap, HashSet};
use std::fs;

use crate::story::owner::Process;

/// Descriptors looked at for one answer.
const DESCRIPTORS: usize = 1 << 19;

/// Processes that hold the sockets asked for.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Answer {
    /// By inode.
    pub processes: HashMap<u64, Process>,
    /// Every process was looked at that may be; otherwise who isn't found may be found the next time.
    pub whole: bool,
}

/// A process that holds a socket, and its lowest descriptor of it.
struct Holder {
    pid: u32,
    descriptor: u32,
}

/// Looks through the processes.
#[derive(Debug, Default)]
pub struct Holders {
    /// Where to begin: the process after the last one that there was time for.
    from: u32,
}

impl Holders {
    pub fn find(&mut self, inodes: &HashSet<u64>) -> Answer {
        let mut pids: Vec<u32> = numbers("/proc").collect();
        pids.sort_unstable();
        let middle = pids.partition_point(|pid| *pid < self.from);
        pids.rotate_left(middle);
        let mut left = DESCRIPTORS;
        let mut holders: HashMap<u64, Vec<Holder>> = HashMap::new();
        let mut unseen = pids.into_iter();
        for pid in unseen.by_ref() {
            for (inode, descriptor) in held(pid, &mut left) {
                if !inodes.contains(&inode) {
                    continue;
                }
                let known = holders.entry(inode).or_default();
                // Two descriptors of one process are one holder.
                match known.last_mut().filter(|last| last.pid == pid) {
                    Some(last) => last.descriptor = last.descriptor.min(descriptor),
                    None => known.push(Holder { pid, descriptor }),
                }
            }
            if left == 0 {
                break;
            }
        }
        self.from = unseen.next().unwrap_or(0);
        let whole = self.from == 0 && left > 0;
        let processes = holders.into_iter().filter_map(|(inode, holders)| {
            let first = holders.iter().min_by_key(|holder| holder.pid)?;
            let others = u32::try_from(holders.len() - 1).unwrap_or(u32::MAX);
            let mut process = Process::new(first.pid, &comm(first.pid)?, others);
            process.descriptor = Some(first.descriptor);
            Some((inode, process))
        });
        Answer {
            processes: processes.collect(),
            whole,
        }
    }
}

/// What a process calls itself; `None` once it has gone.
fn comm(pid: u32) -> Option<Vec<u8>> {
    fs::read(format!("/proc/{pid}/comm")).ok()
}

/// Whether the process is still there, under the same name. Anybody may ask that.
pub fn is_still(process: &Process) -> bool {
    comm(process.pid).is_some_and(|comm| {
        Process::new(process.pid, &comm, process.others).program == process.program
    })
}

/// The inodes of the sockets that a process holds, each with its descriptor: none where it may not be looked into. `left` goes
/// down with every descriptor.
pub fn held(pid: u32, left: &mut usize) -> impl Iterator<Item = (u64, u32)> {
    let folder = format!("/proc/{pid}/fd");
    numbers(&folder)
        .take_while(move |_| {
            *left = left.saturating_sub(1);
            *left > 0
        })
        .filter_map(move |fd| {
            let target = fs::read_link(format!("/proc/{pid}/fd/{fd}")).ok()?;
            Some((inode(target.to_str()?)?, fd))
        })
}

/// `socket:[4242]`.
fn inode(link: &str) -> Option<u64> {
    let inode = link.strip_prefix("socket:[")?.strip_suffix(']')?;
    inode.parse().ok()
}

/// The entries of a folder that are numbers.
pub fn numbers(folder: &str) -> impl Iterator<Item = u32> + use<> {
    let entries = fs::read_dir(folder).into_iter().flatten();
    entries.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::TcpListener;
    use std::os::fd::AsFd;

    #[test]
    fn a_link_to_a_socket_tells_its_inode() {
        assert_eq!(inode("socket:[4242]"), Some(4242));
        for other in ["pipe:[4242]", "socket:[]", "/tmp/socket:[1]", "socket:[1"] {
            assert_eq!(inode(other), None, "{other}");
        }
    }

    #[test]
    fn a_socket_of_this_process_is_found_once_also_by_two_descriptors() {
        let socket = TcpListener::bind("127.0.0.1:0").unwrap();
        let second = socket.try_clone().unwrap();
        let inode = rustix::fs::fstat(second.as_fd()).unwrap().st_ino;
        let asked = HashSet::from([inode, u64::MAX]);
        let answer = Holders::default().find(&asked);
        assert!(answer.whole);
        let process = &answer.processes[&inode];
        assert_eq!((process.pid, process.others), (std::process::id(), 0));
        assert!(is_still(process));
        let other = Process::new(process.pid, b"another", 0);
        assert!(!is_still(&other));
        assert_eq!(answer.processes.len(), 1);
    }
}
