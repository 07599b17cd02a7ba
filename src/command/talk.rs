//! What the program and the warden tell each other: lines over a socket pair. The first thing that goes over it is the
//! descriptor of standard input: the warden's own is the socket.
//!
//! ```text
//!   look                 found | failed 2 (errno)
//!   go                   started | failed 2 (errno)
//!   signal 15            exited 0 | signalled 9
//!   whose                own A B [TIME] ... other A B ... over? certain | because WHY, seen
//! ```

use std::collections::{HashMap, HashSet};
use std::ffi::OsString;
use std::io::{self, BufRead, BufReader, IoSlice, IoSliceMut, Write};
use std::mem::MaybeUninit;
use std::net::SocketAddr;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::process::{self, Child, Stdio};

use rustix::net::{
    RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SendAncillaryBuffer,
    SendAncillaryMessage, SendFlags, recvmsg, sendmsg,
};

use super::Ends;
use super::warden::WARDEN;

/// A process that a signal ended, as shells tell it.
const SIGNALLED: i32 = 128;

/// A command that waits to be run, or runs.
#[derive(Debug)]
pub struct Command {
    warden: Child,
    line: UnixStream,
}

/// How a command ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    Exited(i32),
    /// A signal ended it.
    Signalled(i32),
}

impl Ended {
    /// The exit code, as shells have it: 128 and the number of the signal that ended it.
    #[must_use]
    pub fn code(self) -> u8 {
        let (Ended::Exited(code) | Ended::Signalled(code)) = match self {
            Ended::Signalled(signal) => Ended::Signalled(SIGNALLED + signal),
            exited @ Ended::Exited(_) => exited,
        };
        u8::try_from(code & 0xff).unwrap_or(u8::MAX)
    }
}

/// Which connections are the command's.
#[derive(Debug, Default)]
pub struct Whose {
    /// Every connection of the command is in `own`.
    pub is_certain: bool,
    /// Otherwise why not.
    pub why: String,
    /// Where it is certain, with when those between these ends began, in nanoseconds since the Unix epoch.
    pub own: HashMap<Ends, Vec<u64>>,
    /// Of those that aren't known to be its own: they are somebody else's.
    pub others: HashSet<Ends>,
    /// No process of the command is left: what begins from now on isn't its own.
    pub is_over: bool,
}

impl Whose {
    /// Whether a connection may be the command's.
    #[must_use]
    pub fn may_own(&self, ends: &Ends) -> bool {
        self.own.contains_key(ends) || !self.is_certain && !self.others.contains(ends)
    }
}

/// What the warden tells.
#[derive(Debug)]
pub enum Told {
    /// The command is there, and may be run.
    Found,
    Started,
    /// The command can't be run.
    Failed(io::Error),
    Ended(Ended),
    Whose(Whose),
}

/// Hears what the warden tells.
#[derive(Debug)]
pub struct Listener(BufReader<UnixStream>);

impl Command {
    /// Prepares to run a command: its words, of which the first names the program. To be called before anything is opened,
    /// which the warden would inherit, and before privileges are given up.
    ///
    /// # Errors
    /// There can be no other process.
    pub fn prepare(words: &[OsString]) -> io::Result<(Command, Listener)> {
        let (line, its_own) = UnixStream::pair()?;
        let warden = process::Command::new(itself()?)
            .arg0("tcpviz: command")
            .arg(WARDEN)
            .args(words)
            .stdin(Stdio::from(OwnedFd::from(its_own)))
            .spawn()?;
        send_stdin(&line)?;
        let listener = Listener(BufReader::new(line.try_clone()?));
        Ok((Command { warden, line }, listener))
    }

    /// Looks whether it can be run.
    ///
    /// # Errors
    /// The warden has gone.
    pub fn look(&mut self) -> io::Result<()> {
        self.line.write_all(b"look\n")
    }

    /// Runs it.
    ///
    /// # Errors
    /// The warden has gone.
    pub fn go(&mut self) -> io::Result<()> {
        self.line.write_all(b"go\n")
    }

    /// Asks which connections were its own so far.
    ///
    /// # Errors
    /// The warden has gone.
    pub fn ask(&mut self) -> io::Result<()> {
        self.line.write_all(b"whose\n")
    }

