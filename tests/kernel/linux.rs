//! The tests themselves.

#[path = "table.rs"]
mod table;

use std::fs::{self, File};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::os::fd::AsRawFd;
use std::process::{Child, ChildStderr, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use socket2::SockRef;
use tcpviz::conn::State;
use tcpviz::diag::Diag;

use crate::common::harness::{be_alone, can_be_anybody, run_one_by_one, trial};
use crate::common::{PATIENCE, tcpviz};

pub fn main() {
    tcpviz::kernel::help_if_asked();
    be_alone();
    let mut trials = vec![
        (
            "without_tracefs_states_and_queues_are_told_and_what_is_missing_once",
            without_tracefs as fn(),
        ),
        ("formats_without_a_place_for_it_are_refused", refused),
    ];
    if is_true_root() {
        trials.extend([
            (
                "the_reason_of_each_rst_is_told_beside_tcpvizs_cause",
                reasons as fn(),
            ),
            ("the_states_are_those_of_tcpviz_in_their_places", states),
            ("ipv6_too", ipv6),
            ("the_instance_is_gone_after_ctrl_c", after_ctrl_c),
            ("the_instance_is_gone_after_sigkill", after_sigkill),
            (
                "the_instance_is_gone_when_the_helper_is_asked_to_end",
                after_the_helper,
            ),
            ("what_a_killed_helper_left_goes_with_the_next", left_over),
            (
                "two_of_one_number_in_their_own_pid_namespaces_leave_each_other_alone",
                namesakes,
            ),
            ("the_helper_has_the_least_rights", least_rights),
            (
                "the_table_of_reasons_is_what_the_experiments_give",
                table::check,
            ),
        ]);
    } else {
        eprintln!("not root: nothing of tracefs is tested");
    }
    let trials = trials.into_iter().map(|(name, test)| trial(name, test));
    // Whoever looks for an instance must not meet another test's.
    run_one_by_one(trials.collect()).exit();
}

/// Root of this machine, not of a namespace of users.
fn is_true_root() -> bool {
    rustix::process::geteuid().is_root() && can_be_anybody()
}

/// tcpviz while it captures.
struct Capture {
    process: Child,
    out: BufReader<ChildStdout>,
    told: BufReader<ChildStderr>,
    /// What it said before it began.
    before: String,
}

const PORT: u16 = 4321;

impl Capture {
    fn start(command: &mut Command) -> Capture {
        let mut process = command
            .args(["--kernel", "-F", "json", "--port"])
            .arg(PORT.to_string())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut told = BufReader::new(process.stderr.take().unwrap());
        let mut before = String::new();
        while !before.contains("capturing on") {
            assert!(told.read_line(&mut before).unwrap() > 0, "{before}");
        }
        // Signals are heeded once the first line is there.
        let mut out = BufReader::new(process.stdout.take().unwrap());
        let mut first = String::new();
        out.read_line(&mut first).unwrap();
        assert!(first.contains("\"capture\""), "{first}");
        Capture {
            process,
            out,
            told,
            before,
        }
    }

    fn kill(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.process), signal).unwrap();
    }

    /// Ends it by Ctrl-C: its JSON lines, and what it said.
    fn end(mut self) -> (Vec<Value>, String) {
        self.kill(Signal::INT);
        let mut text = String::new();
        self.out.read_to_string(&mut text).unwrap();
        let mut said = self.before;
        self.told.read_to_string(&mut said).unwrap();
        let status = self.process.wait().unwrap();
        assert!(status.success(), "{status}: {said}");
        let lines = text.lines().map(|line| serde_json::from_str(line).unwrap());
        (lines.collect(), said)
    }

    /// Its child: the process that looks after the trace instance; and the folder of the instances as it sees it.
    fn helper(&self) -> (Pid, Instances) {
        let path = format!("/proc/{0}/task/{0}/children", self.process.id());
        let children = fs::read_to_string(path).unwrap();
        let helper: i32 = children.split_whitespace().next().unwrap().parse().unwrap();
        let root = File::open(format!("/proc/{helper}/root")).unwrap();
        (Pid::from_raw(helper).unwrap(), Instances(root))
    }
}

