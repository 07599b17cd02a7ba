//! IP as tcpdump 4.99 prints it around a TCP segment, also where lengths can't be, or the frame was
//! cut. Unlike decoding, nothing is made up for what is wrong: the line says so, or ends there.

use super::numbers::{Address, Table};
use crate::story::tcpdump::header::FIXED;
use crate::story::tcpdump::text::{self, decimal};
use crate::story::tcpdump::{Header, Zeros};
use crate::wire::Ports;

const TCP: u8 = 6;
const FRAGMENT: u8 = 44;
const HOP_BY_HOP: u8 = 0;
const DESTINATION: u8 = 60;

const V4_HEADER: usize = 20;
const V6_HEADER: usize = 40;

/// What is the same for all lines.
pub struct Lines {
    pub absolute: bool,
    /// Those that somebody asked for.
    pub ports: Ports,
    pub v4: Table<[u8; 4]>,
    pub v6: Table<[u8; 16]>,
}

/// What became of a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Printed {
    Line,
    /// It is of ports that nobody asked for, or its ports can't be told: what was written doesn't count.
    Filtered,
    /// It holds no TCP; nothing was written.
    NotTcp,
}

/// Who speaks to whom.
#[derive(Clone, Copy)]
struct Ends<A> {
    src: A,
    dst: A,
    write: fn(&mut Vec<u8>, A),
    /// The addresses stand in front of the ports: they don't where a header of IPv6 came in between.
    with_ports: bool,
}

impl Lines {
    /// Writes a line from `IP` on. `octets`: as captured; `len`: on the wire.
    pub fn ipv4(&mut self, out: &mut Vec<u8>, octets: &[u8], len: u32) -> Printed {
        if octets.get(9) != Some(&TCP) {
            return Printed::NotTcp;
        }
        // Where the line ends before the ports.
        let otherwise = self.without_ports();
        match octets[0] >> 4 {
            4 => out.extend_from_slice(b"IP "),
            6 => {
                out.extend_from_slice(b"IP6, wrong link-layer encapsulation (invalid)");
                return otherwise;
            }
            version => {
                out.extend_from_slice(b"IP");
                decimal(out, version);
                out.extend_from_slice(b" (invalid)");
                return otherwise;
            }
        }
        let Some(header) = octets.first_chunk::<V4_HEADER>() else {
            out.extend_from_slice(b" [|ip]");
            return otherwise;
        };
        let header_len = u32::from(header[0] & 15) * 4;
        let total = u32::from(u16::from_be_bytes([header[2], header[3]]));
        if !fits_v4(out, len, header_len, total) {
            return otherwise;
        }
        let octets = &octets[..octets.len().min(total as usize)];
        let ends = Ends {
            src: [header[12], header[13], header[14], header[15]],
            dst: [header[16], header[17], header[18], header[19]],
            write: text::ipv4,
            with_ports: true,
        };
        if u16::from_be_bytes([header[6], header[7]]) & 0x1fff != 0 {
            ends.write(out);
            out.extend_from_slice(b": ip-proto-6");
            return otherwise;
        }
        let Some(segment) = octets.get(header_len as usize..) else {
            out.extend_from_slice(b" [remaining caplen(");
            decimal(out, octets.len());
            out.extend_from_slice(b") < header length(");
            decimal(out, header_len);
            out.extend_from_slice(b")] [|ip]");
            return otherwise;
        };
        tcp(
            out,
            &self.ports,
            self.relative().then_some(&mut self.v4),
            ends,
            segment,
            total - header_len,
        )
    }

