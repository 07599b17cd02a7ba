//! What is told on the screen, and in a terminal.

use std::path::Path;

use portable_pty::CommandBuilder;
use tcpviz::source::save;
use tcpviz::tui::App;
use tcpviz::wire::LinkType;

use super::cases::{Case, Said, made};
use super::common::screen::Screen;
use super::common::ui::{self, experiment, keys, live, recorded, together, unread};

/// What is told last, and that the program goes on.
fn told(app: &App) -> Said {
    let wrong = app.prompt.as_ref().and_then(|prompt| prompt.wrong.clone());
    let notice = app.notice.as_ref().map(|notice| notice.text.clone());
    Said {
        text: wrong.or(notice).expect("something is told"),
        code: None,
    }
}

/// After these keys.
fn after(app: fn() -> App, pressed: &'static str) -> Case {
    made(move |_| {
        let mut app = app();
        keys(&mut app, pressed);
        told(&app)
    })
}

/// The program in a terminal, until it has ended.
fn typed(arguments: &'static [&'static str]) -> Case {
    made(|folder| {
        let mut screen = started(folder, arguments);
        let code = screen.wait_for_end();
        said(&screen, code)
    })
}

fn started(folder: &Path, arguments: &[&str]) -> Screen {
    let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_tcpviz"));
    command.args(arguments);
    command.cwd(folder);
    command.env("LC_ALL", "C.UTF-8");
    command.env("TERM", "xterm-256color");
    Screen::start_command(command, 160, 30)
}

fn said(screen: &Screen, code: u32) -> Said {
    Said {
        text: screen.text().trim_end().into(),
        code: i32::try_from(code).ok(),
    }
}

fn one() -> App {
    recorded("orderly-close")
}

fn two() -> App {
    together(&["orderly-close", "orderly-close.server-first"])
}

fn nothing() -> App {
    unread(live(), None)
}

pub fn cases() -> Vec<(&'static str, Case)> {
    vec![
        ("terminal", typed(&["-"])),
        ("for-itself", typed(&["owner-helper"])),
        ("kernel-for-itself", typed(&["kernel-helper"])),
        ("lab-saved", made(lab_saved)),
        ("held", after(one, "p")),
        ("not-found-yet", after(one, ".")),
        ("not-found", after(one, "/len:>999999⏎")),
        ("not-listed", after(two, "\\port:1⏎")),
        ("no-list", after(one, "\\")),
        ("no-evidence", after(begun, "e")),
        ("not-written-yet", after(nothing, "w")),
        ("not-copied-yet", after(nothing, "y")),
        (
            "no-line",
            after(|| experiment("close-then-peer-writes"), "⇱Y"),
        ),
        ("not-played", after(one, "r")),
        ("no-about", after(one, "i")),
        ("no-letter", after(one, "m!")),
        ("no-mark", after(one, "'z")),
        ("no-number", after(one, "g7x⏎")),
        ("no-frame", after(one, "g999⏎")),
        ("other-connection", after(only_the_second, "g3⏎")),
        ("no-name", made(no_name)),
        ("w-links", made(several_links)),
        ("unread", made(shortened)),
        ("changed", made(changed)),
        ("no-key", after(two, "\\nokey:1⏎")),
        ("no-key-value", after(two, "\\ending:⏎")),
        ("negated", after(two, "\\-⏎")),
        ("not-one-of", after(two, "\\ending:tidy⏎")),
        ("no-state", after(two, "\\client:tidy⏎")),
        ("no-certainty", after(two, "\\certainty:tidy⏎")),
        ("no-flag", after(two, "/flag:tidy⏎")),
        ("no-letter-flag", after(two, "/flag:[Z]⏎")),
        ("no-count", after(two, "\\segments:many⏎")),
        ("no-time", after(two, "\\age:long⏎")),
        ("too-large", after(two, "\\bytes:99999999999999999999⏎")),
        ("backwards", after(two, "\\bytes:9-3⏎")),
        ("exact-time", after(two, "\\age:5s⏎")),
        ("prefix", after(two, "\\10.0.0.0/99⏎")),
    ]
}

/// An experiment whose capture is kept, and that is left.
fn lab_saved(folder: &Path) -> Said {
    let mut screen = started(folder, &["lab", "orderly-close", "-w", "x.pcap"]);
    screen.wait_for("next  server: listen(3)");
    screen.press("q");
    let code = screen.wait_for_end();
    said(&screen, code)
}

/// A connection of which there is only the SYN.
fn begun() -> App {
    let octets = std::fs::read(super::common::capture("orderly-close")).unwrap();
    let word = |at: usize| u32::from_le_bytes(octets[at..at + 4].try_into().unwrap());
    let first = usize::try_from(word(24 + 8)).unwrap();
    ui::read(&octets[..24 + 16 + first])
}

fn only_the_second() -> App {
    let mut app = two();
    app.show_only(1);
    app
}

fn no_name(_: &Path) -> Said {
    let mut app = one();
    keys(&mut app, "w");
    while !app.prompt.as_ref().unwrap().text().is_empty() {
        keys(&mut app, "⌫");
    }
    keys(&mut app, "⏎");
    told(&app)
}

/// The connection was captured on interfaces of two kinds.
fn several_links(folder: &Path) -> Said {
    let mut app = one();
    let mut frames = app.trace.frames_of(0);
    frames[1].1.link = LinkType::RAW;
    let path = folder.join("new.pcap");
    let written = save::extract(&path, &frames, app.read_back.as_ref().unwrap());
    app.tell_written(0, &path, written.map_err(|why| why.to_string()));
    told(&app)
}

/// A capture of which frames are read back once something was done to its file: the details of the first frame.
fn details(folder: &Path, harm: impl Fn(&Path)) -> Said {
    let path = folder.join("close.pcap");
    let mut app = ui::opened(&path, ui::file("close.pcap"));
    harm(&path);
    keys(&mut app, "⇲");
    let text = ui::text(&mut app, 200, 50);
    let told = text.split(['│', '\n']).map(str::trim);
    let told = told.filter(|part| part.starts_with("frame "));
    let text = told.collect::<Vec<_>>().join("\n");
    Said { text, code: None }
}

fn shortened(folder: &Path) -> Said {
    details(folder, |path| {
        std::fs::File::options()
            .write(true)
            .open(path)
            .unwrap()
            .set_len(30)
            .unwrap();
    })
}

fn changed(folder: &Path) -> Said {
    details(folder, |path| {
        let len = std::fs::metadata(path).unwrap().len();
        std::fs::write(path, vec![0; usize::try_from(len).unwrap()]).unwrap();
    })
}
