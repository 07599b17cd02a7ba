//! However it ends, the terminal is as it was.

use std::path::Path;

use portable_pty::CommandBuilder;
use tcpviz::source::{self, Selection};
use tcpviz::story::Style;
use tcpviz::trace::Trace;
use tcpviz::tui::{self, App, Export, Message, Origin, Outside, ReadBack, Theme};
use tcpviz::wire::{Place, Ports};

use super::close;
use super::common::capture;
use super::common::screen::Screen;

#[test]
fn signals_leave_the_terminal_as_it_was() {
    for signal in [
        rustix::process::Signal::TERM,
        rustix::process::Signal::INT,
        rustix::process::Signal::HUP,
    ] {
        let mut screen = Screen::start(&[&close()], 80, 24);
        screen.wait_for("step 1/7");
        assert!(screen.is_alternate() && screen.reports_mouse());
        let pid = i32::try_from(screen.child.process_id().unwrap()).unwrap();
        rustix::process::kill_process(rustix::process::Pid::from_raw(pid).unwrap(), signal)
            .unwrap();
        assert_eq!(screen.wait_for_end(), 0, "{signal:?}");
        assert!(
            !screen.is_alternate() && !screen.hides_cursor() && !screen.reports_mouse(),
            "{signal:?}"
        );
    }
}

/// The test runs itself in a pseudo-terminal, there with a UI that panics while it draws.
#[test]
fn a_panic_restores_the_terminal_and_ends() {
    const INSIDE: &str = "TCPVIZ_TEST_PANIC";
    if std::env::var_os(INSIDE).is_some() {
        panicking_ui();
    }
    let mut command = CommandBuilder::new(std::env::current_exe().unwrap());
    command.args([
        "--exact",
        "leaving::a_panic_restores_the_terminal_and_ends",
        "--nocapture",
    ]);
    command.env(INSIDE, "1");
    let mut screen = Screen::start_command(command, 100, 30);
    screen.wait_for("a panic while drawing");
    assert_eq!(screen.wait_for_end(), 101);
    assert!(!screen.is_alternate() && !screen.hides_cursor() && !screen.reports_mouse());
}

/// Nothing is asked of the world outside.
struct NoFiles;

impl Outside for NoFiles {
    fn stop(&mut self) {
        unreachable!("nobody presses a key")
    }

    fn write(&mut self, _: &Path, _: &[(u64, Place)], _: &ReadBack) -> Result<u64, String> {
        unreachable!("nothing is written")
    }

    fn export(&mut self, _: &Path, _: &Export<'_>) -> Result<(), String> {
        unreachable!("nothing is exported")
    }
}

fn panicking_ui() {
    let trace = Trace::new(Ports::default());
    let origin = Origin {
        name: "test".into(),
        growing: false,
        size: None,
        listening: None,
        rescue: None,
        port: 0,
    };
    let read_back: ReadBack = Box::new(|_| panic!("a panic while drawing"));
    let mut app = App::new(
        trace,
        origin,
        Some(read_back),
        Style::default(),
        Theme::new(true),
    );
    let (sender, messages) = std::sync::mpsc::sync_channel(64);
    let opened = source::open(&capture("close-then-peer-writes"), false).unwrap();
    let feed = sender.clone();
    source::file::start(
        opened,
        Selection::default(),
        Box::new(move |fed| feed.send(Message::Feed(fed)).is_ok()),
    );
    tui::run(&mut app, &messages, sender, &mut NoFiles).unwrap();
}

#[test]
fn q_leaves_the_terminal_as_it_was() {
    let mut screen = Screen::start(&[&close()], 80, 24);
    screen.wait_for("step 1/7");
    assert!(screen.reports_mouse());
    screen.press("q");
    assert_eq!(screen.wait_for_end(), 0);
    assert!(!screen.is_alternate() && !screen.hides_cursor() && !screen.reports_mouse());
}
