//! The story of a connection: what every view shows, in the same words. Rows of the ladder, how a
//! connection ended, what a segment does. No colours and no files here.

pub mod arrow;
pub mod aside;
pub mod cause;
pub mod clock;
pub mod course;
pub mod ending;
pub mod finding;
pub mod ladder;
pub mod numbers;
pub mod owner;
pub mod program;
pub mod sentence;
pub mod tcpdump;
pub mod telling;

pub use arrow::Charset;
pub use course::{Change, Course};
pub use ending::{Ending, Kind};
pub use ladder::{Columns, Row, Style};
pub use owner::{Owned, Owner};

#[cfg(test)]
pub(crate) mod tests;
