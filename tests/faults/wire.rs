//! A cable between two interfaces of the sandbox, and segments that are put on it one by one: as many and as long as wanted.

use std::process::Command;

use etherparse::{PacketBuilder, PacketBuilderStep, TcpHeader};
use pcap::{Active, Capture};

/// The end that is captured on.
pub const NEAR: &str = "near";
const FAR: &str = "far";

pub const CLIENT: [u8; 4] = [10, 1, 1, 1];
pub const SERVER: [u8; 4] = [10, 1, 1, 2];

pub struct Wire(Capture<Active>);

/// `ip`, as it is typed.
pub fn ip(words: &str) {
    let status = Command::new("ip").args(words.split(' ')).status();
    assert!(status.unwrap().success(), "ip {words}");
}

impl Wire {
    pub fn new() -> Wire {
        ip(&format!(
            "link add {NEAR} mtu 65535 type veth peer name {FAR} mtu 65535"
        ));
        ip(&format!("link set {NEAR} up"));
        ip(&format!("link set {FAR} up"));
        Wire(Capture::from_device(FAR).unwrap().open().unwrap())
    }

    /// Sends segments of connections that never end: each as long as said, beside its headers.
    pub fn flood(&mut self, segments: u32, octets: usize) {
        let payload = vec![b'x'; octets];
        for n in 0..segments {
            let number = u32::try_from(octets).unwrap().wrapping_mul(n);
            self.send(
                9,
                Seg {
                    flags: "A",
                    seq: number,
                    ack: 1,
                    from_client: true,
                },
                &payload,
            );
        }
    }

    /// Sends a segment of the connection from this client port.
    pub fn send(&mut self, port: u16, seg: Seg, payload: &[u8]) {
        let (from, to) = if seg.from_client {
            (CLIENT, SERVER)
        } else {
            (SERVER, CLIENT)
        };
        let (near, far) = if seg.from_client {
            (port, 80)
        } else {
            (80, port)
        };
        let mut tcp = TcpHeader::new(near, far, seg.seq, 60_000);
        tcp.syn = seg.flags.contains('S');
        tcp.fin = seg.flags.contains('F');
        tcp.ack = seg.flags.contains('A');
        tcp.acknowledgment_number = seg.ack;
        let step: PacketBuilderStep<_> =
            PacketBuilder::ethernet2([2; 6], [4; 6]).ipv4(from, to, 64);
        let mut frame = Vec::new();
        step.tcp_header(tcp).write(&mut frame, payload).unwrap();
        self.0.sendpacket(frame).unwrap();
    }

    /// Opens a connection from this client port: both numbers are 1 then.
    pub fn open(&mut self, port: u16) {
        self.send(
            port,
            Seg {
                flags: "S",
                seq: 0,
                ack: 0,
                from_client: true,
            },
            b"",
        );
        self.send(
            port,
            Seg {
                flags: "SA",
                seq: 0,
                ack: 1,
                from_client: false,
            },
            b"",
        );
        self.send(
            port,
            Seg {
                flags: "A",
                seq: 1,
                ack: 1,
                from_client: true,
            },
            b"",
        );
    }
}

/// What is to be said of a segment.
#[derive(Clone, Copy)]
pub struct Seg {
    pub flags: &'static str,
    pub seq: u32,
    pub ack: u32,
    pub from_client: bool,
}

/// The interfaces go with the one.
impl Drop for Wire {
    fn drop(&mut self) {
        let _ = Command::new("ip").args(["link", "del", FAR]).output();
    }
}
