//! Stepping, jumping, choosing, resizing; what captures show from the start.

use std::process::Command;

use super::common::capture;
use super::common::screen::{DOWN, END, HOME, LEFT, PAGE_DOWN, RIGHT, Screen, UP};
use super::{close, selected};

#[test]
fn arrow_keys_step_and_each_step_shows_both_states_of_then() {
    let mut screen = Screen::start(&[&close()], 100, 30);
    let steps = [
        ("SYN-SENT", "SYN-RECEIVED"),
        ("ESTABLISHED", "SYN-RECEIVED"),
        ("ESTABLISHED", "ESTABLISHED"),
        ("FIN-WAIT-1", "CLOSE-WAIT"),
        ("FIN-WAIT-2", "CLOSE-WAIT"),
        ("FIN-WAIT-2", "CLOSE-WAIT"),
        ("CLOSED", "CLOSED"),
    ];
    let check = |screen: &mut Screen, step: usize| {
        let text = screen.wait_for(&format!("step {}/7", step + 1));
        let row = selected(&text).to_string();
        let (client, server) = steps[step];
        let lanes: Vec<_> = row
            .match_indices(['┊', '│', '┃'])
            .map(|(at, _)| at)
            .collect();
        assert!(row[..lanes[0]].trim_end().ends_with(client), "{row}");
        assert_eq!(
            row[*lanes.last().unwrap()..]
                .trim_start_matches(['┊', '│', '┃'])
                .trim(),
            server,
            "{row}"
        );
    };
    check(&mut screen, 0);
    for step in 1..7 {
        screen.press(RIGHT);
        check(&mut screen, step);
    }
    // Backwards, the states are as they were.
    for step in (0..6).rev() {
        screen.press(LEFT);
        check(&mut screen, step);
    }
    screen.press(END);
    check(&mut screen, 6);
    screen.press(HOME);
    check(&mut screen, 0);
    // With one connection, up and down step too.
    screen.press(DOWN);
    check(&mut screen, 1);
    screen.press(UP);
    check(&mut screen, 0);
    // To the next change of a state, over those that change nothing.
    screen.press("nnnn");
    check(&mut screen, 4);
    screen.press("n");
    check(&mut screen, 6);
    screen.press("N");
    check(&mut screen, 4);
    screen.press("q");
    assert_eq!(screen.wait_for_end(), 0);
}

#[test]
fn details_show_tcpdumps_line_and_what_the_segment_does() {
    // Below the ladder, where tcpdump's line fits.
    let mut screen = Screen::start(&[&close()], 139, 30);
    screen.wait_for("step 1/7");
    screen.press(RIGHT);
    screen.press(RIGHT);
    screen.press(RIGHT);
    let text = screen.wait_for("step 4/7");
    let tcpdump = Command::new("tcpdump")
        .args(["-nn", "-r", &close()])
        .output()
        .expect("tcpdump is installed");
    let lines = String::from_utf8(tcpdump.stdout).unwrap();
    let fin = lines.lines().nth(3).unwrap().split_once(": ").unwrap().1;
    assert!(text.contains(&format!("frame 4: {fin}")), "{fin}\n{text}");
    assert!(text.contains("The client will send no more"), "{text}");
}

#[test]
fn resizing_draws_for_the_new_size() {
    let mut screen = Screen::start(&[&close()], 100, 30);
    screen.wait_for("step 1/7");
    screen.press(END);
    screen.wait_for("step 7/7");
    for (columns, lines) in [(60, 20), (40, 12), (160, 50), (20, 5), (1, 1), (100, 30)] {
        screen.resize(columns, lines);
        if columns >= 40 {
            let text = screen.wait("the footer in its new place", |text| {
                text.lines().count() == usize::from(lines)
                    && text.lines().last().unwrap().contains("leave")
            });
            let row = selected(&text);
            assert!(
                row.contains("RST") && row.chars().count() <= usize::from(columns),
                "{text}"
            );
        }
    }
    screen.press("q");
    assert_eq!(screen.wait_for_end(), 0);
}

