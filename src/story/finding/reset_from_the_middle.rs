//! An RST that its sender seems not to have sent.

use super::{Finding, Seen, Story};

pub const FINDING: Finding = Finding {
    id: "reset-from-the-middle",
    when: "After an RST its sender goes on, or the RST came with another TTL than its sender's other segments.",
    means: "Somebody between the two ends (firewall, intrusion prevention, load balancer) probably cut the connection in the {me}'s name.",
    attempt: "Capture at the {me}'s host: if the RST never leaves it, ask who runs what is in between.",
    find,
};

fn find(story: &Story<'_>) -> Option<Seen> {
    let reset = story.connection.reset?;
    let (ttl, usual) = reset.ttl;
    let side = reset.by;
    let sentence = match usual {
        _ if reset.denied => format!("The {side} went on after the RST in its name."),
        Some(usual) if reset.came_another_way() => {
            format!("The RST came with TTL {ttl}, the {side}'s other segments with {usual}.")
        }
        _ => return None,
    };
    Some(Seen {
        side,
        rows: vec![reset.row as usize],
        sentence,
    })
}
