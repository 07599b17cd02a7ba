//! Saved captures: pcap (micro- and nanoseconds, both byte orders) and pcapng (several sections,
//! interfaces, link types, snap lengths and time resolutions). File headers and rare blocks are
//! parsed by `pcap-parser`; here is what it leaves open: which frame has which link type and time,
//! and what a file that breaks off still holds. The records of frames are read by hand: they are
//! four or five words each, and there are millions.

mod classic;
mod pcapng;

use std::io::{self, Read};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use pcap_parser::{nom, parse_pcap_header};

use super::buffer::Buffer;
#[cfg(feature = "live")]
use super::store::{Growing, Store};
use crate::wire::{Frame, LinkType};
use classic::Classic;
use pcapng::Pcapng;

/// libpcap's MAXIMUM_SNAPLEN: a record that claims more is damaged.
const MAX_FRAME: u32 = 262_144;

/// From so many frames on, each must have taken an octet of the compressed input: time stamps alone take more. Fewer are few
/// enough whatever they are.
const FRAMES_UNASKED: u32 = 1_000_000;

/// What `next_frame` found.
pub enum Next<'a> {
    Frame(Frame<'a>),
    /// Nothing whole is in the buffer: fill it.
    Incomplete,
}

enum Format {
    /// Not enough octets yet to tell.
    Unknown,
    Classic(Classic),
    Pcapng(Pcapng),
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

/// What stands at the start of the octets.
enum Looked {
    /// Not a whole record yet.
    Incomplete,
    /// A record of this many octets without a frame; it may be larger than the buffer.
    Passed(u64),
    Frame(Found),
}

/// A capture being read.
pub struct Savefile<R> {
    input: Buffer<R>,
    format: Format,
    frames: u32,
    /// Octets of a block too large to look at, still to be passed over.
    skip: u64,
    /// Octets that were decompressed to give what was read so far.
    compressed: Option<Arc<AtomicU64>>,
}

#[cfg(feature = "live")]
impl Savefile<Growing> {
    /// Of a file that this program writes, from an octet on before which so many frames stand.
    #[must_use]
    pub fn going_on(store: &Store, octets: u64, frames: u32, link: LinkType) -> Self {
        Savefile {
            input: Buffer::going_on(store.growing_from(octets), octets),
            format: Format::Classic(Classic::own(link)),
            frames,
            skip: 0,
            compressed: None,
        }
    }
}

impl<R: Read> Savefile<R> {
    pub fn new(input: R) -> Self {
        Savefile {
            input: Buffer::new(input),
            format: Format::Unknown,
            frames: 0,
            skip: 0,
            compressed: None,
        }
    }

    /// Of what is being decompressed; `compressed` counts the octets that it was.
    pub fn of_compressed(input: R, compressed: Option<Arc<AtomicU64>>) -> Self {
        Savefile {
            compressed,
            ..Savefile::new(input)
        }
    }

    /// Reads more; `Ok(false)` at the end of the input.
    ///
    /// # Errors
    /// Those of the input; it decompresses to more frames than a capture can.
    pub fn fill(&mut self) -> io::Result<bool> {
        let compressed = self.compressed.as_ref();
        let compressed = compressed.map_or(u64::MAX, |octets| octets.load(Ordering::Relaxed));
        if self.frames > FRAMES_UNASKED && u64::from(self.frames) > compressed {
            return Err(io::Error::other(
                "less than an octet of the compressed file stands for a frame, as in no true capture \
                 (to read it nevertheless: `gzip -dc FILE | tcpviz -`)",
            ));
        }
        Ok(self.input.fill()? > 0)
    }

