//! A stage to play an experiment on: two connected sockets on the lab's hosts, the wire between them, tcpviz's own
//! capture on the client's interface. After each step both kernels are asked, and tcpviz must show the same.

use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr};
use std::time::Duration;

use socket2::Socket;
use tcpviz::conn::state::PerSide;
use tcpviz::conn::{ConnectionId, Side, State};
use tcpviz::lab::{Family, Lab, Recorder};
use tcpviz::story::ending::ending;
use tcpviz::story::program::{self, Outcome};
use tcpviz::trace::Trace;
use tcpviz::wire::Ports;

use crate::play::{PATIENCE, connect, listen, wait_for_states};

/// An experiment under way.
pub struct Stage {
    pub lab: Lab,
    pub recorder: Recorder,
    pub listener: Socket,
    pub client: Option<Socket>,
    pub server: Option<Socket>,
    pub addresses: PerSide<SocketAddr>,
    family: Family,
}

impl Stage {
    /// Two hosts and a connection between them, captured from its first segment.
    pub fn open(family: Family) -> Stage {
        let mut stage = Stage::with_listener(family);
        let pair = connect(&stage.lab, &stage.listener);
        (stage.client, stage.server) = (pair.client, pair.server);
        stage.addresses = pair.addresses;
        stage
    }

    /// Two hosts and a listener, but no connection yet.
    pub fn with_listener(family: Family) -> Stage {
        let lab = Lab::new().expect("a lab");
        let listener = listen(&lab, family);
        let recorder = lab
            .record(Side::Client, Ports::default(), None)
            .expect("a capture");
        let nowhere = SocketAddr::from(([0, 0, 0, 0], 0));
        Stage {
            lab,
            recorder,
            listener,
            client: None,
            server: None,
            addresses: PerSide {
                client: nowhere,
                server: nowhere,
            },
            family,
        }
    }

    pub fn family(&self) -> Family {
        self.family
    }

    pub fn socket(&mut self, side: Side) -> &mut Socket {
        let socket = match side {
            Side::Client => &mut self.client,
            Side::Server => &mut self.server,
        };
        socket.as_mut().expect("the socket is open")
    }

    pub fn close(&mut self, side: Side) {
        match side {
            Side::Client => self.client = None,
            Side::Server => self.server = None,
        }
    }

    /// Close with SO_LINGER {1, 0}.
    pub fn abort(&mut self, side: Side) {
        let linger = Some(Duration::ZERO);
        self.socket(side).set_linger(linger).expect("an option");
        self.close(side);
    }

    pub fn shut(&mut self, side: Side, how: Shutdown) {
        self.socket(side).shutdown(how).expect("it is connected");
    }

    /// Writes all of it; it fits into the buffers.
    pub fn write(&mut self, side: Side, octets: &[u8]) {
        self.socket(side).write_all(octets).expect("they are taken");
    }

    /// Reads exactly so much; waits for it.
    pub fn read(&mut self, side: Side, count: usize) {
        let mut octets = vec![0; count];
        self.socket(side)
            .read_exact(&mut octets)
            .expect("they come");
    }

    /// Waits until so much has arrived, and leaves it unread.
    pub fn await_unread(&mut self, side: Side, count: usize) {
        let mut octets = vec![std::mem::MaybeUninit::uninit(); count];
        crate::play::wait_until("enough to read", || {
            match self.socket(side).peek(&mut octets) {
                Ok(seen) if seen >= count => Ok(()),
                seen => Err(seen.map_err(|why| why.kind())),
            }
        });
    }

    /// Waits until both kernels have these states, client first, and tcpviz shows them too.
    #[track_caller]
    pub fn at(&mut self, step: &str, wanted: [State; 2]) {
        self.at_otherwise(step, wanted, wanted);
    }

    /// The same where no observer can know: the kernels have `wanted`, tcpviz shows `shown`.
    #[track_caller]
    pub fn at_otherwise(&mut self, step: &str, wanted: [State; 2], shown: [State; 2]) {
        eprintln!("  {step}: {wanted:?}");
        wait_for_states(&self.lab, self.addresses, wanted);
        let addresses = self.addresses;
        let mut last = None;
        let shows = self.recorder.wait(PATIENCE, |trace| {
            last = states(trace, addresses);
            last == Some(shown)
        });
        assert!(shows, "{step}: tcpviz has {last:?}, not {shown:?}");
    }

    /// Waits until everything a side sent is acknowledged.
    #[track_caller]
    pub fn acknowledged(&mut self, side: Side) {
        let PerSide { client, server } = self.addresses;
        crate::play::wait_until("acknowledged", || {
            let queued = self.lab.sockets(client, server).unwrap()[side].send_queue;
            if queued == 0 { Ok(()) } else { Err(queued) }
        });
    }

    /// Waits until the capture holds so many segments of the connection.
    #[track_caller]
    pub fn await_segments(&mut self, count: usize) {
        let addresses = self.addresses;
        let came = self.recorder.wait(PATIENCE, |trace| {
            connection(trace, addresses).is_some_and(|id| trace.len(id) >= count)
        });
        assert!(came, "not {count} segments");
    }

    /// Reads until there is no more, and compares with what tcpviz tells of this program's read().
    #[track_caller]
    pub fn reads_as_told(&mut self, side: Side) {
        let told = self.told(side).read;
        let socket = self.socket(side);
        socket.set_nonblocking(true).expect("an option");
        let mut seen = Vec::new();
        let mut octets = vec![0; 1 << 20];
        for _ in 0..told.len() + 1_000 {
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
        // Whether the program had read what came, tcpviz can't know.
        let told: Vec<_> = told
            .into_iter()
            .filter(|outcome| *outcome != Outcome::Data || seen.contains(outcome))
            .collect();
        assert_eq!(seen, told, "read() on the {side}, as seen and as told");
    }

    /// Writes as often as tcpviz tells outcomes, and compares.
    #[track_caller]
    pub fn writes_as_told(&mut self, side: Side) {
        let told = self.told(side).write;
        let socket = self.socket(side);
        socket.set_nonblocking(true).expect("an option");
        let seen: Vec<_> = told
            .iter()
            .map(|_| match socket.write(b"x") {
                Ok(_) => Outcome::Taken,
                Err(why) => Outcome::Fails(errno(&why)),
            })
            .collect();
        assert_eq!(seen, told, "write() on the {side}, as seen and as told");
    }

    fn told(&mut self, side: Side) -> program::Program {
        let trace = self.recorder.trace();
        let id = connection(trace, self.addresses).expect("captured");
        program::program(trace, id, side, &ending(trace, id))
    }

    /// Ends the capture: what it holds, and the connection.
    pub fn finish(self) -> (Trace, ConnectionId) {
        let addresses = self.addresses;
        let trace = self.recorder.stop();
        let id = connection(&trace, addresses).expect("captured");
        (trace, id)
    }
}

/// The newest connection between these ends.
fn connection(trace: &Trace, addresses: PerSide<SocketAddr>) -> Option<ConnectionId> {
    let position = trace
        .connections()
        .iter()
        .rposition(|connection| connection.addresses == addresses)?;
    u32::try_from(position).ok()
}

fn states(trace: &Trace, addresses: PerSide<SocketAddr>) -> Option<[State; 2]> {
    let id = connection(trace, addresses)?;
    let newest = trace.row(id, trace.len(id).checked_sub(1)?);
    Some([newest.states.client, newest.states.server])
}

/// An error's name.
fn errno(why: &std::io::Error) -> &'static str {
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