    /// The same for IPv6.
    pub fn ipv6(&mut self, out: &mut Vec<u8>, octets: &[u8], len: u32) -> Printed {
        let Some(&next) = octets.get(6) else {
            return Printed::NotTcp;
        };
        let Some(header) = octets.first_chunk::<V6_HEADER>() else {
            if next == TCP {
                out.extend_from_slice(b" [|ip6]");
                return self.without_ports();
            }
            return Printed::NotTcp;
        };
        if next != TCP && !leads_to_tcp(next, &octets[V6_HEADER..]) {
            return Printed::NotTcp;
        }
        out.extend_from_slice(b"IP6 ");
        if header[0] >> 4 != 6 {
            out.extend_from_slice(b"version error: ");
            decimal(out, header[0] >> 4);
            out.extend_from_slice(b" != 6");
            return self.without_ports();
        }
        let payload_len = u16::from_be_bytes([header[4], header[5]]);
        let total = u32::from(payload_len) + 40;
        if let Some(missing) = total.checked_sub(len).filter(|missing| *missing > 0) {
            out.extend_from_slice(b"truncated-ip6 - ");
            decimal(out, missing);
            out.extend_from_slice(b" bytes missing!");
        }
        let counted = &octets[..octets.len().min(total as usize)];
        let address = |at: usize| std::array::from_fn(|octet| header[at + octet]);
        let mut ends = Ends {
            src: address(8),
            dst: address(24),
            write: text::ipv6,
            with_ports: true,
        };
        let mut at = V6_HEADER;
        if next != TCP {
            ends.with_ports = false;
            ends.write(out);
            out.extend_from_slice(b": ");
            let Some(segment) = extensions(out, next, octets, counted.len(), total) else {
                return self.without_ports();
            };
            at = segment;
        }
        let segment = counted.get(at..).unwrap_or_default();
        let len = total.saturating_sub(u32::try_from(at).unwrap_or(u32::MAX));
        let table = self.relative().then_some(&mut self.v6);
        tcp(out, &self.ports, table, ends, segment, len)
    }

    fn relative(&self) -> bool {
        !self.absolute
    }

    /// For a line without ports.
    fn without_ports(&self) -> Printed {
        if self.ports.ranges().is_empty() {
            Printed::Line
        } else {
            Printed::Filtered
        }
    }
}

/// Writes what is wrong with the lengths; whether the line goes on.
fn fits_v4(out: &mut Vec<u8>, len: u32, header_len: u32, total: u32) -> bool {
    if header_len < 20 {
        out.extend_from_slice(b"bad-hlen ");
        decimal(out, header_len);
        return false;
    }
    if let Some(missing) = total.checked_sub(len).filter(|missing| *missing > 0) {
        out.extend_from_slice(b"truncated-ip - ");
        decimal(out, missing);
        out.extend_from_slice(b" bytes missing! ");
    }
    if total < header_len {
        out.extend_from_slice(b"bad-len ");
        decimal(out, total);
        return false;
    }
    true
}

/// The next header and the length of an extension header that is passed over; as much of it as that
/// takes must have been captured.
fn extension(next: u8, octets: &[u8]) -> Option<(u8, usize)> {
    let &after = octets.first()?;
    match next {
        FRAGMENT => Some((after, 8)),
        HOP_BY_HOP | DESTINATION => Some((after, (usize::from(*octets.get(1)?) + 1) * 8)),
        _ => None,
    }
}

fn leads_to_tcp(mut next: u8, mut octets: &[u8]) -> bool {
    while next != TCP {
        let Some((after, len)) = extension(next, octets) else {
            return false;
        };
        next = after;
        octets = octets.get(len..).unwrap_or_default();
    }
    true
}