#[test]
fn several_connections_are_chosen_with_up_and_down() {
    // Captures of one link type behind each other make one capture of many connections.
    const NAMES: [&str; 4] = [
        "close-then-peer-writes",
        "connection-refused",
        "orderly-close",
        "orderly-close.server-first",
    ];
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("all.pcap");
    let mut octets = Vec::new();
    for name in NAMES {
        let one = std::fs::read(capture(name)).unwrap();
        octets.extend(if octets.is_empty() {
            &one[..]
        } else {
            &one[24..]
        });
    }
    std::fs::write(&path, octets).unwrap();
    let mut screen = Screen::start(&[path.to_str().unwrap()], 100, 40);
    // One of them has two.
    let total = NAMES.len() + 1;
    let text = screen.wait_for(&format!("{total} connections"));
    assert!(
        text.contains("reset by client")
            && text.contains("orderly, server first")
            && text.contains("refused"),
        "{text}"
    );
    let chosen = |text: &str| {
        let mark = text.lines().find(|line| line.starts_with('▌')).unwrap();
        mark.trim_start_matches('▌')
            .split_whitespace()
            .next()
            .unwrap()
            .parse::<usize>()
            .unwrap()
    };
    assert_eq!(chosen(&text), 1);
    screen.press(RIGHT);
    screen.wait_for("step 2/7");
    screen.press(DOWN);
    let text = screen.wait("the second connection", |text| chosen(text) == 2);
    assert!(
        text.contains("Refused: 127.0.0.1:4321 answered the SYN with RST.")
            && text.contains("step 1/2"),
        "{text}"
    );
    screen.press(UP);
    screen.wait("the first connection", |text| chosen(text) == 1);
    // The list alone, then the ladder alone.
    screen.press("\t");
    screen.wait("no ladder", |text| !text.contains("SYN-SENT"));
    screen.press("\t");
    screen.wait("no list", |text| {
        !text.contains("orderly, server first") && text.contains("SYN-SENT")
    });
    screen.press("q");
    assert_eq!(screen.wait_for_end(), 0);
}

#[test]
fn help_names_the_keys_and_any_key_closes_it() {
    let mut screen = Screen::start(&[&close()], 80, 24);
    screen.wait_for("step 1/7");
    screen.press("?");
    let text = screen.wait_for("next, previous change of a state");
    assert!(text.contains("any key back"), "{text}");
    // It is longer than the screen.
    screen.press(&PAGE_DOWN.repeat(3));
    screen.wait_for("close what is open");
    // The rest is there too, and there is an end.
    screen.press(&PAGE_DOWN.repeat(9));
    screen.wait_for("TW    TIME-WAIT");
    screen.press("?");
    screen.wait_for("┌ Segment 1 ─");
    screen.press("x");
    screen.wait("the ladder again", |text| {
        !text.contains('┌') && text.contains("ESTABLISHED")
    });
    screen.press("\x03");
    assert_eq!(screen.wait_for_end(), 0);
}

/// Something else has written over the screen.
#[test]
fn ctrl_l_draws_the_screen_anew() {
    let mut screen = Screen::start(&[&close()], 80, 24);
    screen.wait_for("step 1/7");
    screen.scribble();
    screen.wait("the scribble", |text| text.contains("scribble"));
    screen.press("\x0c");
    screen.wait("the screen as it was", |text| {
        !text.contains("scribble") && text.contains("step 1/7")
    });
    screen.press("q");
    assert_eq!(screen.wait_for_end(), 0);
}

#[test]
fn a_connection_that_is_not_there_is_said() {
    let mut screen = Screen::start(&["-c", "9", &close()], 80, 24);
    screen.wait_for("There is no connection 9: the capture has 1.");
    screen.press("q");
    assert_eq!(screen.wait_for_end(), 1);
}

#[test]
fn a_capture_that_breaks_off_is_shown_and_said() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("cut.pcap");
    let octets = std::fs::read(close()).unwrap();
    std::fs::write(&path, &octets[..octets.len() - 10]).unwrap();
    let mut screen = Screen::start(&[path.to_str().unwrap()], 100, 30);
    let text = screen.wait_for("breaks off");
    assert!(text.contains("6 segments"), "{text}");
    screen.press("q");
    assert_eq!(screen.wait_for_end(), 1);
    let last = screen.text().replace('\n', "");
    assert!(
        last.contains("ends in the middle of a record, after frame 6"),
        "{last}"
    );
}
