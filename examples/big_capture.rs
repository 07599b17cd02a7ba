//! Makes the captures that speed is measured on, from the recorded ones in `captures/`: real segments of real kernels.
//!
//! `cargo run --release --example big_capture -- OUT COPIES`: 160 short connections of every ending, copied so many times;
//! each copy has its own pair of loopback addresses and starts where the one before ended, so that every copy's
//! connections are new ones. 7,000 copies are 8.8 million segments in 1.1 million connections, 740 MB.
//!
//! `... -- OUT COPIES --large`: so many times 1,000 frames of 1,514 octets, one connection: 1,000 copies are 1.5 GB.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::Path;

/// Connections of the template, and how far apart they begin, in microseconds.
const CONNECTIONS: u64 = 160;
const APART_US: u64 = 40_000;

/// What "short" means: frames, their size, and how long it lasts.
const MOST_FRAMES: usize = 16;
const LARGEST: usize = 600;
const LONGEST_US: u64 = 3_000_000;

/// When the first connection begins, in microseconds since the Unix epoch.
const BEGIN_US: u64 = 1_700_000_000_000_000;

/// A frame of the template.
#[derive(Clone)]
struct Frame {
    time_us: u64,
    octets: Vec<u8>,
}

fn main() -> io::Result<()> {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    let [out, copies, kind @ ..] = &arguments[..] else {
        eprintln!("usage: big_capture OUT COPIES [--large]");
        std::process::exit(2);
    };
    let copies: u32 = copies.parse().map_err(io::Error::other)?;
    let mut file = BufWriter::with_capacity(1 << 20, File::create(out)?);
    // Little-endian, microseconds, version 2.4, Ethernet.
    file.write_all(&[0xd4, 0xc3, 0xb2, 0xa1, 2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0])?;
    file.write_all(&262_144u32.to_le_bytes())?;
    file.write_all(&1u32.to_le_bytes())?;
    let frames = match kind {
        [] => copy(&mut file, &template()?, copies)?,
        _ => large(&mut file, copies)?,
    };
    file.flush()?;
    println!("{frames} frames");
    Ok(())
}

fn write(file: &mut impl Write, time_us: u64, octets: &[u8]) -> io::Result<()> {
    let len = u32::try_from(octets.len()).map_err(io::Error::other)?;
    let seconds = u32::try_from(time_us / 1_000_000).map_err(io::Error::other)?;
    let micros = u32::try_from(time_us % 1_000_000).map_err(io::Error::other)?;
    for word in [seconds, micros, len, len] {
        file.write_all(&word.to_le_bytes())?;
    }
    file.write_all(octets)
}

/// Copies the template; each copy between its own loopback address and itself. Checksums stay as they were.
fn copy(file: &mut impl Write, template: &[Frame], copies: u32) -> io::Result<u64> {
    let first = template.first().map_or(0, |frame| frame.time_us);
    let last = template.last().map_or(0, |frame| frame.time_us);
    let mut octets = Vec::new();
    for n in 0..copies {
        let [_, high, middle, low] = n.to_be_bytes();
        let address = [127, 1 + high % 200, middle, low];
        for frame in template {
            octets.clear();
            octets.extend_from_slice(&frame.octets);
            octets[26..30].copy_from_slice(&address);
            octets[30..34].copy_from_slice(&address);
            let time_us = frame.time_us + u64::from(n) * (last - first + 1000);
            write(file, time_us, &octets)?;
        }
    }
    Ok(template.len() as u64 * u64::from(copies))
}

