//! Lines of text and strokes on a grid of columns and rows.

use std::fmt::Write;

use crate::report::drawn::{Lane, Sign, outline};
use crate::report::markup::escaped;
use crate::story::mark::{LOST, Mark, RESET};

/// A column's width in pixels, of a font of 14: what most monospace fonts have.
const COLUMN: f64 = 8.4;
/// A row's height.
const ROW: f64 = 22.0;
/// From a row's middle to the base line of its text.
const BASE: f64 = 5.0;
/// Around everything.
const MARGIN: f64 = 16.0;
/// A head's length, and half of its height.
const HEAD: [f64; 2] = [10.0, 4.5];

/// A number with at most one decimal.
pub fn number(value: f64) -> String {
    let text = format!("{value:.1}");
    text.strip_suffix(".0").map_or(text.clone(), String::from)
}

/// Which end of a piece of text stays where it is if it can't be fitted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Anchor {
    Left,
    Right,
}

/// A piece of a line: where it begins, where it ends, both in columns.
type Span = [f64; 2];

/// Shapes so far, and where the next row goes.
pub struct Canvas {
    width: usize,
    /// The top of the next row.
    y: f64,
    shapes: String,
}

impl Canvas {
    /// So many columns wide.
    pub fn new(width: usize) -> Self {
        Canvas {
            width,
            y: MARGIN,
            shapes: String::new(),
        }
    }

    /// Width and height in pixels.
    pub fn size(&self) -> [f64; 2] {
        [x(columns(self.width)) + MARGIN, self.y + MARGIN]
    }

    pub fn shapes(&self) -> &str {
        &self.shapes
    }

    /// Columns that there are.
    pub fn width(&self) -> usize {
        self.width
    }

    /// Goes on with the next row; gives back the middle of the one that ends.
    pub fn next(&mut self) -> f64 {
        let middle = self.middle();
        self.y += ROW;
        middle
    }

    /// Leaves a part of a row free.
    pub fn space(&mut self, rows: f64) {
        self.y += ROW * rows;
    }

    /// The middle of the row that is drawn now.
    pub fn middle(&self) -> f64 {
        self.y + ROW / 2.0
    }

    /// A line across, between two connections.
    pub fn rule(&mut self) {
        let [left, right] = [MARGIN, x(columns(self.width))].map(number);
        let y = number(self.middle());
        self.push(&format!(
            "<line class=\"rule\" x1=\"{left}\" y1=\"{y}\" x2=\"{right}\" y2=\"{y}\"/>"
        ));
        self.y += ROW;
    }

    /// Opens a group of this class.
    pub fn open(&mut self, class: &str) {
        self.push(&format!("<g class=\"{class}\">"));
    }

    pub fn close(&mut self) {
        self.push("</g>");
    }

    /// A piece of text from a column on.
    pub fn text(&mut self, at: usize, text: &str, anchor: Anchor, class: &str) {
        let count = text.chars().count();
        let length = columns(count) * COLUMN;
        let (left, base) = (x(columns(at)), self.middle() + BASE);
        let (at, anchor) = match anchor {
            Anchor::Left => (left, ""),
            Anchor::Right => (left + length, " text-anchor=\"end\""),
        };
        let class = attribute("class", class);
        let fitted = match count {
            0 => return,
            1 => String::new(),
            _ => format!(
                " textLength=\"{}\" lengthAdjust=\"spacingAndGlyphs\"",
                number(length)
            ),
        };
        self.push(&format!(
            "<text{class} x=\"{}\" y=\"{}\"{anchor}{fitted}>{}</text>",
            number(at),
            number(base),
            escaped(text)
        ));
    }

    /// A text flush right in the columns from `at` on.
    pub fn cell(&mut self, at: usize, width: usize, text: &str, class: &str) {
        let count = text.chars().count();
        self.text(at + width.saturating_sub(count), text, Anchor::Right, class);
    }

    /// The pieces of a text that are parted by more than a space, each where it stands.
    pub fn words(&mut self, at: usize, text: &str, class: &str) {
        let mut from = 0;
        for piece in text.split("  ") {
            let count = piece.chars().count();
            let words = piece.trim();
            let before = count - piece.trim_start().chars().count();
            if !words.is_empty() {
                self.text(at + from + before, words, Anchor::Left, class);
            }
            from += count + 2;
        }
    }

