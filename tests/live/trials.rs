//! The live tests themselves.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::process::{Child, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::{Duration, Instant};

use libtest_mimic::Trial;
use rustix::fs::{CWD, FileType, Mode, mknodat};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use tempfile::TempDir;

use crate::common::harness::trial;
use crate::common::screen::{END, LEFT, Screen};
use crate::common::{PATIENCE, folder_of, json, printed, tcpviz};
use crate::exchange::{EXCHANGES, Exchange, Pair, connect, listen};
use crate::random::scripts_agree_with_the_kernel;
use crate::{journeys, kernel, lines};

pub fn all() -> Vec<Trial> {
    let exchanges = EXCHANGES.iter().map(|exchange| {
        Trial::test(
            format!("states_agree_with_the_kernel::{}", exchange.name),
            || {
                states_agree_with_the_kernel(exchange);
                Ok(())
            },
        )
    });
    let others: [(&str, fn()); 14] = [
        ("a_stuck_reader_does_not_stop_the_capture", stuck_reader),
        (
            "past_the_limit_finished_connections_leave_and_each_is_told_before",
            finished_leave,
        ),
        ("random_scripts_agree_with_the_kernel::ipv4", || {
            scripts_agree_with_the_kernel("127.0.0.1");
        }),
        ("random_scripts_agree_with_the_kernel::ipv6", || {
            scripts_agree_with_the_kernel("::1");
        }),
        (
            "refused_connection_is_told_and_never_was_open",
            refused_connection,
        ),
        ("any_interface_shows_a_loopback_segment_once", any_interface),
        (
            "leaving_right_after_a_close_loses_nothing",
            leaving_right_after_a_close,
        ),
        (
            "screen_follows_live_and_tells_where_the_capture_is",
            screen_follows_live,
        ),
        ("screen_follows_a_pipe_from_tcpdump", screen_follows_a_pipe),
        ("an_existing_file_is_not_overwritten", existing_file),
        (
            "tcpdump_lines_come_live_and_are_those_of_the_saved_file",
            lines::lines_come_live,
        ),
        (
            "capabilities_are_gone_while_capturing",
            capabilities_are_gone,
        ),
        ("journey::who_closed_first", journeys::who_closed_first),
        (
            "journey::close_wait_of_a_minute",
            journeys::close_wait_of_a_minute,
        ),
    ];
    let others = others.into_iter().map(|(name, test)| trial(name, test));
    exchanges.chain(others).collect()
}

/// How long a line is awaited before the kernel is asked again.
const MOMENT: Duration = Duration::from_millis(5);

/// The program capturing live, printing JSON.
pub struct Live {
    /// Where its temporary capture goes.
    _folder: TempDir,
    child: Child,
    lines: Receiver<Value>,
    seen: Vec<Value>,
}

impl Live {
    pub fn start(arguments: &[&str]) -> Live {
        let folder = tempfile::tempdir().unwrap();
        let mut child = tcpviz()
            .args(["--format", "json"])
            .args(arguments)
            .env("TMPDIR", folder.path())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("tcpviz starts");
        let output = BufReader::new(child.stdout.take().expect("its output"));
        let (sender, lines) = channel();
        thread::spawn(move || {
            for line in output.lines().map_while(Result::ok) {
                let _ = sender.send(serde_json::from_str(&line).expect("a line of JSON"));
            }
        });
        let mut live = Live {
            _folder: folder,
            child,
            lines,
            seen: Vec::new(),
        };
        // The first line comes when the capture is open.
        live.wait("the capture line", |seen| seen["type"] == "capture");
        live
    }

    /// Waits for a line that is as wanted.
    fn wait(&mut self, wanted: &str, is_so: impl Fn(&Value) -> bool) -> Value {
        let deadline = Instant::now() + PATIENCE;
        loop {
            match self
                .lines
                .recv_timeout(deadline.saturating_duration_since(Instant::now()))
            {
                Ok(line) => {
                    self.seen.push(line.clone());
                    if is_so(&line) {
                        return line;
                    }
                }
                Err(why) => panic!(
                    "never printed ({why}): {wanted}; but\n{:#?}",
                    self.seen.last()
                ),
            }
        }
    }

