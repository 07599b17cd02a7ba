//! The header fields of one segment as people read them, from its frame read back: name, value, and
//! what it means in a few words.

mod options;

use super::numbers::{counted, grouped};
use crate::conn::{ConnectionId, Side};
use crate::trace::{Record, Trace};
use crate::wire::{Decoded, Flags, Seq};

/// One field. Only printable characters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field {
    pub name: &'static str,
    pub value: String,
    /// Empty where the value says it all.
    pub meaning: String,
}

#[expect(
    clippy::needless_pass_by_value,
    reason = "a table reads better without borrows"
)]
fn field(name: &'static str, value: impl ToString, meaning: impl Into<String>) -> Field {
    Field {
        name,
        value: value.to_string(),
        meaning: meaning.into(),
    }
}

/// The fields of row `row`, whose frame was read back and decoded: TCP's in the order of the header,
/// its options, then IP's and the frame. `absolute`: numbers as in the header come first.
#[must_use]
pub fn fields(
    trace: &Trace,
    id: ConnectionId,
    row: usize,
    decoded: &Decoded<'_>,
    absolute: bool,
) -> Vec<Field> {
    let record = trace.row(id, row);
    let mut fields = tcp(trace, &record, decoded, absolute);
    let relative = |seq: Seq| trace.relative(id, record.from.peer(), seq);
    fields.extend(options::options(decoded, relative));
    fields.extend(ip(decoded));
    fields.push(frame(&record));
    fields
}

fn tcp(trace: &Trace, record: &Record, decoded: &Decoded<'_>, absolute: bool) -> Vec<Field> {
    let segment = &decoded.segment;
    let from = record.from;
    let number = |side: Side, seq: Seq| {
        let relative = grouped(trace.relative(record.connection, side, seq).into());
        if absolute {
            (seq.0.to_string(), format!("{relative} relative"))
        } else {
            (relative, format!("{} in the header", seq.0))
        }
    };
    let (seq, seq_meaning) = number(from, segment.seq);
    let ack = if segment.flags.has(Flags::ACK) {
        let (ack, meaning) = number(from.peer(), segment.ack);
        field("ack", ack, meaning)
    } else {
        field("ack", segment.ack.0, "means nothing without ACK")
    };
    vec![
        field("source port", segment.src.port(), format!("the {from}'s")),
        field(
            "dest. port",
            segment.dst.port(),
            format!("the {}'s", from.peer()),
        ),
        field("seq", seq, seq_meaning),
        ack,
        offset(decoded),
        flags(decoded),
        window(trace, record, decoded),
        checksum(decoded),
        urgent(decoded),
        field("data", counted(segment.len.into(), "byte"), ""),
    ]
}

/// Octets of the TCP header, as it says itself.
fn header_len(decoded: &Decoded<'_>) -> usize {
    decoded
        .header
        .get(12)
        .map_or(0, |octet| usize::from(octet >> 4) * 4)
}

fn offset(decoded: &Decoded<'_>) -> Field {
    let len = header_len(decoded);
    let options = counted(len.saturating_sub(20) as u64, "byte");
    let meaning = format!("{len} bytes of header, {options} of them options");
    field("data offset", len / 4, meaning)
}

fn flags(decoded: &Decoded<'_>) -> Field {
    let flags = decoded.segment.flags;
    // Between data offset and AE.
    let reserved = decoded.header.get(12).map_or(0, |octet| octet >> 1 & 7);
    let mut words = flags.words();
    if reserved != 0 {
        words += &format!("; reserved bits {reserved:03b} set, which mean nothing");
    }
    field("flags", format!("[{flags}]"), words)
}

fn window(trace: &Trace, record: &Record, decoded: &Decoded<'_>) -> Field {
    let wnd = decoded.segment.wnd;
    let connection = trace.connection(record.connection);
    let end = &connection.ends[record.from];
    let meaning = match end.window_scale {
        _ if decoded.segment.flags.has(Flags::RST) => "means nothing in an RST".into(),
        _ if decoded.segment.flags.has(Flags::SYN) => "bytes; never scaled in a SYN".into(),
        Some(shift) => {
            let octets = grouped(u64::from(wnd) << shift);
            format!("x {} = {octets} bytes from ack on", 1u32 << shift.min(14))
        }
        None if end.iss.is_some() => "bytes from ack on; not scaled".into(),
        None => "to be multiplied by what its SYN said, which wasn't captured".into(),
    };
    field("window", wnd, meaning)
}

fn checksum(decoded: &Decoded<'_>) -> Field {
    match decoded.header.get(16..18) {
        Some(octets) => {
            let value = format!("0x{:02x}{:02x}", octets[0], octets[1]);
            // Hosts leave it to the interface, and on loopback to nobody.
            field(
                "checksum",
                value,
                "not checked: a host may leave it to its interface",
            )
        }
        None => field("checksum", "not captured", ""),
    }
}

fn urgent(decoded: &Decoded<'_>) -> Field {
    let segment = &decoded.segment;
    if decoded.header.len() < 20 {
        return field("urgent ptr", "not captured", "");
    }
    let meaning = if segment.flags.has(Flags::URG) {
        format!(
            "urgent data ends {} after seq",
            counted(segment.urg.into(), "byte")
        )
    } else {
        "means nothing without URG".into()
    };
    field("urgent ptr", segment.urg, meaning)
}

fn ip(decoded: &Decoded<'_>) -> Vec<Field> {
    let octets = decoded.datagram;
    let be16 = |at: usize| {
        octets
            .get(at..at + 2)
            .map(|two| u16::from_be_bytes([two[0], two[1]]))
    };
    let hops = decoded.segment.ttl;
    match octets.first().map(|octet| octet >> 4) {
        Some(4) => {
            let fragment = be16(6).unwrap_or_default();
            let whole = if fragment & 0x2000 != 0 {
                "the first of several fragments"
            } else if fragment & 0x4000 != 0 {
                "may not be fragmented (DF)"
            } else {
                "may be fragmented"
            };
            vec![
                field("TTL", hops, "hops left; each router takes 1"),
                field(
                    "IP ID",
                    format!("0x{:04x}", be16(4).unwrap_or_default()),
                    whole,
                ),
                length("IP length", be16(2), 0, octets.len()),
            ]
        }
        Some(6) => vec![
            field("hop limit", hops, "hops left; each router takes 1"),
            length("IP payload", be16(4), 40, octets.len()),
        ],
        _ => Vec::new(),
    }
}

/// What IP says of its length, `not_counted` octets of header apart, and how much was captured.
fn length(name: &'static str, told: Option<u16>, not_counted: usize, captured: usize) -> Field {
    let Some(told) = told else {
        return field(name, "not captured", "");
    };
    let whole = usize::from(told) + not_counted;
    let meaning = if told == 0 {
        "left to the interface (segmentation offload)".into()
    } else if captured < whole {
        let missing = grouped((whole - captured) as u64);
        format!("bytes; the capture lacks the last {missing}")
    } else {
        "bytes, all captured".into()
    };
    field(name, grouped(told.into()), meaning)
}

fn frame(record: &Record) -> Field {
    let place = record.place;
    let (captured, wire) = (place.captured, place.wire_len);
    let meaning = if captured < wire {
        let (captured, wire) = (grouped(captured.into()), counted(wire.into(), "byte"));
        format!("{captured} of {wire} captured")
    } else {
        format!("{}, all captured", counted(captured.into(), "byte"))
    };
    field("frame", grouped(place.frame.into()), meaning)
}

#[cfg(test)]
pub(crate) mod tests;
