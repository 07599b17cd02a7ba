//! Where both ends stand, and what their programs' next calls give.
//!
//! ```text
//!               client            server
//!  state        FIN-WAIT-1        CLOSE-WAIT
//!               proven            presumed
//!  SND.UNA      1                 1
//!  SND.NXT      2                 1
//!  RCV.NXT      1                 2 presumed
//!  in flight    FIN               0
//!  SND.WND      65,536            32,896
//!  next read()  if open: waits    0 (end of file)
//!  next write() if open:          succeeds
//!               EPIPE+SIGPIPE
//! ```

use ratatui::text::{Line, Span};

use super::{Selected, wrapped};
use crate::conn::state::PerSide;
use crate::conn::{Side, State};
use crate::story::numbers::grouped;
use crate::story::space::{Space, Window};
use crate::tui::theme::Look;
use crate::wire::Seq;

/// Columns of the names, with the space behind them.
const NAME: usize = 13;

/// A column for each end; what is too long goes on below.
pub(super) fn side_by_side(
    look: Look,
    selected: &Selected<'_>,
    width: usize,
) -> Vec<Line<'static>> {
    let column = (width.saturating_sub(NAME + 1) / 2).max(1);
    let line = |name: &str, cells: [&str; 2], style| {
        let [client, server] = cells;
        Line::from(vec![
            Span::styled(format!("{name:<NAME$}"), look.theme.quiet()),
            Span::styled(format!("{client:<column$} {server}"), style),
        ])
    };
    let names = Side::BOTH.map(Side::name);
    let mut lines = vec![line("", names, look.theme.news())];
    for (name, cells) in rows(look, selected) {
        let cells = PerSide::of(|side| wrapped(&cells[side], column));
        let height = cells.client.len().max(cells.server.len());
        for index in 0..height {
            let part = |side: Side| cells[side].get(index).map_or("", String::as_str);
            let name = if index == 0 { name } else { "" };
            let style = ratatui::style::Style::new();
            lines.push(line(name, Side::BOTH.map(part), style));
        }
    }
    lines
}

/// Names and values of both ends.
fn rows(look: Look, selected: &Selected<'_>) -> Vec<Cells> {
    let space = selected.space;
    let each = |make: &dyn Fn(Side, &Space) -> String| PerSide::of(|side| make(side, &space[side]));
    let mut rows = vec![
        ("state", each(&|_, end| end.state.name().into())),
        ("", each(&|_, end| end.certainty.name().into())),
    ];
    rows.extend(numbers(look, selected));
    rows.push(("next read()", each(&|_, end| end.program.next_read())));
    rows.push(("next write()", each(&|_, end| end.program.next_write())));
    rows
}

/// What stands in sequence space, by importance.
fn numbers(look: Look, selected: &Selected<'_>) -> Vec<Cells> {
    let space = selected.space;
    let number = |side: Side, seq: Option<Seq>| match seq {
        None => "-".into(),
        Some(seq) if look.style.absolute => seq.0.to_string(),
        Some(seq) => grouped(selected.trace.relative(selected.id, side, seq).into()),
    };
    let each = |make: &dyn Fn(Side, &Space) -> String| PerSide::of(|side| make(side, &space[side]));
    let mut rows = vec![
        ("SND.UNA", each(&|side, end| number(side, end.snd_una))),
        ("SND.NXT", each(&|side, end| number(side, end.snd_nxt))),
        (
            "RCV.NXT",
            each(&|side, end| {
                let presumed = end.rcv_nxt.is_some() && !end.rcv_proven;
                let presumed = if presumed { " presumed" } else { "" };
                format!("{}{presumed}", number(side.peer(), end.rcv_nxt))
            }),
        ),
        ("in flight", each(&|_, end| in_flight(end))),
        ("SND.WND", each(&|_, end| window(end))),
    ];
    if Side::BOTH.iter().any(|side| space[*side].held > 0) {
        let held = each(&|_, end| match end.held {
            0 => "-".into(),
            octets => format!("{} behind a hole", grouped(octets.into())),
        });
        rows.insert(3, ("holds", held));
    }
    rows
}

