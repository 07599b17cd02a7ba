//! ICMP errors between the segments.

use super::{columns_of, cut};
use crate::conn::{ErrorSeen, Side, State};
use crate::story::ladder::Style;
use crate::trace::{Aside, Trace};

/// `◀─ ICMP 10.9.0.254: host unreachable · seq 1`, at the lane of whose segment it is about: it was sent there.
pub(super) fn line(
    trace: &Trace,
    aside: &Aside,
    seen: &ErrorSeen,
    width: usize,
    style: Style,
) -> String {
    let (reporter, words) = (seen.error.reporter, seen.error.words());
    let seq = seq(trace, aside, seen, style.absolute);
    let dot = style.charset.dot();
    let texts = [
        format!("ICMP {reporter}: {words} {dot} seq {seq}"),
        format!("ICMP {reporter}: {words}"),
        format!("ICMP: {words}"),
    ];
    let [line, to_server, to_client] = style.charset.strokes();
    // A head, a stroke and a space; the line ends two columns before the other lane.
    let room = width.saturating_sub(5);
    let fitting = texts.iter().find(|text| columns_of(text) <= room);
    let text = cut(fitting.unwrap_or(&texts[2]), room, style);
    let gap = " ".repeat(width.saturating_sub(columns_of(&text) + 3));
    let whole = match seen.about {
        Side::Client => format!("{to_client}{line} {text}{gap}"),
        Side::Server => format!("{gap}{text} {line}{to_server}"),
    };
    cut(&whole, width, style)
}

/// The number of the segment that it is about, as in the header or relative.
fn seq(trace: &Trace, aside: &Aside, seen: &ErrorSeen, absolute: bool) -> u32 {
    if absolute {
        seen.error.seq.0
    } else {
        trace.relative(aside.connection, seen.about, seen.error.seq)
    }
}

/// What an ICMP error says, and who learns of it. What a program sees is what Linux was measured to do.
pub(super) fn sentence(trace: &Trace, aside: &Aside, seen: &ErrorSeen, absolute: bool) -> String {
    let (about, error) = (seen.about, &seen.error);
    let seq = seq(trace, aside, seen, absolute);
    let who = format!(
        "ICMP from {} to the {about}: {}, about its segment with seq {seq}.",
        error.reporter,
        error.words()
    );
    let Some(errno) = error.errno() else {
        return format!(
            "{who} Its TCP sends smaller segments from now on; no program is told.  RFC 1191, RFC 8201"
        );
    };
    let means = match trace.states_at(aside)[about] {
        State::SynSent => {
            format!("It ends connect(), which fails with {errno} at once.")
        }
        State::SynReceived => {
            "accept() doesn't tell of it; the kernel may forget the connection.".into()
        }
        State::Closed | State::TimeWait => "No program is told.".into(),
        _ => format!(
            "Only a hint: the {about}'s TCP goes on and sends again. read() and write() fail with {errno} instead of \
             ETIMEDOUT only once it has given up; until then only getsockopt(SO_ERROR) tells.  RFC 9293 3.9.2.2"
        ),
    };
    format!("{who} {means}")
}

#[cfg(test)]
mod tests {
    use super::super::{Columns, Tone, aside, sentence};
    use super::{Aside, ErrorSeen, Side, Style, columns_of};
    use crate::trace::Said;

    /// A line of 44 columns and the sentence for an error that came behind so many segments of `lines`.
    fn icmp(lines: &str, rows: u32, about: Side, code: u8) -> (String, String) {
        let trace = crate::story::tests::trace_without_handshake(lines);
        let address = trace.connection(0).addresses[about];
        let told = Aside {
            time_ns: 0,
            connection: 0,
            row: rows,
            said: Said::Error(ErrorSeen {
                rows,
                about,
                error: crate::wire::IcmpError {
                    reporter: "10.9.0.254".parse().unwrap(),
                    src: address,
                    dst: address,
                    seq: trace.row(0, 0).seq,
                    kind: 3,
                    code,
                },
            }),
        };
        let columns = Columns {
            number: 2,
            time: 8,
            delta: 8,
            state: 13,
            arrow: 48,
        };
        let row = aside(&trace, &told, &columns, Style::default());
        assert_eq!((row.tone, columns_of(&row.middle)), (Tone::Error, 48));
        let absolute = format!("seq {}.", trace.row(0, 0).seq.0);
        assert!(sentence(&trace, &told, true).contains(&absolute));
        let means = sentence(&trace, &told, false);
        assert!(!means.contains("   "), "{means}");
        (row.middle, means)
    }

    #[test]
    fn an_icmp_error_comes_to_whose_segment_it_is_about() {
        let (line, means) = icmp("> S 0:0", 1, Side::Client, 1);
        assert_eq!(
            line.trim_end(),
            "◀─ ICMP 10.9.0.254: host unreachable · seq 0"
        );
        assert!(means.contains("It ends connect(), which fails with EHOSTUNREACH at once."));
        let open = "> S 0:0\n< S. 0:0 ack 1\n> . 1:1 ack 1";
        let (line, means) = icmp(open, 3, Side::Server, 1);
        assert!(line.ends_with(" ICMP 10.9.0.254: host unreachable ─▶"));
        assert!(means.contains("Only a hint"));
        let (_, means) = icmp(open, 3, Side::Client, 4);
        assert!(means.contains("sends smaller segments"));
    }
}
