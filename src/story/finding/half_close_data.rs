//! Data in the direction that a half-close left open.

use super::{Finding, Seen, Story};
use crate::conn::Note;
use crate::conn::connection::FinSeen;

pub const FINDING: Finding = Finding {
    id: "half-close-data",
    when: "A side that has sent its FIN acknowledges data that came after it, and no RST follows.",
    means: "The {me} used shutdown(SHUT_WR), not close(): it sends no more but still reads, which is the clean way to end.",
    attempt: "Nothing: this is as it should be; only make sure that the {me} reads until 0.",
    find,
};

fn find(story: &Story<'_>) -> Option<Seen> {
    if story.ending.reset_by.is_some() {
        return None;
    }
    let taken = |fin: &FinSeen| {
        let (me, from) = (fin.by, fin.row as usize);
        let end = &story.connection.ends[me];
        let rows = story.rows(|record| {
            let again = record.notes.has(Note::Retransmission);
            record.from == me.peer() && record.len > 0 && !again
        });
        let data = rows.into_iter().find(|&row| {
            let record = story.trace.row(story.id, row);
            row > from && end.acked.is_some_and(|acked| acked.after(record.seq))
        })?;
        Some(Seen {
            side: me,
            rows: vec![from, data],
            sentence: format!("The {me} took data after its own FIN."),
        })
    };
    story.connection.fins.iter().find_map(taken)
}
