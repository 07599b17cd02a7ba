//! Finishing checksums: a kernel that sends over a virtual link leaves them to a device that isn't there.

use etherparse::{NetSlice, SlicedPacket, TransportSlice};

/// Octets before the checksum in a TCP header.
const OFFSET: usize = 16;

/// Writes the right TCP checksum into an Ethernet frame; anything but TCP stays as it is.
pub fn finish(frame: &mut [u8]) {
    if let Some((at, sum)) = tcp_checksum(frame) {
        frame[at..at + 2].copy_from_slice(&sum.to_be_bytes());
    }
}

/// Where a frame's TCP checksum stands, and what it should be.
fn tcp_checksum(frame: &[u8]) -> Option<(usize, u16)> {
    let packet = SlicedPacket::from_ethernet(frame).ok()?;
    let TransportSlice::Tcp(tcp) = packet.transport? else {
        return None;
    };
    let sum = match packet.net? {
        NetSlice::Ipv4(ip) => {
            tcp.calc_checksum_ipv4(ip.header().source(), ip.header().destination())
        }
        NetSlice::Ipv6(ip) => {
            tcp.calc_checksum_ipv6(ip.header().source(), ip.header().destination())
        }
        NetSlice::Arp(_) => return None,
    };
    let start = tcp.slice().as_ptr().addr() - frame.as_ptr().addr();
    Some((start + OFFSET, sum.ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use etherparse::PacketBuilder;

    fn frame(v6: bool) -> Vec<u8> {
        let ethernet = PacketBuilder::ethernet2([1; 6], [2; 6]);
        let ip = if v6 {
            ethernet.ipv6([1; 16], [2; 16], 64)
        } else {
            ethernet.ipv4([10, 9, 0, 1], [10, 9, 0, 2], 64)
        };
        let mut frame = Vec::new();
        ip.tcp(1, 2, 3, 4).write(&mut frame, b"odd").unwrap();
        frame
    }

    #[test]
    fn an_unfinished_checksum_is_finished() {
        for v6 in [false, true] {
            let right = frame(v6);
            let mut sent = right.clone();
            let (at, _) = tcp_checksum(&right).unwrap();
            sent[at] ^= 0x55;
            finish(&mut sent);
            assert_eq!(sent, right);
        }
    }

    #[test]
    fn what_is_not_tcp_stays_as_it_is() {
        let mut arp = vec![0xff; 14];
        arp[12..].copy_from_slice(&[0x08, 0x06]);
        let before = arp.clone();
        finish(&mut arp);
        assert_eq!(arp, before);
        finish(&mut []);
    }
}
