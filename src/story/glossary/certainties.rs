//! How sure a state is, and how sure a cause.

use super::{Explanation, explain};

/// In the order of `Certainty::ALL`.
pub(super) static STATES: [Explanation; 4] = [
    explain(
        "proven",
        "The wire confirms this state: the end has sent something that only this state sends. Nothing is assumed.",
        "docs/states.md",
    ),
    explain(
        "presumed",
        "It assumes that something on its way has arrived: nothing that this end sent since shows it. It is taken back, here \
         too, if later segments disprove it.",
        "docs/states.md",
    ),
    explain(
        "inferred",
        "The capture doesn't hold how this state came about: it began midway, or this end hasn't sent anything yet. A ? stands behind the \
         state.",
        "docs/states.md",
    ),
    explain(
        "uncertain",
        "Frames are missing (dropped, cut, or never captured), and this end hasn't shown its state since. A ? stands behind the \
         state. It may have gone on without being seen.",
        "docs/states.md",
    ),
];

/// In the order of `Confidence`.
pub(super) static CAUSES: [Explanation; 3] = [
    explain(
        "certain",
        "The segments that are named show it. What would look the same on the wire all the same is said beside it: a \
         firewall in a host's name, or another call with the same effect.",
        "docs/json.md",
    ),
    explain(
        "likely",
        "It fits, and so does something else: what speaks against it is said. The likeliest cause comes first. Only the \
         host itself can tell: strace, or its counters (nstat -az).",
        "docs/json.md",
    ),
    explain(
        "unknown",
        "Nothing in the capture tells one cause from another. That is said rather than guessed.",
        "docs/json.md",
    ),
];
