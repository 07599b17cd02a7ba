//! A new connection in place of a TIME-WAIT.

use super::{Finding, Seen, Story};
use crate::conn::Side;

pub const FINDING: Finding = Finding {
    id: "time-wait-reused",
    when: "A SYN opens a connection whose addresses and ports were still in TIME-WAIT.",
    means: "The {me} used the same port again within a minute; a newer sequence number or timestamp lets the SYN end the old TIME-WAIT (RFC 9293, 3.6.1), anything else would be refused.",
    attempt: "Nothing, if it opened; otherwise let the {me} keep its connections or use more ports (ip_local_port_range).",
    find,
};

fn find(story: &Story<'_>) -> Option<Seen> {
    story.connection.reuses_time_wait.then(|| Seen {
        side: Side::Client,
        rows: vec![0],
        sentence: "The SYN met the TIME-WAIT of the connection before.".into(),
    })
}
