//! Whole screens at fixed sizes, drawn from article 002's first walkthrough.

mod common;

use std::io::Write;
use std::sync::mpsc::channel;

use common::article;
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use tcpviz::source::{self, Selection};
use tcpviz::story::{Charset, Style};
use tcpviz::trace::Trace;
use tcpviz::tui::keys::Action;
use tcpviz::tui::{self, App, Origin, ReadBack, Theme};
use tcpviz::wire::{Ports, Tally};

/// The UI with a capture read to its end.
fn app(capture: &[u8], charset: Charset) -> App {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(capture).unwrap();
    let mut opened = source::open(file.path(), true).unwrap();
    let store = opened.store.take().unwrap();
    let read_back: ReadBack = Box::new(move |place| store.frame(place));
    let origin = Origin {
        name: "article.pcap".into(),
        growing: false,
        listening: None,
        port: 0,
    };
    let style = Style {
        charset,
        ..Style::default()
    };
    let mut app = App::new(
        Trace::new(Ports::default()),
        origin,
        Some(read_back),
        style,
        Theme::new(true),
    );
    let (sender, feeds) = channel();
    source::file::start(
        opened,
        Selection::default(),
        Box::new(move |feed| sender.send(feed).is_ok()),
    );
    for feed in feeds {
        app.feed(feed);
    }
    app
}

fn screen(app: &App, columns: u16, lines: u16) -> Terminal<TestBackend> {
    let mut terminal = Terminal::new(TestBackend::new(columns, lines)).unwrap();
    terminal.draw(|frame| tui::draw(app, frame)).unwrap();
    terminal
}

fn press(app: &mut App, actions: &[Action]) {
    for action in actions {
        app.press(Some(*action));
    }
}

const TO_THE_FIN: [Action; 3] = [Action::NextSegment; 3];

#[test]
fn one_connection_at_every_size() {
    let mut app = app(&article::pcap(), Charset::Unicode);
    press(&mut app, &TO_THE_FIN);
    for (columns, lines) in [(160, 50), (100, 30), (80, 24), (60, 20), (40, 12)] {
        insta::assert_snapshot!(
            format!("one_{columns}x{lines}"),
            screen(&app, columns, lines).backend()
        );
    }
}

#[test]
fn one_connection_in_ascii() {
    let mut app = app(&article::pcap(), Charset::Ascii);
    press(&mut app, &TO_THE_FIN);
    let terminal = screen(&app, 80, 24);
    let drawn = terminal.backend().to_string();
    assert!(drawn.is_ascii(), "{drawn}");
    insta::assert_snapshot!("one_ascii_80x24", drawn);
    app.press(Some(Action::Help));
    assert!(screen(&app, 80, 24).backend().to_string().is_ascii());
}

/// The article's walkthrough three times, from other ports.
fn three_connections() -> Vec<u8> {
    let once = article::pcap();
    let mut all = once.clone();
    for port in [35_792u16, 35_794] {
        let mut again = once[24..].to_vec();
        let mut at = 0;
        while at < again.len() {
            let len = u32::from_le_bytes(again[at + 8..at + 12].try_into().unwrap()) as usize;
            let tcp = at + 16 + 20;
            for field in [tcp, tcp + 2] {
                if again[field..field + 2] != 4321u16.to_be_bytes() {
                    again[field..field + 2].copy_from_slice(&port.to_be_bytes());
                }
            }
            at += 16 + len;
        }
        all.extend(again);
    }
    all
}

#[test]
fn three_connections_beside_and_alone() {
    let mut app = app(&three_connections(), Charset::Unicode);
    press(&mut app, &[Action::Down, Action::NextSegment]);
    for (columns, lines) in [(100, 30), (60, 20), (40, 12)] {
        insta::assert_snapshot!(
            format!("three_{columns}x{lines}"),
            screen(&app, columns, lines).backend()
        );
    }
    app.press(Some(Action::ToggleList));
    insta::assert_snapshot!("three_list_80x24", screen(&app, 80, 24).backend());
}

#[test]
fn why_at_every_size() {
    let mut app = app(&article::pcap(), Charset::Unicode);
    press(&mut app, &[Action::ToggleWhy]);
    for (columns, lines) in [(160, 50), (100, 30), (80, 24), (60, 20), (40, 12)] {
        insta::assert_snapshot!(
            format!("why_{columns}x{lines}"),
            screen(&app, columns, lines).backend()
        );
    }
    press(&mut app, &[Action::ToggleWhy]);
    for (columns, lines) in [(100, 30), (80, 24), (60, 20)] {
        insta::assert_snapshot!(
            format!("findings_{columns}x{lines}"),
            screen(&app, columns, lines).backend()
        );
    }
}

#[test]
fn help() {
    let mut app = app(&article::pcap(), Charset::Unicode);
    app.press(Some(Action::Help));
    insta::assert_snapshot!("help_80x24", screen(&app, 80, 24).backend());
}

#[test]
fn waiting_for_the_first_segment() {
    let listening = Some("tcp and (port 4321)".into());
    let origin = Origin {
        name: "lo".into(),
        growing: true,
        listening,
        port: 4321,
    };
    let mut app = App::new(
        Trace::new(Ports::default()),
        origin,
        None,
        Style::default(),
        Theme::new(true),
    );
    insta::assert_snapshot!("waiting_80x24", screen(&app, 80, 24).backend());
    app.trace.tally = Tally {
        dropped: 3,
        ..Tally::default()
    };
    assert!(
        screen(&app, 40, 12)
            .backend()
            .to_string()
            .contains("3 dropped"),
        "a drop is never out of sight"
    );
}

#[test]
fn a_capture_without_tcp_says_what_it_held() {
    let app = app(&article::pcap()[..24], Charset::Unicode);
    let drawn = screen(&app, 80, 24).backend().to_string();
    assert!(
        drawn.contains("No TCP segment to show.") && drawn.contains("0 frames read"),
        "{drawn}"
    );
}

/// However small the screen, and whatever is selected, drawing is no crash.
#[test]
fn no_size_is_too_small() {
    let mut app = app(&three_connections(), Charset::Unicode);
    for actions in [
        &[][..],
        &[Action::Last],
        &[Action::ToggleList],
        &[Action::ToggleList],
        &[Action::Help],
    ] {
        press(&mut app, actions);
        for columns in [0, 1, 2, 5, 9, 14, 20, 27, 35, 44, 54] {
            for lines in [0, 1, 2, 3, 5, 7, 9, 11, 13, 16, 22] {
                screen(&app, columns, lines);
            }
        }
    }
}

/// Colour is never alone: what is selected, an RST and a retransmission differ without it.
#[test]
fn without_colour_marks_and_weight_tell() {
    let mut app = app(&article::pcap(), Charset::Unicode);
    app.theme = Theme::mono();
    press(&mut app, &[Action::Last]);
    let terminal = screen(&app, 100, 30);
    let buffer = terminal.backend().buffer();
    assert!(
        buffer
            .content
            .iter()
            .all(|cell| cell.fg == ratatui::style::Color::Reset)
    );
    assert!(terminal.backend().to_string().contains("✕"));
}
