//! What stands over the screen, and lines that are typed at its foot.

use super::assert_screen;
use super::common::ui::{article, keys};

#[test]
fn help() {
    let mut app = article();
    keys(&mut app, "?");
    assert_screen!(&mut app);
}

#[test]
fn help_scrolled() {
    let mut app = article();
    keys(&mut app, "?⇟↓");
    assert_screen!(&mut app);
}

#[test]
fn a_fin_explained() {
    let mut app = article();
    keys(&mut app, "→→→??");
    assert_screen!(&mut app);
}

#[test]
fn a_state_explained() {
    let mut app = article();
    keys(&mut app, "→→→??↓↓");
    assert_screen!(&mut app);
}

#[test]
fn what_does_not_fit_of_an_explanation_is_scrolled_to() {
    let mut app = article();
    keys(&mut app, "→→→??");
    assert_screen!(&mut app, |app| {
        keys(app, "↓↓↓");
    });
}

#[test]
fn a_search_with_an_error() {
    let mut app = article();
    keys(&mut app, "/state:tired⏎");
    assert_screen!(&mut app);
}

#[test]
fn a_search_that_finds() {
    let mut app = article();
    keys(&mut app, "/flag:ack⏎");
    assert_screen!(&mut app);
}

#[test]
fn a_file_to_write() {
    let mut app = article();
    keys(&mut app, "w");
    assert_screen!(&mut app);
}
