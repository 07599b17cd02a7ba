//! The process that starts the command and waits for it. It keeps the privileges it is started with, captures
//! nothing, and reads only the program's few words, /proc, PATH's folders, and the kernel's list of sockets. It stays, too, if the program is killed, until the command has ended.

use std::ffi::OsString;
use std::fs;
use std::io::{self, ErrorKind, Read, Write};
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::process::{Command, exit};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, Signal, WaitOptions, WaitStatus};
use signal_hook::consts::{SIGCHLD, SIGHUP, SIGINT, SIGQUIT, SIGTERM};

use super::knowing::Knowing;
use super::path::found;
use super::person::Person;
use super::talk::receive_stdin;

/// The first argument of the warden's command line.
pub(super) const WARDEN: &str = "command-warden";

/// Becomes the warden, and never returns, if the command line says so. To be called before anything else.
pub fn watch_if_asked() {
    let mut words = std::env::args_os().skip(1);
    if words.next().is_none_or(|first| first != WARDEN) {
        return;
    }
    let result = io::stdin()
        .as_fd()
        .try_clone_to_owned()
        .map(UnixStream::from)
        .and_then(|line| Ok((receive_stdin(&line)?, line)));
    let Ok((stdin, line)) = result else {
        eprintln!("tcpviz: {WARDEN} is for tcpviz itself, while a command runs");
        exit(2);
    };
    let watched = rustix::stdio::dup2_stdin(&stdin)
        .map_err(io::Error::from)
        .and_then(|()| Warden::new(line)?.watch(&words.collect::<Vec<_>>()));
    drop(stdin);
    exit(i32::from(watched.is_err()));
}

/// The process's own.
struct Warden {
    line: UnixStream,
    /// Octets of a line that hasn't ended.
    heard: Vec<u8>,
    /// A child has ended where something can be read.
    ended: UnixStream,
    /// While it runs.
    command: Option<Pid>,
    /// The program that asked for all of this is there.
    is_asked: bool,
    knowing: Knowing,
}

impl Warden {
    fn new(line: UnixStream) -> io::Result<Warden> {
        // Signals from the terminal are the command's; it has them as whoever started this had them.
        let ignored = ignored();
        for signal in [SIGINT, SIGQUIT, SIGTERM, SIGHUP] {
            if ignored >> (signal - 1) & 1 == 0 {
                signal_hook::flag::register(signal, Arc::new(AtomicBool::new(false)))?;
            }
        }
        let (ended, end) = UnixStream::pair()?;
        ended.set_nonblocking(true)?;
        signal_hook::low_level::pipe::register(SIGCHLD, end)?;
        Ok(Warden {
            line,
            heard: Vec::new(),
            ended,
            command: None,
            is_asked: true,
            knowing: Knowing::begin(),
        })
    }

    /// Until the program and the command have ended.
    fn watch(mut self, words: &[OsString]) -> io::Result<()> {
        let person = Person::invoking();
        while self.is_asked || self.command.is_some() {
            let (said, ended) = self.wait()?;
            if said {
                for line in self.hear() {
                    self.answer(&line, words, person.as_ref())?;
                }
            }
            if ended {
                self.reap();
            }
            if self.command.is_some() {
                self.knowing.look();
            }
        }
        Ok(())
    }

    /// Waits for a word, the end of a child, or the time for a look: which of the first two there is.
    fn wait(&self) -> io::Result<(bool, bool)> {
        let running = self.command.is_some();
        let pause = self.knowing.pause().filter(|_| running).map(timespec);
        // Of who has gone there is always something to read.
        let heard = if self.is_asked {
            PollFlags::IN
        } else {
            PollFlags::empty()
        };
        let mut waiting = [
            PollFd::from_borrowed_fd(self.ended.as_fd(), PollFlags::IN),
            PollFd::from_borrowed_fd(self.line.as_fd(), heard),
        ];
        let all = if self.is_asked { 2 } else { 1 };
        match poll(&mut waiting[..all], pause.as_ref()) {
            Ok(_) | Err(rustix::io::Errno::INTR) => {
                let is_ready = |at: usize| !waiting[at].revents().is_empty();
                Ok((self.is_asked && is_ready(1), is_ready(0)))
            }
            Err(why) => Err(why.into()),
        }
    }

