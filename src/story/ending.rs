//! How a connection ended, as far as the capture shows it. Why it was reset is another question;
//! this tells only what the segments themselves prove.

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

/// How many rows back the segment is looked for that an RST answers.
const ANSWERED_WITHIN: usize = 64;

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
    /// Rows of the connection that show it, from 0, in order.
    pub evidence: Vec<usize>,
    /// One sentence for people.
    pub summary: String,
}

/// The ending of a connection, as known now.
#[must_use]
pub fn ending(trace: &Trace, id: ConnectionId) -> Ending {
    let connection = &trace.connections()[id as usize];
    let mut evidence: Vec<usize> = connection
        .fins
        .iter()
        .map(|&(_, row)| row as usize)
        .collect();
    let first_fin = connection.fins.first().map(|&(side, _)| side);
    let reset = connection.reset;
    if let Some(reset) = reset {
        evidence.retain(|&row| row < reset.row as usize);
        evidence.extend(unwanted_data(trace, id, connection));
        evidence.push(reset.row as usize);
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
        summary: summary(trace, id, connection, kind),
        evidence,
    }
}

fn is_unanswered(connection: &Connection) -> bool {
    connection.opening == Opening::Seen
        && connection.ends.server.last_sent.is_none()
        && connection.ends.server.iss.is_none()
}

fn summary(trace: &Trace, id: ConnectionId, connection: &Connection, kind: Kind) -> String {
    let first = connection
        .fins
        .first()
        .map_or(Side::Client, |&(side, _)| side);
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
        Kind::Reset => reset_summary(trace, id, connection),
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

fn reset_summary(trace: &Trace, id: ConnectionId, connection: &Connection) -> String {
    let Some(reset) = connection.reset else {
        return String::new();
    };
    let by = reset.by;
    let sent_fin = |side| {
        connection
            .fins
            .iter()
            .any(|&(closer, row)| closer == side && row < reset.row)
    };
    match (sent_fin(by), sent_fin(by.peer())) {
        (true, false) if unwanted_data(trace, id, connection).is_some() => {
            format!("Reset by the {by}: data reached it after its FIN.")
        }
        (true, false) => format!("Reset by the {by}, which had sent its FIN before."),
        (false, true) => format!("Reset by the {by}, after the {} had closed.", by.peer()),
        (true, true) => format!("Reset by the {by}, after both had closed."),
        (false, false) => format!("Reset by the {by}; nobody had closed before."),
    }
}

/// The row of the data that an RST without ACK answers, where its sender had closed.
fn unwanted_data(trace: &Trace, id: ConnectionId, connection: &Connection) -> Option<usize> {
    let reset = connection.reset?;
    let rst = trace.row(id, reset.row as usize);
    let (_, fin) = connection.fins.iter().find(|(side, _)| *side == reset.by)?;
    let answers = |row: &usize| {
        let record = trace.row(id, *row);
        record.from != reset.by && record.len > 0 && record.ack == rst.seq
    };
    if rst.flags.has(Flags::ACK) {
        return None;
    }
    // The segment answered is among the last few: an RST isn't delayed.
    (*fin as usize + 1..reset.row as usize)
        .rev()
        .take(ANSWERED_WITHIN)
        .find(answers)
}
