//! Which connections are a command's, as far as looking every few milliseconds tells: the kernel's list of sockets, beside the descriptors
//! of the command's processes.

use std::collections::{HashMap, HashSet};
use std::fs;
use std::net::{IpAddr, SocketAddr};
use std::time::{Duration, Instant};

use super::MOST;
use crate::owners::{each_socket, held, numbers};

/// Between two looks; a look that took long is followed by a pause so many times as long.
const PAUSE: Duration = Duration::from_millis(1);
const REST: u32 = 4;

/// Processes and descriptors looked at.
const PROCESSES: usize = 4096;
const DESCRIPTORS: usize = 1 << 16;

/// A socket by its own address and its peer's.
type Socket = (SocketAddr, SocketAddr);

/// What has been seen.
#[derive(Debug, Default)]
pub struct Seen {
    own: HashSet<Socket>,
    /// Had a holder at two looks, and no process of the command held it in between.
    others: HashSet<Socket>,
    /// The latest list: inodes.
    listed: HashMap<Socket, u64>,
    /// Addresses of this machine.
    local: HashSet<IpAddr>,
    due: Option<Instant>,
}

impl Seen {
    /// How long to wait until the next look.
    pub fn pause(&self) -> Duration {
        self.due.map_or(Duration::ZERO, |due| {
            due.saturating_duration_since(Instant::now())
        })
    }

    /// Looks, if it is time.
    pub fn look(&mut self) {
        if !self.pause().is_zero() {
            return;
        }
        let began = Instant::now();
        let tree = Tree::of(std::process::id());
        let before = std::mem::take(&mut self.listed);
        each_socket(|socket| {
            if self.listed.len() < MOST {
                (self.listed).insert((socket.local, socket.remote), socket.inode);
            }
        });
        self.take(&tree, &before);
        let ended = Instant::now();
        self.due = Some(ended + PAUSE.max((ended - began) * REST));
    }

    fn take(&mut self, tree: &Tree, before: &HashMap<Socket, u64>) {
        for (socket, inode) in &self.listed {
            self.local.insert(socket.0.ip());
            let is_held = *inode != 0;
            if tree.sockets.contains(inode) {
                insert(&mut self.own, *socket);
            } else if is_held && tree.is_whole && before.get(socket) == Some(inode) {
                insert(&mut self.others, *socket);
            }
        }
    }

    /// Connections that are the command's.
    pub fn own(&self) -> impl Iterator<Item = Socket> {
        self.own.iter().copied()
    }

    /// Connections no end of which can be the command's.
    pub fn others(&self) -> impl Iterator<Item = Socket> {
        self.others.iter().copied().filter(|&(here, there)| {
            let peer = (there, here);
            let is_here = self.local.contains(&there.ip()) || there.ip().is_loopback();
            let is_own = self.own.contains(&(here, there)) || self.own.contains(&peer);
            !is_own && (self.others.contains(&peer) || !is_here)
        })
    }
}

fn insert(set: &mut HashSet<Socket>, socket: Socket) {
    if set.len() < MOST {
        set.insert(socket);
    }
}

/// The command's processes: all below this one.
#[derive(Debug, Default)]
struct Tree {
    /// Inodes of the sockets they hold.
    sockets: HashSet<u64>,
    /// All could be looked into.
    is_whole: bool,
}

impl Tree {
    fn of(root: u32) -> Tree {
        let mut tree = Tree {
            is_whole: true,
            ..Tree::default()
        };
        let mut left = DESCRIPTORS;
        let mut processes = children(root);
        let mut next = 0;
        while let Some(&process) = processes.get(next) {
            if next == PROCESSES || left == 0 {
                tree.is_whole = false;
                break;
            }
            // A process that may not be looked into has descriptors all the same.
            tree.is_whole &= numbers(&format!("/proc/{process}/fd")).next().is_some();
            let held = held(process, &mut left).map(|(inode, _)| inode);
            tree.sockets.extend(held);
            processes.extend(children(process));
            next += 1;
        }
        tree
    }
}

/// Whether nothing of the command is left.
pub fn is_alone() -> bool {
    children(std::process::id()).is_empty()
}

/// The children of every thread of a process (proc_tid_children(5)).
fn children(process: u32) -> Vec<u32> {
    let tasks = numbers(&format!("/proc/{process}/task"));
    let lists = tasks.filter_map(|task| {
        fs::read_to_string(format!("/proc/{process}/task/{task}/children")).ok()
    });
    let words: Vec<_> = lists.collect();
    let words = words.iter().flat_map(|list| list.split_ascii_whitespace());
    words.filter_map(|word| word.parse().ok()).collect()
}
