//! A trace instance of one's own: rings and settings that nobody else uses, a folder in tracefs. Making it and opening its pipe needs root.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use rustix::fs::{FlockOperation, OFlags, flock};
use rustix::mount::{MountFlags, MountPropagationFlags, mount, mount_change};
use rustix::thread::UnshareFlags;

use super::clock::Clock;
use crate::wire::Ports;

const TRACEFS: &str = "/sys/kernel/tracing";

/// Where the instances are, as seen by everybody, and below a root of that folder.
pub const INSTANCES: &str = "/sys/kernel/tracing/instances";

/// What an instance of tcpviz is called, before the number of its process: the second of that number has `.2` behind it.
const PREFIX: &str = "tcpviz-";

/// Processes of one number, each in a PID namespace of its own.
const NAMESAKES: u32 = 99;

/// How long others that make theirs are waited for.
const PATIENCE: Duration = Duration::from_secs(2);

/// KiB of its ring, for each processor: 6,800 events.
const RING: &str = "512";

/// Octets of a filter that the kernel takes for certain.
const FILTER: usize = 2000;

/// The events, and whether the ports can be asked for: `tcp_send_reset` has them only in addresses.
const EVENTS: [(&str, bool); 5] = [
    ("sock/inet_sock_set_state", true),
    ("tcp/tcp_send_reset", false),
    ("tcp/tcp_receive_reset", true),
    ("tcp/tcp_retransmit_skb", true),
    ("sock/inet_sk_error_report", true),
];

/// An instance, which goes with this.
#[derive(Debug)]
pub struct Instance {
    folder: PathBuf,
    pipe: Option<File>,
    pub clock: Clock,
    /// Events that this kernel doesn't have.
    pub missing: Vec<&'static str>,
}

impl Instance {
    /// Makes it, for the process of this number: these ports' events are in its pipe from now on.
    ///
    /// # Errors
    /// What is wrong, in a few words.
    pub fn make(process: u32, ports: &Ports) -> Result<Instance, String> {
        reach()?;
        // Held until the pipe is open, from when on nobody can remove it.
        let alone = be_alone();
        if alone.is_some() {
            clear();
        }
        let folder = create(process);
        let folder = folder.map_err(|why| format!("no trace instance can be made: {why}"))?;
        let mut instance = Instance {
            folder,
            pipe: None,
            clock: Clock::Mono,
            missing: Vec::new(),
        };
        let set = instance.set(ports);
        set.map_err(|why| format!("the trace instance can't be set: {why}"))?;
        Ok(instance)
    }

    fn set(&mut self, ports: &Ports) -> io::Result<()> {
        let mut pipe = OpenOptions::new();
        let nonblocking = OFlags::NONBLOCK.bits().cast_signed();
        let pipe = pipe.read(true).custom_flags(nonblocking);
        self.pipe = Some(pipe.open(self.folder.join("trace_pipe"))?);
        self.write("buffer_size_kb", RING)?;
        // Whoever waits is woken by the first event, not when the ring is half full.
        let _ = self.write("buffer_percent", "0");
        if self.write("trace_clock", Clock::Tai.name()).is_ok() {
            self.clock = Clock::Tai;
        } else {
            self.write("trace_clock", Clock::Mono.name())?;
        }
        let filter = filter(ports);
        for (event, has_ports) in EVENTS {
            let folder = format!("events/{event}");
            if let Some(filter) = filter.as_ref().filter(|_| has_ports) {
                // Without it more comes than is wanted: it is left out later.
                let _ = self.write(&format!("{folder}/filter"), filter);
            }
            if self.write(&format!("{folder}/enable"), "1").is_err() {
                self.missing.push(event);
            }
        }
        if self.missing.len() == EVENTS.len() {
            return Err(io::Error::other("this kernel has none of the events"));
        }
        Ok(())
    }

    fn write(&self, name: &str, text: &str) -> io::Result<()> {
        let mut file = OpenOptions::new()
            .write(true)
            .open(self.folder.join(name))?;
        io::Write::write_all(&mut file, text.as_bytes())
    }

    /// Its pipe, to read from without waiting.
    #[must_use]
    pub fn pipe(&self) -> Option<&File> {
        self.pipe.as_ref()
    }

    /// The root of this process is now the folder of the instances.
    pub fn enter(&mut self) {
        if let Some(name) = self.folder.file_name() {
            self.folder = Path::new("/").join(name);
        }
    }
}

impl Drop for Instance {
    fn drop(&mut self) {
        // It can't go while its pipe is open.
        self.pipe = None;
        let _ = fs::remove_dir(&self.folder);
    }
}

