//! The causes of an RST: from its form and from what came before it.
//!
//! Linux sends two forms. A side that gives up (abort, unread data, keep-alive) sends `R.`, with its
//! own numbers and window. A side that answers a segment nobody wants sends a bare `R`, whose
//! sequence number is that segment's acknowledgement number. Several causes share a form: then all
//! are named, the likelier first. Firewalls forge the bare form.

use super::{Cause, CauseId, NEAR, last_before};
use crate::conn::{ConnectionId, Note, Opening, ResetSeen, Side};
use crate::trace::{Record, Trace};
use crate::wire::{Flags, Seq};

/// A closed socket waits in FIN-WAIT-2 for longer than this whatever tcp_fin_timeout is set to.
const SURELY_WAITING_NS: u64 = 500_000_000;

/// Linux's default tcp_fin_timeout.
const FIN_TIMEOUT_NS: u64 = crate::conn::certainty::LINUX_WAIT_NS;

const FORGED: &str = "a firewall that cuts the connection looks the same";
const RESTARTED: &str = "a host that has restarted answers in the same way";
const TIMED_OUT: &str = "had its FIN-WAIT-2 timed out, the answer would be the same";
const SHUT_BOTH: &str = "shutdown(SHUT_RDWR) answers data in the same way";
const FIN_WAITS: &str = "its FIN isn't on the wire: it would have to wait behind data";
const LIKE_ABORT: &str =
    "an abort (SO_LINGER 0), or a listener closed before accept(), looks the same";
const LIKE_UNREAD: &str = "a close with unread data looks the same";

/// The causes of the reset, the likeliest first.
pub(super) fn causes(trace: &Trace, id: ConnectionId, reset: ResetSeen) -> Vec<Cause> {
    let row = reset.row as usize;
    let rst = trace.row(id, row);
    if reset.refused {
        let forged = "a firewall that rejects looks the same";
        return vec![Cause::certain(CauseId::Refused, &[row], forged)];
    }
    let from_the_middle = reset.denied || reset.came_another_way();
    let told = if rst.flags.has(Flags::ACK) {
        gave_up(trace, id, reset)
    } else if let Some(early) = overtook(trace, id, reset) {
        let first = ResetSeen {
            row: u32::try_from(early).unwrap_or(reset.row),
            ..reset
        };
        gave_up(trace, id, first)
    } else {
        answered(trace, id, reset)
    };
    if !from_the_middle {
        return told;
    }
    let why = if reset.denied {
        "its sender went on afterwards as if it had never sent it: somebody on the way did"
    } else {
        "its TTL isn't that of its sender's other segments: somebody on the way may have sent it"
    };
    let likely = told
        .into_iter()
        .filter(|_| !reset.denied)
        .map(|cause| Cause {
            confidence: super::Confidence::Likely,
            ..cause
        });
    [Cause::unknown(&[row], Some(why))]
        .into_iter()
        .chain(likely)
        .collect()
}

/// The RST with which the side gave up before, though its peer ignored it: it had overtaken data. The peer went on, and
/// what came of that is only answered.
fn overtook(trace: &Trace, id: ConnectionId, reset: ResetSeen) -> Option<usize> {
    let row = reset.row as usize;
    let rst = trace.row(id, row);
    last_before(trace, id, row, |record| {
        record.from == reset.by
            && record.flags.has(Flags::RST)
            && record.flags.has(Flags::ACK)
            && record.notes.has(Note::ResetIgnored)
            && record.seq.after(rst.seq)
    })
}

