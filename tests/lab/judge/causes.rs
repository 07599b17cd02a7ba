//! Why a connection was reset: what the script knows, and what tcpviz tells.

use std::net::Shutdown;

use tcpviz::conn::{ConnectionId, Side};
use tcpviz::lab::{Fate, Logged};
use tcpviz::story::cause::{Cause, CauseId, Confidence};
use tcpviz::story::ending::ending;
use tcpviz::trace::Trace;
use tcpviz::wire::Flags;

use super::script::{Act, Call, Scripted};

/// A segment at the relay, and the round in which it came.
#[derive(Clone, Copy)]
pub struct Seen {
    pub round: usize,
    pub logged: Logged,
}

impl Seen {
    pub fn is_reset(&self) -> bool {
        self.logged.segment.has(Flags::RST)
    }

    pub fn is_lost(&self) -> bool {
        self.logged.fate == Fate::Dropped
    }

    /// Whether it passed the client's interface, where tcpviz looks.
    fn is_captured(&self) -> bool {
        self.logged.from == Side::Client || !self.is_lost()
    }
}

/// What tcpviz makes of the first RST that it saw.
pub enum Told {
    /// None was seen.
    NoReset,
    /// It says what the script knows, surely or not.
    Truth { certain: bool },
    /// One line of what is wrong, and whether it was told as certain.
    Wrong { why: String, certain: bool },
}

/// Whether both ends had sent their FINs, and both were captured.
fn is_late(before: &[Seen]) -> bool {
    Side::BOTH.iter().all(|side| {
        let is_fin = |seen: &&Seen| seen.logged.segment.has(Flags::FIN) && seen.is_captured();
        before
            .iter()
            .filter(|seen| seen.logged.from == *side)
            .any(|seen| is_fin(&seen))
    })
}

/// Compares tcpviz's causes with the script's.
pub fn compare(trace: &Trace, id: ConnectionId, scripted: &Scripted, seen: &[Seen]) -> Told {
    let Some(at) = seen
        .iter()
        .position(|seen| seen.is_reset() && seen.is_captured())
    else {
        return Told::NoReset;
    };
    let wrong = |why: String, certain| Told::Wrong { why, certain };
    let reset = &seen[at];
    let Some(truth) = truth(scripted, &seen[..at], reset) else {
        return wrong(
            format!("the script doesn't explain the {}'s RST", reset.logged.from),
            false,
        );
    };
    let told = ending(trace, id);
    let names = |ids: &[CauseId]| {
        ids.iter()
            .map(|id| id.name())
            .collect::<Vec<_>>()
            .join(" or ")
    };
    if told.reset_by.is_none() && is_late(&seen[..at]) {
        // It only ended a TIME-WAIT early.
        let is_told = told
            .causes
            .iter()
            .any(|cause| cause.id == CauseId::TimeWait);
        if is_told {
            return Told::Truth { certain: false };
        }
    }
    if told.reset_by != Some(reset.logged.from) {
        let by = told.reset_by.map_or("nobody", Side::name);
        let why = format!(
            "reset by {by}, not by the {} ({})",
            reset.logged.from,
            names(&truth)
        );
        return wrong(why, false);
    }
    let is_true = |cause: &&Cause| truth.contains(&cause.id);
    let is_certain = |cause: &&Cause| cause.confidence == Confidence::Certain;
    let certain_and_wrong = told
        .causes
        .iter()
        .filter(is_certain)
        .any(|cause| !is_true(&cause));
    if certain_and_wrong || !told.causes.iter().any(|cause| is_true(&cause)) {
        let said: Vec<_> = told
            .causes
            .iter()
            .map(|cause| format!("{} {}", cause.confidence.name(), cause.id.name()))
            .collect();
        return wrong(
            format!("{}, but told: {}", names(&truth), said.join(", ")),
            certain_and_wrong,
        );
    }
    Told::Truth {
        certain: told.causes.iter().any(|cause| is_certain(&cause)),
    }
}

/// The causes of an RST, of which each is right; `before` is what came to the relay earlier.
fn truth(scripted: &Scripted, before: &[Seen], reset: &Seen) -> Option<Vec<CauseId>> {
    let by = reset.logged.from;
    let own = reason(scripted, before, reset)?;
    let lost = before
        .iter()
        .position(|seen| seen.is_reset() && seen.logged.from == by);
    let (Some(lost), CauseId::DataAfterClose) = (lost, own) else {
        return Some(vec![own]);
    };
    // An earlier one of this side was lost before it was captured: whoever asks after that is told only that there is
    // no such connection.
    let earlier = reason(scripted, &before[..lost], &before[lost])?;
    Some(vec![CauseId::NoSuchConnection, own, earlier])
}

/// Why this RST was sent: Linux tells by its form whether a call sent it or a segment drew it.
fn reason(scripted: &Scripted, before: &[Seen], reset: &Seen) -> Option<CauseId> {
    let by = reset.logged.from;
    let spoke = before
        .iter()
        .any(|seen| seen.logged.from == by && !seen.is_reset());
    if by == Side::Server && !spoke {
        return Some(CauseId::Refused);
    }
    let mut acts = scripted.acts.iter().filter(|act| act.side == by);
    if reset.logged.segment.has(Flags::ACK) {
        let ends =
            |act: &&Act| act.round == reset.round && matches!(act.call, Call::Close | Call::Abort);
        let act = acts.find(ends)?;
        // Linux looks for unread data first, whatever SO_LINGER says.
        return match act.call {
            _ if act.unread > 0 => Some(CauseId::UnreadData),
            Call::Abort => Some(CauseId::LingerZero),
            _ => None,
        };
    }
    let mut reads = true;
    let mut writes = true;
    for act in acts.filter(|act| act.round <= reset.round) {
        let closes = matches!(act.call, Call::Close | Call::CloseDrained | Call::Abort);
        let both = closes || act.call == Call::Shutdown(Shutdown::Both);
        reads &= !both && act.call != Call::Shutdown(Shutdown::Read);
        writes &= !both && act.call != Call::Shutdown(Shutdown::Write);
    }
    (!reads && !writes).then_some(CauseId::DataAfterClose)
}
