//! What following connections and telling of them costs, on the recorded connections in `captures/`, each between addresses of
//! its own. `cargo bench --bench follow`

use std::fs::File;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;

use divan::Bencher;
use divan::counter::ItemsCount;
use tcpviz::conn::ConnectionId;
use tcpviz::source::savefile::{Next, Savefile};
use tcpviz::story::Summary;
use tcpviz::story::ending::ending;
use tcpviz::trace::Trace;
use tcpviz::wire::{Batch, Captured, Place, Ports, decode};

fn main() {
    divan::main();
}

/// Segments of a batch, as sources hand them on.
const BATCH: usize = 1024;

/// Rounds of all recordings.
const ROUNDS: u32 = 20;

/// The segments of all recordings, some rounds of them, each recording between addresses of its own.
fn batches() -> Vec<Batch> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("captures");
    let paths = std::fs::read_dir(folder).unwrap();
    let mut paths: Vec<_> = paths.map(|entry| entry.unwrap().path()).collect();
    paths.retain(|path| path.extension().is_some_and(|ext| ext == "pcap"));
    paths.sort();
    let mut all = Vec::new();
    for round in 0..ROUNDS {
        for (recording, path) in (0u32..).zip(&paths) {
            let number = round * 1000 + recording;
            let host = Ipv4Addr::from_bits(0x0a00_0000 + number);
            segments(path, host, &mut all);
        }
    }
    for (frame, captured) in (1..).zip(&mut all) {
        captured.place.frame = frame;
    }
    let batch = |segments: &[Captured]| Batch {
        segments: segments.to_vec(),
        ..Batch::default()
    };
    all.chunks(BATCH).map(batch).collect()
}

fn segments(path: &Path, host: Ipv4Addr, all: &mut Vec<Captured>) {
    let mut savefile = Savefile::new(File::open(path).unwrap());
    while savefile.fill().unwrap() {
        while let Next::Frame(frame) = savefile.next_frame().unwrap() {
            let Ok(decoded) = decode(&frame) else {
                continue;
            };
            let mut segment = decoded.segment;
            for address in [&mut segment.src, &mut segment.dst] {
                *address = SocketAddr::from((host, address.port()));
            }
            all.push(Captured {
                time_ns: frame.time_ns,
                place: Place {
                    link: frame.link,
                    ..Place::default()
                },
                segment,
            });
        }
    }
}

fn followed(mut trace: Trace, batches: &[Batch]) -> Trace {
    for batch in batches {
        trace.take(batch, |_, _, _| {});
    }
    trace
}

fn count(batches: &[Batch]) -> ItemsCount {
    ItemsCount::new(
        batches
            .iter()
            .map(|batch| batch.segments.len())
            .sum::<usize>(),
    )
}

/// A segment, for who asks only how connections ended.
#[divan::bench]
fn observe_endings(bencher: Bencher) {
    let batches = batches();
    bencher
        .counter(count(&batches))
        .bench_local(|| followed(Trace::of_endings(Ports::default()), &batches));
}

/// A segment, for the screen.
#[divan::bench]
fn observe_all(bencher: Bencher) {
    let batches = batches();
    bencher
        .counter(count(&batches))
        .bench_local(|| followed(Trace::new(Ports::default()), &batches));
}

/// A line of the list, of a connection that is at hand (`false`) or rests (`true`).
#[divan::bench(args = [false, true])]
fn tell_line(bencher: Bencher, rests: bool) {
    tell(bencher, rests, |trace, id| {
        divan::black_box(Summary::of(trace, id));
    });
}

/// All of an ending, in words.
#[divan::bench(args = [false, true])]
fn tell_ending(bencher: Bencher, rests: bool) {
    tell(bencher, rests, |trace, id| {
        divan::black_box(ending(trace, id));
    });
}

fn tell(bencher: Bencher, rests: bool, tell: impl Fn(&Trace, ConnectionId)) {
    let mut trace = followed(Trace::new(Ports::default()), &batches());
    if rests {
        trace.rest();
    }
    // The newest are at hand unless all rest.
    let ids = trace.ids().len().saturating_sub(200);
    let ids = || trace.ids().skip(ids);
    bencher
        .counter(ItemsCount::new(ids().count()))
        .bench_local(|| ids().for_each(|id| tell(&trace, id)));
}
