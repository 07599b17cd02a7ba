//! docs/messages.md: its rows, and whether a text is what a row says.

use std::fs;
use std::path::Path;

/// Stands for what differs.
const ANY: char = '…';

/// A message.
#[derive(Clone, Debug)]
pub struct Row {
    pub id: String,
    pub message: String,
    /// All cells.
    pub whole: String,
    /// `None`: the program goes on.
    pub exit: Option<i32>,
}

/// The rows of all tables whose first heading is this, as cells.
fn rows(heading: &str) -> Vec<Vec<String>> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/messages.md");
    let text = fs::read_to_string(path).unwrap();
    let mut found = Vec::new();
    let mut is_in = false;
    for line in text.lines() {
        let Some(line) = line.strip_prefix("| ").and_then(|it| it.strip_suffix(" |")) else {
            is_in &= line.starts_with("|---");
            continue;
        };
        let line = line.replace("\\|", "\0");
        let cells: Vec<_> = line.split(" | ").map(|it| it.replace('\0', "|")).collect();
        if cells[0] == heading {
            is_in = true;
        } else if is_in {
            found.push(cells);
        }
    }
    found
}

pub fn messages() -> Vec<Row> {
    let row = |cells: Vec<String>| {
        assert_eq!(cells.len(), 5, "{cells:?}");
        Row {
            exit: (cells[4] != "-").then(|| cells[4].parse().expect(&cells[4])),
            whole: plain(&cells.join(" ")),
            message: plain(&cells[1]),
            id: cells[0].clone(),
        }
    };
    rows("id").into_iter().map(row).collect()
}

/// The exit codes, as they stand there.
pub fn codes() -> Vec<String> {
    rows("code")
        .into_iter()
        .map(|mut it| it.remove(0))
        .collect()
}

/// Without the marks of code, and with single spaces.
pub fn plain(text: &str) -> String {
    let words: Vec<_> = text.split_whitespace().collect();
    words.join(" ").replace('`', "")
}

/// The fixed parts of a text.
pub fn pieces(text: &str) -> impl Iterator<Item = &str> {
    text.split(ANY).filter(|piece| !piece.is_empty())
}

/// Whether the fixed parts of `wanted` stand in `text` in their order: where the last one ends.
fn stand_in(text: &str, wanted: &str) -> Option<usize> {
    let mut at = 0;
    for piece in pieces(wanted) {
        at += text[at..].find(piece)? + piece.len();
    }
    Some(at)
}

/// Whether `text` holds what a source has.
pub fn holds(text: &str, literal: &str) -> bool {
    stand_in(text, literal).is_some()
}

/// Whether the text is all that the message says.
pub fn is_said(message: &str, text: &str) -> bool {
    let (first, last) = (
        message.split(ANY).next().unwrap_or_default(),
        message.rsplit(ANY).next().unwrap_or_default(),
    );
    let text = plain(text);
    text.starts_with(first)
        && text.ends_with(last)
        && (message.contains(ANY) || message == text)
        && stand_in(&text, message).is_some()
}
