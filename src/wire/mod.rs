//! From octets to segments: link layer, IP, TCP. Knows nothing of connections.

pub mod batch;
pub mod decode;
pub mod frame;
pub mod link;
pub mod options;
pub mod ports;
pub mod segment;
pub mod seq;

pub use batch::{Batch, Captured, Ended, Feed, Place, Tally};
pub use decode::{Decoded, NotDecoded, decode};
pub use frame::Frame;
pub use link::LinkType;
pub use ports::Ports;
pub use segment::{Flags, Segment};
pub use seq::Seq;
