//! ICMP errors tied to a connection.

use super::{Connection, Revision, Side};
use crate::wire::icmp::IcmpError;

/// One error about one of the connection's segments.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ErrorSeen {
    /// How many segments of the connection came before it.
    pub rows: u32,
    /// Whose segment it is about.
    pub about: Side,
    pub error: IcmpError,
}

impl Connection {
    /// Takes an error about one of this connection's segments; `None` if it quotes a number that
    /// isn't outstanding (Linux ignores it too: OutOfWindowIcmps). What it shows of rows before comes
    /// with it.
    pub fn report(&mut self, error: &IcmpError) -> Option<(ErrorSeen, Vec<Revision>)> {
        let about = if error.src == self.addresses.client {
            Side::Client
        } else {
            Side::Server
        };
        let end = &self.ends[about];
        let sent = end.snd_nxt.is_some_and(|nxt| !error.seq.after(nxt));
        let outstanding = end.snd_una.is_none_or(|una| !error.seq.before(una - 1));
        if !(sent && outstanding) {
            return None;
        }
        let seen = ErrorSeen {
            rows: self.rows,
            about,
            error: *error,
        };
        let mut revisions = Vec::new();
        if error.errno().is_some() {
            self.last_error = Some(seen);
            // It didn't arrive.
            self.not_received(self.peer_of(about), &mut revisions);
        }
        Some((seen, revisions))
    }
}
