//! Writing a trace down: text and data, to whatever `Write` it is given.

pub mod connections;
pub mod csv;
mod in_order;
pub mod json;
pub mod ladder;
pub mod markdown;
pub mod mermaid;
pub mod page;
mod segment;
pub mod tcpdump;
