//! One segment as `tcpdump -nn` prints it, from `Flags` to `length`.

use std::fmt::Write;

use crate::conn::{ConnectionId, Side};
use crate::trace::{Record, Trace};
use crate::wire::options::{Options, TcpOption};
use crate::wire::{Decoded, Flags, Seq};

/// tcpdump's line for row `row`, whose frame was read back and decoded; `absolute` as with its `-S`.
#[must_use]
pub fn line(
    trace: &Trace,
    connection: ConnectionId,
    row: usize,
    decoded: &Decoded<'_>,
    absolute: bool,
) -> String {
    let record = trace.row(connection, row);
    let zeros = if absolute {
        None
    } else {
        zeros(trace, &record, row)
    };
    let segment = &decoded.segment;
    let number = |seq: Seq, side: Side| zeros.map_or(seq.0, |zeros| seq - zeros[side as usize]);
    let mut text = format!("Flags [{}]", segment.flags);
    if segment.len > 0 || segment.flags.has(Flags::SYN | Flags::FIN | Flags::RST) {
        let seq = number(segment.seq, record.from);
        let _ = write!(text, ", seq {seq}");
        if segment.len > 0 {
            let _ = write!(text, ":{}", seq.wrapping_add(segment.len));
        }
    }
    if segment.flags.has(Flags::ACK) {
        let _ = write!(text, ", ack {}", number(segment.ack, record.from.peer()));
    }
    let _ = write!(text, ", win {}", segment.wnd);
    if segment.flags.has(Flags::URG) {
        let _ = write!(text, ", urg {}", segment.urg);
    }
    if !decoded.options.is_empty() {
        let options: Vec<_> = Options::new(decoded.options)
            .map(|option| option_text(option, |seq| number(seq, record.from.peer())))
            .collect();
        let _ = write!(text, ", options [{}]", options.join(","));
    }
    let _ = write!(text, ", length {}", segment.len);
    text
}

/// What tcpdump counts from, client and server; `None` where it prints absolute numbers: without
/// ACK, on SYN,ACK, and on the first segment with an ACK.
fn zeros(trace: &Trace, record: &Record, row: usize) -> Option<[Seq; 2]> {
    if !record.flags.has(Flags::ACK) || record.flags.has(Flags::SYN) {
        return None;
    }
    let earlier_ack =
        (0..row).any(|above| trace.row(record.connection, above).flags.has(Flags::ACK));
    let connection = trace.connection(record.connection);
    let ends = &connection.ends;
    if !earlier_ack {
        return None;
    }
    Some([ends.client.zero?, ends.server.zero?])
}

fn option_text(option: TcpOption<'_>, relative: impl Fn(Seq) -> u32) -> String {
    match option {
        TcpOption::EndOfList => "eol".into(),
        TcpOption::Nop => "nop".into(),
        TcpOption::Mss(mss) => format!("mss {mss}"),
        TcpOption::WindowScale(shift) => format!("wscale {shift}"),
        TcpOption::SackPermitted => "sackOK".into(),
        TcpOption::Timestamps { val, ecr } => format!("TS val {val} ecr {ecr}"),
        TcpOption::Sack(blocks) => {
            let edges: Vec<_> = TcpOption::sack_blocks(blocks)
                .map(|(left, right)| {
                    format!("{{{}:{}}}", relative(Seq(left)), relative(Seq(right)))
                })
                .collect();
            format!("sack {} {}", edges.len(), edges.concat())
        }
        TcpOption::Other { kind, data } => {
            let octets: String = data.iter().map(|octet| format!("{octet:02x}")).collect();
            if octets.is_empty() {
                format!("unknown-{kind}")
            } else {
                format!("unknown-{kind} 0x{octets}")
            }
        }
    }
}
