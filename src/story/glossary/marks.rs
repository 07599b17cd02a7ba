//! The signs on an arrow and beside a state, in Unicode and in ASCII.

use super::{Explanation, explain};

/// Unicode, ASCII, and what the sign says.
pub(super) static MARKS: [(char, char, Explanation); 8] = [
    (
        '✕',
        'X',
        explain(
            "RST",
            "The arrow ends in a cross: an RST. Nothing comes back for it, and after it there is no connection.",
            "RFC 9293 3.5.2",
        ),
    ),
    (
        '╳',
        '!',
        explain(
            "lost",
            "The arrow breaks off: later segments show that this one didn't arrive. So it moved no state at the other end.",
            "docs/states.md",
        ),
    ),
    (
        '↻',
        '*',
        explain(
            "sent before",
            "The segment repeats data, a SYN or a FIN that its sender sent before: a retransmission.",
            "RFC 9293 3.8.1",
        ),
    ),
    (
        '⇄',
        '%',
        explain(
            "out of order",
            "The segment fills a hole that was left less than 3 ms before: on the way two changed places.",
            "RFC 9293 3.10.7.4",
        ),
    ),
    (
        '◌',
        '?',
        explain(
            "not in the capture",
            "What the segment follows or acknowledges isn't in the capture: it was lost before, or not captured.",
            "docs/states.md",
        ),
    ),
    (
        '◦',
        'o',
        explain(
            "probe",
            "The segment only asks for an answer: a keep-alive, or a probe of a window that is 0.",
            "RFC 9293 3.8.4, 3.8.6.1",
        ),
    ),
    (
        '?',
        '?',
        explain(
            "not proven",
            "Behind a state: the capture doesn't prove it. It began midway, frames are missing, or this end never sent anything.",
            "docs/states.md",
        ),
    ),
    (
        '≠',
        '!',
        explain(
            "the kernel differs",
            "Behind a state in a kernel's line: the kernel says another state than tcpviz concludes from the wire.",
            "docs/states.md",
        ),
    ),
];
