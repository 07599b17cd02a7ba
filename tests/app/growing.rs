//! A trace that grows in batches split anyhow, with states that are taken back: what is known of the connection shown is
//! what a fresh look at the same trace tells.

use proptest::prelude::*;

use super::common::captures;
use super::common::ui::{self, SIZES, batch, keys, live, unread, whole};
use tcpviz::conn::Side;
use tcpviz::story::{Course, Timeline, shown::Shown};
use tcpviz::trace::Trace;
use tcpviz::tui::App;
use tcpviz::wire::{Batch, Feed, Ports};

/// It in parts that end before these places, each between 0 and 1.
fn parts(all: &Batch, cuts: &[f64]) -> Vec<Feed> {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss,
        reason = "a place in a short list"
    )]
    let mut ends: Vec<_> = cuts
        .iter()
        .map(|cut| (cut * all.segments.len() as f64) as usize)
        .collect();
    ends.push(all.segments.len());
    ends.sort_unstable();
    let mut from = 0;
    let mut feeds = Vec::new();
    for to in ends {
        let frame = |at: usize| all.segments.get(at).map_or(u32::MAX, |it| it.place.frame);
        let errors: Vec<_> = all
            .errors
            .iter()
            .filter(|error| {
                let began = if from == 0 { 0 } else { frame(from) };
                (began..frame(to)).contains(&error.place.frame)
            })
            .copied()
            .collect();
        feeds.push(batch(&all.segments[from..to], &errors, all.tally));
        from = to;
    }
    feeds
}

/// What is known of the connection shown, and what a fresh look tells.
fn check(app: &App, what: &str) -> Result<(), TestCaseError> {
    let (trace, id, focus) = (&app.trace, app.connection, &app.focus);
    if !app.has_ladder() {
        return Ok(());
    }
    prop_assert_eq!(&focus.course, &Course::of(trace, id), "{}", what);
    let mut shown = Shown::new(id, app.wanted);
    shown.follow(trace);
    let known = focus.shown().unwrap();
    prop_assert_eq!(known.lines(), shown.lines(), "{}", what);
    let mut timeline = Timeline::default();
    timeline.follow(trace, id);
    prop_assert_eq!(
        format!("{:?}", &focus.timeline),
        format!("{timeline:?}"),
        "{}",
        what
    );
    let ending = tcpviz::story::ending::ending(trace, id);
    prop_assert_eq!(
        format!("{:?}", &focus.ending),
        format!("{:?}", Some(ending)),
        "{}",
        what
    );
    Ok(())
}

/// Where both ends stand after the selected row, as known and from a fresh look.
fn check_spaces(app: &App, fresh: &App, what: &str) -> Result<(), TestCaseError> {
    for side in Side::BOTH {
        let space = |app: &App| app.focus.space.as_ref().map(|it| format!("{:?}", it[side]));
        prop_assert_eq!(space(app), space(fresh), "{}", what);
    }
    Ok(())
}

/// Fed in parts, with these keys pressed in between.
fn grown(name: &str, cuts: &[f64], typed: &[&str]) -> Result<App, TestCaseError> {
    let mut app = unread(live(), None);
    for (at, feed) in parts(&whole(name), cuts).into_iter().enumerate() {
        app.feed(feed);
        app.prepare();
        check(&app, name)?;
        keys(&mut app, typed[at % typed.len()]);
        prop_assert!(
            app.line < app.trace.entries(app.connection).max(1),
            "{}",
            name
        );
        check(&app, name)?;
    }
    Ok(app)
}

/// The same trace, looked at for the first time.
fn fresh(name: &str, app: &App) -> App {
    let mut fresh = unread(live(), None);
    let all = whole(name);
    fresh.feed(batch(&all.segments, &all.errors, all.tally));
    (fresh.connection, fresh.line, fresh.wanted) = (app.connection, app.line, app.wanted);
    fresh.following = false;
    fresh.prepare();
    fresh
}

const LOSSY: [&str; 8] = [
    "fin-lost-once",
    "fin-lost-forever",
    "last-ack-lost",
    "fin-ack-lost",
    "fin-data-reordered",
    "server-host-crash.router-host-unreach",
    "time-wait-reuse.old-syn",
    "half-close-tail",
];

/// Otherwise the tests below would tell nothing.
#[test]
fn states_are_taken_back_in_some_of_these_captures() {
    let taken_back = |name: &str| {
        let mut revisions = 0;
        let mut trace = Trace::new(Ports::default());
        trace.take(&whole(name), |_, _, _| revisions += 1);
        revisions
    };
    let some = LOSSY.iter().filter(|name| taken_back(name) > 0).count();
    assert!(
        some >= 3,
        "{:?}",
        LOSSY.map(|name| (name, taken_back(name)))
    );
}

