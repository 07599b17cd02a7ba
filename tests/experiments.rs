//! `tcpviz lab` as its users type it, in a terminal and in a pipe. Where a sandbox can't be had these fail: nothing is
//! skipped.
#![cfg(all(feature = "live", target_os = "linux"))]

mod common;

use std::io::Read;
use std::process::Stdio;
use std::time::{Duration, Instant};

use common::screen::Screen;
use common::{PATIENCE, printed, run, tcpviz};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

const NAME: &str = "close-then-peer-writes";

#[test]
fn an_experiment_waits_before_each_call_and_space_makes_the_next() {
    let mut screen = Screen::start(&["lab", NAME], 100, 40);
    let text = screen.wait_for("next  server: listen(3)");
    assert!(
        text.contains("The client closes, the server writes one byte"),
        "{text}"
    );
    screen.press(" ");
    screen.wait_for("next  client: connect(3)");
    screen.press(" ");
    let text = screen.wait_for("next  server: accept(3)");
    assert!(text.contains("connect(3) = 0"), "{text}");
    for next in [
        "client: close(3)",
        "server: send(4, 1 byte)",
        "server: poll(4)",
    ] {
        screen.press(" ");
        screen.wait_for(&format!("next  {next}"));
    }
    let text = screen.text();
    // The FIN stands below the call that sent it, and above what the kernel says then.
    let line = |wanted: &str| {
        text.lines()
            .position(|line| line.contains(wanted))
            .expect(wanted)
    };
    let fin = line("FIN,ACK seq 1");
    assert!(
        line("close(3) = 0") < fin && fin < line("kernel            Recv-Q 1"),
        "{text}"
    );
    assert!(line("RST seq 2") > line("send(4, 1 byte) = 1"), "{text}");
    for next in ["getsockopt(4, SO_ERROR)", "read(4)", "send(4, 1 byte)"] {
        screen.press(" ");
        screen.wait_for(&format!("next  server: {next}"));
    }
    // What it is about is told when it is asked for.
    screen.press("i");
    screen.wait_for("The first write succeeds");
    screen.press("i");
    screen.wait("the ladder again", |text| {
        !text.contains("The first write succeeds")
    });
    screen.press(" ");
    let text = screen.wait_for("It is over, and came out as it must.");
    assert!(text.contains("send(4, 1 byte) = EPIPE, SIGPIPE"), "{text}");
    // However long somebody talks: the lab knows how long FIN-WAIT-2 lasts.
    assert!(text.contains("certain, see segments"), "{text}");
    screen.press("q");
    assert_eq!(screen.wait_for_end(), 0);
}

#[test]
fn r_lets_an_experiment_go_on_by_itself() {
    let mut screen = Screen::start(&["lab", NAME, "--pace", "5ms"], 100, 40);
    screen.wait_for("It is over, and came out as it must.");
    screen.press("q");
    assert_eq!(screen.wait_for_end(), 0);
    let mut screen = Screen::start(&["lab", NAME], 60, 20);
    screen.wait_for("next  server: listen(3)");
    screen.press("r");
    screen.wait_for("next  client: connect(3)");
    screen.wait_for("SYN,ACK");
    // Leaving in the middle is leaving.
    screen.press("q");
    assert_eq!(screen.wait_for_end(), 0);
}

#[test]
fn without_a_terminal_the_ladder_is_printed_with_calls_and_kernels() {
    let text = printed(&["lab", NAME]);
    for wanted in [
        "data reached it after close()",
        "connect(3) ...",
        "close(3) = 0",
        "kernel            Recv-Q 1",
        "send(4, 1 byte) = EPIPE, SIGPIPE",
    ] {
        assert!(text.contains(wanted), "{wanted} isn't in\n{text}");
    }
    let listing = printed(&["lab"]);
    assert!(
        listing.starts_with("What does close() do?\n  orderly-close "),
        "{listing}"
    );
}

#[test]
fn json_has_calls_and_kernels_in_their_places() {
    let text = printed(&["lab", NAME, "--format", "json"]);
    let lines: Vec<Value> = text
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let at = |wanted: &dyn Fn(&Value) -> bool| lines.iter().position(wanted).expect("it is there");
    let close = at(&|line| line["call"] == "close(3) = 0");
    let fin = at(&|line| line["flags"] == "F.");
    assert_eq!(close + 1, fin);
    let kernel = at(&|line| line["type"] == "kernel" && line["client"]["state"] == "FIN-WAIT-2");
    assert_eq!(lines[kernel]["server"]["recv_q"], 1);
    assert_eq!(lines[kernel]["client_state"], "FIN-WAIT-2");
    let failed = at(&|line| line["failed"] == true);
    assert_eq!(lines[failed]["side"], "server");
    assert_eq!(lines.last().unwrap()["type"], "connection");
}

