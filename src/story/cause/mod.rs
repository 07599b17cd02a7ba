//! Why a connection was reset, or timed out: what the causes are called, how sure each is, and the
//! segments that show it.

mod reset;
mod silence;

pub use silence::{Silence, silence};

use crate::conn::ConnectionId;
use crate::trace::{Record, Trace};

/// What led to an RST or a time-out. The names are those of the JSON output.
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
    /// What was repeated was never acknowledged.
    RetransmissionTimeout,
    /// A router or host says that the peer can't be reached.
    Unreachable,
    /// An RST met what was left of a closed connection.
    TimeWait,
    Unknown,
}

impl CauseId {
    pub const ALL: [CauseId; 11] = [
        CauseId::UnreadData,
        CauseId::LingerZero,
        CauseId::DataAfterClose,
        CauseId::OrphanTimeout,
        CauseId::NoSuchConnection,
        CauseId::Refused,
        CauseId::KeepAliveTimeout,
        CauseId::RetransmissionTimeout,
        CauseId::Unreachable,
        CauseId::TimeWait,
        CauseId::Unknown,
    ];

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
            CauseId::RetransmissionTimeout => "retransmission-timeout",
            CauseId::Unreachable => "unreachable",
            CauseId::TimeWait => "time-wait",
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
            CauseId::RetransmissionTimeout => "nothing answers",
            CauseId::Unreachable => "it can't be reached",
            CauseId::TimeWait => "the connection was already closed",
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
    /// Why it is likelier than the ones after it.
    pub reason: Option<&'static str>,
    /// What speaks against it, or what else would look the same.
    pub against: Option<&'static str>,
}

impl Cause {
    fn certain(id: CauseId, rows: &[usize], against: &'static str) -> Cause {
        Cause {
            confidence: Confidence::Certain,
            ..Cause::likely(id, rows, against)
        }
    }

    fn likely(id: CauseId, rows: &[usize], against: &'static str) -> Cause {
        Cause {
            id,
            confidence: Confidence::Likely,
            rows: rows.to_vec(),
            reason: None,
            against: Some(against),
        }
    }

    fn because(self, reason: &'static str) -> Cause {
        Cause {
            reason: Some(reason),
            ..self
        }
    }

    fn unknown(rows: &[usize], against: Option<&'static str>) -> Cause {
        Cause {
            id: CauseId::Unknown,
            confidence: Confidence::Unknown,
            rows: rows.to_vec(),
            reason: None,
            against,
        }
    }
}

/// The possible causes of a connection's reset or time-out, the likeliest first; none if it ended
/// otherwise.
#[must_use]
pub fn causes(trace: &Trace, id: ConnectionId) -> Vec<Cause> {
    let connection = trace.connection(id);
    if let Some(reset) = connection.reset {
        return reset::causes(trace, id, reset);
    }
    if let Some(row) = connection.time_wait_killed {
        let fins = connection.fins.iter().map(|fin| fin.row as usize);
        let rows: Vec<_> = fins.chain([row as usize]).collect();
        let against = "a host with tcp_rfc1337 set keeps its TIME-WAIT";
        return vec![Cause::likely(CauseId::TimeWait, &rows, against)];
    }
    silence(trace, id).map_or(Vec::new(), |silence| silence.causes())
}

/// How many rows back from an RST its reason is looked for: nothing delays an RST.
const NEAR: usize = 64;

/// The last row before `row`, not far from it, that is as wanted.
fn last_before(
    trace: &Trace,
    id: ConnectionId,
    row: usize,
    wanted: impl Fn(&Record) -> bool,
) -> Option<usize> {
    (row.saturating_sub(NEAR)..row)
        .rev()
        .find(|&above| wanted(&trace.row(id, above)))
}

#[cfg(test)]
mod tests;
