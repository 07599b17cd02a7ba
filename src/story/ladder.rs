//! The ladder: one row a segment, states on their sides. The screen and the text output both draw
//! these rows, so they can't disagree.

mod columns;

pub use columns::Columns;

use unicode_width::UnicodeWidthStr;

use super::Charset;
use super::arrow::Arrow;
use super::fate::{Fate, fate};
use super::mark::{Mark, tail, told_at_tail};
use super::matter::Matter;
use super::numbers::counted;
use super::owner::Owner;
use super::time_shown::{self, TimeShown};
use crate::conn::state::PerSide;
use crate::conn::{Certainty, ConnectionId, Note, Roles, Side};
use crate::trace::{Record, Trace};
use crate::wire::Flags;

/// How a ladder is written.
#[derive(Clone, Copy, Debug, Default)]
pub struct Style {
    pub charset: Charset,
    /// Sequence numbers as they are in the header, not relative.
    pub absolute: bool,
    /// Which time the rows show.
    pub clock: TimeShown,
}

/// One row of a ladder, ready to be drawn.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    pub number: String,
    pub time: String,
    pub delta: String,
    pub states: PerSide<String>,
    /// Whether this segment changed the state.
    pub changed: PerSide<bool>,
    pub lanes: PerSide<char>,
    /// The arrow with as much of its label as fits.
    pub arrow: String,
    /// All of the label.
    pub label: String,
    /// The sign at the arrow's tail.
    pub mark: Option<Mark>,
    pub from: Side,
    pub flags: Flags,
    /// A retransmission, or the like: something went wrong on the way.
    pub troubled: bool,
    /// Whether it arrived, as far as is known.
    pub fate: Fate,
}

impl Row {
    /// What matters most about the segment.
    #[must_use]
    pub fn matter(&self) -> Matter {
        Matter::of(self.flags, self.troubled)
    }

    /// The row as a line of text, with both states, or only with those that change.
    #[must_use]
    pub fn text(&self, columns: &Columns, all_states: bool) -> String {
        let shown = |side: Side| {
            if all_states || self.changed[side] {
                self.states[side].as_str()
            } else {
                ""
            }
        };
        let before: String = [
            cell(&self.number, columns.number),
            cell(&self.time, columns.time),
            cell(&self.delta, columns.delta),
            cell(shown(Side::Client), columns.state),
        ]
        .concat();
        let PerSide { client, server } = self.lanes;
        let text = format!(
            " {before}{client}{}{server} {}",
            self.arrow,
            shown(Side::Server)
        );
        text.trim_end().into()
    }
}

/// A column's text, right-aligned, and the space behind it; nothing for a column left out.
#[must_use]
pub fn cell(text: &str, width: usize) -> String {
    if width == 0 {
        String::new()
    } else {
        format!("{text:>width$} ")
    }
}

/// Nanoseconds from the connection's first segment to row `row`; 0 where the clock went backwards.
#[must_use]
pub fn since_start(trace: &Trace, connection: ConnectionId, row: usize) -> u64 {
    let at = |row| trace.row(connection, row).time_ns;
    at(row).saturating_sub(at(0))
}

/// How sure the state of `side` is after row `row` (from 0): of an end that never sent anything, nothing is proven.
#[must_use]
pub fn certainty(trace: &Trace, connection: ConnectionId, row: usize, side: Side) -> Certainty {
    let followed = trace.connection(connection);
    let refuses = followed.reset.is_some_and(|reset| reset.by == side);
    let silent = if followed.ends[side].snd_nxt.is_some() || refuses {
        Certainty::Proven
    } else {
        Certainty::Inferred
    };
    trace.row(connection, row).certainty[side].max(silent)
}

/// Row `row` (from 0) of a connection.
#[must_use]
pub fn row(
    trace: &Trace,
    connection: ConnectionId,
    row: usize,
    columns: &Columns,
    style: Style,
) -> Row {
    let record = trace.row(connection, row);
    let before = trace.states_before(connection, row);
    let ascii = style.charset == Charset::Ascii;
    let time_of = |row| trace.row(connection, row).time_ns;
    let delta = row.checked_sub(1).map_or(String::new(), |above| {
        time_shown::delta(time_of(above), record.time_ns, ascii)
    });
    let name = |side: Side| {
        let certainty = certainty(trace, connection, row, side);
        columns.state_name(record.states[side], certainty)
    };
    let changed = |side: Side| record.states[side] != before[side];
    let fate = fate(trace, connection, row);
    let label = label(trace, &record, style);
    let mark = tail(record.notes);
    Row {
        number: (row + 1).to_string(),
        time: time_shown::time(style.clock, time_of(0), record.time_ns, columns.time),
        delta,
        states: PerSide::of(name),
        changed: PerSide::of(changed),
        lanes: PerSide::of(|side| style.charset.lane(record.states[side])),
        arrow: style.charset.arrow(
            columns.arrow,
            Arrow {
                from: record.from,
                reset: record.flags.has(Flags::RST),
                mark,
                lost: matches!(fate, Fate::Lost { .. }),
            },
            &label,
        ),
        label: label
            .iter()
            .map(|(_, part)| part.as_str())
            .collect::<Vec<_>>()
            .join(" "),
        mark,
        from: record.from,
        flags: record.flags,
        troubled: is_troubled(&record) || fate != Fate::Arrived,
        fate,
    }
}

