//! Sequence numbers: arithmetic modulo 2^32 (RFC 9293, 3.4).

use std::ops::{Add, Sub};

/// A TCP sequence (or acknowledgement) number. It has no total order, so it isn't `Ord`:
/// `before` and `after` compare two numbers that are less than 2^31 apart.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Seq(pub u32);

impl Seq {
    /// `self < other` on the circle.
    #[must_use]
    pub fn before(self, other: Seq) -> bool {
        self.0.wrapping_sub(other.0).cast_signed() < 0
    }

    /// `self > other` on the circle.
    #[must_use]
    pub fn after(self, other: Seq) -> bool {
        other.before(self)
    }

    /// The later of the two.
    #[must_use]
    pub fn max(self, other: Seq) -> Seq {
        if self.before(other) { other } else { self }
    }
}

impl Add<u32> for Seq {
    type Output = Seq;
    fn add(self, octets: u32) -> Seq {
        Seq(self.0.wrapping_add(octets))
    }
}

impl Sub<u32> for Seq {
    type Output = Seq;
    fn sub(self, octets: u32) -> Seq {
        Seq(self.0.wrapping_sub(octets))
    }
}

/// The distance from `other` up to `self`, modulo 2^32.
impl Sub for Seq {
    type Output = u32;
    fn sub(self, other: Seq) -> u32 {
        self.0.wrapping_sub(other.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn order_and_distance_hold_across_the_wrap() {
        let last = Seq(u32::MAX);
        assert!(last.before(last + 1) && (last + 1).after(last));
        assert_eq!((last + 1).0, 0);
        assert_eq!((last + 6) - last, 6);
        assert_eq!(last.max(Seq(3)), Seq(3));
        assert_eq!(Seq(3) - 4, last);
    }
}
