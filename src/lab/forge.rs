//! Frames that nobody on the lab's hosts sent: forged segments, and what a router says of real ones.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use etherparse::icmpv4::DestUnreachableHeader;
use etherparse::icmpv6::DestUnreachableCode;
use etherparse::{
    Ethernet2Header, Icmpv4Type, Icmpv6Type, PacketBuilder, PacketBuilderStep, TcpHeader,
};

use super::{Fate, Relay};
use crate::conn::Side;
use crate::conn::state::PerSide;
use crate::wire::{Flags, Seq};

/// Octets of an Ethernet header, and of each address in it.
const ETHERNET: usize = 14;
const ADDRESS: usize = 6;

/// As the lab's hosts send it.
pub const TTL: u8 = 64;

/// A segment that nobody sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Forged {
    pub flags: Flags,
    pub seq: Seq,
    pub ack: Seq,
    pub ttl: u8,
    pub data: Vec<u8>,
}

/// What a router between the hosts says cannot be reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unreachable {
    Network,
    Host,
    Port,
    /// A firewall says that it may not.
    Prohibited,
}

/// The number that a side's next octet will have, as far as it has passed the relay.
pub fn next(relay: &Relay, addresses: &PerSide<SocketAddr>, side: Side) -> Option<Seq> {
    let ends = (addresses[side], addresses[side.peer()]);
    let log = relay.log(0);
    let sent = log.iter().filter(|logged| {
        (logged.segment.src, logged.segment.dst) == ends && logged.fate != Fate::Injected
    });
    sent.map(|logged| logged.segment.seq_end()).reduce(Seq::max)
}

/// Hands the other host a segment in the name of `from`. Both hosts must know each other's link addresses: the client
/// has sent something.
pub fn forge(
    relay: &Relay,
    addresses: &PerSide<SocketAddr>,
    from: Side,
    forged: &Forged,
) -> Option<()> {
    let (src, dst) = (addresses[from], addresses[from.peer()]);
    let mut header = TcpHeader::new(src.port(), dst.port(), forged.seq.0, 1_000);
    header.acknowledgment_number = forged.ack.0;
    header.fin = forged.flags.has(Flags::FIN);
    header.syn = forged.flags.has(Flags::SYN);
    header.rst = forged.flags.has(Flags::RST);
    header.psh = forged.flags.has(Flags::PSH);
    header.ack = forged.flags.has(Flags::ACK);
    let ethernet = ethernet(relay, from)?;
    let ip = match (src.ip(), dst.ip()) {
        (IpAddr::V4(src), IpAddr::V4(dst)) => ethernet.ipv4(src.octets(), dst.octets(), forged.ttl),
        (IpAddr::V6(src), IpAddr::V6(dst)) => ethernet.ipv6(src.octets(), dst.octets(), forged.ttl),
        _ => return None,
    };
    let mut frame = Vec::new();
    ip.tcp_header(header).write(&mut frame, &forged.data).ok()?;
    relay.inject(from, frame);
    Some(())
}

/// A router tells the client that its newest segment can't be delivered.
pub fn unreachable(relay: &Relay, client: IpAddr, what: Unreachable) -> Option<()> {
    let newest = relay.newest(Side::Client)?;
    let quoted = newest.get(ETHERNET..)?;
    let ethernet = ethernet(relay, Side::Server)?;
    let mut frame = Vec::new();
    match client {
        IpAddr::V4(client) => {
            let router = Ipv4Addr::new(10, 9, 0, 254);
            let code = match what {
                Unreachable::Network => DestUnreachableHeader::Network,
                Unreachable::Host => DestUnreachableHeader::Host,
                Unreachable::Port => DestUnreachableHeader::Port,
                Unreachable::Prohibited => DestUnreachableHeader::FilterProhibited,
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
                Unreachable::Prohibited => DestUnreachableCode::Prohibited,
            };
            ethernet
                .ipv6(router.octets(), client.octets(), TTL)
                .icmpv6(Icmpv6Type::DestinationUnreachable(code))
                .write(&mut frame, quoted)
        }
    }
    .ok()?;
    relay.inject(Side::Server, frame);
    Some(())
}

/// What a frame of `from` begins with, as the client's newest one tells.
fn ethernet(relay: &Relay, from: Side) -> Option<PacketBuilderStep<Ethernet2Header>> {
    let newest = relay.newest(Side::Client)?;
    let address = |at: usize| newest.get(at..at + ADDRESS)?.try_into().ok();
    let (server, client) = (address(0)?, address(ADDRESS)?);
    Some(match from {
        Side::Client => PacketBuilder::ethernet2(client, server),
        Side::Server => PacketBuilder::ethernet2(server, client),
    })
}