    /// Lines that are whole.
    fn hear(&mut self) -> Vec<String> {
        let mut octets = [0; 256];
        let read = self.line.read(&mut octets).unwrap_or(0);
        self.is_asked = read > 0;
        self.heard.extend(&octets[..read]);
        let whole = self.heard.iter().rposition(|octet| *octet == b'\n');
        let lines: Vec<u8> = self.heard.drain(..whole.map_or(0, |at| at + 1)).collect();
        let text = String::from_utf8_lossy(&lines).into_owned();
        text.lines().map(String::from).collect()
    }

    fn answer(
        &mut self,
        line: &str,
        words: &[OsString],
        person: Option<&Person>,
    ) -> io::Result<()> {
        if line == "look" {
            let program = words.first().map(OsString::as_os_str).unwrap_or_default();
            let look = || found(program, &std::env::var_os("PATH").unwrap_or_default());
            let told = match by(person, look) {
                Ok(()) => "found\n".into(),
                Err(why) => failed(&why),
            };
            self.tell(&told);
        } else if line == "go" {
            let told = match self.start(words, person) {
                Ok(command) => {
                    self.command = Some(command);
                    "started\n".into()
                }
                Err(why) => failed(&why),
            };
            self.tell(&told);
        } else if line == "whose" {
            let told = self.knowing.told()?;
            self.tell(&told);
        } else if let Some(number) = line.strip_prefix("signal ") {
            let signal = number.parse().ok().and_then(Signal::from_named_raw);
            if let (Some(signal), Some(command)) = (signal, self.command) {
                // It may just have ended.
                let _ = rustix::process::kill_process(command, signal);
            }
        }
        Ok(())
    }

    fn start(&mut self, words: &[OsString], person: Option<&Person>) -> io::Result<Pid> {
        let (program, arguments) = words.split_first().ok_or(ErrorKind::InvalidInput)?;
        let mut command = Command::new(program);
        command.args(arguments);
        self.knowing.before_start();
        if let Some(person) = person {
            person.dress(&mut command);
        }
        let started = by(person, || command.spawn());
        self.knowing.after_start();
        Ok(Pid::from_child(&started?))
    }

    /// Takes note of every child that has ended; the command's may have left theirs to this process.
    fn reap(&mut self) {
        let mut octets = [0; 64];
        while self.ended.read(&mut octets).is_ok_and(|read| read > 0) {}
        // Any child, also one that has left the process group.
        while let Ok(Some((child, status))) = rustix::process::wait(WaitOptions::NOHANG) {
            if Some(child) == self.command {
                self.command = None;
                self.tell(&told(status));
            }
        }
    }

    /// Whoever asked may have gone.
    fn tell(&mut self, text: &str) {
        let _ = self.line.write_all(text.as_bytes());
    }
}

/// Does something as this person.
fn by<T>(person: Option<&Person>, act: impl FnOnce() -> io::Result<T>) -> io::Result<T> {
    match person {
        Some(person) => person.act(act)?,
        None => act(),
    }
}

fn failed(why: &io::Error) -> String {
    format!("failed {}\n", why.raw_os_error().unwrap_or(libc::EINVAL))
}

fn told(status: WaitStatus) -> String {
    match (status.exit_status(), status.terminating_signal()) {
        (Some(code), _) => format!("exited {code}\n"),
        (_, signal) => format!("signalled {}\n", signal.unwrap_or_default()),
    }
}

fn timespec(time: Duration) -> Timespec {
    Timespec {
        tv_sec: i64::try_from(time.as_secs()).unwrap_or(i64::MAX),
        tv_nsec: time.subsec_nanos().into(),
    }
}

/// The signals that are ignored, as /proc tells it: bit n-1 stands for signal n.
fn ignored() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok())
        .unwrap_or_default()
}
