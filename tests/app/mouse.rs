//! The mouse: each of its clicks and turns does what a key does.

use crossterm::event::{KeyModifiers, MouseButton, MouseEvent, MouseEventKind};

use super::common::ui::{article, keys, lines, recorded};
use super::{many, place, shown};
use tcpviz::tui::App;
use tcpviz::tui::app::{ListView, Panel, Popup};

const SIZE: (u16, u16) = (100, 30);

/// Where a text stands on the screen.
fn find(app: &mut App, text: &str) -> (u16, u16) {
    let drawn = lines(app, SIZE.0, SIZE.1);
    let found = drawn.iter().enumerate().find_map(|(y, line)| {
        let at = line.find(text)?;
        Some((line[..at].chars().count(), y))
    });
    let (x, y) = found.unwrap_or_else(|| panic!("{text}:\n{}", drawn.join("\n")));
    (u16::try_from(x).unwrap(), u16::try_from(y).unwrap())
}

fn event(app: &mut App, kind: MouseEventKind, (column, row): (u16, u16)) {
    app.mouse(MouseEvent {
        kind,
        column,
        row,
        modifiers: KeyModifiers::NONE,
    });
}

fn click(app: &mut App, text: &str) {
    let at = find(app, text);
    event(app, MouseEventKind::Down(MouseButton::Left), at);
    event(app, MouseEventKind::Up(MouseButton::Left), at);
}

fn turn(app: &mut App, down: bool, text: &str) {
    let at = find(app, text);
    let kind = if down {
        MouseEventKind::ScrollDown
    } else {
        MouseEventKind::ScrollUp
    };
    event(app, kind, at);
}

#[test]
fn a_click_on_a_row_selects_it_and_a_second_one_explains_it() {
    let mut app = article();
    click(&mut app, "FIN,ACK seq");
    assert_eq!((app.line, app.popup.is_none()), (3, true));
    click(&mut app, "FIN,ACK seq");
    assert!(matches!(&app.popup, Some(Popup::Explain { title, .. }) if title == "Segment 4"));
    click(&mut app, "tcpviz");
    assert_eq!((app.line, app.popup.is_none()), (3, true));
}

#[test]
fn a_second_click_on_a_folded_run_unfolds_it() {
    let mut app = recorded("half-close-tail");
    keys(&mut app, "⇲");
    let before = shown(&app);
    click(&mut app, "54 segments");
    assert_eq!((app.line, shown(&app)), (19, before));
    click(&mut app, "54 segments");
    assert_eq!((app.line, shown(&app), app.popup.is_none()), (19, 75, true));
}

#[test]
fn a_click_on_the_line_of_a_silence_selects_nothing() {
    let mut app = recorded("syn-timeout.retries5");
    click(&mut app, "of silence");
    assert_eq!((app.line, app.popup.is_none()), (0, true));
}

#[test]
fn a_click_on_the_verdict_tells_why_and_on_the_headings_nothing() {
    let mut app = article();
    click(&mut app, "Reset by the client");
    assert_eq!(app.panel, Panel::Account);
    click(&mut app, "LISTEN");
    click(&mut app, "server 127.0.0.1:4321");
    assert_eq!((app.panel, app.line), (Panel::Account, 0));
}

#[test]
fn a_click_on_a_connection_chooses_it_also_after_the_list_has_moved() {
    let mut app = many();
    click(&mut app, " 4 127.0.0.1:49070");
    assert_eq!(place(&app), (3, 0));
    click(&mut app, " 6 127.0.0.1:43510");
    assert_eq!(place(&app), (5, 0));
    keys(&mut app, "⇥");
    click(&mut app, "12 10.9.0.1:40812");
    assert_eq!((place(&app), app.list), ((11, 0), ListView::Alone));
}

#[test]
fn a_click_on_the_timeline_goes_to_what_happened_then() {
    let mut app = article();
    let (x, y) = find(&mut app, "R  56.2 ms");
    event(&mut app, MouseEventKind::Down(MouseButton::Left), (x, y));
    assert_eq!(app.line, 6);
    let (x, y) = find(&mut app, "F ▁");
    event(&mut app, MouseEventKind::Down(MouseButton::Left), (x, y));
    assert_eq!(app.line, 3);
}

#[test]
fn the_wheel_steps_three_rows_in_the_ladder_and_one_connection_in_the_list() {
    let mut app = many();
    turn(&mut app, true, "SYN,ACK");
    assert_eq!(place(&app), (0, 3));
    turn(&mut app, false, "SYN,ACK");
    assert_eq!(place(&app), (0, 0));
    turn(&mut app, true, " 4 127.0.0.1:49070");
    assert_eq!(place(&app), (1, 0));
    turn(&mut app, false, " 4 127.0.0.1:49070");
    assert_eq!(place(&app), (0, 0));
}

#[test]
fn the_wheel_scrolls_the_panel_under_it_and_stops_at_its_end() {
    let mut app = article();
    turn(&mut app, true, "frame 1:");
    assert_eq!((app.line, app.scroll), (0, 3));
    for _ in 0..20 {
        event(&mut app, MouseEventKind::ScrollDown, (10, SIZE.1 - 3));
    }
    let end = app.scroll;
    event(&mut app, MouseEventKind::ScrollDown, (10, SIZE.1 - 3));
    assert_eq!(app.scroll, end);
    event(&mut app, MouseEventKind::ScrollUp, (10, SIZE.1 - 3));
    assert_eq!(app.scroll, end - 3);
}

#[test]
fn the_wheel_scrolls_what_stands_over_the_screen() {
    let mut app = article();
    keys(&mut app, "?");
    turn(&mut app, true, "Moving");
    assert_eq!(app.popup, Some(Popup::Help { scroll: 3 }));
    turn(&mut app, false, "next, previous segment found");
    assert_eq!((app.popup, app.line), (Some(Popup::Help { scroll: 0 }), 0));
}

#[test]
fn nothing_happens_outside_of_everything_and_with_other_buttons() {
    let mut app = article();
    lines(&mut app, SIZE.0, SIZE.1);
    for at in [(0, 0), (99, 29), (500, 500), (0, 29)] {
        event(&mut app, MouseEventKind::Down(MouseButton::Left), at);
        event(&mut app, MouseEventKind::Down(MouseButton::Right), at);
        event(&mut app, MouseEventKind::Moved, at);
    }
    let row = find(&mut app, "FIN,ACK");
    event(&mut app, MouseEventKind::Down(MouseButton::Right), row);
    event(&mut app, MouseEventKind::Drag(MouseButton::Left), row);
    assert_eq!((place(&app), app.popup.is_none()), ((0, 0), true));
}
