//! The helper: this program once more, started before root is given up, which makes the trace instance, hands on what its pipe tells, and
//! removes it at the end, however this program ends. It understands nothing of what it hands on. On its standard output
//! stands
//!
//! ```text
//!   ready tai             the trace's clock, and which events this kernel doesn't have; then the octets of trace_pipe
//!   no tracefs is for root
//! ```
//!
//! It ends when its standard input does: that is all that is left where this program is killed.

use std::fs::File;
use std::io::{self, IsTerminal, PipeReader, Read, Write};
use std::os::unix::process::CommandExt;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio, exit};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::process::{DumpableBehavior, Resource, Rlimit};
use rustix::thread::CapabilitySet;
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};

use super::clock::Clock;
use super::tracefs::{INSTANCES, Instance};
use crate::privilege;
use crate::wire::Ports;

/// The first argument of the helper's command line; the second are the ports.
const HELPER: &str = "kernel-helper";

/// To remove a folder that is root's, where sudo's user is somebody else.
const NEEDED: CapabilitySet = CapabilitySet::DAC_OVERRIDE;

/// Octets of its first line, and of what is handed on at a time.
const FIRST: usize = 256;
const AT_ONCE: usize = 1 << 14;

/// Descriptors that it may have open.
const DESCRIPTORS: u64 = 16;

/// Kernels that wake nobody before the ring is half full are asked so often.
const TICK: Timespec = Timespec {
    tv_sec: 0,
    tv_nsec: 250_000_000,
};

/// How long its end is waited for.
const PATIENCE: Duration = Duration::from_secs(3);

/// Becomes the helper, and never returns, if the command line says so. To be called before anything else.
pub fn help_if_asked() {
    let mut arguments = std::env::args_os().skip(1);
    if arguments.next().is_none_or(|first| first != HELPER) {
        return;
    }
    if io::stdin().is_terminal() {
        eprintln!("tcpviz: {HELPER} is for tcpviz itself, while it captures");
        exit(2);
    }
    let ports = arguments.next().and_then(|text| read_ports(text.to_str()?));
    let result = help(&ports.unwrap_or_default());
    exit(i32::from(result.is_err()));
}

fn write_ports(ports: &Ports) -> String {
    let ranges = ports.ranges().iter();
    let ranges: Vec<_> = ranges.map(|(low, high)| format!("{low}-{high}")).collect();
    ranges.join(",")
}

fn read_ports(text: &str) -> Option<Ports> {
    let range = |text: &str| {
        let (low, high) = text.split_once('-')?;
        Some((low.parse().ok()?, high.parse().ok()?))
    };
    let ranges: Option<Vec<_>> = text.split(',').map(range).collect();
    ranges.map(Ports::new)
}

fn help(ports: &Ports) -> io::Result<()> {
    // Keys typed at a terminal are for whoever started it, which then ends it by its standard input.
    let _ = rustix::process::setsid();
    let signals = on_signals()?;
    let process = rustix::process::getppid().map_or(0, |pid| pid.as_raw_nonzero().get());
    let made = Instance::make(process.unsigned_abs(), ports);
    let mut out = io::stdout();
    let mut instance = match made {
        Ok(instance) => instance,
        Err(why) => return writeln!(out, "no {why}"),
    };
    confine(&mut instance)?;
    let lacks: String = instance
        .missing
        .iter()
        .map(|event| format!(" {event}"))
        .collect();
    writeln!(out, "ready {}{lacks}", instance.clock.name())?;
    out.flush()?;
    hand_on(&instance, &signals)
}

/// A pipe to which something is written when a signal asks to end.
fn on_signals() -> io::Result<PipeReader> {
    let (signals, end) = io::pipe()?;
    for signal in [SIGINT, SIGTERM, SIGHUP] {
        signal_hook::low_level::pipe::register(
            signal,
            std::os::fd::OwnedFd::from(end.try_clone()?),
        )?;
    }
    Ok(signals)
}

/// Gives up everything but what it is for: from now on it sees no file but the instances.
fn confine(instance: &mut Instance) -> io::Result<()> {
    rustix::process::chroot(INSTANCES)?;
    rustix::process::chdir("/")?;
    instance.enter();
    privilege::keep_only(NEEDED)?;
    for (resource, most) in [
        (Resource::Core, 0),
        (Resource::Fsize, 0),
        (Resource::Nproc, 0),
        (Resource::Nofile, DESCRIPTORS),
    ] {
        let limit = Rlimit {
            current: Some(most),
            maximum: Some(most),
        };
        rustix::process::setrlimit(resource, limit)?;
    }
    // A change of user takes it back.
    rustix::process::set_dumpable_behavior(DumpableBehavior::NotDumpable)?;
    rustix::thread::set_name(c"tcpviz-kernel")?;
    Ok(())
}

