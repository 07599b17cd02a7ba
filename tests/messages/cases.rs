//! How each message of docs/messages.md is made.

use std::path::Path;
use std::process::{Command, Output, Stdio};

use super::common::{capture, tcpviz};
use super::{files, live, screen};

/// What was said, and the exit code; `None` where the program went on.
pub struct Said {
    pub text: String,
    pub code: Option<i32>,
}

pub enum Case {
    /// Made in a folder of its own, which holds `close.pcap`.
    Made(Box<dyn Fn(&Path) -> Said + Send + Sync>),
    /// Another test makes it: its file and function.
    Elsewhere(&'static str, &'static str),
    /// Not provoked; the file that has its text.
    Text(&'static str),
}

use Case::{Elsewhere, Text};

pub fn made(make: impl Fn(&Path) -> Said + Send + Sync + 'static) -> Case {
    Case::Made(Box::new(make))
}

impl From<Output> for Said {
    fn from(output: Output) -> Said {
        Said {
            text: String::from_utf8(output.stderr).unwrap(),
            code: output.status.code(),
        }
    }
}

/// The program in a folder, with nothing on standard input.
pub fn program(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = tcpviz();
    command.current_dir(folder).args(arguments);
    command.stdin(Stdio::null());
    command
}

pub fn ended(command: &mut Command) -> Said {
    command.output().expect("it starts").into()
}

/// What is typed.
fn typed(arguments: &'static [&'static str]) -> Case {
    made(|folder| ended(&mut program(folder, arguments)))
}

/// What is typed where standard output is full.
fn full(arguments: &'static [&'static str]) -> Case {
    made(|folder| {
        let full = std::fs::File::options().write(true).open("/dev/full");
        ended(program(folder, arguments).stdout(full.unwrap()))
    })
}

/// What is typed where there is no temporary folder.
fn homeless(arguments: &'static [&'static str]) -> Case {
    made(|folder| ended(program(folder, arguments).env("TMPDIR", "/no/such")))
}

/// Every message's id, and how it is made.
pub fn all() -> Vec<(&'static str, Case)> {
    let mut all = usage();
    all.extend(files::cases());
    all.extend(writing());
    all.extend(live::cases());
    all.extend(screen::cases());
    all.extend(elsewhere());
    all.extend(not_provoked());
    all
}

fn usage() -> Vec<(&'static str, Case)> {
    vec![
        ("option", typed(&["--prot", "4321"])),
        ("lab-option", typed(&["lab", "--frobnicate"])),
        ("value", typed(&["-F", "gif", "close.pcap"])),
        ("no-value", typed(&["-w", ""])),
        ("twice", typed(&["--fold", "--fold", "close.pcap"])),
        ("together", typed(&["-i", "lo", "close.pcap"])),
        ("missing", typed(&["completions"])),
        ("too-many", typed(&["--force=yes"])),
        ("not-utf8", made(not_utf8)),
        ("port", typed(&["-p", "http"])),
        ("range", typed(&["-p", "10-5"])),
        ("number", typed(&["-c", "0", "close.pcap"])),
        ("limit", typed(&["--limit", "many"])),
        ("width", typed(&["--width", "wide", "close.pcap"])),
        ("speed", typed(&["--speed", "fast", "close.pcap"])),
        ("time", typed(&["lab", "--pace", "soon", "orderly-close"])),
        ("ending", typed(&["--expect", "tidy", "close.pcap"])),
        ("cause", typed(&["--expect", "reset:fun", "close.pcap"])),
        (
            "no-cause",
            typed(&["--expect", "orderly:linger-zero", "close.pcap"]),
        ),
        ("option-before", typed(&["--ascii", "lab"])),
        ("no-command", typed(&["--"])),
        (
            "output-is-a-capture",
            typed(&["-o", "x.pcap", "close.pcap"]),
        ),
        (
            "output-says-no-format",
            typed(&["-o", "x.png", "close.pcap"]),
        ),
        ("no-place", typed(&["--kernel", "-F", "csv"])),
        ("filter-too-long", made(filter_too_long)),
        ("lab-name", typed(&["lab", "--check"])),
        ("lab-empty", typed(&["lab", ""])),
        ("lab-unknown", typed(&["lab", "no-such"])),
        ("lab-perhaps", typed(&["lab", "close-then"])),
        ("lab-many", typed(&["lab", "close"])),
        (
            "lab-same-file",
            typed(&["lab", "orderly-close", "-w", "x", "-o", "x"]),
        ),
        ("lab-one-capture", typed(&["lab", "--all", "-w", "x"])),
        ("lab-one-picture", typed(&["lab", "--all", "-F", "svg"])),
        ("recorded-one", typed(&["lab", "--recorded"])),
        ("warden-for-itself", typed(&["command-warden"])),
        ("actor-for-itself", typed(&["lab-actor"])),
        ("no-such-command", typed(&["--", "no-such-command"])),
        ("no-name-command", typed(&["--", ""])),
        ("cannot-run", typed(&["--", "./close.pcap"])),
        ("other-write-dash", typed(&["-w", "-", "--", "true"])),
        ("write-dash", typed(&["-w", "-"])),
    ]
}

