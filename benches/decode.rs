//! What reading costs a frame: the record, both ways of decoding it, and a whole capture up to the batches.
//! `cargo bench --bench decode`

use std::hint::black_box;
use std::io::Write;
use std::sync::mpsc::channel;

use divan::Bencher;
use divan::counter::ItemsCount;
use tcpviz::source::savefile::{Next, Savefile};
use tcpviz::source::{self, Selection, file};
use tcpviz::wire::decode::decode_any;
use tcpviz::wire::{Feed, Frame, LinkType, decode, decode_plain};

fn main() {
    divan::main();
}

const FRAMES: u32 = 100_000;

/// A segment of data with time stamps on Ethernet.
fn octets() -> Vec<u8> {
    let mut octets = vec![2; 12];
    octets.extend([8, 0]);
    octets.extend([0x45, 0, 0, 68, 0, 1, 0x40, 0, 64, 6, 0, 0]);
    octets.extend([10, 0, 0, 1, 10, 0, 0, 2]);
    octets.extend([0x8b, 0xce, 0x10, 0xe1, 0, 0, 0, 7, 0, 0, 0, 9]);
    octets.extend([0x80, 0x18, 1, 0, 0, 0, 0, 0]);
    octets.extend([1, 1, 8, 10, 0, 0, 0, 7, 0, 0, 0, 9]);
    octets.extend([0x99; 16]);
    octets
}

fn frame(data: &[u8]) -> Frame<'_> {
    Frame {
        number: 1,
        time_ns: 0,
        link: LinkType::ETHERNET,
        offset: 0,
        wire_len: 82,
        data,
    }
}

/// A pcap file of `FRAMES` such segments.
fn capture() -> Vec<u8> {
    let data = octets();
    let header: [u32; 6] = [0xa1b2_c3d4, 2 | 4 << 16, 0, 0, 262_144, 1];
    let mut file: Vec<u8> = header.iter().flat_map(|word| word.to_le_bytes()).collect();
    for number in 0..FRAMES {
        for word in [1_700_000_000, number, 82, 82] {
            file.extend(word.to_le_bytes());
        }
        file.extend(&data);
    }
    file
}

#[divan::bench]
fn decode_plain_frame(bencher: Bencher) {
    let data = octets();
    bencher.bench(|| decode_plain(black_box(&frame(&data))).unwrap().segment);
}

/// As any view decodes a frame that it reads back.
#[divan::bench]
fn decode_with_all_slices(bencher: Bencher) {
    let data = octets();
    bencher.bench(|| decode(black_box(&frame(&data))).unwrap());
}

#[divan::bench]
fn decode_by_etherparse(bencher: Bencher) {
    let data = octets();
    bencher.bench(|| decode_any(black_box(&frame(&data))).unwrap().segment);
}

/// The records only.
#[divan::bench]
fn parse_pcap(bencher: Bencher) {
    let capture = capture();
    bencher.counter(ItemsCount::new(FRAMES)).bench(|| {
        let mut savefile = Savefile::new(&capture[..]);
        let mut octets = 0;
        loop {
            match savefile.next_frame().unwrap() {
                Next::Frame(frame) => {
                    octets += frame.data.len();
                    continue;
                }
                Next::Incomplete => {}
            }
            if !savefile.fill().unwrap() {
                return octets;
            }
        }
    });
}

/// Everything that the reading thread does, from a file in the page cache to batches.
#[divan::bench]
fn read_capture(bencher: Bencher) {
    let mut saved = tempfile::NamedTempFile::new().unwrap();
    saved.write_all(&capture()).unwrap();
    bencher.counter(ItemsCount::new(FRAMES)).bench(|| {
        let (sender, ended) = channel();
        let opened = source::open(saved.path(), false).unwrap();
        let mut segments = 0;
        let sink = Box::new(move |feed| {
            match feed {
                Feed::Batch(batch) => segments += batch.segments.len(),
                Feed::Ended(_) => sender.send(segments).unwrap(),
            }
            true
        });
        file::start(opened, Selection::default(), sink);
        ended.recv().unwrap()
    });
}