/// The bare form: it answers a segment of the peer.
fn answered(trace: &Trace, id: ConnectionId, reset: ResetSeen) -> Vec<Cause> {
    let row = reset.row as usize;
    let rst = trace.row(id, row);
    let is_answered = |record: &Record| {
        record.from != reset.by && record.flags.has(Flags::ACK) && record.ack == rst.seq
    };
    let answered = unwanted(trace, id, reset, is_answered);
    let (Some(answered), Some(fin)) = (answered, own_fin(trace, id, reset)) else {
        return without_fin(trace, id, reset, answered);
    };
    let offender = trace.row(id, answered);
    let waited = offender.time_ns.saturating_sub(trace.row(id, fin).time_ns);
    let surely_waiting = trace.fin_wait_ns.unwrap_or(SURELY_WAITING_NS);
    let rows = [fin, answered, row];
    let gone = Cause::likely(CauseId::OrphanTimeout, &rows, RESTARTED);
    let lost = Cause::likely(
        CauseId::NoSuchConnection,
        &rows,
        "a FIN-WAIT-2 that timed out answers in the same way",
    );
    let late = Cause::likely(CauseId::DataAfterClose, &rows, TIMED_OUT);
    // A FIN behind a hole comes after data, though the capture doesn't have it.
    let carries = offender.len > 0 || offender.notes.has(Note::PreviousNotCaptured);
    match (carries, offender.flags.has(Flags::FIN)) {
        (true, _) if waited < surely_waiting && offender.len > 0 => {
            vec![Cause::certain(CauseId::DataAfterClose, &rows, SHUT_BOTH)]
        }
        (true, _) if waited < FIN_TIMEOUT_NS => vec![late, gone],
        (true, _) => vec![gone, late],
        (false, true) if waited < surely_waiting => vec![lost, gone],
        (false, true) => vec![gone, lost],
        (false, false) => {
            let no_wait = "only a socket with TCP_LINGER2 below 0 doesn't wait at all";
            vec![Cause::likely(CauseId::OrphanTimeout, &rows, no_wait), lost]
        }
    }
}

/// The bare form from a side whose FIN isn't on the wire: it knows nothing of the connection, or its
/// FIN still waits behind data.
fn without_fin(
    trace: &Trace,
    id: ConnectionId,
    reset: ResetSeen,
    answered: Option<usize>,
) -> Vec<Cause> {
    let row = reset.row as usize;
    let rows: Vec<_> = answered.into_iter().chain([row]).collect();
    let lost = Cause::likely(CauseId::NoSuchConnection, &rows, FORGED);
    let time = |row: usize| trace.row(id, row).time_ns;
    let own_data = last_data(trace, id, reset.by, row)
        .filter(|&own| time(row).saturating_sub(time(own)) < SURELY_WAITING_NS);
    let Some(answered) = answered else {
        return vec![lost];
    };
    let gap = time(row).saturating_sub(time(answered));
    let carries = |row: usize| trace.row(id, row).len > 0;
    if !carries(answered) && gap > trace.connection(id).round_trip() {
        let why = "there was nothing for it to answer: somebody on the way may have sent it";
        return vec![Cause::unknown(&[row], Some(why)), lost];
    }
    if carries(answered) && trace.connection(id).is_incomplete() {
        let unseen = "its FIN isn't in the capture, which is incomplete";
        let late = Cause::likely(CauseId::DataAfterClose, &rows, unseen);
        return vec![late, lost];
    }
    let Some(own) = own_data.filter(|_| carries(answered)) else {
        return vec![lost];
    };
    let late = Cause::likely(CauseId::DataAfterClose, &[own, answered, row], FIN_WAITS);
    if is_sending(trace, id, reset.by, trace.row(id, own).len) {
        vec![late.because("it was still sending"), lost]
    } else {
        vec![lost]
    }
}

/// Whether a side has data outstanding, or no room for another segment of `len` octets in its
/// peer's window.
fn is_sending(trace: &Trace, id: ConnectionId, side: Side, len: u32) -> bool {
    let connection = trace.connection(id);
    let ends = &connection.ends;
    let (end, edge) = (&ends[side], ends[side.peer()].right_edge);
    let is_full = |nxt: Seq| edge.is_some_and(|edge| (nxt + len).after(edge));
    end.snd_una != end.snd_nxt || end.snd_nxt.is_some_and(is_full)
}

/// The row that the RST answers: the first since its sender's last that carries something, for each
/// such segment draws an RST of its own; failing that one that was under way to it then; failing that the last.
fn unwanted(
    trace: &Trace,
    id: ConnectionId,
    reset: ResetSeen,
    is_answered: impl Fn(&Record) -> bool,
) -> Option<usize> {
    let row = reset.row as usize;
    let own = last_before(trace, id, row, |record| record.from == reset.by);
    let carries = |record: &Record| record.len > 0 || record.flags.has(Flags::FIN);
    let since = own.map_or(row.saturating_sub(NEAR), |own| own + 1);
    let first = (since..row).find(|&above| {
        let record = trace.row(id, above);
        is_answered(&record) && carries(&record)
    });
    let last = own.map(|own| trace.row(id, own));
    let acked = last
        .filter(|last| last.flags.has(Flags::ACK))
        .map(|last| last.ack);
    let was_under_way = |record: &Record| {
        let end = record.seq + record.len + u32::from(record.flags.has(Flags::FIN));
        carries(record) && acked.is_some_and(|acked| end.after(acked))
    };
    first
        .or_else(|| last_before(trace, id, row, |it| is_answered(it) && was_under_way(it)))
        .or_else(|| last_before(trace, id, row, is_answered))
}

