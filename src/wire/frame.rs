//! A frame: the octets of one capture record, and where they came from.

use super::LinkType;

/// One captured frame. It may hold no TCP at all.
#[derive(Clone, Copy, Debug)]
pub struct Frame<'a> {
    /// Number in the capture, from 1, as tcpdump and Wireshark count.
    pub number: u32,
    /// Nanoseconds since the Unix epoch.
    pub time_ns: u64,
    /// What the first octet of `data` belongs to.
    pub link: LinkType,
    /// Octets from the start of the capture file (decompressed) to the start of `data`.
    pub offset: u64,
    /// Octets the frame had on the wire; `data` is shorter where the snap length cut it.
    pub wire_len: u32,
    /// The captured octets.
    pub data: &'a [u8],
}
