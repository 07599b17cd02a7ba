//! A peer that no longer answers probes.

use super::{Finding, Seen, Story};
use crate::story::cause::CauseId;
use crate::story::numbers::counted;

pub const FINDING: Finding = Finding {
    id: "keep-alive-failed",
    when: "Keep-alive probes without an answer, then an RST.",
    means: "The {peer}'s host was gone or unreachable: after the last probe the {me} gave up, and its program gets ETIMEDOUT.",
    attempt: "Check the {peer}'s host and the way to it; the pace is set by tcp_keepalive_time, _intvl and _probes.",
    find,
};

fn find(story: &Story<'_>) -> Option<Seen> {
    let (side, rows) = story.caused_by(CauseId::KeepAliveTimeout)?;
    let probes = counted(rows.len().saturating_sub(1) as u64, "probe");
    Some(Seen {
        side,
        rows,
        sentence: format!("The {side} gave up after {probes} without an answer."),
    })
}
