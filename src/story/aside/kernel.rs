//! What kernels say between the segments: the states of their sockets, and what they did.

use super::{Columns, Style, Tone, columns_of, cut, pad};
use crate::conn::state::PerSide;
use crate::conn::{Certainty, Side, State};
use crate::story::cause::{Cause, causes};
use crate::story::mark::DIFFERS;
use crate::story::reason::{self, Verdict};
use crate::trace::{Aside, Deed, KernelEnd, Trace};

type Ends = PerSide<Option<KernelEnd>>;

pub(super) fn tone(ends: &Ends, shown: PerSide<State>) -> Tone {
    if disagrees(ends, shown) {
        Tone::Disagreement
    } else {
        Tone::Kernel
    }
}

fn disagrees(ends: &Ends, shown: PerSide<State>) -> bool {
    let differs = |side: Side| {
        ends[side]
            .as_ref()
            .is_some_and(|end| end.state != shown[side])
    };
    Side::BOTH.into_iter().any(differs)
}

/// The kernels' states; of an end that none has, none.
pub(super) fn states(
    ends: &Ends,
    shown: PerSide<State>,
    columns: &Columns,
    style: Style,
) -> PerSide<String> {
    PerSide::of(|side| {
        let Some(end) = &ends[side] else {
            return String::new();
        };
        let name = columns.state_name(end.state, Certainty::Proven);
        if end.state == shown[side] {
            name
        } else {
            format!("{name}{}", DIFFERS.sign(style.charset))
        }
    })
}

/// `Send-Q 1 · on 200 ms      kernel            Recv-Q 1`; a timer that doesn't fit goes.
pub(super) fn line(ends: &Ends, width: usize, style: Style) -> String {
    const NAME: &str = "kernel";
    let dot = format!(" {} ", style.charset.dot());
    let facts = |end: &KernelEnd, with_timer: bool| {
        let mut facts = Vec::new();
        let waiting = end.waiting();
        if waiting.receive > 0 {
            facts.push(format!("Recv-Q {}", waiting.receive));
        }
        if waiting.send > 0 {
            facts.push(format!("Send-Q {}", waiting.send));
        }
        if with_timer && !end.timer.is_empty() {
            facts.push(end.timer.clone());
        }
        facts.join(&dot)
    };
    let half = width.saturating_sub(NAME.len()) / 2;
    let facts = PerSide::of(|side| {
        let Some(end) = &ends[side] else {
            return String::new();
        };
        let whole = facts(end, true);
        if columns_of(&whole) + 2 <= half {
            whole
        } else {
            facts(end, false)
        }
    });
    let left = cut(&facts.client, half.saturating_sub(2), style);
    let right = cut(&facts.server, half.saturating_sub(2), style);
    let left = format!(
        " {left}{}",
        " ".repeat(half.saturating_sub(columns_of(&left) + 1))
    );
    let rest = width.saturating_sub(half + NAME.len() + columns_of(&right) + 1);
    cut(
        &format!("{left}{NAME}{}{right} ", " ".repeat(rest)),
        width,
        style,
    )
}

pub(super) fn sentence(ends: &Ends, shown: PerSide<State>) -> String {
    let end = |side: Side| {
        let end = ends[side].as_ref()?;
        let state = end.state;
        Some(match (state, end.queues) {
            (State::Closed, _) => format!("no socket on the {side}'s side"),
            (_, None) => format!("{state} on the {side}'s side"),
            (_, Some(queues)) => {
                let timer = if end.timer.is_empty() {
                    String::new()
                } else {
                    format!(", timer {}", end.timer)
                };
                format!(
                    "{state} on the {side}'s side (Recv-Q {}, Send-Q {}{timer})",
                    queues.receive, queues.send
                )
            }
        })
    };
    let verdict = if disagrees(ends, shown) {
        format!(
            "The wire doesn't tell all of it: tcpviz has {} and {}.",
            shown.client, shown.server
        )
    } else {
        "tcpviz has the same.".into()
    };
    let told: Vec<_> = Side::BOTH.into_iter().filter_map(end).collect();
    format!(
        "The kernel itself, as ss shows it: {}. {verdict}",
        told.join(", ")
    )
}

