//! Finished connections leave a live capture's memory beyond `--limit`.

use super::common::ui::{batch, keys, live, text, unread, whole};
use super::told;
use tcpviz::trace::Bounds;
use tcpviz::tui::App;
use tcpviz::wire::Tally;

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
