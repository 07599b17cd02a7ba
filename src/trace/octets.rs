//! Numbers in as few octets as they need.

use arrayvec::ArrayVec;

/// What belongs together, put together before it is kept: at most so many octets.
pub type Few = ArrayVec<u8, 96>;

/// LEB128: seven bits an octet, the lowest first.
pub fn put(out: &mut Few, mut number: u64) {
    while number >= 0x80 {
        out.push(number.to_le_bytes()[0] | 0x80);
        number >>= 7;
    }
    out.push(number.to_le_bytes()[0]);
}

/// # Panics
/// There is no room: what belongs together is shorter.
pub fn put_all(out: &mut Few, octets: &[u8]) {
    out.try_extend_from_slice(octets)
        .expect("room for what belongs together");
}

/// A difference modulo 2^64, small in either direction, as a small number.
pub fn zigzag(difference: u64) -> u64 {
    let signed = difference.cast_signed();
    (signed << 1 ^ signed >> 63).cast_unsigned()
}

pub fn unzigzag(number: u64) -> u64 {
    (number >> 1) ^ (number & 1).wrapping_neg()
}

/// Reads what was put; beyond the end all is 0.
#[derive(Clone, Copy, Debug)]
pub struct Octets<'a>(pub &'a [u8]);

impl Octets<'_> {
    pub fn octet(&mut self) -> u8 {
        self.fixed::<1>()[0]
    }

    pub fn fixed<const N: usize>(&mut self) -> [u8; N] {
        let (first, rest) = self.0.split_first_chunk().unwrap_or((&[0; N], &[]));
        self.0 = rest;
        *first
    }

    pub fn u16(&mut self) -> u16 {
        u16::from_le_bytes(self.fixed())
    }

    pub fn u32(&mut self) -> u32 {
        u32::from_le_bytes(self.fixed())
    }

    pub fn number(&mut self) -> u64 {
        let mut number = 0;
        for shift in (0..64).step_by(7) {
            let octet = self.octet();
            number |= u64::from(octet & 0x7f) << shift;
            if octet < 0x80 {
                break;
            }
        }
        number
    }

    /// A number that was a u32 when it was put.
    pub fn number32(&mut self) -> u32 {
        u32::try_from(self.number()).unwrap_or(u32::MAX)
    }
}
