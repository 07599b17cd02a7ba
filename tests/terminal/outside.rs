//! What goes out: a file, the clipboard. And what goes on by itself.

use std::path::Path;
use std::process::Command;

use portable_pty::CommandBuilder;

use super::close;
use super::common::capture;
use super::common::screen::{DOWN, RIGHT, Screen};

/// tcpdump's lines of a capture, but those without `port`.
fn tcpdump(path: &Path, port: &str) -> Vec<String> {
    let output = Command::new("tcpdump")
        .args(["-nn", "-tt", "-r"])
        .arg(path)
        .output()
        .expect("tcpdump is installed");
    assert!(output.status.success(), "{output:?}");
    let text = String::from_utf8(output.stdout).unwrap();
    let lines = text.lines().filter(|line| line.contains(port));
    lines.map(str::to_string).collect()
}

/// The program started in a folder of its own, with two connections to choose among.
fn started_in(folder: &Path, columns: u16) -> Screen {
    let mut octets = std::fs::read(capture("orderly-close")).unwrap();
    octets.extend(&std::fs::read(capture("close-then-peer-writes")).unwrap()[24..]);
    std::fs::write(folder.join("two.pcap"), octets).unwrap();
    let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_tcpviz"));
    command.arg("two.pcap");
    command.cwd(folder);
    command.env("LC_ALL", "C.UTF-8");
    command.env("TERM", "xterm-256color");
    Screen::start_command(command, columns, 30)
}

#[test]
fn w_writes_the_connection_so_that_tcpdump_reads_its_frames_and_no_others() {
    let folder = tempfile::tempdir().unwrap();
    let mut screen = started_in(folder.path(), 140);
    screen.wait_for("2 connections");
    screen.press(DOWN);
    screen.wait_for("step 1/7");
    screen.press("w");
    // The name that is offered says which connection it is.
    screen.wait_for("write to: tcpviz-127.0.0.1.43542-127.0.0.1.4321.pcap");
    screen.press("\x15one.pcap\r");
    screen.wait_for("7 frames written to one.pcap; to see them: tcpviz one.pcap");
    let written = tcpdump(&folder.path().join("one.pcap"), "");
    let all = tcpdump(&folder.path().join("two.pcap"), ".43542");
    assert_eq!((written.len(), written), (7, all));
    // The name that is offered is free.
    std::fs::write(
        folder
            .path()
            .join("tcpviz-127.0.0.1.43542-127.0.0.1.4321.pcap"),
        "",
    )
    .unwrap();
    screen.press("w");
    screen.wait_for("write to: tcpviz-127.0.0.1.43542-127.0.0.1.4321-2.pcap");
    screen.press("\x1b");
    // Never over a file that is there.
    screen.press("w\x15two.pcap\r");
    let text = screen.wait_for("nothing was written");
    assert!(text.contains("that file exists"), "{text}");
    assert_eq!(tcpdump(&folder.path().join("two.pcap"), "").len(), 16);
    // Another name can be typed at once.
    screen.press("\x15nowhere/one.pcap\r");
    screen.wait_for("No such file or directory");
    screen.press("\x15other.pcap\r");
    screen.wait_for("written to other.pcap");
    screen.press("q");
    assert_eq!(screen.wait_for_end(), 0);
}

#[test]
fn w_writes_the_octets_of_the_capture_and_its_times() {
    let folder = tempfile::tempdir().unwrap();
    let mut screen = started_in(folder.path(), 80);
    screen.wait_for("2 connections");
    screen.press("w");
    screen.wait_for("write to: ");
    screen.press("\x15first.pcap\r");
    // On a narrow screen it takes more lines to say so.
    screen.wait_for("9 frames written to first.pcap");
    screen.press("q");
    assert_eq!(screen.wait_for_end(), 0);
    let first = folder.path().join("first.pcap");
    let shown = super::common::printed(&[first.to_str().unwrap()]);
    let before = super::common::printed(&[capture("orderly-close").to_str().unwrap()]);
    assert_eq!(shown, before);
}

