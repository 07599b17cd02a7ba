//! A command that is run while its connections are captured, and which connections were its own; elsewhere than on Linux which began
//! meanwhile (`unknown.rs`; that was never run, only compiled).
//!
//! ```text
//!   tcpviz, without privileges  <==lines==>  warden (a process)  --starts, waits for-->  the command and its children
//! ```
//!
//! The warden is the program itself, started anew before privileges are given up: the command must not lack what its caller
//! may do, and only who keeps them can ask the kernel. It reads nothing that comes from the network. Two ways of knowing:
//!
//! - *Certain* (root, cgroup v2): the command runs in a cgroup of its own, and a small BPF program there notes each connection as its SYN
//!   leaves, or as it is accepted (`raw/bpf.rs`). No race: the kernel runs it for every socket that was made in the cgroup.
//! - *Seen* (otherwise): the kernel's list of sockets and the descriptors of the command's processes are compared every few
//!   milliseconds (`seen.rs`). What lasted less may belong to anybody.

#[cfg(target_os = "linux")]
mod cgroup;
#[cfg_attr(not(target_os = "linux"), path = "unknown.rs")]
mod knowing;
mod path;
mod person;
#[cfg(target_os = "linux")]
mod seen;
mod talk;
mod warden;

pub use talk::{Command, Ended, Listener, Told, Whose};
pub use warden::watch_if_asked;

use std::net::SocketAddr;

#[cfg(target_os = "linux")]
use crate::raw::bpf::MOST;

/// Both ends of a connection, in an order that doesn't depend on who tells them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Ends(SocketAddr, SocketAddr);

impl Ends {
    #[must_use]
    pub fn of(one: SocketAddr, other: SocketAddr) -> Ends {
        Ends(one.min(other), one.max(other))
    }
}
