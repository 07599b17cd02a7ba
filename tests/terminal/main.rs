//! The program in a pseudo-terminal, as a person uses it.

#[path = "../common/mod.rs"]
mod common;
mod leaving;
mod mouse;
mod outside;
mod steps;

use common::capture;

fn close() -> String {
    capture("close-then-peer-writes").to_str().unwrap().into()
}

/// The row marked as selected.
fn selected(text: &str) -> &str {
    let ladder = |line: &&str| line.starts_with('▌') && line.contains(['┊', '│', '┃']);
    text.lines()
        .find(ladder)
        .unwrap_or_else(|| panic!("no row is selected:\n{text}"))
}
