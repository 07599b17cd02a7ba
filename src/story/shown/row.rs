//! A folded run, or a silence, as a row of the ladder.

use super::{Line, Run};
use crate::conn::state::PerSide;
use crate::conn::{ConnectionId, Side};
use crate::story::Charset;
use crate::story::aside::{AsideRow, Tone, center, cut};
use crate::story::ladder::{Columns, Style};
use crate::story::numbers::{counted, grouped, span};
use crate::trace::{Entry, Trace};

/// Lays it out between the lanes.
#[must_use]
pub fn folded(
    trace: &Trace,
    id: ConnectionId,
    line: &Line,
    columns: &Columns,
    style: Style,
) -> AsideRow {
    let ascii = style.charset == Charset::Ascii;
    let dots = if ascii { "..." } else { "⋯" };
    let room = columns.arrow.saturating_sub(2 * dots.chars().count() + 4);
    let (words, entry) = match line {
        Line::Run(run) => (run_words(run, room, style), run.first),
        Line::Silence { before, lasted_ns } => {
            (format!("{} of silence", span(*lasted_ns, ascii)), *before)
        }
        Line::Entry(index) => (String::new(), *index),
    };
    let standing = match trace.entry(id, entry) {
        Entry::Segment(row) => trace.states_before(id, row),
        Entry::Aside(aside) => trace.states_at(aside),
    };
    let words = cut(&words, room, style);
    AsideRow {
        tone: Tone::Folded,
        side: None,
        states: PerSide::of(|_| String::new()),
        lanes: PerSide::of(|side| style.charset.lane(standing[side])),
        middle: center(&format!("{dots} {words} {dots}"), columns.arrow),
    }
}

/// `64 segments · 80 bytes ▶ · ◀ 982,540 bytes` as far as there is room.
fn run_words(run: &Run, room: usize, style: Style) -> String {
    let (to_client, to_server) = match style.charset {
        Charset::Ascii => ("<", ">"),
        Charset::Unicode => ("◀", "▶"),
    };
    let segments = counted(run.segments() as u64, "segment");
    let octets = |unit: &dyn Fn(u64) -> String| {
        let sent = Side::BOTH.into_iter().filter(|side| run.octets[*side] > 0);
        let sent = sent.map(|side| (side, unit(run.octets[side])));
        sent.map(|(side, bytes)| match side {
            Side::Client => format!(" {} {bytes} {to_server}", style.charset.dot()),
            Side::Server => format!(" {} {to_client} {bytes}", style.charset.dot()),
        })
        .collect::<String>()
    };
    let choices = [
        octets(&|count| counted(count, "byte")),
        octets(&|count| format!("{} B", grouped(count))),
        String::new(),
    ];
    let fits = |octets: &&String| segments.chars().count() + octets.chars().count() <= room;
    let octets = choices.iter().find(fits).unwrap_or(&choices[2]);
    format!("{segments}{octets}")
}