/// Short recorded connections, one after the other, until there are enough; each from a port of its own.
fn template() -> io::Result<Vec<Frame>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("captures");
    let mut paths: Vec<_> = fs::read_dir(folder)?
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.extension().is_some_and(|ext| ext == "pcap"))
        .collect();
    paths.sort();
    let mut short = Vec::new();
    for path in paths {
        short.extend(connection(&fs::read(path)?));
    }
    let mut all = Vec::new();
    for (n, frames) in (0..CONNECTIONS).zip(short.iter().cycle()) {
        let begun = frames[0].time_us;
        let client = client_port(&frames[0]);
        let port = u16::try_from(10_000 + n).map_err(io::Error::other)?;
        for frame in frames {
            let mut frame = frame.clone();
            let at = if frame.octets[34..36] == client {
                34
            } else {
                36
            };
            frame.octets[at..at + 2].copy_from_slice(&port.to_be_bytes());
            frame.time_us = BEGIN_US + n * APART_US + (frame.time_us - begun);
            all.push(frame);
        }
    }
    all.sort_by_key(|frame| frame.time_us);
    Ok(all)
}

/// The frames of a recording, if it is a single short connection over IPv4.
fn connection(recording: &[u8]) -> Option<Vec<Frame>> {
    let word = |at: usize| Some(u32::from_le_bytes(*recording.get(at..)?.first_chunk()?));
    // Nanoseconds, as the lab records, and Ethernet.
    if word(0)? != 0xa1b2_3c4d || word(20)? != 1 {
        return None;
    }
    let mut frames: Vec<Frame> = Vec::new();
    let mut at = 24;
    while at < recording.len() {
        let [seconds, nanos, captured, wire] =
            [word(at)?, word(at + 4)?, word(at + 8)?, word(at + 12)?];
        let octets = recording.get(at + 16..at + 16 + captured as usize)?;
        at += 16 + octets.len();
        let is_plain = octets.get(12..15)? == [8, 0, 0x45] && octets.get(23)? == &6;
        if !is_plain || captured != wire || octets.len() > LARGEST {
            return None;
        }
        frames.push(Frame {
            time_us: u64::from(seconds) * 1_000_000 + u64::from(nanos) / 1000,
            octets: octets.to_vec(),
        });
    }
    let ends = |frame: &Frame| {
        let source = (frame.octets[26..30].to_vec(), frame.octets[34..36].to_vec());
        let destination = (frame.octets[30..34].to_vec(), frame.octets[36..38].to_vec());
        (
            source.clone().min(destination.clone()),
            source.max(destination),
        )
    };
    let (first, last) = (frames.first()?, frames.last()?);
    let is_short = frames.len() <= MOST_FRAMES && last.time_us - first.time_us <= LONGEST_US;
    let is_one = frames.iter().all(|frame| ends(frame) == ends(first));
    let has_two_ports = first.octets[34..36] != first.octets[36..38];
    (is_short && is_one && has_two_ports).then_some(frames)
}

/// The port of whoever sent the first SYN without ACK; failing that, the one that isn't the first's.
fn client_port(first: &Frame) -> [u8; 2] {
    let at = if first.octets[47] & 2 != 0 { 34 } else { 36 };
    [first.octets[at], first.octets[at + 1]]
}

/// One connection that sends full segments, each acknowledged now and then.
fn large(file: &mut impl Write, copies: u32) -> io::Result<u64> {
    const DATA: u32 = 1448;
    let mut octets = vec![0; 1514];
    octets[12..15].copy_from_slice(&[8, 0, 0x45]);
    octets[16..18].copy_from_slice(&1500u16.to_be_bytes());
    octets[22..24].copy_from_slice(&[64, 6]);
    octets[26..38].copy_from_slice(&[10, 0, 0, 1, 10, 0, 0, 2, 0x9c, 0x40, 0x10, 0xe1]);
    // 32 octets of header, ACK; time stamps after two NOPs.
    octets[46..48].copy_from_slice(&[0x80, 0x10]);
    octets[48..50].copy_from_slice(&[1, 0]);
    octets[54..58].copy_from_slice(&[1, 1, 8, 10]);
    let frames = u64::from(copies) * 1000;
    let mut seq = 0u32;
    for n in 0..frames {
        octets[38..42].copy_from_slice(&seq.to_be_bytes());
        seq = seq.wrapping_add(DATA);
        write(file, BEGIN_US + n * 10, &octets)?;
    }
    Ok(frames)
}
