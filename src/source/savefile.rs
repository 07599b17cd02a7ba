//! Saved captures: pcap (micro- and nanoseconds, both byte orders) and pcapng (several sections,
//! interfaces, link types, snap lengths and time resolutions). The records are parsed by
//! `pcap-parser`; here is what it leaves open: which frame has which link type and time, and what a
//! file that breaks off still holds.

use std::io::Read;

use pcap_parser::nom;
use pcap_parser::pcapng::{Block, OptionCode, parse_block_be, parse_block_le};
use pcap_parser::{
    InterfaceDescriptionBlock, PcapHeader, parse_pcap_frame, parse_pcap_frame_be, parse_pcap_header,
};

use super::buffer::{Buffer, CAPACITY};
use crate::wire::{Frame, LinkType};

/// libpcap's MAXIMUM_SNAPLEN: a record that claims more is damaged.
const MAX_FRAME: u32 = 262_144;

const SHB: u32 = 0x0a0d_0d0a;
const IDB: u32 = 1;
const SPB: u32 = 3;
const EPB: u32 = 6;

/// What `next_frame` found.
pub enum Next<'a> {
    Frame(Frame<'a>),
    /// Nothing whole is in the buffer: fill it.
    Incomplete,
}

enum Format {
    /// Not enough octets yet to tell.
    Unknown,
    Pcap {
        big_endian: bool,
        /// Nanoseconds in a unit of the fraction.
        unit: u64,
        link: LinkType,
    },
    Pcapng {
        big_endian: bool,
        interfaces: Vec<Interface>,
    },
}

#[derive(Clone, Copy)]
struct Interface {
    link: LinkType,
    snaplen: u32,
    /// Units in a second; `None` if that doesn't fit 128 bits.
    resolution: Option<u128>,
    /// Seconds to add.
    offset: i64,
}

/// Where a frame stands in the buffer, before it is consumed.
struct Found {
    time_ns: u64,
    link: LinkType,
    wire_len: u32,
    /// Octets from the start of the record to the data, the data, and the whole record.
    before: usize,
    captured: usize,
    record: usize,
}

/// A capture being read.
pub struct Savefile<R> {
    input: Buffer<R>,
    format: Format,
    frames: u32,
    /// Octets of a block too large to look at, still to be passed over.
    skip: u64,
}

impl<R: Read> Savefile<R> {
    pub fn new(input: R) -> Self {
        Savefile {
            input: Buffer::new(input),
            format: Format::Unknown,
            frames: 0,
            skip: 0,
        }
    }

    /// Reads more; `Ok(false)` at the end of the input.
    ///
    /// # Errors
    /// Those of the input.
    pub fn fill(&mut self) -> std::io::Result<bool> {
        Ok(self.input.fill()? > 0)
    }

