//! pcap, the classic format: one link type, one time unit, one byte order.

use pcap_parser::PcapHeader;

use super::{Found, Looked, MAX_FRAME, word};
use crate::wire::LinkType;

/// Octets before a record's frame: seconds, fraction, captured octets, octets on the wire.
const RECORD_HEADER: usize = 16;

/// What some file systems leave of a file that was growing when the power went: its length, and nothing in it.
const ZEROS: &str = "a record of zeros, as after a power cut";

/// What the file header says.
pub struct Classic {
    big_endian: bool,
    /// Nanoseconds in a unit of the fraction.
    unit_ns: u64,
    link: LinkType,
}

impl Classic {
    pub fn new(header: &PcapHeader) -> Self {
        Classic {
            big_endian: header.is_bigendian(),
            unit_ns: if header.is_nanosecond_precision() {
                1
            } else {
                1000
            },
            // The upper half may tell the length of a frame check sequence.
            link: LinkType::from_dlt(header.network.0 & 0xffff),
        }
    }

    /// As this program writes it.
    #[cfg(feature = "live")]
    pub fn own(link: LinkType) -> Self {
        Classic {
            big_endian: false,
            unit_ns: 1,
            link,
        }
    }

    /// Looks at the record at the start of `octets`.
    #[inline]
    pub(super) fn record(&self, octets: &[u8]) -> Result<Looked, String> {
        let Some(header) = octets.first_chunk::<RECORD_HEADER>() else {
            return Ok(Looked::Incomplete);
        };
        let (seconds, fraction) = (self.word(header, 0), self.word(header, 4));
        let (claimed, wire_len) = (self.word(header, 8), self.word(header, 12));
        if header.iter().all(|octet| *octet == 0) {
            return Err(ZEROS.into());
        }
        if claimed > MAX_FRAME {
            return Err(format!(
                "a record claims {claimed} octets, more than any frame has"
            ));
        }
        let captured = claimed as usize;
        let record = RECORD_HEADER + captured;
        if record > octets.len() {
            return Ok(Looked::Incomplete);
        }
        Ok(Looked::Frame(Found {
            time_ns: u64::from(seconds) * 1_000_000_000 + u64::from(fraction) * self.unit_ns,
            link: self.link,
            wire_len,
            before: RECORD_HEADER,
            captured,
            record,
        }))
    }

    fn word(&self, header: &[u8; RECORD_HEADER], at: usize) -> u32 {
        word(header, at, self.big_endian)
    }
}
