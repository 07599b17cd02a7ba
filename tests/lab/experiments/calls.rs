//! System calls whose results count: what they return, and whether tcpviz tells the same.

use std::io::{ErrorKind, Read, Write};
use std::thread::JoinHandle;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use tcpviz::conn::Side;
use tcpviz::story::ending::ending;
use tcpviz::story::program::{self, Outcome};

use super::stage::{Stage, connection};

/// What poll() says after an RST.
pub const RESET: PollFlags = PollFlags::IN
    .union(PollFlags::OUT)
    .union(PollFlags::ERR)
    .union(PollFlags::HUP)
    .union(PollFlags::RDHUP);

impl Stage {
    /// Reads until there is no more, and compares with what tcpviz tells of this program's read().
    #[track_caller]
    pub fn reads_as_told(&mut self, side: Side) {
        let told = self.told(side).read;
        let seen = self.reads(side, told.len());
        // Whether the program had read what came, tcpviz can't know.
        let told: Vec<_> = told
            .into_iter()
            .filter(|outcome| *outcome != Outcome::Data || seen.contains(outcome))
            .collect();
        assert_eq!(seen, told, "read() on the {side}, as seen and as told");
    }

    /// Reads as often as there are outcomes, and compares: for what no observer can tell.
    #[track_caller]
    pub fn read_gives(&mut self, side: Side, wanted: &[Outcome]) {
        let seen = self.reads(side, wanted.len());
        assert_eq!(seen, wanted, "read() on the {side}");
    }

    /// Reads until nothing more comes, some times more than `calls` at most; the same outcome again counts once.
    fn reads(&mut self, side: Side, calls: usize) -> Vec<Outcome> {
        let socket = self.socket(side);
        socket.set_nonblocking(true).expect("an option");
        let mut seen = Vec::new();
        let mut octets = vec![0; 1 << 20];
        for _ in 0..calls + 1_000 {
            let outcome = match socket.read(&mut octets) {
                Ok(0) => Outcome::Eof,
                Ok(_) => Outcome::Data,
                Err(why) if why.kind() == ErrorKind::WouldBlock => Outcome::Waits,
                Err(why) => Outcome::Fails(errno(&why)),
            };
            if seen.last() != Some(&outcome) {
                seen.push(outcome);
            }
            if matches!(outcome, Outcome::Eof | Outcome::Waits) {
                break;
            }
        }
        socket.set_nonblocking(false).expect("an option");
        seen
    }

    /// Writes as often as tcpviz tells outcomes, and compares.
    #[track_caller]
    pub fn writes_as_told(&mut self, side: Side) {
        let told = self.told(side).write;
        let seen = self.writes(side, told.len());
        assert_eq!(seen, told, "write() on the {side}, as seen and as told");
    }

    /// Writes as often as there are outcomes, and compares.
    #[track_caller]
    pub fn write_gives(&mut self, side: Side, wanted: &[Outcome]) {
        let seen = self.writes(side, wanted.len());
        assert_eq!(seen, wanted, "write() on the {side}");
    }

    fn writes(&mut self, side: Side, calls: usize) -> Vec<Outcome> {
        let socket = self.socket(side);
        socket.set_nonblocking(true).expect("an option");
        let calls = (0..calls).map(|_| match socket.write(b"x") {
            Ok(_) => Outcome::Taken,
            Err(why) => Outcome::Fails(errno(&why)),
        });
        let seen = calls.collect();
        socket.set_nonblocking(false).expect("an option");
        seen
    }

    /// What tcpviz tells of a side's program.
    #[track_caller]
    pub fn told(&mut self, side: Side) -> program::Program {
        self.catch_up();
        let trace = self.recorder.trace();
        let id = connection(trace, self.addresses).expect("captured");
        program::program(trace, id, side, &ending(trace, id))
    }

    /// Reads on a thread until end of file or an error: how much came, and which.
    pub fn drain(&mut self, side: Side) -> JoinHandle<(usize, Outcome)> {
        let mut socket = self.copy(side);
        std::thread::spawn(move || {
            let mut octets = vec![0; 1 << 16];
            let mut total = 0;
            loop {
                match socket.read(&mut octets) {
                    Ok(0) => return (total, Outcome::Eof),
                    Ok(count) => total += count,
                    Err(why) => return (total, Outcome::Fails(errno(&why))),
                }
            }
        })
    }

    /// What poll() says of a socket at once; RDHUP is asked for.
    #[track_caller]
    pub fn polls(&mut self, side: Side, wanted: PollFlags) {
        let asked = PollFlags::IN | PollFlags::OUT | PollFlags::RDHUP;
        let mut polled = [PollFd::new(self.socket(side), asked)];
        poll(&mut polled, Some(&Timespec::default())).expect("it is a socket");
        assert_eq!(polled[0].revents(), wanted, "poll() on the {side}");
    }

    /// What SO_ERROR holds.
    #[track_caller]
    pub fn error_is(&mut self, side: Side, wanted: Option<&str>) {
        let error = self.socket(side).take_error().expect("an option");
        assert_eq!(error.as_ref().map(errno), wanted, "SO_ERROR, {side}");
    }
}

/// An error's name.
pub fn errno(why: &std::io::Error) -> &'static str {
    use rustix::io::Errno;
    match why.raw_os_error().map(Errno::from_raw_os_error) {
        Some(Errno::PIPE) => "EPIPE",
        Some(Errno::CONNRESET) => "ECONNRESET",
        Some(Errno::CONNREFUSED) => "ECONNREFUSED",
        Some(Errno::TIMEDOUT) => "ETIMEDOUT",
        Some(Errno::HOSTUNREACH) => "EHOSTUNREACH",
        Some(Errno::NETUNREACH) => "ENETUNREACH",
        other => panic!("an errno without a name here: {other:?}"),
    }
}
