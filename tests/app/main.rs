//! What keys and the mouse make of the UI, and what it makes of a trace that grows: the state after each, and what is asked
//! of the world outside. How it looks is told by `tests/screens/`.

#[path = "../common/mod.rs"]
mod common;
mod copying;
mod esc;
mod finding;
mod folding;
mod growing;
mod holding;
mod leaving;
mod listing;
mod marking;
mod mouse;
mod playing;
mod racing;

use common::ui;
use tcpviz::tui::App;

/// Thirteen connections, each with an ending of its own.
const ENDINGS: [&str; 12] = [
    "orderly-close",
    "close-then-peer-writes",
    "connection-refused",
    "close-with-unread-data",
    "fin-with-data",
    "linger-zero",
    "half-close-tail",
    "simultaneous-close",
    "syn-timeout",
    "server-process-killed",
    "challenge-ack",
    "fin-wait-2-orphan-timeout",
];

fn many() -> App {
    ui::together(&ENDINGS)
}

/// Where one stands: the connection and the entry of its ladder, from 0.
fn place(app: &App) -> (u32, usize) {
    (app.connection, app.line)
}

/// What was told to whoever pressed a key last.
fn told(app: &App) -> &str {
    app.notice.as_ref().map_or("", |notice| &notice.text)
}

/// What is wrong with what was typed.
fn wrong(app: &App) -> &str {
    let prompt = app.prompt.as_ref().expect("a line is still typed");
    prompt.wrong.as_deref().expect("something is wrong with it")
}

/// Lines of the ladder that are shown.
fn shown(app: &App) -> usize {
    app.focus.shown().expect("a ladder").lines().len()
}
