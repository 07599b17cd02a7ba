//! That the box is good at every size, and no text is out of reach.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::*;
use crate::story::tests::trace_of;
use crate::story::{Style, glossary};
use crate::tui::Theme;

const SIZES: [(u16, u16); 5] = [(160, 50), (100, 30), (80, 24), (60, 20), (40, 12)];

fn look(charset: Charset) -> Look {
    Look {
        style: Style {
            charset,
            ..Style::default()
        },
        theme: Theme::new(true),
    }
}

fn told() -> Vec<Explanation> {
    let trace = trace_of("> P. 1:9 ack 1\n< . 1:1 ack 9\n< R. 1:1 ack 9");
    glossary::about_row(&trace, 0, 5)
}

fn drawn(charset: Charset, chosen: usize, scroll: usize, (width, height): (u16, u16)) -> String {
    let area = Rect::new(0, 0, width, height);
    let mut buffer = Buffer::empty(area);
    draw(
        look(charset),
        "Segment 6",
        &told(),
        chosen,
        scroll,
        area,
        &mut buffer,
    );
    let rows = buffer.content.chunks(width.max(1).into());
    let text = rows.map(|row| {
        row.iter()
            .map(ratatui::buffer::Cell::symbol)
            .collect::<String>()
    });
    text.collect::<Vec<_>>().join("\n")
}

#[test]
fn the_chosen_term_is_marked_and_the_source_can_be_reached_at_every_size() {
    for size in SIZES {
        for (chosen, it) in told().iter().enumerate() {
            let furthest = furthest(&told(), chosen, Rect::new(0, 0, size.0, size.1));
            let (first, last) = (
                drawn(Charset::Unicode, chosen, 0, size),
                drawn(Charset::Unicode, chosen, furthest, size),
            );
            assert!(first.contains(&format!("▌ {}", it.term)), "{first}");
            let first_word = it.words.split(' ').next().unwrap();
            assert!(first.contains(first_word), "{first}");
            let last_word = it.source.rsplit(' ').next().unwrap();
            assert!(last.contains(last_word), "{size:?} {furthest}\n{last}");
            assert_eq!(last, drawn(Charset::Unicode, chosen, furthest + 9, size));
            assert_eq!(furthest > 0, first.contains('↓'), "{first}");
        }
    }
}

#[test]
fn in_ascii_all_is_ascii() {
    for size in SIZES {
        let text = drawn(Charset::Ascii, 2, 0, size);
        assert!(text.is_ascii() && text.contains("> both: CLOSED"), "{text}");
    }
}

#[test]
fn no_size_and_no_choice_is_too_small_or_too_large() {
    for width in 0..24 {
        for height in 0..9 {
            drawn(Charset::Unicode, 99, 99, (width, height));
        }
    }
    let area = Rect::new(0, 0, 40, 12);
    let mut buffer = Buffer::empty(area);
    draw(
        look(Charset::Unicode),
        "Nothing",
        &[],
        0,
        0,
        area,
        &mut buffer,
    );
    assert_eq!(furthest(&[], 0, area), 0);
}
