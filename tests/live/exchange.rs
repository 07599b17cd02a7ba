//! Real exchanges between two sockets on loopback, step by step. The states at each step are those
//! that netstat showed in article 002, or that `measured.md` has for this kernel.

use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr};
use std::time::Duration;

use socket2::{Domain, Socket, Type};

/// Called with what has just happened and the two states (client, server) that the kernel is to
/// have then.
pub type Checkpoint<'a> = &'a mut dyn FnMut(&Pair, &str, [&str; 2]);

/// One exchange.
pub struct Exchange {
    pub name: &'static str,
    pub host: &'static str,
    pub play: fn(&mut Pair, Checkpoint<'_>),
}

const LOOPBACK: &str = "127.0.0.1";

pub const EXCHANGES: &[Exchange] = &[
    Exchange {
        name: "close-then-peer-writes",
        host: LOOPBACK,
        play: close_then_peer_writes,
    },
    Exchange {
        name: "shutdown-wr-then-peer-writes",
        host: LOOPBACK,
        play: shutdown_wr_then_peer_writes,
    },
    Exchange {
        name: "linger-zero",
        host: LOOPBACK,
        play: linger_zero,
    },
    Exchange {
        name: "ipv6-close-then-peer-writes",
        host: "::1",
        play: close_then_peer_writes,
    },
    Exchange {
        name: "orderly-close",
        host: LOOPBACK,
        play: orderly_close,
    },
    Exchange {
        name: "orderly-close.server-first",
        host: LOOPBACK,
        play: orderly_close_server_first,
    },
    Exchange {
        name: "half-close-tail",
        host: LOOPBACK,
        play: half_close_tail,
    },
];

/// Two connected sockets, and the listener.
pub struct Pair {
    pub client: Option<Socket>,
    pub server: Option<Socket>,
    pub client_address: SocketAddr,
    pub server_address: SocketAddr,
}

/// The port of article 002's first program; nobody else is in the namespace.
pub const PORT: u16 = 4321;

/// A listener on `host`.
pub fn listen(host: &str) -> (Socket, SocketAddr) {
    let address: SocketAddr = (host.parse::<std::net::IpAddr>().unwrap(), PORT).into();
    let listener = Socket::new(Domain::for_address(address), Type::STREAM, None).unwrap();
    listener.set_reuse_address(true).unwrap();
    listener.bind(&address.into()).unwrap();
    listener.listen(1).unwrap();
    (listener, address)
}

/// Connects to the listener and accepts.
pub fn connect(listener: &Socket, server_address: SocketAddr) -> Pair {
    let client = Socket::new(Domain::for_address(server_address), Type::STREAM, None).unwrap();
    client.connect(&server_address.into()).unwrap();
    let (server, _) = listener.accept().unwrap();
    let client_address = client.local_addr().unwrap().as_socket().unwrap();
    Pair {
        client: Some(client),
        server: Some(server),
        client_address,
        server_address,
    }
}

impl Pair {
    fn client(&mut self) -> &mut Socket {
        self.client.as_mut().expect("open")
    }

    fn server(&mut self) -> &mut Socket {
        self.server.as_mut().expect("open")
    }
}

const OPEN: [&str; 2] = ["ESTABLISHED", "ESTABLISHED"];
const HALF_CLOSED: [&str; 2] = ["FIN-WAIT-2", "CLOSE-WAIT"];
const GONE: [&str; 2] = ["CLOSED", "CLOSED"];

/// Article 002, solution 1, first program.
fn close_then_peer_writes(pair: &mut Pair, at: Checkpoint<'_>) {
    at(pair, "before close on client", OPEN);
    pair.client = None;
    at(pair, "after close on client", HALF_CLOSED);
    assert_eq!(
        pair.server().send(b"a").unwrap(),
        1,
        "the first write succeeds"
    );
    at(pair, "after send on server", GONE);
}

/// Article 002, solution 1, second program; the client ends with the byte unread.
fn shutdown_wr_then_peer_writes(pair: &mut Pair, at: Checkpoint<'_>) {
    at(pair, "before shutdown on client", OPEN);
    pair.client().shutdown(Shutdown::Write).unwrap();
    at(pair, "after shutdown on client", HALF_CLOSED);
    assert_eq!(pair.server().send(b"a").unwrap(), 1);
    // The byte has arrived once it can be peeked at: it stays unread.
    pair.client()
        .peek(&mut [std::mem::MaybeUninit::uninit()])
        .unwrap();
    at(pair, "after send on server", HALF_CLOSED);
    pair.client = None;
    at(pair, "after the client's end", GONE);
}

/// Article 002, solution 1, third program.
fn linger_zero(pair: &mut Pair, at: Checkpoint<'_>) {
    at(pair, "before close on client", OPEN);
    pair.client().set_linger(Some(Duration::ZERO)).unwrap();
    pair.client = None;
    at(pair, "after close on client", GONE);
    let error = pair.server().send(b"a").unwrap_err();
    assert_eq!(
        error.kind(),
        ErrorKind::ConnectionReset,
        "send fails with ECONNRESET"
    );
}

fn orderly_close(pair: &mut Pair, at: Checkpoint<'_>) {
    pair.client().write_all(b"hello").unwrap();
    let mut hello = [0; 5];
    pair.server().read_exact(&mut hello).unwrap();
    at(pair, "after five bytes", OPEN);
    pair.client = None;
    at(pair, "after close on client", HALF_CLOSED);
    assert_eq!(pair.server().read(&mut hello).unwrap(), 0, "end of file");
    pair.server = None;
    at(pair, "after close on server", ["TIME-WAIT", "CLOSED"]);
}

fn orderly_close_server_first(pair: &mut Pair, at: Checkpoint<'_>) {
    at(pair, "before close on server", OPEN);
    pair.server = None;
    at(pair, "after close on server", ["CLOSE-WAIT", "FIN-WAIT-2"]);
    pair.client = None;
    at(pair, "after close on client", ["CLOSED", "TIME-WAIT"]);
}

fn half_close_tail(pair: &mut Pair, at: Checkpoint<'_>) {
    const PART: usize = 10_000;
    pair.client().write_all(b"GET").unwrap();
    pair.client().shutdown(Shutdown::Write).unwrap();
    at(pair, "after shutdown on client", HALF_CLOSED);
    let mut server = pair.server.take().expect("open");
    server.read_exact(&mut [0; 3]).unwrap();
    let mut client = pair.client.take().expect("open");
    std::thread::scope(|scope| {
        let writer = scope.spawn(move || {
            for _ in 0..3 {
                server.write_all(&[b'x'; PART]).unwrap();
            }
            server
        });
        client.read_exact(&mut vec![0; 3 * PART]).unwrap();
        pair.server = Some(writer.join().unwrap());
    });
    pair.client = Some(client);
    at(pair, "after 30,000 bytes the other way", HALF_CLOSED);
    pair.server = None;
    at(pair, "after close on server", ["TIME-WAIT", "CLOSED"]);
    assert_eq!(pair.client().read(&mut [0]).unwrap(), 0, "end of file");
}