/// Whether an end has no connection, and with it no variables (RFC 9293, 3.3.2).
fn is_gone(end: &Space) -> bool {
    matches!(end.state, State::Closed | State::Listen)
}

/// `8 + FIN`.
fn in_flight(end: &Space) -> String {
    if is_gone(end) {
        return "-".into();
    }
    let flags = [(end.syn_in_flight, "SYN"), (end.fin_in_flight, "FIN")];
    let flags = flags.into_iter().filter(|(is_set, _)| *is_set);
    let mut parts: Vec<_> = flags.map(|(_, name)| name.to_owned()).collect();
    if end.in_flight > 0 || parts.is_empty() {
        parts.insert(0, grouped(end.in_flight.into()));
    }
    parts.join(" + ")
}

fn window(end: &Space) -> String {
    match end.window {
        _ if is_gone(end) => "-".into(),
        Window::Octets(octets) => grouped(octets.into()),
        Window::Unscaled(wnd) => format!("{wnd} x unknown"),
        Window::Unknown => "unknown".into(),
    }
}

/// A few lines for each end: its numbers, aligned with the other's; its program's next calls; and the
/// numbers that didn't fit.
pub(super) fn one_below_the_other(
    look: Look,
    selected: &Selected<'_>,
    width: usize,
) -> Vec<Line<'static>> {
    let space = selected.space;
    let room = width.saturating_sub(SIDE).max(1);
    let name = PerSide::of(|side| space[side].state.name().to_owned());
    let certainty = PerSide::of(|side| space[side].certainty.name().to_owned());
    let mut above = vec![("", name), ("", certainty)];
    above.extend(numbers(look, selected));
    let mut below = calls(space);
    if above.iter().map(columns).sum::<usize>() > room {
        // The window and what is in flight matter least.
        below.extend(above.split_off(VARIABLES));
    }
    Side::BOTH
        .into_iter()
        .flat_map(|side| {
            let mut lines = flow(look, side, &above, room);
            lines.extend(flow(look, side, &below, room));
            lines[0].spans[0] = Span::styled(format!("{:<SIDE$}", side.name()), look.theme.news());
            lines
        })
        .collect()
}

/// State, certainty, SND.UNA, SND.NXT, RCV.NXT.
const VARIABLES: usize = 5;

/// Columns of a side's name.
const SIDE: usize = 6;

type Cells = (&'static str, PerSide<String>);

/// Both calls; once where there is no more than one to tell of.
fn calls(space: &PerSide<Space>) -> Vec<Cells> {
    let reads = PerSide::of(|side| space[side].program.next_read());
    let writes = PerSide::of(|side| space[side].program.next_write());
    if reads == writes {
        return vec![("program:", reads)];
    }
    vec![("read():", reads), ("write():", writes)]
}

/// The label, the wider of both ends' cells, and the space before each.
fn columns((label, cells): &Cells) -> usize {
    let label = if label.is_empty() { 0 } else { label.len() + 2 };
    1 + label + cells.client.len().max(cells.server.len())
}

/// One side's cells on as many lines as they need.
fn flow(look: Look, side: Side, all: &[Cells], room: usize) -> Vec<Line<'static>> {
    let indent = || vec![Span::raw(" ".repeat(SIDE))];
    let mut lines = Vec::new();
    let mut line = indent();
    let mut left = room;
    for cells in all {
        let wanted = columns(cells);
        if wanted > left && left < room {
            lines.push(Line::from(std::mem::replace(&mut line, indent())));
            left = room;
        }
        left = left.saturating_sub(wanted);
        let (label, values) = cells;
        // Apart from what stands before it, but not at the beginning of a line.
        let label = match (*label, line.len()) {
            ("", _) => " ".into(),
            (label, 1) => format!(" {label} "),
            (label, _) => format!("  {label} "),
        };
        let column = values.client.len().max(values.server.len());
        line.push(Span::styled(label, look.theme.quiet()));
        line.push(Span::raw(format!("{:<column$}", values[side])));
    }
    lines.push(Line::from(line));
    lines
}
