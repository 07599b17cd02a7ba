//! The story of a connection: what every view shows, in the same words. Rows of the ladder, how a
//! connection ended, what a segment does. No colours and no files here.

pub mod arrow;
pub mod aside;
pub mod cause;
pub mod clock;
pub mod code;
pub mod course;
pub mod diagram;
pub mod ending;
pub mod expected;
pub mod fate;
pub mod fields;
pub mod finding;
pub mod glossary;
pub mod hexdump;
pub mod ladder;
pub mod mark;
pub mod matter;
pub mod numbers;
pub mod owner;
pub mod printable;
pub mod program;
pub mod query;
pub mod reason;
pub mod relation;
pub mod sentence;
pub mod shown;
pub mod space;
pub mod summary;
pub mod tcpdump;
pub mod telling;
pub mod time_shown;
pub mod timeline;
pub mod wrap;

pub use arrow::Charset;
pub use course::{Change, Course};
pub use ending::{Ending, Kind};
pub use expected::Expected;
pub use fate::Fate;
pub use ladder::{Columns, Row, Style};
pub use owner::{Owned, Owner};
pub use query::{Query, Search};
pub use summary::Summary;
pub use time_shown::TimeShown;
pub use timeline::Timeline;

#[cfg(test)]
pub(crate) mod tests;
