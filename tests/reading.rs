//! Reading captures: every format, link type and time resolution gives the same story, and a file
//! that breaks off, or was never a capture, is told as what it is.

#![expect(
    clippy::cast_possible_truncation,
    reason = "files are written from numbers known to fit"
)]

mod common;

use std::io::Write;
use std::path::Path;

use common::{article, capture, json, of_type, run};
use serde_json::Value;

/// A frame to be written into some format: its IP packet and its time.
struct Packet {
    time_ns: u64,
    ip: Vec<u8>,
}

/// The packets of a capture recorded on Ethernet.
fn packets(name: &str) -> Vec<Packet> {
    let octets = std::fs::read(capture(name)).unwrap();
    let word = |at: usize| u32::from_le_bytes(octets[at..at + 4].try_into().unwrap());
    assert_eq!(
        (word(0), word(20)),
        (0xa1b2_3c4d, 1),
        "nanosecond pcap of Ethernet"
    );
    let (mut at, mut packets) = (24, Vec::new());
    while at < octets.len() {
        let len = word(at + 8) as usize;
        packets.push(Packet {
            time_ns: u64::from(word(at)) * 1_000_000_000 + u64::from(word(at + 4)),
            ip: octets[at + 16 + 14..at + 16 + len].to_vec(),
        });
        at += 16 + len;
    }
    packets
}

const ETHERNET: u16 = 1;

fn ethernet(ip: &[u8]) -> Vec<u8> {
    let kind: [u8; 2] = if ip[0] >> 4 == 4 {
        [8, 0]
    } else {
        [0x86, 0xdd]
    };
    [&[0; 12][..], &kind, ip].concat()
}

/// A file written word by word in one byte order.
struct File {
    octets: Vec<u8>,
    big_endian: bool,
}

impl File {
    fn new(big_endian: bool) -> File {
        File {
            octets: Vec::new(),
            big_endian,
        }
    }

    fn u32(&mut self, number: u32) -> &mut File {
        let octets = if self.big_endian {
            number.to_be_bytes()
        } else {
            number.to_le_bytes()
        };
        self.octets.extend(octets);
        self
    }

    fn u16(&mut self, number: u16) -> &mut File {
        let octets = if self.big_endian {
            number.to_be_bytes()
        } else {
            number.to_le_bytes()
        };
        self.octets.extend(octets);
        self
    }

    /// A pcapng block around `body`.
    fn block(&mut self, kind: u32, body: &[u8]) -> &mut File {
        let padding = body.len().next_multiple_of(4) - body.len();
        let len = u32::try_from(12 + body.len() + padding).unwrap();
        self.u32(kind).u32(len);
        self.octets.extend(body);
        self.octets.extend(vec![0; padding]);
        self.u32(len)
    }

    fn body(&self, write: impl FnOnce(&mut File)) -> Vec<u8> {
        let mut body = File::new(self.big_endian);
        write(&mut body);
        body.octets
    }

    fn section(&mut self) -> &mut File {
        let body = self.body(|body| {
            body.u32(0x1a2b_3c4d)
                .u16(1)
                .u16(0)
                .u32(u32::MAX)
                .u32(u32::MAX);
        });
        self.block(0x0a0d_0d0a, &body)
    }

    /// An interface with its `if_tsresol` and `if_tsoffset`.
    fn interface(&mut self, link: u16, snaplen: u32, resolution: u8, offset: i64) -> &mut File {
        let body = self.body(|body| {
            body.u16(link).u16(0).u32(snaplen);
            body.u16(9).u16(1);
            body.octets.extend([resolution, 0, 0, 0]);
            body.u16(14).u16(8);
            let offset = if body.big_endian {
                offset.to_be_bytes()
            } else {
                offset.to_le_bytes()
            };
            body.octets.extend(offset);
            body.u32(0);
        });
        self.block(1, &body)
    }

