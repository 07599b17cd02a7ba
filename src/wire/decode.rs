//! One frame to one segment: the link layer's payload, IP with its extensions, the TCP header.
//!
//! Two rules make this more than a chain of parsers: a segment's length is what the IP header says
//! (the capture may have cut the frame), and only a first fragment holds a TCP header.

mod plain;

pub use plain::decode_plain;

use std::net::{IpAddr, SocketAddr};

use etherparse::{IpNumber, LaxIpv4Slice, LaxIpv6Slice, TcpHeaderSlice};

use super::icmp::{self, IcmpError};
use super::link::Network;
use super::options::{Options, TcpOption};
use super::{Flags, Frame, Segment, Seq, Told};

/// A segment and the octets it came with.
#[derive(Clone, Copy, Debug)]
pub struct Decoded<'a> {
    pub segment: Segment,
    /// The datagram as captured, from the first octet of its IP header.
    pub datagram: &'a [u8],
    /// The TCP header as captured, options included; at least up to the window.
    pub header: &'a [u8],
    /// The options as captured; shorter than the header says where the frame was cut.
    pub options: &'a [u8],
    /// The data as captured; shorter than `segment.len` where the frame was cut.
    pub payload: &'a [u8],
}

/// Why a frame gave no segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotDecoded {
    /// Another protocol.
    NotTcp,
    /// A fragment that isn't the first: it holds no TCP header.
    Fragment,
    /// Cut, or malformed, before ports, numbers and flags could be read.
    Unreadable,
    /// A link type this program can't read.
    UnknownLink,
}

/// Octets of a TCP header up to and including the window: without these there is nothing to follow.
const NEEDED: usize = 16;

/// Decodes one frame.
///
/// # Errors
/// Says why a frame holds no segment; none of these is a failure of the capture.
pub fn decode<'a>(frame: &Frame<'a>) -> Result<Decoded<'a>, NotDecoded> {
    match decode_plain(frame) {
        Some(decoded) => Ok(decoded),
        None => decode_any(frame),
    }
}

/// The long way, for every frame.
///
/// # Errors
/// As [`decode`].
#[cold]
pub fn decode_any<'a>(frame: &Frame<'a>) -> Result<Decoded<'a>, NotDecoded> {
    if !frame.link.is_known() {
        return Err(NotDecoded::UnknownLink);
    }
    let datagram = datagram(frame)?;
    if datagram.protocol != IpNumber::TCP {
        return Err(NotDecoded::NotTcp);
    }
    tcp(&datagram)
}

/// The ICMP error about a TCP segment in a frame, if that is what it holds.
#[must_use]
pub fn decode_error(frame: &Frame<'_>) -> Option<IcmpError> {
    let datagram = datagram(frame).ok()?;
    match datagram.protocol {
        IpNumber::ICMP => icmp::error_v4(datagram.src, datagram.payload),
        IpNumber::IPV6_ICMP => icmp::error_v6(datagram.src, datagram.payload),
        _ => None,
    }
}

fn datagram<'a>(frame: &Frame<'a>) -> Result<Datagram<'a>, NotDecoded> {
    let (network, octets) = frame.link.network(frame.data).ok_or(NotDecoded::NotTcp)?;
    let link_len = frame.data.len() - octets.len();
    let wire_len = (frame.wire_len as usize).saturating_sub(link_len);
    match network {
        Network::Ipv4 => ipv4(octets, wire_len),
        Network::Ipv6 => ipv6(octets, wire_len),
    }
}

/// What IP tells of what it carries.
struct Datagram<'a> {
    /// The captured octets from its first.
    octets: &'a [u8],
    src: IpAddr,
    dst: IpAddr,
    protocol: IpNumber,
    /// The captured octets from the header of what it carries on.
    payload: &'a [u8],
    /// Octets from there on as the IP header counts them.
    payload_len: usize,
    ttl: u8,
}

/// `wire_len` stands in for a total length of 0, as segmentation offload leaves it.
fn ipv4(octets: &[u8], wire_len: usize) -> Result<Datagram<'_>, NotDecoded> {
    let (ip, _) = LaxIpv4Slice::from_slice(octets).map_err(|_| NotDecoded::Unreadable)?;
    let header = ip.header();
    let protocol = ip.payload_ip_number();
    if header.fragments_offset().value() != 0 {
        return Err(if protocol == IpNumber::TCP {
            NotDecoded::Fragment
        } else {
            NotDecoded::NotTcp
        });
    }
    let before_payload =
        header.slice().len() + ip.extensions().auth.map_or(0, |auth| auth.slice().len());
    let total_len = match usize::from(header.total_len()) {
        0 => wire_len,
        told => told,
    };
    Ok(Datagram {
        octets,
        src: header.source_addr().into(),
        dst: header.destination_addr().into(),
        protocol,
        payload: ip.payload().payload,
        payload_len: total_len.saturating_sub(before_payload),
        ttl: header.ttl(),
    })
}

