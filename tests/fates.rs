//! Which segments of the repository's captures are told to be lost: those that the lab's wire dropped, and nothing else.
#![cfg(feature = "live")]

mod common;

use std::fs;
use std::path::Path;
use std::sync::mpsc::channel;

use tcpviz::source::{self, Selection};
use tcpviz::story::Fate;
use tcpviz::story::fate::fate;
use tcpviz::trace::{Aside, Trace};
use tcpviz::wire::{Feed, Ports};

/// A capture, with what the lab told beside it or as anybody would see it.
fn read(name: &str, told: bool) -> Trace {
    let path = common::capture(name);
    let opened = source::open(&path, false).unwrap_or_else(|why| panic!("{name}: {why}"));
    let (sender, feeds) = channel();
    let sink = Box::new(move |feed| sender.send(feed).is_ok());
    source::file::start(opened, Selection::default(), sink);
    let mut trace = Trace::new(Ports::default());
    for feed in feeds {
        match feed {
            Feed::Batch(batch) => trace.take(&batch, |_, _, _| {}),
            Feed::Ended(ended) => trace.end(ended),
        }
    }
    let recipe = fs::read_to_string(path.with_extension("toml")).unwrap();
    let recipe: toml::Table = recipe.parse().unwrap();
    let beside = recipe["beside"].as_array().unwrap().iter();
    for line in beside.filter(|_| told) {
        trace.remark(Aside::read(line.as_str().unwrap()).unwrap());
    }
    trace
}

/// `4>5`: segment 4 (of the first connection) is lost, and sent again as segment 5.
fn lost(trace: &Trace) -> String {
    let ids = trace.ids();
    let rows = ids.flat_map(|id| (0..trace.len(id)).map(move |row| (id, row)));
    let told = rows.filter_map(|(id, row)| match fate(trace, id, row) {
        Fate::Arrived => None,
        Fate::Lost { again } => {
            let of = if id > 0 {
                format!("{}:", id + 1)
            } else {
                String::new()
            };
            let again = again.map_or(String::new(), |again| format!(">{}", again + 1));
            Some(format!("{of}{}{again}", row + 1))
        }
    });
    told.collect::<Vec<_>>().join(" ")
}

/// Every capture of which something is known to be lost: from the segments alone, and with what the lab tells.
const LOST: &[(&str, &str, &str)] = &[
    ("close-crossing-data.rst-first", "", "4"),
    ("fin-data-reordered", "4>7", "4>7"),
    ("fin-lost-forever", "", "4>5 5>6 6>7 7>8 8>9 9"),
    ("fin-lost-once", "", "4>5"),
    (
        "ipv6-server-host-crash.router-host-unreach",
        "",
        "4>5 5>6 6>7 7>8 8>9 9",
    ),
    ("ipv6-syn-icmp-host", "", "1"),
    ("last-ack-lost", "", "7 9"),
    ("middlebox-reset", "", "4"),
    ("rst-in-last-ack", "", "6"),
    (
        "server-host-crash.icmp-port-unreach",
        "",
        "4>5 5>6 6>7 7>8 8>9 9",
    ),
    ("server-host-crash.icmp-then-back", "", "4>5 5>6 6>7"),
    ("server-host-crash.keepalive", "", "6 7 8"),
    ("server-host-crash.keepalive-unreach", "", "6 7 8"),
    ("server-host-crash.l2-gone", "", "4>5 5>6 6>7 7>8 8>9 9"),
    ("server-host-crash.read-timeout", "", "4>5 5"),
    (
        "server-host-crash.router-host-unreach",
        "",
        "4>5 5>6 6>7 7>8 8>9 9",
    ),
    (
        "server-host-crash.router-net-unreach",
        "",
        "4>5 5>6 6>7 7>8 8>9 9",
    ),
    ("server-host-crash.silent", "", "4>5 5>6 6>7 7>8 8>9 9"),
    ("server-host-crash.user-timeout", "", "4>5 5>6 6>7 7>8 8"),
    ("server-host-reboot.retransmit", "", "4>5 5>6"),
    ("syn-icmp-admin", "", "1"),
    ("syn-icmp-host", "", "1"),
    ("syn-icmp-port", "", "1"),
    ("syn-reject-rst", "", "1"),
    ("syn-timeout", "", "1>2 2>3 3>4 4>5 5>6 6"),
    (
        "syn-timeout.retries5",
        "",
        "1>2 2>3 3>4 4>5 5>6 6>7 7>8 8>9 9>10 10",
    ),
    ("write-is-only-buffered", "", "4>7 5>6 6>7 7>8 8>9 9"),
];

#[test]
fn of_every_capture_what_the_wire_dropped_is_lost_and_nothing_else() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("captures");
    let files = fs::read_dir(folder)
        .unwrap()
        .map(|file| file.unwrap().path());
    let mut names: Vec<_> = files
        .filter(|path| path.extension().is_some_and(|it| it == "toml"))
        .map(|path| path.file_stem().unwrap().to_str().unwrap().to_string())
        .collect();
    names.sort();
    assert!(names.len() > 100);
    let mut seen = Vec::new();
    for name in &names {
        let told = [false, true].map(|told| lost(&read(name, told)));
        if told.iter().any(|it| !it.is_empty()) {
            seen.push((name.as_str(), told));
        }
    }
    let wanted: Vec<_> = LOST
        .iter()
        .map(|&(name, alone, told)| (name, [alone, told].map(String::from)))
        .collect();
    assert_eq!(seen, wanted);
}
