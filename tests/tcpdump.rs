//! `--format tcpdump` against tcpdump itself (4.99): the same lines up to `length`, octet by octet, of
//! every capture in the repository and of frames that no honest host sends.

#![expect(
    clippy::cast_possible_truncation,
    reason = "files are written from numbers known to fit"
)]

mod common;

use std::path::Path;
use std::process::{Command, Output};

use common::{captures, tcpviz};

const TCP: u8 = 6;

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
        let mut random = Random(0x9e37_79b9_7f4a_7c15 + seed as u64);
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
    let mut random = Random(7);
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

const NULL: u32 = 0;
const ETHERNET: u32 = 1;
const RAW: u32 = 101;
const LINUX_SLL: u32 = 113;
const LINUX_SLL2: u32 = 276;

fn ether_type(datagram: &[u8]) -> [u8; 2] {
    if datagram[0] >> 4 == 6 {
        [0x86, 0xdd]
    } else {
        [8, 0]
    }
}

fn ethernet(datagram: &[u8]) -> Vec<u8> {
    [&[0; 12][..], &ether_type(datagram), datagram].concat()
}

fn in_link(link: u32, datagram: &[u8]) -> Vec<u8> {
    let direction = datagram[11] % 6;
    match link {
        NULL if datagram[0] >> 4 == 6 => [&[30, 0, 0, 0], datagram].concat(),
        NULL => [&[2, 0, 0, 0], datagram].concat(),
        RAW => datagram.into(),
        LINUX_SLL => [&[0; 14][..], &ether_type(datagram), datagram].concat(),
        LINUX_SLL2 => {
            let index = [0, 0, 0, 0, 0, direction % 3];
            [
                &ether_type(datagram)[..],
                &index,
                &[3, 4, direction],
                &[0; 9],
                datagram,
            ]
            .concat()
        }
        _ => ethernet(datagram),
    }
}

/// The same behind so many VLAN tags.
fn tagged(link: u32, datagram: &[u8], tags: usize) -> Vec<u8> {
    let plain = in_link(link, datagram);
    let kind = match link {
        LINUX_SLL => 14,
        LINUX_SLL2 => 0,
        _ => 12,
    };
    let (header, _) = plain.split_at(plain.len() - datagram.len());
    let mut header = header.to_vec();
    let inner = [header[kind], header[kind + 1]];
    header[kind..kind + 2].copy_from_slice(&[0x81, 0]);
    for _ in 1..tags {
        header.extend([0x20, 5, 0x81, 0]);
    }
    header.extend([0, 7]);
    [&header[..], &inner, datagram].concat()
}

fn ipv4(segment: &[u8]) -> Vec<u8> {
    let len = (20 + segment.len() as u16).to_be_bytes();
    let header = [
        0x45, 0, len[0], len[1], 0, 1, 0, 0, 64, TCP, 0, 0, 192, 0, 2, 1, 198, 51, 100, 2,
    ];
    [&header[..], segment].concat()
}

fn ipv6(next: u8, payload: &[u8]) -> Vec<u8> {
    let len = (payload.len() as u16).to_be_bytes();
    let mut header = vec![0x60, 0, 0, 0, len[0], len[1], next, 64];
    header.extend(
        "2001:db8::1"
            .parse::<std::net::Ipv6Addr>()
            .unwrap()
            .octets(),
    );
    header.extend("::102:304".parse::<std::net::Ipv6Addr>().unwrap().octets());
    [&header[..], payload].concat()
}

/// A nanosecond pcap file under way.
struct File {
    file: tempfile::NamedTempFile,
    frames: u32,
}

impl File {
    fn new(link: u32) -> File {
        let file = tempfile::NamedTempFile::new().unwrap();
        let mut begun = File { file, frames: 0 };
        for word in [0xa1b2_3c4d, 4 << 16 | 2, 0, 0, 262_144, link] {
            begun.write(&u32::to_le_bytes(word));
        }
        begun
    }

    fn path(&self) -> &Path {
        self.file.path()
    }

    fn write(&mut self, octets: &[u8]) {
        std::io::Write::write_all(&mut self.file, octets).unwrap();
    }

    fn add(&mut self, frame: &[u8], wire_len: usize) {
        self.add_at(1_700_000_000 + self.frames / 3, frame, wire_len);
    }

    /// Never less on the wire than what was captured.
    fn add_at(&mut self, second: u32, frame: &[u8], wire_len: usize) {
        let wire_len = wire_len.max(frame.len()) as u32;
        for word in [
            second,
            987_654_321 - self.frames,
            frame.len() as u32,
            wire_len,
        ] {
            self.write(&word.to_le_bytes());
        }
        self.write(frame);
        self.frames += 1;
    }
}

/// xorshift64*: the same frames in every run.
struct Random(u64);

/// Kinds that tcpdump has words for, each with its own length, and some that it has none for.
const OPTIONS: [(u8, u8); 26] = [
    (0, 1),
    (1, 1),
    (2, 4),
    (3, 3),
    (4, 2),
    (5, 10),
    (5, 18),
    (6, 6),
    (7, 6),
    (8, 10),
    (9, 2),
    (11, 6),
    (12, 6),
    (13, 6),
    (19, 18),
    (20, 4),
    (28, 4),
    (29, 16),
    (30, 12),
    (34, 10),
    (34, 2),
    (69, 6),
    (172, 11),
    (253, 4),
    (254, 6),
    (254, 12),
];

