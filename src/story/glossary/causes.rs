//! Why a connection was reset or timed out: what it is, which line of code usually makes it, what would have avoided it,
//! and how sure one can be from the wire. Where a finding tells what it means and what to try, its words are taken.

use super::{Explanation, explain};

/// A cause, and the finding whose words stand around it.
pub(super) struct Told {
    pub own: Explanation,
    pub finding: Option<&'static str>,
}

const fn told(finding: &'static str, own: Explanation) -> Told {
    Told {
        own,
        finding: Some(finding),
    }
}

const fn alone(own: Explanation) -> Told {
    Told { own, finding: None }
}

/// In the order of `CauseId::ALL`.
pub(super) static CAUSES: [Told; 11] = [
    told(
        "unread-data",
        explain(
            "unread-data",
            "The usual line: close(), or return, after the first read() or an error. SO_LINGER 0 looks the same: only \
             likely.",
            "RFC 2525 2.17; RFC 9293 3.6.1",
        ),
    ),
    told(
        "linger-zero",
        explain(
            "linger-zero",
            "The usual line: setsockopt(SO_LINGER, {1, 0}) against TIME-WAIT. Other aborts look the same: only likely.",
            "RFC 9293 3.9.1.6, 3.10.5",
        ),
    ),
    alone(explain(
        "data-after-close",
        "Data came to a side that had closed both directions: nobody can read it, so RST answers. The usual line: close() \
         while the peer is still sending. Avoided by shutdown(SHUT_WR) and read() until 0; or by a peer that stops when its \
         read() gives 0. Certain only where the data came soon after the FIN; later, it may be a FIN-WAIT-2 that timed out.",
        "RFC 9293 3.6.1; RFC 1122 4.2.2.13",
    )),
    alone(explain(
        "orphan-timeout",
        "After close() Linux waits for the other FIN only tcp_fin_timeout (60 s); what comes later meets no connection, and \
         gets RST. The usual line: close() here while the peer goes on for minutes. Avoided by shutdown(SHUT_WR) and read() \
         until 0. A host that has restarted looks the same, so it is only likely.",
        "RFC 9293 3.5.2; docs/states.md",
    )),
    told(
        "peer-rebooted",
        explain(
            "no-such-connection",
            "No line of code makes it; a long silence often does. A firewall that cuts looks the same: only likely.",
            "RFC 9293 3.5.1, 3.5.2",
        ),
    ),
    told(
        "refused",
        explain(
            "refused",
            "The usual line: bind() to another address (127.0.0.1), or connect() before the service runs. That it is \
             refused is certain; by whom is not.",
            "RFC 9293 3.5.2, 3.10.7.1",
        ),
    ),
    told(
        "keep-alive-failed",
        explain(
            "keep-alive-timeout",
            "The usual line: setsockopt(SO_KEEPALIVE), which is there for this. An abort after an unanswered probe looks \
             the same: only likely.",
            "RFC 9293 3.8.4",
        ),
    ),
    alone(explain(
        "retransmission-timeout",
        "What was sent was never acknowledged, however often it was repeated. How often is up to tcp_retries2 (about 15 \
         minutes), tcp_orphan_retries, tcp_syn_retries or TCP_USER_TIMEOUT. No line of code makes it: the host or the way is \
         gone. The capture may end before its sender gave up, so it is only likely.",
        "RFC 9293 3.8.3",
    )),
    alone(explain(
        "unreachable",
        "A router or host said by ICMP that the segment can't be delivered. connect() fails at once with what it said; an open \
         connection goes on repeating, and its program hears of it only at the end. Anybody on the way may send ICMP, so it \
         is only likely.",
        "RFC 9293 3.9.2.2",
    )),
    alone(explain(
        "time-wait",
        "The connection was over, and an RST ended early what was left of it, a TIME-WAIT. No program is told, and nothing is \
         lost. Usually the other end answers an old segment. A host with tcp_rfc1337 set keeps its TIME-WAIT, so it is only \
         likely.",
        "RFC 1337",
    )),
    alone(explain(
        "unknown",
        "The segments don't tell why. Often somebody between the two ends sent the RST: its sender goes on as if it never \
         had, or its TTL differs. A capture at the host that is named shows whether the RST left there.",
        "docs/states.md",
    )),
];
