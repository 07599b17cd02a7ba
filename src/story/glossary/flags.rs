//! The flags, each by its word; and a segment without any.

use super::{Explanation, explain};

/// In the order in which the flags are written.
pub(super) static FLAGS: [Explanation; 10] = [
    explain(
        "FIN",
        "Its sender will send no more: close(), shutdown(SHUT_WR) or exit. It takes one sequence number and is repeated until \
         it is acknowledged. The receiver's read() gives 0 once all before it is read. Whether the sender still reads it \
         doesn't tell.",
        "RFC 9293 3.1, 3.6",
    ),
    explain(
        "SYN",
        "Opens a connection: it tells the first sequence number of its sender, and takes one itself. With ACK it answers the \
         other SYN. Its options say what this end can do: segment size, window scale, SACK, timestamps.",
        "RFC 9293 3.1, 3.5",
    ),
    explain(
        "RST",
        "The connection is gone at its sender, and at the receiver too if the number is the one it expects next. Nothing \
         acknowledges it. On Linux a bare RST answers a segment that nobody wants; RST,ACK comes from a side that gives up by \
         itself, or that refuses a SYN.",
        "RFC 9293 3.5.2, 3.5.3",
    ),
    explain(
        "PSH",
        "The receiver should hand the data to its program without waiting for more. Linux sets it on the last segment of \
         what it has to send. Its own readers wake up without it too: nothing can be concluded from it.",
        "RFC 9293 3.1, 3.9.1.2",
    ),
    explain(
        "ACK",
        "The acknowledgement number counts: its sender's TCP has everything before it, its program perhaps not. It is set on \
         every segment after the first SYN. Alone, without data, it takes no sequence number: nobody acknowledges it or sends it \
         again.",
        "RFC 9293 3.1, 3.4",
    ),
    explain(
        "URG",
        "The urgent pointer counts: somewhere in the data is something urgent (send() with MSG_OOB). Linux keeps one octet \
         apart, for recv() with MSG_OOB, unless SO_OOBINLINE is set. New programs shouldn't use it.",
        "RFC 9293 3.8.5; RFC 6093",
    ),
    explain(
        "ECE",
        "ECN-Echo: a segment came in with the mark of congestion; it is told until CWR answers. In a SYN, with CWR, it offers \
         ECN, and in the SYN,ACK, without CWR, accepts it. It has nothing to do with how a connection ends.",
        "RFC 3168 6.1",
    ),
    explain(
        "CWR",
        "Congestion Window Reduced: its sender has heard ECE and sends less now. In a SYN, with ECE, it offers ECN. It has \
         nothing to do with how a connection ends.",
        "RFC 3168 6.1",
    ),
    explain(
        "AE",
        "Accurate ECN: with CWR and ECE it counts the marks of congestion in three bits. In a SYN, with both, it offers that. \
         Older texts have this bit as NS. It has nothing to do with how a connection ends.",
        "RFC 9768 3",
    ),
    explain(
        "none",
        "No flag at all: no TCP sends that, for every segment but the first SYN has ACK. An end with a connection drops it; one \
         without answers RST. Port scanners try such segments.",
        "RFC 9293 3.10.7",
    ),
];
