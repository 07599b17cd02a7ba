//! The theme that suits the terminal, in pseudo-terminals that tell their background, or don't.

mod common;

use std::time::Instant;

use common::capture;
use common::screen::{RIGHT, Screen};
use portable_pty::CommandBuilder;
use vt100::Color;

/// What keys in the footer are drawn with on a dark background, and on a light one.
const DARK: Color = Color::Idx(6);
const LIGHT: Color = Color::Idx(24);

const PRIMARY_DEVICE: &str = "\x1b[?65;1c";

fn command(arguments: &[&str]) -> CommandBuilder {
    let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_tcpviz"));
    command.arg(capture("close-then-peer-writes"));
    command.args(arguments);
    command.env("LC_ALL", "C.UTF-8");
    command.env("TERM", "xterm-256color");
    for name in ["NO_COLOR", "COLORFGBG", "SSH_TTY", "SSH_CONNECTION"] {
        command.env_remove(name);
    }
    command
}

/// The first screen of a terminal that has this to answer, once asked.
fn opened(command: CommandBuilder, answer: &str) -> Screen {
    let mut screen = Screen::start_command(command, 80, 24);
    screen.press(answer);
    screen.wait_for("/7");
    screen
}

#[test]
fn the_theme_follows_the_background_that_the_terminal_tells() {
    for (answer, wanted) in [
        ("\x1b]11;rgb:ffff/fdfd/f0f0\x07", LIGHT),
        ("\x1b]11;rgb:ffff/fdfd/f0f0\x1b\\", LIGHT),
        ("\x1b]11;rgb:1e1e/1e1e/2e2e\x07", DARK),
        // It doesn't know the question.
        ("", DARK),
    ] {
        let screen = opened(command(&[]), &format!("{answer}{PRIMARY_DEVICE}"));
        let colors = screen.colors();
        assert!(colors.contains(&wanted), "{answer:?}: {colors:?}");
    }
}

#[test]
fn a_silent_terminal_costs_no_wait_that_is_felt_and_colorfgbg_counts() {
    let mut light = command(&[]);
    light.env("COLORFGBG", "0;15");
    let began = Instant::now();
    let screen = opened(light, "");
    let took = began.elapsed();
    assert!(screen.colors().contains(&LIGHT));
    // Much is allowed for a busy machine; without a bound of its own it would be for ever.
    assert!(took.as_secs() < 10, "{took:?}");
}

#[test]
fn what_is_asked_for_outranks_the_terminal() {
    let answer = format!("\x1b]11;rgb:ffff/ffff/ffff\x07{PRIMARY_DEVICE}");
    let dark = opened(command(&["--theme", "dark"]), "");
    assert!(dark.colors().contains(&DARK));
    for none in [
        ["--theme", "mono"],
        ["--color", "never"],
        ["--color=never", "--theme=light"],
    ] {
        let screen = opened(command(&none), "");
        let colors = screen.colors();
        assert!(
            colors.iter().all(|color| *color == Color::Default),
            "{none:?}"
        );
    }
    let mut no_color = command(&[]);
    no_color.env("NO_COLOR", "1");
    let screen = opened(no_color, "");
    assert!(screen.colors().iter().all(|it| *it == Color::Default));
    let mut named = command(&["--theme", "light"]);
    named.env("NO_COLOR", "1");
    assert!(opened(named, "").colors().contains(&LIGHT));
    let always = opened(command(&["--color", "always"]), &answer);
    assert!(always.colors().contains(&LIGHT));
}

#[test]
fn with_a_pipe_on_standard_input_the_terminal_is_asked_and_not_the_pipe() {
    let mut shell = CommandBuilder::new("sh");
    let program = env!("CARGO_BIN_EXE_tcpviz");
    let file = capture("close-then-peer-writes");
    shell.args(["-c", &format!("cat {} | {program} -", file.display())]);
    shell.env("LC_ALL", "C.UTF-8");
    shell.env("TERM", "xterm-256color");
    shell.env_remove("NO_COLOR");
    let answer = format!("\x1b]11;rgb:ffff/ffff/ffff\x07{PRIMARY_DEVICE}");
    let mut screen = opened(shell, &answer);
    assert!(screen.colors().contains(&LIGHT));
    screen.press("q");
    assert_eq!(screen.wait_for_end(), 0);
}

#[test]
fn an_answer_that_comes_too_late_presses_no_keys() {
    let stepped = |before: &str| {
        let mut screen = opened(command(&[]), "");
        screen.press(before);
        screen.press(RIGHT);
        screen.wait_for("step 2/7")
    };
    // Among its letters are keys, such as `a` and `c`.
    let late = format!("\x1b]11;rgb:eee/aaa/ccc\x07{PRIMARY_DEVICE}");
    assert_eq!(stepped(&late), stepped(""));
}
