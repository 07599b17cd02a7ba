//! More comes than the kernel has room for, or than anybody looks at.

use std::process::Stdio;
use std::thread;

use rustix::process::{Pid, Signal, kill_process};

use super::Tests;
use super::common::screen::Screen;
use super::common::tcpviz;
use super::program::{Program, held};
use super::signals::{await_file, in_script, place};
use super::wire::{NEAR, Seg, Wire};

pub const ALL: Tests = &[
    (
        "drops_are_counted_and_states_are_in_doubt_until_proven_again",
        drops,
    ),
    ("drops_are_told_in_json_and_at_the_end", drops_in_json),
    (
        "flood_on_the_screen_is_whole_in_the_file",
        flood_on_the_screen,
    ),
    (
        "flood_on_a_screen_that_is_stuck_is_whole_in_the_file",
        flood_on_a_stuck_screen,
    ),
    (
        "flood_with_a_stuck_reader_is_whole_in_the_file",
        flood_with_a_stuck_reader,
    ),
];

/// Together more than the 32 MiB in which the kernel keeps frames until tcpviz takes them.
const MANY: u32 = 700;
const LARGE: usize = 60_000;

const FROM_CLIENT: Seg = Seg {
    flags: "A",
    seq: 1,
    ack: 1,
    from_client: true,
};
const FROM_SERVER: Seg = Seg {
    from_client: false,
    ..FROM_CLIENT
};

fn drops() {
    let mut wire = Wire::new();
    let (_folder, path) = place();
    let arguments = ["-i", NEAR, "-w", path.to_str().unwrap()];
    let mut screen = Screen::start(&arguments, 160, 40);
    let pid = i32::try_from(screen.child.process_id().unwrap()).unwrap();
    let pid = Pid::from_raw(pid).unwrap();
    screen.wait_for("nothing yet");
    for port in [1001, 1002] {
        wire.open(port);
    }
    // Closed by one side only.
    wire.open(1003);
    wire.send(
        1003,
        Seg {
            flags: "FA",
            ..FROM_CLIENT
        },
        b"",
    );
    wire.send(
        1003,
        Seg {
            ack: 2,
            ..FROM_SERVER
        },
        b"",
    );
    let text = screen.wait_for("11 received · 0 dropped");
    assert!(!text.contains("ESTABLISHED?"), "{text}");

    kill_process(pid, Signal::STOP).unwrap();
    wire.flood(MANY, LARGE);
    kill_process(pid, Signal::CONT).unwrap();
    let text = screen.wait("all that was sent", |text| {
        let (received, dropped) = counts(text);
        received + dropped == 11 + MANY as usize
    });
    let (received, dropped) = counts(&text);
    assert!(dropped > 0, "{text}");
    let row = |text: &str, port: u16| {
        let client = format!("10.1.1.1:{port}");
        let line = text.lines().find(|line| line.contains(&client));
        line.unwrap_or_else(|| panic!("{text}")).to_owned()
    };
    for port in [1001, 1002] {
        let row = row(&text, port);
        assert_eq!(row.matches("ESTABLISHED?").count(), 2, "{text}");
    }

    wire.send(1001, FROM_CLIENT, b"hello");
    wire.send(
        1001,
        Seg {
            ack: 6,
            ..FROM_SERVER
        },
        b"",
    );
    wire.send(
        1001,
        Seg {
            seq: 6,
            ..FROM_CLIENT
        },
        b"",
    );
    let text = screen.wait("one that is proven again", |text| {
        !row(text, 1001).contains('?')
    });
    assert_eq!(
        row(&text, 1002).matches("ESTABLISHED?").count(),
        2,
        "{text}"
    );
    screen.press("q");
    assert_eq!(screen.wait_for_end(), 0);
    let last = screen.text();
    let told = format!("tcpviz: {dropped} frames dropped before tcpviz could take them");
    assert!(last.contains(&told), "{last}");
    assert_eq!(held(&path).0, received + 3);
}

