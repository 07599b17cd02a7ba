//! The state figure, for every capture in the repository and every row: both current states are marked, and nothing is
//! drawn over a state's name.

mod common;

use std::path::Path;
use std::sync::mpsc::channel;

use common::{capture, captures};
use ratatui::buffer::Buffer;
use ratatui::layout::{Rect, Size};
use tcpviz::conn::Side;
use tcpviz::source::{self, Selection};
use tcpviz::story::diagram::layout::{Layout, Marks};
use tcpviz::story::diagram::{LAYOUTS, Spot};
use tcpviz::story::{Charset, Course, Style};
use tcpviz::trace::Trace;
use tcpviz::tui::figure;
use tcpviz::tui::theme::{Look, Theme};
use tcpviz::wire::{Feed, Ports};

fn read(path: &Path) -> Trace {
    let (sender, feeds) = channel();
    let opened = source::open(path, false).unwrap();
    source::file::start(
        opened,
        Selection::default(),
        Box::new(move |feed| sender.send(feed).is_ok()),
    );
    let mut trace = Trace::new(Ports::default());
    for feed in feeds {
        if let Feed::Batch(batch) = feed {
            trace.take(&batch, |_, _, _| {});
        }
    }
    trace
}

fn look(charset: Charset) -> Look {
    let style = Style {
        charset,
        absolute: false,
        ..Style::default()
    };
    Look {
        style,
        theme: Theme::new(true),
    }
}

/// The lines of characters of a figure drawn after a row, or before the first.
fn drawn(
    (trace, course): (&Trace, &Course),
    id: u32,
    row: Option<usize>,
    size: (u16, u16),
    charset: Charset,
) -> Vec<Vec<String>> {
    let area = Rect::new(0, 0, size.0, size.1);
    let mut buffer = Buffer::empty(area);
    figure::draw(look(charset), trace, id, row, course, area, &mut buffer);
    let symbol = |x, y| buffer[(x, y)].symbol().to_string();
    (0..size.1)
        .map(|y| (0..size.0).map(|x| symbol(x, y)).collect())
        .collect()
}

/// A box's name as drawn, and whether a side is marked at it.
fn at(lines: &[Vec<String>], layout: &Layout, spot: Spot, side: Side) -> (bool, bool) {
    let node = layout.nodes[spot.index()];
    let text = |y: u16, from: u16, to: u16| lines[usize::from(y)][from.into()..to.into()].concat();
    let right = node.x + node.columns;
    let name = text(node.y + node.lines / 2, node.x, right);
    let letter = &side.name()[..1].to_uppercase();
    let marked = match (layout.marks, side) {
        (Marks::Framed, Side::Client) => text(node.y, node.x, right).contains("client"),
        (Marks::Framed, Side::Server) => text(node.y + 2, node.x, right).contains("server"),
        (Marks::Words, Side::Client) => {
            node.x >= 7 && text(node.y, node.x - 7, node.x).starts_with("client")
        }
        (Marks::Words, Side::Server) => text(node.y, right, right + 7).ends_with("server"),
        (Marks::Letters, Side::Client) => text(node.y, node.x - 2, node.x).starts_with(letter),
        (Marks::Letters, Side::Server) => text(node.y, right, right + 2).ends_with(letter),
    };
    (name.contains(spot.state().name()), marked)
}

/// Both ends marked at their states, and nowhere else; every name whole; what changed told.
fn check(
    what: &str,
    (trace, course): (&Trace, &Course),
    id: u32,
    row: Option<usize>,
    layout: &Layout,
    charset: Charset,
) {
    let lines = drawn(
        (trace, course),
        id,
        row,
        (layout.columns, layout.lines + 2),
        charset,
    );
    let states = row.map_or(trace.connection(id).initial, |row| {
        trace.row(id, row).states
    });
    for side in Side::BOTH {
        let mut marked = Vec::new();
        for spot in Spot::ALL {
            let (named, is_marked) = at(&lines, layout, spot, side);
            assert!(named, "{what}: {spot:?} in {} columns", layout.columns);
            marked.extend(is_marked.then_some(spot.state()));
        }
        assert_eq!(
            marked,
            [states[side]],
            "{what}: {side} in {} columns",
            layout.columns
        );
        let Some(row) = row else { continue };
        let before = trace.states_before(id, row)[side];
        let arrow = if charset == Charset::Ascii {
            "->"
        } else {
            "→"
        };
        let told = format!("{side}: {before} {arrow} {}", states[side]);
        let below = lines[usize::from(layout.lines)..].iter();
        let is_told = below
            .map(|line| line.concat())
            .any(|line| line.starts_with(&told));
        assert_eq!(is_told, before != states[side], "{what}: {told}");
    }
    let ascii = lines.iter().flatten().all(|symbol| symbol.is_ascii());
    assert_eq!(ascii, charset == Charset::Ascii, "{what}");
}

#[test]
fn both_ends_are_marked_at_their_states_in_every_row_of_every_capture() {
    for (name, path) in captures() {
        let trace = read(&path);
        for id in trace.ids() {
            let whole = (&trace, &Course::of(&trace, id));
            // All captures are short, but for a few of many equal rows.
            for row in (0..=trace.len(id).min(60)).map(|row| row.checked_sub(1)) {
                let is_news =
                    row.is_none_or(|row| trace.row(id, row).states != trace.states_before(id, row));
                // Where nothing changes, one size is enough.
                let sizes = LAYOUTS.iter().enumerate();
                for (i, layout) in sizes.filter(|(i, _)| is_news || row.unwrap_or(0) % 3 == *i) {
                    let ascii = (row.unwrap_or(0) / 3) % LAYOUTS.len() == i;
                    let charset = if ascii {
                        Charset::Ascii
                    } else {
                        Charset::Unicode
                    };
                    check(
                        &format!("{name} {id} {row:?}"),
                        whole,
                        id,
                        row,
                        layout,
                        charset,
                    );
                }
                drawn(whole, id, row, (38, 6), Charset::Ascii);
            }
        }
    }
}

#[test]
fn no_size_is_too_small() {
    let trace = read(&capture("article-002-close"));
    let course = Course::of(&trace, 0);
    for columns in (0..100).step_by(7) {
        for lines in 0..34 {
            let wanted = figure::size_wanted(Size::new(columns, lines));
            assert!(wanted.width <= columns && wanted.height <= lines);
            drawn(
                (&trace, &course),
                0,
                Some(6),
                (columns, lines),
                Charset::Unicode,
            );
        }
    }
}

#[test]
fn in_six_lines_each_end_s_way_ends_with_its_state() {
    let trace = read(&capture("orderly-close"));
    let course = Course::of(&trace, 0);
    let last = trace.len(0) - 1;
    let lines = drawn((&trace, &course), 0, Some(last), (38, 6), Charset::Unicode);
    let text: Vec<_> = lines
        .iter()
        .map(|line| line.concat().trim_end().to_string())
        .collect();
    insta::assert_snapshot!(text.join("\n"));
}

#[test]
fn the_close_of_an_article_in_each_size() {
    let trace = read(&capture("article-002-close"));
    let course = Course::of(&trace, 0);
    for (layout, charset) in
        LAYOUTS
            .iter()
            .zip([Charset::Unicode, Charset::Unicode, Charset::Ascii])
    {
        let lines = drawn(
            (&trace, &course),
            0,
            Some(4),
            (layout.columns, layout.lines + 2),
            charset,
        );
        let text: Vec<_> = lines
            .iter()
            .map(|line| line.concat().trim_end().to_string())
            .collect();
        insta::assert_snapshot!(format!("{}_columns", layout.columns), text.join("\n"));
    }
}
