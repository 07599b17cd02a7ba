//! Files that are made to hurt: whatever they claim, tcpviz ends, within the memory that is said here. The bounds are limits that
//! the kernel sets for the program (RLIMIT_DATA, RLIMIT_CPU): past them it dies, and the test with it.
//! docs/memory.md has what was really needed.

mod common;

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use common::screen::{DOWN, Screen};
use flate2::Compression;
use flate2::write::GzEncoder;
use portable_pty::CommandBuilder;
use tempfile::TempDir;

const MILLION: u32 = 1_000_000;

/// Processor time that nothing here may need: one that hangs needs more. A debug build on a busy machine takes a minute at most.
const SECONDS: u32 = 600;

/// Runs the program with so many MiB of memory for everything it writes to.
const LIMITED: &str = r#"ulimit -d "$1" && ulimit -t "$2" && shift 2 && exec "$@""#;

fn limits(mib: u32) -> [String; 5] {
    let kib = (mib * 1024).to_string();
    let seconds = SECONDS.to_string();
    ["-c".into(), LIMITED.into(), "sh".into(), kib, seconds]
}

/// What the program prints of a file within so many MiB.
fn within(mib: u32, arguments: &[&str], file: &Path) -> Output {
    let mut command = Command::new("sh");
    command.args(limits(mib)).arg(env!("CARGO_BIN_EXE_tcpviz"));
    command.args(arguments).arg(file).env("LC_ALL", "C.UTF-8");
    let output = command.output().expect("sh runs");
    let errors = String::from_utf8_lossy(&output.stderr);
    let died = output.status.code().is_none_or(|code| code > 3);
    assert!(
        !died,
        "{mib} MiB, {arguments:?}: {:?} {errors}",
        output.status
    );
    output
}