#[test]
fn e_exports_what_is_shown_in_the_format_that_the_name_asks_for() {
    let folder = tempfile::tempdir().unwrap();
    let mut screen = started_in(folder.path(), 140);
    screen.wait_for("2 connections");
    screen.press(DOWN);
    screen.wait_for("step 1/7");
    // Only control segments, absolute numbers: the file has the same.
    screen.press("ca");
    screen.wait_for("control only");
    screen.press("E");
    screen.wait_for("export to: tcpviz-127.0.0.1.43542-127.0.0.1.4321.md");
    screen.press("\x15shown.txt\r");
    screen.wait_for("connection 2 written to shown.txt");
    let shown = std::fs::read_to_string(folder.path().join("shown.txt")).unwrap();
    let two = folder.path().join("two.pcap");
    let two = two.to_str().unwrap();
    let wanted = [
        "--control-only",
        "--absolute",
        "-F",
        "ladder",
        "-c",
        "2",
        two,
    ];
    assert_eq!(shown, super::common::printed(&wanted));
    assert!(!shown.contains("PSH"), "{shown}");
    screen.press("E\x15shown.png\r");
    let text = screen.wait_for("nothing was written");
    assert!(text.contains("its name must end in .md, .txt"), "{text}");
    screen.press("\x15shown.txt\r");
    screen.wait_for("that file exists");
    screen.press("\x15report.md\r");
    screen.wait_for("connection 2 written to report.md");
    let report = std::fs::read_to_string(folder.path().join("report.md")).unwrap();
    assert!(report.contains("tcpdump -nn"), "{report}");
    screen.press("q");
    assert_eq!(screen.wait_for_end(), 0);
}

/// RFC 4648, 4.
fn decoded(base64: &[u8]) -> String {
    let value = |octet: u8| match octet {
        b'A'..=b'Z' => octet - b'A',
        b'a'..=b'z' => octet - b'a' + 26,
        b'0'..=b'9' => octet - b'0' + 52,
        b'+' => 62,
        b'/' => 63,
        other => panic!("not base64: {other}"),
    };
    let digits = base64.iter().filter(|octet| **octet != b'=');
    let bits: Vec<bool> = digits
        .flat_map(|octet| (0..6).rev().map(move |bit| value(*octet) >> bit & 1 == 1))
        .collect();
    let octet = |bits: &[bool]| bits.iter().fold(0, |all, bit| all << 1 | u8::from(*bit));
    String::from_utf8(bits.chunks_exact(8).map(octet).collect()).unwrap()
}

#[test]
fn y_puts_the_row_on_the_clipboard_and_shift_y_tcpdumps_line() {
    let mut screen = Screen::start(&[&close()], 139, 30);
    screen.wait_for("step 1/7");
    screen.press(&RIGHT.repeat(3));
    screen.wait_for("step 4/7");
    screen.press("y");
    screen.wait_for("copied, if the terminal allows it");
    let row = decoded(screen.copied().last().expect("something was copied"));
    // As the text output has it.
    let text = super::common::printed(&[&close()]);
    assert!(row.contains("FIN,ACK seq 1 ack 1"), "{row}");
    let fin = text
        .lines()
        .find(|line| line.contains("── FIN,ACK"))
        .unwrap();
    let (row_words, fin_words): (Vec<_>, Vec<_>) = (
        row.split_whitespace().collect(),
        fin.split_whitespace().collect(),
    );
    // The selected row names both states, also those that stand.
    assert_eq!(row_words, fin_words);
    screen.press("Y");
    screen.wait("tcpdump's line", |text| {
        text.contains("allows it: IP 127.0.0.1.")
    });
    let line = decoded(screen.copied().last().unwrap());
    let fin = tcpdump(Path::new(&close()), "[F.]").remove(0);
    assert!(fin.ends_with(&line), "{line}\n{fin}");
    assert_eq!(screen.copied().len(), 2);
    screen.press("q");
    assert_eq!(screen.wait_for_end(), 0);
}

#[test]
fn space_plays_to_the_end_and_stops_there() {
    let mut screen = Screen::start(&["--speed", "20ms", &close()], 100, 30);
    // It began by itself, as asked for.
    screen.wait("the last step, at rest", |text| {
        text.contains("step 7/7") && !text.contains("playing")
    });
    // Once more from the beginning.
    screen.press(" ");
    screen.wait("it plays", |text| text.contains("playing"));
    screen.wait("the last step, at rest", |text| {
        text.contains("step 7/7") && !text.contains("playing")
    });
    screen.press("q");
    assert_eq!(screen.wait_for_end(), 0);
}

#[test]
fn space_stops_what_plays() {
    let mut screen = Screen::start(&[&close()], 100, 30);
    screen.wait_for("step 1/7");
    screen.press(" ");
    screen.wait_for("playing, 500 ms a row");
    screen.press("+");
    screen.wait_for("playing, 250 ms a row");
    screen.press("*");
    screen.wait("in real time", |text| text.contains("playing, 1x"));
    screen.press(" ");
    screen.wait("at rest", |text| !text.contains("playing"));
    screen.press("q");
    assert_eq!(screen.wait_for_end(), 0);
}
