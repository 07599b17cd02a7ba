//! Where the figure's boxes and arrows stand on a grid of characters, in three sizes. All have the
//! RFC's shape: CLOSED on top, the active closer on the left, the passive one on the right.

use super::{ARROWS_COUNT, SPOTS};

/// Columns and lines from the top left corner.
pub type Point = (u16, u16);

/// A state's box: with one line `[NAME]`, with three a frame around the name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Node {
    pub x: u16,
    pub y: u16,
    pub columns: u16,
    pub lines: u16,
}

impl Node {
    /// Whether a point is in the box.
    #[must_use]
    pub fn has(&self, (x, y): Point) -> bool {
        (self.x..self.x + self.columns).contains(&x) && (self.y..self.y + self.lines).contains(&y)
    }
}

/// An arrow's line: it bends at its points; the last has the head. Both ends stand beside a box.
#[derive(Clone, Copy, Debug)]
pub struct Wire {
    pub points: &'static [Point],
    /// Where its label begins; none where there is no room, or where another's says it too.
    pub label: Option<Point>,
}

impl Wire {
    /// Every point from the first to the last.
    pub fn cells(&self) -> impl Iterator<Item = Point> + '_ {
        let bends = self
            .points
            .windows(2)
            .flat_map(|pair| between(pair[0], pair[1]));
        self.points.first().copied().into_iter().chain(bends)
    }
}

/// The points after `from` up to `to`, on a straight line.
fn between(from: Point, to: Point) -> impl Iterator<Item = Point> {
    let length = from.0.abs_diff(to.0).max(from.1.abs_diff(to.1));
    let along = |a: u16, b: u16, by: u16| {
        if a < b {
            a + by.min(b - a)
        } else {
            a - by.min(a - b)
        }
    };
    (1..=length).map(move |by| (along(from.0, to.0, by), along(from.1, to.1, by)))
}

/// The figure in one size.
#[derive(Clone, Copy, Debug)]
pub struct Layout {
    pub columns: u16,
    pub lines: u16,
    /// By [`super::Spot::index`].
    pub nodes: [Node; SPOTS],
    /// By the places in [`super::ARROWS`].
    pub wires: [Wire; ARROWS_COUNT],
    /// The one arrow for an RST from anywhere, and its label.
    pub reset: Wire,
    pub reset_label: &'static str,
    /// Where it is told which line is the client's, and which the server's: `━━▶ client`.
    pub key: [Point; 2],
    /// How an end is marked beside its state.
    pub marks: Marks,
}

/// How the ends are marked at the states they are in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Marks {
    /// `client` in the frame's upper line, `server` in its lower.
    Framed,
    /// `client▸[FIN-WAIT-1]◂server`.
    Words,
    /// `C▸[FIN-WAIT-1]◂S`.
    Letters,
}

/// The three sizes, the largest first.
pub const LAYOUTS: [Layout; 3] = [TALL, WIDE, COMPACT];

const fn boxed(x: u16, y: u16) -> Node {
    Node {
        x,
        y,
        columns: 14,
        lines: 3,
    }
}

const fn flat(x: u16, y: u16, columns: u16) -> Node {
    Node {
        x,
        y,
        columns,
        lines: 1,
    }
}

const fn wire(points: &'static [Point], x: u16, y: u16) -> Wire {
    Wire {
        points,
        label: Some((x, y)),
    }
}

const fn bare(points: &'static [Point]) -> Wire {
    Wire {
        points,
        label: None,
    }
}