/// The folder of the instances.
struct Instances(File);

impl Instances {
    fn has(&self, name: &str) -> bool {
        let folder = fs::read_dir(format!("/proc/self/fd/{}", self.0.as_raw_fd())).unwrap();
        folder.flatten().any(|entry| entry.file_name() == name)
    }

    fn wait_until_gone(&self, name: &str) {
        let until = Instant::now() + PATIENCE;
        while self.has(name) {
            assert!(Instant::now() < until, "{name} is still there");
            std::thread::yield_now();
        }
    }
}

fn connect(host: &str) -> (TcpStream, TcpStream) {
    let ip: std::net::IpAddr = host.parse().unwrap();
    let address: SocketAddr = (ip, PORT).into();
    // The one before may be in TIME-WAIT.
    let domain = socket2::Domain::for_address(address);
    let listener = socket2::Socket::new(domain, socket2::Type::STREAM, None).unwrap();
    listener.set_reuse_address(true).unwrap();
    listener.bind(&address.into()).unwrap();
    listener.listen(1).unwrap();
    let listener: TcpListener = listener.into();
    let client = TcpStream::connect(address).unwrap();
    (client, listener.accept().unwrap().0)
}

/// Waits for the end of what comes, or an error.
fn wait_for_end(stream: &mut TcpStream) {
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let _ = stream.read_to_end(&mut Vec::new());
}

fn wait_for_state((local, remote): (SocketAddr, SocketAddr), state: State) {
    let diag = Diag::open().unwrap();
    let until = Instant::now() + PATIENCE;
    while diag.one(local, remote).unwrap().state != state {
        assert!(Instant::now() < until, "{state}");
    }
}

fn linger_zero(stream: &TcpStream) {
    let at_once = Some(Duration::ZERO);
    SockRef::from(stream).set_linger(at_once).unwrap();
}

/// Resets of four kinds, a connection each.
fn reset(host: &str) {
    let (mut client, server) = connect(host);
    client.write_all(b"unread").unwrap();
    server.peek(&mut [0]).unwrap();
    drop(server);
    wait_for_end(&mut client);
    let (mut client, server) = connect(host);
    linger_zero(&server);
    drop(server);
    wait_for_end(&mut client);
    let (client, mut server) = connect(host);
    let ends = (client.local_addr().unwrap(), client.peer_addr().unwrap());
    drop(client);
    wait_for_end(&mut server);
    // Until its FIN is acknowledged the whole socket answers, and calls it TCP_ABORT_ON_DATA.
    wait_for_state(ends, State::FinWait2);
    server.write_all(b"late").unwrap();
    // The RST has come once nothing can be written any more.
    let until = Instant::now() + PATIENCE;
    while server.write_all(b"later").is_ok() {
        assert!(Instant::now() < until);
    }
    let ip: std::net::IpAddr = host.parse().unwrap();
    TcpStream::connect((ip, PORT)).unwrap_err();
}

fn of_type<'a>(lines: &'a [Value], kind: &'a str) -> impl Iterator<Item = &'a Value> {
    crate::common::of_type(lines, kind)
}

fn reasons_on(host: &str) {
    let capture = Capture::start(&mut tcpviz());
    reset(host);
    let (lines, said) = capture.end();
    assert!(!said.contains("--kernel"), "nothing is missing: {said}");
    let told = |line: &Value| {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_string();
        let kernel = &line["ending"]["kernel"];
        [
            &line["ending"]["reset_by"],
            &kernel["reason"],
            &kernel["verdict"],
        ]
        .map(text)
    };
    // The last line of each holds.
    let last = |n: u64| {
        of_type(&lines, "connection")
            .filter(move |it| it["connection"] == n)
            .last()
    };
    let found: Vec<_> = (1..=4).map(|n| told(last(n).unwrap())).collect();
    let wanted = [
        ["server", "TCP_ABORT_ON_CLOSE", "same"],
        ["server", "TCP_STATE", "same"],
        ["client", "TCP_TIMEWAIT_SOCKET", "same"],
        ["server", "NO_SOCKET", "same"],
    ];
    assert_eq!(found, wanted, "{lines:#?}");
    let took: Vec<_> = of_type(&lines, "kernel-deed")
        .filter(|line| line["deed"] == "took-reset")
        .map(|line| line["error"].as_str().unwrap_or_default())
        .collect();
    assert_eq!(took, ["ECONNRESET", "ECONNRESET", "EPIPE", "ECONNREFUSED"]);
}