    /// Takes the lines that are there, waiting a moment for the first.
    pub fn take_what_comes(&mut self) {
        self.seen.extend(self.lines.recv_timeout(MOMENT));
        self.seen.extend(self.lines.try_iter());
    }

    /// Both ends' states in the newest connection of this client.
    pub fn states_of(&self, client: SocketAddr) -> Option<[String; 2]> {
        let client = client.to_string();
        let is_its = |line: &&Value| {
            line["type"] == "segment"
                && (line["src"] == client.as_str() || line["dst"] == client.as_str())
        };
        let newest = self.seen.iter().rev().find(is_its)?;
        Some(
            ["client_state", "server_state"].map(|side| newest[side].as_str().unwrap().to_string()),
        )
    }

    /// Waits until both ends are in these states after the newest segment.
    fn wait_for_states(&mut self, wanted: [&str; 2]) {
        let is_so =
            |line: &Value| line["client_state"] == wanted[0] && line["server_state"] == wanted[1];
        if !self
            .seen
            .iter()
            .rev()
            .find(|line| line["type"] == "segment")
            .is_some_and(is_so)
        {
            self.wait(&format!("{wanted:?}"), is_so);
        }
    }

    /// Ends the capture as Ctrl-C does; returns every line.
    pub fn stop(mut self) -> Vec<Value> {
        let pid = Pid::from_child(&self.child);
        kill_process(pid, Signal::INT).expect("tcpviz is running");
        self.seen.extend(self.lines.iter());
        let status = self.child.wait().expect("an exit code");
        assert!(status.success(), "{status}");
        std::mem::take(&mut self.seen)
    }
}

/// A failed test leaves no capture running.
impl Drop for Live {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn segments(lines: &[Value]) -> Vec<&Value> {
    lines
        .iter()
        .filter(|line| line["type"] == "segment")
        .collect()
}

/// At each step of the exchange: the kernel has the states of the article, and tcpviz shows the
/// same. The saved capture, replayed, gives the same segments with the same states.
fn states_agree_with_the_kernel(exchange: &Exchange) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("exchange.pcap");
    let (listener, server) = listen(exchange.host);
    let port = server.port().to_string();
    let mut live = Live::start(&[
        "--port",
        &port,
        "--write",
        path.to_str().unwrap(),
        "--force",
    ]);
    let mut pair = connect(&listener, server);
    let mut steps = 0;
    (exchange.play)(&mut pair, &mut |pair: &Pair, step, wanted| {
        eprintln!("{}: {step}: {wanted:?}", exchange.name);
        kernel::wait_for(pair.client_address, pair.server_address, wanted);
        live.wait_for_states(wanted);
        steps += 1;
    });
    assert!(steps >= 2);
    let lines = live.stop();
    assert_eq!(
        segments(&lines),
        segments(&json(&path)),
        "replayed as it was live"
    );
}

fn refused_connection() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("refused.pcap");
    let (listener, server) = listen("127.0.0.1");
    drop(listener);
    let port = server.port().to_string();
    let mut live = Live::start(&[
        "--port",
        &port,
        "--write",
        path.to_str().unwrap(),
        "--force",
    ]);
    std::net::TcpStream::connect(server).expect_err("nobody listens");
    live.wait("the SYN's state taken back", |line| {
        line["type"] == "revision" && line["server_state"] == "CLOSED"
    });
    // A connection is told as soon as it is over, and only then.
    let told = live.wait("the connection", |line| line["type"] == "connection");
    assert_eq!(told["ending"]["kind"], "refused");
    let lines = live.stop();
    let tellings = lines.iter().filter(|line| line["type"] == "connection");
    assert_eq!(tellings.count(), 1);
    assert_eq!(lines.last().unwrap()["type"], "end");
    // From a file, states are as finally known.
    assert!(
        segments(&json(&path))
            .iter()
            .all(|line| line["server_state"] == "CLOSED")
    );
}