fn not_utf8(folder: &Path) -> Said {
    use std::os::unix::ffi::OsStrExt;
    let octets = std::ffi::OsStr::from_bytes(b"\xff");
    ended(program(folder, &["-f"]).arg(octets))
}

/// As many alternatives as overflow the stack of libpcap's compiler.
fn filter_too_long(folder: &Path) -> Said {
    let ports = (1..4000).map(|port| format!("port {port}"));
    let filter = ports.collect::<Vec<_>>().join(" or ");
    ended(&mut program(folder, &["-f", &filter, "close.pcap"]))
}

fn writing() -> Vec<(&'static str, Case)> {
    vec![
        ("output-is-source", made(output_is_source)),
        ("directory", typed(&["-o", ".", "close.pcap"])),
        (
            "not-regular",
            typed(&["--force", "-o", "/dev/null", "close.pcap"]),
        ),
        ("exists", made(exists)),
        ("cannot-create", typed(&["-o", "no/such.txt", "close.pcap"])),
        ("cannot-write", full(&["close.pcap"])),
        ("cannot-print", full(&["man"])),
        ("cannot-complete", full(&["completions", "bash"])),
        ("too-many-connections", made(too_many_connections)),
        ("log-not-regular", typed(&["--log", "-", "close.pcap"])),
        (
            "log-same",
            typed(&["--force", "--log", "close.pcap", "close.pcap"]),
        ),
        ("link", made(link)),
        ("given-up", typed(&["-v", "close.pcap"])),
        ("connection", typed(&["-c", "2", "close.pcap"])),
        ("nothing", typed(&["-p", "1", "close.pcap"])),
        ("otherwise", typed(&["--expect", "orderly", "close.pcap"])),
        (
            "none",
            typed(&["--expect", "orderly", "-p", "1", "close.pcap"]),
        ),
        ("filter", typed(&["-f", "type mgt", "close.pcap"])),
        ("filter-mistake", typed(&["-f", "prot 80", "close.pcap"])),
        (
            "recorded-unpacked",
            homeless(&["lab", "orderly-close", "--recorded"]),
        ),
    ]
}

fn output_is_source(folder: &Path) -> Said {
    let text = folder.join("close.txt");
    std::fs::copy(folder.join("close.pcap"), &text).unwrap();
    ended(&mut program(folder, &["-o", "close.txt", "close.txt"]))
}

fn exists(folder: &Path) -> Said {
    std::fs::write(folder.join("x.txt"), "").unwrap();
    ended(&mut program(folder, &["-o", "x.txt", "close.pcap"]))
}

fn link(folder: &Path) -> Said {
    std::os::unix::fs::symlink("elsewhere.txt", folder.join("x.txt")).unwrap();
    ended(&mut program(
        folder,
        &["--force", "-o", "x.txt", "close.pcap"],
    ))
}

fn too_many_connections(folder: &Path) -> Said {
    let many = super::common::article::repeated(21);
    std::fs::write(folder.join("many.pcap"), many).unwrap();
    ended(&mut program(folder, &["-F", "svg", "many.pcap"]))
}

