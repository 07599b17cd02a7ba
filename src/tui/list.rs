//! The connections to choose among, with how each ended and what still waits.
//!
//! ```text
//!    #▴ client           server         client state     server state     segs  how      ending
//!     1 127.0.0.1:35788  127.0.0.1:4321 ESTABLISHED      ESTABLISHED        12           open                     █
//! ▌   2 127.0.0.1:35790  127.0.0.1:4321 FIN-WAIT-2 41 s  CLOSE-WAIT 41 s     7  F▸       half-closed by client    █
//!     3 127.0.0.1:35792  127.0.0.1:4321 CLOSED           CLOSED              9  F▸ R▸    reset by client          │
//! ```

mod columns;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

use self::columns::{Cell, Column, Columns};
use super::listing::{Listing, Owners, Sort};
use super::theme::Look;
use crate::conn::{Certainty, ConnectionId, Side, State};
use crate::story::cause::Confidence;
use crate::story::code::{code, pointed};
use crate::story::numbers::{grouped, printable, short_state, span};
use crate::story::summary::{Age, Summary, whole};
use crate::story::{Charset, Kind};
use crate::trace::Trace;
use crate::wire::Flags;

/// Rows looked at to share out the width: more than are seen, so that columns stay while one scrolls a little.
const LOOKED_AT: usize = 64;

/// Columns of an owner's name at most.
const OWNER: usize = 24;

/// Lines the list takes above the ladder for `shown` connections: all if they are few, else a quarter of the screen; less
/// on a small screen, where the ladder needs them, and only the chosen one on a tiny one.
#[must_use]
pub fn lines(shown: usize, height: u16) -> u16 {
    let most = match height {
        0..=15 => return 1,
        16..=23 => 3,
        _ => height / 4,
    };
    let wanted = u16::try_from(shown).unwrap_or(u16::MAX).saturating_add(1);
    wanted.min(most)
}

/// The places in the order that are on the screen, `height` of them at most, around the chosen connection.
fn window(listing: &Listing, chosen: ConnectionId, height: usize) -> std::ops::Range<usize> {
    let total = listing.order().len();
    let at = listing
        .nearest(chosen)
        .and_then(|near| listing.position(near));
    let first = at
        .unwrap_or(0)
        .saturating_sub(height / 2)
        .min(total.saturating_sub(height));
    first..total.min(first + height)
}

/// The places in the order that drawing looks at, on a screen of so many lines.
#[must_use]
pub fn looked_at(listing: &Listing, chosen: ConnectionId, lines: u16) -> std::ops::Range<usize> {
    window(listing, chosen, LOOKED_AT.max(lines.into()))
}

fn has_heading(area: Rect) -> bool {
    area.height > 1
}

/// The connection in line `y` of the screen, where the list was drawn in `area`.
#[must_use]
pub fn connection_at(
    listing: &Listing,
    chosen: ConnectionId,
    area: Rect,
    y: u16,
) -> Option<ConnectionId> {
    let heading = u16::from(has_heading(area));
    let line = y.checked_sub(area.y + heading)?;
    let height = area.height.saturating_sub(heading);
    let places = window(listing, chosen, height.into());
    let place = places.start + usize::from(line);
    (line < height && places.contains(&place)).then(|| listing.order()[place])
}

/// Draws a heading (but on one line) and as many connections as fit around the chosen one.
pub fn draw(
    look: Look,
    trace: &Trace,
    listing: &Listing,
    owners: Owners<'_>,
    chosen: ConnectionId,
    area: Rect,
    buffer: &mut Buffer,
) {
    let area = area.intersection(buffer.area);
    if area.is_empty() {
        return;
    }
    if listing.order().is_empty() {
        let query = printable(&listing.query().to_string());
        let text = if listing.query().is_empty() {
            " No connection yet".into()
        } else {
            format!(" No connection matches {query}")
        };
        buffer.set_stringn(area.x, area.y, text, area.width.into(), look.theme.quiet());
        return;
    }
    let panel = Panel {
        look,
        trace,
        listing,
        owners,
    };
    let heading = u16::from(has_heading(area));
    let rows = Rect {
        y: area.y + heading,
        height: area.height - heading,
        ..area
    };
    let places = window(listing, chosen, rows.height.into());
    let scrolls = places.len() < listing.order().len() && rows.height > 1;
    let width = area.width.saturating_sub(if scrolls { 2 } else { 0 });
    let around = window(listing, chosen, LOOKED_AT.max(rows.height.into()));
    let columns = panel.columns(&listing.order()[around], width.saturating_sub(1).into());
    if heading > 0 {
        panel.draw_heading(
            &columns,
            Rect {
                width,
                height: 1,
                ..area
            },
            buffer,
        );
    }
    for (y, place) in (rows.y..).zip(places.clone()) {
        let id = listing.order()[place];
        let line = Rect {
            y,
            width,
            height: 1,
            ..rows
        };
        panel.draw_row(&columns, id, id == chosen, line, buffer);
    }
    if scrolls {
        panel.draw_scrollbar(places, rows, buffer);
    }
}

