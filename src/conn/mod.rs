//! Connections: which segments belong together, and the state of both ends after each.

pub mod analysis;
pub mod certainty;
mod closing;
pub mod connection;
pub mod endpoint;
pub mod errors;
mod evidence;
mod opening;
mod renumber;
pub mod reset;
pub mod revision;
pub mod state;
pub mod stimulus;
pub mod table;
pub mod transition;

pub use analysis::{Note, Notes};
pub use connection::{Connection, Observed, Opening, Roles};
pub use endpoint::Endpoint;
pub use errors::ErrorSeen;
pub use reset::ResetSeen;
pub use revision::{Correction, Revision};
pub use state::{Certainty, Side, State};
pub use stimulus::Stimulus;
pub use table::{ConnectionId, Connections, Table};

#[cfg(test)]
pub(crate) mod tests;
