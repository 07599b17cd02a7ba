//! Every capture in the repository: it shows what its recipe says, and tcpdump reads the same from
//! it.

mod common;

use std::collections::HashSet;
use std::path::Path;
use std::process::Command;

use common::{captures, json, of_type, printed};
use serde_json::Value;

/// `>F.`, `<P.(1)`.
fn wire(segment: &Value) -> String {
    let direction = if segment["from"] == "client" {
        '>'
    } else {
        '<'
    };
    let len = match segment["len"].as_u64().unwrap() {
        0 => String::new(),
        len => format!("({len})"),
    };
    format!("{direction}{}{len}", segment["flags"].as_str().unwrap())
}

#[test]
fn each_capture_shows_what_its_recipe_says() {
    for (name, path) in captures() {
        let recipe = std::fs::read_to_string(path.with_extension("toml"))
            .unwrap_or_else(|why| panic!("{name}.toml: {why}"));
        let recipe: toml::Table = recipe
            .parse()
            .unwrap_or_else(|why| panic!("{name}.toml: {why}"));
        let lines = json(&path);
        let rows: Vec<_> = of_type(&lines, "segment")
            .map(|line| {
                let state = |side: &str| line[side].as_str().unwrap().to_string();
                format!(
                    "{} {} {} {}",
                    line["connection"],
                    wire(line),
                    state("client_state"),
                    state("server_state")
                )
            })
            .collect();
        let wanted: Vec<_> = recipe["rows"]
            .as_array()
            .unwrap()
            .iter()
            .map(|row| row.as_str().unwrap())
            .collect();
        assert_eq!(rows, wanted, "{name}");
        let endings = recipe["endings"].as_array().unwrap();
        let connections: Vec<_> = of_type(&lines, "connection").collect();
        assert_eq!(connections.len(), endings.len(), "{name}: connections");
        for (connection, wanted) in connections.iter().zip(endings) {
            check_ending(&name, &connection["ending"], wanted);
        }
    }
}

fn check_ending(name: &str, ending: &Value, wanted: &toml::Value) {
    let text = |value: &Value| value.as_str().unwrap().to_string();
    let causes = ending["causes"].as_array().unwrap().iter();
    let causes: Vec<_> = causes
        .map(|cause| format!("{} {}", text(&cause["certainty"]), text(&cause["id"])))
        .collect();
    let told = wanted.get("causes").and_then(toml::Value::as_array);
    let told: Vec<_> = told
        .into_iter()
        .flatten()
        .map(|cause| cause.as_str().unwrap())
        .collect();
    assert_eq!(causes, told, "{name}: causes");
    for key in ["kind", "closed_first", "reset_by"] {
        let wanted = wanted.get(key).and_then(toml::Value::as_str);
        let told = ending.get(key).and_then(Value::as_str);
        assert_eq!(told, wanted, "{name}: {key}");
    }
}

/// What tcpdump prints of one segment, as far as it is compared.
#[derive(Debug, PartialEq)]
struct Printed {
    src: String,
    dst: String,
    flags: String,
    seq: Option<u32>,
    ack: Option<u32>,
    win: u64,
    len: u64,
}

/// `12:00:00.0 IP 127.0.0.1.4321 > 127.0.0.1.35790: Flags [P.], seq 1:2, ack 2, win 64, options
/// [...], length 1`.
fn parse(line: &str) -> Printed {
    let (head, rest) = line.split_once(": Flags [").expect(line);
    let words: Vec<_> = head.split_whitespace().collect();
    let [.., src, _, dst] = words[..] else {
        panic!("{line}")
    };
    let endpoint = |text: &str| {
        let (host, port) = text.rsplit_once('.').unwrap();
        if host.contains(':') {
            format!("[{host}]:{port}")
        } else {
            format!("{host}:{port}")
        }
    };
    let (flags, rest) = rest.split_once(']').unwrap();
    let number = |key: &str| {
        let (_, after) = rest.split_once(&format!(", {key} "))?;
        after
            .split(|c: char| !c.is_ascii_digit())
            .next()?
            .parse::<u64>()
            .ok()
    };
    let small = |number: u64| u32::try_from(number).unwrap();
    Printed {
        src: endpoint(src),
        dst: endpoint(dst),
        flags: flags.into(),
        seq: number("seq").map(small),
        ack: number("ack").map(small),
        win: number("win").unwrap(),
        len: rest.rsplit_once("length ").unwrap().1.parse().expect(line),
    }
}

