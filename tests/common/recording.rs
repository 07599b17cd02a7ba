//! A journey through the program as people can watch it: an asciicast (version 2, `asciinema play FILE`). Its times are
//! made up, so that each key is seen: the tests don't wait as a reader does.

use std::path::Path;

/// Seconds from one key to the next, and from a key to what it draws.
const PER_KEY: f64 = 1.5;
const PER_FRAME: f64 = 0.05;

pub struct Recording {
    lines: Vec<String>,
    seconds: f64,
    /// Octets that don't make a whole character yet.
    rest: Vec<u8>,
}

impl Recording {
    pub fn new(title: &str, columns: u16, lines: u16) -> Recording {
        let header = serde_json::json!({
            "version": 2, "width": columns, "height": lines, "title": title,
            "env": {"TERM": "xterm-256color"},
        });
        Recording {
            lines: vec![header.to_string()],
            seconds: 0.5,
            rest: Vec::new(),
        }
    }

    pub fn drawn(&mut self, octets: &[u8]) {
        self.rest.extend(octets);
        let valid = match std::str::from_utf8(&self.rest) {
            Ok(text) => text.len(),
            Err(why) => why.valid_up_to(),
        };
        let text: Vec<u8> = self.rest.drain(..valid).collect();
        if !text.is_empty() {
            self.event("o", &String::from_utf8(text).expect("it was checked"));
            self.seconds += PER_FRAME;
        }
    }

    pub fn pressed(&mut self, keys: &str) {
        self.seconds += PER_KEY;
        self.event("i", keys);
    }

    fn event(&mut self, kind: &str, text: &str) {
        let seconds = (self.seconds * 1000.0).round() / 1000.0;
        self.lines
            .push(serde_json::json!([seconds, kind, text]).to_string());
    }

    /// Writes it into `docs/journeys/`, where that is asked for.
    pub fn write(&self, name: &str) {
        if std::env::var_os("TCPVIZ_WRITE_DOCS").is_some() {
            let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/journeys");
            std::fs::create_dir_all(&folder).expect("docs/journeys");
            let path = folder.join(format!("{name}.cast"));
            std::fs::write(path, self.lines.join("\n") + "\n").expect("the recording is written");
        }
    }
}
