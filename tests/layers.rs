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
        &["wire", "raw"],
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
    ("raw", &[], &["libc", "pcap", "rustix", "signal_hook"]),
    (
        "privilege",
        &[],
        &["landlock", "libc", "rustix", "seccompiler"],
    ),
    ("diag", &["conn"], &["rustix"]),
    ("owners", &["story", "privilege", "diag"], &["rustix"]),
    (
        "kernel",
        &["diag", "trace", "conn", "wire", "privilege"],
        &["rustix", "signal_hook"],
    ),
    (
        "command",
        &["owners", "privilege", "raw"],
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
            "raw",
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
    ("landlock", &["privilege/fence.rs"]),
    ("seccompiler", &["privilege/calls.rs"]),
    ("serde", &["report/json/lines.rs"]),
    (
        "tracing",
        &["logging/following.rs", "logging/mod.rs", "logging/tests.rs"],
    ),
    (
        "tracing_subscriber",
        &["logging/mod.rs", "logging/tests.rs"],
    ),
    ("serde_json", &["report/json/lines.rs", "main.rs"]),
    (
        "clap",
        &[
            "cli.rs",
            "cli/lab.rs",
            "cli/look.rs",
            "cli/refusal.rs",
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
    "landlock",
    "libc",
    "pcap",
    "pcap_parser",
    "ratatui",
    "rustix",
    "seccompiler",
    "serde",
    "serde_json",
    "signal_hook",
    "tempfile",
    "terminal_colorsaurus",
    "thiserror",
    "thread_local",
    "tracing",
    "tracing_subscriber",
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
                    "confine",
                    "expect",
                    "experiments",
                    "formats",
                    "live",
                    "lines",
                    "logging",
                    "man",
                    "outfile",
                    "listening",
                    "recorded",
                    "replay",
                    "running",
                    "signals",
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

/// The files that may be `unsafe`. `src/lib.rs` forbids it in all other modules, which the compiler sees to.
const UNSAFE: &[&str] = &["raw/bpf.rs", "raw/libpcap.rs", "raw/sys.rs"];

#[test]
fn unsafe_code_is_confined_to_three_files_that_say_why() {
    for (file, text) in files() {
        let may = UNSAFE.contains(&file.as_str());
        let uses = text.contains("unsafe ")
            || text.contains("allow(unsafe_code)")
            || text.contains("expect(unsafe_code)");
        assert!(may || !uses, "src/{file} uses unsafe");
        let says_why = text.contains("unsafe_code,\n    reason = ");
        assert!(!may || says_why, "src/{file} doesn't say why");
    }
}

#[test]
fn every_module_but_raw_forbids_unsafe_code() {
    let file = |name| {
        let all = files();
        let found = all.into_iter().find(|(file, _)| file == name);
        found.map(|(_, text)| text).unwrap_or_default()
    };
    assert!(file("main.rs").starts_with("\n#![forbid(unsafe_code)]"));
    let library = file("lib.rs");
    let lines: Vec<_> = library.lines().filter(|line| !line.is_empty()).collect();
    let modules = lines.windows(2).filter(|pair| pair[1].ends_with(';'));
    let mut forbidding = 0;
    for pair in modules {
        assert_eq!(pair[0], "#[forbid(unsafe_code)]", "before {}", pair[1]);
        forbidding += 1;
    }
    assert_eq!(lines[0], "mod raw;");
    assert_eq!(forbidding, TABLE.len() - 1, "all but raw");
}

#[test]
fn nothing_beside_the_library_is_unsafe() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut found = Vec::new();
    for folder in ["tests", "benches", "examples", "fuzz/src"] {
        sources(&root.join(folder), &mut found);
    }
    found.retain(|path| !path.ends_with("tests/layers.rs"));
    assert!(found.len() > 20, "the test no longer sees them");
    for path in found {
        let text = fs::read_to_string(&path).unwrap();
        let is_unsafe = [
            "unsafe {",
            "unsafe fn",
            "unsafe impl",
            "unsafe extern",
            "unsafe_code",
        ];
        let found = is_unsafe.iter().find(|word| text.contains(**word));
        assert_eq!(found, None, "{}", path.display());
    }
}