/// The form with ACK: its sender gave up by itself.
fn gave_up(trace: &Trace, id: ConnectionId, reset: ResetSeen) -> Vec<Cause> {
    let row = reset.row as usize;
    let by = reset.by;
    let last_of_peer = last_before(trace, id, row, |record| record.from != by);
    let after_peer = last_of_peer.map_or(0, |last| last + 1);
    let probes: Vec<_> = (after_peer.max(row.saturating_sub(NEAR))..row)
        .filter(|&above| trace.row(id, above).notes.has(Note::KeepAlive))
        .collect();
    if !probes.is_empty() {
        let rows: Vec<_> = probes.into_iter().chain([row]).collect();
        let abort = "an abort after an unanswered probe looks the same";
        return vec![Cause::likely(CauseId::KeepAliveTimeout, &rows, abort)];
    }
    let rst = trace.row(id, row);
    if (rst.seq, rst.wnd) == (Seq(0), 0) {
        // The form of a refusal, but the capture doesn't have the SYN.
        let unseen = "what it refuses isn't in the capture";
        return vec![Cause::likely(CauseId::Refused, &[row], unseen)];
    }
    let fin = own_fin(trace, id, reset);
    let received = last_data(trace, id, by.peer(), row);
    if received.is_none() && !may_have_received(trace, id, by, row) {
        let rows: Vec<_> = fin.into_iter().chain([row]).collect();
        let ways =
            "a socket that is disconnected or killed, or a listener that is closed, sends the same";
        let mut causes = vec![Cause::likely(CauseId::LingerZero, &rows, ways)];
        if fin.is_some() {
            let no_wait = "only a socket with TCP_LINGER2 below 0 doesn't wait in FIN-WAIT-2";
            causes.push(Cause::likely(CauseId::OrphanTimeout, &rows, no_wait));
        }
        return causes;
    }
    let rows: Vec<_> = fin.into_iter().chain(received).chain([row]).collect();
    let unread = Cause::likely(CauseId::UnreadData, &rows, LIKE_ABORT);
    let abort = Cause::likely(CauseId::LingerZero, &[row], LIKE_UNREAD);
    let is_unanswered = received.is_some() && last_data(trace, id, by, row) < received;
    let reason = if is_unanswered {
        "it had not answered the last data it got"
    } else {
        "that is commoner than an abort"
    };
    let mut causes = vec![unread.because(reason), abort];
    if fin > received {
        let no_wait = "only a socket with TCP_LINGER2 below 0 doesn't wait in FIN-WAIT-2";
        causes.push(Cause::likely(CauseId::OrphanTimeout, &[row], no_wait));
    }
    causes
}

/// Whether data that the capture doesn't have may have reached a side before the RST in row `row`:
/// it acknowledges some, or the capture began midway.
fn may_have_received(trace: &Trace, id: ConnectionId, side: Side, row: usize) -> bool {
    let connection = trace.connection(id);
    let (rst, peer) = (trace.row(id, row), &connection.ends[side.peer()]);
    let acknowledges = peer.iss.is_some_and(|iss| {
        let fin = u32::from(peer.fin_covered_by(rst.ack));
        rst.ack.after(iss + 1 + fin)
    });
    acknowledges || connection.opening == Opening::Midway
}

/// The row of the last data a side sent before `row`.
fn last_data(trace: &Trace, id: ConnectionId, side: Side, row: usize) -> Option<usize> {
    let last = trace.connection(id).ends[side].data_at? as usize;
    if last < row {
        return Some(last);
    }
    // Some came after the RST.
    last_before(trace, id, row, |record| {
        record.from == side && record.len > 0
    })
}

/// The row of the resetting side's own FIN, if it came before.
fn own_fin(trace: &Trace, id: ConnectionId, reset: ResetSeen) -> Option<usize> {
    let row = trace.connection(id).fin_row(reset.by)?;
    (row < reset.row).then_some(row as usize)
}