    /// The next frame of what is in the buffer.
    ///
    /// # Errors
    /// One sentence on why nothing after this place can be read.
    pub fn next_frame(&mut self) -> Result<Next<'_>, String> {
        loop {
            if self.skip > 0 {
                let now = self
                    .input
                    .unread()
                    .len()
                    .min(usize::try_from(self.skip).unwrap_or(usize::MAX));
                self.input.consume(now);
                self.skip -= now as u64;
                if self.skip > 0 {
                    return Ok(Next::Incomplete);
                }
            }
            let found = match &mut self.format {
                Format::Unknown => {
                    if !self.recognize()? {
                        return Ok(Next::Incomplete);
                    }
                    continue;
                }
                &mut Format::Pcap {
                    big_endian,
                    unit,
                    link,
                } => pcap_record(self.input.unread(), big_endian, unit, link),
                Format::Pcapng { .. } => self.pcapng_block(),
            };
            match found {
                Ok(Some(found)) => return Ok(Next::Frame(self.take(&found))),
                Ok(None) if self.skip > 0 => {}
                Ok(None) => return Ok(Next::Incomplete),
                Err(why) => return Err(self.damaged(&why)),
            }
        }
    }

    /// What is left over at the end of the input: a record cut short, told in one sentence.
    #[must_use]
    pub fn cut(&self) -> Option<String> {
        let left = self.input.unread().len();
        if self.skip > 0 || left > 0 {
            return Some(format!(
                "the capture ends in the middle of a record, after frame {} ({left} octets of the next are there); \
                 everything before is shown",
                self.frames
            ));
        }
        matches!(self.format, Format::Unknown)
            .then(|| "the capture is empty: not even a file header is there".into())
    }

    fn damaged(&self, why: &str) -> String {
        format!(
            "the capture is damaged after frame {}, at octet {}: {why}; everything before is shown",
            self.frames,
            self.input.position()
        )
    }

    fn take(&mut self, found: &Found) -> Frame<'_> {
        self.frames = self.frames.saturating_add(1);
        let offset = self.input.position() + found.before as u64;
        let record = self.input.consume(found.record);
        Frame {
            number: self.frames,
            time_ns: found.time_ns,
            link: found.link,
            offset,
            wire_len: found.wire_len,
            data: &record[found.before..found.before + found.captured],
        }
    }

    /// Reads the file header; `Ok(false)` if it isn't all there yet.
    fn recognize(&mut self) -> Result<bool, String> {
        let octets = self.input.unread();
        let Some(magic) = octets.first_chunk::<4>() else {
            return Ok(false);
        };
        if u32::from_be_bytes(*magic) == SHB {
            self.format = Format::Pcapng {
                big_endian: false,
                interfaces: Vec::new(),
            };
            return Ok(true);
        }
        match parse_pcap_header(octets) {
            Ok((_, header)) if header.is_modified_format() => {
                Err("this is the \"modified\" pcap of old Linux kernels: convert it with `editcap -F pcap`".into())
            }
            Ok((_, header)) => {
                self.format = pcap_format(&header);
                self.input.consume(header.size());
                Ok(true)
            }
            Err(nom::Err::Incomplete(_)) => Ok(false),
            Err(_) => Err(not_a_capture(octets)),
        }
    }

    /// Consumes blocks up to the next frame's.
    fn pcapng_block(&mut self) -> Result<Option<Found>, String> {
        let Format::Pcapng {
            big_endian,
            interfaces,
        } = &mut self.format
        else {
            unreachable!("called for pcapng only")
        };
        loop {
            let octets = self.input.unread();
            let Some(header) = octets.first_chunk::<12>() else {
                return Ok(None);
            };
            let word = |at: usize, big: bool| {
                let octets = [header[at], header[at + 1], header[at + 2], header[at + 3]];
                if big {
                    u32::from_be_bytes(octets)
                } else {
                    u32::from_le_bytes(octets)
                }
            };
            if word(0, true) == SHB {
                *big_endian = word(8, true) == 0x1a2b_3c4d;
                interfaces.clear();
            }
            let (kind, len) = (word(0, *big_endian), word(4, *big_endian));
            if len < 12 || len % 4 != 0 {
                return Err(format!("a block claims a length of {len} octets"));
            }
            let len = len as usize;
            if len > CAPACITY {
                if matches!(kind, SHB | IDB | EPB | SPB) {
                    return Err(format!(
                        "a block claims {len} octets, more than any frame has"
                    ));
                }
                self.skip = len as u64;
                return Ok(None);
            }
            let Some(block) = octets.get(..len) else {
                return Ok(None);
            };
            if matches!(kind, SHB | IDB | EPB | SPB) {
                let parsed = if *big_endian {
                    parse_block_be(block)
                } else {
                    parse_block_le(block)
                };
                match parsed
                    .map_err(|_| "a block that can't be read".to_string())?
                    .1
                {
                    Block::InterfaceDescription(block) => {
                        interfaces.push(Interface::new(&block, *big_endian));
                    }
                    Block::EnhancedPacket(block) => {
                        let interface = interface(interfaces, block.if_id)?;
                        let ticks = u64::from(block.ts_high) << 32 | u64::from(block.ts_low);
                        return interface.found(
                            interface.time_ns(ticks),
                            block.origlen,
                            block.caplen,
                            28,
                            len,
                        );
                    }
                    Block::SimplePacket(block) => {
                        let interface = interface(interfaces, 0)?;
                        let limit = if interface.snaplen == 0 {
                            u32::MAX
                        } else {
                            interface.snaplen
                        };
                        let captured = block
                            .origlen
                            .min(limit)
                            .min(u32::try_from(len - 16).unwrap_or(0));
                        return interface.found(0, block.origlen, captured, 12, len);
                    }
                    _ => {}
                }
            }
            self.input.consume(len);
        }
    }
}