    /// What stands between the lanes, from column `at` on: its words as text, its signs drawn.
    pub fn between(&mut self, at: usize, middle: &str) {
        let cells: Vec<char> = middle.chars().collect();
        let mut from = 0;
        while from < cells.len() {
            let sign = Sign::of(cells[from]);
            let same = |c: &char| Sign::of(*c) == sign;
            let to = from + cells[from..].iter().take_while(|c| same(c)).count();
            match sign {
                None => {
                    let words: String = cells[from..to].iter().collect();
                    self.words(at + from, &words, "");
                }
                Some(Sign::Stroke | Sign::Broken) => {
                    let broken = sign == Some(Sign::Broken);
                    self.stroke(at, stroke_span(&cells, [from, to]), broken);
                }
                Some(Sign::ToServer) => self.head(at, from, &cells, 1.0),
                Some(Sign::ToClient) => self.head(at, from, &cells, -1.0),
                Some(Sign::Mark(mark)) => self.mark(at, from, &cells, mark),
            }
            from = to;
        }
    }

    fn stroke(&mut self, at: usize, [from, to]: Span, broken: bool) {
        let [from, to] = [from, to].map(|column| number(x(columns(at) + column)));
        let y = number(self.middle());
        let class = attribute("class", if broken { "broken" } else { "" });
        self.push(&format!(
            "<line{class} x1=\"{from}\" y1=\"{y}\" x2=\"{to}\" y2=\"{y}\"/>"
        ));
    }

    /// A head that points to the right (1) or to the left (-1); at a lane it touches it.
    fn head(&mut self, at: usize, cell: usize, cells: &[char], way: f64) {
        let [length, half] = HEAD;
        let column = columns(at + cell);
        let at_lane = cell == 0 || cell + 1 == cells.len();
        let reach = if at_lane { TOUCH } else { 0.0 };
        let tip = if way > 0.0 {
            x(column + 1.0 + reach)
        } else {
            x(column - reach)
        };
        let y = self.middle();
        let base = number(tip - way * length);
        let [tip, y, above, below] = [tip, y, y - half, y + half].map(number);
        self.push(&format!(
            "<path class=\"head\" d=\"M{tip} {y}L{base} {above}V{below}z\"/>"
        ));
    }

    fn mark(&mut self, at: usize, cell: usize, cells: &[char], mark: Mark) {
        let column = columns(at + cell) + 0.5;
        // An RST's cross takes a head's place at the lane; others keep clear of it.
        let outwards = if mark == RESET { TOUCH / 2.0 } else { -CLEAR };
        let shift = match cell {
            0 => -outwards,
            _ if cell + 1 == cells.len() => outwards,
            _ => 0.0,
        };
        let [x, y] = [x(column + shift), self.middle()].map(number);
        self.push(&format!(
            "<path class=\"mark\" transform=\"translate({x} {y})\" d=\"{}\"/>",
            outline(mark)
        ));
    }

    /// A stretch of a lane in the middle of column `at`.
    pub fn lane(&mut self, at: usize, lane: Lane, from: f64, to: f64) {
        let x = number(x(columns(at) + 0.5));
        let [from, to] = [from, to].map(number);
        self.push(&format!(
            "<line class=\"lane {}\" x1=\"{x}\" y1=\"{from}\" x2=\"{x}\" y2=\"{to}\"/>",
            lane.class()
        ));
    }

    /// A dot in the first column.
    pub fn dot(&mut self) {
        let [x, y] = [x(0.4), self.middle()].map(number);
        self.push(&format!(
            "<circle class=\"sign\" cx=\"{x}\" cy=\"{y}\" r=\"2.5\"/>"
        ));
    }

    fn push(&mut self, shape: &str) {
        writeln!(self.shapes, "{shape}").expect("a text takes everything");
    }
}

/// From the edge of a column beside a lane to the lane, in columns.
const TOUCH: f64 = 0.35;

/// How far a mark at an arrow's tail is moved away from the lane, in columns, and the stroke behind it.
const CLEAR: f64 = 0.2;

/// Where a run of strokes begins and ends: beside a lane at the lane, under a head and in a cross at its middle.
fn stroke_span(cells: &[char], [from, to]: [usize; 2]) -> Span {
    // How far the run goes on into what stands beside it.
    let into = |beside: Option<&char>| match beside.map(|c| Sign::of(*c)) {
        None | Some(Some(Sign::ToServer | Sign::ToClient)) => 0.5,
        Some(Some(Sign::Mark(mark))) if mark == RESET || mark == LOST => 0.5,
        Some(Some(Sign::Mark(_))) => -CLEAR,
        Some(_) => 0.0,
    };
    let before = from.checked_sub(1).and_then(|cell| cells.get(cell));
    [
        columns(from) - into(before),
        columns(to) + into(cells.get(to)),
    ]
}

fn attribute(name: &str, value: &str) -> String {
    if value.is_empty() {
        String::new()
    } else {
        format!(" {name}=\"{value}\"")
    }
}

/// The left edge of a column, in pixels.
fn x(column: f64) -> f64 {
    MARGIN + column * COLUMN
}

#[expect(
    clippy::cast_precision_loss,
    reason = "a picture has some hundred columns"
)]
fn columns(count: usize) -> f64 {
    count as f64
}
