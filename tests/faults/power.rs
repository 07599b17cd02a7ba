//! The power goes: the file ends anywhere, or in zeros. And the clock jumps, as behind a suspend.

use std::fs;
use std::ops::Range;
use std::path::Path;

use tcpviz::story::Kind;
use tcpviz::story::ending::ending;
use tcpviz::trace::Trace;
use tcpviz::wire::{Ended, Feed, Ports};

use super::Tests;
use super::common::{capture, run, ui};
use super::program::{Program, in_tcpdump};
use super::signals::{json, place};
use super::traffic::Traffic;

pub const ALL: Tests = &[
    (
        "file_cut_at_any_octet_opens_with_all_whole_frames",
        cut_anywhere,
    ),
    (
        "file_that_ends_in_zeros_opens_with_all_frames_before",
        zeros,
    ),
    ("clock_that_jumps_either_way_changes_no_ending", clock_jumps),
];

/// A live capture: where its frames end.
fn captured(path: &Path, connections: usize) -> Vec<usize> {
    let mut traffic = Traffic::new();
    let mut program = Program::start(json(&traffic.port(), path));
    traffic.play(connections);
    program.signal(rustix::process::Signal::INT);
    assert!(program.end().0.success());
    let octets = fs::read(path).unwrap();
    let mut ends = vec![24];
    while let Some(record) = octets
        .get(ends[ends.len() - 1]..)
        .filter(|rest| !rest.is_empty())
    {
        let length = u32::from_le_bytes(record[8..12].try_into().unwrap());
        ends.push(ends[ends.len() - 1] + 16 + length as usize);
    }
    assert_eq!(ends.len() - 1, traffic.sent());
    ends
}

/// Segments read, and why no more.
fn read(path: &Path) -> (usize, Ended) {
    let (mut segments, mut end) = (0, Ended::default());
    for feed in ui::feeds(path).0 {
        match feed {
            Feed::Batch(batch) => segments += batch.segments.len(),
            Feed::Ended(ended) => end = ended,
        }
    }
    (segments, end)
}

fn cut_anywhere() {
    let (folder, path) = place();
    let ends = captured(&path, 2);
    let octets = fs::read(&path).unwrap();
    let cut = folder.path().join("cut.pcap");
    for length in 0..octets.len() {
        fs::write(&cut, &octets[..length]).unwrap();
        let whole = ends.iter().filter(|end| **end <= length).count();
        let (segments, ended) = read(&cut);
        assert_eq!(segments, whole.saturating_sub(1), "cut at {length}");
        assert_eq!(
            ended.why().is_none(),
            ends.contains(&length),
            "cut at {length}"
        );
    }
    // The one before the last: its record's header is whole, its frame isn't.
    fs::write(&cut, &octets[..ends[ends.len() - 2] + 20]).unwrap();
    assert_eq!(in_tcpdump(&cut, "truncated dump file"), ends.len() - 2);
    let said = run(&["-F", "json", cut.to_str().unwrap()]).stderr;
    let frame = ends.len() - 2;
    let wanted = format!(
        "tcpviz: the capture ends in the middle of a record, after frame {frame}; everything before is shown\n"
    );
    assert_eq!(String::from_utf8(said).unwrap(), wanted);
}

const PAGE: usize = 4096;

/// The file has its length, but what stood in its last pages never reached the disk.
fn zeros() {
    let (folder, path) = place();
    let ends = captured(&path, 15);
    let octets = fs::read(&path).unwrap();
    let lost = folder.path().join("lost.pcap");
    let whole_before = |from: usize| ends.iter().filter(|end| **end <= from).count() - 1;
    assert!(octets.len() > PAGE, "{}", octets.len());
    for from in ends.iter().copied().chain([PAGE]) {
        let mut left = octets[..from].to_vec();
        left.resize(octets.len().next_multiple_of(PAGE) + PAGE, 0);
        fs::write(&lost, left).unwrap();
        let (segments, ended) = read(&lost);
        // In the middle of a frame, its header tells how much of what follows is its own.
        assert!((whole_before(from)..=whole_before(from) + 1).contains(&segments));
        let why = ended.why().unwrap();
        assert!(
            why.contains("a record of zeros, as after a power cut; everything before is shown"),
            "{why}"
        );
    }
}

/// The kind of every connection's end, with the times of these rows moved.
fn kinds(feeds: &[Feed], shift: impl Fn(u64) -> u64, rows: Range<usize>) -> Vec<Kind> {
    let mut trace = Trace::new(Ports::default());
    for feed in feeds {
        if let Feed::Batch(batch) = feed {
            let mut batch = (**batch).clone();
            for row in rows.clone() {
                batch.segments[row].time_ns = shift(batch.segments[row].time_ns);
            }
            trace.take(&batch, |_, _, _| {});
        }
    }
    // The clock on the wall is behind by then, or far ahead.
    trace.pass(0);
    let kinds = |trace: &Trace| trace.ids().map(|id| ending(trace, id).kind).collect();
    let before: Vec<Kind> = kinds(&trace);
    trace.pass(u64::MAX);
    assert_eq!(before, kinds(&trace));
    before
}

/// Behind a suspend the clock is hours ahead; whoever sets it may set it back. States that end by the clock may end otherwise.
fn clock_jumps() {
    const HOURS: u64 = 5 * 3_600 * 1_000_000_000;
    for name in ["close-then-peer-writes", "orderly-close", "half-close-tail"] {
        let feeds = ui::feeds(&capture(name)).0;
        let count = ui::whole(name).segments.len();
        let as_it_was = kinds(&feeds, |time| time, 0..count);
        for row in 0..count {
            let ahead = kinds(&feeds, |time| time + HOURS, row..count);
            assert_eq!(ahead, as_it_was, "{name}: ahead from row {row}");
            let back = kinds(&feeds, |time| time - HOURS, row..count);
            assert_eq!(back, as_it_was, "{name}: back from row {row}");
        }
    }
}