fn pcap_format(header: &PcapHeader) -> Format {
    Format::Pcap {
        big_endian: header.is_bigendian(),
        unit: if header.is_nanosecond_precision() {
            1
        } else {
            1000
        },
        // The upper half may tell the length of a frame check sequence.
        link: LinkType::from_dlt(header.network.0 & 0xffff),
    }
}

fn pcap_record(
    octets: &[u8],
    big_endian: bool,
    unit: u64,
    link: LinkType,
) -> Result<Option<Found>, String> {
    let Some(claimed) = octets.get(8..12).and_then(|word| word.try_into().ok()) else {
        return Ok(None);
    };
    let claimed = if big_endian {
        u32::from_be_bytes(claimed)
    } else {
        u32::from_le_bytes(claimed)
    };
    if claimed > MAX_FRAME {
        return Err(format!(
            "a record claims {claimed} octets, more than any frame has"
        ));
    }
    let parsed = if big_endian {
        parse_pcap_frame_be(octets)
    } else {
        parse_pcap_frame(octets)
    };
    let record = match parsed {
        Ok((_, record)) => record,
        Err(nom::Err::Incomplete(_)) => return Ok(None),
        Err(_) => return Err("a record that can't be read".into()),
    };
    Ok(Some(Found {
        time_ns: u64::from(record.ts_sec) * 1_000_000_000 + u64::from(record.ts_usec) * unit,
        link,
        wire_len: record.origlen,
        before: 16,
        captured: record.data.len(),
        record: 16 + record.data.len(),
    }))
}

impl Interface {
    fn new(block: &InterfaceDescriptionBlock<'_>, big_endian: bool) -> Self {
        let exponent = u32::from(block.if_tsresol & 0x7f);
        let resolution = if block.if_tsresol & 0x80 == 0 {
            10u128.checked_pow(exponent)
        } else {
            1u128.checked_shl(exponent)
        };
        // pcap-parser reads if_tsoffset in little-endian order whatever the section says.
        let offset = block
            .options
            .iter()
            .find(|option| option.code == OptionCode::IfTsoffset)
            .and_then(|option| option.as_bytes().ok()?.try_into().ok())
            .map_or(0, |octets| {
                if big_endian {
                    i64::from_be_bytes(octets)
                } else {
                    i64::from_le_bytes(octets)
                }
            });
        Interface {
            link: LinkType::from_dlt(block.linktype.0),
            snaplen: block.snaplen,
            resolution,
            offset,
        }
    }

    /// Nanoseconds since the epoch; what doesn't fit is as far as it goes.
    fn time_ns(&self, ticks: u64) -> u64 {
        let since = self
            .resolution
            .map_or(0, |units| u128::from(ticks) * 1_000_000_000 / units);
        let total = i128::try_from(since)
            .unwrap_or(i128::MAX)
            .saturating_add(i128::from(self.offset) * 1_000_000_000);
        u64::try_from(total.max(0)).unwrap_or(u64::MAX)
    }

    fn found(
        &self,
        time_ns: u64,
        wire_len: u32,
        captured: u32,
        before: usize,
        record: usize,
    ) -> Result<Option<Found>, String> {
        let captured = captured as usize;
        if before + captured + 4 > record {
            return Err(format!(
                "a frame claims {captured} octets, more than its block has"
            ));
        }
        Ok(Some(Found {
            time_ns,
            link: self.link,
            wire_len,
            before,
            captured,
            record,
        }))
    }
}

fn interface(interfaces: &[Interface], id: u32) -> Result<Interface, String> {
    interfaces
        .get(id as usize)
        .copied()
        .ok_or_else(|| format!("a frame names interface {id}, which the file doesn't describe"))
}

/// Names what people mistake for a capture.
fn not_a_capture(octets: &[u8]) -> String {
    let kind = match octets {
        [0x28, 0xb5, 0x2f, 0xfd, ..] => "it is zstd-compressed: decompress it with `zstd -d` first",
        [0xfd, b'7', b'z', b'X', ..] => "it is xz-compressed: decompress it with `xz -d` first",
        [b'B', b'Z', b'h', ..] => "it is bzip2-compressed: decompress it with `bzip2 -d` first",
        [b'P', b'K', 3, 4, ..] => "it is a zip archive: unpack it first",
        [b's', b'n', b'o', b'o', ..] => "it is a snoop file: convert it with `editcap -F pcap`",
        _ => "it doesn't begin as pcap or pcapng does",
    };
    format!("this is not a capture that tcpviz reads: {kind}")
}
