//! What several tests need: the program, its output, a deadline.
#![allow(dead_code)]

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::Duration;

pub mod article;
pub mod harness;
pub mod recording;
pub mod screen;
pub mod ui;

/// How long anything may take that is awaited. Long: a busy machine is no failure.
pub const PATIENCE: Duration = Duration::from_secs(20);

/// The program under test, undisturbed by the environment of whoever runs the tests.
pub fn tcpviz() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tcpviz"));
    command.env("LC_ALL", "C.UTF-8").env_remove("NO_COLOR");
    command.env_remove("SUDO_UID").env_remove("SUDO_GID");
    command
}

/// Runs the program to its end.
pub fn run(arguments: &[&str]) -> Output {
    tcpviz().args(arguments).output().expect("tcpviz runs")
}

/// What the program printed; it must have ended well.
pub fn printed(arguments: &[&str]) -> String {
    let output = run(arguments);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "tcpviz {arguments:?}: {errors}");
    String::from_utf8(output.stdout).expect("UTF-8")
}

/// A repository's own capture.
pub fn capture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("captures")
        .join(format!("{name}.pcap"))
}

/// Every capture in the repository: its name and path.
pub fn captures() -> Vec<(String, PathBuf)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("captures");
    let mut all: Vec<_> = std::fs::read_dir(folder)
        .expect("captures/")
        .map(|entry| entry.unwrap().path())
        .filter(|path| {
            path.extension()
                .is_some_and(|ext| ext == "pcap" || ext == "pcapng")
        })
        .map(|path| {
            (
                path.file_stem().unwrap().to_str().unwrap().to_string(),
                path,
            )
        })
        .collect();
    all.sort();
    assert!(!all.is_empty(), "there are captures");
    all
}

/// The JSON lines of a capture.
pub fn json(path: &Path) -> Vec<serde_json::Value> {
    let text = printed(&["--format", "json", path.to_str().unwrap()]);
    text.lines()
        .map(|line| serde_json::from_str(line).expect(line))
        .collect()
}

/// The JSON lines of one type.
pub fn of_type<'a>(
    lines: &'a [serde_json::Value],
    kind: &'a str,
) -> impl Iterator<Item = &'a serde_json::Value> {
    lines.iter().filter(move |line| line["type"] == kind)
}

/// Where /proc tells of a process: it may count from outside the sandbox.
pub fn folder_of(pid: u32) -> PathBuf {
    let inside = pid.to_string();
    let is_its = |folder: &PathBuf| {
        let status = std::fs::read_to_string(folder.join("status")).unwrap_or_default();
        let numbers = status.lines().find(|line| line.starts_with("NSpid:"));
        let is_here = std::fs::read_link(folder.join("ns/pid")).ok()
            == std::fs::read_link("/proc/self/ns/pid").ok();
        is_here && numbers.is_some_and(|line| line.split('\t').next_back() == Some(&inside))
    };
    let all = std::fs::read_dir("/proc").unwrap();
    all.map(|entry| entry.unwrap().path())
        .find(is_its)
        .expect("it runs")
}