/// Boxes with frames, beside a ladder on a large screen.
const TALL: Layout = Layout {
    columns: 60,
    lines: 28,
    nodes: [
        boxed(23, 0),
        boxed(23, 4),
        boxed(46, 8),
        boxed(0, 8),
        boxed(23, 12),
        boxed(0, 16),
        boxed(0, 20),
        boxed(46, 16),
        boxed(23, 20),
        boxed(46, 20),
        boxed(23, 24),
        boxed(46, 24),
    ],
    wires: [
        wire(&[(26, 3)], 13, 3),
        bare(&[(30, 3)]),
        wire(&[(37, 1), (56, 1), (56, 7)], 39, 0),
        wire(&[(50, 7), (50, 3), (34, 3)], 40, 3),
        wire(&[(25, 7), (10, 7)], 5, 6),
        wire(&[(3, 7), (3, 5), (22, 5)], 9, 5),
        wire(&[(34, 7), (47, 7)], 38, 6),
        wire(&[(45, 9), (14, 9)], 22, 8),
        wire(&[(49, 11), (32, 11)], 39, 12),
        wire(&[(10, 11), (27, 11)], 8, 12),
        wire(&[(3, 11), (3, 15)], 5, 13),
        wire(&[(27, 15), (10, 15)], 13, 15),
        wire(&[(32, 15), (49, 15)], 34, 15),
        wire(&[(3, 19)], 5, 19),
        wire(&[(14, 17), (30, 17), (30, 19)], 15, 16),
        wire(&[(52, 19)], 40, 19),
        wire(&[(3, 23), (3, 25), (22, 25)], 7, 25),
        wire(&[(30, 23)], 15, 23),
        wire(&[(52, 23)], 37, 23),
        wire(&[(37, 25), (45, 25)], 39, 24),
    ],
    reset: wire(&[(49, 27), (52, 27)], 29, 27),
    reset_label: super::RESET,
    key: [(0, 0), (0, 1)],
    marks: Marks::Framed,
};

/// For a screen of 80 columns: a line a state.
const WIDE: Layout = Layout {
    columns: 78,
    lines: 14,
    nodes: [
        flat(35, 0, 8),
        flat(35, 2, 8),
        flat(60, 4, 10),
        flat(7, 4, 14),
        flat(32, 6, 13),
        flat(7, 8, 12),
        flat(7, 10, 12),
        flat(59, 8, 12),
        flat(34, 10, 9),
        flat(60, 10, 10),
        flat(33, 12, 11),
        flat(61, 12, 8),
    ],
    wires: [
        wire(&[(37, 1)], 24, 1),
        bare(&[(39, 1)]),
        wire(&[(43, 0), (69, 0), (69, 3)], 51, 0),
        wire(&[(64, 3), (64, 1), (42, 1)], 51, 1),
        wire(&[(36, 3), (13, 3)], 17, 3),
        wire(&[(9, 3), (9, 2), (34, 2)], 17, 2),
        wire(&[(41, 3), (61, 3)], 47, 3),
        wire(&[(59, 4), (21, 4)], 32, 4),
        wire(&[(64, 5), (41, 5)], 45, 5),
        wire(&[(13, 5), (36, 5)], 18, 5),
        wire(&[(9, 5), (9, 7)], 11, 6),
        wire(&[(36, 7), (13, 7)], 19, 7),
        wire(&[(41, 7), (64, 7)], 46, 7),
        wire(&[(9, 9)], 11, 9),
        wire(&[(19, 8), (41, 8), (41, 9)], 27, 8),
        wire(&[(64, 9)], 66, 9),
        wire(&[(9, 11), (9, 12), (32, 12)], 12, 12),
        wire(&[(38, 11)], 23, 11),
        wire(&[(62, 11)], 64, 11),
        wire(&[(44, 12), (60, 12)], 50, 11),
    ],
    reset: wire(&[(62, 13), (64, 13)], 42, 13),
    reset_label: super::RESET,
    key: [(0, 0), (13, 0)],
    marks: Marks::Words,
};

