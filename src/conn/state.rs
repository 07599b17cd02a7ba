//! The eleven states of RFC 9293, 3.3.2, and how sure an observer can be of one.

use std::fmt;

/// A TCP state. CLOSED is "no connection", as in the RFC.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum State {
    #[default]
    Closed,
    Listen,
    SynSent,
    SynReceived,
    Established,
    FinWait1,
    FinWait2,
    CloseWait,
    Closing,
    LastAck,
    TimeWait,
}

impl State {
    /// Every state, in the order of a connection's life; the index is the discriminant.
    pub const ALL: [State; 11] = [
        State::Closed,
        State::Listen,
        State::SynSent,
        State::SynReceived,
        State::Established,
        State::FinWait1,
        State::FinWait2,
        State::CloseWait,
        State::Closing,
        State::LastAck,
        State::TimeWait,
    ];

    /// The RFC's spelling, which is `ss`'s for all but ESTABLISHED (ESTAB) and SYN-RECEIVED
    /// (SYN-RECV).
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            State::Closed => "CLOSED",
            State::Listen => "LISTEN",
            State::SynSent => "SYN-SENT",
            State::SynReceived => "SYN-RECEIVED",
            State::Established => "ESTABLISHED",
            State::FinWait1 => "FIN-WAIT-1",
            State::FinWait2 => "FIN-WAIT-2",
            State::CloseWait => "CLOSE-WAIT",
            State::Closing => "CLOSING",
            State::LastAck => "LAST-ACK",
            State::TimeWait => "TIME-WAIT",
        }
    }

    /// Whether nothing more is to come from or for this end but what TIME-WAIT absorbs.
    #[must_use]
    pub fn is_over(self) -> bool {
        matches!(self, State::Closed | State::TimeWait)
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// How an observer knows a state; the later, the weaker.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Certainty {
    /// The wire confirmed it: this end sent something only this state sends.
    #[default]
    Proven,
    /// It assumes that the last segment was delivered.
    Presumed,
    /// The capture doesn't hold how this state came about.
    Inferred,
    /// Frames are missing.
    Uncertain,
}

impl Certainty {
    pub const ALL: [Certainty; 4] = [
        Certainty::Proven,
        Certainty::Presumed,
        Certainty::Inferred,
        Certainty::Uncertain,
    ];

    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Certainty::Proven => "proven",
            Certainty::Presumed => "presumed",
            Certainty::Inferred => "inferred",
            Certainty::Uncertain => "uncertain",
        }
    }
}

/// One of the two ends of a connection. The client is who sent the SYN.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Side {
    Client,
    Server,
}

impl Side {
    pub const BOTH: [Side; 2] = [Side::Client, Side::Server];

    #[must_use]
    pub fn peer(self) -> Side {
        match self {
            Side::Client => Side::Server,
            Side::Server => Side::Client,
        }
    }

    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Side::Client => "client",
            Side::Server => "server",
        }
    }
}

impl fmt::Display for Side {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// Something each side has one of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PerSide<T> {
    pub client: T,
    pub server: T,
}

impl<T> PerSide<T> {
    /// What `make` gives for each side.
    pub fn of(mut make: impl FnMut(Side) -> T) -> Self {
        PerSide {
            client: make(Side::Client),
            server: make(Side::Server),
        }
    }
}

impl<T> std::ops::Index<Side> for PerSide<T> {
    type Output = T;
    fn index(&self, side: Side) -> &T {
        match side {
            Side::Client => &self.client,
            Side::Server => &self.server,
        }
    }
}

impl<T> std::ops::IndexMut<Side> for PerSide<T> {
    fn index_mut(&mut self, side: Side) -> &mut T {
        match side {
            Side::Client => &mut self.client,
            Side::Server => &mut self.server,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_are_in_the_order_of_their_discriminants() {
        assert!(
            State::ALL
                .iter()
                .enumerate()
                .all(|(i, state)| *state as usize == i)
        );
        assert!(
            Certainty::ALL
                .iter()
                .enumerate()
                .all(|(i, known)| *known as usize == i)
        );
    }
}
