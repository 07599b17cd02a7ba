//! One connection: the ladder and what stands below or beside it.

use super::assert_screen;
use super::common::ui::{article, keys, recorded};

#[test]
fn one_connection_with_its_fin_selected() {
    let mut app = article();
    keys(&mut app, "→→→");
    assert_screen!(&mut app);
}

#[test]
fn the_state_figure() {
    let mut app = article();
    keys(&mut app, "→→→d");
    assert_screen!(&mut app);
}

#[test]
fn the_payload_of_a_segment() {
    let mut app = recorded("article-004-kill-child");
    keys(&mut app, "/len:>0⏎x");
    assert_screen!(&mut app);
}

#[test]
fn the_fields_scrolled_to_their_end() {
    let mut app = article();
    keys(&mut app, "→");
    assert_screen!(&mut app, |app| {
        keys(app, &"J".repeat(40));
    });
}

#[test]
fn why() {
    let mut app = article();
    keys(&mut app, "v");
    assert_screen!(&mut app);
}

#[test]
fn findings() {
    let mut app = article();
    keys(&mut app, "vv");
    assert_screen!(&mut app);
}

#[test]
fn evidence() {
    let mut app = article();
    keys(&mut app, "ee");
    assert_screen!(&mut app);
}

#[test]
fn absolute_numbers_and_the_time_of_day() {
    let mut app = article();
    keys(&mut app, "→→→at");
    assert_screen!(&mut app);
}

#[test]
fn ipv6_addresses() {
    let mut app = recorded("ipv6-close-then-peer-writes");
    keys(&mut app, "n");
    assert_screen!(&mut app);
}