/// For 60 columns, without labels.
const COMPACT: Layout = Layout {
    columns: 58,
    lines: 11,
    nodes: [
        flat(25, 0, 8),
        flat(25, 2, 8),
        flat(45, 4, 10),
        flat(2, 4, 14),
        flat(23, 4, 13),
        flat(2, 6, 12),
        flat(2, 8, 12),
        flat(44, 6, 12),
        flat(25, 8, 9),
        flat(45, 8, 10),
        flat(24, 10, 11),
        flat(46, 10, 8),
    ],
    wires: [
        bare(&[(28, 1)]),
        bare(&[(30, 1)]),
        bare(&[(33, 0), (53, 0), (53, 3)]),
        bare(&[(50, 3), (50, 1), (32, 1)]),
        bare(&[(24, 2), (8, 2), (8, 3)]),
        bare(&[(5, 3), (5, 1), (26, 1)]),
        bare(&[(33, 2), (47, 2), (47, 3)]),
        bare(&[(45, 3), (13, 3)]),
        bare(&[(44, 4), (36, 4)]),
        bare(&[(16, 4), (22, 4)]),
        bare(&[(5, 5)]),
        bare(&[(27, 5), (10, 5)]),
        bare(&[(31, 5), (48, 5)]),
        bare(&[(5, 7)]),
        bare(&[(14, 6), (27, 6), (27, 7)]),
        bare(&[(48, 7)]),
        bare(&[(5, 9), (5, 10), (23, 10)]),
        bare(&[(27, 9)]),
        bare(&[(48, 9)]),
        bare(&[(35, 10), (45, 10)]),
    ],
    reset: wire(&[(52, 9)], 54, 9),
    reset_label: "RST",
    key: [(30, 6), (30, 7)],
    marks: Marks::Letters,
};

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;
    use crate::story::diagram::{ARROWS, Spot};

    /// Each character of the grid that anything stands on, and what; nothing may stand there twice.
    fn taken(layout: &Layout) -> HashMap<Point, String> {
        let mut taken = HashMap::new();
        let mut take = |at: Point, what: String| {
            assert!(
                at.0 < layout.columns && at.1 < layout.lines,
                "{what}: {at:?}"
            );
            if let Some(other) = taken.insert(at, what.clone()) {
                // A label may stand on its own line.
                assert_eq!(other, what, "both at {at:?} of {}", layout.columns);
            }
        };
        for (node, spot) in layout.nodes.iter().zip(Spot::ALL) {
            for x in node.x..node.x + node.columns {
                (node.y..node.y + node.lines).for_each(|y| take((x, y), format!("{spot:?}")));
            }
        }
        let arrows = ARROWS.map(|it| (it.label, format!("{} -> {}", it.from, it.to)));
        let reset = (layout.reset_label, "RST".to_string());
        let all = layout.wires.iter().chain([&layout.reset]);
        for (wire, (label, name)) in all.zip(arrows.into_iter().chain([reset])) {
            wire.cells().for_each(|at| take(at, name.clone()));
            if let Some((x, y)) = wire.label {
                (x..)
                    .take(label.len())
                    .for_each(|x| take((x, y), name.clone()));
            }
        }
        for (x, y) in layout.key {
            (x..x + 11).for_each(|x| take((x, y), "key".into()));
        }
        taken
    }

    #[test]
    fn boxes_lines_and_labels_keep_apart_and_inside() {
        for layout in &LAYOUTS {
            assert!(taken(layout).len() > 300);
        }
    }

    #[test]
    fn each_line_leads_from_its_box_to_its_box() {
        let beside = |node: &Node, (x, y): Point| {
            [
                (x + 1, y),
                (x.wrapping_sub(1), y),
                (x, y + 1),
                (x, y.wrapping_sub(1)),
            ]
            .into_iter()
            .any(|at| node.has(at))
        };
        for layout in &LAYOUTS {
            for (wire, arrow) in layout.wires.iter().zip(ARROWS) {
                let from = layout.nodes[Spot::Of(arrow.from).index()];
                let to = layout.nodes[arrow.end().index()];
                let [first, last] = [wire.points[0], *wire.points.last().unwrap()];
                assert!(beside(&from, first), "{arrow:?}");
                assert!(beside(&to, last), "{arrow:?}");
                assert!(
                    wire.points
                        .windows(2)
                        .all(|it| it[0].0 == it[1].0 || it[0].1 == it[1].1),
                    "{arrow:?}"
                );
            }
            let end = layout.nodes[Spot::End.index()];
            assert!(beside(&end, *layout.reset.points.last().unwrap()));
        }
    }

    #[test]
    fn each_box_has_room_for_its_name() {
        for layout in &LAYOUTS {
            for (node, spot) in layout.nodes.iter().zip(Spot::ALL) {
                assert!(
                    usize::from(node.columns) >= spot.state().name().len() + 2,
                    "{spot:?}"
                );
            }
        }
    }
}
