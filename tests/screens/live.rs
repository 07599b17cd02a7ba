//! A capture that grows.

use super::assert_screen;
use super::common::capture;
use super::common::ui::{self, batch, feeds, keys, live, text, unread};
use tcpviz::tui::App;
use tcpviz::wire::Tally;

fn tally(frames: u64, dropped: u64) -> Tally {
    Tally {
        frames,
        dropped,
        ..Tally::default()
    }
}

/// Five segments, then two that came when three had been dropped.
fn with_drops() -> App {
    let all = ui::whole("close-then-peer-writes").segments;
    let (_, read_back) = feeds(&capture("close-then-peer-writes"));
    let mut app = unread(live(), Some(read_back));
    app.feed(batch(&all[..4], &[], tally(4, 0)));
    app.feed(batch(&all[4..6], &[], tally(6, 3)));
    app
}

#[test]
fn waiting_for_the_first_segment() {
    assert_screen!(&mut unread(live(), None));
}

#[test]
fn following_what_comes() {
    let mut app = with_drops();
    keys(&mut app, "⇲");
    assert_screen!(&mut app);
}

#[test]
fn held_while_segments_are_dropped() {
    let mut app = with_drops();
    keys(&mut app, "p");
    app.feed(batch(&[], &[], tally(9, 12)));
    assert_screen!(&mut app);
}

#[test]
fn a_drop_is_never_out_of_sight() {
    let mut app = unread(live(), None);
    app.trace.tally = tally(0, 3);
    for (columns, lines) in ui::SIZES {
        let drawn = text(&mut app, columns, lines);
        assert!(drawn.contains("3 dropped"), "{drawn}");
    }
}

/// Everything at once that the first line may have to tell of a bad day.
#[test]
fn held_amid_drops_while_the_interface_is_down_and_the_view_is_behind() {
    let mut app = with_drops();
    keys(&mut app, "p");
    let tally = Tally {
        behind: 1_204,
        is_down: true,
        ..tally(1_000_000, 31_415)
    };
    app.feed(batch(&[], &[], tally));
    assert_screen!(&mut app);
}

#[test]
fn playing_a_replay() {
    let mut app = ui::article();
    keys(&mut app, " ");
    app.play_step();
    assert_screen!(&mut app);
}