/// Writes the extension headers up to TCP; where that begins. `None` where the line ends. `end`: where
/// the datagram's octets end or were cut; `total`: octets as IP counts them.
fn extensions(
    out: &mut Vec<u8>,
    mut next: u8,
    octets: &[u8],
    end: usize,
    total: u32,
) -> Option<usize> {
    let mut at = V6_HEADER;
    while next != TCP {
        let (after, len) = extension(next, octets.get(at..)?)?;
        let behind = at + len;
        if next == FRAGMENT {
            let len = u64::from(total).wrapping_sub(behind as u64);
            // A payload of no octets may be a jumbogram's.
            let seen = if end == V6_HEADER {
                octets
            } else {
                &octets[..end]
            };
            fragment(out, seen.get(at + 2..at + 4), len)?;
            if behind >= seen.len() {
                return None;
            }
            if at >= end {
                out.extend_from_slice(b" [|ip6]");
                return None;
            }
        } else {
            let is_hop_by_hop = next == HOP_BY_HOP;
            let text: &[u8] = match (is_hop_by_hop, behind <= end) {
                (true, _) if at > V6_HEADER => {
                    b"[The Hop-by-Hop Options header don't follow the IPv6 header] (invalid)"
                }
                (true, true) => b"HBH ",
                (true, false) => b" [|hbhopt]",
                (false, true) => b"DSTOPT ",
                (false, false) => b" [|dstopt]",
            };
            out.extend_from_slice(text);
            if is_hop_by_hop && at > V6_HEADER || behind > end {
                return None;
            }
        }
        next = after;
        at = behind;
    }
    Some(at)
}

/// Writes `frag (OFFSET|LENGTH)`, also where the length is less than nothing; `None` where the line ends
/// with it.
fn fragment(out: &mut Vec<u8>, offset: Option<&[u8]>, len: u64) -> Option<()> {
    let Some(offset) = offset else {
        out.extend_from_slice(b" [|frag6]");
        return None;
    };
    let offset = u16::from_be_bytes([offset[0], offset[1]]) & 0xfff8;
    out.extend_from_slice(b"frag (");
    decimal(out, offset);
    out.push(b'|');
    decimal(out, len);
    out.extend_from_slice(if offset == 0 { b") " } else { b")" });
    (offset == 0).then_some(())
}

/// Writes a segment, from its addresses on. `len`: as IP counts it.
fn tcp<A: Address>(
    out: &mut Vec<u8>,
    wanted: &Ports,
    table: Option<&mut Table<A>>,
    ends: Ends<A>,
    octets: &[u8],
    len: u32,
) -> Printed {
    let Some(&[a, b, c, d]) = octets.first_chunk() else {
        ends.write(out);
        out.extend_from_slice(b": [|tcp]");
        return if wanted.ranges().is_empty() {
            Printed::Line
        } else {
            Printed::Filtered
        };
    };
    let ports = [u16::from_be_bytes([a, b]), u16::from_be_bytes([c, d])];
    if !wanted.ranges().is_empty() && !ports.iter().any(|port| wanted.contain(*port)) {
        return Printed::Filtered;
    }
    ends.write_with(out, ports);
    let Ok(header) = Header::new(octets, octets.len() >= len as usize) else {
        out.extend_from_slice(b" [|tcp]");
        return Printed::Line;
    };
    if header.claimed() < FIXED {
        let claimed = u32::try_from(header.claimed()).unwrap_or(0);
        out.extend_from_slice(b" tcp ");
        decimal(out, len.wrapping_sub(claimed));
        out.extend_from_slice(b" [bad hdr length ");
        decimal(out, claimed);
        out.extend_from_slice(b" - too short, < 20]");
        return Printed::Line;
    }
    let zeros = table.map_or_else(Zeros::default, |table| {
        table.zeros(ends.src, ends.dst, ports, &header)
    });
    header.write(out, len, zeros);
    Printed::Line
}

impl<A: Copy> Ends<A> {
    fn write(&self, out: &mut Vec<u8>) {
        (self.write)(out, self.src);
        out.extend_from_slice(b" > ");
        (self.write)(out, self.dst);
    }

    fn write_with(&self, out: &mut Vec<u8>, ports: [u16; 2]) {
        for (address, port, behind) in [(self.src, ports[0], " > "), (self.dst, ports[1], ": ")] {
            if self.with_ports {
                (self.write)(out, address);
                out.push(b'.');
            }
            decimal(out, port);
            out.extend_from_slice(behind.as_bytes());
        }
    }
}
