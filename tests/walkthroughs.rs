//! The walkthroughs show what the captures hold: each part between `<!-- KIND NAME -->` and `<!-- end -->` is made from
//! `captures/NAME.pcap`, its recipe, or the experiment's script.
//!
//! `TCPVIZ_WRITE_DOCS=1 cargo test --test walkthroughs` writes these parts anew.
#![cfg(feature = "live")]

mod common;

use std::collections::HashSet;
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::mpsc::channel;

use common::capture;
use tcpviz::conn::Side;
use tcpviz::lab::catalog;
use tcpviz::lab::script::{Does, Experiment};
use tcpviz::report::ladder;
use tcpviz::report::page::How;
use tcpviz::source::{self, Selection};
use tcpviz::trace::{Aside, Trace};
use tcpviz::wire::{Feed, Ports};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/walkthroughs")
}

/// A recorded experiment: what was captured, and what was recorded beside it.
fn recorded(name: &str) -> Trace {
    let path = capture(name);
    let opened = source::open(&path, false).unwrap_or_else(|why| panic!("{name}: {why}"));
    let (sender, feeds) = channel();
    let sink = Box::new(move |feed| sender.send(feed).is_ok());
    let selection = Selection {
        ports: Ports::default(),
        expression: None,
    };
    source::file::start(opened, selection, sink);
    let mut trace = Trace::new(Ports::default());
    for feed in feeds {
        match feed {
            Feed::Batch(batch) => trace.take(&batch, |_, _, _| {}),
            Feed::Ended(ended) => trace.end(ended),
        }
    }
    let recipe: toml::Table = fs::read_to_string(path.with_extension("toml"))
        .unwrap()
        .parse()
        .unwrap();
    let lines = recipe["beside"].as_array().unwrap().iter();
    let asides = lines.map(|line| {
        let line = line.as_str().unwrap();
        Aside::read(line).unwrap_or_else(|| panic!("{name}: {line}"))
    });
    asides.for_each(|aside| trace.remark(aside));
    trace
}

fn block(text: &str) -> String {
    format!("```text\n{}\n```", text.trim_end())
}

/// The ladder with the system calls and the kernels' states, the cause, and what each program saw.
fn whole_ladder(experiment: &Experiment) -> String {
    let mut text = Vec::new();
    let trace = recorded(&experiment.name);
    ladder::write(&mut text, &trace, None, How::default()).unwrap();
    block(&String::from_utf8(text).unwrap())
}

/// tcpdump's own lines.
fn tcpdump(experiment: &Experiment) -> String {
    let path = capture(&experiment.name);
    let output = Command::new("tcpdump")
        .args(["-nn", "-t", "-r"])
        .arg(&path)
        .output();
    let output = output.expect("these tests compare with tcpdump: apt-get install tcpdump");
    assert!(output.status.success());
    block(&String::from_utf8(output.stdout).unwrap())
}

/// Both ends' states after each segment.
fn states(experiment: &Experiment) -> String {
    let trace = recorded(&experiment.name);
    let mut table = String::from("| segment | client | server |\n|---|---|---|\n");
    for (index, record) in trace.records().enumerate() {
        let arrow = match record.from {
            Side::Client => "→",
            Side::Server => "←",
        };
        let data = match record.len {
            0 => String::new(),
            len => format!(" ({len})"),
        };
        let (client, server) = (record.states.client, record.states.server);
        let flags = record.flags.words();
        let number = index + 1;
        writeln!(
            table,
            "| {number} {arrow} {flags}{data} | {client} | {server} |"
        )
        .unwrap();
    }
    table.trim_end().into()
}

/// What each program called, and what it got.
fn calls(experiment: &Experiment) -> String {
    let mut table = String::from("| who | call | result |\n|---|---|---|\n");
    for step in &experiment.steps {
        let (who, call, result) = match &step.does {
            Does::Call {
                actor,
                call,
                text,
                wanted,
            } => {
                let result = match wanted {
                    Some(wanted) => format!("`{}`", wanted.text),
                    None if ["exit", "exec"].contains(&call.name.as_str()) => String::new(),
                    None => "(waits)".into(),
                };
                (actor.clone(), format!("`{text}`"), result)
            }
            Does::End { actor, wanted } => (
                actor.clone(),
                "its call ends".into(),
                format!("`{}`", wanted.text),
            ),
            Does::Order(words) if words[0] == "signal" => (
                words[1].clone(),
                format!("gets {}", words[2]),
                String::new(),
            ),
            Does::Order(_) | Does::States { .. } => continue,
        };
        let result = result.replace('|', "\\|");
        writeln!(table, "| {who} | {call} | {result} |").unwrap();
    }
    table.trim_end().into()
}

