//! The texts in `src/` of which messages are made.

use std::fs;
use std::path::{Path, PathBuf};

use super::document::plain;

/// What is inside of these is said to somebody.
const SAID_BY: &[&str] = &[
    "bail!(",
    "anyhow!(",
    "context(",
    "eprintln!(",
    "say!(",
    "#[error(",
    "tell_failure(",
    "Err(",
    "map_err(",
    "ok_or_else(",
    "Error::other(",
    "Error::new(",
    "Usage(",
    "NotMet(",
];

/// Here each text is looked at, wherever it stands: some are put together before they are said.
const WHOLE: &[&str] = &[
    "cli.rs",
    "cli/look.rs",
    "confine.rs",
    "expect.rs",
    "kernel/tracefs.rs",
    "lab/sandbox.rs",
    "privilege/places.rs",
    "recorded.rs",
    "replay.rs",
    "report/few.rs",
    "running.rs",
    "source/filter.rs",
    "source/savefile/classic.rs",
    "source/savefile/mod.rs",
    "source/savefile/pcapng.rs",
    "story/expected.rs",
    "story/query/address.rs",
    "story/query/number.rs",
];

/// Texts that are no messages: where they stand, and why.
const NONE: &[(&str, &str)] = &[
    (
        "lab/script.rs",
        "the experiments' own language, read when tests run: no user writes it",
    ),
    (
        "lab/play/",
        "why an experiment came out otherwise, told within one message",
    ),
    ("lab/actor/", "what the lab's own processes tell each other"),
];

/// The same of single texts: a filter for libpcap, and what it says itself.
const NO_MESSAGES: &[(&str, &str)] = &[
    ("source/filter.rs", "(icmp and "),
    ("source/live/reader.rs", "interface disappeared"),
];

/// A string literal; `…` stands for what is put in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Literal {
    pub file: String,
    pub text: String,
}

fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files(&path, found);
        } else if path.extension().is_some_and(|ext| ext == "rs") {
            found.push(path);
        }
    }
}

/// Every line of every text that may be a message.
pub fn literals() -> Vec<Literal> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut paths = Vec::new();
    files(&root, &mut paths);
    paths.sort();
    let mut all = Vec::new();
    for path in paths {
        let file = path.strip_prefix(&root).unwrap().to_str().unwrap();
        let is_test = file.ends_with("tests.rs") || file.contains("tests/");
        if is_test || NONE.iter().any(|(none, _)| file.starts_with(none)) {
            continue;
        }
        let source = fs::read_to_string(&path).unwrap();
        for text in said(&source, WHOLE.contains(&file)) {
            let literal = Literal {
                file: file.into(),
                text,
            };
            let is_none = |(at, part): &(&str, &str)| *at == file && literal.text.contains(part);
            if !NO_MESSAGES.iter().any(is_none) && !all.contains(&literal) {
                all.push(literal);
            }
        }
    }
    all
}

/// The lines of text in a source that are said; all of its texts if `whole`.
fn said(source: &str, whole: bool) -> Vec<String> {
    let source = source.split("#[cfg(test)]\nmod tests {").next().unwrap();
    let (code, strings) = lexed(source);
    let mut found = Vec::new();
    if whole {
        found.extend(numbers(&without_attributes(&code)));
    }
    for word in SAID_BY {
        for (at, _) in code.match_indices(word) {
            found.extend(numbers(inside(&code[at + word.len()..])));
        }
    }
    found.sort_unstable();
    found.dedup();
    let lines = found.into_iter().flat_map(|number| strings[number].lines());
    let texts = lines.map(told);
    texts.filter(|text| is_sentence(text)).collect()
}

/// A line without the program's name.
fn told(line: &str) -> String {
    plain(line.strip_prefix("tcpviz: ").unwrap_or(line))
}

/// Two words at least.
fn is_sentence(text: &str) -> bool {
    let words = text.split([' ', '…']);
    let is_word = |word: &&str| word.chars().filter(|c| c.is_alphabetic()).count() > 1;
    text.contains(' ') && words.filter(is_word).count() > 1
}

/// What stands before the bracket that closes.
fn inside(code: &str) -> &str {
    let mut open = 1;
    for (at, c) in code.char_indices() {
        match c {
            '(' | '[' | '{' => open += 1,
            ')' | ']' | '}' => open -= 1,
            _ => {}
        }
        if open == 0 {
            return &code[..at];
        }
    }
    code
}