/// What tcpdump would print of a segment in our JSON. tcpdump gives absolute numbers on a SYN,
/// where there is no ACK, and on a connection's first segment with ACK; it leaves the sequence
/// number of a bare ACK out.
fn as_tcpdump(segment: &Value, first_with_ack: bool) -> Printed {
    let text = |key: &str| segment[key].as_str().unwrap().to_string();
    let number = |key: &str| segment.get(key).and_then(Value::as_u64);
    let flags = text("flags");
    let absolute = flags.contains('S') || !flags.contains('.') || first_with_ack;
    let len = number("len").unwrap();
    let shows_seq = len > 0 || flags.contains(['S', 'F', 'R']);
    let seq = number(if absolute { "seq" } else { "seq_rel" }).filter(|_| shows_seq);
    let ack = number(if absolute { "ack" } else { "ack_rel" });
    let small = |number: u64| u32::try_from(number).unwrap();
    Printed {
        src: text("src"),
        dst: text("dst"),
        flags,
        seq: seq.map(small),
        ack: ack.map(small),
        win: number("win").unwrap(),
        len,
    }
}

fn tcpdump(path: &Path) -> Vec<String> {
    let output = Command::new("tcpdump")
        .args(["-nn", "-r"])
        .arg(path)
        .arg("tcp")
        .output();
    let output = output.expect("these tests compare with tcpdump: apt-get install tcpdump");
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout)
        .unwrap()
        .lines()
        .map(String::from)
        .collect()
}

#[test]
fn flags_numbers_lengths_and_order_are_tcpdumps() {
    for (name, path) in captures() {
        let theirs: Vec<_> = tcpdump(&path).iter().map(|line| parse(line)).collect();
        let lines = json(&path);
        let mut answered = HashSet::new();
        let ours: Vec<_> = of_type(&lines, "segment")
            .map(|segment| {
                let acks = segment.get("ack").is_some();
                as_tcpdump(
                    segment,
                    acks && answered.insert(segment["connection"].as_u64()),
                )
            })
            .collect();
        assert_eq!(ours, theirs, "{name}");
    }
}

#[test]
fn ladder_has_every_segment_with_its_words_and_numbers() {
    for (name, path) in captures() {
        let ladder = printed(&["--format", "ladder", path.to_str().unwrap()]);
        let lines = json(&path);
        let mut segments: Vec<_> = of_type(&lines, "segment").collect();
        // A ladder after the other.
        segments.sort_by_key(|segment| segment["connection"].as_u64());
        let is_arrow = |line: &&str| {
            let is_numbered = line.trim_start().starts_with(|c: char| c.is_ascii_digit());
            is_numbered && line.contains('─')
        };
        let arrows: Vec<_> = ladder.lines().filter(is_arrow).collect();
        assert_eq!(arrows.len(), segments.len(), "{name}");
        for (arrow, segment) in arrows.iter().zip(segments) {
            let head = if segment["from"] == "client" {
                ["▶", "✕", "╳"]
            } else {
                ["◀", "✕", "╳"]
            };
            assert!(
                head.iter().any(|head| arrow.contains(head)),
                "{name}: {arrow}"
            );
            if segment["flags"].as_str().unwrap().contains(['F', 'R']) {
                assert!(
                    arrow.contains(&format!(" seq {}", segment["seq_rel"])),
                    "{name}: {arrow}"
                );
            }
            // Beside long numbers of data, and a remark, the acknowledgement gives way.
            let is_short = segment["len"] == 0 && segment["notes"].as_array().unwrap().is_empty();
            let ack = segment.get("ack_rel").filter(|_| is_short);
            if let Some(ack) = ack {
                assert!(arrow.contains(&format!(" ack {ack}")), "{name}: {arrow}");
            }
        }
    }
}
