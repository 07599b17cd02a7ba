//! The notes on a segment, by the names that stand on its arrow.

use super::{Explanation, explain};

/// In the order of `Note::ALL`.
pub(super) static NOTES: [Explanation; 17] = [
    explain(
        "retransmission",
        "These octets were sent before: they, or their acknowledgement, were lost or are late. Linux repeats after 200 ms or \
         more, each time after twice as long; sooner as a probe of the tail, or when later data is acknowledged. The receiver \
         drops what it has already.",
        "RFC 9293 3.8.1; RFC 6298",
    ),
    explain(
        "fin-retransmission",
        // Before it stands what the finding means.
        "A FIN takes a sequence number, so it is repeated like data until it is acknowledged, and goes with data that is \
         repeated too. A FIN that comes twice moves nothing; the second is acknowledged again.",
        "RFC 9293 3.8.1",
    ),
    explain(
        "syn-retransmission",
        "The SYN, or SYN,ACK, was sent before: it or its answer was lost, or is late. Linux waits a second, and longer after \
         some; tcp_syn_retries and tcp_synack_retries say how often. If nobody answers, connect() fails with ETIMEDOUT.",
        "RFC 9293 3.8.3",
    ),
    explain(
        "out-of-order",
        "It fills a hole that its sender's segments left less than 3 ms before: they overtook it on the way, or the capture \
         has them in another order. What came behind the hole waits in the receiver's kernel; a FIN there isn't taken yet. \
         Nothing was lost.",
        "RFC 9293 3.10.7.4",
    ),
    explain(
        "duplicate-ack",
        "It acknowledges what the one before did, and neither data nor the window is new. Its sender waits for something \
         that is missing, or got something twice. Three of them make the other side repeat at once.",
        "RFC 5681 2, 3.2",
    ),
    explain(
        "window-full",
        "The data fills all that the receiver allows: its sender must wait for room. The receiver's program reads more \
         slowly than this side writes. A FIN of the sender has to wait as well.",
        "RFC 9293 3.8.6",
    ),
    explain(
        "zero-window",
        "Its sender's buffer for received data is full: its program doesn't read. The other side must stop, and its FIN waits behind the \
         data. Only reading ends that; a window update tells of it, and probes ask.",
        "RFC 9293 3.8.6",
    ),
    explain(
        "window-update",
        "Only the window is new: its sender's program has read something, and there is room again. It acknowledges nothing that \
         wasn't acknowledged before.",
        "RFC 9293 3.8.6",
    ),
    explain(
        "window-probe",
        "The window was 0: this asks whether it still is, for the update may have been lost. It carries nothing, or one octet. \
         As long as it is answered it goes on for ever, at growing intervals.",
        "RFC 9293 3.8.6.1",
    ),
    explain(
        "keep-alive",
        "Nothing, or one old octet, just before the next number: is the other end still there? A socket with SO_KEEPALIVE asks \
         after a silence (tcp_keepalive_time: two hours on Linux). With no answer to tcp_keepalive_probes of them it gives up: \
         RST, and ETIMEDOUT for its program.",
        "RFC 9293 3.8.4",
    ),
    explain(
        "keep-alive-ack",
        "It answers a keep-alive: the host is up and its kernel still has the connection. Of the program there it tells \
         nothing; it may hang.",
        "RFC 9293 3.8.4",
    ),
    explain(
        "challenge-ack",
        "It answers an RST or SYN that doesn't count by itself, and says which number is expected. Who really has no connection any \
         more answers with an RST that counts. Who forged it gets nothing.",
        "RFC 5961 3.2, 4.2",
    ),
    explain(
        "reset-ignored",
        "This RST doesn't count: its number isn't the one expected next. In the window it draws a challenge ACK, elsewhere \
         nothing. So a guessed RST can't end a connection; a true one may come too early or too late.",
        "RFC 5961 3.2",
    ),
    explain(
        "port-reused",
        "A new connection between addresses and ports that had one before. If the old one is in TIME-WAIT, the SYN needs a newer \
         number or timestamp to be taken. Common where a client opens many short connections, or binds its port.",
        "RFC 9293 3.6.1",
    ),
    explain(
        "urgent",
        "The URG flag is set: the urgent pointer says where something urgent ends. Linux keeps that one octet apart from the \
         rest, unless SO_OOBINLINE is set.",
        "RFC 9293 3.8.5",
    ),
    explain(
        "previous-not-captured",
        "It starts beyond what the capture has of its sender: something before it is missing. Either it was lost on the way, \
         or it passed and wasn't captured; what follows tells. States are uncertain until each end shows its own.",
        "docs/states.md",
    ),
    explain(
        "ack-of-unseen",
        "It acknowledges what the capture doesn't have: that passed, and wasn't captured. So frames are missing, and \
         states are uncertain until each end shows its own.",
        "docs/states.md",
    ),
];
