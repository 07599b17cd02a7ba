//! A write to a side that had closed.

use super::{Finding, Seen, Story};
use crate::story::cause::CauseId;

pub const FINDING: Finding = Finding {
    id: "data-after-close",
    when: "An RST that answers data, from a side that had closed.",
    means: "The {me} had closed its socket altogether (or shut down both directions), so nobody could take the data, and the {peer} can't write any more: EPIPE if a FIN had come before (which says only that the {me} sends no more), otherwise ECONNRESET once.",
    attempt: "Let the {peer} read before it writes and stop at 0, or let the {me} use shutdown(SHUT_WR) and read until 0 before it closes.",
    find,
};

fn find(story: &Story<'_>) -> Option<Seen> {
    let (side, rows) = story.caused_by(CauseId::DataAfterClose)?;
    Some(Seen {
        side,
        rows,
        sentence: format!(
            "The {} wrote after the {side} had closed, and got an RST.",
            side.peer()
        ),
    })
}