    fn enhanced_packet(
        &mut self,
        interface: u32,
        ticks: u64,
        data: &[u8],
        wire_len: usize,
    ) -> &mut File {
        let body = self.body(|body| {
            body.u32(interface)
                .u32((ticks >> 32) as u32)
                .u32(ticks as u32);
            body.u32(u32::try_from(data.len()).unwrap())
                .u32(u32::try_from(wire_len).unwrap());
            body.octets.extend(data);
        });
        self.block(6, &body)
    }
}

fn pcap(
    packets: &[Packet],
    big_endian: bool,
    nanoseconds: bool,
    link: u32,
    frame: impl Fn(&[u8]) -> Vec<u8>,
) -> Vec<u8> {
    let mut file = File::new(big_endian);
    file.u32(if nanoseconds {
        0xa1b2_3c4d
    } else {
        0xa1b2_c3d4
    })
    .u16(2)
    .u16(4)
    .u32(0)
    .u32(0)
    .u32(262_144)
    .u32(link);
    for packet in packets {
        let data = frame(&packet.ip);
        let fraction = packet.time_ns % 1_000_000_000 / if nanoseconds { 1 } else { 1000 };
        let len = u32::try_from(data.len()).unwrap();
        file.u32((packet.time_ns / 1_000_000_000) as u32)
            .u32(fraction as u32)
            .u32(len)
            .u32(len);
        file.octets.extend(data);
    }
    file.octets
}

fn read(octets: &[u8]) -> Vec<Value> {
    let file = written(octets);
    json(file.path())
}

fn written(octets: &[u8]) -> tempfile::NamedTempFile {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(octets).unwrap();
    file
}

/// The segments of a capture as tcpviz tells them; times in `unit` nanoseconds.
fn story(lines: &[Value], unit: u64) -> Vec<Value> {
    of_type(lines, "segment")
        .map(|segment| {
            let mut segment = segment.clone();
            segment["time_ns"] = (segment["time_ns"].as_u64().unwrap() / unit).into();
            segment
        })
        .collect()
}

#[track_caller]
fn same_story(name: &str, unit: u64, octets: &[u8]) {
    assert_eq!(
        story(&read(octets), unit),
        story(&json(&capture(name)), unit)
    );
}

const V4: &str = "close-then-peer-writes";
const V6: &str = "ipv6-close-then-peer-writes";

#[test]
fn pcap_of_both_byte_orders_and_precisions_tells_the_same() {
    let packets = packets(V4);
    for big_endian in [false, true] {
        same_story(
            V4,
            1,
            &pcap(&packets, big_endian, true, ETHERNET.into(), ethernet),
        );
        same_story(
            V4,
            1000,
            &pcap(&packets, big_endian, false, ETHERNET.into(), ethernet),
        );
    }
}

#[test]
fn every_link_type_tells_the_same() {
    fn prefix(octets: Vec<u8>) -> impl Fn(&[u8]) -> Vec<u8> {
        move |ip| [octets.as_slice(), ip].concat()
    }
    for name in [V4, V6] {
        let packets = packets(name);
        let kind: [u8; 2] = if name == V4 { [8, 0] } else { [0x86, 0xdd] };
        let check = |link: u32, before: Vec<u8>| {
            same_story(name, 1, &pcap(&packets, false, true, link, prefix(before)));
        };
        check(1, [&[0; 12][..], &[0x81, 0, 0, 1], &kind].concat());
        check(
            1,
            [&[0; 12][..], &[0x88, 0xa8, 0, 1, 0x81, 0, 0, 2], &kind].concat(),
        );
        check(
            113,
            [&[0, 0, 3, 4, 0, 6, 0, 0, 0, 0, 0, 0, 0, 0][..], &kind].concat(),
        );
        check(
            113,
            [
                &[0, 0, 3, 4, 0, 6, 0, 0, 0, 0, 0, 0, 0, 0][..],
                &[0x81, 0, 0, 1],
                &kind,
            ]
            .concat(),
        );
        check(276, [&kind[..], &[0; 18]].concat());
        check(12, vec![]);
        check(14, vec![]);
        check(101, vec![]);
        check(if name == V4 { 228 } else { 229 }, vec![]);
        // The upper half of the field may hold the length of a frame check sequence.
        check(0x5400_0065, vec![]);
        for family in if name == V4 {
            vec![2u32]
        } else {
            vec![10, 24, 28, 30]
        } {
            check(0, family.to_le_bytes().into());
            check(0, family.to_be_bytes().into());
            check(108, family.to_be_bytes().into());
        }
    }
}

