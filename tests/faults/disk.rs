//! The disk is full: a small tmpfs in a mount namespace of its own.

use std::fs;
use std::path::Path;
use std::process::Command;

use portable_pty::CommandBuilder;

use super::Tests;
use super::common::screen::Screen;
use super::common::{article, capture};
use super::program::{Program, held};
use super::signals::{await_file, place};
use super::traffic::Traffic;
use super::wire::{NEAR, Wire};

pub const ALL: Tests = &[
    ("full_disk_ends_the_capture_behind_a_whole_frame", full),
    (
        "full_disk_amid_large_frames_counts_what_is_in_the_file",
        full_amid_large_frames,
    ),
    (
        "full_disk_the_screen_stays_with_what_is_in_the_file",
        full_below_the_screen,
    ),
    (
        "file_as_large_as_it_may_be_ends_the_capture_behind_a_whole_frame",
        too_large,
    ),
    (
        "file_as_large_as_it_may_be_the_screen_stays_and_gives_the_terminal_back",
        too_large_below_the_screen,
    ),
    (
        "full_disk_for_the_output_the_capture_is_whole",
        full_for_the_output,
    ),
    (
        "full_disk_for_the_copy_of_a_pipe_everything_is_shown",
        full_for_the_copy,
    ),
];

/// Mounts `$1`, runs the rest, and copies the capture out of it.
const SMALL: &str = "mount -t tmpfs -o size=256k none \"$1\" && cd \"$1\" && shift && \"$@\"; code=$?; \
                     cp kept.pcap ../kept.pcap; exit $code";

fn on_a_small_disk(folder: &Path, arguments: &[&str]) -> Vec<String> {
    let small = folder.join("small");
    fs::create_dir(&small).unwrap();
    let words = [
        "unshare",
        "--mount",
        "sh",
        "-c",
        SMALL,
        "sh",
        small.to_str().unwrap(),
    ];
    let program = env!("CARGO_BIN_EXE_tcpviz");
    let all = words.iter().chain([&program]).chain(arguments);
    all.map(ToString::to_string).collect()
}

/// What is in the file is what was sent first, and nothing is missing in between.
fn is_beginning(traffic: &Traffic, path: &Path) -> usize {
    let (segments, clients) = held(path);
    let sent = traffic.clients.iter().map(ToString::to_string);
    assert!(sent.take(clients.len()).eq(clients));
    assert!(segments > 2_000 && segments < traffic.sent(), "{segments}");
    segments
}

const MORE_THAN_FITS: usize = 1_000;

const WHY: &str = "kept.pcap can't be written: No space left on device (os error 28); make room, or name a file on another disk: \
                   --write FILE";

/// As tcpviz writes numbers.
fn grouped(number: usize) -> String {
    format!("{},{:03}", number / 1000, number % 1000)
}

fn full() {
    let (folder, path) = place();
    let mut traffic = Traffic::new();
    let port = traffic.port();
    let words = on_a_small_disk(
        folder.path(),
        &["-F", "json", "-p", &port, "-w", "kept.pcap"],
    );
    let mut command = Command::new(&words[0]);
    command.args(&words[1..]).env("LC_ALL", "C.UTF-8");
    let mut program = Program::start(command);
    traffic.play(MORE_THAN_FITS);
    let (status, printed) = program.end();
    assert_eq!(status.code(), Some(1));
    let segments = is_beginning(&traffic, &path);
    assert_eq!(printed, segments);
    let said = &program.said;
    let saved = format!("{} segments saved in kept.pcap;", grouped(segments));
    assert!(said.contains(&saved) && said.contains(WHY), "{said}");
}

/// Of a batch of them the first write has room, and a later one hasn't.
fn full_amid_large_frames() {
    let (folder, path) = place();
    let mut wire = Wire::new();
    let words = on_a_small_disk(
        folder.path(),
        &["-F", "json", "-i", NEAR, "-w", "kept.pcap"],
    );
    let mut command = Command::new(&words[0]);
    command.args(&words[1..]).env("LC_ALL", "C.UTF-8");
    let mut program = Program::start(command);
    wire.flood(40, 30_000);
    let (_, printed, lines) = program.end_with_lines();
    let end: serde_json::Value = serde_json::from_str(lines.last().unwrap()).unwrap();
    assert_eq!((printed, held(&path).0), (8, 8));
    assert_eq!(
        (end["frames"].as_u64(), end["segments"].as_u64()),
        (Some(8), Some(8))
    );
}

fn full_below_the_screen() {
    let (folder, path) = place();
    let mut traffic = Traffic::new();
    let port = traffic.port();
    let words = on_a_small_disk(folder.path(), &["-p", &port, "-w", "kept.pcap"]);
    let mut command = CommandBuilder::new(&words[0]);
    command.args(&words[1..]);
    command.env("LC_ALL", "C.UTF-8");
    let mut screen = Screen::start_command(command, 200, 30);
    screen.wait_for("nothing yet");
    traffic.play(MORE_THAN_FITS);
    let text = screen.wait_for("breaks off");
    screen.press("q");
    assert_eq!(screen.wait_for_end(), 1);
    let last = screen.text();
    let segments = grouped(is_beginning(&traffic, &path));
    assert!(
        text.contains(&format!("{segments} received · 0 dropped")),
        "{text}"
    );
    let saved = format!("{segments} segments saved in kept.pcap;");
    assert!(
        last.contains(&saved) && last.replace('\n', "").contains(WHY),
        "{last}"
    );
}