    /// The next frame of what is in the buffer.
    ///
    /// # Errors
    /// One sentence on why nothing after this place can be read.
    pub fn next_frame(&mut self) -> Result<Next<'_>, String> {
        loop {
            let is_unknown = matches!(self.format, Format::Unknown);
            if is_unknown && !self.recognize()? || self.skip > 0 && !self.pass_over() {
                return Ok(Next::Incomplete);
            }
            let octets = self.input.unread();
            let looked = match &mut self.format {
                Format::Classic(classic) => classic.record(octets),
                Format::Pcapng(pcapng) => pcapng.block(octets),
                Format::Unknown => Ok(Looked::Incomplete),
            };
            match looked {
                Ok(Looked::Frame(found)) => return Ok(Next::Frame(self.take(&found))),
                Ok(Looked::Incomplete) => return Ok(Next::Incomplete),
                Ok(Looked::Passed(len)) => self.skip = len,
                Err(why) => return Err(self.damaged(&why)),
            }
        }
    }

    /// Consumes what is to be skipped; whether all of it has come.
    fn pass_over(&mut self) -> bool {
        let here = self.input.unread().len();
        let now = here.min(usize::try_from(self.skip).unwrap_or(usize::MAX));
        self.input.consume(now);
        self.skip -= now as u64;
        self.skip == 0
    }

    /// What is left over at the end of the input: a record cut short, told in one sentence.
    #[must_use]
    pub fn cut(&self) -> Option<String> {
        let left = self.input.unread().len();
        if matches!(self.format, Format::Unknown) {
            let missing = if left == 0 {
                "is empty"
            } else {
                "ends within its file header"
            };
            return Some(format!("the capture {missing}; there is nothing to show"));
        }
        (self.skip > 0 || left > 0).then(|| self.cut_short())
    }

    /// That the capture ends where it shouldn't.
    #[must_use]
    pub fn cut_short(&self) -> String {
        format!(
            "the capture ends in the middle of a record, after frame {}; everything before is shown",
            self.frames
        )
    }

    fn damaged(&self, why: &str) -> String {
        format!(
            "the capture is damaged after frame {}, at octet {}: {why}; everything before is shown",
            self.frames,
            self.input.position()
        )
    }

    #[inline]
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
        if u32::from_be_bytes(*magic) == pcapng::SHB {
            self.format = Format::Pcapng(Pcapng::default());
            return Ok(true);
        }
        match parse_pcap_header(octets) {
            Ok((_, header)) if header.is_modified_format() => Err(
                "this is the \"modified\" pcap of old Linux kernels: convert it with `editcap -F pcap`".into(),
            ),
            Ok((_, header)) => {
                self.format = Format::Classic(Classic::new(&header));
                self.input.consume(header.size());
                Ok(true)
            }
            Err(nom::Err::Incomplete(_)) => Ok(false),
            Err(_) => Err(not_a_capture(octets)),
        }
    }
}

/// The 32-bit number at `at`, which must be inside.
fn word(octets: &[u8], at: usize, big_endian: bool) -> u32 {
    let octets = [octets[at], octets[at + 1], octets[at + 2], octets[at + 3]];
    if big_endian {
        u32::from_be_bytes(octets)
    } else {
        u32::from_le_bytes(octets)
    }
}

/// Names what people mistake for a capture.
fn not_a_capture(octets: &[u8]) -> String {
    let kind = match octets {
        [0x28, 0xb5, 0x2f, 0xfd, ..] | [0x50..=0x5f, 0x2a, 0x4d, 0x18, ..] => {
            "it is zstd-compressed: `zstd -dc FILE | tcpviz -`, or build tcpviz with --features zstd"
        }
        [0xfd, b'7', b'z', b'X', ..] => "it is xz-compressed: decompress it with `xz -d` first",
        [b'B', b'Z', b'h', ..] => "it is bzip2-compressed: decompress it with `bzip2 -d` first",
        [b'P', b'K', 3, 4, ..] => "it is a zip archive: unpack it first",
        [b's', b'n', b'o', b'o', ..] => "it is a snoop file: convert it with `editcap -F pcap`",
        _ => "it doesn't begin as pcap or pcapng does",
    };
    format!("this is not a capture that tcpviz reads: {kind}")
}
