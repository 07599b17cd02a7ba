//! A replay that goes on by itself. No clock is needed: it says how long to wait for the next step.

use std::time::Duration;

use super::common::ui::{self, article, file, keys, live, recorded, unread};
use tcpviz::tui::Pace;
use tcpviz::tui::app::Panel;
use tcpviz::wire::{Ended, Feed};

const HALF: Option<Duration> = Some(Duration::from_millis(500));

#[test]
fn space_plays_row_by_row_and_stops_at_the_end() {
    let mut app = article();
    assert_eq!(app.step_after(), None);
    keys(&mut app, " ");
    let mut seen = Vec::new();
    while let Some(wait) = app.step_after() {
        assert_eq!(Some(wait), HALF);
        app.play_step();
        seen.push(app.line);
    }
    assert_eq!((seen, app.playing), (vec![1, 2, 3, 4, 5, 6], false));
}

#[test]
fn space_at_the_end_plays_from_the_beginning() {
    let mut app = article();
    keys(&mut app, "⇲ ");
    assert_eq!((app.line, app.playing), (0, true));
}

#[test]
fn space_while_it_plays_stops_it_where_it_is() {
    let mut app = article();
    keys(&mut app, " ");
    app.play_step();
    keys(&mut app, " ");
    assert_eq!((app.line, app.step_after()), (1, None));
}

#[test]
fn in_real_time_it_waits_as_long_as_it_took() {
    let mut app = article();
    keys(&mut app, "→→* ");
    assert_eq!(app.pace, Pace::Times(1.0));
    // 30.781 ms from the third segment to the fourth.
    assert_eq!(app.step_after(), Some(Duration::from_micros(30_781)));
    keys(&mut app, "+");
    assert_eq!(app.step_after(), Some(Duration::from_nanos(15_390_500)));
    // The third was captured with an earlier time than the second: no time to wait.
    keys(&mut app, "←");
    assert_eq!(app.step_after(), Some(Duration::ZERO));
}

#[test]
fn a_long_silence_is_shortened_and_no_step() {
    let mut app = recorded("syn-timeout.retries5");
    keys(&mut app, "⇲←* ");
    assert_eq!(app.line, 8);
    assert_eq!(app.step_after(), Some(Duration::from_secs(2)));
    app.play_step();
    assert_eq!((app.line, app.playing), (9, false));
}

#[test]
fn a_folded_run_is_one_step_and_control_only_plays_control_segments_only() {
    let steps = |typed: &str| {
        let mut app = recorded("half-close-tail");
        keys(&mut app, typed);
        let mut steps = 0;
        while app.step_after().is_some() {
            app.play_step();
            steps += 1;
        }
        assert_eq!(app.line, 74, "the last");
        steps
    };
    assert_eq!((steps(" "), steps("f "), steps("c ")), (21, 74, 6));
}

#[test]
fn in_a_trace_that_grows_it_waits_at_the_end_and_goes_on_with_what_comes() {
    let all = ui::whole("close-then-peer-writes");
    let part = |range: std::ops::Range<usize>| ui::batch(&all.segments[range], &[], all.tally);
    let mut app = unread(file("pipe"), None);
    app.playing = true;
    app.feed(part(0..2));
    app.prepare();
    assert_eq!(app.step_after(), HALF);
    app.play_step();
    // Nothing to wait for but the source.
    assert_eq!((app.line, app.playing, app.step_after()), (1, true, None));
    app.feed(part(2..7));
    app.prepare();
    assert_eq!(app.step_after(), HALF);
    for _ in 0..5 {
        app.play_step();
    }
    assert_eq!((app.line, app.playing), (6, true));
    app.feed(Feed::Ended(Ended::default()));
    app.play_step();
    assert!(!app.playing, "nothing comes any more");
}

#[test]
fn nothing_plays_before_the_first_segment() {
    let mut app = unread(live(), None);
    keys(&mut app, " ");
    assert!(!app.playing);
}

#[test]
fn panels_and_keys_work_while_it_plays() {
    let mut app = article();
    keys(&mut app, " v");
    app.play_step();
    assert_eq!(
        (app.panel, app.line, app.playing),
        (Panel::Account, 1, true)
    );
}
