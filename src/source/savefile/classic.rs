//! pcap, the classic format: one link type, one time unit, one byte order.

use pcap_parser::nom;
use pcap_parser::{PcapHeader, parse_pcap_frame, parse_pcap_frame_be};

use super::{Found, MAX_FRAME};
use crate::wire::LinkType;

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

    /// The record at the start of `octets`; `None` if it isn't all there.
    pub fn record(&self, octets: &[u8]) -> Result<Option<Found>, String> {
        let Some(claimed) = octets.get(8..12).and_then(|word| word.try_into().ok()) else {
            return Ok(None);
        };
        let claimed = if self.big_endian {
            u32::from_be_bytes(claimed)
        } else {
            u32::from_le_bytes(claimed)
        };
        if claimed > MAX_FRAME {
            return Err(format!(
                "a record claims {claimed} octets, more than any frame has"
            ));
        }
        let parsed = if self.big_endian {
            parse_pcap_frame_be(octets)
        } else {
            parse_pcap_frame(octets)
        };
        let record = match parsed {
            Ok((_, record)) => record,
            Err(nom::Err::Incomplete(_)) => return Ok(None),
            Err(_) => return Err("a record that can't be read".into()),
        };
        let time_ns =
            u64::from(record.ts_sec) * 1_000_000_000 + u64::from(record.ts_usec) * self.unit_ns;
        Ok(Some(Found {
            time_ns,
            link: self.link,
            wire_len: record.origlen,
            before: 16,
            captured: record.data.len(),
            record: 16 + record.data.len(),
        }))
    }
}