/// Other tests make these.
fn elsewhere() -> Vec<(&'static str, Case)> {
    let command = "tests/command.rs";
    vec![
        (
            "bomb",
            Elsewhere(
                "tests/hostile_files.rs",
                "a_gzip_bomb_of_frames_is_left_after_a_million_within_128_mib",
            ),
        ),
        (
            "unjudged",
            Elsewhere(
                "tests/cli.rs",
                "what_was_left_before_its_end_does_not_meet_what_is_expected",
            ),
        ),
        ("file-removed", Elsewhere("tests/faults/file.rs", "removed")),
        ("file-lost", Elsewhere("tests/faults/file.rs", "removed")),
        ("file-moved", Elsewhere("tests/faults/file.rs", "renamed")),
        ("file-cut", Elsewhere("tests/faults/file.rs", "truncated")),
        (
            "file-changed",
            Elsewhere("tests/faults/file.rs", "truncated"),
        ),
        (
            "kept-removed",
            Elsewhere("tests/faults/file.rs", "removed_beside_a_command"),
        ),
        ("locked", Elsewhere("tests/faults/file.rs", "second")),
        (
            "interface-down",
            Elsewhere("tests/faults/interface.rs", "down_and_up"),
        ),
        (
            "interface-up",
            Elsewhere("tests/faults/interface.rs", "down_and_up"),
        ),
        ("disk-full", Elsewhere("tests/faults/disk.rs", "full")),
        (
            "file-too-large",
            Elsewhere("tests/faults/disk.rs", "too_large"),
        ),
        ("saved", Elsewhere("tests/faults/signals.rs", "saved")),
        (
            "not-yours",
            Elsewhere("tests/privileges/files.rs", "not_the_callers"),
        ),
        ("set-id", Elsewhere("tests/privileges/files.rs", "set_id")),
        ("left", Elsewhere("tests/live/trials.rs", "finished_leave")),
        (
            "states-only",
            Elsewhere("tests/kernel/linux.rs", "without_tracefs"),
        ),
        ("gone", Elsewhere(command, "alone")),
        (
            "refused",
            Elsewhere(
                "tests/sandbox.rs",
                "where_user_namespaces_are_forbidden_it_says_so_and_what_to_type",
            ),
        ),
        (
            "lab-left",
            Elsewhere(
                "tests/experiments.rs",
                "an_interrupted_experiment_is_written_as_far_as_it_went",
            ),
        ),
        (
            "w-exists",
            Elsewhere(
                "tests/terminal/outside.rs",
                "w_writes_the_connection_so_that_tcpdump_reads_its_frames_and_no_others",
            ),
        ),
        (
            "e-exists",
            Elsewhere(
                "tests/terminal/outside.rs",
                "e_exports_what_is_shown_in_the_format_that_the_name_asks_for",
            ),
        ),
        (
            "e-ending",
            Elsewhere(
                "tests/terminal/outside.rs",
                "e_exports_what_is_shown_in_the_format_that_the_name_asks_for",
            ),
        ),
        (
            "left-memory",
            Elsewhere(
                "tests/app/leaving.rs",
                "a_mark_in_a_connection_that_has_left_says_where_it_is",
            ),
        ),
    ]
}

/// Their texts stand in these files.
fn not_provoked() -> Vec<(&'static str, Case)> {
    vec![
        ("recorded-unknown", Text("recorded.rs")),
        ("zstd-window", Text("source/decompress.rs")),
        ("filter-without", Text("source/filter.rs")),
        ("thread", Text("table.rs")),
        ("interface", Text("source/live.rs")),
        ("not-given-up", Text("confine.rs")),
        ("dropped", Text("view.rs")),
        ("list-without", Text("main.rs")),
        ("live-without", Text("main.rs")),
        ("command-without", Text("main.rs")),
        ("lacks", Text("listening.rs")),
        ("helper-ended", Text("listening.rs")),
        ("events-lost", Text("listening.rs")),
        ("not-asked", Text("listening.rs")),
        ("left-out", Text("view.rs")),
        ("no-linux", Text("listening.rs")),
        ("w-refused", Text("privilege/places.rs")),
        ("w-nowhere", Text("privilege/places.rs")),
        ("rows-left", Text("view.rs")),
        ("table-left", Text("table.rs")),
        ("file-gone", Text("live.rs")),
        ("file-linked", Text("live/saved.rs")),
        ("disk-fails", Text("source/live/stopped.rs")),
        ("stopped-live", Text("source/live/stopped.rs")),
        ("unjudgeable", Text("expect.rs")),
        ("unjudgeable-cut", Text("expect.rs")),
        ("w-forbidden", Text("confine.rs")),
        ("kept-unread", Text("running/keep.rs")),
        ("whose", Text("running.rs")),
        ("namespace", Text("lab/mod.rs")),
        ("ip-failed", Text("lab/mod.rs")),
        ("lab-differs", Text("experiments/screen.rs")),
        ("lab-broke-off", Text("experiments/screen.rs")),
        ("lab-without", Text("main.rs")),
        ("screen", Text("view.rs")),
        ("screen-lab", Text("experiments/screen.rs")),
        ("w-unread", Text("tui/mod.rs")),
        ("e-forced", Text("source/save.rs")),
    ]
}

/// A folder for one case.
pub fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let close = capture("close-then-peer-writes");
    std::fs::copy(close, folder.path().join("close.pcap")).unwrap();
    folder
}
