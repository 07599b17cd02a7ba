//! Segments that no honest host sends.

#![expect(
    clippy::cast_possible_truncation,
    reason = "files are written from numbers known to fit"
)]

use super::frames::{TCP, ipv4, ipv6};

/// xorshift64*: the same frames in every run.
pub struct Random(u64);

/// Kinds that tcpdump has words for, each with its own length, and some that it has none for.
const OPTIONS: [(u8, u8); 26] = [
    (0, 1),
    (1, 1),
    (2, 4),
    (3, 3),
    (4, 2),
    (5, 10),
    (5, 18),
    (6, 6),
    (7, 6),
    (8, 10),
    (9, 2),
    (11, 6),
    (12, 6),
    (13, 6),
    (19, 18),
    (20, 4),
    (28, 4),
    (29, 16),
    (30, 12),
    (34, 10),
    (34, 2),
    (69, 6),
    (172, 11),
    (253, 4),
    (254, 6),
    (254, 12),
];

/// Lengths of MPTCP's options.
const MPTCP: [u8; 13] = [3, 4, 8, 10, 12, 16, 18, 20, 22, 24, 26, 28, 30];

impl Random {
    /// `seed` isn't 0.
    pub fn new(seed: u64) -> Random {
        Random(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    pub fn below(&mut self, limit: usize) -> usize {
        (self.next() >> 32) as usize % limit
    }

    pub fn one_in(&mut self, times: usize) -> bool {
        self.below(times) == 0
    }

    fn octet(&mut self) -> u8 {
        self.next().to_be_bytes()[0]
    }

    fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.below(from.len())]
    }

    fn octets(&mut self, count: usize) -> Vec<u8> {
        (0..count).map(|_| self.octet()).collect()
    }

    pub fn datagram(&mut self) -> Vec<u8> {
        let segment = self.segment();
        if self.one_in(3) {
            return self.datagram_v6(&segment);
        }
        let mut datagram = ipv4(&segment);
        datagram[19] = self.pick(&[2, 3]);
        match self.below(30) {
            0 => datagram[2..4].copy_from_slice(&[0, self.0.to_le_bytes()[3] & 0x7f]),
            1 => datagram[3] = self.octet(),
            2 => datagram[0] = 0x40 | self.octet() & 15,
            3 => datagram[0] = self.octet(),
            4 => datagram[6] = self.octet(),
            5 => datagram[7] = self.octet(),
            6 => {
                let count = 4 * (1 + self.below(10));
                let options = self.octets(count);
                datagram.splice(20..20, options);
                datagram[0] += count as u8 / 4;
                datagram[3] = datagram[3].wrapping_add(count as u8);
            }
            7 => {
                let padding = self.below(8);
                datagram.extend(self.octets(padding));
            }
            8 => {
                let source = datagram[12..16].to_vec();
                datagram[16..20].copy_from_slice(&source);
            }
            _ => {}
        }
        // Raw IP is told by its version, others by their EtherType.
        if datagram[0] >> 4 == 6 {
            datagram[0] = 0x45;
        }
        datagram
    }

    fn datagram_v6(&mut self, segment: &[u8]) -> Vec<u8> {
        let mut datagram = if self.one_in(8) {
            let offset = self.pick(&[0, 1, 8, 9]);
            ipv6(44, &[&[TCP, 0, 0, offset, 0, 0, 0, 7], segment].concat())
        } else {
            ipv6(TCP, segment)
        };
        match self.below(20) {
            0 => datagram[5] = self.octet(),
            1 => datagram[4..6].copy_from_slice(&[0, 0]),
            2 => {
                // An address with any words zero.
                let zeros = self.octet();
                for word in (0..8).filter(|word| zeros >> word & 1 == 1) {
                    datagram[24 + 2 * word..26 + 2 * word].copy_from_slice(&[0, 0]);
                }
            }
            3 => datagram[34..36].copy_from_slice(&[0xff, 0xff]),
            _ => {}
        }
        datagram
    }

    /// A TCP segment between few ports, so that connections come about.
    pub fn segment(&mut self) -> Vec<u8> {
        let ends = [0u16, 1000, 4321, 4321, 65_535];
        let mut octets = Vec::new();
        octets.extend(self.pick(&ends).to_be_bytes());
        octets.extend(self.pick(&ends).to_be_bytes());
        octets.extend(self.octets(8));
        let mut options = if self.one_in(3) {
            Vec::new()
        } else {
            self.options()
        };
        options.resize(options.len().next_multiple_of(4).min(40), 1);
        let mut offset = 5 + options.len() as u8 / 4;
        if self.one_in(25) {
            offset = self.octet() & 15;
        }
        octets.push(offset << 4 | self.octet() & 15);
        let flags = [0x02, 0x12, 0x10, 0x10, 0x10, 0x18, 0x11, 0x04, 0x14, 0xc2];
        let any = self.octet();
        octets.push(if self.one_in(8) {
            any
        } else {
            self.pick(&flags)
        });
        octets.extend(self.octets(6));
        octets.extend(options);
        let data = if self.one_in(2) { 0 } else { self.below(20) };
        octets.extend(self.octets(data));
        octets
    }

    fn options(&mut self) -> Vec<u8> {
        if self.one_in(4) {
            let stamps = self.octets(8);
            return [&[1, 1, 8, 10][..], &stamps].concat();
        }
        let mut options = Vec::new();
        for _ in 0..=self.below(4) {
            let (mut kind, mut len) = self.pick(&OPTIONS);
            if kind == 30 {
                len = self.pick(&MPTCP);
            }
            if self.one_in(12) {
                len = self.octet() & 31;
            }
            if self.one_in(30) {
                kind = self.octet();
            }
            options.push(kind);
            if kind > 1 {
                options.push(len);
                let mut data = self.octets(usize::from(len.saturating_sub(2)));
                self.make_likely(kind, &mut data);
                options.extend(data);
            }
        }
        options.truncate(40);
        options
    }

    /// What few random octets would be.
    fn make_likely(&mut self, kind: u8, data: &mut [u8]) {
        match (kind, data) {
            (30, [subtype, flags, ..]) => {
                *subtype = self.octet() & 0x9f & self.pick(&[0x7f, 0xff]);
                if self.one_in(2) {
                    *subtype = *subtype & 0xf0 | self.pick(&[0, 1, 4, 6]);
                }
                *flags &= 0x1f;
            }
            (254, [first, second, ..]) if self.one_in(2) => (*first, *second) = (0xf9, 0x89),
            _ => {}
        }
    }
}
