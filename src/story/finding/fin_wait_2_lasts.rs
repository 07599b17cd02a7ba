//! A side that closed and waits for the other FIN.

use super::{Finding, Seen, Story};
use crate::conn::State;

pub const FINDING: Finding = Finding {
    id: "fin-wait-2-lasts",
    when: "A side stays in FIN-WAIT-2 for 10 s or more.",
    means: "The {me} closed its direction, and the {peer} didn't close its own meanwhile: Linux waits 60 s (tcp_fin_timeout) if the socket is closed, for ever if it was only shut down.",
    attempt: "Look for a missing close() in the {peer}'s program; while it lasts, `ss -tnp state close-wait` names the process.",
    find,
};

fn find(story: &Story<'_>) -> Option<Seen> {
    story.lasting(State::FinWait2)
}