#[test]
fn pcapng_interfaces_differ_in_link_type_snap_length_and_resolution() {
    let packets = packets(V4);
    for big_endian in [false, true] {
        let mut file = File::new(big_endian);
        file.section();
        file.block(0x0bad, &[1, 2, 3, 4, 5, 6, 7, 8]);
        file.interface(ETHERNET, 0, 9, 0)
            .interface(101, 64, 9, -1_000_000)
            .interface(276, 262_144, 6, 0);
        for (i, packet) in packets.iter().enumerate() {
            // Times are whole microseconds here, so that every resolution can hold them.
            let ns = packet.time_ns / 1000 * 1000;
            match i % 3 {
                0 => file.enhanced_packet(0, ns, &ethernet(&packet.ip), packet.ip.len() + 14),
                1 => {
                    // Cut by the snap length: the segment's length still comes from IP.
                    let cut = &packet.ip[..packet.ip.len().min(64)];
                    file.enhanced_packet(1, ns + 1_000_000_000_000_000, cut, packet.ip.len())
                }
                _ => file.enhanced_packet(
                    2,
                    ns / 1000,
                    &[&[8, 0][..], &[0; 18], &packet.ip].concat(),
                    packet.ip.len() + 20,
                ),
            };
        }
        same_story(V4, 1000, &file.octets);
    }
}

#[test]
fn pcapng_resolutions_decimal_and_binary_give_the_same_seconds() {
    let packet = &packets(V4)[0];
    let seconds = packet.time_ns / 1_000_000_000;
    for (resolution, ticks) in [
        (0, seconds),
        (3, seconds * 1000),
        (6, seconds * 1_000_000),
        (9, seconds * 1_000_000_000),
        (0x94, seconds << 20),
        (0x9e, seconds << 30),
    ] {
        let mut file = File::new(false);
        file.section()
            .interface(101, 0, resolution, 0)
            .enhanced_packet(0, ticks, &packet.ip, packet.ip.len());
        assert_eq!(
            read(&file.octets)[1]["time_ns"],
            seconds * 1_000_000_000,
            "if_tsresol {resolution}"
        );
    }
    // What can't be is no crash: 10^38 ticks a second, an offset beyond any time.
    for (resolution, offset) in [(38, 0), (0x7f, 0), (0xff, 0), (6, i64::MAX), (6, i64::MIN)] {
        let mut file = File::new(false);
        file.section()
            .interface(101, 0, resolution, offset)
            .enhanced_packet(0, u64::MAX, &packet.ip, packet.ip.len());
        assert_eq!(of_type(&read(&file.octets), "segment").count(), 1);
    }
}

#[test]
fn pcapng_sections_may_change_the_byte_order_and_the_interfaces() {
    let packets = packets(V4);
    let mut octets = Vec::new();
    for (i, packet) in packets.iter().enumerate() {
        let mut section = File::new(i % 2 == 1);
        section.section();
        if i % 2 == 1 {
            section.interface(ETHERNET, 0, 9, 0).enhanced_packet(
                0,
                packet.time_ns,
                &ethernet(&packet.ip),
                packet.ip.len() + 14,
            );
        } else {
            section.interface(101, 0, 9, 0).enhanced_packet(
                0,
                packet.time_ns,
                &packet.ip,
                packet.ip.len(),
            );
        }
        octets.extend(section.octets);
    }
    same_story(V4, 1, &octets);
}

#[test]
fn pcapng_simple_packets_are_read_without_times() {
    let mut file = File::new(false);
    file.section().interface(101, 100, 6, 0);
    for packet in packets(V4) {
        let body = file.body(|body| {
            body.u32(u32::try_from(packet.ip.len()).unwrap());
            body.octets.extend(&packet.ip);
        });
        file.block(3, &body);
    }
    let lines = read(&file.octets);
    let flags: Vec<_> = of_type(&lines, "segment")
        .map(|line| line["flags"].as_str().unwrap())
        .collect();
    assert_eq!(flags, ["S", "S.", ".", "F.", ".", "P.", "R"]);
}

