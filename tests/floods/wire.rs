//! Who floods: frames that no host sent, put on the loopback interface. Hosts drop them, since nobody there has such an address; a
//! capture sees them all.

use std::net::Ipv4Addr;

use pcap::{Active, Capture};

pub const SYN: u8 = 0x02;
pub const ACK: u8 = 0x10;
pub const PUSH: u8 = 0x08;

const SERVER: Ipv4Addr = Ipv4Addr::new(198, 51, 100, 1);
const PORT: u16 = 80;

const ETHERNET: [u8; 14] = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 8, 0];
const IPV4: u8 = 20;
const TCP: u8 = 20;
const ICMP: u8 = 1;

pub struct Flooder {
    capture: Capture<Active>,
    pub sent: u64,
}

/// One end of a connection of somebody with the server.
#[derive(Clone, Copy)]
pub struct Client {
    pub host: Ipv4Addr,
    pub port: u16,
}

impl Client {
    /// Another one for each number.
    pub fn nth(n: u32) -> Client {
        // 2^32 by the golden ratio: in no order that a table could profit from.
        let mixed = n.wrapping_mul(0x9e37_79b1);
        let [port, host @ ..] = mixed.to_be_bytes();
        Client {
            host: Ipv4Addr::new(10, host[0], host[1], host[2]),
            port: 1024 + u16::from(port),
        }
    }
}

impl Flooder {
    pub fn new() -> Flooder {
        let mut capture = Capture::from_device("lo")
            .unwrap()
            .snaplen(64)
            .open()
            .unwrap();
        capture.filter("less 1", true).unwrap();
        Flooder { capture, sent: 0 }
    }

    fn send(&mut self, protocol: u8, from: Ipv4Addr, to: Ipv4Addr, payload: &[u8]) {
        let mut frame = Vec::with_capacity(128);
        frame.extend(ETHERNET);
        frame.extend(header(protocol, from, to, payload.len()));
        frame.extend(payload);
        self.capture.sendpacket(&frame[..]).unwrap();
        self.sent += 1;
    }

    /// The client sends.
    pub fn client(&mut self, client: Client, flags: u8, seq: u32, ack: u32, len: usize) {
        let segment = segment(client.port, PORT, flags, seq, ack, len);
        self.send(6, client.host, SERVER, &segment);
    }

    /// The server sends.
    pub fn server(&mut self, client: Client, flags: u8, seq: u32, ack: u32, len: usize) {
        let segment = segment(PORT, client.port, flags, seq, ack, len);
        self.send(6, SERVER, client.host, &segment);
    }

    /// A connection is opened.
    pub fn open(&mut self, client: Client) {
        self.client(client, SYN, 1000, 0, 0);
        self.server(client, SYN | ACK, 5000, 1001, 0);
        self.client(client, ACK, 1001, 5001, 0);
    }

    /// A router says that the client's segment of this number couldn't be delivered.
    pub fn unreachable(&mut self, client: Client, seq: u32) {
        let quoted = segment(client.port, PORT, ACK, seq, 5001, 0);
        let mut icmp = vec![3, ICMP, 0, 0, 0, 0, 0, 0];
        icmp.extend(header(6, client.host, SERVER, quoted.len()));
        icmp.extend(&quoted[..8]);
        self.send(1, Ipv4Addr::new(192, 0, 2, 1), client.host, &icmp);
    }
}

fn header(protocol: u8, from: Ipv4Addr, to: Ipv4Addr, payload: usize) -> Vec<u8> {
    let total = u16::try_from(usize::from(IPV4) + payload).unwrap();
    let mut header = vec![0x45, 0];
    header.extend(total.to_be_bytes());
    header.extend([0, 0, 0x40, 0, 64, protocol, 0, 0]);
    header.extend(from.octets());
    header.extend(to.octets());
    header
}

fn segment(from: u16, to: u16, flags: u8, seq: u32, ack: u32, len: usize) -> Vec<u8> {
    let mut segment = Vec::with_capacity(usize::from(TCP) + len);
    segment.extend(from.to_be_bytes());
    segment.extend(to.to_be_bytes());
    segment.extend(seq.to_be_bytes());
    segment.extend(ack.to_be_bytes());
    segment.extend([TCP << 2, flags]);
    segment.extend(60_000u16.to_be_bytes());
    segment.extend([0; 4]);
    segment.resize(usize::from(TCP) + len, 7);
    segment
}
