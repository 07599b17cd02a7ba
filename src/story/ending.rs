//! How a connection ended, as far as the capture shows it. Why it was reset or timed out is in
//! `cause/`.

use super::cause::{Cause, CauseId, Confidence, Silence, causes, silence};
use super::clock;
use super::numbers::{counted, span};
use crate::conn::connection::FinSeen;
use crate::conn::{Connection, ConnectionId, Opening, Side, State};
use crate::trace::Trace;
use crate::wire::Flags;

/// A silence shorter than this says nothing.
const WORTH_TELLING_NS: u64 = 1_000_000_000;

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
    /// What one side repeated was never acknowledged.
    TimedOut,
    /// One side sent FIN; the other direction is open at the end of the capture.
    HalfClosed,
    /// No close in the capture.
    Open,
    /// SYN without an answer.
    Unanswered,
}

impl Kind {
    pub const ALL: [Kind; 8] = [
        Kind::Orderly,
        Kind::Simultaneous,
        Kind::Reset,
        Kind::Refused,
        Kind::TimedOut,
        Kind::HalfClosed,
        Kind::Open,
        Kind::Unanswered,
    ];

    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Kind::Orderly => "orderly",
            Kind::Simultaneous => "simultaneous",
            Kind::Reset => "reset",
            Kind::Refused => "refused",
            Kind::TimedOut => "timed-out",
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

/// What an ending is, without the words: what a list of very many connections needs of each.
pub(super) struct Outcome {
    pub kind: Kind,
    pub closed_first: Option<Side>,
    pub reset_by: Option<Side>,
    pub causes: Vec<Cause>,
    /// Where there was no RST.
    pub silence: Option<Silence>,
    /// Who sent the first FIN, if there was one before any RST.
    first_fin: Option<Side>,
}

/// The outcome of a connection, as known now.
#[must_use]
pub(super) fn outcome(trace: &Trace, id: ConnectionId) -> Outcome {
    let connection = trace.connection(id);
    let reset = connection.reset;
    let is_before = |fin: &&FinSeen| reset.is_none_or(|reset| fin.row < reset.row);
    let first_fin = connection.fins.first().filter(is_before).map(|fin| fin.by);
    let silence = match reset {
        Some(_) => None,
        None => silence(trace, id),
    };
    let given_up = silence.is_some_and(|silence| silence.given_up);
    let kind = match (reset, connection.fins.len()) {
        (Some(reset), _) if reset.refused => Kind::Refused,
        (Some(_), _) => Kind::Reset,
        (None, 0) if connection.is_unanswered() => Kind::Unanswered,
        (None, _) if given_up => Kind::TimedOut,
        // A socket connected to itself has one FIN, which crosses itself.
        (None, 1..) if connection.simultaneous_close => Kind::Simultaneous,
        (None, 2..) => Kind::Orderly,
        (None, 1) => Kind::HalfClosed,
        (None, 0) => Kind::Open,
    };
    Outcome {
        kind,
        closed_first: first_fin.or(reset.filter(|reset| !reset.refused).map(|reset| reset.by)),
        reset_by: reset.map(|reset| reset.by),
        causes: causes(trace, id),
        silence,
        first_fin,
    }
}

/// The ending of a connection, as known now.
#[must_use]
pub fn ending(trace: &Trace, id: ConnectionId) -> Ending {
    let connection = trace.connection(id);
    let Outcome {
        kind,
        closed_first,
        reset_by,
        causes,
        silence,
        first_fin,
    } = outcome(trace, id);
    let evidence = match causes.first() {
        Some(cause) => cause.rows.clone(),
        None => connection.fins.iter().map(|fin| fin.row as usize).collect(),
    };
    let summary = match kind {
        Kind::Orderly | Kind::Simultaneous => close_summary(trace, id, kind, first_fin),
        Kind::Reset => reset_summary(trace, id, &causes),
        Kind::Refused => format!(
            "Refused: {} answered the SYN with RST.",
            connection.addresses.server
        ),
        Kind::TimedOut | Kind::Unanswered => silence_summary(trace, id, kind, silence),
        Kind::HalfClosed | Kind::Open => open_summary(&connection, first_fin, silence),
    };
    Ending {
        kind,
        closed_first,
        reset_by,
        reply: connection
            .reset
            .map(|reset| reset.refused || !trace.row(id, reset.row as usize).flags.has(Flags::ACK)),
        summary,
        causes,
        evidence,
    }
}

/// Both FINs were sent.
fn close_summary(trace: &Trace, id: ConnectionId, kind: Kind, first: Option<Side>) -> String {
    let connection = trace.connection(id);
    let mut text = match first.filter(|_| kind == Kind::Orderly) {
        Some(first) => format!("Orderly close, the {first} first"),
        None => "Simultaneous close: the FINs crossed".into(),
    };
    let rest: Vec<_> = Side::BOTH
        .into_iter()
        .filter_map(|side| fin_unacknowledged(&connection, side))
        .map(|side| format!("the {side}'s FIN isn't acknowledged"))
        .collect();
    if !rest.is_empty() {
        text += &format!("; {}", rest.join(", "));
    }
    if let Some(row) = connection.time_wait_killed {
        text += &format!("; an RST (segment {}) ended TIME-WAIT early", row + 1);
    }
    let over = Side::BOTH
        .into_iter()
        .filter(|side| clock::time_wait_is_over(trace, id, *side));
    for side in over {
        text += &format!("; the {side}'s TIME-WAIT is over by the clock (60 s on Linux)");
    }
    text + "."
}

/// Nobody answers: a SYN, or what one side repeats.
fn silence_summary(
    trace: &Trace,
    id: ConnectionId,
    kind: Kind,
    silence: Option<Silence>,
) -> String {
    let connection = trace.connection(id);
    let error = silence.and_then(|silence| silence.error);
    let error = error.map_or(String::new(), |seen| {
        format!("; {} says: {}", seen.error.reporter, seen.error.words())
    });
    let missing = missing(&connection);
    if kind == Kind::Unanswered {
        let syns = counted(connection.rows.into(), "SYN");
        return format!("Unanswered: no reply to {syns}{error}{missing}.");
    }
    let Some(silence) = silence else {
        return "Timed out.".into();
    };
    let lasted = trace
        .row(id, silence.last)
        .time_ns
        .saturating_sub(trace.row(id, silence.first).time_ns);
    let fin = connection.fin_row(silence.by) == u32::try_from(silence.first).ok();
    format!(
        "Timed out: the {} repeated its {} {} in {} and got no answer{error}{missing}.",
        silence.by,
        if fin { "FIN" } else { "data" },
        times(silence.repetitions),
        span(lasted, true),
    )
}

/// One direction, or both, are open at the end of the capture.
fn open_summary(connection: &Connection, first: Option<Side>, silence: Option<Silence>) -> String {
    let unanswered = silence.map_or(String::new(), |silence| {
        let times = times(silence.repetitions);
        format!(
            "; the {} repeats itself ({times}), unanswered so far",
            silence.by
        )
    });
    let lacks = connection.is_incomplete() || connection.is_in_doubt();
    let missing = missing(connection);
    if let Some(first) = first {
        let peer = first.peer();
        let other = if connection.is_in_doubt() {
            "'s isn't in the capture"
        } else if lacks {
            "'s isn't in the capture, which is incomplete"
        } else {
            " has not"
        };
        return format!(
            "Half-closed: the {first} has sent its FIN, the {peer}{other}{unanswered}{missing}."
        );
    }
    let begun = match connection.opening {
        Opening::Seen => "",
        Opening::Midway => ", begun before the capture",
    };
    let so_far = if lacks {
        "in what was captured"
    } else {
        "so far"
    };
    format!("Open{begun}: no FIN and no RST {so_far}{unanswered}{missing}.")
}

/// That frames are missing, which may hold what is told not to have come.
fn missing(connection: &Connection) -> &'static str {
    if connection.is_in_doubt() {
        ", and frames are missing"
    } else {
        ""
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
fn reset_summary(trace: &Trace, id: ConnectionId, causes: &[Cause]) -> String {
    let connection = trace.connection(id);
    let by = connection.reset.map_or(Side::Client, |reset| reset.by);
    let first = causes.first();
    if first.is_some_and(|cause| cause.id == CauseId::Unknown && cause.against.is_some()) {
        return format!("Reset in the {by}'s name, perhaps by somebody on the way.");
    }
    // A third one is in the evidence; a headline of three says nothing.
    let words: Vec<_> = causes
        .iter()
        .take(2)
        .map(|cause| cause.id.words())
        .collect();
    let sure = first.is_none_or(|cause| cause.confidence != Confidence::Likely);
    let probably = if sure { "" } else { "probably " };
    let gap = silent_before(trace, id)
        .filter(|_| first.is_some_and(|cause| cause.id == CauseId::NoSuchConnection))
        .map_or(String::new(), |gap| {
            format!("; it had been silent for {}", span(gap, true))
        });
    format!("Reset by the {by}: {probably}{}{gap}.", words.join(", or "))
}

/// `once`, `4 times`.
#[must_use]
pub fn times(count: usize) -> String {
    match count {
        1 => "once".into(),
        more => counted(more as u64, "time"),
    }
}

/// How long the RST's sender had been silent, where that is worth a word.
fn silent_before(trace: &Trace, id: ConnectionId) -> Option<u64> {
    let reset = trace.connection(id).reset?;
    let row = reset.row as usize;
    let own = (0..row)
        .rev()
        .find(|&above| trace.row(id, above).from == reset.by)?;
    let gap = trace
        .row(id, row)
        .time_ns
        .saturating_sub(trace.row(id, own).time_ns);
    (gap >= WORTH_TELLING_NS).then_some(gap)
}
