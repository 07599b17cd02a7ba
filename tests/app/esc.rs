//! What Esc ends, in which order.

use super::common::ui::{article, keys};
use super::{many, told};
use tcpviz::tui::app::{ListView, Panel};

#[test]
fn each_esc_ends_one_thing_what_stands_above_the_others_first() {
    let mut app = article();
    // A search, the figure, a panel, the replay, the help.
    keys(&mut app, "/fin⏎dv ?");
    let state = |app: &tcpviz::tui::App| {
        (
            app.popup.is_some(),
            app.playing,
            app.panel != Panel::Details,
            app.figure,
            !app.sought.is_empty(),
        )
    };
    let mut seen = vec![state(&app)];
    for _ in 0..6 {
        keys(&mut app, "⎋");
        seen.push(state(&app));
    }
    assert_eq!(
        seen,
        [
            (true, true, true, true, true),
            (false, true, true, true, true),
            (false, false, true, true, true),
            (false, false, false, true, true),
            (false, false, false, false, true),
            (false, false, false, false, false),
            (false, false, false, false, false),
        ]
    );
}

#[test]
fn esc_in_the_list_alone_ends_its_filter_and_then_shows_the_ladder() {
    let mut app = many();
    keys(&mut app, "v⇥\\ending:reset⏎⎋");
    assert_eq!((app.list, told(&app)), (ListView::Alone, "13 connections"));
    assert_eq!(app.listing.order().len(), 13);
    keys(&mut app, "⎋");
    assert_eq!(app.list, ListView::Beside);
    // The panel wasn't seen meanwhile, so it is still open.
    assert_ne!(app.panel, Panel::Details);
}

#[test]
fn esc_ends_a_filter_that_nothing_passes_before_anything_else() {
    let mut app = many();
    keys(&mut app, "v\\port:9⏎");
    assert_eq!(
        told(&app),
        "no connection is like that; Esc shows all again"
    );
    keys(&mut app, "⎋");
    assert_eq!(app.listing.order().len(), 13);
    assert_ne!(app.panel, Panel::Details);
}

#[test]
fn esc_gives_up_a_line_that_is_typed_and_nothing_else() {
    let mut app = many();
    keys(&mut app, "v\\ending:reset⎋");
    assert!(app.prompt.is_none() && app.listing.query().is_empty());
    assert_ne!(app.panel, Panel::Details);
}
