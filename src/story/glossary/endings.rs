//! How a connection ended, by the names in the verdict, the list and the filter.

use super::{Explanation, explain};

/// In the order of `Kind::ALL`.
pub(super) static ENDINGS: [Explanation; 8] = [
    explain(
        "orderly",
        "Both sides sent FIN, one after the other. Who sent the first one closed first, and is left with TIME-WAIT; the other \
         was in CLOSE-WAIT until its program closed. What was acknowledged reached the other kernel; the FIN says nothing \
         of who read it.",
        "RFC 9293 3.6",
    ),
    explain(
        "simultaneous",
        "Both sides sent FIN before either had the other's: the FINs crossed. Both go through CLOSING, or from FIN-WAIT-1 \
         straight to TIME-WAIT, and both wait there. Nothing is wrong with it.",
        "RFC 9293 3.6",
    ),
    explain(
        "reset",
        "An RST that counts ended it: both ends are CLOSED at once, without TIME-WAIT. What wasn't acknowledged is lost, and \
         what its sender hadn't read. The causes below the verdict say why; some look the same on the wire.",
        "RFC 9293 3.5.2, 3.5.3",
    ),
    explain(
        "refused",
        "An RST answered the SYN: there never was a connection. connect() fails with ECONNREFUSED. Nothing listens on that \
         address and port, or a firewall says so in its place.",
        "RFC 9293 3.5.2",
    ),
    explain(
        "timed-out",
        "One side repeated itself and nobody answered, so its TCP gave up. No segment tells that: it is concluded from the \
         repetitions and the silence after them. Its program gets ETIMEDOUT, or what ICMP said; the other end knows nothing.",
        "RFC 9293 3.8.3",
    ),
    explain(
        "half-closed",
        "One side sent FIN; the other hasn't by the end of the capture. That may last as long as a program likes, and may be \
         wanted: shutdown(SHUT_WR), then read. Or the other program forgot to close.",
        "RFC 9293 3.6.1",
    ),
    explain(
        "open",
        "Neither FIN nor RST in the capture. The connection may be alive, or one end may have gone without a word: TCP sends \
         nothing by itself while nobody writes, unless SO_KEEPALIVE is set.",
        "RFC 9293 3.8.4",
    ),
    explain(
        "unanswered",
        "A SYN, perhaps several, and no answer. The host is down, a firewall drops, the backlog is full, or the answer got \
         lost. connect() waits until tcp_syn_retries is used up (ETIMEDOUT), or ICMP says why.",
        "RFC 9293 3.8.3",
    ),
];
