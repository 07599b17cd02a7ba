//! A FIN that had to be repeated.

use super::{Finding, Seen, Story};
use crate::conn::Note;
use crate::story::ending::times;

pub const FINDING: Finding = Finding {
    id: "fin-retransmitted",
    when: "A FIN is sent again.",
    means: "The FIN or its acknowledgement was lost or is late; states that depend on it wait as long.",
    attempt: "Look for loss between the two ends (`nstat -az TcpRetransSegs`), or for a host that is gone.",
    find,
};

fn find(story: &Story<'_>) -> Option<Seen> {
    let rows = story.rows(|record| record.notes.has(Note::FinRetransmission));
    let side = story.trace.row(story.id, *rows.first()?).from;
    let times = times(rows.len());
    Some(Seen {
        side,
        sentence: format!("The {side} sent its FIN again, {times}."),
        rows,
    })
}