/// Makes tracefs reachable; where nobody has mounted it, by a mount that only this process sees.
fn reach() -> Result<(), String> {
    match fs::metadata(INSTANCES) {
        Ok(_) => return Ok(()),
        Err(why) if why.kind() == io::ErrorKind::PermissionDenied => {
            return Err("tracefs is for root".into());
        }
        Err(_) => {}
    }
    if !Path::new(TRACEFS).is_dir() {
        return Err("this kernel has no tracefs".into());
    }
    let mounted = separate().and_then(|()| {
        let flags = MountFlags::NOSUID | MountFlags::NODEV | MountFlags::NOEXEC;
        mount("tracefs", TRACEFS, "tracefs", flags, None)
    });
    let why = |why| format!("tracefs isn't mounted, and can't be: {why}");
    mounted.map_err(why)?;
    match fs::metadata(INSTANCES) {
        Ok(_) => Ok(()),
        Err(why) => Err(format!("tracefs can't be used: {why}")),
    }
}

/// Mounts of this process's own, which nobody else gets.
fn separate() -> rustix::io::Result<()> {
    #[expect(
        deprecated,
        reason = "its successor warns of shared descriptor tables, which this leaves alone"
    )]
    rustix::thread::unshare(UnshareFlags::NEWNS)?;
    let alone = MountPropagationFlags::PRIVATE | MountPropagationFlags::REC;
    mount_change("/", alone)
}

/// Waits until no other helper, in whatever namespace, is making or removing an instance; not for ever.
fn be_alone() -> Option<File> {
    let folder = File::open(INSTANCES).ok()?;
    let until = Instant::now() + PATIENCE;
    while flock(&folder, FlockOperation::NonBlockingLockExclusive).is_err() {
        if Instant::now() >= until {
            return None;
        }
        thread::sleep(Duration::from_millis(5));
    }
    Some(folder)
}

/// A folder that nobody has: in another PID namespace a process may have the same number.
fn create(process: u32) -> io::Result<PathBuf> {
    let name = format!("{PREFIX}{process}");
    let others = (2..=NAMESAKES).map(|n| format!("{name}.{n}"));
    let mut taken = io::ErrorKind::AlreadyExists.into();
    for name in std::iter::once(name.clone()).chain(others) {
        let folder = Path::new(INSTANCES).join(name);
        match fs::create_dir(&folder) {
            Ok(()) => return Ok(folder),
            Err(why) if why.kind() == io::ErrorKind::AlreadyExists => taken = why,
            Err(why) => return Err(why),
        }
    }
    Err(taken)
}

/// Removes what was left by those that were killed before they could. The number of a process says nothing: it may be one of
/// another namespace. But the kernel removes none whose pipe somebody has open.
fn clear() {
    for entry in fs::read_dir(INSTANCES).into_iter().flatten().flatten() {
        if entry.file_name().to_str().is_some_and(is_ours) {
            let _ = fs::remove_dir(entry.path());
        }
    }
}

/// Whether a name is one that `create` gives.
fn is_ours(name: &str) -> bool {
    let is_number =
        |text: &str| !text.is_empty() && text.bytes().all(|octet| octet.is_ascii_digit());
    name.strip_prefix(PREFIX).is_some_and(|numbers| {
        let (process, n) = numbers.split_once('.').unwrap_or((numbers, "2"));
        is_number(process) && is_number(n)
    })
}

/// These ports on either side, as the kernel's filters are written; `None` for all, or where there are too many.
fn filter(ports: &Ports) -> Option<String> {
    let range = |&(low, high): &(u16, u16)| {
        let end = |name: &str| {
            if low == high {
                format!("{name} == {low}")
            } else {
                format!("({name} >= {low} && {name} <= {high})")
            }
        };
        format!("{} || {}", end("sport"), end("dport"))
    };
    let all: Vec<_> = ports.ranges().iter().map(range).collect();
    let text = all.join(" || ");
    (!text.is_empty() && text.len() <= FILTER).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_helpers_make_is_theirs() {
        for name in ["tcpviz-1", "tcpviz-4242.2"] {
            assert!(is_ours(name), "{name}");
        }
        for name in [
            "tcpviz-",
            "tcpviz-mine",
            "tcpviz-1.",
            "tcpviz-.2",
            "other-1",
        ] {
            assert!(!is_ours(name), "{name}");
        }
    }

    #[test]
    fn a_filter_has_both_directions_of_each_port() {
        let of = |ranges: &[(u16, u16)]| filter(&Ports::new(ranges.to_vec()));
        assert_eq!(of(&[]), None);
        let one = "sport == 4321 || dport == 4321";
        assert_eq!(of(&[(4321, 4321)]).unwrap(), one);
        let more = "(sport >= 1 && sport <= 9) || (dport >= 1 && dport <= 9)";
        assert_eq!(
            of(&[(4321, 4321), (1, 9)]).unwrap(),
            format!("{one} || {more}")
        );
        let many: Vec<_> = (1..=500).map(|port| (port, port)).collect();
        assert_eq!(of(&many), None);
    }
}