fn any_interface() {
    let (listener, server) = listen("127.0.0.1");
    let mut live = Live::start(&["-i", "any", "--port", &server.port().to_string()]);
    let mut pair = connect(&listener, server);
    (pair.client, pair.server) = (None, None);
    live.wait("the end", |line| {
        line["client_state"] == "TIME-WAIT" && line["server_state"] == "CLOSED"
    });
    let lines = live.stop();
    let frames = segments(&lines);
    assert!(
        frames.len() <= 7
            && frames
                .iter()
                .all(|line| line["notes"].as_array().unwrap().is_empty()),
        "{frames:#?}"
    );
}

/// The capture is ended without waiting for anything to be shown: what the kernel has captured must
/// still come.
fn leaving_right_after_a_close() {
    let (listener, server) = listen("127.0.0.1");
    let live = Live::start(&["--port", &server.port().to_string()]);
    let mut last = String::new();
    for _ in 0..50 {
        let mut pair = connect(&listener, server);
        pair.client
            .as_ref()
            .unwrap()
            .set_linger(Some(std::time::Duration::ZERO))
            .unwrap();
        last = pair.client_address.to_string();
        pair.client = None;
    }
    let lines = live.stop();
    let connections: Vec<_> = lines
        .iter()
        .filter(|line| line["type"] == "connection")
        .collect();
    assert_eq!(connections.len(), 50);
    assert!(
        connections
            .iter()
            .all(|line| line["ending"]["kind"] == "reset"),
        "every RST was captured"
    );
    assert_eq!(connections[49]["client"], last.as_str());
}

/// More connections than pipe and queues hold.
const CONNECTIONS: usize = 3_000;

/// Whoever reads the output may be stuck: the capture file isn't.
fn stuck_reader() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("all.pcap");
    let (listener, server) = listen("127.0.0.1");
    let port = server.port().to_string();
    let mut child = tcpviz()
        .args(["-F", "json", "--port", &port, "-w", path.to_str().unwrap()])
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut output = BufReader::new(child.stdout.take().unwrap());
    let mut first = String::new();
    output.read_line(&mut first).unwrap();
    // Nobody reads from here on.
    for _ in 0..CONNECTIONS {
        let mut pair = connect(&listener, server);
        pair.client
            .as_ref()
            .unwrap()
            .set_linger(Some(Duration::ZERO))
            .unwrap();
        pair.client = None;
    }
    // Now nobody ever will: the program ends, and what it captured is in the file.
    drop(output);
    assert!(child.wait().unwrap().success(), "a broken pipe is silent");
    let lines = json(&path);
    let resets = lines
        .iter()
        .filter(|line| line["ending"]["kind"] == "reset")
        .count();
    assert_eq!(resets, CONNECTIONS);
}

/// Far more than are kept at hand.
const FLOOD: usize = 6_000;

fn finished_leave() {
    let (listener, server) = listen("127.0.0.1");
    let port = server.port().to_string();
    let mut live = Live::start(&["--port", &port, "--limit", "10"]);
    let said = live.child.stderr.take().expect("its messages");
    for _ in 0..FLOOD {
        let mut pair = connect(&listener, server);
        let client = pair.client.take().expect("open");
        client.set_linger(Some(Duration::ZERO)).unwrap();
    }
    let lines = live.stop();
    let is_whole = lines.last().is_some_and(|end| {
        end["type"] == "end" && end["dropped"] == 0 && end["segments"] == segments(&lines).len()
    });
    assert!(is_whole, "{:?}", lines.last());
    let endings: BTreeMap<_, _> = lines
        .iter()
        .filter(|line| line["type"] == "connection")
        .map(|line| (line["connection"].as_u64(), &line["ending"]["kind"]))
        .collect();
    assert_eq!(endings.len(), FLOOD);
    assert!(endings.values().all(|kind| *kind == "reset"));
    let said = std::io::read_to_string(said).unwrap();
    assert!(
        said.contains("connections left memory, being more than --limit 10,"),
        "{said}"
    );
}

