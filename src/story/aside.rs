//! What stands between the segments of a ladder: system calls on their side, what the kernels say, what befell the wire.

mod error;
pub(super) mod kernel;

use super::Charset;
use super::ladder::{Columns, Style};
use super::printable::printable;
use crate::conn::Side;
use crate::conn::state::PerSide;
use crate::trace::{Aside, Said, Trace};

/// What kind of line it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tone {
    Call,
    /// A call that failed.
    Failure,
    /// The kernels agree with tcpviz.
    Kernel,
    /// They don't.
    Disagreement,
    Order,
    /// A run of data, or a silence.
    Folded,
    /// An ICMP error.
    Error,
}

/// A line ready to be drawn.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AsideRow {
    pub tone: Tone,
    /// On whose side it stands; `None` in the middle.
    pub side: Option<Side>,
    /// The kernels' states; empty on other lines.
    pub states: PerSide<String>,
    pub lanes: PerSide<char>,
    /// What stands between the lanes, as wide as the arrows.
    pub middle: String,
}

impl AsideRow {
    /// The row as a line of text, without a number or a time: its place tells when.
    #[must_use]
    pub fn text(&self, columns: &Columns) -> String {
        let text = format!(
            "{:>width$} {}{}{} {}",
            self.states.client,
            self.lanes.client,
            self.middle,
            self.lanes.server,
            self.states.server,
            width = columns.before_lane() - 1,
        );
        text.trim_end().into()
    }
}

/// Lays out what is told beside segments.
#[must_use]
pub fn aside(trace: &Trace, aside: &Aside, columns: &Columns, style: Style) -> AsideRow {
    let standing = trace.states_at(aside);
    let lanes = PerSide::of(|side| style.charset.lane(standing[side]));
    let none = || PerSide::of(|_| String::new());
    let width = columns.arrow;
    match &aside.said {
        Said::Call { side, text, failed } => AsideRow {
            tone: if *failed { Tone::Failure } else { Tone::Call },
            side: Some(*side),
            states: none(),
            lanes,
            middle: match side {
                Side::Client => pad(text, "", width, style),
                Side::Server => pad("", text, width, style),
            },
        },
        Said::Order(text) => {
            let text = cut(text, width.saturating_sub(4), style);
            let dot = style.charset.dot();
            AsideRow {
                tone: Tone::Order,
                side: None,
                states: none(),
                lanes,
                middle: center(&format!("{dot} {text} {dot}"), width),
            }
        }
        Said::Error(seen) => AsideRow {
            tone: Tone::Error,
            side: None,
            states: none(),
            lanes,
            middle: error::line(trace, aside, seen, width, style),
        },
        Said::Kernel(ends) => AsideRow {
            tone: kernel::tone(ends, standing),
            side: None,
            states: kernel::states(ends, standing, columns, style),
            lanes,
            middle: kernel::line(ends, width, style),
        },
        Said::Deed { side, deed } => AsideRow {
            tone: kernel::deed_tone(trace, aside, *side, deed),
            side: Some(*side),
            states: none(),
            lanes,
            middle: kernel::deed_line(trace, aside, (*side, deed), width, style),
        },
    }
}

/// Columns of a text: nothing wide stands in these.
fn columns_of(text: &str) -> usize {
    text.chars().count()
}

/// A text at either end, a space from the lane.
fn pad(left: &str, right: &str, width: usize, style: Style) -> String {
    let room = width.saturating_sub(2);
    let (left, right) = (cut(left, room, style), cut(right, room, style));
    let gap = room.saturating_sub(columns_of(&left) + columns_of(&right));
    format!(" {left}{}{right} ", " ".repeat(gap))
}

pub(super) fn center(text: &str, width: usize) -> String {
    let gap = width.saturating_sub(columns_of(text));
    format!("{}{text}{}", " ".repeat(gap / 2), " ".repeat(gap - gap / 2))
}

/// At most so many columns of a text; what is cut is marked. Of a call its result stays.
pub(super) fn cut(text: &str, width: usize, style: Style) -> String {
    let text = &printable(text);
    if columns_of(text) <= width {
        return text.into();
    }
    if let Some(at) = text.rfind(" = ") {
        let (call, result) = text.split_at(at);
        let room = width.saturating_sub(columns_of(result));
        if room > columns_of("close(3)") {
            return format!("{}{result}", cut(call, room, style));
        }
    }
    let mark = if style.charset == Charset::Ascii {
        "~"
    } else {
        "…"
    };
    let mut kept = String::new();
    for c in text.chars() {
        if columns_of(&kept) + 1 >= width {
            break;
        }
        kept.push(c);
    }
    format!("{kept}{mark}")
}

