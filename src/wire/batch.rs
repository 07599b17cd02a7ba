//! What a source hands on: decoded segments with their places, in batches, and at last how it
//! ended.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use super::{IcmpError, LinkType, NotDecoded, Segment};

/// Where a segment's frame stands in the capture file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Place {
    /// Octets to the frame's first, in the decompressed file.
    pub offset: u64,
    /// Captured octets.
    pub captured: u32,
    /// Octets on the wire.
    pub wire_len: u32,
    pub link: LinkType,
    /// The frame's number, from 1.
    pub frame: u32,
}

/// A segment as a source hands it on.
#[derive(Clone, Copy, Debug)]
pub struct Captured {
    /// Nanoseconds since the Unix epoch.
    pub time_ns: u64,
    pub place: Place,
    pub segment: Segment,
}

/// An ICMP error as a source hands it on.
#[derive(Clone, Copy, Debug)]
pub struct CapturedError {
    /// Nanoseconds since the Unix epoch.
    pub time_ns: u64,
    pub place: Place,
    pub error: IcmpError,
}

/// What a capture held, besides the segments kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Frames read.
    pub frames: u64,
    /// Frames that held no TCP.
    pub not_tcp: u64,
    /// Fragments other than first ones.
    pub fragments: u64,
    /// TCP cut or malformed before its window field.
    pub unreadable: u64,
    /// Frames of a link type this program can't read.
    pub unknown_link: u64,
    /// Segments that the ports asked for, or the filter, left out.
    pub filtered: u64,
    /// Frames the kernel or the interface says it dropped.
    pub dropped: u64,
    /// Frames that are in the capture file already, and come later: whoever looks at them is slower than they come.
    pub behind: u64,
    /// The interface is down: nothing can come.
    pub is_down: bool,
    /// The capture file has lost its name: what it holds goes with the process.
    pub is_removed: bool,
}

impl Tally {
    /// Counts a frame that gave no segment.
    pub fn count(&mut self, why: NotDecoded) {
        *match why {
            NotDecoded::NotTcp => &mut self.not_tcp,
            NotDecoded::Fragment => &mut self.fragments,
            NotDecoded::Unreadable => &mut self.unreadable,
            NotDecoded::UnknownLink => &mut self.unknown_link,
        } += 1;
    }
}

/// A run of segments from a source, with the counts up to and including it.
#[derive(Clone, Debug, Default)]
pub struct Batch {
    pub segments: Vec<Captured>,
    /// For each segment the number of its two ends (`pair`), so that whoever follows some of them needn't look at the others;
    /// empty where the source doesn't tell.
    pub pairs: Vec<u32>,
    /// In the order of the capture, as the segments are; frame numbers tell what came between.
    pub errors: Vec<CapturedError>,
    pub tally: Tally,
    pub link: Option<LinkType>,
}

impl Batch {
    /// The segments of one of so many equal shares: all between two ends are in the same.
    pub fn share(&self, share: usize, shares: usize) -> impl Iterator<Item = &Captured> {
        let told = self.pairs.len() == self.segments.len();
        let pair_of = move |n: usize| {
            let seg = &self.segments[n].segment;
            if told {
                self.pairs[n]
            } else {
                pair(seg.src, seg.dst)
            }
        };
        let is_in = move |n: &usize| shares == 1 || is_in(pair_of(*n), share, shares);
        (0..self.segments.len())
            .filter(is_in)
            .map(|n| &self.segments[n])
    }

    /// The same of the ICMP errors.
    pub fn share_of_errors(
        &self,
        share: usize,
        shares: usize,
    ) -> impl Iterator<Item = &CapturedError> {
        let pair = |it: &CapturedError| pair(it.error.src, it.error.dst);
        let is_in = move |it: &&CapturedError| is_in(pair(it), share, shares);
        self.errors.iter().filter(is_in)
    }
}

/// A number for two ends, the same in both directions. Who crafts addresses can give all of them the same.
#[must_use]
pub fn pair(a: SocketAddr, b: SocketAddr) -> u32 {
    let mixed = |address: SocketAddr| {
        let host = match address.ip() {
            IpAddr::V4(ip) => u64::from(ip.to_bits()),
            IpAddr::V6(ip) => {
                let parts = ip.segments().into_iter();
                parts.fold(0, |host, part| host << 9 ^ u64::from(part))
            }
        };
        // 2^64 by the golden ratio: Knuth's multiplicative hashing.
        (host ^ u64::from(address.port()) << 32).wrapping_mul(0x9e37_79b9_7f4a_7c15)
    };
    let [.., a, b, c, d] = mixed(a).wrapping_add(mixed(b)).to_le_bytes();
    u32::from_le_bytes([a, b, c, d])
}

/// Whether a pair belongs to one of so many equal shares.
fn is_in(pair: u32, share: usize, shares: usize) -> bool {
    (u64::from(pair) * shares as u64) >> 32 == share as u64
}

/// How a source ended.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ended {
    /// One sentence if the capture breaks off: what was cut, and where.
    pub cut: Option<String>,
    /// One sentence if the source failed; what came before holds.
    pub error: Option<String>,
}

impl Ended {
    /// Why not everything is there, if so.
    #[must_use]
    pub fn why(&self) -> Option<&str> {
        self.error.as_deref().or(self.cut.as_deref())
    }
}

/// What comes from a source.
#[derive(Clone, Debug)]
pub enum Feed {
    /// The source uses its memory again once everybody has dropped it.
    Batch(Arc<Batch>),
    Ended(Ended),
}