/// Hands on what comes until standard input ends or a signal comes; then what is still there.
fn hand_on(instance: &Instance, signals: &PipeReader) -> io::Result<()> {
    let Some(pipe) = instance.pipe() else {
        return Ok(());
    };
    let (stdin, mut out) = (io::stdin(), io::stdout().lock());
    loop {
        let mut waiting = [
            PollFd::new(&stdin, PollFlags::IN),
            PollFd::new(signals, PollFlags::IN),
            PollFd::new(pipe, PollFlags::IN),
        ];
        match poll(&mut waiting, Some(&TICK)) {
            Ok(_) | Err(Errno::INTR) => {}
            Err(why) => return Err(why.into()),
        }
        let ends = waiting[..2].iter().any(|it| !it.revents().is_empty());
        copy(pipe, &mut out)?;
        if ends {
            return Ok(());
        }
    }
}

/// Copies what is there, but not without end: a flood isn't waited for.
fn copy(mut pipe: &File, out: &mut impl Write) -> io::Result<()> {
    const MOST: usize = 256;
    let mut buffer = [0; AT_ONCE];
    for _ in 0..MOST {
        match pipe.read(&mut buffer) {
            Ok(0) => break,
            Ok(read) => out.write_all(&buffer[..read])?,
            Err(why) if why.kind() == io::ErrorKind::WouldBlock => break,
            Err(why) if why.kind() == io::ErrorKind::Interrupted => {}
            Err(why) => return Err(why),
        }
    }
    out.flush()
}

/// The helper, as whoever started it sees it. The instance goes with it.
#[derive(Debug)]
pub struct Helper {
    process: Child,
    /// Its standard input: closed, it ends.
    line: Option<ChildStdin>,
    told: Option<ChildStdout>,
    pub clock: Clock,
    /// Events that this kernel doesn't have.
    pub missing: String,
}

impl Helper {
    /// Starts it, and waits until the events of these ports come. To be called before anything is opened or given up.
    ///
    /// # Errors
    /// Why there can be none, in a few words.
    pub fn start(ports: &Ports) -> Result<Helper, String> {
        if !rustix::process::geteuid().is_root() {
            return Err("tracefs is for root".into());
        }
        let failed = |why: io::Error| format!("its helper can't be started: {why}");
        let mut process = Command::new("/proc/self/exe")
            .arg0("tcpviz: kernel")
            .arg(HELPER)
            .arg(write_ports(ports))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .map_err(failed)?;
        let line = process.stdin.take();
        let mut told = process.stdout.take();
        let first = told.as_mut().map(first_line).transpose().map_err(failed)?;
        let mut helper = Helper {
            process,
            line,
            told,
            clock: Clock::Mono,
            missing: String::new(),
        };
        let first = first.unwrap_or_default();
        let (word, rest) = first.split_once(' ').unwrap_or((&first, ""));
        let (clock, missing) = rest.split_once(' ').unwrap_or((rest, ""));
        match (word, Clock::find(clock)) {
            ("ready", Some(clock)) => {
                helper.clock = clock;
                helper.missing = missing.into();
                Ok(helper)
            }
            ("no", _) => Err(rest.into()),
            _ => Err("its helper failed".into()),
        }
    }

    /// Its process.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.process.id()
    }

    /// What it tells: the octets of a trace_pipe.
    pub(super) fn take_told(&mut self) -> Option<ChildStdout> {
        self.told.take()
    }

    /// Asks it to end; what the kernel has told until now still comes.
    pub(super) fn end(&mut self) {
        self.line = None;
    }
}

impl Drop for Helper {
    fn drop(&mut self) {
        self.end();
        // Who leaves has left nothing behind then; but nobody waits for ever.
        let until = Instant::now() + PATIENCE;
        while let Ok(None) = self.process.try_wait() {
            if Instant::now() >= until {
                return;
            }
            std::thread::sleep(Duration::from_millis(2));
        }
    }
}

fn first_line(from: &mut ChildStdout) -> io::Result<String> {
    let mut line = Vec::new();
    let mut octet = [0];
    while line.len() < FIRST && from.read(&mut octet)? == 1 && octet != *b"\n" {
        line.extend(octet);
    }
    Ok(String::from_utf8_lossy(&line).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ports_are_read_as_they_were_written() {
        for ranges in [vec![(4321, 4321)], vec![(1, 9), (65535, 65535)]] {
            let ports = Ports::new(ranges);
            assert_eq!(read_ports(&write_ports(&ports)), Some(ports));
        }
        // All of them are written as nothing.
        for text in ["", "1", "1-", "1-2,", "1-70000", "1-2 || 1"] {
            assert_eq!(read_ports(text), None, "{text}");
        }
    }
}
