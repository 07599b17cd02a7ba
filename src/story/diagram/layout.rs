//! How it is told where the figure's boxes and arrows stand on a grid of characters; `grids.rs` tells it.

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

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;
    use crate::story::diagram::{ARROWS, LAYOUTS, Spot};

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
    fn a_mark_covers_at_most_the_line_of_an_arrow_of_its_state() {
        for layout in &LAYOUTS {
            let columns = match layout.marks {
                Marks::Framed => continue,
                Marks::Words => 7,
                Marks::Letters => 2,
            };
            let taken = taken(layout);
            for (node, spot) in layout.nodes.iter().zip(Spot::ALL) {
                let end = node.x + node.columns;
                assert!(
                    node.x >= columns && end + columns <= layout.columns,
                    "{spot:?}"
                );
                for x in (node.x - columns..node.x).chain(end..end + columns) {
                    let at = (x, node.y);
                    let own = layout.wires.iter().zip(ARROWS).any(|(wire, arrow)| {
                        let touches = Spot::Of(arrow.from) == spot || arrow.end() == spot;
                        touches
                            && wire.cells().any(|cell| cell == at)
                            && !is_label(wire, arrow.label, at)
                    });
                    assert!(
                        own || !taken.contains_key(&at),
                        "{spot:?} {at:?} {:?}",
                        taken[&at]
                    );
                }
            }
        }
    }

    fn is_label(wire: &Wire, text: &str, (x, y): Point) -> bool {
        wire.label.is_some_and(|(from, line)| {
            y == line && (from..from + u16::try_from(text.len()).unwrap()).contains(&x)
        })
    }

    #[test]
    fn no_label_covers_a_bend_or_a_head() {
        for layout in &LAYOUTS {
            for (wire, arrow) in layout.wires.iter().zip(ARROWS) {
                let covered = wire
                    .points
                    .iter()
                    .any(|&at| is_label(wire, arrow.label, at));
                assert!(!covered, "{arrow:?} in {} columns", layout.columns);
            }
        }
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
