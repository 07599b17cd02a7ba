//! What matters most about a segment: each view has a colour, or another sign, for it.

use crate::wire::Flags;

/// What a segment is, first of all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Matter {
    /// It resets the connection.
    Reset,
    /// Something went wrong on the way: a retransmission, or the like.
    Trouble,
    /// It ends a direction.
    Close,
    /// It opens the connection.
    Open,
    /// None of these.
    Plain,
}

impl Matter {
    /// Of a segment with these flags.
    #[must_use]
    pub fn of(flags: Flags, troubled: bool) -> Matter {
        if flags.has(Flags::RST) {
            Matter::Reset
        } else if troubled {
            Matter::Trouble
        } else if flags.has(Flags::FIN) {
            Matter::Close
        } else if flags.has(Flags::SYN) {
            Matter::Open
        } else {
            Matter::Plain
        }
    }
}
