//! The options as people read them.

use super::{Field, field, header_len};
use crate::story::numbers::{counted, grouped};
use crate::wire::options::{Options, TcpOption};
use crate::wire::{Decoded, Seq};

/// Kinds that tcpviz knows by name only (IANA, "TCP Parameters").
const NAMES: &[(u8, &str, &str)] = &[
    (6, "echo", "obsolete (RFC 6247)"),
    (7, "echo reply", "obsolete (RFC 6247)"),
    (14, "alt. checksum", "obsolete (RFC 6247)"),
    (15, "alt. checksum", "obsolete (RFC 6247)"),
    (
        19,
        "MD5 signature",
        "only who knows the key can make it (RFC 2385)",
    ),
    (27, "quick-start", "asks routers for a rate (RFC 4782)"),
    (
        28,
        "user timeout",
        "how long it waits for acknowledgements (RFC 5482)",
    ),
    (
        29,
        "TCP-AO",
        "only who knows the key can make it (RFC 5925)",
    ),
    (30, "MPTCP", "one of several paths (RFC 8684)"),
    (34, "fast open", "a cookie, or the wish for one (RFC 7413)"),
    (69, "TCP-ENO", "negotiates encryption (RFC 8547)"),
    (172, "AccECN", "counts congestion marks (RFC 9768)"),
    (174, "AccECN", "counts congestion marks (RFC 9768)"),
    (253, "experiment", "an experiment's (RFC 6994)"),
    (254, "experiment", "an experiment's (RFC 6994)"),
];

/// Kinds that have one length only: what it is, its two first octets included.
const LENGTHS: &[(u8, &str, usize)] = &[
    (2, "max. segment", 4),
    (3, "window scale", 3),
    (4, "SACK permitted", 2),
    (8, "timestamps", 10),
];

/// No-operations stand together: they only fill. `relative`: the numbers of the other side, which
/// SACK blocks are of.
pub(super) fn options(decoded: &Decoded<'_>, relative: impl Fn(Seq) -> u32) -> Vec<Field> {
    let mut fields = Vec::new();
    let mut walk = Options::new(decoded.options);
    let mut nops = 0;
    for option in walk.by_ref() {
        match option {
            TcpOption::Nop => nops += 1,
            option => fields.push(told(option, &relative)),
        }
    }
    if nops > 0 {
        fields.push(field("no-op", nops, "only fills up to the next 4 bytes"));
    }
    let told = header_len(decoded).saturating_sub(20);
    let missing = told.saturating_sub(decoded.options.len());
    if missing > 0 {
        let meaning = format!("of {told} bytes of options the capture lacks the last {missing}");
        fields.push(field("options", "cut", meaning));
    } else if let [kind, rest @ ..] = walk.broken() {
        let meaning = match rest.first() {
            None => format!("kind {kind} without a length"),
            Some(len) => format!(
                "kind {kind} says {} long, {} are left",
                counted((*len).into(), "byte"),
                rest.len() + 1
            ),
        };
        fields.push(field("options", "malformed", meaning));
    }
    fields
}

fn told(option: TcpOption<'_>, relative: impl Fn(Seq) -> u32) -> Field {
    match option {
        TcpOption::EndOfList => field("end of list", "", "what follows only fills"),
        TcpOption::Nop => field("no-op", "", "only fills"),
        TcpOption::Mss(mss) => {
            let meaning = "bytes: the most data it takes in one segment";
            field("max. segment", mss, meaning)
        }
        TcpOption::WindowScale(shift) if shift > 14 => field(
            "window scale",
            shift,
            "more than 14 counts as 14 (RFC 7323)",
        ),
        TcpOption::WindowScale(shift) => {
            let meaning = format!("its windows count {}", counted(1 << shift, "byte"));
            field("window scale", shift, meaning)
        }
        TcpOption::SackPermitted => {
            let meaning = "it understands selective acknowledgements";
            field("SACK permitted", "", meaning)
        }
        TcpOption::Sack(blocks) => {
            let edge = |edge: u32| grouped(relative(Seq(edge)).into());
            let blocks: Vec<_> = TcpOption::sack_blocks(blocks)
                .map(|(from, to)| format!("{}:{}", edge(from), edge(to)))
                .collect();
            field(
                "SACK",
                blocks.join(" "),
                "it has these, too, behind a hole or twice",
            )
        }
        TcpOption::Timestamps { val, ecr } => {
            let value = format!("{val} ecr {ecr}");
            field(
                "timestamps",
                value,
                "its clock; the last of the peer's it saw",
            )
        }
        TcpOption::Other { kind, data } => other(kind, data),
    }
}

fn other(kind: u8, data: &[u8]) -> Field {
    let octets: String = data.iter().map(|octet| format!("{octet:02x}")).collect();
    let value = if octets.is_empty() {
        octets
    } else {
        format!("0x{octets}")
    };
    let len = data.len() + 2;
    if let Some((_, name, due)) = LENGTHS.iter().find(|(known, ..)| *known == kind) {
        return field(
            name,
            value,
            format!("malformed: {len} bytes long instead of {due}"),
        );
    }
    if kind == 5 {
        return field(
            "SACK",
            value,
            format!("malformed: {len} bytes don't make blocks of 8"),
        );
    }
    match NAMES.iter().find(|(known, ..)| *known == kind) {
        Some((_, name, meaning)) => field(name, value, *meaning),
        None => field("option", value, format!("of unknown kind {kind}")),
    }
}
