//! A SYN into the void.

use super::{Finding, Seen, Story};
use crate::conn::Side;
use crate::story::ending::Kind;
use crate::story::numbers::counted;

pub const FINDING: Finding = Finding {
    id: "syn-unanswered",
    when: "A SYN has no answer in the capture.",
    means: "The SYN or its answer is lost on the way: a host that is down, a firewall that drops, a full backlog, or a wrong route; without an ICMP error connect() waits until tcp_syn_retries is used up.",
    attempt: "Capture on the {peer}'s side too: if the SYN arrives there, look at its firewall and at `nstat -az TcpExtListenDrops`.",
    find,
};

fn find(story: &Story<'_>) -> Option<Seen> {
    if story.ending.kind != Kind::Unanswered {
        return None;
    }
    let rows: Vec<_> = (0..story.trace.len(story.id)).collect();
    let syns = counted(rows.len() as u64, "SYN");
    let but = story.connection.last_error.map_or(String::new(), |seen| {
        let (who, what) = (seen.error.reporter, seen.error.words());
        format!(" but an ICMP error of {who}: {what}")
    });
    Some(Seen {
        side: Side::Client,
        sentence: format!("The client sent {syns} and got no answer{but}."),
        rows,
    })
}
