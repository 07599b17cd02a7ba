//! An actor: a process of its own that makes system calls one at a time, as it is told.
//!
//! It is told on its standard input, a socket to the lab, and answers there, a line each:
//!
//! ```text
//!   lab    send(4, 1 byte)
//!   actor  begin 1700000000000000000
//!   actor  end 1700000000000012345 1
//! ```
//!
//! Its standard output is the same for a child that it may fork. Descriptors from 3 on are its own, numbered as in any
//! program; none closes on exec.

mod call;
mod calls;

use std::io::{self, IoSlice};
use std::os::fd::BorrowedFd;
use std::os::unix::process::CommandExt;
use std::process::{Command, exit};

use super::now_ns;
use crate::raw::sys;

use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};

pub use crate::raw::sys::Fd;
pub use call::Call;
use sys::Disposition;

/// The first argument of an actor's command line; the second is where it is, an address with a port.
const ACTOR: &str = "lab-actor";

/// The third argument, after an exec: the lab still waits for that call.
const GOES_ON: &str = "goes-on";

/// Becomes an actor, and never returns, if the command line says so. To be called before anything else.
pub fn act_if_asked() {
    // A capture's name, which stands here otherwise, may be no text.
    let mut arguments = std::env::args_os().skip(1);
    if arguments.next().is_some_and(|first| first == ACTOR) {
        if std::env::var_os(super::INSIDE).is_none() {
            eprintln!("tcpviz: {ACTOR} is for the lab itself; you want: tcpviz lab");
            exit(2);
        }
        let server = arguments.next().and_then(|word| word.into_string().ok());
        let goes_on = arguments.next().is_some_and(|word| word == GOES_ON);
        let result = Actor::new(server).and_then(|actor| actor.act(goes_on));
        // The lab has gone, or sees from the end of the line that something is wrong.
        exit(i32::from(result.is_err()));
    }
}

/// The command that starts an actor; `name` is what ps(1) shows, `listens` where a server would listen.
pub(super) fn command(name: &str, listens: std::net::SocketAddr) -> Command {
    let mut command = Command::new("/proc/self/exe");
    command
        .arg0(format!("tcpviz lab: {name}"))
        .args([ACTOR, &listens.to_string()]);
    command
}

struct Actor {
    /// Where the server listens.
    server: std::net::SocketAddr,
    /// A child may still take the standard output for its line.
    has_spare: bool,
}

/// What becomes of the process.
enum Next {
    Goes(String),
    /// It is the child now.
    Forked,
}

impl Actor {
    fn new(server: Option<String>) -> io::Result<Actor> {
        let server = server.and_then(|text| text.parse().ok());
        let server = server.ok_or(io::ErrorKind::InvalidInput)?;
        calls::count_sigpipe()?;
        // What Rust makes of it outlives a signal that kill(2) sent.
        sys::signal(libc::SIGSEGV, Disposition::Default)?;
        share_a_cpu()?;
        Ok(Actor {
            server,
            has_spare: true,
        })
    }

    /// Does what it is told until the line ends.
    fn act(mut self, goes_on: bool) -> io::Result<()> {
        if goes_on {
            say(&format!("end {} ", now_ns()))?;
        } else {
            sys::close_inherited()?;
        }
        while let Some(line) = told()? {
            say(&format!("begin {}", now_ns()))?;
            match self.perform(&line) {
                Ok(Next::Goes(result)) => say(&format!("end {} {result}", now_ns()))?,
                Ok(Next::Forked) => {}
                Err(why) => say(&format!("end {} ?{why}", now_ns()))?,
            }
        }
        Ok(())
    }

    fn perform(&mut self, line: &str) -> io::Result<Next> {
        let call = Call::parse(line).ok_or_else(|| io::Error::other("no such call"))?;
        Ok(Next::Goes(match call.name.as_str() {
            "fork" => return self.fork(),
            "exec" => {
                let failed = command("exec", self.server).arg(GOES_ON).exec();
                return Err(failed);
            }
            "exit" => exit(call.number(0).unwrap_or(0)),
            _ => calls::perform(&call, self.server)?,
        }))
    }

    /// fork(2): the child takes the spare line.
    fn fork(&mut self) -> io::Result<Next> {
        if !self.has_spare {
            return Err(io::Error::other("one child is enough"));
        }
        self.has_spare = false;
        match sys::fork()? {
            Some(child) => {
                rustix::stdio::dup2_stdout(sys::standard_error())?;
                Ok(Next::Goes(child.to_string()))
            }
            None => {
                rustix::stdio::dup2_stdin(rustix::stdio::stdout())?;
                rustix::stdio::dup2_stdout(sys::standard_error())?;
                Ok(Next::Forked)
            }
        }
    }
}

/// Has all actors run on one CPU: each CPU has a queue of its own for the loopback interface, and segments in two of them
/// may overtake one another.
fn share_a_cpu() -> io::Result<()> {
    let allowed = sched_getaffinity(None)?;
    if let Some(first) = (0..CpuSet::MAX_CPU).find(|cpu| allowed.is_set(*cpu)) {
        let mut one = CpuSet::new();
        one.set(first);
        sched_setaffinity(None, &one)?;
    }
    Ok(())
}

/// The next line from the lab; `None` once it has gone. Octet by octet: nothing is kept that a fork or an exec would
/// lose.
fn told() -> io::Result<Option<String>> {
    let mut line = Vec::new();
    let mut octet = [0];
    loop {
        match rustix::io::read(line_to_lab(), &mut octet) {
            Ok(0) => return Ok(None),
            Ok(_) if octet == *b"\n" => break,
            Ok(_) => line.push(octet[0]),
            Err(rustix::io::Errno::INTR) => {}
            Err(why) => return Err(why.into()),
        }
    }
    Ok(Some(String::from_utf8_lossy(&line).into_owned()))
}

/// A line to the lab; whole, also from a signal's handler.
fn say(line: &str) -> io::Result<()> {
    rustix::io::write(line_to_lab(), format!("{line}\n").as_bytes())?;
    Ok(())
}

/// What a signal's handler is about to do, and when; it takes no memory.
fn say_handled(call: &str) {
    let mut digits = [b'0'; 20];
    let mut rest = now_ns();
    for digit in digits.iter_mut().rev() {
        *digit += (rest % 10) as u8;
        rest /= 10;
    }
    let parts = [b"handler ", &digits[..], b" ", call.as_bytes(), b"\n"].map(IoSlice::new);
    let _ = rustix::io::writev(line_to_lab(), &parts);
}

fn line_to_lab() -> BorrowedFd<'static> {
    rustix::stdio::stdin()
}
