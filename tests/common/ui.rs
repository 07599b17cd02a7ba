//! The UI over a capture, without a terminal: keys are typed, screens drawn into memory.

use std::io::Write;
use std::path::Path;
use std::sync::mpsc::channel;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::layout::Rect;
use tcpviz::source::{self, Selection};
use tcpviz::story::Style;
use tcpviz::trace::{Aside, Trace};
use tcpviz::tui::{self, App, Effect, Origin, ReadBack, Theme};
use tcpviz::wire::{Batch, Captured, CapturedError, Feed, Ports, Tally};

use super::article;

/// The sizes that every screen has to be good at.
pub const SIZES: [(u16, u16); 5] = [(160, 50), (100, 30), (80, 24), (60, 20), (40, 12)];

/// A capture that doesn't grow.
pub fn file(name: &str) -> Origin {
    Origin {
        name: name.into(),
        growing: false,
        size: None,
        listening: None,
        rescue: None,
        port: 0,
    }
}

/// A live capture of one port.
pub fn live() -> Origin {
    Origin {
        name: "lo".into(),
        growing: true,
        size: None,
        listening: Some("tcp and (port 4321)".into()),
        rescue: None,
        port: 4321,
    }
}

/// The UI with nothing read yet.
pub fn unread(origin: Origin, read_back: Option<ReadBack>) -> App {
    let (trace, style) = (Trace::new(Ports::default()), Style::default());
    App::new(trace, origin, read_back, style, Theme::dark())
}

/// What a source tells of a capture, and how frames are read back.
pub fn feeds(path: &Path) -> (Vec<Feed>, ReadBack) {
    let mut opened = source::open(path, true).expect("a capture");
    let store = opened.store.take().expect("it is to be read back");
    let (sender, feeds) = channel();
    let sink = Box::new(move |feed| sender.send(feed).is_ok());
    source::file::start(opened, Selection::default(), sink);
    let read_back = Box::new(move |place: &_| store.frame(place));
    (feeds.into_iter().collect(), read_back)
}

/// The UI with a capture file read to its end.
pub fn opened(path: &Path, origin: Origin) -> App {
    let (feeds, read_back) = feeds(path);
    let mut app = unread(origin, Some(read_back));
    for feed in feeds {
        app.feed(feed);
    }
    app.prepare();
    app
}

/// The UI with these octets of a capture file read to their end.
pub fn read(capture: &[u8]) -> App {
    let mut file = tempfile::NamedTempFile::new().expect("a temporary file");
    file.write_all(capture).expect("it is written");
    opened(file.path(), self::file("article.pcap"))
}

/// Article 002's first walkthrough.
pub fn article() -> App {
    read(&article::pcap())
}

/// One of the repository's captures.
pub fn recorded(name: &str) -> App {
    opened(&super::capture(name), file(&format!("{name}.pcap")))
}

/// The same with what the lab told beside it.
pub fn experiment(name: &str) -> App {
    let recipe = super::capture(name).with_extension("toml");
    let recipe: toml::Table = std::fs::read_to_string(recipe).unwrap().parse().unwrap();
    let beside = recipe["beside"].as_array().unwrap().iter();
    let asides = beside.map(|line| Aside::read(line.as_str().unwrap()).unwrap());
    let (feeds, read_back) = feeds(&super::capture(name));
    let mut app = unread(file(&format!("{name}.pcap")), Some(read_back));
    app.trace.prompt(asides.collect());
    for feed in feeds {
        app.feed(feed);
    }
    app.prepare();
    app
}

/// Captures of one link type behind each other are one capture of many connections.
pub fn joined(captures: &[Vec<u8>]) -> Vec<u8> {
    let rest = captures.iter().skip(1).flat_map(|one| &one[24..]);
    captures[0].iter().chain(rest).copied().collect()
}

/// Several of the repository's captures as one.
pub fn together(names: &[&str]) -> App {
    let octets = names
        .iter()
        .map(|name| std::fs::read(super::capture(name)).unwrap());
    let mut app = read(&joined(&octets.collect::<Vec<_>>()));
    app.origin.name = "many.pcap".into();
    app
}

/// Presses keys: each character is its key, and `→ ← ↑ ↓ ⏎ ⇥ ⎋ ⌫ ⇱ ⇲ ⇞ ⇟` are those that have none.
pub fn keys(app: &mut App, keys: &str) -> Effect {
    let codes = keys.chars().map(|c| match c {
        '→' => KeyCode::Right,
        '←' => KeyCode::Left,
        '↑' => KeyCode::Up,
        '↓' => KeyCode::Down,
        '⏎' => KeyCode::Enter,
        '⇥' => KeyCode::Tab,
        '⎋' => KeyCode::Esc,
        '⌫' => KeyCode::Backspace,
        '⇱' => KeyCode::Home,
        '⇲' => KeyCode::End,
        '⇞' => KeyCode::PageUp,
        '⇟' => KeyCode::PageDown,
        c => KeyCode::Char(c),
    });
    let press = |code| app.key(KeyEvent::new(code, KeyModifiers::NONE));
    codes.map(press).last().unwrap_or(Effect::None)
}

/// Draws a screen, as the event loop does.
pub fn screen(app: &mut App, columns: u16, lines: u16) -> Terminal<TestBackend> {
    app.screen = Rect::new(0, 0, columns, lines);
    app.prepare();
    let mut terminal = Terminal::new(TestBackend::new(columns, lines)).unwrap();
    terminal.draw(|frame| tui::draw(app, frame)).unwrap();
    terminal
}

/// The lines of a screen, without the spaces at their ends.
pub fn lines(app: &mut App, columns: u16, lines: u16) -> Vec<String> {
    let terminal = screen(app, columns, lines);
    let buffer = terminal.backend().buffer();
    let rows = buffer.content.chunks(columns.max(1).into());
    let text = rows.map(|row| {
        row.iter()
            .map(ratatui::buffer::Cell::symbol)
            .collect::<String>()
    });
    text.map(|line| line.trim_end().to_string()).collect()
}

/// A screen as text.
pub fn text(app: &mut App, columns: u16, lines: u16) -> String {
    self::lines(app, columns, lines).join("\n")
}

/// Everything that one of the repository's captures holds, as one batch.
pub fn whole(name: &str) -> Batch {
    let mut all = Batch::default();
    for feed in feeds(&super::capture(name)).0 {
        if let Feed::Batch(batch) = feed {
            all.segments.extend(&batch.segments);
            all.errors.extend(&batch.errors);
            (all.tally, all.link) = (batch.tally, all.link.or(batch.link));
        }
    }
    all
}

/// Segments and ICMP errors as one batch.
pub fn batch(segments: &[Captured], errors: &[CapturedError], tally: Tally) -> Feed {
    let batch = Batch {
        segments: segments.to_vec(),
        errors: errors.to_vec(),
        tally,
        link: segments.first().map(|captured| captured.place.link),
        ..Batch::default()
    };
    Feed::Batch(batch.into())
}
