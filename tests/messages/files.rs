//! Captures that can't be opened, or not be read to their end.

use std::fs;
use std::io::Write;
use std::path::Path;

use super::cases::{Case, Said, ended, made, program};
use super::live::without_threads;

/// Octets in a file that is replayed.
fn file(octets: impl Fn() -> Vec<u8> + Send + Sync + 'static) -> Case {
    made(move |folder| {
        fs::write(folder.join("x.pcap"), octets()).unwrap();
        ended(&mut program(folder, &["x.pcap"]))
    })
}

/// A file that begins like this.
fn begins(magic: &'static [u8]) -> Case {
    file(move || [magic, &[0; 40]].concat())
}

fn words(words: &[u32]) -> Vec<u8> {
    words.iter().flat_map(|word| word.to_le_bytes()).collect()
}

fn classic(magic: u32) -> Vec<u8> {
    words(&[magic, 4 << 16 | 2, 0, 0, 65_535, 1])
}

/// A section with one interface, and what comes then.
fn pcapng(block: &[u32]) -> Vec<u8> {
    let section = [0x0a0d_0d0a, 28, 0x1a2b_3c4d, 1, u32::MAX, u32::MAX, 28];
    let interface = [1, 20, 1, 0, 20];
    words(&[&section[..], &interface, block].concat())
}

pub fn cases() -> Vec<(&'static str, Case)> {
    vec![
        (
            "cannot-open",
            made(|folder| ended(&mut program(folder, &["no-such.pcap"]))),
        ),
        (
            "port-as-file",
            made(|folder| ended(&mut program(folder, &["4321"]))),
        ),
        ("no-copy", made(no_copy)),
        ("empty", file(Vec::new)),
        ("header", file(|| classic(0xa1b2_c3d4)[..20].to_vec())),
        ("not-a-capture", begins(b"#!/bin/sh")),
        ("zstd", begins(&[0x28, 0xb5, 0x2f, 0xfd])),
        ("xz", begins(&[0xfd, b'7', b'z', b'X', b'Z', 0])),
        ("bzip2", begins(b"BZh9")),
        ("zip", begins(b"PK\x03\x04")),
        ("snoop", begins(b"snoop\0\0\0")),
        ("modified", file(|| classic(0xa1b2_cd34))),
        ("cut", made(cut)),
        (
            "zeros",
            file(|| [classic(0xa1b2_c3d4), vec![0; 64]].concat()),
        ),
        (
            "record",
            file(|| [classic(0xa1b2_c3d4), words(&[0, 0, 1 << 20, 1 << 20])].concat()),
        ),
        ("block-length", file(|| pcapng(&[6, 13, 0]))),
        ("block-size", file(|| pcapng(&[6, 1 << 30, 0]))),
        ("block-unread", file(|| pcapng(&[6, 32, 0, 0, 0, 0, 0, 36]))),
        (
            "block-frame",
            file(|| pcapng(&[6, 32, 0, 0, 0, 60, 60, 32])),
        ),
        (
            "block-interface",
            file(|| pcapng(&[6, 32, 5, 0, 0, 0, 0, 32])),
        ),
        ("interfaces", file(too_many_interfaces)),
        ("stopped", made(damaged_gzip)),
        (
            "panic",
            made(|folder| without_threads(folder, &["close.pcap"])),
        ),
        ("too-many-rows", file_in_svg(rows)),
    ]
}

fn too_many_interfaces() -> Vec<u8> {
    pcapng(&[1, 20, 1, 0, 20].repeat(1 << 20))
}

fn cut(folder: &Path) -> Said {
    let whole = fs::read(folder.join("close.pcap")).unwrap();
    fs::write(folder.join("cut.pcap"), &whole[..200]).unwrap();
    ended(&mut program(folder, &["cut.pcap"]))
}

fn gzip(octets: &[u8]) -> Vec<u8> {
    let mut writer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    writer.write_all(octets).unwrap();
    writer.finish().unwrap()
}

fn no_copy(folder: &Path) -> Said {
    let whole = fs::read(folder.join("close.pcap")).unwrap();
    fs::write(folder.join("x.gz"), gzip(&whole)).unwrap();
    ended(program(folder, &["-F", "markdown", "x.gz"]).env("TMPDIR", "/no/such"))
}

fn damaged_gzip(folder: &Path) -> Said {
    let mut octets = gzip(&fs::read(folder.join("close.pcap")).unwrap());
    // The check sum isn't that of what it becomes.
    let sum = octets.len() - 8;
    octets[sum] ^= 0xff;
    fs::write(folder.join("x.gz"), octets).unwrap();
    ended(&mut program(folder, &["x.gz"]))
}

fn file_in_svg(octets: fn() -> Vec<u8>) -> Case {
    made(move |folder| {
        fs::write(folder.join("x.pcap"), octets()).unwrap();
        ended(&mut program(folder, &["-F", "svg", "x.pcap"]))
    })
}

/// The frames of one connection, several thousand times.
fn rows() -> Vec<u8> {
    let close = super::common::capture("close-then-peer-writes");
    let close = fs::read(close).unwrap();
    let (header, frames) = close.split_at(24);
    [header, &frames.repeat(2_000)].concat()
}
