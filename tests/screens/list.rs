//! Many connections.

use super::assert_screen;
use super::common::ui::{keys, together};
use tcpviz::tui::App;

/// A dozen ways to end.
fn many() -> App {
    together(&[
        "orderly-close",
        "close-then-peer-writes",
        "connection-refused",
        "close-with-unread-data",
        "fin-with-data",
        "linger-zero",
        "half-close-tail",
        "simultaneous-close",
        "syn-timeout",
        "server-process-killed",
        "challenge-ack",
        "fin-wait-2-orphan-timeout",
    ])
}

#[test]
fn list_beside_the_ladder() {
    let mut app = many();
    keys(&mut app, "↓↓↓↓→→");
    assert_screen!(&mut app);
}

#[test]
fn list_alone() {
    let mut app = many();
    keys(&mut app, "⇥↓");
    assert_screen!(&mut app);
}

#[test]
fn list_alone_filtered_and_sorted() {
    let mut app = many();
    keys(&mut app, "⇥\\ending:reset⏎ssS");
    // The word about the order goes with the next key.
    keys(&mut app, "↓");
    assert_screen!(&mut app);
}

#[test]
fn a_filter_that_nothing_passes() {
    let mut app = many();
    keys(&mut app, "\\port:9⏎");
    assert_screen!(&mut app);
}

#[test]
fn a_filter_with_an_error() {
    let mut app = many();
    keys(&mut app, "⇥/ending:sad⏎");
    assert_screen!(&mut app);
}
