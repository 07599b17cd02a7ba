//! A connection that nobody accepts.

use super::{Finding, Seen, Story};
use crate::story::cause::CauseId;

pub const FINDING: Finding = Finding {
    id: "refused",
    when: "A SYN is answered by RST.",
    means: "Nothing listens on that address and port, or a firewall says so in its place; the {peer}'s connect() fails with ECONNREFUSED.",
    attempt: "Check on the {me}'s host that the service runs and on which address it listens: `ss -tlnp`.",
    find,
};

fn find(story: &Story<'_>) -> Option<Seen> {
    let (side, rows) = story.caused_by(CauseId::Refused)?;
    let address = story.connection.addresses[side];
    Some(Seen {
        side,
        rows,
        sentence: format!("{address} answered the SYN with RST."),
    })
}
