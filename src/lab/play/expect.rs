//! What came out of an experiment beside what must: the wire, the ending, and its cause.

use crate::conn::{ConnectionId, Side};
use crate::lab::script::Wanted;
use crate::story::cause::Confidence;
use crate::story::ending::ending;
use crate::trace::Trace;
use crate::wire::Flags;

/// Where the connection differs from what is wanted, in sentences.
pub fn differences(trace: &Trace, id: ConnectionId, wanted: &Wanted) -> Vec<String> {
    let mut found = Vec::new();
    let wire = wire(trace, id);
    if !fits(&wire, &wanted.wire) {
        found.push(format!("the wire is {wire}, not {}", wanted.wire));
    }
    let ending = ending(trace, id);
    let told = (ending.kind, ending.closed_first, ending.reset_by);
    if told != (wanted.kind, wanted.closed_first, wanted.reset_by) {
        found.push(format!("the ending is told so: {}", ending.summary));
    }
    let ids: Vec<_> = ending.causes.iter().map(|cause| cause.id).collect();
    let names: Vec<_> = ids.iter().map(|cause| cause.name()).collect();
    match wanted.cause {
        Some(cause) if !ids.contains(&cause) => {
            let told = names.join(", ");
            found.push(format!("the cause is {}, not {told}", cause.name()));
        }
        None if !ids.is_empty() => found.push(format!("no cause is to be told, but {names:?}")),
        _ => {}
    }
    for cause in &ending.causes {
        if cause.confidence == Confidence::Certain && Some(cause.id) != wanted.cause {
            found.push(format!("{} is told as certain", cause.id.name()));
        }
    }
    found
}

/// The wire after the handshake: `>F. <. <P.(1) >R`.
pub fn wire(trace: &Trace, id: ConnectionId) -> String {
    let opened = trace
        .rows_of(id)
        .take(3)
        .filter(|record| record.flags.has(Flags::SYN))
        .count();
    // The third segment of the handshake is a bare ACK.
    let skipped = if opened == 2 { 3 } else { 0 };
    let mut tokens: Vec<(String, usize)> = Vec::new();
    for record in trace.rows_of(id).skip(skipped) {
        let way = way(record.from);
        let data = match record.len {
            0 => String::new(),
            len => format!("({len})"),
        };
        let token = format!("{way}{}{data}", record.flags);
        match tokens.last_mut() {
            Some((last, times)) if *last == token => *times += 1,
            _ => tokens.push((token, 1)),
        }
    }
    let tokens = tokens.into_iter().map(|(token, times)| match times {
        1 => token,
        times => format!("{token}x{times}"),
    });
    tokens.collect::<Vec<_>>().join(" ")
}

/// `>` client to server, `<` server to client.
pub fn way(from: Side) -> char {
    match from {
        Side::Client => '>',
        Side::Server => '<',
    }
}

/// Whether the wire is as wanted; `...` stands for anything.
fn fits(wire: &str, wanted: &str) -> bool {
    let mut rest = wire;
    let parts: Vec<_> = wanted.split("...").map(str::trim).collect();
    for (i, part) in parts.iter().enumerate() {
        let is_last = i + 1 == parts.len();
        let at = match (i, is_last) {
            (0, true) => return wire == *part,
            (0, false) => rest.starts_with(part).then_some(0),
            (_, true) => return rest.ends_with(part),
            _ => rest.find(part),
        };
        let Some(at) = at else { return false };
        rest = &rest[at + part.len()..];
    }
    true
}

#[cfg(test)]
mod tests {
    use super::fits;

    #[test]
    fn dots_stand_for_any_number_of_segments() {
        assert!(fits(">F. <. >R", ">F. <. >R"));
        assert!(!fits(">F. <. >R", ">F. <."));
        assert!(fits(">P.(1) <. >R", ">P.(1) ... >R"));
        assert!(fits(">P.(1)x7", ">P.(1)x..."));
        assert!(!fits(">P.(1) <.", "... >R"));
    }
}