/// The row above the first: the columns' names, and the states before the first segment.
#[must_use]
pub fn heading(trace: &Trace, connection: ConnectionId, columns: &Columns, style: Style) -> Row {
    let initial = trace.connection(connection).initial;
    let first = trace.row(connection, 0);
    let known = first.weakest();
    let ascii = style.charset == Charset::Ascii;
    Row {
        number: String::new(),
        time: time_shown::name(style.clock, first.time_ns, columns.time),
        delta: if ascii { "delta" } else { "Δ" }.into(),
        states: PerSide::of(|side| columns.state_name(initial[side], known)),
        changed: PerSide::of(|_| true),
        lanes: PerSide::of(|side| style.charset.lane(initial[side])),
        arrow: " ".repeat(columns.arrow),
        label: String::new(),
        mark: None,
        from: Side::Client,
        flags: Flags::default(),
        troubled: false,
        fate: Fate::Arrived,
    }
}

/// Each endpoint above its lane, and whose socket it is where that is known, in one line of at most `width` columns:
/// moved apart where they would meet, without owners, without their sides or reduced to their ports where they don't fit.
#[must_use]
pub fn endpoints(
    trace: &Trace,
    connection: ConnectionId,
    owners: &PerSide<Option<Owner>>,
    columns: &Columns,
    width: usize,
) -> String {
    let connection = trace.connection(connection);
    let guess = if connection.roles == Roles::Guessed {
        "?"
    } else {
        ""
    };
    let owned = |side: Side, is_short: bool| match &owners[side] {
        Some(owner) if is_short => format!(" ({})", owner.short()),
        Some(owner) => format!(" ({owner})"),
        None => String::new(),
    };
    let with_owners = |is_short| {
        Side::BOTH.map(|side| {
            let owner = owned(side, is_short);
            format!("{side}{guess} {}{owner}", connection.addresses[side])
        })
    };
    let choices = [
        with_owners(false),
        with_owners(true),
        Side::BOTH.map(|side| format!("{side}{guess} {}", connection.addresses[side])),
        Side::BOTH.map(|side| connection.addresses[side].to_string()),
        Side::BOTH.map(|side| format!("{side}{guess} :{}", connection.addresses[side].port())),
    ];
    let fits =
        |names: &&[String; 2]| names.iter().map(|name| name.width()).sum::<usize>() + 3 <= width;
    let [client, server] = choices.iter().find(fits).unwrap_or(&choices[4]);
    let client_lane = columns.before_lane();
    let server_lane = client_lane + 1 + columns.arrow;
    let rightmost = width.saturating_sub(server.width());
    let server_at = server_lane
        .saturating_sub(server.width() / 2)
        .min(rightmost);
    let client_at = client_lane
        .saturating_sub(client.width() / 2)
        .min(server_at.saturating_sub(client.width() + 2))
        .max(1);
    let gap = server_at.saturating_sub(client_at + client.width()).max(1);
    format!("{:client_at$}{client}{:gap$}{server}", "", "")
}

/// Whether something went wrong on the way: sent again, out of order, or behind what the capture lacks.
#[must_use]
pub fn is_troubled(record: &Record) -> bool {
    let order = [Note::OutOfOrder, Note::PreviousNotCaptured];
    record.notes.is_repetition() || order.iter().any(|note| record.notes.has(*note))
}

/// What stands on the arrow, each part with its rank (0 stays longest).
fn label(trace: &Trace, record: &Record, style: Style) -> Vec<(u8, String)> {
    let number = |side, seq: crate::wire::Seq| {
        if style.absolute {
            seq.0
        } else {
            trace.relative(record.connection, side, seq)
        }
    };
    let flags = record.flags;
    let mut parts = vec![(0, flags.words())];
    let takes_numbers = record.len > 0 || flags.has(Flags::FIN | Flags::RST);
    if takes_numbers || (flags.has(Flags::SYN) && style.absolute) {
        parts.push((3, format!("seq {}", number(record.from, record.seq))));
    }
    if flags.has(Flags::ACK) {
        parts.push((5, format!("ack {}", number(record.from.peer(), record.ack))));
    }
    if record.len > 0 {
        parts.push((
            1,
            format!(
                "{} {}",
                style.charset.dot(),
                counted(record.len.into(), "byte")
            ),
        ));
    }
    // What a mark at the tail tells already goes before the sequence number does.
    let marked = told_at_tail(record.notes);
    for (note, name) in Note::ALL {
        if record.notes.has(note) {
            let rank = if marked.contains(&note) { 4 } else { 2 };
            parts.push((rank, format!("{} {name}", style.charset.dot())));
        }
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::story::tests::trace_of;

    #[test]
    fn a_narrow_retransmission_keeps_its_number_and_the_mark_tells_the_rest() {
        let trace = trace_of("> P. 1:11 ack 1\n> P. 1:11 ack 1\n< . 700:700 ack 11");
        let arrow = |at: usize, width| {
            let record = trace.row(0, at);
            let arrow = Arrow {
                from: record.from,
                reset: false,
                mark: tail(record.notes),
                lost: false,
            };
            Charset::Ascii.arrow(width, arrow, &label(&trace, &record, Style::default()))
        };
        assert_eq!(arrow(4, 33), "*- PSH,ACK seq 1 · 10 bytes ---->");
        let wide = arrow(4, 60);
        assert!(
            wide.contains("seq 1 ack 1 · 10 bytes · retransmission"),
            "{wide}"
        );
    }
}