#[test]
fn pcapng_obsolete_packet_blocks_are_read() {
    for big_endian in [false, true] {
        let mut file = File::new(big_endian);
        file.section()
            .interface(ETHERNET, 0, 6, 0)
            .interface(101, 0, 9, 0);
        for packet in packets(V4) {
            let body = file.body(|body| {
                let len = u32::try_from(packet.ip.len()).unwrap();
                body.u16(1)
                    .u16(0)
                    .u32((packet.time_ns >> 32) as u32)
                    .u32(packet.time_ns as u32);
                body.u32(len).u32(len);
                body.octets.extend(&packet.ip);
            });
            file.block(2, &body);
        }
        same_story(V4, 1, &file.octets);
    }
}

#[test]
fn a_compressed_capture_cut_short_shows_what_is_before() {
    let octets = gzip(flate2::Compression::none());
    let cut = &octets[..octets.len() - 40];
    check_breaks_off(cut, 6, "ends in the middle of a record, after frame 6");
}

/// So many segments are shown, exit code 1, and standard error says this.
#[track_caller]
fn check_breaks_off(octets: &[u8], shown: usize, said: &str) {
    let file = written(octets);
    let output = run(&["--format", "json", file.path().to_str().unwrap()]);
    let errors = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(errors.contains(said), "{errors}");
    let lines = String::from_utf8(output.stdout).unwrap();
    assert_eq!(lines.matches(r#""type":"segment""#).count(), shown);
}

#[test]
fn pcapng_block_larger_than_the_buffer_is_passed_over() {
    let packets = packets(V4);
    let mut file = File::new(false);
    file.section().interface(101, 0, 9, 0);
    for packet in &packets {
        file.enhanced_packet(0, packet.time_ns, &packet.ip, packet.ip.len());
        file.block(0x0bad, &vec![7; 3_000_000]);
    }
    same_story(V4, 1, &file.octets);
}

#[test]
fn gzip_compressed_capture_tells_the_same() {
    same_story(V4, 1, &gzip(flate2::Compression::default()));
}

/// A capture, compressed.
fn gzip(level: flate2::Compression) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), level);
    encoder
        .write_all(&std::fs::read(capture(V4)).unwrap())
        .unwrap();
    encoder.finish().unwrap()
}

#[cfg(not(feature = "zstd"))]
#[test]
fn zstd_compressed_capture_without_zstd_says_what_to_type() {
    // Of the second kind are those that pzstd writes.
    for first in [b"\x28\xb5\x2f\xfd", b"\x50\x2a\x4d\x18"] {
        let octets = [first, &[7; 20][..]].concat();
        let said = "it is zstd-compressed: `zstd -dc FILE | tcpviz -`, or build tcpviz with --features zstd\n";
        check_breaks_off(&octets, 0, said);
    }
}

#[cfg(feature = "zstd")]
mod zstd_compressed {
    use super::*;

    fn compressed() -> Vec<u8> {
        zstd::encode_all(&std::fs::read(capture(V4)).unwrap()[..], 1).unwrap()
    }

    #[test]
    fn capture_tells_the_same() {
        same_story(V4, 1, &compressed());
    }

    #[test]
    fn capture_behind_a_frame_to_be_skipped_and_in_two_frames_tells_the_same() {
        let octets = std::fs::read(capture(V4)).unwrap();
        let (first, second) = octets.split_at(200);
        let frame = |octets| zstd::encode_all(octets, 1).unwrap();
        let skipped = b"\x50\x2a\x4d\x18\x04\0\0\0beep".to_vec();
        same_story(V4, 1, &[skipped, frame(first), frame(second)].concat());
    }

    #[test]
    fn capture_cut_short_is_told() {
        let octets = compressed();
        let said = "the capture ends in the middle of a record";
        check_breaks_off(&octets[..octets.len() - 40], 0, said);
    }

