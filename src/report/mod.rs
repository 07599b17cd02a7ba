//! Writing a trace down: text and data, to whatever `Write` it is given.

pub mod connections;
pub mod csv;
mod drawn;
pub mod few;
pub mod html;
mod in_order;
pub mod json;
pub mod ladder;
pub mod markdown;
mod markup;
pub mod mermaid;
pub mod page;
pub mod palette;
mod segment;
pub mod svg;
pub mod tcpdump;
