//! The actors' processes, and the lines to them.

use std::collections::BTreeMap;
use std::io::{self, BufRead, BufReader, Write};
use std::net::SocketAddr;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Child, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;

use rustix::process::{Pid, Signal, kill_process};

use crate::lab::{LabError, Namespace, actor};

/// What an actor says.
#[derive(Debug)]
pub enum Heard {
    /// The call that it was told to make begins, at this time.
    Begins(u64),
    /// It has ended, at this time, with this result.
    Ends(u64, String),
    /// A signal's handler makes this call, at this time.
    Handles(u64, String),
    /// It is no more; `killed by SIGPIPE`.
    Gone(String),
}

/// An actor.
struct Member {
    /// `None` for one that another has forked.
    process: Option<Child>,
    pid: i32,
    line: UnixStream,
    /// The line of a child that it may fork.
    spare: Option<UnixStream>,
}

/// All actors of an experiment; they end when it is dropped.
pub struct Company {
    members: BTreeMap<String, Member>,
    said: Sender<(String, Option<String>)>,
    heard: Receiver<(String, Option<String>)>,
}

impl Company {
    pub fn new() -> Company {
        let (said, heard) = channel();
        Company {
            members: BTreeMap::new(),
            said,
            heard,
        }
    }

    pub fn has(&self, name: &str) -> bool {
        self.members.contains_key(name)
    }

    /// Starts an actor on a host.
    pub fn enter(
        &mut self,
        name: &str,
        host: &Namespace,
        server: SocketAddr,
    ) -> Result<(), LabError> {
        let what = || LabError::io(format!("the process of {name}"));
        let (line, its) = UnixStream::pair().map_err(what())?;
        let (spare, its_spare) = UnixStream::pair().map_err(what())?;
        let mut command = actor::command(name, server);
        command
            .stdin(OwnedFd::from(its))
            .stdout(OwnedFd::from(its_spare))
            .stderr(Stdio::null())
            // What is typed at the terminal, Ctrl-C for one, is meant for the lab.
            .process_group(0);
        let process = host.run(|| command.spawn()).map_err(what())?;
        let pid = i32::try_from(process.id()).unwrap_or_default();
        self.listen(name, &line).map_err(what())?;
        let member = Member {
            process: Some(process),
            pid,
            line,
            spare: Some(spare),
        };
        self.members.insert(name.into(), member);
        Ok(())
    }

    /// An actor has forked: its child takes part under this name.
    pub fn born(&mut self, child: &str, parent: &str, pid: i32) -> Result<(), LabError> {
        let spare = self.members.get_mut(parent).and_then(|it| it.spare.take());
        let what = || LabError::io(format!("the process of {child}"));
        let line = spare.ok_or_else(|| what()(io::ErrorKind::NotFound.into()))?;
        self.listen(child, &line).map_err(what())?;
        let member = Member {
            process: None,
            pid,
            line,
            spare: None,
        };
        self.members.insert(child.into(), member);
        Ok(())
    }

    fn listen(&self, name: &str, line: &UnixStream) -> io::Result<()> {
        let reader = BufReader::new(line.try_clone()?);
        let (name, said) = (name.to_string(), self.said.clone());
        thread::Builder::new()
            .name(format!("line to {name}"))
            .spawn(move || {
                for line in reader.lines().map_while(Result::ok) {
                    let _ = said.send((name.clone(), Some(line)));
                }
                let _ = said.send((name, None));
            })?;
        Ok(())
    }

    /// Tells an actor to make a call.
    pub fn tell(&mut self, name: &str, call: &str) -> Result<(), String> {
        let member = self.members.get_mut(name).ok_or("nobody has this name")?;
        let told = writeln!(member.line, "{call}");
        told.map_err(|why| format!("{name} can't be told: {why}"))
    }

    /// Sends a signal to an actor's process.
    pub fn signal(&self, name: &str, signal: Signal) -> Result<(), String> {
        let member = self.members.get(name).ok_or("nobody has this name")?;
        let pid = Pid::from_raw(member.pid).ok_or("it has no process")?;
        kill_process(pid, signal).map_err(|why| why.to_string())
    }

    /// What an actor has said since, if anything.
    pub fn hear(&mut self) -> Option<(String, Heard)> {
        let (name, line) = self.heard.try_recv().ok()?;
        let heard = match line {
            Some(line) => understand(&line),
            None => Heard::Gone(self.bury(&name)),
        };
        Some((name, heard))
    }

    /// How an actor ended whose line has.
    fn bury(&mut self, name: &str) -> String {
        let member = self.members.remove(name);
        let status = member.and_then(|mut it| it.process.as_mut()?.wait().ok());
        status.map_or("gone".into(), fate)
    }
}

impl Drop for Company {
    fn drop(&mut self) {
        for member in self.members.values_mut() {
            if let Some(pid) = Pid::from_raw(member.pid) {
                let _ = kill_process(pid, Signal::KILL);
            }
            if let Some(process) = &mut member.process {
                let _ = process.wait();
            }
        }
    }
}

fn fate(status: ExitStatus) -> String {
    let signal = status.signal().and_then(Signal::from_named_raw);
    match (signal, status.code()) {
        (Some(signal), _) => format!("killed by {}", name_of(signal)),
        (None, code) => format!("exited with {}", code.unwrap_or_default()),
    }
}

/// The signals that experiments send.
const SIGNALS: [(&str, Signal); 7] = [
    ("SIGINT", Signal::INT),
    ("SIGKILL", Signal::KILL),
    ("SIGPIPE", Signal::PIPE),
    ("SIGSEGV", Signal::SEGV),
    ("SIGTERM", Signal::TERM),
    ("SIGUSR1", Signal::USR1),
    ("SIGUSR2", Signal::USR2),
];

pub fn signal_named(name: &str) -> Option<Signal> {
    let known = SIGNALS.iter().find(|(known, _)| *known == name);
    known.map(|(_, signal)| *signal)
}

fn name_of(signal: Signal) -> String {
    let known = SIGNALS.iter().find(|(_, known)| *known == signal);
    known.map_or_else(
        || format!("signal {}", signal.as_raw()),
        |(name, _)| (*name).into(),
    )
}

/// See `actor` for how a line is written.
fn understand(line: &str) -> Heard {
    let mut words = line.splitn(3, ' ');
    let word = words.next().unwrap_or_default();
    let mut time = || words.next().and_then(|time| time.parse().ok()).unwrap_or(0);
    match word {
        "begin" => Heard::Begins(time()),
        "end" => {
            let time = time();
            Heard::Ends(time, words.next().unwrap_or_default().into())
        }
        "handler" => {
            let time = time();
            Heard::Handles(time, words.next().unwrap_or_default().into())
        }
        // An actor that says anything else is a defect: it is shown rather than lost.
        _ => Heard::Handles(0, line.into()),
    }
}
