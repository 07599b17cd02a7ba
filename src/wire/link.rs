//! Link types: where in a frame IP begins. The capture names the type; it is never guessed.

use std::fmt;

/// A link-layer header type: tcpdump's LINKTYPE_ number.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct LinkType(pub i32);

/// Which IP a frame carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Network {
    Ipv4,
    Ipv6,
}

impl LinkType {
    pub const NULL: LinkType = LinkType(0);
    pub const ETHERNET: LinkType = LinkType(1);
    pub const RAW: LinkType = LinkType(101);
    pub const LOOP: LinkType = LinkType(108);
    pub const LINUX_SLL: LinkType = LinkType(113);
    pub const IPV4: LinkType = LinkType(228);
    pub const IPV6: LinkType = LinkType(229);
    pub const LINUX_SLL2: LinkType = LinkType(276);

    /// Names as `tcpdump -L` prints them.
    const NAMES: [(LinkType, &'static str); 8] = [
        (LinkType::NULL, "NULL"),
        (LinkType::ETHERNET, "EN10MB"),
        (LinkType::RAW, "RAW"),
        (LinkType::LOOP, "LOOP"),
        (LinkType::LINUX_SLL, "LINUX_SLL"),
        (LinkType::IPV4, "IPV4"),
        (LinkType::IPV6, "IPV6"),
        (LinkType::LINUX_SLL2, "LINUX_SLL2"),
    ];

    /// The file's number for what libpcap calls `dlt`: raw IP has several (12 on most systems, 14
    /// on OpenBSD).
    #[must_use]
    pub fn from_dlt(dlt: i32) -> LinkType {
        LinkType(if matches!(dlt, 12 | 14) {
            LinkType::RAW.0
        } else {
            dlt
        })
    }

    /// Whether `network` can read it.
    #[must_use]
    pub fn is_known(self) -> bool {
        LinkType::NAMES.iter().any(|(known, _)| *known == self)
    }

    /// The network layer of a frame of this type, and its octets. `None`: not IP, or cut too short
    /// to tell.
    #[inline]
    #[must_use]
    pub fn network(self, frame: &[u8]) -> Option<(Network, &[u8])> {
        match self {
            LinkType::ETHERNET => ether_type(be16(frame, 12)?, frame.get(14..)?),
            LinkType::LINUX_SLL => ether_type(be16(frame, 14)?, frame.get(16..)?),
            LinkType::LINUX_SLL2 => ether_type(be16(frame, 0)?, frame.get(20..)?),
            LinkType::NULL | LinkType::LOOP => Some((address_family(frame)?, frame.get(4..)?)),
            LinkType::RAW => Some((ip_version(frame)?, frame)),
            LinkType::IPV4 => Some((Network::Ipv4, frame)),
            LinkType::IPV6 => Some((Network::Ipv6, frame)),
            _ => None,
        }
    }
}

impl fmt::Display for LinkType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match LinkType::NAMES.iter().find(|(known, _)| known == self) {
            Some((_, name)) => f.write_str(name),
            None => write!(f, "LINKTYPE {}", self.0),
        }
    }
}

/// An EtherType, VLAN tags (IEEE 802.1Q, 802.1ad and the older 0x9100) stripped.
fn ether_type(mut kind: u16, mut rest: &[u8]) -> Option<(Network, &[u8])> {
    while matches!(kind, 0x8100 | 0x88a8 | 0x9100) {
        kind = be16(rest, 2)?;
        rest = rest.get(4..)?;
    }
    match kind {
        0x0800 => Some((Network::Ipv4, rest)),
        0x86dd => Some((Network::Ipv6, rest)),
        _ => None,
    }
}

/// BSD loopback: an address family in the byte order of whichever host captured it. AF_INET is 2
/// everywhere, AF_INET6 is 24 (NetBSD, OpenBSD), 28 (FreeBSD), 30 (macOS) or 10 (Linux).
fn address_family(frame: &[u8]) -> Option<Network> {
    let octets: [u8; 4] = frame.get(..4)?.try_into().ok()?;
    let family = match u32::from_le_bytes(octets) {
        small @ ..=0xffff => small,
        _ => u32::from_be_bytes(octets),
    };
    match family {
        2 => Some(Network::Ipv4),
        10 | 24 | 28 | 30 => Some(Network::Ipv6),
        _ => None,
    }
}

/// Raw IP has no link header: by definition the version field tells.
fn ip_version(frame: &[u8]) -> Option<Network> {
    match frame.first()? >> 4 {
        4 => Some(Network::Ipv4),
        6 => Some(Network::Ipv6),
        _ => None,
    }
}

fn be16(octets: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_be_bytes(octets.get(at..at + 2)?.try_into().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bsd_loopback_reads_both_byte_orders_and_every_af_inet6() {
        for family in [2u32, 10, 24, 28, 30] {
            let wanted = if family == 2 {
                Network::Ipv4
            } else {
                Network::Ipv6
            };
            for octets in [family.to_le_bytes(), family.to_be_bytes()] {
                for link in [LinkType::NULL, LinkType::LOOP] {
                    assert_eq!(link.network(&octets), Some((wanted, &[][..])), "{family}");
                }
            }
        }
        assert_eq!(LinkType::NULL.network(&[7, 0, 0, 0]), None);
        assert_eq!(LinkType::NULL.network(&[2, 0, 0]), None);
    }

    #[test]
    fn vlan_and_qinq_tags_are_stripped() {
        let mut frame = vec![0; 12];
        frame.extend([0x88, 0xa8, 0, 1, 0x81, 0x00, 0, 2, 0x86, 0xdd, 0x60]);
        assert_eq!(
            LinkType::ETHERNET.network(&frame),
            Some((Network::Ipv6, &[0x60][..]))
        );
        frame.truncate(19);
        assert_eq!(
            LinkType::ETHERNET.network(&frame),
            None,
            "cut inside the tag"
        );
    }

    #[test]
    fn an_unknown_link_type_is_named_by_its_number() {
        assert_eq!(LinkType(147).to_string(), "LINKTYPE 147");
        assert!(!LinkType(147).is_known() && LinkType::RAW.is_known());
    }
}
