//! What is told of each program's next calls, and of what is in flight, against what the programs got and the kernels said
//! when the experiments were recorded.

mod common;

use std::collections::HashMap;
use std::fs;
use std::path::Path;
use std::sync::mpsc::channel;

use tcpviz::conn::{Side, State};
use tcpviz::source::{self, Selection};
use tcpviz::story::space::{Space, SpaceIndex};
use tcpviz::trace::{Aside, KernelEnd, Said, Trace};
use tcpviz::wire::{Feed, Ports};

/// Experiments in which a call can't give what the wire lets expect: shutdown(SHUT_RD) isn't on the wire; another
/// descriptor is used; the call began, or the program died, before the segment; the wire held back what was captured.
const UNTOLD: &[&str] = &[
    "shutdown-rd",
    "local-use-after-close",
    "pipe-socketpair-epipe",
    "article-",
    "second-write-sigpipe",
    "blocked-writer",
    "client-host-reboot",
    "close-crossing-data.rst-first",
    "fin-data-reordered",
    "server-host-crash.l2-gone",
    "shutdown-wr.signal",
    "connection-refused",
];

fn read(path: &Path) -> Trace {
    let opened = source::open(path, false).unwrap();
    let (sender, feeds) = channel();
    let selection = Selection {
        ports: Ports::default(),
        expression: None,
    };
    let sink = Box::new(move |feed| sender.send(feed).is_ok());
    source::file::start(opened, selection, sink);
    let mut trace = Trace::new(Ports::default());
    for feed in feeds {
        match feed {
            Feed::Batch(batch) => trace.take(&batch, |_, _, _| {}),
            Feed::Ended(ended) => trace.end(ended),
        }
    }
    trace
}

/// What is told of a call that gave this, if it is told: `None` where it isn't about reading or writing.
fn is_told(end: &Space, text: &str) -> Option<bool> {
    let (call, result) = text.split_once(" = ")?;
    let gave_octets = result.starts_with(|c: char| ('1'..='9').contains(&c));
    if call.starts_with("read") || call.starts_with("recv") {
        let told = end.program.next_read();
        return Some(match result {
            _ if gave_octets => told.contains("data") || told.contains("what is left"),
            "0 (EOF)" => told.contains("0 (end of file)"),
            "EAGAIN" => told.contains("waits"),
            errno => told.contains(errno),
        });
    }
    if call.starts_with("send") || call.starts_with("write") {
        let told = end.program.next_write();
        let wanted = if gave_octets {
            "succeeds"
        } else {
            result.split(',').next()?
        };
        return Some(told.contains(wanted));
    }
    None
}

/// Whether the kernel has as much unacknowledged as is told; `None` where it doesn't say, or has more to send than the
/// wire has seen.
fn is_in_flight(kernel: &KernelEnd, end: &Space) -> Option<bool> {
    use State::{CloseWait, Closing, Established, FinWait1, FinWait2, LastAck};
    let told = [Established, FinWait1, FinWait2, CloseWait, Closing, LastAck];
    let tells = told.contains(&kernel.state) && kernel.state == end.state;
    let outstanding = end.in_flight + u32::from(end.fin_in_flight);
    let has_more = kernel.waiting().send > outstanding;
    (tells && !has_more).then_some(kernel.waiting().send == outstanding)
}

#[test]
fn programs_and_kernels_got_what_is_told() {
    let mut wrong = Vec::new();
    let mut seen: HashMap<bool, usize> = HashMap::new();
    let recipes = fs::read_dir(common::capture("x").parent().unwrap()).unwrap();
    for recipe in recipes.map(|entry| entry.unwrap().path()) {
        let name = recipe.file_stem().unwrap().to_string_lossy().into_owned();
        if recipe.extension().is_none_or(|it| it != "toml")
            || UNTOLD.iter().any(|it| name.starts_with(it))
        {
            continue;
        }
        let trace = read(&recipe.with_extension("pcap"));
        let recipe: toml::Table = fs::read_to_string(&recipe).unwrap().parse().unwrap();
        for line in recipe["beside"].as_array().unwrap() {
            let line = line.as_str().unwrap();
            let aside = Aside::read(line).unwrap();
            let Some(row) = aside.row.checked_sub(1) else {
                continue;
            };
            let id = aside.connection;
            let space = SpaceIndex::of(&trace, id).at(&trace, id, row as usize);
            let judged = match &aside.said {
                Said::Call { side, text, .. } => vec![is_told(&space[*side], text)],
                Said::Kernel(ends) => Side::BOTH
                    .map(|side| is_in_flight(ends[side].as_ref()?, &space[side]))
                    .to_vec(),
                Said::Order(_) | Said::Error(_) | Said::Deed { .. } => Vec::new(),
            };
            for right in judged.into_iter().flatten() {
                *seen.entry(right).or_default() += 1;
                if !right {
                    wrong.push(format!("{name}: {line}"));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert!(seen[&true] > 600, "{seen:?}");
}
