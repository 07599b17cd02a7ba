//! Whole screens, at the five sizes that each has to be good at, and in each theme. A file of `snapshots/` is one screen:
//! look at it when it changes (`INSTA_UPDATE=always cargo test --test screens`, then `git diff`).

mod capture;
#[path = "../common/mod.rs"]
mod common;
mod experiment;
mod list;
mod live;
mod loading;
mod one;
mod popup;
mod small;
mod themes;

use common::ui::{SIZES, text};
use tcpviz::tui::App;

/// A screen at every size, one below the other. `before` is done before each is drawn.
fn at_every_size(app: &mut App, before: impl Fn(&mut App)) -> String {
    let drawn = SIZES.map(|(columns, lines)| {
        // The size is known from the last frame on.
        text(app, columns, lines);
        before(app);
        let rule = "=".repeat(usize::from(columns) - 8);
        let drawn = text(app, columns, lines);
        format!("{columns:>3}x{lines} {rule}\n{drawn}\n")
    });
    drawn.concat()
}

/// Compares a screen at every size with what it was.
macro_rules! assert_screen {
    ($app:expr) => {
        insta::assert_snapshot!($crate::at_every_size($app, |_| {}))
    };
    ($app:expr, $before:expr) => {
        insta::assert_snapshot!($crate::at_every_size($app, $before))
    };
}
use assert_screen;
