//! What befalls hosts and the wire on a stage, and connections that are opened there by hand.

use std::net::SocketAddr;
use std::time::Duration;

use socket2::Socket;
use tcpviz::conn::Side::{self, Client, Server};
use tcpviz::conn::State;
use tcpviz::conn::State::Closed;
use tcpviz::conn::state::PerSide;
use tcpviz::lab::{Family, Mode};
use tcpviz::story::ending::{Ending, ending};
use tcpviz::story::program::Outcome;
use tcpviz::wire::Ports;

use super::Stage;
use super::calls::errno;
use super::stage::connection;
use crate::play::{PATIENCE, PORT, connect, server_address, socket, wait_for_states, wait_until};

/// The shortest retransmission time-out where nobody has to wait for a kernel's 200 ms.
const IMPATIENT: Duration = Duration::from_millis(50);

impl Stage {
    /// The same hosts, their connection aborted, and a new capture: its first segment will be a SYN.
    #[must_use]
    pub fn unconnected(mut self) -> Stage {
        for side in Side::BOTH {
            self.abort(side);
        }
        wait_for_states(&self.lab, self.addresses, [Closed, Closed]);
        wait_until("idle", || {
            let idle = self.lab.is_idle().expect("counters");
            if idle { Ok(()) } else { Err("busy") }
        });
        self.record(Client, "eth0");
        self
    }

    /// Captures anew, on another interface.
    pub fn record(&mut self, side: Side, interface: &str) {
        let host = self.lab.host(side);
        self.recorder = tcpviz::lab::Recorder::start(host, interface, Ports::default(), None)
            .expect("a capture");
    }

    /// A new connection between hosts that repeat themselves after 50 ms rather than 200.
    #[must_use]
    pub fn impatient(self) -> Stage {
        self.repeating_after(IMPATIENT)
    }

    /// A new connection between hosts that don't repeat themselves while frames are held.
    #[must_use]
    pub fn patient(self) -> Stage {
        for side in Side::BOTH {
            // No tail loss probes.
            self.sysctl(side, "tcp_early_retrans", "0");
        }
        self.repeating_after(PATIENCE)
    }

    fn repeating_after(self, shortest: Duration) -> Stage {
        let mut stage = self.unconnected();
        stage.lab.min_timeout(shortest).expect("a route");
        stage.connect();
        stage
    }

    /// Sets a value below `net.ipv4.` on a host; TCP over IPv6 obeys the same.
    pub fn sysctl(&self, side: Side, name: &str, value: &str) {
        let host = self.lab.host(side);
        let set = host.sysctl(&format!("net.ipv4.{name}"), value);
        set.expect("a value of this namespace");
    }

    pub fn connect(&mut self) {
        let pair = connect(&self.lab, &self.listener);
        (self.client, self.server) = (pair.client, pair.server);
        self.addresses = pair.addresses;
    }

    /// Connects again from the same port.
    pub fn reconnect(&mut self) {
        let client = self.bound(Client, self.addresses.client);
        let server = self.addresses.server.into();
        client.connect_timeout(&server, PATIENCE).expect("accepted");
        self.client = Some(client);
        self.server = Some(self.listener.accept().expect("a connection").0);
    }

    /// Begins to connect; what becomes of it shows later.
    pub fn begin_connect(&mut self) {
        let client = socket(&self.lab, Client, self.family());
        let server = server_address(self.family());
        begin(&client, server);
        self.addresses.client = address(&client);
        self.addresses.server = server;
        self.client = Some(client);
    }

    /// The server's host begins to connect too, to where the client comes from.
    pub fn begin_connect_back(&mut self) {
        let server = self.bound(Server, self.addresses.server);
        begin(&server, self.addresses.client);
        self.server = Some(server);
    }

    /// A socket of the client's host connects to its own port.
    pub fn connect_to_itself(&mut self) {
        let itself = SocketAddr::from(([127, 0, 0, 1], PORT));
        let socket = self.bound(Client, itself);
        socket.connect(&itself.into()).expect("it answers itself");
        self.client = Some(socket);
        self.addresses = PerSide {
            client: itself,
            server: itself,
        };
    }

    fn bound(&self, side: Side, address: SocketAddr) -> Socket {
        let socket = socket(&self.lab, side, self.family());
        socket.set_reuse_address(true).expect("an option");
        socket.bind(&address.into()).expect("a free port");
        socket
    }

    /// Waits for the client's connect() to fail, and compares with what tcpviz tells.
    #[track_caller]
    pub fn connect_fails_as_told(&mut self) {
        let mut seen = None;
        wait_until("failed", || {
            seen = self.socket(Client).take_error().expect("an option");
            seen.is_some().then_some(()).ok_or("no error")
        });
        let seen = seen.as_ref().map(errno);
        assert_eq!(
            seen,
            self.told(Client).connect.map(Outcome::name),
            "as seen and as told"
        );
    }

    /// Nothing gets through from now on.
    pub fn cut(&self) {
        for side in Side::BOTH {
            self.lab.relay.mode(side, Mode::Drop);
        }
    }

    /// Everything gets through again.
    pub fn mend(&self) {
        for side in Side::BOTH {
            self.lab.relay.mode(side, Mode::Pass);
        }
    }

    /// A host comes back without its socket, as after a reboot: it has no route while it aborts, so not even its own
    /// interface sees an RST.
    pub fn forget(&mut self, side: Side) {
        let peer = self.addresses[side.peer()].ip().to_string();
        let version = match self.family() {
            Family::Ipv4 => "-4",
            Family::Ipv6 => "-6",
        };
        let route = |what: &str| {
            let host = self.lab.host(side);
            let done = host.ip(&[version, "route", what, "blackhole", &peer]);
            done.expect("a route");
        };
        route("add");
        let linger = Some(Duration::ZERO);
        let socket = match side {
            Client => self.client.take(),
            Server => self.server.take(),
        };
        let socket = socket.expect("an open socket");
        socket.set_linger(linger).expect("an option");
        drop(socket);
        route("del");
    }

    /// Waits until the capture holds so many segments, of any connection.
    #[track_caller]
    pub fn await_records(&mut self, count: usize) {
        let came = self
            .recorder
            .wait(PATIENCE, |trace| trace.records.len() >= count);
        assert!(came, "not {count} segments");
    }

    /// Waits until the capture holds so many ICMP errors.
    #[track_caller]
    pub fn await_errors(&mut self, count: usize) {
        let came = self
            .recorder
            .wait(PATIENCE, |trace| trace.errors.len() >= count);
        assert!(came, "not {count} ICMP errors");
    }

    /// Both sides' states in each row, as they are known by now: later segments may have told more.
    pub fn rows(&mut self) -> Vec<[State; 2]> {
        let trace = self.recorder.trace();
        let id = connection(trace, self.addresses).expect("captured");
        let rows = trace.rows_of(id);
        rows.map(|row| [row.states.client, row.states.server])
            .collect()
    }

    /// How the capture's first connection ended, where a later one is looked at.
    pub fn first_ending(&mut self) -> Ending {
        ending(self.recorder.trace(), 0)
    }
}

fn begin(socket: &Socket, to: SocketAddr) {
    socket.set_nonblocking(true).expect("an option");
    let begun = socket.connect(&to.into());
    assert!(begun.is_err(), "it takes time");
}

fn address(socket: &Socket) -> SocketAddr {
    let address = socket.local_addr().expect("bound");
    address.as_socket().expect("an IP address")
}