fn screen_follows_live() {
    let (listener, server) = listen("127.0.0.1");
    let port = server.port().to_string();
    let mut screen = Screen::start(&["--port", &port], 100, 30);
    let waiting = screen.wait_for("nothing yet");
    assert!(
        waiting.contains(&format!("port {port}")) && waiting.contains("0 received · 0 dropped"),
        "{waiting}"
    );

    let mut pair = connect(&listener, server);
    screen.wait("the handshake", |text| {
        text.matches("ESTABLISHED").count() >= 2 && text.contains("following 3/3")
    });
    pair.client = None;
    screen.wait("the half-close", |text| {
        text.contains("FIN-WAIT-2") && text.contains("CLOSE-WAIT")
    });
    screen.press(LEFT);
    screen.wait_for("step 4/5");
    pair.server.as_ref().unwrap().send(b"a").unwrap();
    let moved = screen.wait_for("Reset by the client: data reached it after close().");
    assert!(
        moved.contains("step 4/7"),
        "who moved isn't moved on:\n{moved}"
    );
    screen.press(END);
    let live = screen.wait_for("following 7/7");

    screen.press("q");
    assert_eq!(screen.wait_for_end(), 0);
    assert!(!screen.is_alternate(), "the terminal is as before");
    let last = screen.text().replace('\n', "");
    let path = last
        .split("saved in ")
        .nth(1)
        .and_then(|rest| rest.split(';').next())
        .unwrap_or_else(|| panic!("{last}"));
    let replayed = printed(&["--format", "ladder", path]);
    for row in replayed
        .lines()
        .filter(|line| line.contains('┊') || line.contains('┃'))
    {
        let shown = row
            .trim()
            .trim_end_matches(|c: char| c.is_ascii_uppercase() || c == '-')
            .trim_end();
        assert!(
            live.contains(shown),
            "replayed otherwise than live: {row}\n{live}"
        );
    }
    std::fs::remove_file(path).unwrap();
}

fn screen_follows_a_pipe() {
    let (listener, server) = listen("127.0.0.1");
    let folder = tempfile::tempdir().unwrap();
    let said = folder.path().join("said");
    mknodat(CWD, &said, FileType::Fifo, Mode::RUSR | Mode::WUSR, 0).unwrap();
    let script = format!(
        "tcpdump -i lo -U --immediate-mode -w - port {} 2>{} | {{ {} -; echo left with $?; }}",
        server.port(),
        said.display(),
        env!("CARGO_BIN_EXE_tcpviz"),
    );
    let mut command = portable_pty::CommandBuilder::new("sh");
    command.args(["-c", &script]);
    command.env("LC_ALL", "C.UTF-8");
    let mut screen = Screen::start_command(command, 100, 24);
    let mut tcpdump = BufReader::new(std::fs::File::open(&said).unwrap());
    let mut line = String::new();
    while !line.contains("listening on lo") {
        line.clear();
        assert_ne!(
            tcpdump.read_line(&mut line).unwrap(),
            0,
            "tcpdump (Debian: tcpdump) listens"
        );
    }
    screen.wait_for("no TCP segment yet");
    let mut pair = connect(&listener, server);
    screen.wait_for("following 3/3");
    pair.client = None;
    screen.wait_for("FIN-WAIT-2");
    screen.press("q");
    screen.wait_for("left with 0");
    assert!(!screen.is_alternate(), "the terminal is as before");
}

fn existing_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("kept.pcap");
    std::fs::write(&path, "precious").unwrap();
    let output = tcpviz()
        .args(["-F", "json", "-w", path.to_str().unwrap()])
        .output()
        .unwrap();
    let errors = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(errors.contains("exists; --force replaces it"), "{errors}");
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "precious");
}

fn capabilities_are_gone() {
    let (_listener, server) = listen("127.0.0.1");
    let live = Live::start(&["--port", &server.port().to_string()]);
    for task in std::fs::read_dir(folder_of(live.child.id()).join("task")).unwrap() {
        let status = std::fs::read_to_string(task.unwrap().path().join("status")).unwrap();
        for set in ["CapInh", "CapPrm", "CapEff"] {
            let line = status.lines().find(|line| line.starts_with(set)).unwrap();
            assert!(line.ends_with("0000000000000000"), "{line}");
        }
        assert!(status.contains("NoNewPrivs:\t1"), "{status}");
    }
    live.stop();
}