/// What a line is about, for people; sequence numbers as in the header if `absolute`.
#[must_use]
pub fn sentence(trace: &Trace, aside: &Aside, absolute: bool) -> String {
    printable(&sentences(trace, aside, absolute))
}

fn sentences(trace: &Trace, aside: &Aside, absolute: bool) -> String {
    match &aside.said {
        Said::Order(text) => format!("Not on the wire: {text}."),
        Said::Error(seen) => error::sentence(trace, aside, seen, absolute),
        Said::Kernel(ends) => kernel::sentence(ends, trace.states_at(aside)),
        Said::Deed { side, deed } => kernel::deed_sentence(trace, aside, *side, deed),
        Said::Call { side, text, .. } => {
            let who = format!("A system call on the {side}'s side: {text}.");
            match meaning(text) {
                Some(meaning) => format!("{who} {meaning}"),
                None => who,
            }
        }
    }
}

/// What a call's result means, where that isn't plain; otherwise what the call does.
fn meaning(text: &str) -> Option<&'static str> {
    let (_, result) = name_and_result(text);
    of_result(result).or_else(|| of_call(text))
}

/// A call's name, and its result; empty where it has none yet.
pub(super) fn name_and_result(text: &str) -> (&str, &str) {
    let name = text.split('(').next().unwrap_or_default();
    let result = text.rsplit_once(" = ").map_or("", |(_, result)| result);
    (name.rsplit(' ').next().unwrap_or_default(), result)
}

/// What a result means, where that isn't plain.
pub(super) fn of_result(result: &str) -> Option<&'static str> {
    Some(match result {
        "0 (EOF)" => {
            "0 is the end of file: the other side's FIN has been reached, and every later read gives 0 too."
        }
        "EPIPE, SIGPIPE" => {
            "Nothing can be sent any more. SIGPIPE came with it: who doesn't handle or ignore it is killed."
        }
        "EPIPE" => "Nothing can be sent any more.",
        "ECONNRESET" => {
            "An RST has come. The error is told once; then reads give 0 and writes EPIPE."
        }
        "EAGAIN" => "It would have to wait (nothing to read, or no room to write), and was not to.",
        "EBADF" => "The descriptor is closed: this never reaches TCP.",
        _ => return None,
    })
}

/// What a call does, or why it is shown, where that isn't plain.
pub(super) fn of_call(text: &str) -> Option<&'static str> {
    let (name, _) = name_and_result(text);
    if text.ends_with("...") {
        return Some("It waits; its end comes later.");
    }
    Some(match name {
        "close" => {
            "The descriptor is gone. When the last one for a socket goes, its TCP sends FIN, or RST if received data was \
             left unread."
        }
        "shutdown" => {
            "SHUT_WR sends FIN, whoever else holds the socket; SHUT_RD sends nothing. The descriptor stays."
        }
        "send" | "write" => {
            "The bytes are in the kernel's buffer. That says nothing about whether the other side has them, or ever will."
        }
        "setsockopt" if text.contains("SO_LINGER, 1, 0") => {
            "close() will abort from now on: an RST instead of a FIN, and nothing that still waits in its buffers is sent."
        }
        "poll" | "epoll_wait" => {
            "IN: read() wouldn't wait (data, or the end of file). OUT: nor would write(). RDHUP: the other side has sent \
             FIN. HUP: both directions are shut. ERR: an error waits, or was told."
        }
        "getsockopt" => "The error that waits, if any; this takes it.",
        "listen" => "Connections to its port are taken from now on.",
        "accept" => "A connection that the kernel has already opened gets a descriptor.",
        "fork" => "The child has every descriptor too: a close() in one of the two sends nothing.",
        "exit" => "The kernel closes what the process had open, the newest descriptor first.",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_call_that_does_not_fit_the_result_stays() {
        let style = Style::default();
        let text = "program: send(5, 1 byte, MSG_NOSIGNAL) = ECONNRESET";
        assert_eq!(cut(text, 60, style), text);
        assert_eq!(cut(text, 30, style), "program: send(5,… = ECONNRESET");
        assert_eq!(cut(text, 10, style), "program: …");
    }
}
