//! What a source hands on: decoded segments with their places, in batches, and at last how it
//! ended.

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
#[derive(Debug, Default)]
pub struct Batch {
    pub segments: Vec<Captured>,
    /// In the order of the capture, as the segments are; frame numbers tell what came between.
    pub errors: Vec<CapturedError>,
    pub tally: Tally,
    pub link: Option<LinkType>,
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
