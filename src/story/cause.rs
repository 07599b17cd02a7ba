//! Why a connection was reset: from the form of the RST and from what came before it.
//!
//! Linux sends two forms. A side that gives up (abort, unread data, keep-alive) sends `R.`, with its
//! own numbers and window. A side that answers a segment nobody wants sends a bare `R`, whose
//! sequence number is that segment's acknowledgement number. Several causes share a form: then all
//! are named, the likelier first. Firewalls forge the bare form.

use crate::conn::{ConnectionId, Note, ResetSeen};
use crate::trace::{Record, Trace};
use crate::wire::Flags;

/// What led to an RST. The names are those of the JSON output.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CauseId {
    /// close() while received data was still unread (RFC 2525, 2.17).
    UnreadData,
    /// SO_LINGER with zero seconds and close(), or another way to abort.
    LingerZero,
    /// Data reached a side that had closed its socket.
    DataAfterClose,
    /// FIN-WAIT-2 of a closed socket had timed out (Linux: tcp_fin_timeout) before the peer went on.
    OrphanTimeout,
    /// Its sender knows nothing of the connection: restarted, or the socket is gone.
    NoSuchConnection,
    /// Nothing listens there, or a firewall says so.
    Refused,
    /// Keep-alive probes went unanswered.
    KeepAliveTimeout,
    Unknown,
}

impl CauseId {
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            CauseId::UnreadData => "unread-data",
            CauseId::LingerZero => "linger-zero",
            CauseId::DataAfterClose => "data-after-close",
            CauseId::OrphanTimeout => "orphan-timeout",
            CauseId::NoSuchConnection => "no-such-connection",
            CauseId::Refused => "refused",
            CauseId::KeepAliveTimeout => "keep-alive-timeout",
            CauseId::Unknown => "unknown",
        }
    }

    /// What follows "Reset by the client: ".
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            CauseId::UnreadData => "it closed with received data unread",
            CauseId::LingerZero => "it aborted (SO_LINGER 0)",
            CauseId::DataAfterClose => "data reached it after close()",
            CauseId::OrphanTimeout => "it had closed and no longer waited for the other FIN",
            CauseId::NoSuchConnection => "it knows nothing of this connection",
            CauseId::Refused => "nothing accepts connections there",
            CauseId::KeepAliveTimeout => "its keep-alive probes went unanswered",
            CauseId::Unknown => "the segments don't tell why",
        }
    }
}

/// How sure a cause is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Confidence {
    Certain,
    Likely,
    Unknown,
}

impl Confidence {
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Confidence::Certain => "certain",
            Confidence::Likely => "likely",
            Confidence::Unknown => "unknown",
        }
    }
}

/// One possible cause.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cause {
    pub id: CauseId,
    pub confidence: Confidence,
    /// Rows of the connection that show it, from 0.
    pub rows: Vec<usize>,
    /// What speaks against it, or what else would look the same.
    pub against: Option<&'static str>,
}

/// How many rows back from an RST its reason is looked for: nothing delays an RST.
const NEAR: usize = 64;

/// A closed socket waits in FIN-WAIT-2 for longer than this whatever tcp_fin_timeout is set to.
const SURELY_WAITING_NS: u64 = 1_000_000_000;

/// Linux's default tcp_fin_timeout.
const FIN_TIMEOUT_NS: u64 = 60_000_000_000;

/// The possible causes of a connection's reset, the likeliest first; none if it wasn't reset.
#[must_use]
pub fn causes(trace: &Trace, id: ConnectionId) -> Vec<Cause> {
    let Some(reset) = trace.connections()[id as usize].reset else {
        return Vec::new();
    };
    let row = reset.row as usize;
    let one = |id, confidence, rows: &[usize], against| Cause {
        id,
        confidence,
        rows: rows.to_vec(),
        against,
    };
    if reset.refused {
        let forged = Some("a firewall that rejects looks the same");
        return vec![one(CauseId::Refused, Confidence::Certain, &[row], forged)];
    }
    if trace.row(id, row).flags.has(Flags::ACK) {
        gave_up(trace, id, reset, one)
    } else {
        answered(trace, id, reset, one)
    }
}

