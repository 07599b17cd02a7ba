//! Frames that nobody on the lab's hosts sent: forged segments, and what a router says of real ones.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use etherparse::icmpv4::DestUnreachableHeader;
use etherparse::icmpv6::DestUnreachableCode;
use etherparse::{
    Ethernet2Header, Icmpv4Type, Icmpv6Type, PacketBuilder, PacketBuilderStep, TcpHeader,
};
use tcpviz::conn::Side::{self, Client, Server};
use tcpviz::conn::state::PerSide;
use tcpviz::lab::Fate;
use tcpviz::wire::{Flags, Seq};

use super::Stage;

/// Octets of an Ethernet header, and of each address in it.
const ETHERNET: usize = 14;
const ADDRESS: usize = 6;

/// As the lab's hosts send it.
const TTL: u8 = 64;

/// A segment for the client that the server didn't send.
#[derive(Clone, Copy)]
pub struct Forged {
    pub flags: Flags,
    pub seq: Seq,
    pub ack: Seq,
    pub ttl: u8,
    pub data: &'static [u8],
}

impl Forged {
    /// An empty segment that has come as far as a real one.
    pub fn new(flags: Flags, seq: Seq) -> Forged {
        Forged {
            flags,
            seq,
            ack: Seq(0),
            ttl: TTL,
            data: b"",
        }
    }
}

/// What a router between the hosts says.
#[derive(Clone, Copy)]
pub enum Unreachable {
    Network,
    Host,
    Port,
}

impl Stage {
    /// The number that a side's next octet will have.
    pub fn next(&self, side: Side) -> Seq {
        let (src, dst) = (self.addresses[side], self.addresses[side.peer()]);
        let log = self.lab.relay.log(0);
        let sent = log.iter().filter(|logged| {
            let seg = &logged.segment;
            (seg.src, seg.dst) == (src, dst) && logged.fate != Fate::Injected
        });
        sent.map(|logged| logged.segment.seq_end())
            .reduce(Seq::max)
            .expect("it has sent something")
    }

    /// Hands the other side a segment in the name of `from`.
    pub fn forge(&self, from: Side, forged: Forged) {
        let PerSide { client, server } = self.addresses;
        let (src, dst) = match from {
            Client => (client, server),
            Server => (server, client),
        };
        let mut header = TcpHeader::new(src.port(), dst.port(), forged.seq.0, 1_000);
        header.acknowledgment_number = forged.ack.0;
        header.fin = forged.flags.has(Flags::FIN);
        header.syn = forged.flags.has(Flags::SYN);
        header.rst = forged.flags.has(Flags::RST);
        header.psh = forged.flags.has(Flags::PSH);
        header.ack = forged.flags.has(Flags::ACK);
        let ethernet = self.ethernet(from);
        let ip = match (src.ip(), dst.ip()) {
            (IpAddr::V4(src), IpAddr::V4(dst)) => {
                ethernet.ipv4(src.octets(), dst.octets(), forged.ttl)
            }
            (IpAddr::V6(src), IpAddr::V6(dst)) => {
                ethernet.ipv6(src.octets(), dst.octets(), forged.ttl)
            }
            _ => unreachable!("both ends use one version of IP"),
        };
        let mut frame = Vec::new();
        let step = ip.tcp_header(header);
        step.write(&mut frame, forged.data).expect("memory");
        self.lab.relay.inject(from, frame);
    }

    /// A router tells the client that its newest segment can't be delivered.
    pub fn unreachable(&self, what: Unreachable) {
        let newest = self.lab.relay.newest(Client).expect("the client sent");
        let quoted = &newest[ETHERNET..];
        let ethernet = self.ethernet(Server);
        let mut frame = Vec::new();
        let written = match self.addresses.client.ip() {
            IpAddr::V4(client) => {
                let router = Ipv4Addr::new(10, 9, 0, 254);
                let code = match what {
                    Unreachable::Network => DestUnreachableHeader::Network,
                    Unreachable::Host => DestUnreachableHeader::Host,
                    Unreachable::Port => DestUnreachableHeader::Port,
                };
                ethernet
                    .ipv4(router.octets(), client.octets(), TTL)
                    .icmpv4(Icmpv4Type::DestinationUnreachable(code))
                    .write(&mut frame, quoted)
            }
            IpAddr::V6(client) => {
                let router = Ipv6Addr::new(0xfd09, 0, 0, 0, 0, 0, 0, 0xfe);
                let code = match what {
                    Unreachable::Network => DestUnreachableCode::NoRoute,
                    Unreachable::Host => DestUnreachableCode::Address,
                    Unreachable::Port => DestUnreachableCode::Port,
                };
                ethernet
                    .ipv6(router.octets(), client.octets(), TTL)
                    .icmpv6(Icmpv6Type::DestinationUnreachable(code))
                    .write(&mut frame, quoted)
            }
        };
        written.expect("memory");
        self.lab.relay.inject(Server, frame);
    }

    /// What a frame of `from` begins with, as the client's newest one tells.
    fn ethernet(&self, from: Side) -> PacketBuilderStep<Ethernet2Header> {
        let newest = self.lab.relay.newest(Client).expect("the client sent");
        let address = |at: usize| newest[at..at + ADDRESS].try_into().expect("six octets");
        let (server, client) = (address(0), address(ADDRESS));
        match from {
            Client => PacketBuilder::ethernet2(client, server),
            Server => PacketBuilder::ethernet2(server, client),
        }
    }
}
