//! How a connection ended, as far as the capture shows it. Why it was reset is in `cause.rs`.

use super::cause::{Cause, Confidence, causes};
use super::numbers::counted;
use crate::conn::{Connection, ConnectionId, Opening, Side, State};
use crate::trace::Trace;
use crate::wire::Flags;

/// The kinds of ending. The names are those of the JSON output.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Both sides sent FIN, one after the other.
    Orderly,
    /// Both sides sent FIN before either had the other's.
    Simultaneous,
    /// An RST that counted.
    Reset,
    /// An RST in answer to the SYN.
    Refused,
    /// One side sent FIN; the other direction is open at the end of the capture.
    HalfClosed,
    /// No close in the capture.
    Open,
    /// SYN without an answer.
    Unanswered,
}

impl Kind {
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Kind::Orderly => "orderly",
            Kind::Simultaneous => "simultaneous",
            Kind::Reset => "reset",
            Kind::Refused => "refused",
            Kind::HalfClosed => "half-closed",
            Kind::Open => "open",
            Kind::Unanswered => "unanswered",
        }
    }
}

/// How a connection ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ending {
    pub kind: Kind,
    /// Who sent the first FIN, or the RST where there was none before it; nobody closes what was
    /// refused.
    pub closed_first: Option<Side>,
    pub reset_by: Option<Side>,
    /// Whether the RST answers a segment (it has no ACK of its own, or refuses a SYN) rather than
    /// giving up unasked.
    pub reply: Option<bool>,
    /// Why it was reset, the likeliest first; empty if it wasn't.
    pub causes: Vec<Cause>,
    /// Rows of the connection that show it, from 0, in order.
    pub evidence: Vec<usize>,
    /// One sentence for people.
    pub summary: String,
}

impl Ending {
    /// How sure the named causes are, and the segments that show them, as people count: from 1.
    /// Empty where there is nothing to point at.
    #[must_use]
    pub fn pointer(&self) -> String {
        let rows: Vec<_> = self
            .evidence
            .iter()
            .map(|row| (row + 1).to_string())
            .collect();
        let plural = if rows.len() == 1 { "" } else { "s" };
        let sure = self.causes.first().map(|cause| cause.confidence.name());
        let see = (!rows.is_empty()).then(|| format!("see segment{plural} {}", rows.join(", ")));
        sure.map(String::from)
            .into_iter()
            .chain(see)
            .collect::<Vec<_>>()
            .join(", ")
    }
}

/// The ending of a connection, as known now.
#[must_use]
pub fn ending(trace: &Trace, id: ConnectionId) -> Ending {
    let connection = &trace.connections()[id as usize];
    let mut evidence: Vec<usize> = connection.fins.iter().map(|fin| fin.row as usize).collect();
    let first_fin = connection.fins.first().map(|fin| fin.by);
    let reset = connection.reset;
    let causes = causes(trace, id);
    if let Some(cause) = causes.first() {
        evidence.clone_from(&cause.rows);
    }
    let kind = match (reset, connection.fins.len()) {
        (Some(reset), _) if reset.refused => Kind::Refused,
        (Some(_), _) => Kind::Reset,
        (None, 2..) if connection.simultaneous_close => Kind::Simultaneous,
        (None, 2..) => Kind::Orderly,
        (None, 1) => Kind::HalfClosed,
        (None, 0) if is_unanswered(connection) => Kind::Unanswered,
        (None, 0) => Kind::Open,
    };
    Ending {
        kind,
        closed_first: first_fin.or(reset.filter(|reset| !reset.refused).map(|reset| reset.by)),
        reset_by: reset.map(|reset| reset.by),
        reply: reset
            .map(|reset| reset.refused || !trace.row(id, reset.row as usize).flags.has(Flags::ACK)),
        summary: summary(connection, kind, &causes),
        causes,
        evidence,
    }
}

fn is_unanswered(connection: &Connection) -> bool {
    connection.opening == Opening::Seen
        && connection.ends.server.last_sent.is_none()
        && connection.ends.server.iss.is_none()
}

fn summary(connection: &Connection, kind: Kind, causes: &[Cause]) -> String {
    let first = connection.fins.first().map_or(Side::Client, |fin| fin.by);
    match kind {
        Kind::Orderly | Kind::Simultaneous => {
            let how = if kind == Kind::Orderly {
                format!("Orderly close, the {first} first")
            } else {
                "Simultaneous close: the FINs crossed".into()
            };
            let rest = Side::BOTH
                .map(|side| fin_unacknowledged(connection, side))
                .into_iter()
                .flatten();
            let open: Vec<_> = rest
                .map(|side| format!("the {side}'s FIN isn't acknowledged"))
                .collect();
            if open.is_empty() {
                format!("{how}.")
            } else {
                format!("{how}; {}.", open.join(", "))
            }
        }
        Kind::Reset => reset_summary(connection, causes),
        Kind::Refused => format!(
            "Refused: {} answered the SYN with RST.",
            connection.addresses.server
        ),
        Kind::HalfClosed => {
            format!(
                "Half-closed: the {first} has sent its FIN, the {} has not.",
                first.peer()
            )
        }
        Kind::Open => match connection.opening {
            Opening::Seen => "Open: no FIN and no RST so far.".into(),
            Opening::Midway => "Open, begun before the capture: no FIN and no RST so far.".into(),
        },
        Kind::Unanswered => {
            format!(
                "Unanswered: no reply to {}.",
                counted(connection.rows.into(), "SYN")
            )
        }
    }
}

fn fin_unacknowledged(connection: &Connection, side: Side) -> Option<Side> {
    matches!(
        connection.ends[side].state,
        State::FinWait1 | State::Closing | State::LastAck
    )
    .then_some(side)
}

/// `Reset by the client: data reached it after close().`; where several causes look the same, all of them.
fn reset_summary(connection: &Connection, causes: &[Cause]) -> String {
    let by = connection.reset.map_or(Side::Client, |reset| reset.by);
    let words: Vec<_> = causes.iter().map(|cause| cause.id.words()).collect();
    let sure = causes
        .first()
        .is_none_or(|cause| cause.confidence != Confidence::Likely);
    let probably = if sure { "" } else { "probably " };
    format!("Reset by the {by}: {probably}{}.", words.join(", or "))
}
