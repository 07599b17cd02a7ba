//! Why Linux sends an RST, as it names its reasons itself (`enum sk_rst_reason`, include/net/rstreason.h), in plain words; and whether
//! that is what tcpviz concludes from the wire.

use super::cause::{Cause, CauseId};
use crate::conn::{ConnectionId, Side};
use crate::trace::{Deed, Said, Trace};

/// A reason: its name, what it means in a few words, in a sentence that follows "because", and which of tcpviz's causes are the same.
#[derive(Debug)]
pub struct Reason {
    pub name: &'static str,
    pub words: &'static str,
    pub because: &'static str,
    pub causes: &'static [CauseId],
}

/// What the kernel's reason and tcpviz's causes have to do with each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// tcpviz's first cause is the kernel's.
    Same,
    /// tcpviz has it as a possible one, not as the likeliest.
    Possible,
    /// tcpviz has others.
    Other,
    /// The kernel's reason says nothing of a cause, or tcpviz knows none.
    Silent,
}

impl Verdict {
    /// As in the JSON output.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Verdict::Same => "same",
            Verdict::Possible => "possible",
            Verdict::Other => "other",
            Verdict::Silent => "silent",
        }
    }

    /// What follows the kernel's reason, of tcpviz's causes.
    #[must_use]
    pub fn words(self, causes: &[Cause]) -> String {
        let names: Vec<_> = causes.iter().map(|cause| cause.id.name()).collect();
        let names = names.join(", then ");
        match self {
            Verdict::Same if causes.len() > 1 => {
                format!(
                    "tcpviz's likeliest cause, {}, is right",
                    causes[0].id.name()
                )
            }
            Verdict::Same => format!("tcpviz says the same: {names}"),
            Verdict::Possible => {
                format!("The wire alone leaves it open: tcpviz has {names}")
            }
            Verdict::Other => format!("tcpviz concluded otherwise from the wire: {names}"),
            Verdict::Silent => String::new(),
        }
    }
}

use CauseId::{
    DataAfterClose, KeepAliveTimeout, LingerZero, NoSuchConnection, OrphanTimeout, Refused,
    TimeWait, UnreadData,
};

const fn reason(
    name: &'static str,
    words: &'static str,
    because: &'static str,
    causes: &'static [CauseId],
) -> Reason {
    Reason {
        name,
        words,
        because,
        causes,
    }
}