/// `wire_len` stands in for a payload length of 0 (offload, jumbograms).
fn ipv6(octets: &[u8], wire_len: usize) -> Result<Datagram<'_>, NotDecoded> {
    let (ip, _) = LaxIpv6Slice::from_slice(octets).map_err(|_| NotDecoded::Unreadable)?;
    let payload = ip.payload();
    let header = ip.header();
    if is_later_fragment(header.next_header(), ip.extensions().slice()) {
        return Err(NotDecoded::Fragment);
    }
    let payload_len = match usize::from(header.payload_length()) {
        0 => wire_len.saturating_sub(header.slice().len()),
        told => told,
    };
    Ok(Datagram {
        octets,
        src: header.source_addr().into(),
        dst: header.destination_addr().into(),
        protocol: payload.ip_number,
        payload: payload.payload,
        payload_len: payload_len.saturating_sub(ip.extensions().slice().len()),
        ttl: header.hop_limit(),
    })
}

/// Whether these extension headers tell of a fragment that isn't the first. They may be cut: etherparse's iterator reads on behind the
/// end of those that its lax slices give (0.21.0).
fn is_later_fragment(mut next: IpNumber, mut headers: &[u8]) -> bool {
    while let &[after, len, high, low, ..] = headers {
        let octets = match next {
            // RFC 8200, 4.5: the offset stands in the upper 13 bits.
            IpNumber::IPV6_FRAGMENTATION_HEADER => {
                if u16::from_be_bytes([high, low]) >> 3 != 0 {
                    return true;
                }
                8
            }
            // RFC 4302, 2.2: in words of four octets, less two.
            IpNumber::AUTHENTICATION_HEADER => (usize::from(len) + 2) * 4,
            _ => (usize::from(len) + 1) * 8,
        };
        next = IpNumber(after);
        headers = headers.get(octets..).unwrap_or_default();
    }
    false
}

fn tcp<'a>(datagram: &Datagram<'a>) -> Result<Decoded<'a>, NotDecoded> {
    let octets = datagram.payload;
    if octets.len() < NEEDED {
        return Err(NotDecoded::Unreadable);
    }
    // Where the capture cut the header, what is missing reads as zeros: only options, checksum and
    // urgent pointer.
    let mut padded = [0; 60];
    let captured = octets.len().min(padded.len());
    padded[..captured].copy_from_slice(&octets[..captured]);
    let header = TcpHeaderSlice::from_slice(&padded).map_err(|_| NotDecoded::Unreadable)?;
    let header_len = header.slice().len();
    let flags = Flags(u16::from(padded[12] & 1) << 8 | u16::from(padded[13]));
    let options = octets
        .get(20..header_len.min(octets.len()))
        .unwrap_or_default();
    let segment = Segment {
        src: SocketAddr::new(datagram.src, header.source_port()),
        dst: SocketAddr::new(datagram.dst, header.destination_port()),
        flags,
        seq: Seq(header.sequence_number()),
        ack: Seq(header.acknowledgment_number()),
        len: u32::try_from(datagram.payload_len.saturating_sub(header_len)).unwrap_or(u32::MAX),
        wnd: header.window_size(),
        urg: header.urgent_pointer(),
        ttl: datagram.ttl,
        told: told(options),
    };
    Ok(Decoded {
        segment,
        datagram: datagram.octets,
        header: octets.get(..header_len).unwrap_or(octets),
        options,
        payload: octets.get(header_len..).unwrap_or_default(),
    })
}

