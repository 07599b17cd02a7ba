//! A journey through the program as people can watch it: an asciicast (version 2, `asciinema play FILE`).
//!
//! It holds whole screens, not what the program wrote: no question to the terminal, no mouse mode, nothing that stays
//! behind in the terminal of whoever plays it; and the last screen stands when it is over. The line below the screen
//! shows the key pressed. Its times are made up, so that each key and what it does are seen: the tests don't wait as a
//! reader does.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use super::screen::{DOWN, END, HOME, LEFT, RIGHT, UP};

/// Seconds from a key to what it draws, from one screen to the next, and for a reader to look.
const PER_KEY: f64 = 0.5;
const PER_FRAME: f64 = 0.1;
const PER_LOOK: f64 = 1.5;
/// At the end.
const LAST_LOOK: f64 = 4.0;

pub struct Recording {
    lines: Vec<String>,
    seconds: f64,
    /// Lines of the screen, without the one for keys.
    height: u16,
    before: Option<vt100::Screen>,
}

impl Recording {
    /// `command` is what is typed to start the program.
    pub fn new(title: &str, command: &str, (columns, lines): (u16, u16)) -> Recording {
        let header = serde_json::json!({
            "version": 2, "width": columns, "height": lines + 1, "title": title, "command": command,
            "env": {"TERM": "xterm-256color"},
        });
        let mut recording = Recording {
            lines: vec![header.to_string()],
            seconds: 0.0,
            height: lines,
            before: None,
        };
        recording.event(&format!("\x1b[2J\x1b[H$ {command}"));
        recording.seconds += PER_LOOK;
        recording
    }

    /// A whole screen is drawn.
    pub fn drawn(&mut self, screen: &vt100::Screen) {
        let drawn = match &self.before {
            Some(before) => screen.contents_diff(before),
            None => screen.contents_formatted(),
        };
        if !drawn.is_empty() {
            self.event(&drawn);
            self.seconds += PER_FRAME;
        }
        self.before = Some(screen.clone());
    }

    pub fn pressed(&mut self, keys: &str) {
        self.seconds += PER_KEY;
        // The screen's own position and attributes are as before.
        let line = self.height + 1;
        let key = name(keys);
        self.event(&format!(
            "\x1b7\x1b[{line};1H\x1b[m\x1b[K\x1b[7m {key} \x1b[m\x1b8"
        ));
        self.seconds += PER_KEY;
    }

    /// What was awaited is on the screen.
    pub fn seen(&mut self) {
        self.seconds += PER_LOOK;
    }

    fn event(&mut self, text: &str) {
        let seconds = (self.seconds * 1000.0).round() / 1000.0;
        self.lines
            .push(serde_json::json!([seconds, "o", text]).to_string());
    }

    /// Compares the journey's last screen with the one that was recorded, or records it anew where documentation is to
    /// be written. Where it came out otherwise on purpose, as ports and times do live, only `facts` must stand on both.
    pub fn keep(&mut self, name: &str, now: &str, facts: Option<&[&str]>) {
        if std::env::var_os("TCPVIZ_WRITE_DOCS").is_some() {
            self.write(name);
            write_page();
        }
        let recorded = last_screen(&path(name));
        let told = "TCPVIZ_WRITE_DOCS=1 cargo test --test journeys --test live";
        for fact in facts.unwrap_or_default() {
            assert!(now.contains(fact), "{name}: {fact:?} isn't seen:\n{now}");
            assert!(
                recorded.contains(fact),
                "{name} is old, it lacks {fact:?}: {told}"
            );
        }
        if facts.is_none() {
            assert!(
                recorded == lines_of(now),
                "{name} is old: {told}\n{recorded}\n\n{now}"
            );
        }
    }

    fn write(&mut self, name: &str) {
        let line = self.height + 1;
        self.seconds += LAST_LOOK;
        self.event(&format!("\x1b[{line};1H\x1b[m\x1b[K\x1b[?25h"));
        fs::create_dir_all(folder()).expect("docs/journeys");
        fs::write(path(name), self.lines.join("\n") + "\n").expect("the recording is written");
    }
}

/// A key as people call it; text as it is.
fn name(keys: &str) -> &str {
    match keys {
        "\t" => "Tab",
        "\r" => "Enter",
        "\x1b" => "Esc",
        " " => "Space",
        LEFT => "Left",
        RIGHT => "Right",
        UP => "Up",
        DOWN => "Down",
        HOME => "Home",
        END => "End",
        text => text,
    }
}

pub fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/journeys")
}

fn path(name: &str) -> PathBuf {
    folder().join(format!("{name}.cast"))
}

/// A screen's text without spaces at the ends of its lines and lines at its end.
fn lines_of(screen: &str) -> String {
    let lines: Vec<_> = screen.lines().map(str::trim_end).collect();
    lines.join("\n").trim_end().into()
}

/// What stands on the screen when a recording is over, as a player shows it.
pub fn last_screen(path: &Path) -> String {
    let text = fs::read_to_string(path).unwrap_or_else(|why| panic!("{}: {why}", path.display()));
    let mut lines = text
        .lines()
        .map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
    let header = lines.next().expect("a header");
    assert_eq!(header["version"], 2);
    let size = |name: &str| {
        let number = header[name].as_u64().and_then(|it| u16::try_from(it).ok());
        number.and_then(std::num::NonZeroU16::new).expect(name)
    };
    let mut terminal = vt100::Parser::new(size("height"), size("width"), 0);
    let mut before = 0.0;
    for event in lines {
        let seconds = event[0].as_f64().expect("a time");
        assert!(seconds >= before, "time runs forwards");
        before = seconds;
        assert_eq!(event[1], "o");
        terminal.process(event[2].as_str().expect("what is drawn").as_bytes());
    }
    lines_of(&terminal.screen().contents())
}

/// `docs/journeys/README.md` with the last screen of each recording between `<!-- screen NAME -->` and `<!-- end -->`.
pub fn page() -> (PathBuf, String, String) {
    let path = folder().join("README.md");
    let page = fs::read_to_string(&path).expect("docs/journeys/README.md");
    let mut text = String::new();
    let mut rest = &*page;
    while let Some(at) = rest.find("<!-- screen ") {
        let after = at + rest[at..].find(" -->").expect("a comment ends") + 4;
        let name = &rest[at + "<!-- screen ".len()..after - 4];
        let recording = folder().join(format!("{name}.cast"));
        // One that isn't recorded yet leaves its part as it is.
        let screen = recording.exists().then(|| last_screen(&recording));
        text.push_str(&rest[..after]);
        rest = &rest[after..];
        if let Some(screen) = screen {
            let end = rest.find("<!-- end -->").expect("<!-- end -->");
            text.push_str(&format!("\n```text\n{screen}\n```\n"));
            rest = &rest[end..];
        }
    }
    text.push_str(rest);
    (path, page, text)
}

fn write_page() {
    static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
    let _guard = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    let (path, _, renewed) = page();
    fs::write(path, renewed).expect("docs/journeys/README.md is written");
}
