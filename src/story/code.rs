//! An ending as a short code: the flags that closed the connection, each with its direction, in order.
//!
//! ```text
//! F▸ ◂F       orderly, the client first         F▸◂F     the FINs crossed
//! F▸ R▸       the client's FIN, then its RST    ◂R       reset by the server
//! S▸ ◂R       refused                           S▸ …     no answer
//! F▸          half-closed by the client         ▸ …      data that was never acknowledged
//! ```

use super::Charset;
use super::ending::Kind;
use super::summary::Summary;
use crate::conn::{Connection, ConnectionId, Side};
use crate::trace::Trace;

/// The columns of the longest code.
pub const WIDTH: usize = 8;

/// Points from a flag to its receiver: the client stands on the left.
#[must_use]
pub fn pointed(text: &str, from: Side, charset: Charset) -> String {
    let (to_server, to_client) = match charset {
        Charset::Unicode => ('▸', '◂'),
        Charset::Ascii => ('>', '<'),
    };
    match from {
        Side::Client => format!("{text}{to_server}"),
        Side::Server => format!("{to_client}{text}"),
    }
}

/// The code of a connection whose summary this is; empty while nothing closes it. A FIN or RST that was sent again is
/// told once.
#[must_use]
pub fn code(trace: &Trace, id: ConnectionId, summary: &Summary, charset: Charset) -> String {
    let connection = trace.connection(id);
    let mut flags = closing_flags(trace, id, &connection);
    flags.sort_by_key(|&(row, ..)| row);
    if matches!(summary.kind, Kind::Refused | Kind::Unanswered) {
        flags.insert(0, (0, "S", Side::Client));
    }
    let told = flags.iter();
    let told: Vec<_> = told
        .map(|&(_, flag, from)| pointed(flag, from, charset))
        .collect();
    let crossed = summary.kind == Kind::Simultaneous;
    let text = told.join(if crossed { "" } else { " " });
    let silent = match charset {
        Charset::Unicode => "…",
        Charset::Ascii => "..",
    };
    match summary.kind {
        Kind::TimedOut if text.is_empty() => {
            let newest = trace.len(id).saturating_sub(1);
            let from = trace.row(id, newest).from;
            format!("{} {silent}", pointed("", from, charset))
        }
        Kind::Unanswered | Kind::TimedOut => format!("{text} {silent}"),
        _ => text,
    }
}

/// The row, flag and sender of what closed a connection: at most two FINs and the RST that counted.
fn closing_flags(
    trace: &Trace,
    id: ConnectionId,
    connection: &Connection,
) -> Vec<(u32, &'static str, Side)> {
    let fins = connection.fins.iter().map(|fin| (fin.row, "F", fin.by));
    let reset = connection.reset.map(|reset| (reset.row, "R", reset.by));
    let killer = connection.time_wait_killed.filter(|_| reset.is_none());
    let killer = killer.map(|row| (row, "R", trace.row(id, row as usize).from));
    fins.chain(reset).chain(killer).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::story::tests::{trace_of, trace_without_handshake};

    fn codes(trace: &Trace) -> [String; 2] {
        let summary = Summary::of(trace, 0);
        [Charset::Unicode, Charset::Ascii].map(|charset| code(trace, 0, &summary, charset))
    }

    #[test]
    fn closing_flags_stand_in_order_with_their_direction() {
        let cases = [
            ("", ["", ""]),
            ("> F. 1:1 ack 1\n< . 1:1 ack 2", ["F▸", "F>"]),
            (
                "> F. 1:1 ack 1\n@1 > F. 1:1 ack 1\n< F. 1:1 ack 2",
                ["F▸ ◂F", "F> <F"],
            ),
            ("> F. 1:1 ack 1\n< F. 1:1 ack 1", ["F▸◂F", "F><F"]),
            ("> P. 1:11 ack 1\n< R. 1:1 ack 11", ["◂R", "<R"]),
            (
                "> F. 1:1 ack 1\n< P. 1:2 ack 2\n> R 2:2",
                ["F▸ R▸", "F> R>"],
            ),
            (
                "> F. 1:1 ack 1\n< F. 1:1 ack 2\n> R 2:2",
                ["F▸ ◂F R▸", "F> <F R>"],
            ),
            (
                "> P. 1:11 ack 1\n@1 > P. 1:11 ack 1\n@3 > P. 1:11 ack 1\n@7 > P. 1:11 ack 1\n@15 > P. 1:11 ack 1",
                ["▸ …", "> .."],
            ),
        ];
        for (lines, wanted) in cases {
            assert_eq!(codes(&trace_of(lines)), wanted, "{lines}");
        }
    }

    #[test]
    fn a_syn_that_is_refused_or_not_answered_stands_first() {
        let refused = trace_without_handshake("> S 0:0\n< R. 0:0 ack 1");
        assert_eq!(codes(&refused), ["S▸ ◂R", "S> <R"]);
        let unanswered = trace_without_handshake("> S 0:0\n@1 > S 0:0");
        assert_eq!(codes(&unanswered), ["S▸ …", "S> .."]);
    }
}
