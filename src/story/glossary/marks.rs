//! The signs on an arrow and beside a state, in Unicode and in ASCII: a line each, for the help.

use super::{Explanation, explain};

/// Unicode, ASCII, and what the sign says.
pub(super) static MARKS: [(char, char, Explanation); 8] = [
    (
        '✕',
        'X',
        explain(
            "RST",
            "an RST: after it there is no connection.",
            "RFC 9293 3.5.2",
        ),
    ),
    (
        '╳',
        '!',
        explain(
            "lost",
            "lost: later segments show that it didn't arrive.",
            "docs/states.md",
        ),
    ),
    (
        '↻',
        '*',
        explain(
            "sent before",
            "sent before: a retransmission of data, SYN or FIN.",
            "RFC 9293 3.8.1",
        ),
    ),
    (
        '⇄',
        '%',
        explain(
            "out of order",
            "out of order: it fills a hole left just before.",
            "RFC 9293 3.10.7.4",
        ),
    ),
    (
        '◌',
        '?',
        explain(
            "not in the capture",
            "what it follows or acknowledges isn't in the capture.",
            "docs/states.md",
        ),
    ),
    (
        '◦',
        'o',
        explain(
            "probe",
            "a probe: keep-alive, or of a window that is 0.",
            "RFC 9293 3.8.4, 3.8.6.1",
        ),
    ),
    (
        '?',
        '?',
        explain(
            "not proven",
            "behind a state: the capture doesn't prove it.",
            "docs/states.md",
        ),
    ),
    (
        '≠',
        '!',
        explain(
            "the kernel differs",
            "behind a kernel's state: tcpviz concludes another one.",
            "docs/states.md",
        ),
    ),
];
