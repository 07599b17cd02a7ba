//! A TCP segment from `Flags` to `length`, as tcpdump 4.99 writes it.

use super::options::{self, Around};
use super::text::decimal;
use crate::wire::Flags;

/// Octets of a header without options.
pub const FIXED: usize = 20;

/// A header whose fixed part was captured.
#[derive(Clone, Copy, Debug)]
pub struct Header<'a> {
    /// From its first octet on, as captured; the data may follow.
    octets: &'a [u8],
    /// Octets that the header claims to have.
    len: usize,
    /// All of the data was captured.
    is_whole: bool,
}

/// What tcpdump subtracts from the numbers in a segment; zeros where it prints those of the header.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Zeros {
    pub seq: u32,
    pub ack: u32,
    /// From the edges of SACK blocks.
    pub sack: u32,
}

/// Less of the header was captured than any has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooShort;

impl<'a> Header<'a> {
    /// From the captured octets of a segment, not beyond its datagram; `is_whole` if its data was
    /// captured, too.
    ///
    /// # Errors
    /// The fixed part isn't all there.
    pub fn new(octets: &'a [u8], is_whole: bool) -> Result<Self, TooShort> {
        let offset = octets.get(..FIXED).ok_or(TooShort)?[12] >> 4;
        Ok(Header {
            octets,
            len: usize::from(offset) * 4,
            is_whole,
        })
    }

    /// Octets that it claims to have.
    #[must_use]
    pub fn claimed(&self) -> usize {
        self.len
    }

    #[must_use]
    pub fn flags(&self) -> Flags {
        Flags(u16::from(self.octets[12] & 1) << 8 | u16::from(self.octets[13]))
    }

    #[must_use]
    pub fn seq(&self) -> u32 {
        self.word(4)
    }

    #[must_use]
    pub fn ack(&self) -> u32 {
        self.word(8)
    }

    fn word(&self, at: usize) -> u32 {
        let word = &self.octets[at..at + 4];
        u32::from_be_bytes([word[0], word[1], word[2], word[3]])
    }

    fn half(&self, at: usize) -> u16 {
        u16::from_be_bytes([self.octets[at], self.octets[at + 1]])
    }

    /// Writes it from `Flags` to `length`, or to what is wrong with it. `len`: octets of header and
    /// data as IP counts them.
    pub fn write(&self, out: &mut Vec<u8>, len: u32, zeros: Zeros) {
        let flags = self.flags();
        out.extend_from_slice(b"Flags [");
        let before = out.len();
        out.extend(flags.letters());
        if out.len() == before {
            out.extend_from_slice(b"none");
        }
        out.push(b']');
        let Some(data) = len.checked_sub(u32::try_from(self.len).unwrap_or(u32::MAX)) else {
            out.extend_from_slice(b" [bad hdr length ");
            decimal(out, self.len);
            out.extend_from_slice(b" - too long, > ");
            decimal(out, len);
            return out.push(b']');
        };
        self.write_numbers(out, flags, data, zeros);
        let room = self.len.saturating_sub(FIXED);
        if room > 0 {
            let around = Around {
                flags,
                sack_zero: zeros.sack,
                is_whole: self.is_whole,
            };
            let captured = &self.octets[FIXED..];
            if options::write(out, captured, room, &around).is_err() {
                return;
            }
        }
        out.extend_from_slice(b", length ");
        decimal(out, data);
    }

    fn write_numbers(&self, out: &mut Vec<u8>, flags: Flags, data: u32, zeros: Zeros) {
        if data > 0 || flags.has(Flags::SYN | Flags::FIN | Flags::RST) {
            let seq = self.seq().wrapping_sub(zeros.seq);
            out.extend_from_slice(b", seq ");
            decimal(out, seq);
            if data > 0 {
                out.push(b':');
                decimal(out, seq.wrapping_add(data));
            }
        }
        if flags.has(Flags::ACK) {
            out.extend_from_slice(b", ack ");
            decimal(out, self.ack().wrapping_sub(zeros.ack));
        }
        out.extend_from_slice(b", win ");
        decimal(out, self.half(14));
        if flags.has(Flags::URG) {
            out.extend_from_slice(b", urg ");
            decimal(out, self.half(18));
        }
    }
}
