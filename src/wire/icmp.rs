//! ICMP and ICMPv6 errors about a TCP segment (RFC 792, RFC 4443): each quotes the datagram it is
//! about, with at least the ports and the sequence number.

use std::net::{IpAddr, SocketAddr};

use etherparse::{IpNumber, LaxIpv4Slice, LaxIpv6Slice};

use super::Seq;

/// An error that a host or router on the way reports.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IcmpError {
    /// Who reports it.
    pub reporter: IpAddr,
    /// The source of the segment it is about: the error was sent to it.
    pub src: SocketAddr,
    pub dst: SocketAddr,
    /// The sequence number of that segment.
    pub seq: Seq,
    /// As in the ICMP header.
    pub kind: u8,
    pub code: u8,
}

impl IcmpError {
    fn is_v6(&self) -> bool {
        self.reporter.is_ipv6()
    }

    /// What it says, in the RFCs' words.
    #[must_use]
    pub fn words(&self) -> &'static str {
        match (self.is_v6(), self.kind, self.code) {
            (false, 3, 0 | 6 | 11) | (true, 1, 0) => "net unreachable",
            (false, 3, 1 | 7 | 12) | (true, 1, 3) => "host unreachable",
            (false, 3, 2) => "protocol unreachable",
            (false, 3, 3) | (true, 1, 4) => "port unreachable",
            (false, 3, 4) | (true, 2, _) => "packet too big",
            (false, 3, 9 | 10 | 13) | (true, 1, 1 | 5 | 6) => "administratively prohibited",
            (false, 11, _) | (true, 3, _) => "time exceeded",
            (false, 12, _) | (true, 4, _) => "parameter problem",
            _ => "unreachable",
        }
    }

    /// The errno that Linux gives to the program once it gives up (icmp_err_convert,
    /// icmpv6_err_convert); `None` for an error that doesn't end a connection.
    #[must_use]
    pub fn errno(&self) -> Option<&'static str> {
        Some(match (self.is_v6(), self.kind, self.code) {
            (false, 3, 4) | (true, 2, _) => return None,
            (false, 3, 0 | 6 | 9 | 11) | (true, 1, 0) => "ENETUNREACH",
            (false, 3, 2) => "ENOPROTOOPT",
            (false, 3, 3) | (true, 1, 4) => "ECONNREFUSED",
            (false, 3, 5) => "EOPNOTSUPP",
            (false, 3, 7) => "EHOSTDOWN",
            (false, 3, 8) => "ENONET",
            (true, 1, 1 | 5 | 6) => "EACCES",
            (false, 3 | 11, _) | (true, 1 | 3, _) => "EHOSTUNREACH",
            (false, 12, _) | (true, 4, _) => "EPROTO",
            _ => return None,
        })
    }
}

/// Octets of an ICMP error before the datagram it quotes.
const HEADER: usize = 8;

/// The ICMP message in `octets`, if it is an error about a TCP segment.
pub(super) fn error_v4(reporter: IpAddr, octets: &[u8]) -> Option<IcmpError> {
    // Destination unreachable, time exceeded, parameter problem.
    if !matches!(octets.first()?, 3 | 11 | 12) {
        return None;
    }
    let (quoted, _) = LaxIpv4Slice::from_slice(octets.get(HEADER..)?).ok()?;
    if quoted.payload_ip_number() != IpNumber::TCP {
        return None;
    }
    let header = quoted.header();
    let ends = (
        header.source_addr().into(),
        header.destination_addr().into(),
    );
    error(reporter, octets, ends, quoted.payload().payload)
}

/// The ICMPv6 message in `octets`, if it is an error about a TCP segment.
pub(super) fn error_v6(reporter: IpAddr, octets: &[u8]) -> Option<IcmpError> {
    // Destination unreachable, packet too big, time exceeded, parameter problem.
    if !matches!(octets.first()?, 1..=4) {
        return None;
    }
    let (quoted, _) = LaxIpv6Slice::from_slice(octets.get(HEADER..)?).ok()?;
    if quoted.payload().ip_number != IpNumber::TCP {
        return None;
    }
    let header = quoted.header();
    let ends = (
        header.source_addr().into(),
        header.destination_addr().into(),
    );
    error(reporter, octets, ends, quoted.payload().payload)
}

fn error(
    reporter: IpAddr,
    octets: &[u8],
    (src, dst): (IpAddr, IpAddr),
    tcp: &[u8],
) -> Option<IcmpError> {
    let &[a, b, c, d, s0, s1, s2, s3] = tcp.first_chunk()?;
    Some(IcmpError {
        reporter,
        src: SocketAddr::new(src, u16::from_be_bytes([a, b])),
        dst: SocketAddr::new(dst, u16::from_be_bytes([c, d])),
        seq: Seq(u32::from_be_bytes([s0, s1, s2, s3])),
        kind: octets[0],
        code: octets[1],
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Host unreachable about a segment of which only eight octets are quoted.
    const UNREACHABLE: [u8; 36] = [
        3, 1, 0, 0, 0, 0, 0, 0, //
        0x45, 0, 0, 60, 0, 1, 0, 0, 64, 6, 0, 0, 10, 9, 0, 1, 10, 9, 0, 2, //
        0x8b, 0xce, 0x10, 0xe1, 0, 0, 0, 7,
    ];

    #[test]
    fn an_error_that_quotes_eight_octets_tells_ports_and_number() {
        let router = "10.9.0.254".parse().unwrap();
        let error = error_v4(router, &UNREACHABLE).unwrap();
        assert_eq!(
            (error.src.to_string(), error.dst.to_string(), error.seq),
            ("10.9.0.1:35790".into(), "10.9.0.2:4321".into(), Seq(7))
        );
        assert_eq!(
            (error.words(), error.errno()),
            ("host unreachable", Some("EHOSTUNREACH"))
        );
    }

    #[test]
    fn a_cut_quotation_or_an_echo_gives_nothing() {
        let router = "10.9.0.254".parse().unwrap();
        for cut in 0..UNREACHABLE.len() {
            assert_eq!(error_v4(router, &UNREACHABLE[..cut]), None, "{cut} octets");
        }
        let mut echo = UNREACHABLE;
        echo[0] = 8;
        assert_eq!(error_v4(router, &echo), None);
    }
}
