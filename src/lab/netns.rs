//! Network namespaces: the lab's hosts. None has a name in the file system: each lives as long as its descriptor, and
//! the sockets opened in it.

use std::fs::{self, File};
use std::io;
use std::os::fd::{AsFd, AsRawFd};
use std::panic::resume_unwind;
use std::process::Command;
use std::thread;

use rustix::thread::{LinkNameSpaceType, UnshareFlags, move_into_link_name_space};

use super::LabError;

/// A network namespace.
#[derive(Debug)]
pub struct Namespace {
    net: File,
}

impl Namespace {
    /// An empty one: `lo` is there, and down.
    ///
    /// # Errors
    /// The process may not; see [`super::enter`].
    ///
    /// # Panics
    /// There can be no more threads.
    pub fn new() -> Result<Namespace, LabError> {
        // A namespace is a thread's: one that ends leaves only the descriptor behind.
        let made = thread::scope(|scope| scope.spawn(unshare).join());
        let net = made
            .unwrap_or_else(|panic| resume_unwind(panic))
            .map_err(LabError::Namespace)?;
        Ok(Namespace { net })
    }

    /// The namespace in which this program runs.
    ///
    /// # Errors
    /// The kernel has no namespaces.
    pub fn current() -> Result<Namespace, LabError> {
        let net = File::open("/proc/thread-self/ns/net").map_err(LabError::Namespace)?;
        Ok(Namespace { net })
    }

    /// Runs `body` inside, on a thread of its own. What it opens belongs to this namespace, and may be used anywhere. A
    /// panic in it goes on here.
    ///
    /// # Panics
    /// There can be no more threads.
    pub fn run<R: Send>(&self, body: impl FnOnce() -> R + Send) -> R {
        let inside = || {
            move_into_link_name_space(self.net.as_fd(), Some(LinkNameSpaceType::Network))
                .expect("who made a namespace may enter it");
            body()
        };
        let done = thread::scope(|scope| scope.spawn(inside).join());
        done.unwrap_or_else(|panic| resume_unwind(panic))
    }

    /// Runs `ip` with these arguments inside.
    ///
    /// # Errors
    /// It isn't installed, or fails; then with its own words.
    pub fn ip(&self, arguments: &[&str]) -> Result<(), LabError> {
        self.run(|| ip(arguments))
    }

    /// Sets a value below `net.`, as sysctl(8) names it: `net.ipv4.tcp_retries2`.
    ///
    /// # Errors
    /// There is none of this name in a namespace, or the kernel refuses the value.
    pub fn sysctl(&self, name: &str, value: &str) -> Result<(), LabError> {
        let path = format!("/proc/sys/{}", name.replace('.', "/"));
        self.run(|| fs::write(path, value))
            .map_err(LabError::io(format!("{name} = {value}")))
    }

    /// Where other programs find it, while this one runs.
    #[must_use]
    pub fn path(&self) -> String {
        // Not `process::id()`: /proc may count processes from outside the sandbox.
        let itself = fs::read_link("/proc/self").unwrap_or_else(|_| "self".into());
        let fd = self.net.as_raw_fd();
        format!("/proc/{}/fd/{fd}", itself.display())
    }
}

/// Gives the calling thread a network namespace of its own.
fn unshare() -> io::Result<File> {
    #[expect(
        deprecated,
        reason = "its successor warns of shared descriptor tables, which NEWNET leaves alone"
    )]
    rustix::thread::unshare(UnshareFlags::NEWNET)?;
    File::open("/proc/thread-self/ns/net")
}

/// Joins two namespaces by a pair of interfaces, both still down.
///
/// # Errors
/// `ip` fails, or a name is taken.
pub fn join(one: &Namespace, its: &str, other: &Namespace, others: &str) -> Result<(), LabError> {
    one.ip(&[
        "link",
        "add",
        "name",
        its,
        "type",
        "veth",
        "peer",
        "name",
        others,
        "netns",
        &other.path(),
    ])
}

/// Runs `ip` with these arguments in the calling thread's namespace.
pub(super) fn ip(arguments: &[&str]) -> Result<(), LabError> {
    let output = Command::new("ip")
        .args(arguments)
        .output()
        .map_err(LabError::io("the lab needs ip (Debian: iproute2)"))?;
    if output.status.success() {
        return Ok(());
    }
    Err(LabError::Command {
        command: format!("ip {}", arguments.join(" ")),
        said: String::from_utf8_lossy(&output.stderr).trim().into(),
    })
}
