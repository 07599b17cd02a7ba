//! Real connections on loopback, whose segments are known by number.

use std::io::ErrorKind;
use std::net::SocketAddr;
use std::time::Duration;

use socket2::{Domain, Socket, Type};

/// SYN, SYN,ACK, ACK, RST: no timer of the kernel adds to them.
pub const SEGMENTS: usize = 4;

/// Somebody who connects and aborts, and somebody who accepts.
pub struct Traffic {
    listener: Socket,
    pub server: SocketAddr,
    /// The clients so far, in order.
    pub clients: Vec<SocketAddr>,
}

impl Traffic {
    pub fn new() -> Traffic {
        let listener = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
        let any: SocketAddr = "127.0.0.1:0".parse().unwrap();
        listener.bind(&any.into()).unwrap();
        listener.listen(16).unwrap();
        let server = listener.local_addr().unwrap().as_socket().unwrap();
        Traffic {
            listener,
            server,
            clients: Vec::new(),
        }
    }

    pub fn port(&self) -> String {
        self.server.port().to_string()
    }

    /// One connection after the other.
    pub fn play(&mut self, connections: usize) {
        for _ in 0..connections {
            let client = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
            client.connect(&self.server.into()).unwrap();
            let (accepted, _) = self.listener.accept().unwrap();
            let address = client.local_addr().unwrap().as_socket().unwrap();
            client.set_linger(Some(Duration::ZERO)).unwrap();
            drop(client);
            let told = accepted.peek(&mut [std::mem::MaybeUninit::uninit()]);
            assert_eq!(told.unwrap_err().kind(), ErrorKind::ConnectionReset);
            self.clients.push(address);
        }
    }

    /// Segments sent so far.
    pub fn sent(&self) -> usize {
        self.clients.len() * SEGMENTS
    }
}
