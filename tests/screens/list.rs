//! Many connections.

use super::assert_screen;
use super::common::ui::{keys, together};
use tcpviz::tui::App;
use tcpviz::wire::{Ended, Feed};

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

/// The list above keeps its title, and what to type is on every screen that has the lines.
#[test]
fn list_sorted_above_a_capture_that_a_full_disk_ended() {
    let mut app = many();
    app.feed(Feed::Ended(Ended {
        error: Some(
            "/var/tmp/close.pcap can't be written: No space left on device (os error 28); make room, or name a file on \
             another disk: --write FILE"
                .into(),
        ),
        cut: None,
    }));
    keys(&mut app, "s");
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
