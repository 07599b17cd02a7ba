//! Journeys of a new user, each at 100x30 and at 60x20 in ASCII, and each in a recording (docs/journeys). Those that need
//! sockets are in tests/live/journeys.rs.
//!
//! `TCPVIZ_WRITE_DOCS=1 cargo test --test journeys --test live` records them anew.

mod common;

use std::collections::HashMap;
use std::fs;
use std::path::Path;

use common::recording::{self, folder};
use common::screen::{RIGHT, Screen};
use common::{capture, json, of_type};
use serde_json::Value;

/// How it is looked at.
struct View {
    columns: u16,
    lines: u16,
    ascii: bool,
    /// What a recording's name ends with.
    suffix: &'static str,
}

const VIEWS: [View; 2] = [
    View {
        columns: 100,
        lines: 30,
        ascii: false,
        suffix: "",
    },
    View {
        columns: 60,
        lines: 20,
        ascii: true,
        suffix: "-60x20",
    },
];

impl View {
    /// Starts the program, which a person does by typing `command`.
    fn start(&self, arguments: &[&str], title: &str, command: &str) -> Screen {
        let flag: &[&str] = if self.ascii { &["--ascii"] } else { &[] };
        let arguments = [arguments, flag].concat();
        let command = [&[command], flag].concat().join(" ");
        let title = format!("{title} ({}x{})", self.columns, self.lines);
        Screen::start(&arguments, self.columns, self.lines).record(&title, &command)
    }

    fn mark(&self) -> char {
        if self.ascii { '>' } else { '▌' }
    }

    /// The selected row of the ladder, which must be that of a segment.
    fn selected(&self, text: &str, segment: usize) -> String {
        // The list, where it is shown, stands above the ladder and has a selected line too.
        let ladder = text.split_once("Reset by the server").expect("a verdict").1;
        let rows = ladder
            .lines()
            .filter_map(|line| line.strip_prefix(self.mark()));
        let mut rows =
            rows.filter(|row| row.split_whitespace().next() == Some(&segment.to_string()));
        let row = rows.next();
        row.unwrap_or_else(|| panic!("segment {segment} isn't selected:\n{text}"))
            .into()
    }
}

/// What the capture of many connections is made of: recorded connections, one a capture. In some it is the server that
/// closes first and is written to then.
const MIXED: [&str; 10] = [
    "orderly-close",
    "shutdown-rdwr",
    "close-then-peer-writes",
    "linger-zero",
    "orderly-close.server-first",
    "server-process-killed",
    "shutdown-wr-then-peer-writes",
    "half-close-tail",
    "exit-with-unread-data",
    "fin-wait-2-orphan-timeout.write",
];
const CONNECTIONS: usize = 500;
const MANY: &str = "monday.pcap";

const FILE_HEADER: usize = 24;
const RECORD_HEADER: usize = 16;
/// Magic number of a classic pcap file with nanoseconds, as this library's recordings have it.
const NANOSECONDS: [u8; 4] = [0x4d, 0x3c, 0xb2, 0xa1];
const ETHERNET: u32 = 1;
/// Where a TCP segment stands in a frame of IPv4 without options.
const TCP: usize = 14 + 20;
/// The servers' ports in these recordings are below, the clients' above.
const EPHEMERAL: u16 = 30_000;
const SECOND_NS: u64 = 1_000_000_000;

/// A frame and its time.
type Frame = (u64, Vec<u8>);

fn frames(name: &str) -> (Vec<u8>, Vec<Frame>) {
    let octets = fs::read(capture(name)).unwrap();
    let number = |at: usize| u32::from_le_bytes(octets[at..at + 4].try_into().unwrap());
    assert_eq!(octets[..4], NANOSECONDS, "{name}");
    assert_eq!(number(20), ETHERNET, "{name}");
    let mut frames = Vec::new();
    let mut at = FILE_HEADER;
    while at < octets.len() {
        let time = u64::from(number(at)) * SECOND_NS + u64::from(number(at + 4));
        let start = at + RECORD_HEADER;
        at = start + number(at + 8) as usize;
        frames.push((time, octets[start..at].to_vec()));
    }
    (octets[..FILE_HEADER].to_vec(), frames)
}

/// A capture of 500 connections that begin 40 ms after each other: recorded ones, with other client ports and times.
/// (Checksums stay as they were: nobody looks at them, since captures on the sending host have none.)
fn write_many(path: &Path) {
    const APART_NS: u64 = 40_000_000;
    const MONDAY_NS: u64 = 1_700_473_500 * SECOND_NS;
    let mut header = Vec::new();
    let mut all: Vec<Frame> = Vec::new();
    for (index, name) in MIXED.iter().cycle().take(CONNECTIONS).enumerate() {
        let (its_header, frames) = frames(name);
        header = its_header;
        let first = frames[0].0;
        let begin = MONDAY_NS + index as u64 * APART_NS;
        let port = EPHEMERAL + u16::try_from(index).unwrap();
        for (time, mut frame) in frames {
            for at in [TCP, TCP + 2] {
                let port_here: &mut [u8; 2] = (&mut frame[at..at + 2]).try_into().unwrap();
                if u16::from_be_bytes(*port_here) >= EPHEMERAL {
                    *port_here = port.to_be_bytes();
                }
            }
            all.push((begin + time - first, frame));
        }
    }
    all.sort_by_key(|(time, _)| *time);
    let mut octets = header;
    for (time, frame) in all {
        let length = u32::try_from(frame.len()).unwrap();
        let (seconds, rest) = (time / SECOND_NS, time % SECOND_NS);
        for number in [
            u32::try_from(seconds).unwrap(),
            u32::try_from(rest).unwrap(),
        ] {
            octets.extend(number.to_le_bytes());
        }
        octets.extend(length.to_le_bytes());
        octets.extend(length.to_le_bytes());
        octets.extend(frame);
    }
    fs::write(path, octets).unwrap();
}