    /// What it would take to decompress stands in the file, and may be anything.
    #[test]
    fn window_beyond_128_mib_is_refused_and_below_it_read() {
        // A frame's first octets, 1 KiB << (window / 8), and an empty last block.
        let frame = |window| [0x28, 0xb5, 0x2f, 0xfd, 0, window, 1, 0, 0];
        check_breaks_off(&frame(17 << 3), 0, "the capture is empty");
        for window in [17 << 3 | 1, 18 << 3, 31 << 3] {
            check_breaks_off(&frame(window), 0, "zstd --long=31 -dc FILE | tcpviz -");
        }
    }
}

/// Wherever a file breaks off: every whole record before is shown, and the rest is told.
#[test]
fn a_file_cut_anywhere_shows_what_is_before_and_says_so() {
    let packets = packets(V4);
    let mut pcapng = File::new(false);
    pcapng.section().interface(101, 0, 9, 0);
    let mut whole = vec![pcapng.octets.len()];
    for packet in &packets {
        pcapng.enhanced_packet(0, packet.time_ns, &packet.ip, packet.ip.len());
        whole.push(pcapng.octets.len());
    }
    check_cuts(&pcapng.octets, &whole);

    let octets = std::fs::read(capture(V4)).unwrap();
    let mut whole = vec![24];
    for packet in &packets {
        whole.push(whole.last().unwrap() + 16 + 14 + packet.ip.len());
    }
    check_cuts(&octets, &whole);
}

