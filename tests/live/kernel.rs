//! What the kernel says of a connection's two sockets: `/proc/net/tcp`, as netstat reads it.

use std::fs;
use std::net::SocketAddr;
use std::time::Instant;

use crate::common::PATIENCE;

/// The states of the client's and the server's socket, in RFC 9293's words. No socket is CLOSED.
pub fn states(client: SocketAddr, server: SocketAddr) -> [String; 2] {
    let table = if client.is_ipv4() {
        "/proc/net/tcp"
    } else {
        "/proc/net/tcp6"
    };
    let text = fs::read_to_string(table).expect("the kernel's table of sockets");
    let state = |local: SocketAddr, remote: SocketAddr| {
        let line = text
            .lines()
            .skip(1)
            .map(|line| line.split_whitespace().collect::<Vec<_>>())
            .find(|fields| port(fields[1]) == local.port() && port(fields[2]) == remote.port());
        line.map_or("CLOSED", |fields| name(fields[3])).to_string()
    };
    [state(client, server), state(server, client)]
}

/// Waits until the kernel has the wanted states: acknowledgements of a FIN are delayed.
pub fn wait_for(client: SocketAddr, server: SocketAddr, wanted: [&str; 2]) {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let now = states(client, server);
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

/// `0100007F:10E1`.
fn port(endpoint: &str) -> u16 {
    let (_, port) = endpoint.split_once(':').expect("address:port");
    u16::from_str_radix(port, 16).expect("a port in hexadecimal")
}

/// The kernel's numbers (include/net/tcp_states.h).
fn name(number: &str) -> &'static str {
    match number {
        "01" => "ESTABLISHED",
        "02" => "SYN-SENT",
        "03" | "0C" => "SYN-RECEIVED",
        "04" => "FIN-WAIT-1",
        "05" => "FIN-WAIT-2",
        "06" => "TIME-WAIT",
        "07" => "CLOSED",
        "08" => "CLOSE-WAIT",
        "09" => "LAST-ACK",
        "0A" => "LISTEN",
        "0B" => "CLOSING",
        other => panic!("the kernel has a new state {other}"),
    }
}
