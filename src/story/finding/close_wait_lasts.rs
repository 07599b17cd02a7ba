//! A side that got the FIN and doesn't close.

use super::{Finding, Seen, Story};
use crate::conn::State;

pub const FINDING: Finding = Finding {
    id: "close-wait-lasts",
    when: "A side stays in CLOSE-WAIT for 10 s or more.",
    means: "The {peer} closed and the {me}'s program was told (read() returned 0, or will), but didn't close its socket meanwhile; no clock ends CLOSE-WAIT.",
    attempt: "Look for a missing close() in the {me}'s program; while it lasts, `ss -tnp state close-wait` names the process.",
    find,
};

fn find(story: &Story<'_>) -> Option<Seen> {
    story.lasting(State::CloseWait)
}
