//! The one-way order of the modules: who may import whom. The same table stands in
//! `docs/architecture.md`.

use std::fs;
use std::path::{Path, PathBuf};

/// Module, what it may import of this crate, what it may name of others.
const TABLE: &[(&str, &[&str], &[&str])] = &[
    ("wire", &[], &["etherparse"]),
    ("conn", &["wire"], &["arrayvec", "foldhash", "hashbrown"]),
    (
        "trace",
        &["conn", "wire"],
        &["arrayvec", "foldhash", "thread_local"],
    ),
    ("story", &["trace", "conn", "wire"], &["itoa"]),
    (
        "source",
        &["wire"],
        &[
            "flate2",
            "pcap",
            "pcap_parser",
            "rustix",
            "tempfile",
            "thiserror",
            "zstd",
        ],
    ),
    (
        "report",
        &["story", "trace", "conn", "wire"],
        &["foldhash", "itoa", "jiff", "serde", "serde_json"],
    ),
    (
        "tui",
        &["story", "trace", "conn", "wire"],
        &["crossterm", "ratatui", "terminal_colorsaurus"],
    ),
    ("privilege", &[], &["rustix"]),
    ("diag", &["conn"], &["rustix"]),
    ("owners", &["story", "privilege", "diag"], &["rustix"]),
    (
        "kernel",
        &["diag", "trace", "conn", "wire", "privilege"],
        &["rustix", "signal_hook"],
    ),
    (
        "command",
        &["owners", "privilege"],
        &["libc", "rustix", "signal_hook", "tempfile"],
    ),
    (
        "lab",
        &[
            "source",
            "report",
            "trace",
            "story",
            "conn",
            "wire",
            "privilege",
            "diag",
        ],
        &[
            "etherparse",
            "libc",
            "pcap",
            "rustix",
            "signal_hook",
            "thiserror",
        ],
    ),
];

/// Crates that only some files of a module may name.
const CONFINED: &[(&str, &[&str])] = &[
    ("jiff", &["report/tcpdump/time.rs"]),
    ("serde", &["report/json/lines.rs"]),
    ("serde_json", &["report/json/lines.rs", "main.rs"]),
    (
        "clap",
        &[
            "cli.rs",
            "cli/lab.rs",
            "cli/look.rs",
            "completions.rs",
            "main.rs",
            "man.rs",
        ],
    ),
];

const CRATES: &[&str] = &[
    "anyhow",
    "arrayvec",
    "clap",
    "crossterm",
    "etherparse",
    "flate2",
    "foldhash",
    "hashbrown",
    "itoa",
    "jiff",
    "libc",
    "pcap",
    "pcap_parser",
    "ratatui",
    "rustix",
    "serde",
    "serde_json",
    "signal_hook",
    "tempfile",
    "terminal_colorsaurus",
    "thiserror",
    "thread_local",
    "zstd",
];

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|ext| ext == "rs") {
            found.push(path);
        }
    }
}

/// Every source file under `src/`: its path there, and its text without comments.
fn files() -> Vec<(String, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut found = Vec::new();
    sources(&root, &mut found);
    found.sort();
    let text = |path: &PathBuf| {
        let code = fs::read_to_string(path).unwrap();
        code.lines()
            .filter(|line| !line.trim_start().starts_with("//"))
            .collect::<Vec<_>>()
            .join("\n")
    };
    found
        .iter()
        .map(|path| {
            (
                path.strip_prefix(&root)
                    .unwrap()
                    .to_str()
                    .unwrap()
                    .to_string(),
                text(path),
            )
        })
        .collect()
}

/// The names that follow `prefix` wherever it begins a path.
fn paths_after<'a>(text: &'a str, prefix: &'a str) -> impl Iterator<Item = &'a str> {
    text.match_indices(prefix).filter_map(move |(at, _)| {
        let before = text[..at].chars().next_back().unwrap_or(' ');
        let name = text[at + prefix.len()..]
            .split(|c: char| !(c.is_alphanumeric() || c == '_'))
            .next()?;
        (!before.is_alphanumeric() && before != '_').then_some(name)
    })
}

#[test]
fn modules_import_only_what_stands_before_them() {
    let mut checked = 0;
    for (file, text) in files() {
        let module = file.split(['/', '.']).next().unwrap();
        let Some((_, modules, crates)) = TABLE.iter().find(|(name, ..)| *name == module) else {
            assert!(
                [
                    "asked",
                    "chunks",
                    "lib",
                    "main",
                    "cli",
                    "completions",
                    "expect",
                    "experiments",
                    "formats",
                    "live",
                    "lines",
                    "man",
                    "outfile",
                    "listening",
                    "recorded",
                    "replay",
                    "running",
                    "table",
                    "view"
                ]
                .contains(&module),
                "src/{file} is in no layer: add it to the table"
            );
            continue;
        };
        for name in paths_after(&text, "crate::") {
            assert!(
                name == module || modules.contains(&name),
                "src/{file} imports {name}; {module} may import {modules:?} only (docs/architecture.md)"
            );
            checked += 1;
        }
        for name in CRATES
            .iter()
            .filter(|name| text.contains(&format!("{name}::")))
        {
            let named = paths_to(&text, name);
            assert!(
                !named || crates.contains(name),
                "src/{file} names {name}; {module} may name {crates:?} only (docs/architecture.md)"
            );
        }
    }
    assert!(checked > 50, "the test no longer sees the imports");
}

fn paths_to(text: &str, name: &str) -> bool {
    let path = format!("{name}::");
    text.match_indices(&path).any(|(at, _)| {
        let before = text[..at].chars().next_back().unwrap_or(' ');
        !before.is_alphanumeric() && before != '_' && before != ':'
    })
}

#[test]
fn libraries_are_named_only_where_they_belong() {
    for (file, text) in files() {
        for (name, places) in CONFINED {
            assert!(
                !paths_to(&text, name) || places.contains(&file.as_str()),
                "src/{file} names {name}: only {places:?} may"
            );
        }
    }
}

#[test]
fn the_core_knows_no_clock_file_thread_or_screen() {
    for (file, text) in files() {
        let core = ["wire/", "conn/", "story/", "trace/"]
            .iter()
            .any(|core| file.starts_with(core));
        for word in [
            "std::fs",
            "std::time",
            "std::thread",
            "std::io",
            "std::env",
            "println!",
        ] {
            assert!(
                !core || !text.contains(word),
                "src/{file} uses {word}: time is an argument, and the core has no edges"
            );
        }
    }
}

#[test]
fn unsafe_code_is_confined_to_three_files() {
    for (file, text) in files() {
        let may =
            ["source/tstamp.rs", "lab/actor/sys.rs", "command/bpf.rs"].contains(&file.as_str());
        assert!(may || !text.contains("unsafe "), "src/{file} uses unsafe");
    }
}
