//! Connections: which segments belong together, and the state of both ends after each.

pub mod analysis;
pub mod certainty;
pub mod connection;
pub mod endpoint;
pub mod errors;
mod evidence;
pub mod reset;
pub mod state;
pub mod table;
pub mod transition;

pub use analysis::{Note, Notes};
pub use connection::{Connection, Observed, Opening, Revision, Roles};
pub use endpoint::Endpoint;
pub use errors::{ErrorSeen, Errors};
pub use reset::ResetSeen;
pub use state::{Certainty, Side, State};
pub use table::{ConnectionId, Table};

#[cfg(test)]
pub(crate) mod tests;
