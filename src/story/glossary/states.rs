//! The eleven states: what this end has sent and received, what its program can still do, what ends the state.

use super::{Explanation, explain};

/// In the order of `State::ALL`.
pub(super) static STATES: [Explanation; 11] = [
    explain(
        "CLOSED",
        "No connection at this end: none yet, or none any more. Whatever comes is answered with RST, unless it is an RST \
         itself. A program that still has the socket reads what is left, then 0 (an error once, if one waits); write() gives \
         EPIPE. ss lists no such connection.",
        "RFC 9293 3.3.2, 3.10.7.1",
    ),
    explain(
        "LISTEN",
        "The program has called listen(): any SYN to this port may open a connection. Nothing has been sent. The listener \
         itself stays when a connection leaves LISTEN for SYN-RECEIVED; only its program ends it. ss -tl shows it, with the \
         connections that wait for accept() as Recv-Q.",
        "RFC 9293 3.3.2, 3.10.7.2",
    ),
    explain(
        "SYN-SENT",
        "This end has sent a SYN and waits for one: connect() hasn't returned. SYN,ACK leads to ESTABLISHED, an RST that \
         acknowledges the SYN to CLOSED (ECONNREFUSED). Without an answer Linux repeats the SYN as tcp_syn_retries says, two \
         minutes by default: ETIMEDOUT. Many of them: a host that is down, or a firewall that drops.",
        "RFC 9293 3.5, 3.10.7.3",
    ),
    explain(
        "SYN-RECEIVED",
        "This end got a SYN and answered with its own; the ACK of that is awaited. accept() doesn't return the connection \
         yet. The ACK leads to ESTABLISHED; without one Linux repeats the SYN,ACK tcp_synack_retries times, then forgets it. \
         ss spells it SYN-RECV. Many of them: a SYN flood, or no way back.",
        "RFC 9293 3.5, 3.10.7.4",
    ),
    explain(
        "ESTABLISHED",
        "This end's SYN is acknowledged, and it has the other's: its program may read and write. A FIN ends the state: sent, \
         FIN-WAIT-1; received, CLOSE-WAIT. No clock does: silence lasts for ever unless SO_KEEPALIVE probes it. Unanswered \
         data ends it (tcp_retries2: about 15 minutes). ss spells it ESTAB.",
        "RFC 9293 3.3.2, 3.10.7.4",
    ),
    explain(
        "FIN-WAIT-1",
        "This end has sent FIN: close(), shutdown(SHUT_WR) or exit. It sends no more; after shutdown() its program still \
         reads. The ACK of the FIN leads to FIN-WAIT-2, with the other FIN to TIME-WAIT, the other FIN alone to CLOSING. \
         Unanswered, Linux gives up: closed after tcp_orphan_retries (about 107 s), else after tcp_retries2.",
        "RFC 9293 3.6, 3.10.7.4",
    ),
    explain(
        "FIN-WAIT-2",
        "This end's FIN is acknowledged; the other FIN is awaited, and only the other program sends it. After \
         shutdown(SHUT_WR) this program still reads, for as long as it takes. After close() nobody does: Linux answers data \
         with RST, and waits tcp_fin_timeout (60 s). Many of them: the other side doesn't close (CLOSE-WAIT there).",
        "RFC 9293 3.6, 3.10.7.4",
    ),
    explain(
        "CLOSE-WAIT",
        "This end has the other's FIN and sent none: read() gives what is left, then 0; write() still works, perhaps for \
         nobody. Only its own program ends it: close(), shutdown(SHUT_WR) or exit. No clock does. Many of them: a program that \
         doesn't close after read() gave 0, and leaks descriptors; ss -tnp state close-wait names it.",
        "RFC 9293 3.6",
    ),
    explain(
        "CLOSING",
        "Both ends sent FIN at the same time: this one has the other's FIN, but its own isn't acknowledged. read() gives what \
         is left, then 0; write() EPIPE. The ACK of its FIN leads to TIME-WAIT, usually within a round trip; until then the \
         FIN is repeated. Rare: the FINs must cross.",
        "RFC 9293 3.6, 3.10.7.4",
    ),
    explain(
        "LAST-ACK",
        "The other end's FIN came first; now this end has sent its own and waits for the ACK of it: then CLOSED. Its program \
         has nothing left to read or write. Without ACK the FIN is repeated; a closed socket gives up after \
         tcp_orphan_retries (about 107 s on Linux). Nobody is told of an RST here. Many of them: FINs or ACKs get lost.",
        "RFC 9293 3.6, 3.10.7.4",
    ),
    explain(
        "TIME-WAIT",
        "Both FINs are sent, received and acknowledged, and this end closed first, or at the same time. It acknowledges a FIN that \
         comes again, and keeps old segments from a new connection. The clock ends it: 60 s on Linux, whatever \
         tcp_fin_timeout says (the RFC: 2 MSL, four minutes). Many of them are normal there; each holds its ports, not a \
         descriptor.",
        "RFC 9293 3.3.2, 3.6.1",
    ),
];