    /// Passes signals on, from any thread.
    ///
    /// # Errors
    /// The process has no file descriptor left.
    pub fn signaller(&self) -> io::Result<impl Fn(i32) + Send + use<>> {
        let line = self.line.try_clone()?;
        // Where the warden has gone nobody is left to hear of it.
        Ok(move |signal| drop((&line).write_all(format!("signal {signal}\n").as_bytes())))
    }
}

impl Drop for Command {
    fn drop(&mut self) {
        // It ends with the line, and leaves nothing behind.
        let _ = self.line.shutdown(std::net::Shutdown::Both);
        let _ = self.warden.wait();
    }
}

impl Listener {
    /// Waits for the next thing that is told.
    ///
    /// # Errors
    /// The warden has gone, or talks nonsense.
    pub fn hear(&mut self) -> io::Result<Told> {
        let mut whose = Whose::default();
        loop {
            let mut line = String::new();
            if self.0.read_line(&mut line)? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            if let Some(why) = line.strip_prefix("because ") {
                whose.why = why.trim_end().into();
                continue;
            }
            let words: Vec<_> = line.split_ascii_whitespace().collect();
            return Ok(match words[..] {
                ["found"] => Told::Found,
                ["started"] => Told::Started,
                ["failed", errno] => Told::Failed(io::Error::from_raw_os_error(read(errno)?)),
                ["exited", code] => Told::Ended(Ended::Exited(read(code)?)),
                ["signalled", signal] => Told::Ended(Ended::Signalled(read(signal)?)),
                ["own", one, other, ref began @ ..] => {
                    let began = began.iter().map(|time| read(time));
                    let all = whose.own.entry(ends(one, other)?).or_default();
                    all.append(&mut began.collect::<io::Result<_>>()?);
                    continue;
                }
                ["other", one, other] => {
                    whose.others.insert(ends(one, other)?);
                    continue;
                }
                ["over"] => {
                    whose.is_over = true;
                    continue;
                }
                [how @ ("certain" | "seen")] => {
                    whose.is_certain = how == "certain";
                    Told::Whose(whose)
                }
                _ => return Err(io::ErrorKind::InvalidData.into()),
            });
        }
    }
}

/// This program, also where its file has been replaced meanwhile.
#[cfg(target_os = "linux")]
#[expect(clippy::unnecessary_wraps, reason = "elsewhere it may be unknown")]
fn itself() -> io::Result<std::path::PathBuf> {
    Ok("/proc/self/exe".into())
}

#[cfg(not(target_os = "linux"))]
fn itself() -> io::Result<std::path::PathBuf> {
    std::env::current_exe()
}

fn ends(one: &str, other: &str) -> io::Result<Ends> {
    Ok(Ends::of(read::<SocketAddr>(one)?, read(other)?))
}

fn read<T: std::str::FromStr>(text: &str) -> io::Result<T> {
    text.parse().map_err(|_| io::ErrorKind::InvalidData.into())
}

fn send_stdin(line: &UnixStream) -> io::Result<()> {
    let stdin = io::stdin();
    let descriptors = [stdin.as_fd()];
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    let mut beside = SendAncillaryBuffer::new(&mut space);
    beside.push(SendAncillaryMessage::ScmRights(&descriptors));
    let octet = [IoSlice::new(b"\n")];
    sendmsg(line, &octet, &mut beside, SendFlags::empty())?;
    Ok(())
}

/// Takes what [`send_stdin`] sent.
pub(super) fn receive_stdin(line: &UnixStream) -> io::Result<OwnedFd> {
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    let mut beside = RecvAncillaryBuffer::new(&mut space);
    let mut octet = [0];
    let mut into = [IoSliceMut::new(&mut octet)];
    // Elsewhere the command has it twice.
    #[cfg(target_os = "linux")]
    let flags = RecvFlags::CMSG_CLOEXEC;
    #[cfg(not(target_os = "linux"))]
    let flags = RecvFlags::empty();
    recvmsg(line, &mut into, &mut beside, flags)?;
    let sent = beside.drain().find_map(|message| match message {
        RecvAncillaryMessage::ScmRights(mut descriptors) => descriptors.next(),
        _ => None,
    });
    sent.ok_or_else(|| io::ErrorKind::UnexpectedEof.into())
}
