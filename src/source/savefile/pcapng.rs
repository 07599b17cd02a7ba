//! pcapng: blocks; interfaces that each have a link type, a snap length and a time resolution; and
//! sections that may change the byte order and forget the interfaces.

use pcap_parser::InterfaceDescriptionBlock;
use pcap_parser::pcapng::{Block, OptionCode, parse_block_be, parse_block_le};

use super::Found;
use crate::source::buffer::CAPACITY;
use crate::wire::LinkType;

pub const SHB: u32 = 0x0a0d_0d0a;
const IDB: u32 = 1;
/// The obsolete Packet Block, which pcap-parser doesn't know.
const PB: u32 = 2;
const SPB: u32 = 3;
const EPB: u32 = 6;

/// The byte order of the section, and the interfaces it has described so far.
#[derive(Default)]
pub struct Pcapng {
    big_endian: bool,
    interfaces: Vec<Interface>,
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

/// What stands at the start of the octets.
pub enum Looked {
    /// Not a whole block yet.
    Incomplete,
    /// A block of this many octets without a frame; it may be larger than the buffer.
    Passed(u64),
    Frame(Found),
}

impl Pcapng {
    /// Looks at the block at the start of `octets`.
    pub fn block(&mut self, octets: &[u8]) -> Result<Looked, String> {
        let Some(header) = octets.first_chunk::<12>() else {
            return Ok(Looked::Incomplete);
        };
        let word = |at: usize, big_endian: bool| {
            let octets = [header[at], header[at + 1], header[at + 2], header[at + 3]];
            if big_endian {
                u32::from_be_bytes(octets)
            } else {
                u32::from_le_bytes(octets)
            }
        };
        if word(0, true) == SHB {
            self.big_endian = word(8, true) == 0x1a2b_3c4d;
            self.interfaces.clear();
        }
        let (kind, len) = (word(0, self.big_endian), word(4, self.big_endian));
        if len < 12 || len % 4 != 0 {
            return Err(format!("a block claims a length of {len} octets"));
        }
        let is_needed = matches!(kind, SHB | IDB | PB | SPB | EPB);
        if !is_needed {
            return Ok(Looked::Passed(len.into()));
        }
        if len as usize > CAPACITY {
            return Err(format!(
                "a block claims {len} octets, more than any frame has"
            ));
        }
        match octets.get(..len as usize) {
            Some(block) if kind == PB => self.obsolete_packet(block),
            Some(block) => self.read(block),
            None => Ok(Looked::Incomplete),
        }
    }

    /// Reads a whole block of a kind that is needed.
    fn read(&mut self, block: &[u8]) -> Result<Looked, String> {
        let parsed = if self.big_endian {
            parse_block_be(block)
        } else {
            parse_block_le(block)
        };
        match parsed
            .map_err(|_| "a block that can't be read".to_string())?
            .1
        {
            Block::InterfaceDescription(description) => {
                self.interfaces
                    .push(Interface::new(&description, self.big_endian));
            }
            Block::EnhancedPacket(packet) => {
                let interface = self.interface(packet.if_id)?;
                let ticks = u64::from(packet.ts_high) << 32 | u64::from(packet.ts_low);
                let time_ns = interface.time_ns(ticks);
                return interface.found(time_ns, packet.origlen, packet.caplen, 28, block.len());
            }
            Block::SimplePacket(packet) => {
                let interface = self.interface(0)?;
                let limit = if interface.snaplen == 0 {
                    u32::MAX
                } else {
                    interface.snaplen
                };
                let room = u32::try_from(block.len() - 16).unwrap_or(0);
                let captured = packet.origlen.min(limit).min(room);
                return interface.found(0, packet.origlen, captured, 12, block.len());
            }
            _ => {}
        }
        Ok(Looked::Passed(block.len() as u64))
    }

    /// As an Enhanced Packet Block, but for an interface number of 16 bits with a drop count behind it.
    fn obsolete_packet(&self, block: &[u8]) -> Result<Looked, String> {
        let Some(fixed) = block.get(8..28).filter(|_| block.len() >= 32) else {
            return Err("a block that can't be read".into());
        };
        let word = |at: usize| {
            let octets = [fixed[at], fixed[at + 1], fixed[at + 2], fixed[at + 3]];
            if self.big_endian {
                u32::from_be_bytes(octets)
            } else {
                u32::from_le_bytes(octets)
            }
        };
        let id = if self.big_endian {
            word(0) >> 16
        } else {
            word(0) & 0xffff
        };
        let interface = self.interface(id)?;
        let ticks = u64::from(word(4)) << 32 | u64::from(word(8));
        interface.found(
            interface.time_ns(ticks),
            word(16),
            word(12),
            28,
            block.len(),
        )
    }

    fn interface(&self, id: u32) -> Result<Interface, String> {
        self.interfaces
            .get(id as usize)
            .copied()
            .ok_or_else(|| format!("a frame names interface {id}, which the file doesn't describe"))
    }
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
    ) -> Result<Looked, String> {
        let captured = captured as usize;
        if before + captured + 4 > record {
            return Err(format!(
                "a frame claims {captured} octets, more than its block has"
            ));
        }
        Ok(Looked::Frame(Found {
            time_ns,
            link: self.link,
            wire_len,
            before,
            captured,
            record,
        }))
    }
}