/// Runs the rest where no file may be larger than so many times 512 octets.
const LIMITED: &str = "ulimit -f 256 && exec \"$@\"";

const LIMIT: u64 = 256 * 512;

const TOO_LARGE: &str = "kept.pcap can't be written: File too large (os error 27); `ulimit -f` tells how large a file may become, \
                         and `ulimit -f unlimited` lifts that";

/// What is in the file is what was sent first, and one more segment would have been too much.
fn is_full(traffic: &Traffic, path: &Path) -> usize {
    let (segments, clients) = held(path);
    let sent = traffic.clients.iter().map(ToString::to_string);
    assert!(sent.take(clients.len()).eq(clients));
    let len = fs::metadata(path).unwrap().len();
    assert!(len <= LIMIT && len > LIMIT - 200, "{len}");
    segments
}

fn too_large() {
    let (folder, path) = place();
    let mut traffic = Traffic::new();
    let port = traffic.port();
    let mut command = Command::new("sh");
    command.args(["-c", LIMITED, "sh", env!("CARGO_BIN_EXE_tcpviz")]);
    command.args(["-F", "json", "-p", &port, "-w", "kept.pcap"]);
    command.current_dir(folder.path()).env("LC_ALL", "C.UTF-8");
    let mut program = Program::start(command);
    traffic.play(MORE_THAN_FITS);
    let (status, printed) = program.end();
    let said = &program.said;
    assert_eq!(status.code(), Some(1), "{said}");
    let segments = is_full(&traffic, &path);
    assert_eq!(printed, segments);
    let saved = format!("{} segments saved in kept.pcap;", grouped(segments));
    assert!(said.contains(&saved) && said.contains(TOO_LARGE), "{said}");
}

fn too_large_below_the_screen() {
    let (folder, path) = place();
    let mut traffic = Traffic::new();
    let port = traffic.port();
    // The shell looks what became of the terminal.
    let script = format!("({LIMITED}); echo left with $?; stty -a");
    let mut command = CommandBuilder::new("sh");
    command.args(["-c", &script, "sh", env!("CARGO_BIN_EXE_tcpviz")]);
    command.args(["-p", &port, "-w", "kept.pcap"]);
    command.cwd(folder.path());
    command.env("LC_ALL", "C.UTF-8");
    let mut screen = Screen::start_command(command, 200, 30);
    screen.wait_for("nothing yet");
    traffic.play(MORE_THAN_FITS);
    screen.wait_for("breaks off");
    screen.press("q");
    screen.wait_for("left with 1");
    screen.wait_for_end();
    let last = screen.text();
    is_full(&traffic, &path);
    assert!(last.replace('\n', "").contains(TOO_LARGE), "{last}");
    assert!(
        last.contains(" icanon ") && last.contains(" echo "),
        "{last}"
    );
}

fn full_for_the_output() {
    let (folder, path) = place();
    let mut traffic = Traffic::new();
    let (port, kept) = (traffic.port(), path.to_str().unwrap());
    let arguments = ["-F", "json", "-p", &port, "-w", kept, "-o", "lines"];
    let mut words = on_a_small_disk(folder.path(), &arguments);
    words[4] = SMALL.replace("cp kept.pcap ../kept.pcap; ", "");
    let child = Command::new(&words[0])
        .args(&words[1..])
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    await_file(&path, 24);
    // What is written ends the program once it finds no room.
    traffic.play(MORE_THAN_FITS);
    let output = child.wait_with_output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(
        said.contains("the output can't be written: No space left on device"),
        "{said}"
    );
    let (segments, clients) = held(&path);
    assert!(segments > 100 && clients.len() <= traffic.clients.len());
    assert!(said.contains("segments saved in "), "{said}");
}

fn full_for_the_copy() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("many.pcap");
    fs::write(&path, article::repeated(2_000)).unwrap();
    assert!(
        fs::metadata(&path).unwrap().len() > 512 << 10
            && capture("close-then-peer-writes").exists()
    );
    let small = folder.path().join("small");
    fs::create_dir(&small).unwrap();
    let script = format!(
        "mount -t tmpfs -o size=256k none {small} && export TMPDIR={small} && cat {} | {} -; echo left with $?",
        path.display(),
        env!("CARGO_BIN_EXE_tcpviz"),
        small = small.display(),
    );
    let mut command = CommandBuilder::new("unshare");
    command.args(["--mount", "sh", "-c", &script]);
    command.env("LC_ALL", "C.UTF-8");
    let mut screen = Screen::start_command(command, 160, 30);
    screen.wait_for("14,000 segments · 2,000 connections");
    screen.press("q");
    screen.wait_for("left with 0");
}
