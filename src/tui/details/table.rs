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
//!  window       65,536            32,896
//!  next read()  if open: nothing  0 (end of file)
//!               yet
//!  next write() if open: EPIPE    succeeds
//!               and SIGPIPE
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
fn rows(look: Look, selected: &Selected<'_>) -> Vec<(&'static str, PerSide<String>)> {
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
fn numbers(look: Look, selected: &Selected<'_>) -> Vec<(&'static str, PerSide<String>)> {
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
        ("window", each(&|_, end| window(end))),
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

/// Two lines for each end: its numbers, aligned with the other's, and its program's next calls.
pub(super) fn one_below_the_other(
    look: Look,
    selected: &Selected<'_>,
    width: usize,
) -> Vec<Line<'static>> {
    let space = selected.space;
    let states = PerSide::of(|side| {
        let end = &space[side];
        format!("{:<12} {}", end.state.name(), end.certainty.name())
    });
    let mut columns = vec![("", states)];
    columns.extend(numbers(look, selected));
    let calls = |side: Side| {
        let program = &space[side].program;
        [
            ("read():", program.next_read()),
            ("write():", program.next_write()),
        ]
    };
    Side::BOTH
        .into_iter()
        .flat_map(|side| {
            let mut first = vec![Span::styled(
                format!("{:<6}", side.name()),
                look.theme.news(),
            )];
            let mut left = width.saturating_sub(6);
            for (name, cells) in &columns {
                let column = cells.client.len().max(cells.server.len());
                let label = if name.is_empty() {
                    " ".into()
                } else {
                    format!("  {name} ")
                };
                let Some(rest) = left.checked_sub(label.len() + column) else {
                    // The last ones matter least.
                    break;
                };
                left = rest;
                first.push(Span::styled(label, look.theme.quiet()));
                first.push(Span::raw(format!("{:<column$}", cells[side])));
            }
            let mut second = vec![Span::raw(" ".repeat(6))];
            let widest = calls(Side::Client)[0]
                .1
                .len()
                .max(calls(Side::Server)[0].1.len());
            for (index, (call, outcome)) in calls(side).into_iter().enumerate() {
                let column = if index == 0 { widest + 1 } else { 0 };
                second.push(Span::styled(format!(" {call} "), look.theme.quiet()));
                second.push(Span::raw(format!("{outcome:<column$}")));
            }
            [Line::from(first), Line::from(second)]
        })
        .collect()
}