/// The connections that the server reset for data after its close, with the segments that show it: counted from 1 in
/// each connection.
fn reset_by_server(lines: &[Value]) -> Vec<(u64, Vec<usize>)> {
    let mut frames: HashMap<u64, Vec<u64>> = HashMap::new();
    for segment in of_type(lines, "segment") {
        let connection = segment["connection"].as_u64().unwrap();
        let frame = segment["frame"].as_u64().unwrap();
        frames.entry(connection).or_default().push(frame);
    }
    let is_wanted = |ending: &Value| {
        let mut causes = ending["causes"].as_array().unwrap().iter();
        ending["kind"] == "reset"
            && ending["reset_by"] == "server"
            && causes.any(|cause| cause["id"] == "data-after-close")
    };
    let evidence = |connection: &Value| {
        let number = connection["connection"].as_u64().unwrap();
        let place = |frame: &Value| {
            let mut all = frames[&number].iter();
            all.position(|it| Some(*it) == frame.as_u64()).unwrap() + 1
        };
        let shown = connection["ending"]["frames"].as_array().unwrap();
        (number, shown.iter().map(place).collect())
    };
    let connections = of_type(lines, "connection");
    let wanted = connections.filter(|it| is_wanted(&it["ending"]));
    wanted.map(evidence).collect()
}

/// Of 500 connections, those that the server reset because data came after its close(), and what shows it.
fn find_those_reset_by_the_server(view: &View) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(MANY);
    write_many(&path);
    let lines = json(&path);
    assert_eq!(of_type(&lines, "connection").count(), CONNECTIONS);
    let wanted = reset_by_server(&lines);
    assert_eq!(wanted.len(), 3 * CONNECTIONS / MIXED.len());
    let (first, evidence) = &wanted[0];
    assert_eq!(evidence.len(), 3);

    let title = "Of 500 connections, those that the server reset for data after close";
    let command = format!("tcpviz {MANY}");
    let mut screen = view.start(&[path.to_str().unwrap()], title, &command);
    screen.wait_for("step 1/");
    screen.press("\t");
    screen.wait("the list alone", |text| {
        !text.contains("LISTEN") && !text.contains("LSTN")
    });
    screen.press("/");
    screen.wait_for("filter:");
    screen.press("ending:reset by:server cause:data-after-close");
    screen.wait_for("cause:data-after-close");
    screen.press("\r");
    let found = screen.wait_for(&format!(" {} of {CONNECTIONS} ", wanted.len()));
    // Every line of the list is one of them, and the first is chosen.
    let heading = found
        .lines()
        .position(|line| line.contains("client"))
        .unwrap();
    let height = usize::from(view.lines) - heading - 3;
    let rows: Vec<_> = found.lines().skip(heading + 1).take(height).collect();
    let number = |line: &str| {
        line.trim_start_matches(view.mark())
            .split_whitespace()
            .next()?
            .parse()
            .ok()
    };
    let listed: Vec<u64> = rows.iter().filter_map(|line| number(line)).collect();
    let expected: Vec<u64> = wanted.iter().map(|(number, _)| *number).collect();
    assert!(
        listed.len() >= 12 && expected.starts_with(&listed),
        "{listed:?}\n{found}"
    );
    assert!(rows[0].starts_with(view.mark()), "{found}");
    assert!(rows.iter().all(|row| row.contains("reset")), "{found}");

    screen.press("\r");
    let text = screen.wait("the ladder", |text| text.contains(" SYN "));
    assert!(
        text.contains("Reset by the server: data reached it after close()."),
        "{text}"
    );
    assert!(
        text.contains(&format!("client 127.0.0.1:{}", 29_999 + first)),
        "{text}"
    );
    let mut rows = Vec::new();
    for (index, segment) in evidence.iter().enumerate() {
        screen.press("e");
        let said = format!(
            "evidence {} of {}: segment {segment}",
            index + 1,
            evidence.len()
        );
        let text = screen.wait_for(&said);
        rows.push(view.selected(&text, *segment));
    }
    // The server's FIN, the client's data, the server's RST.
    let text = rows.join("\n");
    let arrow = if view.ascii {
        ["<", ">"]
    } else {
        ["◀", "▶"]
    };
    assert!(
        rows[0].contains("FIN,ACK seq") && rows[0].contains(arrow[0]),
        "{text}"
    );
    assert!(
        rows[1].contains("bytes") && rows[1].contains(arrow[1]),
        "{text}"
    );
    assert!(rows[2].contains("RST seq"), "{text}");
    screen.keep(&format!("reset-by-server{}", view.suffix), None);
    screen.press("q");
    assert_eq!(screen.wait_for_end(), 0);
}

