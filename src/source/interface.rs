//! What the kernel says of an interface beside its frames (rtnetlink(7)): whether it is up, and how many frames it lost itself.

use std::io;
use std::os::fd::OwnedFd;

use rustix::net::netdevice::name_to_index;
use rustix::net::{
    AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType, recv, send, socket_with,
};

/// In the interface's flags: somebody has brought it up.
const IFF_UP: u32 = 1;

/// Messages and an attribute, as the kernel numbers them.
const RTM_NEWLINK: u16 = 16;
const RTM_GETLINK: u16 = 18;
const NLM_F_REQUEST: u16 = 1;
const IFLA_STATS64: u16 = 23;

/// Octets of a message's header, of what stands behind it of an interface, and of an attribute's header.
const HEADER: usize = 16;
const INTERFACE: usize = 16;
const ATTRIBUTE: usize = 4;

/// Octets of a question.
const REQUEST: u32 = 32;

/// Among the counters: frames that found no room in the interface's own buffer, or in the ring from which the kernel takes them.
/// libpcap counts the same two, but only where it puts the interface into promiscuous mode, which tcpviz doesn't.
const LOST: [usize; 2] = [14, 15];

/// An interface about which the kernel can be asked. Opened in the namespace that it is in, and before privileges are given up.
#[derive(Debug)]
pub struct Interface {
    line: OwnedFd,
    index: u32,
    lost_before: u64,
}

/// What it says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Said {
    /// Nothing can come: somebody has taken the interface down.
    pub is_down: bool,
    /// Frames that it has lost since it was opened.
    pub lost: u64,
}

impl Interface {
    /// Nothing where there is nothing to ask: `any` is no interface.
    #[must_use]
    pub fn open(name: &str) -> Option<Interface> {
        let (kind, flags) = (SocketType::DGRAM, SocketFlags::CLOEXEC);
        // Without a protocol it is NETLINK_ROUTE.
        let line = socket_with(AddressFamily::NETLINK, kind, flags, None).ok()?;
        let index = name_to_index(&line, name).ok()?;
        let mut interface = Interface {
            line,
            index,
            lost_before: 0,
        };
        interface.lost_before = interface.ask()?.lost;
        Some(interface)
    }

    /// Asks the kernel; nothing if the interface is gone.
    #[must_use]
    pub fn ask(&self) -> Option<Said> {
        let answer = self.answer().ok()?;
        let mut said = read(&answer, self.index)?;
        said.lost = said.lost.saturating_sub(self.lost_before);
        Some(said)
    }

    fn answer(&self) -> io::Result<Vec<u8>> {
        let mut request = [0; REQUEST as usize];
        request[0..4].copy_from_slice(&REQUEST.to_ne_bytes());
        request[4..6].copy_from_slice(&RTM_GETLINK.to_ne_bytes());
        request[6..8].copy_from_slice(&NLM_F_REQUEST.to_ne_bytes());
        request[HEADER + 4..HEADER + 8].copy_from_slice(&self.index.to_ne_bytes());
        send(&self.line, &request, SendFlags::empty())?;
        // The kernel answers while it is asked.
        let mut answer = vec![0; 16 << 10];
        let (read, _) = recv(&self.line, &mut *answer, RecvFlags::DONTWAIT)?;
        answer.truncate(read);
        Ok(answer)
    }
}

/// What a message says of the interface of this number.
fn read(message: &[u8], wanted: u32) -> Option<Said> {
    let number = |at: usize| Some(u32::from_ne_bytes(*message.get(at..)?.first_chunk()?));
    let short = |at: usize| Some(u16::from_ne_bytes(*message.get(at..)?.first_chunk()?));
    if short(4)? != RTM_NEWLINK || number(HEADER + 4)? != wanted {
        return None;
    }
    let mut said = Said {
        is_down: number(HEADER + 8)? & IFF_UP == 0,
        lost: 0,
    };
    let mut at = HEADER + INTERFACE;
    while let (Some(length), Some(kind)) = (short(at), short(at + 2)) {
        if kind == IFLA_STATS64 {
            let counter = |n: usize| {
                let octets = message.get(at + ATTRIBUTE + 8 * n..)?.first_chunk()?;
                Some(u64::from_ne_bytes(*octets))
            };
            said.lost = LOST.into_iter().filter_map(counter).sum();
        }
        // An attribute begins at a multiple of four.
        at += usize::from(length).max(ATTRIBUTE).next_multiple_of(4);
    }
    Some(said)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A message about interface 7, with these flags and counters.
    fn message(flags: u32, lost: [u64; 2]) -> Vec<u8> {
        let mut octets = vec![0; HEADER + INTERFACE];
        octets[4..6].copy_from_slice(&RTM_NEWLINK.to_ne_bytes());
        octets[HEADER + 4..HEADER + 8].copy_from_slice(&7_u32.to_ne_bytes());
        octets[HEADER + 8..HEADER + 12].copy_from_slice(&flags.to_ne_bytes());
        // A name of two octets and its end, padded to eight.
        octets.extend([7_u16.to_ne_bytes(), 3_u16.to_ne_bytes()].concat());
        octets.extend(*b"lo\0\0");
        let length = u16::try_from(ATTRIBUTE + 8 * 16).unwrap();
        octets.extend([length.to_ne_bytes(), IFLA_STATS64.to_ne_bytes()].concat());
        let mut counters = [1_000_u64; 16];
        (counters[LOST[0]], counters[LOST[1]]) = (lost[0], lost[1]);
        octets.extend(counters.iter().flat_map(|counter| counter.to_ne_bytes()));
        octets
    }

    #[test]
    fn flags_and_both_counters_are_read_behind_other_attributes() {
        let said = |is_down, lost| Some(Said { is_down, lost });
        assert_eq!(read(&message(0x1003, [0, 0]), 7), said(false, 0));
        assert_eq!(read(&message(0x1002, [40, 2]), 7), said(true, 42));
        assert_eq!(read(&message(0x1003, [40, 2]), 8), None);
        let whole = message(0x1003, [40, 2]);
        for cut in 0..whole.len() {
            let some = read(&whole[..cut], 7);
            assert!(some.is_none_or(|said| said.lost <= 42), "cut at {cut}");
        }
    }

    #[test]
    fn the_kernel_knows_the_loopback_interface_and_no_other_of_a_strange_name() {
        let lo = Interface::open("lo").unwrap();
        assert_eq!(lo.ask().unwrap().lost, 0);
        assert!(Interface::open("any").is_none());
    }
}
