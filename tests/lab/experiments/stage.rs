//! A stage to play an experiment on: two connected sockets on the lab's hosts, the wire between them, tcpviz's own
//! capture on the client's interface. After each step both kernels are asked, and tcpviz must show the same.

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr};
use std::time::Duration;

use socket2::Socket;
use tcpviz::conn::state::PerSide;
use tcpviz::conn::{ConnectionId, Side, State};
use tcpviz::lab::kernel::Timer;
use tcpviz::lab::{Family, Fate, Lab, Logged, Mode, Recorder};
use tcpviz::trace::Trace;
use tcpviz::wire::Ports;

use super::child::Program;
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

    /// Gives a side's socket to a child process, which runs a shell script (the socket is its standard input), then waits
    /// to be ended. Nobody else holds the socket any more.
    pub fn give_to_child(&mut self, side: Side, script: &str) -> Program {
        let socket = match side {
            Side::Client => self.client.take(),
            Side::Server => self.server.take(),
        };
        Program::start(script, socket.expect("the socket is open"))
    }

    /// A second descriptor for a side's socket.
    pub fn copy(&mut self, side: Side) -> Socket {
        self.socket(side).try_clone().expect("a copy")
    }

    /// A new connection takes the place of the first, and waits in the listener's queue for good.
    pub fn connect_unaccepted(&mut self) {
        (self.client, self.server) = (None, None);
        let client = crate::play::socket(&self.lab, Side::Client, self.family);
        let server = self.addresses.server;
        client
            .connect_timeout(&server.into(), PATIENCE)
            .expect("there is a listener");
        let local = client.local_addr().expect("it is bound");
        self.addresses.client = local.as_socket().expect("an IP address");
        self.client = Some(client);
    }

    /// Closes the listener, with what is in its queue.
    pub fn close_listener(&mut self) {
        self.listener = crate::play::socket(&self.lab, Side::Server, self.family);
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

    /// Writes until neither side's buffers take more.
    #[track_caller]
    pub fn fill(&mut self, side: Side) {
        // With the default it would be megabytes.
        self.socket(side)
            .set_send_buffer_size(50_000)
            .expect("an option");
        self.socket(side).set_nonblocking(true).expect("an option");
        let octets = [0; 10_000];
        crate::play::wait_until("full", || {
            // What is on its way makes room again; once the window is closed nothing does.
            let is_stuck = self.stuck(side);
            match self.socket(side).write(&octets) {
                Ok(taken) => Err(taken.to_string()),
                Err(_) => is_stuck,
            }
        });
        self.socket(side).set_nonblocking(false).expect("an option");
    }

    /// Whether a side only probes its peer's closed window.
    pub fn stuck(&self, side: Side) -> Result<(), String> {
        let PerSide { client, server } = self.addresses;
        let socket = self.lab.sockets(client, server).unwrap()[side];
        if socket.timer == Timer::Probe {
            Ok(())
        } else {
            Err(format!("{socket:?}"))
        }
    }

    /// From now on the wire holds what a side sends.
    pub fn hold(&self, side: Side) {
        self.lab.relay.mode(side, Mode::Hold);
    }

    /// Lets through the oldest segment that is held; waits for it.
    pub fn release(&self, side: Side) {
        crate::play::wait_until("held", || match self.lab.relay.release(side, 1) {
            0 => Err(()),
            _ => Ok(()),
        });
    }

    /// Waits until the relay holds at least so many segments of a side.
    #[track_caller]
    pub fn await_held(&mut self, side: Side, count: usize) {
        crate::play::wait_until("held", || {
            let held = self.lab.relay.held(side);
            if held.len() >= count {
                Ok(())
            } else {
                Err(held)
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
        self.catch_up();
        let addresses = self.addresses;
        let mut last = None;
        let shows = self.recorder.wait(PATIENCE, |trace| {
            last = states(trace, addresses);
            last == Some(shown)
        });
        let ladder = super::printed(self.recorder.trace());
        assert!(
            shows,
            "{step}: tcpviz has {last:?}, not {shown:?}\n{ladder}"
        );
    }

    /// Waits until the capture holds the newest segment of each side that has been on the client's interface.
    #[track_caller]
    pub fn catch_up(&mut self) {
        let addresses = self.addresses;
        let log = self.lab.relay.log(0);
        for side in Side::BOTH {
            let is_its = |logged: &&Logged| {
                let there = matches!(logged.fate, Fate::Passed | Fate::Injected);
                let ends = (logged.segment.src, logged.segment.dst);
                ends == (addresses[side], addresses[side.peer()]) && (side == Side::Client || there)
            };
            let Some(newest) = log.iter().rev().find(is_its) else {
                continue;
            };
            let came = self.recorder.wait(PATIENCE, |trace| {
                connection(trace, addresses).is_some_and(|id| holds(trace, id, newest))
            });
            assert!(came, "not captured: {newest:?}");
        }
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

    /// Ends the capture: what it holds, and the connection.
    pub fn finish(self) -> (Trace, ConnectionId) {
        let addresses = self.addresses;
        let trace = self.recorder.stop();
        let id = connection(&trace, addresses).expect("captured");
        (trace, id)
    }
}

/// Whether a trace has this segment among the connection's.
fn holds(trace: &Trace, id: ConnectionId, logged: &Logged) -> bool {
    let segment = &logged.segment;
    let rows = (0..trace.len(id)).rev().map(|row| trace.row(id, row));
    rows.filter(|record| record.from == logged.from)
        .any(|record| {
            (record.seq, record.ack, record.flags) == (segment.seq, segment.ack, segment.flags)
                && record.len == segment.len
        })
}

/// The newest connection between these ends.
pub fn connection(trace: &Trace, addresses: PerSide<SocketAddr>) -> Option<ConnectionId> {
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
