//! A capture as `tcpdump -nn -r FILE tcp` (4.99) prints it, line by line as frames come, up to
//! `length`. It knows of no state: what is kept of a connection is what tcpdump keeps.
//!
//! Where tcpdump's filter `tcp` leaves out a segment that tcpviz reads (behind a VLAN tag, behind IPv6's
//! hop-by-hop and destination options), its line is the one that tcpdump prints without that filter.
//! Accurate ECN's flag is `e`, as tcpdump writes it from 4.99.7 on. Not printed: a segment behind an
//! Authentication Header or a routing header.

mod ip;
mod numbers;
mod time;

use std::collections::HashMap;

use ip::Lines;
pub use ip::Printed;
use time::Clock;

use crate::wire::link::Network;
use crate::wire::{Frame, LinkType, Ports};

/// Finds the name of an interface of this machine by its number, as tcpdump does for LINUX_SLL2.
pub type InterfaceName = fn(u32) -> Option<String>;

/// Writes the lines of one capture.
pub struct Writer {
    clock: Clock,
    lines: Lines,
    interface_name: InterfaceName,
    interfaces: HashMap<u32, String>,
}

impl Writer {
    /// Times of day are the local ones (TZ, or the system's zone). `ports`: those to be shown;
    /// `absolute` as with tcpdump's `-S`.
    #[must_use]
    pub fn new(ports: Ports, absolute: bool, interface_name: InterfaceName) -> Self {
        Writer {
            clock: Clock::local(),
            lines: Lines {
                absolute,
                ports,
                v4: numbers::Table::default(),
                v6: numbers::Table::default(),
            },
            interface_name,
            interfaces: HashMap::new(),
        }
    }

    /// Appends a frame's line, if it has one.
    pub fn frame(&mut self, out: &mut Vec<u8>, frame: &Frame<'_>) -> Printed {
        let Some((network, octets)) = frame.link.network(frame.data) else {
            return Printed::NotTcp;
        };
        let before = out.len();
        self.clock.write(out, frame.time_ns);
        out.push(b' ');
        let link = &frame.data[..frame.data.len() - octets.len()];
        self.link(out, frame.link, link);
        let len = frame
            .wire_len
            .saturating_sub(u32::try_from(link.len()).unwrap_or(u32::MAX));
        let printed = match network {
            Network::Ipv4 => self.lines.ipv4(out, octets, len),
            Network::Ipv6 => self.lines.ipv6(out, octets, len),
        };
        if printed == Printed::Line {
            out.push(b'\n');
        } else {
            out.truncate(before);
        }
        printed
    }

    /// What stands between the time and `IP`.
    fn link(&mut self, out: &mut Vec<u8>, kind: LinkType, header: &[u8]) {
        let untagged = match kind {
            LinkType::LINUX_SLL => 16,
            LinkType::LINUX_SLL2 => {
                self.interface(out, header);
                20
            }
            _ => return,
        };
        // What stands behind each VLAN tag.
        for tag in header[untagged..].chunks_exact(4) {
            out.extend_from_slice(match (tag[2], tag[3]) {
                (0x81, 0x00) => b"ethertype 802.1Q, ",
                (0x88, 0xa8) => b"ethertype 802.1Q-QinQ, ",
                (0x91, 0x00) => b"ethertype 802.1Q-9100, ",
                (0x86, 0xdd) => b"ethertype IPv6, ",
                _ => b"ethertype IPv4, ",
            });
        }
    }

    /// The interface's name and the direction.
    fn interface(&mut self, out: &mut Vec<u8>, header: &[u8]) {
        let Some(&[a, b, c, d]) = header.get(4..).and_then(<[u8]>::first_chunk) else {
            return;
        };
        let index = u32::from_be_bytes([a, b, c, d]);
        if self.interfaces.len() >= MOST_INTERFACES {
            self.interfaces.clear();
        }
        let name = self.interfaces.entry(index).or_insert_with(|| {
            let name = (self.interface_name)(index).unwrap_or_else(|| "?".into());
            format!("{name:5} ")
        });
        out.extend_from_slice(name.as_bytes());
        out.extend_from_slice(match header.get(10) {
            Some(0) => b"In  ",
            Some(1) => b"B   ",
            Some(2) => b"M   ",
            Some(3) => b"P   ",
            Some(4) => b"Out ",
            _ => b"?   ",
        });
    }
}

/// More than any machine has: what a capture claims beyond that is looked up again.
const MOST_INTERFACES: usize = 4096;
