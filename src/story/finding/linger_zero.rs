//! An abort.

use super::{Finding, Seen, Story};
use crate::story::cause::CauseId;

pub const FINDING: Finding = Finding {
    id: "linger-zero",
    when: "An RST that answers nothing, from a side that had nothing unread, as far as can be told.",
    means: "The {me} threw the connection away without FIN, as SO_LINGER with zero seconds does: what it had not yet sent is lost, and the {peer} learns of it only by an error.",
    attempt: "Remove SO_LINGER from the {me}'s program, or find what kills its sockets (`ss -K`, a listener that closes with connections waiting).",
    find,
};

fn find(story: &Story<'_>) -> Option<Seen> {
    let (side, rows) = story.caused_by(CauseId::LingerZero)?;
    Some(Seen {
        side,
        rows,
        sentence: format!("The {side} aborted the connection with an RST of its own."),
    })
}