#[test]
fn a_capture_that_comes_segment_by_segment_is_known_as_if_it_had_come_at_once() {
    for (name, _) in captures() {
        let all = whole(&name);
        let mut app = unread(live(), None);
        let mut known = 0;
        for at in 1..=all.segments.len() {
            let until = all.segments[at - 1].place.frame;
            let errors: Vec<_> = all
                .errors
                .iter()
                .filter(|error| error.place.frame < until)
                .skip(known)
                .copied()
                .collect();
            known += errors.len();
            app.feed(batch(&all.segments[at - 1..at], &errors, all.tally));
            app.prepare();
            check(&app, &name).unwrap();
        }
        app.feed(batch(&[], &all.errors[known..], all.tally));
        app.prepare();
        check(&app, &name).unwrap();
        check_spaces(&app, &fresh(&name, &app), &name).unwrap();
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn batches_split_anyhow_and_keys_in_between_leave_what_a_fresh_look_tells(
        name in proptest::sample::select(&LOSSY[..]),
        cuts in proptest::collection::vec(0.0..1.0f64, 0..6),
        typed in proptest::collection::vec(
            proptest::sample::select(&["", "⇲", "⇱", "→", "←", "n", "c", "p", "pp", "v", "d", "⇲←", "]", "[", "t", "a"][..]),
            1..6,
        ),
    ) {
        let mut app = grown(name, &cuts, &typed)?;
        if app.is_held() {
            keys(&mut app, "p");
        }
        check(&app, name)?;
        prop_assert_eq!(app.trace.segments(), whole(name).segments.len());
        check_spaces(&app, &fresh(name, &app), name)?;
    }

    /// Whatever is pressed, and however large the screen becomes: a row that is there is selected, and nothing is scrolled
    /// further than there is something to see.
    #[test]
    fn any_keys_on_screens_that_change_their_size_leave_a_row_selected(
        typed in "[hjklncfatdvxJKsS\\[\\]?.,eGm' p+*⇥⏎⎋⇟⇞⇱⇲/\\\\w-z0-9]{0,40}",
        sizes in proptest::collection::vec(proptest::sample::select(&SIZES[..]), 1..4),
    ) {
        let mut app = super::many();
        for (at, key) in typed.chars().enumerate() {
            let (columns, lines) = sizes[at % sizes.len()];
            ui::screen(&mut app, columns, lines);
            keys(&mut app, &key.to_string());
            prop_assert!(app.has_ladder());
            prop_assert!(app.line < app.trace.entries(app.connection));
        }
    }
}

#[test]
fn nothing_is_scrolled_further_than_its_end_at_any_size() {
    for (columns, lines) in SIZES {
        for typed in ["", "v", "vv", "x"] {
            let mut app = super::many();
            ui::screen(&mut app, columns, lines);
            keys(&mut app, typed);
            keys(&mut app, &"J".repeat(200));
            let end = app.scroll;
            keys(&mut app, "J");
            assert_eq!(app.scroll, end, "{columns}x{lines} {typed}");
            assert!(end < 200);
            // The way back is as long.
            keys(&mut app, &"K".repeat(end));
            assert_eq!(app.scroll, 0);
        }
    }
}

#[test]
fn a_screen_that_grows_shows_what_was_scrolled_away() {
    let mut app = ui::article();
    ui::screen(&mut app, 60, 20);
    keys(&mut app, &"J".repeat(50));
    assert!(app.scroll > 0);
    let drawn = ui::text(&mut app, 160, 50);
    assert_eq!(app.scroll, 0);
    assert!(
        drawn.contains("The client asks for a connection"),
        "{drawn}"
    );
}

#[test]
fn the_help_scrolled_to_its_end_on_a_small_screen_stands_at_the_end_of_a_large_one() {
    let mut app = ui::article();
    ui::screen(&mut app, 40, 12);
    keys(&mut app, "?");
    keys(&mut app, &"⇟".repeat(30));
    let drawn = ui::text(&mut app, 100, 30);
    assert!(drawn.contains("TW    TIME-WAIT"), "{drawn}");
    keys(&mut app, "↑");
    let drawn = ui::text(&mut app, 100, 30);
    assert!(
        drawn.contains("↓ 1 more"),
        "no key is lost on the way back:\n{drawn}"
    );
}