/// The causes that tcpviz has for the RST that an aside stands behind; none where it isn't the one that counted.
fn causes_of(trace: &Trace, aside: &Aside, side: Side) -> Vec<Cause> {
    if !trace.has(aside.connection) {
        return Vec::new();
    }
    let counted = trace.connection(aside.connection).reset;
    let is_it = counted.is_some_and(|reset| reset.by == side && reset.row + 1 == aside.row);
    if is_it {
        causes(trace, aside.connection)
    } else {
        Vec::new()
    }
}

pub(super) fn deed_tone(trace: &Trace, aside: &Aside, side: Side, deed: &Deed) -> Tone {
    match deed {
        Deed::SentReset(name) => match reason::compare(name, &causes_of(trace, aside, side)) {
            Verdict::Other => Tone::Disagreement,
            _ => Tone::Kernel,
        },
        Deed::Error(_) => Tone::Failure,
        Deed::TookReset(_) | Deed::SentAgain => Tone::Kernel,
    }
}

/// `kernel: closed with data unread · TCP_ABORT_ON_CLOSE`, on the side of who did it.
pub(super) fn deed_line(
    trace: &Trace,
    aside: &Aside,
    (side, deed): (Side, &Deed),
    width: usize,
    style: Style,
) -> String {
    let dot = style.charset.dot();
    let (text, more) = match deed {
        Deed::SentReset(name) => {
            let differs = deed_tone(trace, aside, side, deed) == Tone::Disagreement;
            let sign = if differs {
                DIFFERS.sign(style.charset).to_string()
            } else {
                String::new()
            };
            match reason::find(name) {
                Some(reason) => (format!("kernel: {}{sign}", reason.words), name.clone()),
                None if name.is_empty() => ("kernel: sent an RST".into(), String::new()),
                None => (format!("kernel: {name}"), String::new()),
            }
        }
        Deed::TookReset(error) => ("kernel: took the RST".into(), error.clone()),
        Deed::SentAgain => ("kernel: sent it again".into(), String::new()),
        Deed::Error(error) => (format!("kernel: {error} for its program"), String::new()),
    };
    let whole = format!("{text} {dot} {more}");
    let text = if more.is_empty() || columns_of(&whole) + 2 > width {
        text
    } else {
        whole
    };
    match side {
        Side::Client => pad(&text, "", width, style),
        Side::Server => pad("", &text, width, style),
    }
}

pub(super) fn deed_sentence(trace: &Trace, aside: &Aside, side: Side, deed: &Deed) -> String {
    match deed {
        Deed::SentReset(name) => {
            let verdict = compared(name, &causes_of(trace, aside, side));
            format!("{}{verdict}", sent_reset(side, name))
        }
        Deed::TookReset(error) => {
            let told = match error.as_str() {
                "" => "No program is told.".into(),
                error => told(error),
            };
            format!("The {side}'s kernel took the RST for valid: the connection is gone. {told}")
        }
        Deed::SentAgain => format!(
            "The {side}'s kernel sent a segment again, or one that its timer asked for: nothing had acknowledged it."
        ),
        Deed::Error(error) => format!("The {side}'s kernel has an error: {}", told(error)),
    }
}

fn told(error: &str) -> String {
    format!(
        "The next read() or write() of its program fails with {error}, or getsockopt(SO_ERROR) takes it."
    )
}

/// Why a kernel sent an RST, in a sentence.
pub(crate) fn sent_reset(side: Side, name: &str) -> String {
    match reason::find(name) {
        Some(reason) => format!(
            "The {side}'s kernel sent the RST because {} It calls that {name}.",
            reason.because
        ),
        None if name.is_empty() => {
            format!("The {side}'s kernel sent the RST; this one tells no reason.")
        }
        None => format!("The {side}'s kernel sent the RST, and calls its reason {name}."),
    }
}

/// What tcpviz has beside a kernel's reason, as a sentence after another; empty where there is nothing to say.
pub(crate) fn compared(name: &str, causes: &[Cause]) -> String {
    let words = reason::compare(name, causes).words(causes);
    if words.is_empty() {
        words
    } else {
        format!(" {words}.")
    }
}

#[cfg(test)]
mod tests;
