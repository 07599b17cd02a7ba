//! A trace instance of one's own: rings and settings that nobody else uses, a folder in tracefs. Making it and opening its pipe needs root.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use rustix::fs::OFlags;
use rustix::mount::{MountFlags, MountPropagationFlags, mount, mount_change};
use rustix::thread::UnshareFlags;

use super::clock::Clock;
use crate::wire::Ports;

const TRACEFS: &str = "/sys/kernel/tracing";

/// Where the instances are, as seen by everybody, and below a root of that folder.
pub const INSTANCES: &str = "/sys/kernel/tracing/instances";

/// What an instance of tcpviz is called, before the number of its process.
const PREFIX: &str = "tcpviz-";

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
        clear();
        let folder = Path::new(INSTANCES).join(format!("{PREFIX}{process}"));
        if let Err(why) = fs::create_dir(&folder) {
            return Err(format!("no trace instance can be made: {why}"));
        }
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
        self.write("buffer_size_kb", RING)?;
        // Whoever waits is woken by the first event, not when the ring is half full.
        let _ = self.write("buffer_percent", "0");
        if self.write("trace_clock", Clock::Tai.name()).is_ok() {
            self.clock = Clock::Tai;
        } else {
            self.write("trace_clock", Clock::Mono.name())?;
        }
        let mut pipe = OpenOptions::new();
        let nonblocking = OFlags::NONBLOCK.bits().cast_signed();
        let pipe = pipe.read(true).custom_flags(nonblocking);
        self.pipe = Some(pipe.open(self.folder.join("trace_pipe"))?);
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

/// Removes what was left by those that were killed before they could: one that is in use can't be removed.
fn clear() {
    for entry in fs::read_dir(INSTANCES).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let process = name.to_str().and_then(|name| name.strip_prefix(PREFIX));
        let is_gone = process
            .and_then(|number| number.parse::<u32>().ok())
            .is_some_and(|number| !Path::new(&format!("/proc/{number}")).exists());
        if is_gone {
            let _ = fs::remove_dir(entry.path());
        }
    }
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
