//! What stands in a log: segments without what the connection tells already, and what else befell it.

use std::net::IpAddr;

use crate::conn::{Connection, Side, Stimulus};
use crate::wire::{Captured, Flags, IcmpError, Place, Segment, Seq, Told};

/// One entry of a log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Entry {
    Segment(Logged),
    Stimulus(Befell),
}

/// A segment as the log has it: whose it is instead of its addresses, and no urgent pointer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Logged {
    /// Nanoseconds since the Unix epoch.
    pub time_ns: u64,
    /// Nothing but the frame's number where the log keeps no places.
    pub place: Place,
    pub from: Side,
    pub flags: Flags,
    pub seq: Seq,
    pub ack: Seq,
    pub len: u32,
    pub wnd: u16,
    pub ttl: u8,
    pub told: Told,
}

impl Logged {
    #[must_use]
    pub fn of(captured: &Captured, from: Side) -> Self {
        let Segment {
            flags,
            seq,
            ack,
            len,
            wnd,
            ttl,
            told,
            ..
        } = captured.segment;
        Logged {
            time_ns: captured.time_ns,
            place: captured.place,
            from,
            flags,
            seq,
            ack,
            len,
            wnd,
            ttl,
            told,
        }
    }
}

/// What befell a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Befell {
    Met { receiver: Side, at: u64 },
    Replaced { at: u64 },
    Doubt,
    Error(Reported),
}

/// An ICMP error as the log has it: whose segment it is about instead of addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reported {
    pub about: Side,
    pub reporter: IpAddr,
    pub seq: Seq,
    pub kind: u8,
    pub code: u8,
}

impl Reported {
    /// The error as it came.
    #[must_use]
    pub fn error(&self, of: &Connection) -> IcmpError {
        let Reported {
            about,
            reporter,
            seq,
            kind,
            code,
        } = *self;
        IcmpError {
            reporter,
            src: of.addresses[about],
            dst: of.addresses[about.peer()],
            seq,
            kind,
            code,
        }
    }
}

impl Befell {
    #[must_use]
    pub fn of(stimulus: Stimulus<'_>, connection: &Connection) -> Self {
        match stimulus {
            Stimulus::Met { receiver, at } => Befell::Met { receiver, at },
            Stimulus::Replaced { at } => Befell::Replaced { at },
            Stimulus::Doubt => Befell::Doubt,
            Stimulus::Error(error) => Befell::Error(Reported {
                about: if error.src == connection.addresses.client {
                    Side::Client
                } else {
                    Side::Server
                },
                reporter: error.reporter,
                seq: error.seq,
                kind: error.kind,
                code: error.code,
            }),
        }
    }
}