struct Panel<'a> {
    look: Look,
    trace: &'a Trace,
    listing: &'a Listing,
    owners: Owners<'a>,
}

impl Panel<'_> {
    fn is_ascii(&self) -> bool {
        self.look.style.charset == Charset::Ascii
    }

    fn columns(&self, ids: &[ConnectionId], width: usize) -> Columns {
        let cells = |column: Column| {
            let widths = ids.iter().map(|id| self.cell(column, *id).width());
            let heading = self.heading(column).chars().count();
            match widths.max() {
                None | Some(0) => 0,
                Some(widest) => widest.max(heading),
            }
        };
        let hosts = |side: Side| {
            let mut ips = ids.iter().map(|id| self.address(*id, side).ip());
            let first = ips.next();
            ips.all(|ip| Some(ip) == first)
        };
        let program_waits = ids.iter().any(|id| {
            let summary = self.listing.summary(*id);
            summary.is_some_and(|it| Side::BOTH.into_iter().any(|side| it.waits(side)))
        });
        let (server, client) = (hosts(Side::Server), hosts(Side::Client));
        Columns::share(width, server, client, program_waits, cells)
    }

    fn address(&self, id: ConnectionId, side: Side) -> std::net::SocketAddr {
        self.trace.addresses(id)[side]
    }

    /// The name of a column, with a mark on the one that is sorted by.
    fn heading(&self, column: Column) -> String {
        let sort = self.listing.sort();
        let is_sorted = match sort {
            Sort::Number => column == Column::Number,
            Sort::Closing | Sort::Age => matches!(column, Column::State(..)),
            Sort::Ending => matches!(
                column,
                Column::Code | Column::Kind | Column::Ending | Column::Cause
            ),
            Sort::Duration => column == Column::Duration,
            Sort::Segments => column == Column::Segments,
            Sort::Bytes => matches!(column, Column::Bytes(_)),
            Sort::Client => matches!(column.side(), Some(Side::Client)) && column.is_address(),
        };
        if !is_sorted {
            return column.name(self.look.style.charset);
        }
        let mark = match (
            sort.is_descending() != self.listing.is_reversed(),
            self.is_ascii(),
        ) {
            (true, false) => "▾",
            (false, false) => "▴",
            (true, true) => " v",
            (false, true) => " ^",
        };
        format!("{}{mark}", column.name(self.look.style.charset))
    }

    fn draw_heading(&self, columns: &Columns, line: Rect, buffer: &mut Buffer) {
        for (column, at, width) in columns.places() {
            let text = self.heading(column);
            let text = if text.chars().count() > width {
                column.name(self.look.style.charset)
            } else {
                text
            };
            let cell = Cell::plain(text);
            self.put(
                &cell,
                column,
                (at, width),
                self.look.theme.quiet(),
                line,
                buffer,
            );
        }
    }

    fn draw_row(
        &self,
        columns: &Columns,
        id: ConnectionId,
        is_chosen: bool,
        line: Rect,
        buffer: &mut Buffer,
    ) {
        let base = if is_chosen {
            self.look.theme.news()
        } else {
            Style::new()
        };
        if is_chosen {
            let mark = if self.is_ascii() { ">" } else { "▌" };
            buffer.set_string(line.x, line.y, mark, self.look.theme.mark());
        }
        for (column, at, width) in columns.places() {
            let cell = self.cell(column, id);
            self.put(&cell, column, (at, width), base, line, buffer);
        }
    }

    /// Writes a cell at its place, cut to its width.
    fn put(
        &self,
        cell: &Cell,
        column: Column,
        (at, width): (usize, usize),
        base: Style,
        line: Rect,
        buffer: &mut Buffer,
    ) {
        let text = column.fit(&cell.text, width, self.look.style.charset);
        let before = if column.is_number() {
            width.saturating_sub(text.chars().count())
        } else {
            0
        };
        // The mark of the chosen row stands before all.
        let offset = u16::try_from(1 + at + before).unwrap_or(u16::MAX);
        if offset < line.width {
            let room = usize::from(line.width - offset).min(width);
            let style = base.patch(cell.style);
            buffer.set_stringn(line.x + offset, line.y, text, room, style);
        }
    }

    /// What stands in a column.
    fn cell(&self, column: Column, id: ConnectionId) -> Cell {
        let Some(summary) = self.listing.summary(id) else {
            return Cell::default();
        };
        let ascii = self.is_ascii();
        let style = self.ending_style(summary);
        match column {
            Column::Number => Cell::plain((id + 1).to_string()),
            Column::Address(side) => Cell::plain(self.address(id, side).to_string()),
            Column::Port(side) => Cell::plain(format!(":{}", self.address(id, side).port())),
            Column::State(side, is_short) => self.state(summary, side, is_short),
            Column::Segments => Cell::plain(grouped(summary.segments.into())),
            Column::Bytes(side) => match summary.bytes[side] {
                0 => self.nothing(),
                bytes => Cell::plain(grouped(bytes)),
            },
            Column::Duration => Cell::plain(span(summary.duration_ns, ascii)),
            Column::Owner => Cell::plain(self.owner(id)),
            Column::Code => match code(self.trace, id, summary, self.look.style.charset) {
                nothing if nothing.is_empty() => self.nothing(),
                code => Cell::plain(code).styled(style),
            },
            Column::Kind => Cell::plain(marked(summary.kind.name(), summary)).styled(style),
            Column::Ending => Cell::plain(marked(&summary.words(), summary)).styled(style),
            Column::Cause => Cell::plain(summary.words_with_cause()).styled(style),
        }
    }

    /// Stands where nothing is.
    fn nothing(&self) -> Cell {
        let sign = if self.is_ascii() { "-" } else { "·" };
        Cell::plain(sign.into()).styled(self.look.theme.quiet())
    }

    /// The colour of an ending: red for an RST, another one where nobody answered; the words tell it too.
    fn ending_style(&self, summary: &Summary) -> Style {
        let theme = self.look.theme;
        match summary.kind {
            Kind::Reset | Kind::Refused => theme.segment(Flags::RST, false),
            Kind::TimedOut | Kind::Unanswered => theme.segment(Flags::default(), true),
            Kind::HalfClosed => theme.segment(Flags::FIN, false),
            Kind::Open | Kind::Orderly | Kind::Simultaneous => Style::new(),
        }
    }

    /// A state, `?` where the capture doesn't prove it, and its age.
    fn state(&self, summary: &Summary, side: Side, is_short: bool) -> Cell {
        let state = summary.states[side];
        let mut text = String::from(if is_short {
            short_state(state)
        } else {
            state.name()
        });
        if summary.certainty[side] >= Certainty::Inferred {
            text.push('?');
        }
        match summary.age(side, self.trace.now_ns()) {
            Some(Age::Lasted(ns)) => text += &format!(" {}", whole(ns)),
            // Once the capture has ended, nobody waits for it.
            Some(Age::Left(ns)) if self.trace.ended.is_none() => {
                text += &format!(" {} left", whole(ns));
            }
            _ => {}
        }
        let theme = self.look.theme;
        let style = match state {
            _ if summary.waits(side) => theme.segment(Flags::FIN, false),
            State::Closed | State::Listen | State::TimeWait => theme.quiet(),
            _ => Style::new(),
        };
        Cell::plain(text).styled(style)
    }

    /// `curl 99 fd 5▸ ◂nginx 1234 fd 7`.
    fn owner(&self, id: ConnectionId) -> String {
        let owner = (self.owners)(id);
        let name = |side: Side| {
            let owner = owner[side].as_ref()?;
            // Half a descriptor's number would be another descriptor.
            let whole = Some(owner.to_string()).filter(|name| name.chars().count() <= OWNER);
            let name = whole.unwrap_or_else(|| owner.short().to_string());
            let name: String = name.chars().take(OWNER).collect();
            Some(pointed(&name, side, self.look.style.charset))
        };
        let names: Vec<_> = Side::BOTH.into_iter().filter_map(name).collect();
        names.join(" ")
    }

    fn draw_scrollbar(&self, places: std::ops::Range<usize>, rows: Rect, buffer: &mut Buffer) {
        let (track, thumb) = if self.is_ascii() {
            (".", "#")
        } else {
            ("│", "█")
        };
        let height = usize::from(rows.height);
        let total = self.listing.order().len();
        let length = (height * places.len() / total).max(1);
        let free = (height - length) * places.start;
        let first = free.div_ceil((total - places.len()).max(1));
        for (line, y) in (rows.y..rows.bottom()).enumerate() {
            let is_thumb = (first..first + length).contains(&line);
            let symbol = if is_thumb { thumb } else { track };
            buffer.set_string(rows.right() - 1, y, symbol, self.look.theme.quiet());
        }
    }
}

/// An ending with `?` where its cause is only likely, `??` where it isn't known.
fn marked(words: &str, summary: &Summary) -> String {
    let mark = match summary.confidence() {
        Some(Confidence::Likely) => " ?",
        Some(Confidence::Unknown) => " ??",
        Some(Confidence::Certain) | None => "",
    };
    format!("{words}{mark}")
}

#[cfg(test)]
mod tests;
