//! docs/kernel.md's table: every experiment with an RST, played while the kernel tells why it sends each.

use std::fmt::Write;
use std::fs;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use serde_json::Value;
use tcpviz::kernel::{Helper, Kernel};
use tcpviz::lab::catalog;
use tcpviz::story::reason;
use tcpviz::trace::{Deed, Heard, Word};
use tcpviz::wire::Ports;

use crate::common::{of_type, printed};

const BEGIN: &str = "<!-- table of reasons -->\n";
const END: &str = "<!-- end of the table -->\n";

/// The kernel that it was made with; others may have other reasons.
const RELEASE: &str = "6.18.";

/// A reason is told within this time of its RST, in nanoseconds.
const NEAR_NS: u64 = 20_000_000;
const HELD_NS: u64 = 3_000_000_000;

type All = Arc<Mutex<Vec<Heard>>>;

/// Those of the experiments: other programs on this machine would fill the ring.
fn ports() -> Ports {
    let mut all: Vec<_> = catalog::experiments()
        .map(|it| (it.port, it.port))
        .collect();
    all.sort_unstable();
    all.dedup();
    Ports::new(all)
}

pub fn check() {
    let heard: All = Arc::default();
    let helper = Helper::start(&ports()).unwrap();
    let taken = Arc::clone(&heard);
    let sink = Box::new(move |some: Vec<Heard>| {
        let is_reason = |it: &Heard| matches!(it.word, Word::Deed(Deed::SentReset(_)));
        taken
            .lock()
            .unwrap()
            .extend(some.into_iter().filter(is_reason));
        true
    });
    let kernel = Kernel::start(Some(helper), ports(), sink).unwrap();
    let mut rows = String::new();
    for group in catalog::groups() {
        for experiment in &group.experiments {
            if experiment.slow || !experiment.wanted.wire.contains('R') {
                continue;
            }
            let text = printed(&["lab", &experiment.name, "-F", "json"]);
            let lines: Vec<Value> = text
                .lines()
                .map(|line| serde_json::from_str(line).unwrap())
                .collect();
            rows += &rows_of(&experiment.name, &lines, &heard);
        }
    }
    let lost = kernel.end().events;
    compare(&rows, lost);
}

/// A line for each kind of RST of an experiment.
fn rows_of(name: &str, lines: &[Value], heard: &All) -> String {
    let mut rows: Vec<String> = Vec::new();
    for segment in of_type(lines, "segment") {
        if !segment["flags"].as_str().unwrap().contains('R') {
            continue;
        }
        let row = row(name, segment, lines, heard);
        if !rows.contains(&row) {
            rows.push(row);
        }
    }
    rows.concat()
}

fn row(name: &str, segment: &Value, lines: &[Value], heard: &All) -> String {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_string();
    let connection = of_type(lines, "connection")
        .find(|it| it["connection"] == segment["connection"])
        .unwrap();
    let ending = &connection["ending"];
    let causes = ending["causes"].as_array().unwrap();
    // The causes are those of the RST that counted.
    let frames = causes.first().map(|cause| &cause["frames"]);
    let counted = frames.is_some_and(|frames| {
        frames.as_array().unwrap().contains(&segment["frame"])
            && ending["reset_by"] == segment["from"]
    });
    let causes: Vec<_> = causes.iter().map(|cause| text(&cause["id"])).collect();
    let (told, words, verdict) = match reason_of(segment, heard) {
        None => ("none".into(), "nothing: no kernel sent it", ""),
        Some(told) => {
            let known = reason::find(&told);
            let words = known.map_or("?", |it| it.words);
            let means = known.map_or(&[][..], |it| it.causes);
            let is_meant = |id: &String| means.iter().any(|cause| cause.name() == id);
            let verdict = match causes.iter().position(is_meant) {
                Some(0) => "the same",
                Some(_) => "possible",
                None if means.is_empty() || causes.is_empty() => "",
                None => "**another**",
            };
            (format!("`{told}`"), words, verdict)
        }
    };
    let (causes, verdict) = if counted {
        (causes.join(", then "), verdict)
    } else {
        ("(not the RST that counted)".into(), "")
    };
    let (from, flags) = (text(&segment["from"]), text(&segment["flags"]));
    let mut line = String::new();
    writeln!(
        line,
        "| `{name}` | {from} `{flags}` | {told} | {words} | {causes} | {verdict} |"
    )
    .unwrap();
    line
}

/// The reason told for an RST; none for one that somebody forged.
fn reason_of(segment: &Value, heard: &All) -> Option<String> {
    let end = |key: &str| segment[key].as_str().unwrap().parse().unwrap();
    let (local, remote): (std::net::SocketAddr, std::net::SocketAddr) = (end("src"), end("dst"));
    let time_ns = segment["time_ns"].as_u64().unwrap();
    // It comes on another way than the segment.
    let until = Instant::now() + Duration::from_millis(500);
    loop {
        let all = heard.lock().unwrap();
        // Of a listener the kernel doesn't tell the peer.
        let is_it =
            |it: &&Heard| it.local == local && [remote.port(), 0].contains(&it.remote.port());
        let its = all.iter().filter(is_it);
        // Some experiments hold an RST on its way.
        let near_ns = |it: &Heard| {
            if it.remote == remote {
                HELD_NS
            } else {
                NEAR_NS
            }
        };
        let near = its.filter(|it| it.time_ns.abs_diff(time_ns) <= near_ns(it));
        let nearest = near.min_by_key(|it| it.time_ns.abs_diff(time_ns));
        if let Some(Heard {
            word: Word::Deed(Deed::SentReset(reason)),
            ..
        }) = nearest
        {
            return Some(reason.clone());
        }
        drop(all);
        if Instant::now() >= until {
            return None;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
}

fn compare(rows: &str, lost: u64) {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/kernel.md");
    let text = fs::read_to_string(path).unwrap();
    let (before, rest) = text.split_once(BEGIN).expect(BEGIN);
    let (_, after) = rest.split_once(END).expect(END);
    let heading = "| experiment | RST | the kernel's reason | in words | tcpviz's causes | verdict |\n|---|---|---|---|---|---|\n";
    let wanted = format!("{before}{BEGIN}{heading}{rows}{END}{after}");
    let release = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap();
    if std::env::var_os("TCPVIZ_WRITE_DOCS").is_some() {
        fs::write(path, wanted).unwrap();
    } else if release.starts_with(RELEASE) {
        assert_eq!(
            text, wanted,
            "TCPVIZ_WRITE_DOCS=1 cargo test --test kernel writes it; {lost} events were lost"
        );
    }
    assert!(!rows.contains("**another**"), "{rows}");
}