fn told(options: &[u8]) -> Told {
    let mut told = Told::default();
    for option in Options::new(options) {
        match option {
            // RFC 7323, 2.3: a larger shift counts as 14.
            TcpOption::WindowScale(shift) => told.window_scale = Some(shift.min(14)),
            TcpOption::SackPermitted => told.sack_permitted = true,
            TcpOption::Sack(blocks) => {
                let first = TcpOption::sack_blocks(blocks).next();
                told.sack = first.map(|(from, to)| (Seq(from), Seq(to)));
            }
            _ => {}
        }
    }
    told
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::LinkType;

    fn raw_ipv4(total_len: u16, fragment: u16, tcp: &[u8]) -> Vec<u8> {
        let mut octets = vec![0x46, 0];
        octets.extend(total_len.to_be_bytes());
        octets.extend([0, 1]);
        octets.extend(fragment.to_be_bytes());
        octets.extend([64, 6, 0, 0, 127, 0, 0, 1, 127, 0, 0, 1, 1, 1, 1, 1]);
        octets.extend(tcp);
        octets
    }

    const SYN_ACK: [u8; 24] = [
        0x10, 0xe1, 0x8b, 0xce, 0, 0, 0, 7, 0, 0, 0, 9, 0x60, 0x12, 0x01, 0x00, 0, 0, 0, 0, 2, 4,
        0xff, 0xd7,
    ];

    fn decode_raw(data: &[u8], wire_len: usize) -> Result<Decoded<'_>, NotDecoded> {
        decode(&Frame {
            number: 1,
            time_ns: 0,
            link: LinkType::RAW,
            offset: 0,
            wire_len: u32::try_from(wire_len).unwrap(),
            data,
        })
    }

    #[test]
    fn ipv4_with_options_gives_ports_numbers_and_flags() {
        let data = raw_ipv4(48, 0, &SYN_ACK);
        let decoded = decode_raw(&data, data.len()).unwrap();
        let segment = decoded.segment;
        assert_eq!(
            (segment.src.to_string(), segment.dst.to_string()),
            ("127.0.0.1:4321".into(), "127.0.0.1:35790".into())
        );
        assert_eq!(
            (segment.flags, segment.seq, segment.ack),
            (Flags::SYN | Flags::ACK, Seq(7), Seq(9))
        );
        assert_eq!(
            (segment.len, segment.wnd, decoded.options),
            (0, 256, &[2, 4, 0xff, 0xd7][..])
        );
    }

    #[test]
    fn segment_length_comes_from_ip_where_the_frame_was_cut() {
        let whole = raw_ipv4(24 + 24 + 1000, 0, &SYN_ACK);
        for captured in 24 + NEEDED..=whole.len() {
            let segment = decode_raw(&whole[..captured], 1048).unwrap().segment;
            assert_eq!(
                (segment.len, segment.wnd),
                (1000, 256),
                "{captured} octets captured"
            );
        }
        let short = decode_raw(&whole[..24 + NEEDED - 1], 1048);
        assert_eq!(short.unwrap_err(), NotDecoded::Unreadable);
    }

    #[test]
    fn total_length_zero_is_taken_from_the_frame() {
        let data = raw_ipv4(0, 0, &SYN_ACK);
        assert_eq!(
            decode_raw(&data, 24 + 24 + 60_000).unwrap().segment.len,
            60_000
        );
    }

    #[test]
    fn a_fragment_that_is_not_the_first_is_not_a_tcp_header() {
        let later = raw_ipv4(48, 0x2001, &SYN_ACK);
        assert_eq!(decode_raw(&later, 48).unwrap_err(), NotDecoded::Fragment);
        let first = raw_ipv4(48, 0x2000, &SYN_ACK);
        assert!(decode_raw(&first, 48).is_ok());
    }

    #[test]
    fn ipv6_extension_headers_are_passed_over() {
        let mut data = vec![0x60, 0, 0, 0, 0, 8 + 8 + 24, 0, 64];
        data.extend([0; 15].iter().chain(&[1]));
        data.extend([0; 15].iter().chain(&[1]));
        data.extend([44, 0, 1, 4, 0, 0, 0, 0]); // hop-by-hop, padding; then a fragment header
        let fragment_at = data.len();
        data.extend([6, 0, 0, 0, 0, 0, 0, 9]); // offset 0, no more: an atomic fragment
        data.extend(SYN_ACK);
        let segment = decode_raw(&data, data.len()).unwrap().segment;
        assert_eq!(
            (segment.src.to_string(), segment.len),
            ("[::1]:4321".into(), 0)
        );
        data[fragment_at + 3] = 8;
        assert_eq!(
            decode_raw(&data, data.len()).unwrap_err(),
            NotDecoded::Fragment
        );
    }

    /// Found by fuzzing: with debug assertions etherparse's own iterator panicked, without them it read what isn't there.
    #[test]
    fn of_ipv6_extension_headers_that_are_cut_nothing_behind_their_end_is_read() {
        let mut data = vec![0x60, 0, 0, 0, 0, 8 + 8 + 24, 0, 64];
        data.extend([0; 32]);
        // Hop-by-hop options, routing, a fragment, authentication, destination options; each says that it is long.
        for (next, kind) in [(43, 0), (44, 43), (51, 44), (60, 51), (6, 60)] {
            data[6] = kind;
            let header = data.len();
            for len in [0, 1, 200, 255] {
                data.extend([next, len, 0, 0, 0, 0, 0, 0]);
                for cut in header..=data.len() {
                    let _ = decode_raw(&data[..cut], data.len());
                }
                data.truncate(header);
            }
        }
    }

    #[test]
    fn a_data_offset_below_five_is_unreadable() {
        let mut tcp = SYN_ACK;
        tcp[12] = 0x40;
        let data = raw_ipv4(48, 0, &tcp);
        assert_eq!(decode_raw(&data, 48).unwrap_err(), NotDecoded::Unreadable);
    }
}
