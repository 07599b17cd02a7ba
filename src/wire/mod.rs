//! From octets to segments: link layer, IP, TCP. Knows nothing of connections.

pub mod batch;
pub mod decode;
pub mod frame;
pub mod icmp;
pub mod link;
pub mod options;
pub mod ports;
pub mod segment;
pub mod seq;

pub use batch::{Batch, Captured, CapturedError, Ended, Feed, Place, Tally};
pub use decode::{Decoded, NotDecoded, decode, decode_error, decode_plain};
pub use frame::Frame;
pub use icmp::IcmpError;
pub use link::LinkType;
pub use ports::Ports;
pub use segment::{Flags, Segment, Told};
pub use seq::Seq;
