//! `--format tcpdump` against tcpdump itself (4.99): the same lines up to `length`, octet by octet, of
//! every capture in the repository and of frames that no honest host sends.

#[path = "../common/mod.rs"]
mod common;
mod frames;
mod odd;

use std::path::Path;
use std::process::{Command, Output};

use common::{captures, tcpviz};
use frames::{
    ETHERNET, File, LINUX_SLL, LINUX_SLL2, NULL, RAW, TCP, ethernet, in_link, ipv4, ipv6, tagged,
};
use odd::Random;

/// tcpdump's lines for a file, each cut behind `length`: what it knows of the data isn't asked for.
fn tcpdump(path: &Path, zone: &str, more: &[&str]) -> Vec<String> {
    let output = Command::new("tcpdump")
        .env("TZ", zone)
        .args(["-nn", "-r"])
        .arg(path)
        .args(more)
        .output()
        .expect("this test compares with tcpdump itself: install tcpdump (4.99)");
    let text = lines(&output);
    let begins = |line: &&String| line.get(2..3) == Some(":");
    text.iter().filter(begins).map(|line| cut(line)).collect()
}

/// `line` up to `length N`.
fn cut(line: &str) -> String {
    let Some((before, behind)) = line.split_once(", length ") else {
        return line.into();
    };
    let digits = behind.chars().take_while(char::is_ascii_digit);
    format!("{before}, length {}", digits.collect::<String>())
}

fn ours(path: &Path, zone: &str, more: &[&str]) -> Vec<String> {
    let mut command = tcpviz();
    command.env("TZ", zone).args(["--format", "tcpdump"]);
    lines(&command.args(more).arg(path).output().unwrap())
}

fn lines(output: &Output) -> Vec<String> {
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{errors}");
    let text = String::from_utf8_lossy(&output.stdout);
    text.lines().map(String::from).collect()
}

/// Fails with the first line that differs.
fn compare(what: &str, ours: &[String], theirs: &[String]) {
    for (number, (ours, theirs)) in ours.iter().zip(theirs).enumerate() {
        let line = number + 1;
        assert_eq!(
            without_ae(ours),
            without_ae(theirs),
            "{what}: line {line} (left: ours)"
        );
    }
    assert_eq!(ours.len(), theirs.len(), "{what}: lines");
}

/// Whether tcpdump is one whose words for what is cut or can't be are known: 4.99.5 and later have others
/// for some of it.
fn is_word_for_word() -> bool {
    let version = Command::new("tcpdump").arg("--version").output().unwrap();
    let version = [version.stdout, version.stderr].concat();
    let version = String::from_utf8_lossy(&version);
    ["4.99.2", "4.99.3", "4.99.4"]
        .iter()
        .any(|known| version.contains(known))
}

/// As [`compare`]; with a tcpdump that has other words, only where a line goes on to `length`.
fn compare_odd(what: &str, ours: &[String], theirs: &[String]) {
    if is_word_for_word() {
        return compare(what, ours, theirs);
    }
    assert_eq!(ours.len(), theirs.len(), "{what}: lines");
    let is_whole = |line: &String| line.contains(", length ") && !line.contains("truncated-ip");
    let pairs = ours.iter().zip(theirs);
    let (ours, theirs): (Vec<_>, Vec<_>) = pairs
        .filter(|(ours, theirs)| is_whole(ours) && is_whole(theirs))
        .map(|(ours, theirs)| (ours.clone(), theirs.clone()))
        .unzip();
    compare(what, &ours, &theirs);
}

/// tcpdump has a letter for Accurate ECN's flag only since 2026 (4.99.7).
fn without_ae(line: &str) -> String {
    let Some((before, behind)) = line.split_once(']') else {
        return line.into();
    };
    match before.strip_suffix("none").or(before.strip_suffix('e')) {
        Some(letters) if letters.ends_with('[') => format!("{letters}none]{behind}"),
        Some(letters) => format!("{letters}]{behind}"),
        None => line.into(),
    }
}

