//! One connection: the verdict, both ends, the rows of the ladder, its totals.

use super::canvas::{Anchor, Canvas};
use crate::conn::Side;
use crate::conn::state::PerSide;
use crate::report::drawn::Lane;
use crate::report::page::{Page, Row};
use crate::report::palette::{of_matter, of_tone};
use crate::story::aside::AsideRow;
use crate::story::ladder::{self, Columns};
use crate::story::wrap::wrapped;

/// Draws a connection where the canvas stands.
pub fn draw(canvas: &mut Canvas, page: &Page<'_>, named: bool, account: bool) {
    canvas.open("connection");
    if named {
        canvas.text(1, &page.name(), Anchor::Left, "quiet");
        canvas.next();
    }
    verdict(canvas, page);
    canvas.words(0, &page.endpoints(), "news");
    canvas.next();
    let mut lanes = Lanes::of(&page.columns);
    let heading = page.heading();
    canvas.open("quiet");
    lanes.reach(canvas, canvas.middle(), heading.lanes);
    cells(canvas, &heading, &page.columns, "");
    canvas.close();
    canvas.next();
    for row in page.rows() {
        match row {
            Row::Segment(at, row) => {
                lanes.reach(canvas, canvas.middle(), row.lanes);
                let shows = page.ending.evidence.contains(&at);
                segment(canvas, &row, &page.columns, shows);
            }
            Row::Beside(row) => {
                lanes.reach(canvas, canvas.middle(), row.lanes);
                beside(canvas, &row, &page.columns);
            }
        }
        canvas.next();
    }
    lanes.end(canvas);
    canvas.space(0.4);
    if account {
        told(canvas, page);
    }
    for line in wrapped(&page.totals(), canvas.width().saturating_sub(2)) {
        canvas.text(1, &line, Anchor::Left, "quiet");
        canvas.next();
    }
    canvas.close();
}

/// How it ended, and behind it, where there is room, how sure that is and where it is seen.
fn verdict(canvas: &mut Canvas, page: &Page<'_>) {
    let room = canvas.width().saturating_sub(2);
    let lines = wrapped(&page.ending.summary, room);
    let mut free_from = 0;
    for (i, line) in lines.iter().enumerate() {
        if i > 0 {
            canvas.next();
        }
        canvas.text(1, line, Anchor::Left, "news");
        free_from = line.chars().count() + 2;
    }
    let pointer = page.ending.pointer();
    if free_from + pointer.chars().count() <= room {
        canvas.text(1 + free_from, &pointer, Anchor::Left, "quiet");
    } else {
        for line in wrapped(&pointer, room) {
            canvas.next();
            canvas.text(1, &line, Anchor::Left, "quiet");
        }
    }
    canvas.next();
    canvas.space(0.4);
}

/// Number, times and states.
fn cells(canvas: &mut Canvas, row: &ladder::Row, columns: &Columns, states: &str) {
    let times = [
        (&row.number, columns.number),
        (&row.time, columns.time),
        (&row.delta, columns.delta),
    ];
    let mut at = 1;
    for (text, width) in times.into_iter().filter(|(_, width)| *width > 0) {
        canvas.cell(at, width, text, "quiet");
        at += width + 1;
    }
    if row.changed.client {
        canvas.cell(at, columns.state, &row.states.client, states);
    }
    if row.changed.server {
        let at = server_lane(columns) + 2;
        canvas.text(at, &row.states.server, Anchor::Left, states);
    }
}

fn segment(canvas: &mut Canvas, row: &ladder::Row, columns: &Columns, shows: bool) {
    if shows {
        canvas.dot();
    }
    cells(canvas, row, columns, "news");
    canvas.open(of_matter(row.matter()));
    canvas.between(columns.before_lane() + 1, &row.arrow);
    canvas.close();
}

fn beside(canvas: &mut Canvas, row: &AsideRow, columns: &Columns) {
    canvas.open(of_tone(row.tone));
    let before = columns.before_lane() - 1;
    canvas.cell(0, before, &row.states.client, "");
    canvas.between(columns.before_lane() + 1, &row.middle);
    let at = server_lane(columns) + 2;
    canvas.text(at, &row.states.server, Anchor::Left, "");
    canvas.close();
}

fn server_lane(columns: &Columns) -> usize {
    columns.before_lane() + 1 + columns.arrow
}

/// Why, what each program saw, the findings.
fn told(canvas: &mut Canvas, page: &Page<'_>) {
    for told in page.told() {
        let lines = told.wrapped(canvas.width().saturating_sub(2));
        for (about, text) in lines {
            canvas.text(1, about.trim_end(), Anchor::Left, "quiet");
            canvas.text(1 + about.chars().count(), &text, Anchor::Left, "plain");
            canvas.next();
        }
    }
    canvas.space(0.4);
}

/// Both lanes, drawn in stretches as long as their strokes stay: a segment changes them where its arrow meets them.
struct Lanes {
    at: PerSide<usize>,
    /// What is drawn next, and from where.
    since: Option<(PerSide<Lane>, PerSide<f64>)>,
}

impl Lanes {
    fn of(columns: &Columns) -> Lanes {
        Lanes {
            at: PerSide {
                client: columns.before_lane(),
                server: server_lane(columns),
            },
            since: None,
        }
    }

    /// From `y` on the lanes are these.
    fn reach(&mut self, canvas: &mut Canvas, y: f64, chars: PerSide<char>) {
        let now = PerSide::of(|side| Lane::of(chars[side]));
        let Some((lanes, since)) = &mut self.since else {
            self.since = Some((now, PerSide::of(|_| y - BEYOND + 3.0)));
            return;
        };
        for side in Side::BOTH {
            if lanes[side] != now[side] {
                canvas.lane(self.at[side], lanes[side], since[side], y);
                (lanes[side], since[side]) = (now[side], y);
            }
        }
    }

    /// The last stretches, up to the end of the last row.
    fn end(&mut self, canvas: &mut Canvas) {
        let Some((lanes, since)) = self.since.take() else {
            return;
        };
        let end = canvas.middle() - BEYOND;
        for side in Side::BOTH {
            canvas.lane(self.at[side], lanes[side], since[side], end);
        }
    }
}

/// How far lanes reach beyond the middle of the first row and of the last.
const BEYOND: f64 = 11.0;