type One = fn(CauseId, Confidence, &[usize], Option<&'static str>) -> Cause;

/// The bare form: it answers a segment of the peer.
fn answered(trace: &Trace, id: ConnectionId, reset: ResetSeen, one: One) -> Vec<Cause> {
    let row = reset.row as usize;
    let rst = trace.row(id, row);
    let is_answered = |record: &Record| {
        record.from != reset.by && record.flags.has(Flags::ACK) && record.ack == rst.seq
    };
    let own_fin = own_fin(trace, id, reset);
    let answered = last_before(trace, id, row, is_answered);
    let (Some(answered), Some(fin)) = (answered, own_fin) else {
        let rows: Vec<_> = answered.into_iter().chain([row]).collect();
        let forged = Some("a firewall that cuts the connection looks the same");
        return vec![one(
            CauseId::NoSuchConnection,
            Confidence::Likely,
            &rows,
            forged,
        )];
    };
    let unwanted = trace.row(id, answered);
    let waited = unwanted.time_ns.saturating_sub(trace.row(id, fin).time_ns);
    let rows = [fin, answered, row];
    let gone = one(
        CauseId::OrphanTimeout,
        Confidence::Likely,
        &rows,
        Some("a host that has restarted answers in the same way"),
    );
    let late = one(
        CauseId::DataAfterClose,
        Confidence::Likely,
        &rows,
        Some("had its FIN-WAIT-2 timed out, the answer would be the same"),
    );
    match (unwanted.len > 0, unwanted.flags.has(Flags::FIN)) {
        (true, _) if waited < SURELY_WAITING_NS => {
            let also = Some("shutdown(SHUT_RDWR) answers data in the same way");
            vec![one(
                CauseId::DataAfterClose,
                Confidence::Certain,
                &rows,
                also,
            )]
        }
        (true, _) if waited < FIN_TIMEOUT_NS => vec![late, gone],
        (true, _) => vec![gone, late],
        (false, true) => vec![gone],
        (false, false) => vec![one(CauseId::Unknown, Confidence::Unknown, &rows, None)],
    }
}

/// The form with ACK: its sender gave up by itself.
fn gave_up(trace: &Trace, id: ConnectionId, reset: ResetSeen, one: One) -> Vec<Cause> {
    let row = reset.row as usize;
    let by = reset.by;
    let last_of_peer = last_before(trace, id, row, |record| record.from != by);
    let probes: Vec<_> = (last_of_peer
        .map_or(0, |last| last + 1)
        .max(row.saturating_sub(NEAR))..row)
        .filter(|&above| trace.row(id, above).notes.has(Note::KeepAlive))
        .collect();
    if !probes.is_empty() {
        let rows: Vec<_> = probes.into_iter().chain([row]).collect();
        let abort = Some("an abort after an unanswered probe looks the same");
        return vec![one(
            CauseId::KeepAliveTimeout,
            Confidence::Likely,
            &rows,
            abort,
        )];
    }
    let same = Some("an abort (SO_LINGER 0) and a close with unread data look the same");
    let received = last_before(trace, id, row, |record| record.from != by && record.len > 0);
    if trace.connections()[id as usize].ends[by.peer()].octets_sent == 0 {
        let ways = Some("a socket that is disconnected or killed sends the same");
        return vec![one(CauseId::LingerZero, Confidence::Likely, &[row], ways)];
    }
    let rows: Vec<_> = own_fin(trace, id, reset)
        .into_iter()
        .chain(received)
        .chain([row])
        .collect();
    vec![
        one(CauseId::UnreadData, Confidence::Likely, &rows, same),
        one(CauseId::LingerZero, Confidence::Likely, &[row], same),
    ]
}

/// The row of the resetting side's own FIN, if it came before.
fn own_fin(trace: &Trace, id: ConnectionId, reset: ResetSeen) -> Option<usize> {
    let row = trace.connections()[id as usize].fin_row(reset.by)?;
    (row < reset.row).then_some(row as usize)
}

fn last_before(
    trace: &Trace,
    id: ConnectionId,
    row: usize,
    wanted: impl Fn(&Record) -> bool,
) -> Option<usize> {
    (row.saturating_sub(NEAR)..row)
        .rev()
        .find(|&above| wanted(trace.row(id, above)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::conn::tests::{OPEN, segment};
    use crate::wire::{Batch, Captured, LinkType, Place, Ports};

    /// The causes after the handshake and these lines (`SECONDS > FLAGS SEQ:END [ack N]`), and the rows
    /// of the first as people count them.
    fn causes_of(lines: &str) -> (Vec<String>, Vec<usize>) {
        let open = OPEN
            .lines()
            .filter_map(|line| line.split_once('|'))
            .map(|(line, _)| (0, line));
        let timed = lines
            .lines()
            .map(|line| line.trim().split_once(' ').expect(line));
        let timed = timed.map(|(seconds, line)| (seconds.parse::<u64>().expect(seconds), line));
        let place = Place {
            offset: 0,
            captured: 0,
            wire_len: 0,
            link: LinkType::RAW,
            frame: 1,
        };
        let captured = |(seconds, line): (u64, &str)| Captured {
            time_ns: seconds * 1_000_000_000,
            place,
            segment: segment(line),
        };
        let segments = open.chain(timed).map(captured).collect();
        let mut trace = Trace::new(Ports::default());
        trace.take(
            &Batch {
                segments,
                ..Batch::default()
            },
            |_, _, _| {},
        );
        let causes = causes(&trace, 0);
        let names = causes
            .iter()
            .map(|cause| format!("{} {}", cause.confidence.name(), cause.id.name()));
        (
            names.collect(),
            causes[0].rows.iter().map(|row| row + 1).collect(),
        )
    }

    #[track_caller]
    fn check(lines: &str, wanted: &[&str], rows: &[usize]) {
        let (seen, seen_rows) = causes_of(lines);
        assert_eq!(
            (seen, seen_rows),
            (
                wanted.iter().map(|name| (*name).to_string()).collect(),
                rows.to_vec()
            )
        );
    }

    #[test]
    fn fin_wait_2_data_soon_after_the_fin_is_data_after_close() {
        check(
            "0 > F. 1:1 ack 1
             0 < .  1:1 ack 2
             0 < P. 1:2 ack 2
             0 > R  2:2",
            &["certain data-after-close"],
            &[4, 6, 7],
        );
    }

    #[test]
    fn fin_wait_2_data_late_may_be_an_orphans_timeout() {
        let lines = |late| {
            format!("0 > F. 1:1 ack 1\n0 < . 1:1 ack 2\n{late} < P. 1:2 ack 2\n{late} > R 2:2")
        };
        check(
            &lines(5),
            &["likely data-after-close", "likely orphan-timeout"],
            &[4, 6, 7],
        );
        check(
            &lines(61),
            &["likely orphan-timeout", "likely data-after-close"],
            &[4, 6, 7],
        );
    }

    #[test]
    fn fin_wait_2_fin_answered_by_rst_is_an_orphans_timeout() {
        check(
            "0 > F. 1:1 ack 1
             0 < .  1:1 ack 2
             70 < F. 1:1 ack 2
             70 > R  2:2",
            &["likely orphan-timeout"],
            &[4, 6, 7],
        );
    }

    #[test]
    fn established_data_answered_by_a_bare_rst_is_no_such_connection() {
        check(
            "9 > P. 1:9 ack 1\n9 < R 1:1",
            &["likely no-such-connection"],
            &[4, 5],
        );
    }

    #[test]
    fn established_rst_with_ack_without_data_received_cannot_be_unread_data() {
        check(
            "0 > P. 1:9 ack 1\n0 < . 1:1 ack 9\n0 > R. 9:9 ack 1",
            &["likely linger-zero"],
            &[6],
        );
    }

    #[test]
    fn established_rst_with_ack_after_data_received_is_unread_data_or_an_abort() {
        check(
            "0 < P. 1:9 ack 1
             0 > .  1:1 ack 9
             0 > R. 1:1 ack 9",
            &["likely unread-data", "likely linger-zero"],
            &[4, 6],
        );
    }

    #[test]
    fn established_unanswered_probes_and_rst_are_a_keep_alive_timeout() {
        check(
            "0 > P. 1:9 ack 1
             0 < .  1:1 ack 9
             1 > .  8:8 ack 1
             2 > .  8:8 ack 1
             3 > R. 9:9 ack 1",
            &["likely keep-alive-timeout"],
            &[6, 7, 8],
        );
    }
}
