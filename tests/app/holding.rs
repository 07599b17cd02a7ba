//! A live picture that is held, and goes on without loss.

use super::common::ui::{self, article, batch, keys, live, unread, whole};
use super::{shown, told};
use tcpviz::conn::State;
use tcpviz::trace::{Bounds, Deed, Heard, KernelEnd, Word};
use tcpviz::tui::App;
use tcpviz::wire::{Batch, Ended, Feed, Tally};

fn tally(frames: u64, dropped: u64) -> Tally {
    Tally {
        frames,
        dropped,
        ..Tally::default()
    }
}

/// Three segments are shown, and the picture is held.
fn held() -> (App, Batch) {
    let all = whole("close-then-peer-writes");
    let mut app = unread(live(), None);
    app.feed(batch(&all.segments[..3], &[], tally(3, 0)));
    app.prepare();
    keys(&mut app, "p");
    assert!(app.is_held() && !app.is_live());
    (app, all)
}

#[test]
fn p_holds_the_picture_counts_on_and_p_again_shows_all_that_came() {
    let (mut app, all) = held();
    for n in 3..7 {
        app.feed(batch(&all.segments[n..=n], &[], tally(n as u64 + 1, 0)));
        app.prepare();
    }
    assert_eq!((app.trace.segments(), shown(&app), app.line), (3, 3, 2));
    assert_eq!(app.tally().frames, 7, "it is told how much came");
    keys(&mut app, "p");
    assert!(!app.is_held());
    assert_eq!((app.trace.segments(), shown(&app), app.line), (7, 7, 6));
    assert_eq!(app.tally(), tally(7, 0));
}

#[test]
fn once_much_is_held_the_gate_is_shut_until_the_picture_goes_on() {
    let (mut app, all) = held();
    for n in 0..256 {
        assert!(!app.gate.is_shut(), "after {n}");
        app.feed(batch(&all.segments[3..4], &[], tally(4 + n, 0)));
    }
    assert!(app.gate.is_shut());
    keys(&mut app, "p");
    assert!(!app.gate.is_shut());
}

/// How a connection that goes on without end stands on the screen once it has lost rows.
#[test]
fn the_connection_on_the_screen_loses_its_oldest_rows_and_the_title_says_so() {
    let mut app = unread(live(), None);
    app.trace.keep(Bounds {
        rows: 1 << 20,
        ..Bounds::NONE
    });
    let all = whole("close-then-peer-writes");
    app.feed(batch(&all.segments[..3], &[], tally(3, 0)));
    app.prepare();
    let sent = all.segments[2];
    for n in 0..200 {
        let many: Vec<_> = (0..100).map(|_| sent).collect();
        app.feed(batch(&many, &[], tally(n * 100 + 3, 0)));
        if n % 10 == 0 {
            app.prepare();
            keys(&mut app, "←←");
        }
        if n % 10 == 5 {
            keys(&mut app, "⇲");
        }
    }
    let lost = app.trace.lost_rows_of(0);
    assert_eq!(lost + app.trace.len(0), 20_003);
    assert!(lost > 1000 && app.trace.row(0, 0).place.frame == 1);
    keys(&mut app, "⇲");
    let drawn = ui::text(&mut app, 160, 40);
    assert!(drawn.contains(" earlier gone"), "{drawn}");
}

#[test]
fn drops_while_it_is_held_are_counted_at_once() {
    let (mut app, all) = held();
    app.feed(batch(&all.segments[3..4], &[], tally(4, 2)));
    assert_eq!((app.tally().dropped, app.trace.tally.dropped), (2, 0));
    let drawn = ui::text(&mut app, 80, 24);
    assert!(drawn.contains("2 dropped · held"), "{drawn}");
}

#[test]
fn one_walks_while_it_is_held_and_stays_where_one_is_when_it_goes_on() {
    let (mut app, all) = held();
    keys(&mut app, "⇱");
    app.feed(batch(&all.segments[3..], &[], tally(7, 0)));
    keys(&mut app, "p");
    assert_eq!((app.line, app.following, shown(&app)), (0, false, 7));
    keys(&mut app, "⇲");
    assert_eq!((app.line, app.following), (6, true));
}

#[test]
fn the_end_of_the_source_is_held_too_and_told_when_it_goes_on() {
    let (mut app, all) = held();
    app.feed(batch(&all.segments[3..], &[], tally(7, 0)));
    app.feed(Feed::Ended(Ended::default()));
    assert!(app.trace.ended.is_none());
    keys(&mut app, "p");
    assert!(app.trace.ended.is_some());
    keys(&mut app, "p");
    assert_eq!(told(&app), "nothing comes any more that could be held back");
    assert!(!app.is_held());
}

#[test]
fn a_capture_that_does_not_grow_cannot_be_held() {
    let mut app = article();
    keys(&mut app, "p");
    assert_eq!(told(&app), "nothing comes any more that could be held back");
}

#[test]
fn following_shows_the_newest_connection_and_whoever_moves_stays() {
    let (one, other) = (whole("orderly-close"), whole("close-then-peer-writes"));
    let mut app = unread(live(), None);
    app.feed(batch(&one.segments, &[], tally(9, 0)));
    app.prepare();
    assert_eq!((app.connection, app.line), (0, 8));
    app.feed(batch(&other.segments[..2], &[], tally(11, 0)));
    app.prepare();
    assert_eq!((app.connection, app.line), (1, 1));
    keys(&mut app, "←");
    app.feed(batch(&other.segments[2..], &[], tally(16, 0)));
    app.prepare();
    assert_eq!((app.connection, app.line, shown(&app)), (1, 0, 7));
}

/// The kernel of the client's machine sends the RST that is segment 7.
fn heard(all: &Batch) -> Vec<Heard> {
    let rst = &all.segments[6];
    let (local, remote) = (rst.segment.src, rst.segment.dst);
    let heard = |time_ns, word| Heard {
        time_ns,
        local,
        remote,
        word,
    };
    let deed = Deed::SentReset("TCP_TIMEWAIT_SOCKET".into());
    vec![
        heard(rst.time_ns - 5_000, Word::Deed(deed)),
        heard(
            rst.time_ns + 5_000,
            Word::End(KernelEnd::new(State::Closed)),
        ),
    ]
}

#[test]
fn what_a_kernel_says_is_held_with_its_segments_and_comes_into_its_place_as_time_passes() {
    let (mut app, all) = held();
    app.feed(batch(&all.segments[3..], &[], tally(7, 0)));
    app.heard(heard(&all));
    keys(&mut app, "p");
    assert_eq!((shown(&app), app.line), (7, 6), "what comes may be missing");
    app.pass(all.segments[6].time_ns + 1_000_000_000);
    app.prepare();
    assert_eq!((shown(&app), app.line, app.following), (9, 8, true));
    let drawn = ui::text(&mut app, 100, 30);
    assert!(drawn.contains("kernel: socket closed before"), "{drawn}");
}

#[test]
fn whoever_stands_on_a_segment_stays_there_when_a_kernel_says_something_above_it() {
    let all = whole("close-then-peer-writes");
    let mut app = unread(live(), None);
    app.feed(batch(&all.segments, &[], tally(7, 0)));
    app.prepare();
    keys(&mut app, "⇲↑");
    let early = Heard {
        time_ns: all.segments[2].time_ns + 1_000,
        ..heard(&all).remove(1)
    };
    app.heard(vec![early]);
    app.pass(all.segments[6].time_ns + 1_000_000_000);
    app.prepare();
    assert_eq!((app.selected_row(), app.line), (Some(5), 6));
}
