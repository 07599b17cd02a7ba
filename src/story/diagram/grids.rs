//! The figure in three sizes. All have the RFC's shape: CLOSED on top, the active closer on the left, the passive one on
//! the right. The tests beside `layout.rs` see to it that nothing stands on anything else.

use super::layout::{Layout, Marks, Node, Point, Wire};

/// The three sizes, the largest first.
pub static LAYOUTS: [Layout; 3] = [TALL, WIDE, COMPACT];

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
