//! Writing a trace down: text and data, to whatever `Write` it is given.

pub mod connections;
pub mod json;
pub mod ladder;
pub mod page;
pub mod tcpdump;
