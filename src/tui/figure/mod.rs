//! RFC 9293's state diagram (figure 5) with both ends on it, and the way they came.
//!
//! ```text
//!        ▼━━━━━ close / FIN ━━━━━┛    ╚════ rcv FIN / ACK ═══⇓
//! client▸[FIN-WAIT-1]── rcv FIN / ACK ─┐           [CLOSE-WAIT]◂server
//!          ↓ rcv ACK of FIN            ↓                ↓ close / FIN
//!
//! client: ESTABLISHED → FIN-WAIT-1  closes, FIN sent (RFC 9293 3.6)
//! server: ESTABLISHED → CLOSE-WAIT  FIN received (RFC 9293 3.6)
//! ```

mod lines;
mod strokes;

use ratatui::buffer::Buffer;
use ratatui::layout::{Rect, Size};
use ratatui::style::{Color, Modifier, Style};

use self::strokes::{Gone, Way};
use super::theme::Look;
use crate::conn::Opening;
use crate::conn::state::PerSide;
use crate::conn::{ConnectionId, Side};
use crate::story::diagram::layout::{Layout, Marks, Node, Point, Wire};
use crate::story::diagram::{ARROWS, LAYOUTS, Spot, Step, Walk};
use crate::story::{Charset, Course};
use crate::trace::Trace;
use crate::wire::Flags;

/// Lines below the figure that tell what the segment changed: one an end.
const TOLD: u16 = 2;

/// The figure that fits into `room`, if one does.
fn layout_for(room: Size) -> Option<&'static Layout> {
    LAYOUTS
        .iter()
        .find(|it| it.columns <= room.width && it.lines + TOLD <= room.height)
}

/// Columns and lines that the figure makes use of in `room`: those of the largest that fits, with
/// what is told below it. Where none fits, each end's way takes up to three lines.
#[must_use]
pub fn size_wanted(room: Size) -> Size {
    match layout_for(room) {
        Some(layout) => {
            // And a line between, where there is one to spare.
            let lines = layout.lines + TOLD;
            Size::new(layout.columns, room.height.min(lines + 1))
        }
        None => Size::new(room.width, room.height.min(lines::WANTED + TOLD)),
    }
}

/// Draws the figure as it is after row `row` (from 0) of a connection, or before its first segment;
/// `course` must have been followed that far.
pub fn draw(
    look: Look,
    trace: &Trace,
    id: ConnectionId,
    row: Option<usize>,
    course: &Course,
    area: Rect,
    buffer: &mut Buffer,
) {
    let area = area.intersection(buffer.area);
    if area.is_empty() {
        return;
    }
    let walks = PerSide::of(|side| Walk::of(trace, id, course, side, row));
    let quiet = without_news(trace, id, row);
    let Some(layout) = layout_for(area.as_size()) else {
        lines::draw(look, &walks, quiet, area, buffer);
        return;
    };
    // A line between the figure and what is told, then more above.
    let spare = area.height - layout.lines - TOLD;
    let place = Rect {
        x: area.x + (area.width - layout.columns) / 2,
        y: area.y + spare.saturating_sub(1) / 2,
        width: layout.columns,
        height: layout.lines,
    };
    let canvas = Canvas {
        look,
        layout,
        walks: &walks,
        place,
    };
    canvas.draw(buffer);
    let told = Rect {
        x: place.x,
        y: place.bottom() + spare.min(1),
        width: area.right() - place.x,
        height: TOLD,
    };
    lines::draw_told(look, &walks, quiet, told, buffer);
}

/// What is told of a segment that changes nothing.
fn without_news(trace: &Trace, id: ConnectionId, row: Option<usize>) -> &'static str {
    match (row, trace.connection(id).opening) {
        (None, Opening::Seen) => "before the first segment",
        (None, Opening::Midway) => "before the first segment captured; the handshake wasn't",
        (Some(_), Opening::Seen) => "no state changes with this segment",
        (Some(_), Opening::Midway) => "no state changes; the handshake wasn't captured",
    }
}

/// The figure being drawn.
struct Canvas<'a> {
    look: Look,
    layout: &'a Layout,
    walks: &'a PerSide<Walk>,
    place: Rect,
}