fn reasons() {
    reasons_on("127.0.0.1");
}

fn ipv6() {
    reasons_on("::1");
}

/// An orderly close, the client first.
fn close_in_order() {
    let (mut client, mut server) = connect("127.0.0.1");
    client.write_all(b"hello").unwrap();
    client.shutdown(Shutdown::Write).unwrap();
    wait_for_end(&mut server);
    drop(server);
    wait_for_end(&mut client);
}

fn states() {
    let capture = Capture::start(&mut tcpviz());
    close_in_order();
    let (lines, _) = capture.end();
    let mut seen = Vec::new();
    for line in of_type(&lines, "kernel") {
        for side in ["client", "server"] {
            let state = line[side]["state"].as_str();
            let Some(state) = state else { continue };
            assert_eq!(state, line[format!("{side}_state")], "{line}");
            if !seen.contains(&(side, state)) {
                seen.push((side, state));
            }
        }
    }
    for wanted in [
        ("client", "ESTABLISHED"),
        ("server", "ESTABLISHED"),
        ("client", "FIN-WAIT-1"),
        ("server", "CLOSE-WAIT"),
        ("client", "TIME-WAIT"),
        ("server", "CLOSED"),
    ] {
        assert!(seen.contains(&wanted), "{wanted:?} in {seen:?}");
    }
}

fn without_tracefs() {
    // Root of a namespace of users may capture there, but tracefs is for root of the machine.
    let mut command = Command::new("unshare");
    command.args(["--user", "--map-root-user", "--net", "sh", "-c"]);
    let script = "ip link set lo up && exec \"$0\" \"$@\"";
    command.arg(script).arg(env!("CARGO_BIN_EXE_tcpviz"));
    command.env("LC_ALL", "C.UTF-8");
    let capture = Capture::start(&mut command);
    // Its sockets are made in its namespace.
    let program = "import socket, time
l = socket.create_server(('127.0.0.1', 4321)); c = socket.create_connection(('127.0.0.1', 4321)); s, _ = l.accept()
c.send(b'hello'); s.recv(5); c.shutdown(socket.SHUT_WR); s.recv(1); input()";
    let net = format!("--net=/proc/{}/ns/net", capture.process.id());
    let user = format!("--user=/proc/{}/ns/user", capture.process.id());
    let mut python = Command::new("nsenter")
        .args([
            &user,
            &net,
            "--preserve-credentials",
            "python3",
            "-c",
            program,
        ])
        .stdin(Stdio::piped())
        .spawn()
        .unwrap();
    let mut capture = capture;
    let mut told = String::new();
    let until = Instant::now() + PATIENCE;
    // Until the half-closed connection has been looked at.
    while !(told.contains("\"type\":\"kernel\"")
        && told.contains("\"recv_q\":")
        && told.contains("\"CLOSE-WAIT\",\"recv_q\""))
    {
        assert!(Instant::now() < until, "{told}");
        assert!(capture.out.read_line(&mut told).unwrap() > 0, "{told}");
    }
    python.stdin.take().unwrap().write_all(b"\n").unwrap();
    python.wait().unwrap();
    capture.kill(Signal::INT);
    capture.out.read_to_string(&mut told).unwrap();
    let mut said = capture.before;
    capture.told.read_to_string(&mut said).unwrap();
    assert!(capture.process.wait().unwrap().success(), "{said}");
    let missing = "--kernel asks for states, queues and timers only, without the reasons of RSTs";
    assert_eq!(said.matches(missing).count(), 1, "{said}");
    assert!(!told.contains("kernel-deed"), "{told}");
}

fn refused() {
    for format in ["tcpdump", "connections"] {
        let output = crate::common::run(&["--kernel", "-F", format]);
        assert_eq!(output.status.code(), Some(2));
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(said.contains("the other formats have"), "{said}");
    }
    let output = crate::common::run(&["--kernel", "close.pcap"]);
    assert_eq!(output.status.code(), Some(2));
}