/// `whole[n]` is where record n ends and nothing is left over.
fn check_cuts(octets: &[u8], whole: &[usize]) {
    // Every cut around the ends of records, and some within.
    for cut in (0..octets.len())
        .filter(|cut| cut % 13 == 0 || whole.iter().any(|end| cut.abs_diff(*end) < 3))
    {
        let file = written(&octets[..cut]);
        let output = run(&["--format", "json", file.path().to_str().unwrap()]);
        let errors = String::from_utf8(output.stderr).unwrap();
        let shown = String::from_utf8(output.stdout)
            .unwrap()
            .lines()
            .filter(|line| line.contains(r#""type":"segment""#))
            .count();
        let complete = whole.iter().filter(|end| **end <= cut).count();
        assert_eq!(shown, complete.saturating_sub(1), "cut at {cut}");
        // Without a segment, whole or not, that is said.
        let is_whole = whole.contains(&cut) || errors.starts_with("tcpviz: no TCP segment to show");
        assert_eq!(output.status.success(), is_whole, "cut at {cut}: {errors}");
        assert!(
            is_whole || errors.starts_with("tcpviz: the capture "),
            "cut at {cut}: {errors}"
        );
        assert_eq!(
            errors.is_empty(),
            is_whole && shown > 0,
            "cut at {cut}: {errors}"
        );
    }
}

#[test]
fn damage_is_told_with_its_place_and_everything_before_is_shown() {
    let mut octets = std::fs::read(capture(V4)).unwrap();
    let third = 24 + 2 * (16 + 74) + 8;
    octets[third..third + 4].copy_from_slice(&u32::MAX.to_le_bytes());
    let said = "damaged after frame 2, at octet 204: a record claims 4294967295 octets";
    check_breaks_off(&octets, 2, said);
}

/// As many lines as to fill a block of text, and one.
#[test]
fn tcpdump_lines_of_all_frames_before_a_record_of_zeros_are_printed() {
    let whole = article::repeated(215);
    let first = 24 + 16 + u32::from_le_bytes(whole[36..40].try_into().unwrap()) as usize;
    for (octets, frames) in [(&whole[..], 1_505), (&whole[..first], 1)] {
        let file = written(&[octets, &[0; 64]].concat());
        let path = file.path().to_str().unwrap();
        let with_libpcap: &[&[&str]] = if cfg!(feature = "live") {
            &[&["-f", "tcp"]]
        } else {
            &[]
        };
        let everywhere: [&[&str]; 2] = [&[], &["-p", "1-65535"]];
        for more in everywhere.iter().chain(with_libpcap) {
            let output = run(&[&["-F", "tcpdump"][..], *more, &[path]].concat());
            let errors = String::from_utf8(output.stderr).unwrap();
            let said = format!("damaged after frame {frames}, ");
            assert!(errors.contains(&said), "{errors}");
            let text = String::from_utf8(output.stdout).unwrap();
            assert_eq!(text.lines().count(), frames, "{more:?}");
        }
    }
}

#[test]
fn what_is_no_capture_is_named() {
    for (octets, named) in [
        (
            &b"snoop\0\0\0\0\0\0\x02\0\0\0\x04rest of the file"[..],
            "snoop",
        ),
        (
            b"hello, this is a text file",
            "doesn't begin as pcap or pcapng does",
        ),
        (b"", "empty"),
    ] {
        let file = written(octets);
        let output = run(&[file.path().to_str().unwrap()]);
        let errors = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(1));
        assert!(
            errors.contains(named) && errors.lines().count() == 1,
            "{errors}"
        );
    }
}

#[test]
fn ports_and_filter_expressions_select() {
    let path = capture(V4);
    let count = |arguments: &[&str], path: &Path| {
        let output = run(&[arguments, &["--format", "json", path.to_str().unwrap()]].concat());
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
        String::from_utf8(output.stdout)
            .unwrap()
            .matches(r#""type":"segment""#)
            .count()
    };
    assert_eq!(count(&["--port", "4321"], &path), 7);
    assert_eq!(count(&["--port", "4000-4320,4322-4400"], &path), 0);
    #[cfg(feature = "live")]
    assert_eq!(count(&["-f", "tcp[tcpflags] & tcp-rst != 0"], &path), 1);
}

/// An ICMP (or ICMPv6) error of a router about the packet `quoted`.
fn error_about(quoted: &[u8], time_ns: u64) -> Packet {
    let ip = if quoted[0] >> 4 == 4 {
        let len = (20 + 8 + quoted.len()) as u16;
        let header = [
            &[0x45, 0][..],
            &len.to_be_bytes(),
            &[0, 0, 0, 0, 64, 1, 0, 0, 10, 9, 0, 254, 127, 0, 0, 1],
        ]
        .concat();
        [&header[..], &[3, 1, 0, 0, 0, 0, 0, 0], quoted].concat()
    } else {
        let len = (8 + quoted.len()) as u16;
        let router = [0xfd, 9, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xfe];
        [
            &[0x60, 0, 0, 0][..],
            &len.to_be_bytes(),
            &[58, 64],
            &router,
            &[0; 15],
            &[1],
            &[1, 3, 0, 0, 0, 0, 0, 0],
            quoted,
        ]
        .concat()
    };
    Packet { time_ns, ip }
}

/// RFC 792 and RFC 4443: the error quotes the SYN; on IPv4 here only its IP header and eight octets.
#[test]
fn an_icmp_error_is_tied_to_the_connection_it_is_about() {
    for (name, quoted, reporter) in [
        (V4, 28, "10.9.0.254"),
        ("ipv6-close-then-peer-writes", 60, "fd09::fe"),
    ] {
        let syn = packets(name).swap_remove(0);
        let error = error_about(&syn.ip[..quoted], syn.time_ns + 1_000);
        let lines = read(&pcap(&[syn, error], false, true, 1, ethernet));
        let told = of_type(&lines, "icmp").next().expect("an icmp line");
        assert_eq!(
            (&told["frame"], &told["connection"], &told["about"]),
            (&2.into(), &1.into(), &"client".into())
        );
        assert_eq!(
            (&told["reporter"], &told["errno"]),
            (&reporter.into(), &"EHOSTUNREACH".into())
        );
        let connection = of_type(&lines, "connection").next().unwrap();
        let summary = format!("Unanswered: no reply to 1 SYN; {reporter} says: host unreachable.");
        assert_eq!(connection["ending"]["summary"], summary.as_str());
        assert_eq!(connection["ending"]["causes"][0]["id"], "unreachable");
        assert_eq!(connection["programs"]["client"]["connect"], "EHOSTUNREACH");
    }
}