#[test]
fn reset_by_server_is_found_among_500() {
    find_those_reset_by_the_server(&VIEWS[0]);
}

#[test]
fn reset_by_server_is_found_among_500_at_60x20_in_ascii() {
    find_those_reset_by_the_server(&VIEWS[1]);
}

/// Both states after each row of a recorded experiment, calls and segments: as its recipe says.
fn states_of_rows(name: &str) -> Vec<[String; 2]> {
    let recipe = fs::read_to_string(capture(name).with_extension("toml")).unwrap();
    let recipe: toml::Table = recipe.parse().unwrap();
    let words = |key: &str| -> Vec<Vec<String>> {
        let lines = recipe[key].as_array().unwrap().iter();
        let words = |line: &toml::Value| {
            line.as_str()
                .unwrap()
                .split(' ')
                .map(String::from)
                .collect()
        };
        lines.map(words).collect()
    };
    let (segments, beside) = (words("rows"), words("beside"));
    let mut rows = Vec::new();
    for count in 0..=segments.len() {
        let now = match count.checked_sub(1) {
            None => ["CLOSED", "LISTEN"].map(String::from),
            Some(last) => [segments[last][2].clone(), segments[last][3].clone()],
        };
        let called = beside.iter().filter(|words| words[1] == count.to_string());
        let here = usize::from(count > 0) + called.count();
        rows.extend(std::iter::repeat_n(now, here));
    }
    rows
}

/// One of article 002's programs, row by row, with the state figure open.
fn step_with_the_figure(view: &View, name: &str, title: &str) {
    let command = format!("tcpviz lab {name} --recorded");
    let mut screen = view.start(&["lab", name, "--recorded"], title, &command);
    let rows = states_of_rows(name);
    screen.wait_for(&format!("step 1/{}", rows.len()));
    screen.press("d");
    for (row, [client, server]) in rows.iter().enumerate() {
        if row > 0 {
            screen.press(RIGHT);
        }
        let text = screen.wait("both states on the figure", |text| {
            text.contains(&format!("step {}/{}", row + 1, rows.len()))
                && text.contains("[TIME-WAIT]")
        });
        let marked = if view.ascii {
            [format!("C>[{client}]"), format!("[{server}]<S")]
        } else {
            [format!("client▸[{client}]"), format!("[{server}]◂server")]
        };
        for mark in marked {
            assert!(text.contains(&mark), "row {}: {mark}\n{text}", row + 1);
        }
        // Each end is at one place only.
        let marks = if view.ascii {
            ["C>[", "]<S"]
        } else {
            ["client▸", "◂server"]
        };
        assert_eq!(
            marks.map(|mark| text.matches(mark).count()),
            [1, 1],
            "{text}"
        );
    }
    screen.keep(&format!("{name}{}", view.suffix), None);
    screen.press("q");
    assert_eq!(screen.wait_for_end(), 0);
}

const ARTICLE: [(&str, &str); 3] = [
    (
        "article-002-close",
        "Article 002: close(), and the peer writes",
    ),
    (
        "article-002-shutdown",
        "Article 002: shutdown(SHUT_WR), and the peer writes",
    ),
    (
        "article-002-linger",
        "Article 002: SO_LINGER with 0 seconds, and close()",
    ),
];

#[test]
fn article_002_is_stepped_through_with_the_figure() {
    for (name, title) in ARTICLE {
        step_with_the_figure(&VIEWS[0], name, title);
    }
}

#[test]
fn article_002_is_stepped_through_with_the_figure_at_60x20_in_ascii() {
    for (name, title) in ARTICLE {
        step_with_the_figure(&VIEWS[1], name, title);
    }
}

/// The page shows the last screen of every recording.
#[test]
fn the_page_shows_how_each_recording_ends() {
    if std::env::var_os("TCPVIZ_WRITE_DOCS").is_some() {
        return;
    }
    let (_, page, renewed) = recording::page();
    assert!(
        page == renewed,
        "docs/journeys/README.md is old: TCPVIZ_WRITE_DOCS=1 cargo test --test journeys"
    );
    let files = fs::read_dir(folder())
        .unwrap()
        .map(|entry| entry.unwrap().path());
    let casts: Vec<_> = files
        .filter(|path| path.extension().is_some_and(|it| it == "cast"))
        .collect();
    assert_eq!(casts.len(), VIEWS.len() * (3 + ARTICLE.len()));
    for path in casts {
        let name = path.file_stem().unwrap().to_str().unwrap();
        assert!(
            page.contains(&format!("<!-- screen {name} -->")),
            "{name} isn't told of"
        );
        let size = fs::metadata(&path).unwrap().len();
        assert!(size < 150_000, "{name}: {size} bytes are a lot to keep");
    }
}
