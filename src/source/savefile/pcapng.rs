//! pcapng: blocks; interfaces that each have a link type, a snap length and a time resolution; and
//! sections that may change the byte order and forget the interfaces.

use pcap_parser::InterfaceDescriptionBlock;
use pcap_parser::pcapng::{Block, OptionCode, parse_block_be, parse_block_le};

use super::{Found, Looked, word};
use crate::source::buffer::CAPACITY;
use crate::wire::LinkType;

pub const SHB: u32 = 0x0a0d_0d0a;
const IDB: u32 = 1;
/// The obsolete Packet Block, which pcap-parser doesn't know.
const PB: u32 = 2;
const SPB: u32 = 3;
const EPB: u32 = 6;

/// Interfaces that a section may describe: what each takes is kept until the section ends.
const INTERFACES: usize = 1 << 20;

const UNREADABLE: &str = "a block that can't be read";

/// The byte order of the section, and the interfaces it has described so far.
#[derive(Default)]
pub struct Pcapng {
    big_endian: bool,
    interfaces: Vec<Interface>,
}

struct Interface {
    link: LinkType,
    snaplen: u32,
    /// Nanoseconds in a unit, if that is a whole number and nothing is to be added.
    unit_ns: Option<u64>,
    /// Units in a second; `None` if that doesn't fit 128 bits.
    resolution: Option<u128>,
    /// Seconds to add.
    offset: i64,
}

impl Pcapng {
    /// Looks at the block at the start of `octets`.
    pub(super) fn block(&mut self, octets: &[u8]) -> Result<Looked, String> {
        let Some(header) = octets.first_chunk::<12>() else {
            return Ok(Looked::Incomplete);
        };
        if word(header, 0, true) == SHB {
            self.big_endian = word(header, 8, true) == 0x1a2b_3c4d;
            self.interfaces.clear();
        }
        let kind = word(header, 0, self.big_endian);
        let len = word(header, 4, self.big_endian);
        if len < 12 || !len.is_multiple_of(4) {
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
            Some(block) if matches!(kind, EPB | PB) => self.packet(block, kind),
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
        match parsed.map_err(|_| UNREADABLE.to_string())?.1 {
            Block::InterfaceDescription(description) => {
                if self.interfaces.len() == INTERFACES {
                    return Err(format!("it describes more than {INTERFACES} interfaces"));
                }
                self.interfaces
                    .push(Interface::new(&description, self.big_endian));
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

    /// An Enhanced Packet Block, or the obsolete one: that has an interface number of 16 bits with a
    /// drop count behind it.
    fn packet(&self, block: &[u8], kind: u32) -> Result<Looked, String> {
        let Some((fixed, rest)) = block[8..].split_first_chunk::<20>() else {
            return Err(UNREADABLE.into());
        };
        let word = |at: usize| word(fixed, at, self.big_endian);
        if rest.last_chunk() != block[4..].first_chunk::<4>() {
            return Err(UNREADABLE.into());
        }
        let id = match (kind, self.big_endian) {
            (EPB, _) => word(0),
            (_, true) => word(0) >> 16,
            (_, false) => word(0) & 0xffff,
        };
        let interface = self.interface(id)?;
        let ticks = u64::from(word(4)) << 32 | u64::from(word(8));
        let time_ns = interface.time_ns(ticks);
        interface.found(time_ns, word(16), word(12), 28, block.len())
    }

    fn interface(&self, id: u32) -> Result<&Interface, String> {
        self.interfaces
            .get(id as usize)
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
        let whole = resolution.filter(|units| offset == 0 && 1_000_000_000 % units == 0);
        Interface {
            unit_ns: whole.and_then(|units| u64::try_from(1_000_000_000 / units).ok()),
            link: LinkType::from_dlt(block.linktype.0),
            snaplen: block.snaplen,
            resolution,
            offset,
        }
    }

    /// Nanoseconds since the epoch; what doesn't fit is as far as it goes.
    fn time_ns(&self, ticks: u64) -> u64 {
        if let Some(time_ns) = self.unit_ns.and_then(|unit| unit.checked_mul(ticks)) {
            return time_ns;
        }
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