#[test]
fn every_capture_is_printed_as_tcpdump_prints_it() {
    for (name, path) in captures() {
        let theirs = tcpdump(&path, "UTC", &["tcp"]);
        assert!(!theirs.is_empty(), "{name}");
        compare(&name, &ours(&path, "UTC", &[]), &theirs);
        let theirs = tcpdump(&path, "UTC", &["-S", "tcp"]);
        compare(&name, &ours(&path, "UTC", &["--absolute"]), &theirs);
    }
}

#[test]
fn ports_filter_and_time_zone_choose_the_same_lines() {
    for (name, path) in captures() {
        let theirs = tcpdump(&path, "UTC", &["tcp port 4321"]);
        compare(&name, &ours(&path, "UTC", &["-p", "4321"]), &theirs);
    }
    let mut file = File::new(ETHERNET);
    // The nights in which Europe's clocks were changed in 2024, a year with a leap day, and 1970.
    for second in [
        1_711_846_799,
        1_711_846_800,
        1_729_990_799,
        1_729_990_800,
        1_709_164_800,
        0,
    ] {
        file.add_at(second, &ethernet(&ipv4(&[0; 20])), 0);
    }
    for zone in [
        "Europe/Berlin",
        "America/St_Johns",
        "UTC",
        "",
        "XYZ-3:30",
        "Nowhere/Nowhere",
    ] {
        let theirs = tcpdump(file.path(), zone, &["tcp"]);
        compare(zone, &ours(file.path(), zone, &[]), &theirs);
    }
}

/// Frames as the generator makes them; enough that each odd thing comes along in every run.
const FRAMES: usize = 10_000;

#[test]
fn odd_segments_are_printed_as_tcpdump_prints_them() {
    for (seed, link) in [ETHERNET, RAW, NULL, LINUX_SLL, LINUX_SLL2]
        .into_iter()
        .enumerate()
    {
        let mut random = Random::new(0x9e37_79b9_7f4a_7c15 + seed as u64);
        let mut file = File::new(link);
        for _ in 0..FRAMES {
            let datagram = random.datagram();
            let mut frame = in_link(link, &datagram);
            let before = frame.len() - datagram.len();
            let wire_len = frame.len();
            // The octets that tell that it is TCP stay, or tcpdump's filter wouldn't take it.
            if random.one_in(6) {
                let needed = before + if datagram[0] >> 4 == 6 { 7 } else { 10 };
                frame.truncate(needed + random.below(wire_len - needed + 1));
            }
            file.add(&frame, wire_len);
        }
        let theirs = tcpdump(file.path(), "UTC", &["tcp"]);
        assert!(theirs.len() > FRAMES / 2);
        compare_odd(
            &format!("link type {link}"),
            &ours(file.path(), "UTC", &[]),
            &theirs,
        );
    }
}

/// tcpdump's filter `tcp` looks neither behind VLAN tags nor behind IPv6's extension headers; without a
/// filter it prints what is there.
#[test]
fn segments_behind_tags_and_extension_headers_are_printed_as_tcpdump_prints_them() {
    let mut random = Random::new(7);
    for link in [ETHERNET, LINUX_SLL, LINUX_SLL2] {
        let mut file = File::new(link);
        for _ in 0..FRAMES / 4 {
            let segment = random.segment();
            let datagram = match random.below(4) {
                0 => ipv6(0, &[&[TCP, 0, 1, 4, 0, 0, 0, 0], &segment[..]].concat()),
                1 => ipv6(
                    60,
                    &[
                        &[0, 0, 1, 4, 0, 0, 0, 0, TCP, 0, 1, 4, 0, 0, 0, 0],
                        &segment[..],
                    ]
                    .concat(),
                ),
                2 => ipv6(TCP, &segment),
                _ => ipv4(&segment),
            };
            let frame = tagged(link, &datagram, 1 + random.below(2));
            file.add(&frame, frame.len());
        }
        let theirs = tcpdump(file.path(), "UTC", &[]);
        compare_odd(
            &format!("link type {link}"),
            &ours(file.path(), "UTC", &[]),
            &theirs,
        );
    }
}
