//! What the kernel says of a connection's two sockets.

use std::net::SocketAddr;
use std::time::Instant;

use tcpviz::lab::{Diag, Namespace};

use crate::common::PATIENCE;

/// A line to the kernel, which has both ends.
pub fn open() -> Diag {
    let here = Namespace::current().expect("namespaces");
    Diag::open(&here).expect("sock_diag")
}

/// The states of the client's and the server's socket, in RFC 9293's words. No socket is CLOSED.
pub fn states(kernel: &Diag, client: SocketAddr, server: SocketAddr) -> [String; 2] {
    [(client, server), (server, client)].map(|(local, remote)| {
        let socket = kernel.socket(local, remote).expect("the kernel answers");
        socket.state.name().into()
    })
}

/// Waits until the kernel has the wanted states: acknowledgements of a FIN are delayed.
pub fn wait_for(client: SocketAddr, server: SocketAddr, wanted: [&str; 2]) {
    let kernel = open();
    let deadline = Instant::now() + PATIENCE;
    loop {
        let now = states(&kernel, client, server);
        if now == wanted {
            return;
        }
        assert!(
            Instant::now() < deadline,
            "the kernel has {now:?}, not {wanted:?}"
        );
        std::thread::yield_now();
    }
}
