//! A peer that has forgotten the connection.

use super::{Finding, Seen, Story};
use crate::story::cause::CauseId;

pub const FINDING: Finding = Finding {
    id: "peer-rebooted",
    when: "A bare RST answers a segment of an open connection.",
    means: "The {me}'s host has no such connection any more: it restarted, its process was replaced, or something on the way (NAT, load balancer, firewall) forgot it.",
    attempt: "Compare with the {me}'s uptime and logs; if it never restarted, look at idle time-outs on the way.",
    find,
};

fn find(story: &Story<'_>) -> Option<Seen> {
    let (side, rows) = story.caused_by(CauseId::NoSuchConnection)?;
    Some(Seen {
        side,
        rows,
        sentence: format!("The {side} answered with RST as if it had never had this connection."),
    })
}