/// Every name of Linux 6.18.
pub static REASONS: [Reason; 25] = [
    reason(
        "NOT_SPECIFIED",
        "no reason told",
        "of something that it doesn't name.",
        &[],
    ),
    reason(
        "NO_SOCKET",
        "no socket there",
        "there is no socket for the segment: nothing listens on the port, or the connection isn't known (any more).",
        &[Refused, NoSuchConnection, OrphanTimeout],
    ),
    reason(
        "TCP_INVALID_ACK_SEQUENCE",
        "acknowledges what it never sent",
        "the segment acknowledges something that this socket, which is still opening, never sent.",
        &[NoSuchConnection],
    ),
    reason(
        "TCP_RFC7323_PAWS",
        "old timestamp",
        "the segment's timestamp is older than one that came before (RFC 7323, PAWS).",
        &[],
    ),
    reason(
        "TCP_TOO_OLD_ACK",
        "acknowledgement much too old",
        "the segment acknowledges what lies more than a window back.",
        &[],
    ),
    reason(
        "TCP_ACK_UNSENT_DATA",
        "acknowledges unsent data",
        "the segment acknowledges data that was never sent.",
        &[],
    ),
    reason(
        "TCP_FLAGS",
        "only a listener there",
        "only a listening socket is there, and the segment is none that opens a connection.",
        &[NoSuchConnection, OrphanTimeout],
    ),
    reason(
        "TCP_OLD_ACK",
        "old acknowledgement",
        "the segment's acknowledgement is old.",
        &[],
    ),
    reason(
        "TCP_ABORT_ON_DATA",
        "data came after close",
        "data came that nobody can read any more: the program had closed the socket, or shut it down for reading and writing. (With \
         TCP_LINGER2 below 0 the ACK of its FIN is enough.)",
        &[DataAfterClose, OrphanTimeout],
    ),
    reason(
        "TCP_TIMEWAIT_SOCKET",
        "socket closed before",
        "only what is left of a closed socket was there, in FIN-WAIT-2 or TIME-WAIT, and took no more data. The name doesn't \
         mean that the state was TIME-WAIT.",
        &[DataAfterClose, TimeWait],
    ),
    reason(
        "INVALID_SYN",
        "a SYN out of place",
        "a SYN came within the connection.",
        &[],
    ),
    reason(
        "TCP_ABORT_ON_CLOSE",
        "closed with data unread",
        "the program closed the socket while data that had come was still unread.",
        &[UnreadData],
    ),
    reason(
        "TCP_ABORT_ON_LINGER",
        "closed, with TCP_LINGER2 below 0",
        "the program closed the socket in FIN-WAIT-2 with TCP_LINGER2 below 0: it waits for no FIN. (SO_LINGER 0 isn't called this.)",
        &[LingerZero, OrphanTimeout],
    ),
    reason(
        "TCP_ABORT_ON_MEMORY",
        "too many closed sockets",
        "there were too many closed sockets, or too little memory for them.",
        &[],
    ),
    reason(
        "TCP_STATE",
        "aborted (SO_LINGER 0, ...)",
        "the socket was aborted in a state in which the peer must be told: by close() with SO_LINGER 0, connect(AF_UNSPEC), a listener \
         that was closed before accept(), or ss -K.",
        &[LingerZero],
    ),
    reason(
        "TCP_KEEPALIVE_TIMEOUT",
        "keep-alive probes unanswered",
        "its keep-alive probes went unanswered.",
        &[KeepAliveTimeout],
    ),
    reason(
        "TCP_DISCONNECT_WITH_DATA",
        "disconnected with data",
        "the program gave the connection up by connect(AF_UNSPEC) while data was still to be sent.",
        &[LingerZero],
    ),
    reason(
        "MPTCP_RST_EUNSPEC",
        "MPTCP: unspecified",
        "MPTCP gave the subflow up, and doesn't tell why.",
        &[],
    ),
    reason(
        "MPTCP_RST_EMPTCP",
        "MPTCP: its own error",
        "MPTCP found an error of its own (RFC 8684).",
        &[],
    ),
    reason(
        "MPTCP_RST_ERESOURCE",
        "MPTCP: no resources",
        "MPTCP had no resources for the subflow.",
        &[],
    ),
    reason(
        "MPTCP_RST_EPROHIBIT",
        "MPTCP: prohibited",
        "the subflow is prohibited.",
        &[],
    ),
    reason(
        "MPTCP_RST_EWQ2BIG",
        "MPTCP: too much data waits",
        "too much data waited in the subflow.",
        &[],
    ),
    reason(
        "MPTCP_RST_EBADPERF",
        "MPTCP: bad performance",
        "the subflow was too slow.",
        &[],
    ),
    reason(
        "MPTCP_RST_EMIDDLEBOX",
        "MPTCP: somebody interferes",
        "somebody on the way changes the segments.",
        &[],
    ),
    reason(
        "ERROR",
        "an error",
        "of an error that it doesn't name.",
        &[],
    ),
];

/// The reason of this name, if it is known.
#[must_use]
pub fn find(name: &str) -> Option<&'static Reason> {
    REASONS.iter().find(|reason| reason.name == name)
}

/// Who sent the RST that counted, and the reason that its kernel told, if it did.
#[must_use]
pub fn told(trace: &Trace, id: ConnectionId) -> Option<(Side, &str)> {
    let reset = trace.connection(id).reset?;
    let mut behind = trace.asides_before(id, reset.row + 1).iter();
    behind.find_map(|aside| match &aside.said {
        Said::Deed {
            side,
            deed: Deed::SentReset(name),
        } if *side == reset.by => Some((*side, name.as_str())),
        _ => None,
    })
}

/// What a kernel's reason says of the causes that tcpviz has.
#[must_use]
pub fn compare(name: &str, causes: &[Cause]) -> Verdict {
    let meant = find(name).map_or(&[][..], |reason| reason.causes);
    let known: Vec<_> = causes.iter().map(|cause| cause.id).collect();
    match known.first() {
        None | Some(CauseId::Unknown) if known.len() < 2 => Verdict::Silent,
        _ if meant.is_empty() => Verdict::Silent,
        Some(first) if meant.contains(first) => Verdict::Same,
        _ if known.iter().any(|id| meant.contains(id)) => Verdict::Possible,
        _ => Verdict::Other,
    }
}