#[test]
fn a_capture_is_kept_where_it_is_asked_for_and_never_over_another() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("kept.pcap");
    let path = path.to_str().unwrap();
    printed(&["lab", NAME, "--write", path]);
    let kept = printed(&[path]);
    assert!(kept.contains("data reached it after close()"), "{kept}");
    let again = run(&["lab", NAME, "--write", path]);
    let told = String::from_utf8_lossy(&again.stderr);
    assert_eq!(again.status.code(), Some(1));
    assert!(told.contains("exists; --force replaces it"), "{told}");
    printed(&["lab", NAME, "--write", path, "--force"]);
}

#[test]
fn check_prints_a_line_an_experiment() {
    let table = printed(&["lab", NAME, "orderly-close", "--check"]);
    let lines: Vec<_> = table.lines().collect();
    assert_eq!(lines.len(), 4, "{table}");
    assert!(
        lines[1].starts_with(NAME) && lines[1].contains("as wanted"),
        "{table}"
    );
    assert_eq!(lines[3], "2 experiments, all as wanted");
}

#[test]
fn what_needs_an_experiment_asks_for_one() {
    for arguments in [
        &["lab", "--check"][..],
        &["lab", "--write", "x"],
        &["lab", "-F", "json"],
    ] {
        let output = run(arguments);
        let told = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert!(told.contains("name one experiment, or --all"), "{told}");
    }
}

#[test]
fn an_interrupted_experiment_is_written_as_far_as_it_went() {
    let mut child = tcpviz()
        .args(["lab", "fin-wait-2-not-orphan", "--pace", "300ms"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // It has begun once its actors are there; how far it has gone doesn't matter.
    let pid = Pid::from_child(&child);
    let begun = Instant::now();
    let is_actor = |pid: &i32| {
        let command = std::fs::read_to_string(format!("/proc/{pid}/cmdline"));
        command.is_ok_and(|command| command.starts_with("tcpviz lab: "))
    };
    let plays = || {
        let inside = children(pid.as_raw_nonzero().get()).into_iter();
        inside.flat_map(children).any(|pid| is_actor(&pid))
    };
    while !plays() {
        assert!(begun.elapsed() < PATIENCE, "it never began");
        std::thread::sleep(Duration::from_millis(5));
    }
    kill_process(pid, Signal::INT).unwrap();
    let mut text = String::new();
    child
        .stdout
        .take()
        .unwrap()
        .read_to_string(&mut text)
        .unwrap();
    let mut told = String::new();
    child
        .stderr
        .take()
        .unwrap()
        .read_to_string(&mut told)
        .unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(128 + 2), "{told}");
    assert!(text.starts_with("fin-wait-2-not-orphan: "), "{text}");
    assert!(told.contains("was left before its end"), "{told}");
}

/// A process's children, as /proc has them.
fn children(pid: i32) -> Vec<i32> {
    let path = format!("/proc/{pid}/task/{pid}/children");
    let text = std::fs::read_to_string(path).unwrap_or_default();
    text.split_whitespace()
        .filter_map(|word| word.parse().ok())
        .collect()
}

#[test]
fn what_is_no_experiment_is_said_with_what_may_be_meant() {
    let output = run(&["lab", "close-then"]);
    let told = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2));
    assert!(
        told.contains("there is no experiment close-then; "),
        "{told}"
    );
    assert!(told.contains(NAME), "{told}");
}

#[test]
fn recorded_experiments_are_replayed_without_a_sandbox() {
    let text = printed(&["lab", NAME, "--recorded"]);
    for wanted in [
        "The first write succeeds",
        "data reached it after close()",
        "send(4, 1 byte) = EPIPE, SIGPIPE",
        "kernel            Recv-Q 1",
    ] {
        assert!(text.contains(wanted), "{wanted} isn't in\n{text}");
    }
    let mut screen = Screen::start(&["lab", NAME, "--recorded"], 100, 30);
    screen.wait_for("close-then-peer-writes (recorded)");
    screen.press("q");
    assert_eq!(screen.wait_for_end(), 0);
}
