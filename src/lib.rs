//! tcpviz shows how TCP connections close.
//!
//! The library is a pipeline, read from top to bottom: *frames come in, segments are decoded, connections are
//! followed, the story is told, and someone shows it.* Each module may import only those before it in this order
//! (`tests/layers.rs` holds the table).

pub mod wire;

pub mod conn;

pub mod trace;
