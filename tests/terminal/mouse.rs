//! The mouse, by the sequences that a terminal sends (xterm's SGR encoding).

use super::common::screen::Screen;
use super::{close, selected};

/// Where a text stands on the screen: column and line, from 1 as the mouse counts.
fn place(text: &str, wanted: &str) -> (usize, usize) {
    let found = text.lines().enumerate().find_map(|(y, line)| {
        let at = line.find(wanted)?;
        Some((line[..at].chars().count() + 1, y + 1))
    });
    found.unwrap_or_else(|| panic!("{wanted} isn't on the screen:\n{text}"))
}

fn click(screen: &mut Screen, (x, y): (usize, usize)) {
    screen.press(&format!("\x1b[<0;{x};{y}M\x1b[<0;{x};{y}m"));
}

/// A turn of the wheel; it has no release.
fn turn(screen: &mut Screen, down: bool, (x, y): (usize, usize)) {
    let button = 64 + u8::from(down);
    screen.press(&format!("\x1b[<{button};{x};{y}M"));
}

#[test]
fn a_click_selects_a_row_and_another_one_explains_it() {
    let mut screen = Screen::start(&[&close()], 100, 30);
    let text = screen.wait_for("step 1/7");
    let fin = place(&text, "FIN,ACK");
    click(&mut screen, fin);
    let text = screen.wait_for("step 4/7");
    assert!(selected(&text).contains("FIN,ACK"), "{text}");
    click(&mut screen, fin);
    screen.wait_for("Segment 4");
    // Anywhere closes it.
    click(&mut screen, (1, 1));
    screen.wait("the ladder again", |text| !text.contains("Segment 4"));
    screen.press("q");
    assert_eq!(screen.wait_for_end(), 0);
}

#[test]
fn the_wheel_steps_and_a_click_on_the_verdict_tells_why() {
    let mut screen = Screen::start(&[&close()], 100, 30);
    let text = screen.wait_for("step 1/7");
    let row = place(&text, "SYN-SENT");
    turn(&mut screen, true, row);
    screen.wait_for("step 4/7");
    turn(&mut screen, false, row);
    screen.wait_for("step 1/7");
    click(&mut screen, place(&text, "Reset by the client"));
    screen.wait_for("client's program");
    screen.press("q");
    assert_eq!(screen.wait_for_end(), 0);
}