/// What tells clap and the compiler something is no message.
fn without_attributes(code: &str) -> String {
    let mut rest = code;
    let mut kept = String::new();
    while let Some((before, after)) = rest.split_once("#[") {
        kept += before;
        rest = &after[inside(after).len()..];
    }
    kept + rest
}

/// The numbers of the strings in a piece of code.
fn numbers(code: &str) -> Vec<usize> {
    let parts = code.split('"').skip(1).step_by(2);
    parts.map(|number| number.parse().unwrap()).collect()
}

/// The code without comments, with the numbers of its strings in their places; and the strings.
fn lexed(source: &str) -> (String, Vec<String>) {
    let (mut code, mut strings) = (String::new(), Vec::new());
    let mut rest = source;
    while let Some(c) = rest.chars().next() {
        let len = if rest.starts_with("//") {
            rest.find('\n').unwrap_or(rest.len())
        } else if c == '"' {
            let (text, len) = string(&rest[1..]);
            code += &format!("\"{}\"", strings.len());
            strings.push(text);
            len + 1
        } else if rest.starts_with("r\"") || rest.starts_with("r#\"") {
            let end = if rest.starts_with("r#") { "\"#" } else { "\"" };
            let begin = end.len() + 1;
            let len = rest[begin..].find(end).unwrap();
            code += &format!("\"{}\"", strings.len());
            strings.push(rest[begin..begin + len].into());
            begin + len + end.len()
        } else if let Some(len) = character(rest) {
            len
        } else {
            code.push(c);
            c.len_utf8()
        };
        rest = &rest[len..];
    }
    (code, strings)
}

/// The octets of a character's literal; lifetimes are none.
fn character(code: &str) -> Option<usize> {
    let inside = code.strip_prefix('\'')?;
    let mut chars = inside.char_indices();
    match chars.next()? {
        (_, '\\') => {
            let (at, escaped) = chars.next()?;
            Some(1 + at + escaped.len_utf8() + inside[at + escaped.len_utf8()..].find('\'')? + 1)
        }
        (_, c) => inside[c.len_utf8()..]
            .starts_with('\'')
            .then(|| c.len_utf8() + 2),
    }
}

/// A string behind its opening quote, as it is printed, and how many octets it takes with the closing one.
fn string(source: &str) -> (String, usize) {
    let mut text = String::new();
    let mut chars = source.char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        match c {
            '"' => return (text, at + 1),
            '\\' => match chars.next().unwrap().1 {
                'n' => text.push('\n'),
                '\n' => while chars.next_if(|(_, c)| c.is_whitespace()).is_some() {},
                other => text.push(other),
            },
            '{' | '}' if chars.next_if(|(_, next)| *next == c).is_some() => text.push(c),
            '{' => {
                while chars.next().is_some_and(|(_, c)| c != '}') {}
                text.push('…');
            }
            c => text.push(c),
        }
    }
    (text, source.len())
}

/// The body of a function in a test's file, and the constants that it names.
pub fn body(file: &str, function: &str) -> Option<String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(file);
    let text = fs::read_to_string(path).ok()?;
    let (before, body) = text.split_once(&format!("fn {function}("))?;
    let indent = before.rsplit('\n').next()?;
    let end = body.find(&format!("\n{indent}}}\n"));
    let body = &body[..end.unwrap_or(body.len())];
    let consts = text.split("\nconst ").skip(1);
    let named = consts.filter(|it| {
        it.split_once(':')
            .is_some_and(|(name, _)| body.contains(name))
    });
    let values = named.map(|it| it.split(";\n").next().unwrap_or(it));
    Some(
        [body]
            .into_iter()
            .chain(values)
            .collect::<Vec<_>>()
            .join("\n"),
    )
}

/// All texts of a file in `src/`, line by line.
pub fn texts(file: &str) -> Vec<String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("src").join(file);
    let (_, strings) = lexed(&fs::read_to_string(path).unwrap());
    let lines = strings.iter().flat_map(|text| text.lines());
    lines.map(told).collect()
}

/// The texts in a piece of code.
pub fn strings(code: &str) -> Vec<String> {
    lexed(code).1.iter().map(|text| plain(text)).collect()
}
