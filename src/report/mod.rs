//! Writing a trace down: text and data, to whatever `Write` it is given.

pub mod connections;
mod drawn;
pub mod few;
pub mod json;
pub mod ladder;
mod markup;
pub mod page;
pub mod palette;
pub mod svg;
pub mod tcpdump;
