//! A close that turned into an RST because data was unread.

use super::{Finding, Seen, Story};
use crate::story::cause::CauseId;

pub const FINDING: Finding = Finding {
    id: "unread-data",
    when: "An RST whose likeliest cause is a close with unread data.",
    means: "Linux sends RST instead of FIN when a socket with unread data is closed (RFC 2525, 2.17), and anything that the {me} had sent and the {peer} has not read by then may be lost with it.",
    attempt: "Let the {me} shut down its sending side, read until 0, and only then close.",
    find,
};

fn find(story: &Story<'_>) -> Option<Seen> {
    let (side, rows) = story.caused_by(CauseId::UnreadData)?;
    Some(Seen {
        side,
        rows,
        sentence: format!("The {side} reset the connection after it had received data."),
    })
}