/// `711 received · 12 dropped` in the title.
fn counts(text: &str) -> (usize, usize) {
    let title = text.lines().next().unwrap();
    let words: Vec<_> = title.split_whitespace().collect();
    let before = |word: &str| {
        let at = words.iter().position(|it| *it == word).expect(title);
        words[at - 1].replace(',', "").parse().unwrap()
    };
    (before("received"), before("dropped"))
}

fn drops_in_json() {
    let mut wire = Wire::new();
    let (_folder, path) = place();
    let mut command = tcpviz();
    command.args(["-F", "json", "-i", NEAR, "-w"]).arg(&path);
    let mut program = Program::start(command);
    wire.open(1001);
    program.wait_for_segments(3);
    program.signal(Signal::STOP);
    wire.flood(MANY, LARGE);
    program.signal(Signal::CONT);
    program.signal(Signal::INT);
    let (status, printed, lines) = program.end_with_lines();
    assert!(status.success(), "{}", program.said);
    let end: serde_json::Value = serde_json::from_str(lines.last().unwrap()).unwrap();
    let dropped = end["dropped"].as_u64().unwrap();
    assert!(
        dropped > 0 && u64::from(MANY) == printed as u64 + dropped,
        "{end}"
    );
    let opened = lines
        .iter()
        .find(|line| line.contains("10.1.1.1:1001") && line.contains(r#""type":"connection""#));
    let opened = opened.unwrap();
    assert!(
        opened.contains("Open: no FIN and no RST in what was captured, and frames are missing."),
        "{opened}"
    );
    let told = format!("{dropped} frames dropped before tcpviz could take them");
    assert!(program.said.contains(&told), "{}", program.said);
    assert_eq!(held(&path).0, printed + 3);
}

/// Segments of a flood: more than wait in any queue.
const FLOOD: u32 = 10_000;

fn flood_on_the_screen() {
    let mut wire = Wire::new();
    let (_folder, path) = place();
    let arguments = ["-i", NEAR, "-w", path.to_str().unwrap()];
    let mut screen = Screen::start(&arguments, 160, 40);
    screen.wait_for("nothing yet");
    let sender = thread::spawn(move || {
        wire.flood(FLOOD, 10);
        wire
    });
    screen.wait_for("10,000 received · 0 dropped");
    screen.press("q");
    assert_eq!(screen.wait_for_end(), 0);
    drop(sender.join().unwrap());
    assert_eq!(held(&path).0, FLOOD as usize);
}

/// Nobody reads the terminal, as behind Ctrl-S or a connection that hangs; then it is gone.
fn flood_on_a_stuck_screen() {
    let mut wire = Wire::new();
    let (_folder, path) = place();
    let arguments = format!("-i {NEAR} -w {}", path.display());
    let mut terminal = in_script(&arguments, Stdio::piped());
    await_file(&path, 24);
    wire.flood(FLOOD, 10);
    // Ethernet, IPv4 and TCP before ten octets, the record's header before that.
    await_file(&path, 24 + u64::from(FLOOD) * (16 + 14 + 20 + 20 + 10));
    terminal.kill().unwrap();
    terminal.wait().unwrap();
    assert_eq!(held(&path).0, FLOOD as usize);
}

fn flood_with_a_stuck_reader() {
    let mut wire = Wire::new();
    let (_folder, path) = place();
    let mut child = tcpviz()
        .args(["-F", "json", "-i", NEAR, "-w"])
        .arg(&path)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let output = child.stdout.take().unwrap();
    await_file(&path, 24);
    wire.flood(FLOOD, 10);
    await_file(&path, 24 + u64::from(FLOOD) * 80);
    drop(output);
    assert!(child.wait().unwrap().success(), "a broken pipe is silent");
    assert_eq!(held(&path).0, FLOOD as usize);
}
