//! The story of a connection: what every view shows, in the same words. Rows of the ladder, how a
//! connection ended, what a segment does. No colours and no files here.

pub mod arrow;
pub mod cause;
pub mod ending;
pub mod ladder;
pub mod numbers;
pub mod sentence;
pub mod tcpdump;

pub use arrow::Charset;
pub use ending::{Ending, Kind};
pub use ladder::{Columns, Row, Style};