fn lines(output: &Output) -> usize {
    output.stdout.split(|octet| *octet == b'\n').count() - 1
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// A folder that goes, with a file in it.
struct Written {
    folder: TempDir,
}

impl Written {
    fn new(write: impl FnOnce(&mut dyn Write)) -> Written {
        let folder = tempfile::tempdir().unwrap();
        let written = Written { folder };
        let mut file = BufWriter::new(File::create(written.path()).unwrap());
        write(&mut file);
        file.flush().unwrap();
        written
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("hostile")
    }
}

/// Link type RAW: frames begin with their IP header.
const RAW: u32 = 101;

fn words(out: &mut dyn Write, words: &[u32]) {
    for word in words {
        out.write_all(&word.to_le_bytes()).unwrap();
    }
}

fn pcap_header(out: &mut dyn Write) {
    words(out, &[0xa1b2_3c4d, 4 << 16 | 2, 0, 0, 262_144, RAW]);
}

fn record(out: &mut dyn Write, number: u32, data: &[u8]) {
    let len = u32::try_from(data.len()).unwrap();
    words(out, &[number / 1000, number % 1000 * 1_000_000, len, len]);
    out.write_all(data).unwrap();
}

const SYN: u8 = 0x02;
const ACK: u8 = 0x10;
const PSH: u8 = 0x08;

/// An IPv4 packet with a segment from `source` and `port` to a server's port 80.
fn packet(source: u32, port: u16, seq: u32, flags: u8, data: &[u8]) -> Vec<u8> {
    let len = u16::try_from(40 + data.len()).unwrap();
    let mut packet = vec![0x45, 0];
    packet.extend(len.to_be_bytes());
    packet.extend([0, 0, 0, 0, 64, 6, 0, 0]);
    packet.extend(source.to_be_bytes());
    packet.extend([192, 0, 2, 80]);
    packet.extend(port.to_be_bytes());
    packet.extend([0, 80]);
    packet.extend(seq.to_be_bytes());
    packet.extend([0, 0, 0, 7, 0x50, flags, 4, 0, 0, 0, 0, 0]);
    packet.extend(data);
    packet
}

fn port_of(number: u32) -> u16 {
    1024 + u16::try_from(number % 60_000).unwrap()
}

/// So many connections, a SYN each.
fn connections(count: u32) -> Written {
    Written::new(|out| {
        pcap_header(out);
        for number in 0..count {
            let syn = packet(0x0a00_0000 + number, port_of(number), 1, SYN, &[]);
            record(out, number, &syn);
        }
    })
}

#[test]
fn a_million_connections_of_one_segment_take_at_most_384_mib() {
    let file = connections(MILLION);
    let table = within(384, &["-F", "connections"], &file.path());
    assert_eq!(lines(&table), MILLION as usize + 1, "{}", said(&table));

    let mut command = CommandBuilder::new("sh");
    command.args(limits(384));
    command.arg(env!("CARGO_BIN_EXE_tcpviz"));
    command.arg(file.path());
    command.env("LC_ALL", "C.UTF-8");
    command.env("TERM", "xterm-256color");
    let mut screen = Screen::start_command(command, 100, 30);
    screen.wait_patiently("1,000,000 connections");
    screen.press(DOWN);
    screen.wait_patiently("10.0.0.1:1025");
    screen.press("q");
    assert_eq!(screen.wait_for_end(), 0);
}

#[test]
fn the_same_two_endpoints_a_hundred_thousand_times_anew_take_at_most_96_mib() {
    let file = Written::new(|out| {
        pcap_header(out);
        for number in 0..MILLION / 10 {
            // Far from the numbers of the one before: a new connection.
            let syn = packet(
                0x0a00_0001,
                1024,
                number.wrapping_mul(0x0765_4321),
                SYN,
                &[],
            );
            record(out, number, &syn);
        }
    });
    let table = within(96, &["-F", "connections"], &file.path());
    assert!(lines(&table) > 50_000, "{}", lines(&table));
}

#[test]
fn a_connection_of_three_hundred_thousand_holes_takes_at_most_96_mib() {
    let file = Written::new(|out| {
        pcap_header(out);
        for number in 0..MILLION * 3 / 10 {
            let data = packet(0x0a00_0001, 1024, 2 * number, ACK | PSH, b"x");
            record(out, number, &data);
        }
    });
    let table = within(96, &["-F", "connections"], &file.path());
    assert_eq!(lines(&table), 2, "{}", said(&table));
}

/// A pcapng block around `body`, which is a multiple of 4 octets.
fn block(out: &mut dyn Write, kind: u32, body: &[u8]) {
    let len = u32::try_from(12 + body.len()).unwrap();
    words(out, &[kind, len]);
    out.write_all(body).unwrap();
    words(out, &[len]);
}

fn section(out: &mut dyn Write) {
    words(
        out,
        &[0x0a0d_0d0a, 28, 0x1a2b_3c4d, 1, u32::MAX, u32::MAX, 28],
    );
}

/// An interface's description: its link type, and its snap length.
const INTERFACE: [u8; 8] = [RAW.to_le_bytes()[0], 0, 0, 0, 0, 0, 4, 0];

/// An Enhanced Packet Block of an interface.
fn enhanced(out: &mut dyn Write, interface: u32, data: &[u8]) {
    let len = u32::try_from(data.len()).unwrap();
    let mut body = Vec::new();
    words(&mut body, &[interface, 0, 5, len, len]);
    body.extend(data);
    block(out, 6, &body);
}

#[test]
fn a_million_interfaces_in_pcapng_take_at_most_160_mib() {
    let file = Written::new(|out| {
        section(out);
        for _ in 0..MILLION {
            block(out, 1, &INTERFACE);
        }
        enhanced(out, MILLION - 1, &packet(0x0a00_0001, 1024, 1, SYN, &[]));
    });
    let table = within(160, &["-F", "connections"], &file.path());
    assert_eq!(lines(&table), 2, "{}", said(&table));
}

#[test]
fn more_interfaces_than_are_kept_are_refused_and_what_came_before_is_shown() {
    let file = Written::new(|out| {
        section(out);
        block(out, 1, &INTERFACE);
        enhanced(out, 0, &packet(0x0a00_0001, 1024, 1, SYN, &[]));
        for _ in 0..MILLION + 50_000 {
            block(out, 1, &INTERFACE);
        }
    });
    let table = within(160, &["-F", "connections"], &file.path());
    assert_eq!(lines(&table), 2);
    let said = said(&table);
    assert!(said.contains("more than 1048576 interfaces"), "{said}");
}

#[test]
fn lengths_of_four_gigabytes_take_at_most_32_mib() {
    let syn = packet(0x0a00_0001, 1024, 1, SYN, &[]);
    let huge = [0xffff_fffc, 0xffff_ffff, 0x8000_0000, 0x7fff_fffc];
    for len in huge {
        // A block of every kind, and one that no one knows.
        for kind in [0x0a0d_0d0a, 1, 2, 3, 4, 5, 6, 9, 10, 0xbad, 0x4321] {
            let file = Written::new(|out| {
                section(out);
                block(out, 1, &INTERFACE);
                enhanced(out, 0, &syn);
                words(out, &[kind, len, 0x1a2b_3c4d, 0, 0, len, len]);
                out.write_all(&[0; 4096]).unwrap();
            });
            let table = within(32, &["-F", "connections"], &file.path());
            let said = said(&table);
            assert_eq!(lines(&table), 2, "{kind:x} {len:x}: {said}");
            assert!(
                said.contains("everything before is shown"),
                "{kind:x} {len:x}: {said}"
            );
        }
        // An option of an interface that is longer than its block.
        let file = Written::new(|out| {
            section(out);
            block(
                out,
                1,
                &[&INTERFACE[..], &[2, 0, 0xff, 0xff, b'x', 0, 0, 0]].concat(),
            );
            enhanced(out, 0, &syn);
        });
        within(32, &["-F", "connections"], &file.path());
        let file = Written::new(|out| {
            pcap_header(out);
            record(out, 0, &syn);
            words(out, &[0, 0, len, len]);
            out.write_all(&[0; 4096]).unwrap();
        });
        let table = within(32, &["-F", "connections"], &file.path());
        assert_eq!(lines(&table), 2, "pcap {len:x}: {}", said(&table));
    }
}

/// Compresses as well as gzip can.
fn gzip(write: impl FnOnce(&mut dyn Write)) -> Written {
    Written::new(|out| {
        let mut encoder = GzEncoder::new(out, Compression::best());
        write(&mut encoder);
        encoder.finish().unwrap();
    })
}

/// More than a million frames, all alike, in a fifth of a megabyte; without a bound there might be a hundred million.
#[test]
fn a_gzip_bomb_of_frames_is_left_after_a_million_within_128_mib() {
    let syn = packet(0x0a00_0001, 1024, 1, ACK, b"x");
    let bomb = gzip(|out| {
        pcap_header(out);
        for _ in 0..MILLION + MILLION / 8 {
            record(out, 7, &syn);
        }
    });
    assert!(bomb.path().metadata().unwrap().len() < 1 << 20);
    let output = within(128, &["-F", "connections"], &bomb.path());
    let said = said(&output);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert_eq!(said.lines().count(), 1, "{said}");
    for told in [
        "less than an octet of the compressed file stands for a frame",
        "everything before is shown",
    ] {
        assert!(said.contains(told), "{said}");
    }
    assert_eq!(lines(&output), 2, "{said}");
}

#[test]
fn a_gzip_bomb_of_frames_without_octets_is_left_within_32_mib() {
    let bomb = gzip(|out| {
        pcap_header(out);
        for _ in 0..2 * MILLION {
            record(out, 7, &[]);
        }
    });
    let output = within(32, &["-F", "connections"], &bomb.path());
    let said = said(&output);
    assert!(
        said.contains("less than an octet of the compressed file"),
        "{said}"
    );
}

/// What no text that is printed may hold: it would command a terminal, or turn the reading order round.
fn is_harmless(text: &str) -> bool {
    let bidi = |c: char| matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    !text
        .chars()
        .any(|c| (c.is_control() && c != '\n' && c != '\t') || bidi(c))
}

/// Clears the screen, sets the title, asks for an answer, turns the line round, ends the line.
const NASTY: &str = "a\u{1b}[2J\u{1b}]0;x\u{7}\u{9b}c\u{202e}gnp\u{2066}.\r\u{8}\u{85}z";

fn option(code: u16, text: &str) -> Vec<u8> {
    let mut option = Vec::new();
    option.extend(code.to_le_bytes());
    option.extend(u16::try_from(text.len()).unwrap().to_le_bytes());
    option.extend(text.as_bytes());
    option.resize(option.len().next_multiple_of(4), 0);
    option
}

/// pcapng with such a text in each option of each block that holds text.
fn nasty_pcapng(out: &mut dyn Write) {
    // Comment, hardware or name, system or description, application or filter.
    let texts: Vec<u8> = (1..=4).flat_map(|code| option(code, NASTY)).collect();
    let mut head = Vec::new();
    words(&mut head, &[0x1a2b_3c4d, 1, u32::MAX, u32::MAX]);
    block(out, 0x0a0d_0d0a, &[&head[..], &texts].concat());
    block(out, 1, &[&INTERFACE[..], &texts].concat());
    // Names of hosts (a record of IPv4), and a comment.
    let name = [&[10, 0, 0, 1][..], NASTY.as_bytes(), &[0]].concat();
    let mut names = vec![1, 0];
    names.extend(u16::try_from(name.len()).unwrap().to_le_bytes());
    names.extend(name);
    names.resize(names.len().next_multiple_of(4), 0);
    names.extend([0; 4]);
    block(out, 4, &[&names[..], &option(1, NASTY)].concat());
    let data = packet(0x0a00_0001, 1024, 1, ACK | PSH, NASTY.as_bytes());
    let mut body = Vec::new();
    let len = u32::try_from(data.len()).unwrap();
    words(&mut body, &[0, 0, 5, len, len]);
    body.extend(&data);
    body.resize(body.len().next_multiple_of(4), 0);
    body.extend(option(1, NASTY));
    block(out, 6, &body);
    block(out, 5, &[&[0; 12][..], &option(1, NASTY)].concat());
}

#[test]
fn texts_with_escapes_in_every_field_and_name_reach_no_output() {
    let folder = tempfile::tempdir().unwrap();
    // A file name may hold anything but a slash and NUL.
    let file = folder.path().join(NASTY);
    let mut out = File::create(&file).unwrap();
    nasty_pcapng(&mut out);
    let broken = folder.path().join(format!("broken {NASTY}"));
    std::fs::write(&broken, NASTY).unwrap();
    let missing = folder.path().join(format!("missing {NASTY}"));
    let formats = [
        "ladder",
        "json",
        "csv",
        "tcpdump",
        "connections",
        "markdown",
        "mermaid",
        "svg",
        "html",
    ];
    let plain = formats.map(|format| vec!["-F", format]);
    let typed = ["-o", "-f", "--expect", "-p", "--width", "-c", "-i", "-F"]
        .map(|option| vec![option, NASTY]);
    for arguments in plain.iter().chain(&typed) {
        for file in [&file, &broken, &missing] {
            let mut command = Command::new(env!("CARGO_BIN_EXE_tcpviz"));
            command.args(arguments).arg(file).current_dir(folder.path());
            let output = command.output().unwrap();
            for text in [&output.stdout, &output.stderr] {
                let text = String::from_utf8_lossy(text);
                assert!(is_harmless(&text), "{arguments:?}: {text:?}");
            }
        }
    }
}
