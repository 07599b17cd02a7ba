//! Sockets on the lab's hosts.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use socket2::{Domain, Socket, Type};
use tcpviz::conn::state::PerSide;
use tcpviz::conn::{Side, State};
use tcpviz::lab::{Family, Lab, address, kernel};

/// How long anything may take that is awaited. Long: a busy machine is no failure.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// How long until a kernel or the relay is asked again: neither tells by itself when it is done.
pub const MOMENT: Duration = Duration::from_millis(2);

/// Nobody else is in the namespace.
pub const PORT: u16 = 4321;

pub fn server_address(family: Family) -> SocketAddr {
    SocketAddr::new(address(Side::Server, family), PORT)
}

/// A socket of `side`.
pub fn socket(lab: &Lab, side: Side, family: Family) -> Socket {
    let domain = Domain::for_address(server_address(family));
    lab.host(side)
        .run(|| Socket::new(domain, Type::STREAM, None).unwrap())
}

/// The server's listening socket.
pub fn listen(lab: &Lab, family: Family) -> Socket {
    let listener = socket(lab, Side::Server, family);
    listener.set_reuse_address(true).unwrap();
    listener.bind(&server_address(family).into()).unwrap();
    listener.listen(1_000).unwrap();
    listener
}

/// Two connected sockets.
pub struct Pair {
    pub client: Option<Socket>,
    pub server: Option<Socket>,
    pub addresses: PerSide<SocketAddr>,
}

pub fn connect(lab: &Lab, listener: &Socket) -> Pair {
    let server_address = listener.local_addr().unwrap().as_socket().unwrap();
    let family = if server_address.is_ipv4() {
        Family::Ipv4
    } else {
        Family::Ipv6
    };
    let client = socket(lab, Side::Client, family);
    client
        .connect_timeout(&server_address.into(), PATIENCE)
        .unwrap();
    let (server, _) = listener.accept().unwrap();
    let client_address = client.local_addr().unwrap().as_socket().unwrap();
    Pair {
        client: Some(client),
        server: Some(server),
        addresses: PerSide {
            client: client_address,
            server: server_address,
        },
    }
}

/// Asks again until it is so.
#[track_caller]
pub fn wait_until<T: std::fmt::Debug>(wanted: &str, mut ask: impl FnMut() -> Result<(), T>) {
    let deadline = Instant::now() + PATIENCE;
    loop {
        match ask() {
            Ok(()) => return,
            Err(seen) => assert!(Instant::now() < deadline, "not {wanted}: {seen:?}"),
        }
        std::thread::sleep(MOMENT);
    }
}

/// Waits until both kernels have these states; what they say of the sockets then.
#[track_caller]
pub fn wait_for_states(
    lab: &Lab,
    addresses: PerSide<SocketAddr>,
    wanted: [State; 2],
) -> PerSide<kernel::Socket> {
    let mut last = PerSide::default();
    wait_until(&format!("{wanted:?}"), || {
        last = lab.sockets(addresses.client, addresses.server).unwrap();
        ([last.client.state, last.server.state] == wanted)
            .then_some(())
            .ok_or(last)
    });
    last
}