/// Lengths of MPTCP's options.
const MPTCP: [u8; 13] = [3, 4, 8, 10, 12, 16, 18, 20, 22, 24, 26, 28, 30];

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    fn below(&mut self, limit: usize) -> usize {
        (self.next() >> 32) as usize % limit
    }

    fn one_in(&mut self, times: usize) -> bool {
        self.below(times) == 0
    }

    fn octet(&mut self) -> u8 {
        self.next().to_be_bytes()[0]
    }

    fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.below(from.len())]
    }

    fn octets(&mut self, count: usize) -> Vec<u8> {
        (0..count).map(|_| self.octet()).collect()
    }

    fn datagram(&mut self) -> Vec<u8> {
        let segment = self.segment();
        if self.one_in(3) {
            return self.datagram_v6(&segment);
        }
        let mut datagram = ipv4(&segment);
        datagram[19] = self.pick(&[2, 3]);
        match self.below(30) {
            0 => datagram[2..4].copy_from_slice(&[0, self.0.to_le_bytes()[3] & 0x7f]),
            1 => datagram[3] = self.octet(),
            2 => datagram[0] = 0x40 | self.octet() & 15,
            3 => datagram[0] = self.octet(),
            4 => datagram[6] = self.octet(),
            5 => datagram[7] = self.octet(),
            6 => {
                let count = 4 * (1 + self.below(10));
                let options = self.octets(count);
                datagram.splice(20..20, options);
                datagram[0] += count as u8 / 4;
                datagram[3] = datagram[3].wrapping_add(count as u8);
            }
            7 => {
                let padding = self.below(8);
                datagram.extend(self.octets(padding));
            }
            8 => {
                let source = datagram[12..16].to_vec();
                datagram[16..20].copy_from_slice(&source);
            }
            _ => {}
        }
        // Raw IP is told by its version, others by their EtherType.
        if datagram[0] >> 4 == 6 {
            datagram[0] = 0x45;
        }
        datagram
    }

    fn datagram_v6(&mut self, segment: &[u8]) -> Vec<u8> {
        let mut datagram = if self.one_in(8) {
            let offset = self.pick(&[0, 1, 8, 9]);
            ipv6(44, &[&[TCP, 0, 0, offset, 0, 0, 0, 7], segment].concat())
        } else {
            ipv6(TCP, segment)
        };
        match self.below(20) {
            0 => datagram[5] = self.octet(),
            1 => datagram[4..6].copy_from_slice(&[0, 0]),
            2 => {
                // An address with any words zero.
                let zeros = self.octet();
                for word in (0..8).filter(|word| zeros >> word & 1 == 1) {
                    datagram[24 + 2 * word..26 + 2 * word].copy_from_slice(&[0, 0]);
                }
            }
            3 => datagram[34..36].copy_from_slice(&[0xff, 0xff]),
            _ => {}
        }
        datagram
    }

    /// A TCP segment between few ports, so that connections come about.
    fn segment(&mut self) -> Vec<u8> {
        let ends = [0u16, 1000, 4321, 4321, 65_535];
        let mut octets = Vec::new();
        octets.extend(self.pick(&ends).to_be_bytes());
        octets.extend(self.pick(&ends).to_be_bytes());
        octets.extend(self.octets(8));
        let mut options = if self.one_in(3) {
            Vec::new()
        } else {
            self.options()
        };
        options.resize(options.len().next_multiple_of(4).min(40), 1);
        let mut offset = 5 + options.len() as u8 / 4;
        if self.one_in(25) {
            offset = self.octet() & 15;
        }
        octets.push(offset << 4 | self.octet() & 15);
        let flags = [0x02, 0x12, 0x10, 0x10, 0x10, 0x18, 0x11, 0x04, 0x14, 0xc2];
        let any = self.octet();
        octets.push(if self.one_in(8) {
            any
        } else {
            self.pick(&flags)
        });
        octets.extend(self.octets(6));
        octets.extend(options);
        let data = if self.one_in(2) { 0 } else { self.below(20) };
        octets.extend(self.octets(data));
        octets
    }

    fn options(&mut self) -> Vec<u8> {
        if self.one_in(4) {
            let stamps = self.octets(8);
            return [&[1, 1, 8, 10][..], &stamps].concat();
        }
        let mut options = Vec::new();
        for _ in 0..=self.below(4) {
            let (mut kind, mut len) = self.pick(&OPTIONS);
            if kind == 30 {
                len = self.pick(&MPTCP);
            }
            if self.one_in(12) {
                len = self.octet() & 31;
            }
            if self.one_in(30) {
                kind = self.octet();
            }
            options.push(kind);
            if kind > 1 {
                options.push(len);
                let mut data = self.octets(usize::from(len.saturating_sub(2)));
                self.make_likely(kind, &mut data);
                options.extend(data);
            }
        }
        options.truncate(40);
        options
    }

    /// What few random octets would be.
    fn make_likely(&mut self, kind: u8, data: &mut [u8]) {
        match (kind, data) {
            (30, [subtype, flags, ..]) => {
                *subtype = self.octet() & 0x9f & self.pick(&[0x7f, 0xff]);
                if self.one_in(2) {
                    *subtype = *subtype & 0xf0 | self.pick(&[0, 1, 4, 6]);
                }
                *flags &= 0x1f;
            }
            (254, [first, second, ..]) if self.one_in(2) => (*first, *second) = (0xf9, 0x89),
            _ => {}
        }
    }
}
