//! Finished connections leave a live capture's memory beyond `--limit`.

use super::common::ui::{batch, keys, live, text, unread, whole};
use super::told;
use tcpviz::trace::{Bounds, Entry};
use tcpviz::tui::App;
use tcpviz::wire::{Ended, Feed, Tally};

/// One finished connection may stay; these come one after the other, and rest once they are over.
fn after(names: &[&str], between: impl Fn(&mut App, usize)) -> App {
    let mut app = unread(live(), None);
    app.trace.keep(Bounds {
        finished: 1,
        ..Bounds::NONE
    });
    for (n, name) in names.iter().enumerate() {
        app.feed(batch(&whole(name).segments, &[], Tally::default()));
        app.prepare();
        between(&mut app, n);
        app.trace.rest();
    }
    app
}

const FOUR: [&str; 4] = [
    "sigkill-with-unread-data",
    "linger-zero",
    "close-then-peer-writes",
    "orderly-close",
];

#[test]
fn the_oldest_finished_connection_leaves_list_and_title_say_so() {
    let mut app = after(&FOUR, |_, _| {});
    assert_eq!(app.trace.left_in_all(), 2);
    assert!(!app.trace.has(0) && app.trace.has(3));
    let drawn = text(&mut app, 120, 40);
    assert!(drawn.contains("2 left memory"), "{drawn}");
    assert!(!drawn.contains("unread-data"), "{drawn}");
    keys(&mut app, "\\cause:unread-data⏎");
    assert!(app.listing.order().is_empty());
    keys(&mut app, "\\⌫⏎");
    let order = app.listing.order();
    assert!(order.iter().all(|id| *id >= 2), "{order:?}");
}

#[test]
fn the_connection_on_the_screen_stays_however_old() {
    let mut app = after(&FOUR, |app, n| {
        if n == 0 {
            keys(app, "←");
        }
    });
    assert_eq!((app.connection, app.trace.has(0)), (0, true));
    assert!(app.trace.left_in_all() >= 1);
    text(&mut app, 120, 40);
}

#[test]
fn a_mark_in_a_connection_that_has_left_says_where_it_is() {
    let mut app = after(&FOUR, |app, n| {
        if n == 0 {
            keys(app, "ma");
        }
    });
    keys(&mut app, "'a");
    assert!(
        told(&app).contains("connection 1 has left memory"),
        "{}",
        told(&app)
    );
}

/// The frame of a line of the first connection's ladder.
fn frame_of(app: &App, line: usize) -> u32 {
    match app.trace.entry(0, line) {
        Entry::Segment(row) => app.trace.row(0, row).place.frame,
        Entry::Aside(_) => 0,
    }
}

#[test]
fn the_selected_row_and_a_marked_one_stay_what_they_are_when_rows_before_them_go() {
    let mut app = unread(live(), None);
    app.trace.keep(Bounds {
        rows: 1 << 20,
        ..Bounds::NONE
    });
    let all = whole("close-then-peer-writes");
    app.feed(batch(&all.segments[..3], &[], Tally::default()));
    let mut frame = 3;
    let mut lost = 0;
    let mut cuts = 0;
    while cuts < 3 {
        keys(&mut app, "⇲←ma");
        let marked = frame_of(&app, app.line);
        keys(&mut app, "←mb");
        let waits = frame_of(&app, app.line);
        let many = (0..100).map(|_| {
            frame += 1;
            let mut next = all.segments[2];
            next.place.frame = frame;
            next
        });
        let many: Vec<_> = many.collect();
        app.feed(batch(&many, &[], Tally::default()));
        cuts += usize::from(app.trace.lost_rows_of(0) > lost);
        lost = app.trace.lost_rows_of(0);
        let there = |app: &App| {
            [app.marks[&'a'].1, app.marks[&'b'].1, app.line].map(|line| frame_of(app, line))
        };
        assert_eq!(there(&app), [marked, waits, waits]);
    }
    let at = (frame_of(&app, app.line), frame_of(&app, app.marks[&'a'].1));
    app.feed(Feed::Ended(Ended::default()));
    assert_eq!(
        at,
        (frame_of(&app, app.line), frame_of(&app, app.marks[&'a'].1))
    );
}
