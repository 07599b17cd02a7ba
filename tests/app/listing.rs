//! The list: filter, order, choosing, and when it is shown.

use super::common::ui::{article, keys};
use super::{many, place, told, wrong};
use tcpviz::tui::Question;
use tcpviz::tui::app::ListView;

/// The connections of the list from the one on that is chosen, one by one.
fn on(app: &mut tcpviz::tui::App, key: &str, times: usize) -> Vec<u32> {
    (0..times)
        .map(|_| {
            keys(app, key);
            app.connection
        })
        .collect()
}

#[test]
fn the_brackets_follow_the_filter_and_the_order() {
    let mut app = many();
    keys(&mut app, "\\ending:reset⏎");
    let order = app.listing.order().to_vec();
    assert_eq!(order, [1, 4, 6, 10, 11, 12]);
    // The first that passes, from the one that was chosen on; and no further than the last.
    assert_eq!(app.connection, 1);
    assert_eq!(on(&mut app, "]", 6), [4, 6, 10, 11, 12, 12]);
    keys(&mut app, "S");
    let turned = app.listing.order().to_vec();
    assert_eq!(turned, [12, 11, 10, 6, 4, 1]);
    assert_eq!(on(&mut app, "]", 2), [11, 10]);
    assert_eq!(on(&mut app, "[", 3), [11, 12, 12]);
}

#[test]
fn up_and_down_choose_like_the_brackets_where_there_is_a_list_and_step_where_there_is_none() {
    let mut app = many();
    keys(&mut app, "↓↓↑→");
    assert_eq!(place(&app), (1, 1));
    // Without the list.
    keys(&mut app, "⇥⇥↓");
    assert_eq!(place(&app), (1, 2));
    keys(&mut app, "]");
    assert_eq!(place(&app), (2, 0));
}

#[test]
fn tab_goes_from_beside_to_alone_to_hidden_and_round() {
    let mut app = many();
    let mut seen = Vec::new();
    for _ in 0..3 {
        keys(&mut app, "⇥");
        seen.push(app.list);
    }
    assert_eq!(seen, [ListView::Alone, ListView::Hidden, ListView::Beside]);
}

#[test]
fn tab_with_one_connection_changes_nothing() {
    let mut app = article();
    keys(&mut app, "⇥");
    assert_eq!(app.list, ListView::Beside);
    assert!(!app.has_list());
}

#[test]
fn enter_in_the_list_alone_shows_the_ladder_of_the_chosen_one() {
    let mut app = many();
    keys(&mut app, "⇥↓↓⏎");
    assert_eq!((app.list, place(&app)), (ListView::Beside, (2, 0)));
}

#[test]
fn page_down_in_the_list_alone_is_ten_connections() {
    let mut app = many();
    keys(&mut app, "⇥⇟");
    assert_eq!(app.connection, 10);
    keys(&mut app, "⇟");
    assert_eq!(app.connection, 12);
    keys(&mut app, "⇞");
    assert_eq!(app.connection, 2);
}

#[test]
fn slash_filters_in_the_list_alone_and_finds_a_segment_elsewhere() {
    let mut app = many();
    keys(&mut app, "/");
    assert_eq!(app.prompt.as_ref().unwrap().question, Question::Find);
    keys(&mut app, "⎋⇥/");
    assert_eq!(app.prompt.as_ref().unwrap().question, Question::Filter);
}

#[test]
fn a_filter_is_offered_again_to_be_changed_and_an_empty_one_shows_all() {
    let mut app = many();
    keys(&mut app, "\\ending:reset⏎\\");
    assert_eq!(app.prompt.as_ref().unwrap().text(), "ending:reset");
    for _ in 0.."ending:reset".len() {
        keys(&mut app, "⌫");
    }
    keys(&mut app, "⏎");
    assert_eq!(app.listing.order().len(), 13);
}

#[test]
fn a_filter_that_is_not_understood_says_why_and_changes_nothing() {
    let mut app = many();
    keys(&mut app, "\\ending:sad⏎");
    assert!(
        wrong(&app).contains("there is no ending \"sad\""),
        "{}",
        wrong(&app)
    );
    assert_eq!(app.listing.order().len(), 13);
}

#[test]
fn a_filter_that_nothing_passes_says_so_and_the_ladder_stays() {
    let mut app = many();
    keys(&mut app, "→\\port:9⏎");
    assert_eq!((place(&app), app.listing.order().len()), ((0, 1), 0));
    assert_eq!(
        told(&app),
        "no connection is like that; Esc shows all again"
    );
    // There is nowhere to go.
    keys(&mut app, "]");
    assert_eq!(place(&app), (0, 1));
}

#[test]
fn s_says_by_what_the_list_is_sorted_now() {
    let mut app = many();
    keys(&mut app, "s");
    assert!(
        told(&app).starts_with("13 connections · by "),
        "{}",
        told(&app)
    );
    let order = app.listing.order().to_vec();
    keys(&mut app, "S");
    assert!(told(&app).ends_with(", reversed"), "{}", told(&app));
    assert_eq!(
        app.listing
            .order()
            .iter()
            .rev()
            .copied()
            .collect::<Vec<_>>(),
        order
    );
}

#[test]
fn one_connection_has_no_list_to_filter() {
    let mut app = article();
    keys(&mut app, "\\");
    assert!(app.prompt.is_none());
    assert_eq!(
        told(&app),
        "there is no list to filter: only one connection"
    );
}

#[test]
fn in_the_list_alone_end_and_home_go_to_the_last_and_first_connection_shown() {
    let mut app = many();
    keys(&mut app, "⇥\\-ending:open⏎s⇲");
    assert_eq!(Some(app.connection), app.listing.last());
    keys(&mut app, "⇱");
    assert_eq!(Some(app.connection), app.listing.first());
    // The ladder has its own ends.
    keys(&mut app, "⏎⇲");
    assert_eq!(Some(app.connection), app.listing.first());
    assert_eq!(app.line + 1, app.trace.entries(app.connection));
}