impl Canvas<'_> {
    fn draw(&self, buffer: &mut Buffer) {
        for (at, wire) in self.layout.wires.iter().enumerate() {
            let gone = PerSide::of(|side| self.walks[side].gone[at]);
            let news = PerSide::of(|side| self.walks[side].just_went(at));
            let to = self.layout.nodes[ARROWS[at].end().index()];
            let from = Some(self.layout.nodes[Spot::Of(ARROWS[at].from).index()]);
            let style = self.way_style(gone, news);
            self.draw_wire(wire, Gone::of(gone), (from, to), style, buffer);
            self.draw_label(wire, ARROWS[at].label, style, buffer);
        }
        self.draw_reset(buffer);
        for (node, spot) in self.layout.nodes.iter().zip(Spot::ALL) {
            self.draw_node(*node, spot, buffer);
        }
        self.draw_key(buffer);
    }

    fn put(&self, (x, y): Point, text: &str, style: Style, buffer: &mut Buffer) {
        // What is written over something keeps nothing of it.
        let plain = Style::new()
            .fg(Color::Reset)
            .remove_modifier(Modifier::all());
        buffer.set_string(self.place.x + x, self.place.y + y, text, plain.patch(style));
    }

    /// Whose way it is, and whether it is news.
    fn way_style(&self, gone: PerSide<bool>, news: PerSide<bool>) -> Style {
        let theme = self.look.theme;
        let style = match Gone::of(if news.client || news.server {
            news
        } else {
            gone
        }) {
            Gone::Nobody => theme.quiet(),
            Gone::One(side) => theme.side(side),
            Gone::Both => Style::new(),
        };
        if news.client || news.server {
            style.patch(theme.news())
        } else {
            style
        }
    }

    fn draw_wire(
        &self,
        wire: &Wire,
        gone: Gone,
        (from, to): (Option<Node>, Node),
        style: Style,
        buffer: &mut Buffer,
    ) {
        let charset = self.look.style.charset;
        let cells: Vec<_> = wire.cells().collect();
        for (i, &at) in cells.iter().enumerate() {
            let drawn = match cells.get(i + 1) {
                None => strokes::head(charset, gone, towards(at, to)),
                Some(&next) => {
                    let on = Way::between(at, next);
                    let back = match i.checked_sub(1) {
                        Some(before) => Way::between(at, cells[before]),
                        None => from.map_or(opposite(on), |node| towards(at, node)),
                    };
                    strokes::stroke(charset, gone, [back, on], at)
                }
            };
            self.put(at, &drawn.to_string(), style, buffer);
        }
        // In ASCII a head alone doesn't tell who went there.
        if let (Charset::Ascii, [(x, y)], true) = (charset, &cells[..], gone != Gone::Nobody) {
            let is_labelled_before = wire.label.is_some_and(|label| label.0 < *x);
            let beside = if is_labelled_before { x + 1 } else { x - 1 };
            let level = [Way::Left, Way::Right];
            let drawn = strokes::stroke(charset, gone, level, (*x, *y));
            self.put((beside, *y), &drawn.to_string(), style, buffer);
        }
    }

    /// Writes a label; on its own line with a space before and after it.
    fn draw_label(&self, wire: &Wire, label: &str, style: Style, buffer: &mut Buffer) {
        let Some((x, y)) = wire.label else { return };
        self.put((x, y), label, style, buffer);
        let after = x + u16::try_from(label.len()).unwrap_or(0);
        for at in [(x.saturating_sub(1), y), (after, y)] {
            let is_bend = wire.points.contains(&at);
            if !is_bend && wire.cells().any(|cell| cell == at) {
                self.put(at, " ", style, buffer);
            }
        }
    }

    fn draw_reset(&self, buffer: &mut Buffer) {
        let reset = PerSide::of(|side| self.walks[side].was_reset());
        let news = PerSide::of(|side| {
            let step = self.walks[side].news.as_ref();
            step.is_some_and(Step::is_reset)
        });
        let style = match Gone::of(reset) {
            Gone::Nobody => self.look.theme.quiet(),
            _ => self.look.theme.segment(Flags::RST, false),
        };
        let style = if news.client || news.server {
            style.patch(self.look.theme.news())
        } else {
            style
        };
        let wire = &self.layout.reset;
        let to = self.layout.nodes[Spot::End.index()];
        self.draw_wire(wire, Gone::of(reset), (None, to), style, buffer);
        self.draw_label(wire, self.layout.reset_label, style, buffer);
    }

    /// Who is at a place now.
    fn here(&self, spot: Spot) -> PerSide<bool> {
        PerSide::of(|side| self.walks[side].spot == spot)
    }

    fn draw_node(&self, node: Node, spot: Spot, buffer: &mut Buffer) {
        let theme = self.look.theme;
        let here = self.here(spot);
        let been = Side::BOTH
            .iter()
            .any(|&side| self.walks[side].been[spot.index()]);
        let style = match Gone::of(here) {
            Gone::Nobody if been => Style::new(),
            Gone::Nobody => theme.quiet(),
            Gone::One(side) => theme.side(side).patch(theme.news()),
            Gone::Both => theme.news(),
        };
        let name = spot.state().name();
        if self.layout.marks == Marks::Framed {
            self.draw_frame(node, here, style, buffer);
            let before = (usize::from(node.columns) - name.len()) / 2;
            let x = node.x + u16::try_from(before).unwrap_or(1);
            self.put((x, node.y + 1), name, style, buffer);
        } else {
            self.put((node.x, node.y), &format!("[{name}]"), style, buffer);
        }
        for side in Side::BOTH.into_iter().filter(|&side| here[side]) {
            self.draw_mark(node, side, buffer);
        }
    }

    /// The frame of a box: the client's strokes above and on the left, the server's below and on the
    /// right.
    fn draw_frame(&self, node: Node, here: PerSide<bool>, style: Style, buffer: &mut Buffer) {
        let (right, bottom) = (node.x + node.columns - 1, node.y + node.lines - 1);
        let both = Gone::of(here) == Gone::Both;
        for y in node.y..=bottom {
            for x in node.x..=right {
                let ways = match (x == node.x, x == right, y == node.y, y == bottom) {
                    (true, _, true, _) => [Way::Down, Way::Right],
                    (_, true, true, _) => [Way::Down, Way::Left],
                    (true, _, _, true) => [Way::Up, Way::Right],
                    (_, true, _, true) => [Way::Up, Way::Left],
                    (true, ..) | (_, true, ..) => [Way::Up, Way::Down],
                    (_, _, true, _) | (_, _, _, true) => [Way::Left, Way::Right],
                    _ => continue,
                };
                let upper = y == node.y || (x == node.x && y != bottom);
                let side = if upper { Side::Client } else { Side::Server };
                let (gone, style) = if both {
                    (Gone::One(side), self.mark_style(side))
                } else {
                    (Gone::of(here), style)
                };
                let drawn = strokes::stroke(self.look.style.charset, gone, ways, (x, y));
                self.put((x, y), &drawn.to_string(), style, buffer);
            }
        }
    }

    fn mark_style(&self, side: Side) -> Style {
        let theme = self.look.theme;
        theme.side(side).patch(theme.news())
    }

    /// An end beside its state: the client before it or above, the server after it or below.
    fn draw_mark(&self, node: Node, side: Side, buffer: &mut Buffer) {
        let ascii = self.look.style.charset == Charset::Ascii;
        // A doubtful state is marked where the pointer stands: there is no room beside it.
        let (to, from) = match (self.walks[side].doubtful, ascii) {
            (true, _) => ('?', '?'),
            (false, true) => ('>', '<'),
            (false, false) => ('▸', '◂'),
        };
        let text = match (self.layout.marks, side) {
            (Marks::Framed, _) if self.walks[side].doubtful => format!(" {side}? "),
            (Marks::Framed, _) => format!(" {side} "),
            (Marks::Letters, Side::Client) => format!("{}{to}", letter(side)),
            (Marks::Letters, Side::Server) => format!("{from}{}", letter(side)),
            (Marks::Words, Side::Client) => format!("{side}{to}"),
            (Marks::Words, Side::Server) => format!("{from}{side}"),
        };
        let length = u16::try_from(text.chars().count()).unwrap_or(0);
        let (right, bottom) = (node.x + node.columns, node.y + node.lines - 1);
        let at = match (self.layout.marks, side) {
            (Marks::Framed, Side::Client) => (node.x + 1, node.y),
            (Marks::Framed, Side::Server) => (right - 1 - length, bottom),
            (_, Side::Client) => (node.x.saturating_sub(length), node.y),
            (_, Side::Server) => (right, node.y),
        };
        self.put(at, &text, self.mark_style(side), buffer);
    }

    /// Which line is whose.
    fn draw_key(&self, buffer: &mut Buffer) {
        let charset = self.look.style.charset;
        for (at, side) in self.layout.key.into_iter().zip(Side::BOTH) {
            let gone = Gone::One(side);
            let line = strokes::stroke(charset, gone, [Way::Left, Way::Right], (0, 0));
            let head = strokes::head(charset, gone, Way::Right);
            let text = match self.layout.marks {
                Marks::Letters => format!("{line}{head} {} {side}", letter(side)),
                Marks::Framed | Marks::Words => format!("{line}{line}{head} {side}"),
            };
            self.put(at, &text, self.look.theme.side(side), buffer);
        }
    }
}

/// What marks an end where there is no room for a word.
fn letter(side: Side) -> char {
    match side {
        Side::Client => 'C',
        Side::Server => 'S',
    }
}

/// The way from a point to the box beside it.
fn towards((x, y): Point, node: Node) -> Way {
    if x < node.x {
        Way::Right
    } else if x >= node.x + node.columns {
        Way::Left
    } else if y < node.y {
        Way::Down
    } else {
        Way::Up
    }
}

fn opposite(way: Way) -> Way {
    match way {
        Way::Up => Way::Down,
        Way::Down => Way::Up,
        Way::Left => Way::Right,
        Way::Right => Way::Left,
    }
}