fn name_of(capture: &Capture) -> String {
    format!("tcpviz-{}", capture.process.id())
}

fn after_ctrl_c() {
    let capture = Capture::start(&mut tcpviz());
    let (name, (_, instances)) = (name_of(&capture), capture.helper());
    assert!(instances.has(&name));
    capture.end();
    assert!(!instances.has(&name), "gone before tcpviz is");
}

fn after_sigkill() {
    let mut capture = Capture::start(&mut tcpviz());
    let (name, (_, instances)) = (name_of(&capture), capture.helper());
    assert!(instances.has(&name));
    capture.kill(Signal::KILL);
    capture.process.wait().unwrap();
    instances.wait_until_gone(&name);
}

fn after_the_helper() {
    let capture = Capture::start(&mut tcpviz());
    let (name, (helper, instances)) = (name_of(&capture), capture.helper());
    kill_process(helper, Signal::TERM).unwrap();
    instances.wait_until_gone(&name);
    // Whoever asked it goes on.
    close_in_order();
    let (lines, said) = capture.end();
    assert_eq!(of_type(&lines, "connection").count(), 1);
    let told = of_type(&lines, "kernel").any(|line| line["client"]["state"] == "TIME-WAIT");
    assert!(told, "sock_diag still tells: {lines:#?}");
    assert_eq!(said.matches("the helper ended early").count(), 1, "{said}");
}

fn left_over() {
    let mut capture = Capture::start(&mut tcpviz());
    let (name, (helper, instances)) = (name_of(&capture), capture.helper());
    kill_process(helper, Signal::KILL).unwrap();
    capture.kill(Signal::KILL);
    capture.process.wait().unwrap();
    assert!(instances.has(&name), "nobody could remove it");
    let next = Capture::start(&mut tcpviz());
    assert!(!instances.has(&name));
    next.end();
}

fn namesakes() {
    // Each is number 1 of its own.
    let start = || {
        let mut command = Command::new("unshare");
        command.args(["--pid", "--fork", "--kill-child", "--"]);
        command.arg(env!("CARGO_BIN_EXE_tcpviz"));
        Capture::start(&mut command)
    };
    let finder = Capture::start(&mut tcpviz());
    let (_, instances) = finder.helper();
    finder.end();
    let mut one = start();
    assert!(instances.has("tcpviz-1"));
    let mut other = start();
    for capture in [&one, &other] {
        assert!(!capture.before.contains("--kernel"), "{}", capture.before);
    }
    assert!(instances.has("tcpviz-1") && instances.has("tcpviz-1.2"));
    // Number 1 takes its whole namespace with it, the helper too: nobody is left to remove what they made.
    for capture in [&mut one, &mut other] {
        let (tcpviz, _) = capture.helper();
        kill_process(tcpviz, Signal::KILL).unwrap();
        capture.process.wait().unwrap();
    }
    let next = Capture::start(&mut tcpviz());
    assert!(!instances.has("tcpviz-1") && !instances.has("tcpviz-1.2"));
    next.end();
}

fn least_rights() {
    let capture = Capture::start(&mut tcpviz());
    let (helper, _) = capture.helper();
    let status = fs::read_to_string(format!("/proc/{helper}/status")).unwrap();
    // CAP_DAC_OVERRIDE.
    for wanted in [
        "CapEff:\t0000000000000002",
        "CapPrm:\t0000000000000002",
        "NoNewPrivs:\t1",
    ] {
        assert!(status.contains(wanted), "{status}");
    }
    let root = fs::read_link(format!("/proc/{helper}/root")).unwrap();
    assert_eq!(root.to_str(), Some("/sys/kernel/tracing/instances"));
    let sockets = fs::read_dir(format!("/proc/{helper}/fd"))
        .unwrap()
        .flatten();
    let targets = sockets.filter_map(|entry| fs::read_link(entry.path()).ok());
    for target in targets {
        assert!(
            !target.to_string_lossy().contains("socket:"),
            "{}",
            target.display()
        );
    }
    capture.end();
}