/// The script, as `tcpviz lab` reads it.
fn script(experiment: &Experiment) -> String {
    let lines: Vec<_> = experiment.steps.iter().map(|step| &*step.text).collect();
    block(&lines.join("\n"))
}

fn made(kind: &str, name: &str) -> String {
    let experiment = catalog::find(name).unwrap_or_else(|| panic!("no experiment is named {name}"));
    match kind {
        "ladder" => whole_ladder(experiment),
        "tcpdump" => tcpdump(experiment),
        "states" => states(experiment),
        "calls" => calls(experiment),
        "script" => script(experiment),
        "title" => experiment.title.clone(),
        other => panic!("{name}: nothing is called {other}"),
    }
}

/// A page with every part made anew.
fn renewed(page: &str) -> String {
    let mut text = String::new();
    let mut rest = page;
    while let Some(at) = rest.find("<!-- ") {
        let after = at + rest[at..].find(" -->").expect("a comment ends") + 4;
        let words: Vec<_> = rest[at + 5..after - 4].split(' ').collect();
        text.push_str(&rest[..after]);
        rest = &rest[after..];
        if let [kind, name] = words[..] {
            let end = rest
                .find("<!-- end -->")
                .expect("a part ends with <!-- end -->");
            text.push_str(&format!("\n{}\n", made(kind, name)));
            rest = &rest[end..];
        }
    }
    text + rest
}

fn pages() -> Vec<PathBuf> {
    let entries = fs::read_dir(folder()).expect("docs/walkthroughs/");
    let mut pages: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    pages.retain(|path| path.extension().is_some_and(|suffix| suffix == "md"));
    pages.sort();
    pages
}

#[test]
fn each_part_of_a_walkthrough_is_what_the_captures_hold() {
    for path in pages() {
        let page = fs::read_to_string(&path).unwrap();
        let renewed = renewed(&page);
        if std::env::var_os("TCPVIZ_WRITE_DOCS").is_some() {
            fs::write(&path, &renewed).unwrap();
            continue;
        }
        let first = page
            .lines()
            .zip(renewed.lines())
            .find(|(is, should)| is != should);
        assert!(
            page == renewed,
            "{} is old, at {first:?}: TCPVIZ_WRITE_DOCS=1 cargo test --test walkthroughs",
            path.display()
        );
    }
}

#[test]
fn each_group_has_a_walkthrough_that_names_all_its_experiments() {
    let course = fs::read_to_string(folder().join("README.md")).unwrap();
    for group in catalog::groups() {
        let path = folder().join(format!("{}.md", group.name));
        let page = fs::read_to_string(&path).unwrap_or_default();
        assert!(
            course.contains(&format!("({}.md)", group.name)),
            "{}",
            group.name
        );
        assert!(
            page.contains(&group.question),
            "{}: the question",
            group.name
        );
        for experiment in &group.experiments {
            let name = format!("`{}`", experiment.name);
            assert!(
                page.contains(&name),
                "{} doesn't name {name}",
                path.display()
            );
        }
    }
}

/// A recipe tells how its capture was made: by the script as it is today.
#[test]
fn each_recipe_is_its_experiments_script() {
    for experiment in catalog::experiments() {
        let path = capture(&experiment.name).with_extension("toml");
        let recipe: toml::Table = fs::read_to_string(path).unwrap().parse().unwrap();
        let steps: String = experiment
            .steps
            .iter()
            .map(|step| format!("{}\n", step.text))
            .collect();
        assert_eq!(
            recipe["how"].as_str(),
            Some(&*steps),
            "tcpviz lab --record captures {}",
            experiment.name
        );
    }
}

#[test]
fn each_experiment_is_recorded_and_each_recording_is_an_experiment() {
    let recorded: HashSet<_> = common::captures()
        .into_iter()
        .map(|(name, _)| name)
        .collect();
    let known: HashSet<_> = catalog::experiments().map(|it| it.name.clone()).collect();
    assert_eq!(recorded, known, "tcpviz lab --record captures");
}
