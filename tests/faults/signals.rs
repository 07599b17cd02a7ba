//! The program is told to go, killed, stopped, or loses its terminal.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use portable_pty::CommandBuilder;
use rustix::process::{Pid, Signal, WaitOptions, WaitStatus, kill_process, waitpid};
use tempfile::TempDir;

use super::Tests;
use super::common::screen::Screen;
use super::common::{PATIENCE, tcpviz};
use super::program::{Program, held};
use super::traffic::{SEGMENTS, Traffic};

pub const ALL: Tests = &[
    (
        "told_to_go_right_after_a_segment_it_is_in_the_file",
        told_to_go,
    ),
    (
        "told_to_go_in_the_screen_the_message_says_where_all_is",
        told_in_the_screen,
    ),
    ("started_by_nohup_a_closed_terminal_is_nothing", nohup),
    ("killed_all_that_was_shown_is_in_the_file", killed),
    (
        "killed_under_traffic_at_most_what_the_kernel_held_is_lost",
        killed_under_traffic,
    ),
    (
        "closed_terminal_all_is_in_the_file_and_nothing_panics",
        closed_terminal,
    ),
    ("ctrl_z_and_fg_what_came_meanwhile_is_in_the_file", ctrl_z),
    ("ctrl_z_without_a_shell_goes_on", ctrl_z_without_a_shell),
    ("stopped_for_a_while_nothing_is_missing", stopped),
    ("killed_helper_the_capture_goes_on", killed_helper),
];

/// Connections before the fault.
const SOME: usize = 50;

pub fn place() -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("kept.pcap");
    (folder, path)
}

pub fn json(port: &str, path: &Path) -> Command {
    let mut command = tcpviz();
    command.args(["-F", "json", "-p", port, "-w"]).arg(path);
    command
}

pub fn screen(port: &str, path: &Path) -> Screen {
    let arguments = ["-p", port, "-w", path.to_str().unwrap()];
    let mut screen = Screen::start(&arguments, 140, 30);
    screen.wait_for("nothing yet");
    screen
}

fn saved(segments: usize, path: &Path) -> String {
    let path = path.display();
    format!("tcpviz: {segments} segments saved in {path}; to see them again: tcpviz {path}")
}

/// All of what was sent is in the file, in order.
pub fn is_whole(traffic: &Traffic, path: &Path) {
    let (segments, clients) = held(path);
    assert_eq!(segments, traffic.sent());
    let sent = traffic.clients.iter().map(ToString::to_string);
    assert!(sent.eq(clients));
}

fn told_to_go() {
    for signal in [Signal::INT, Signal::TERM, Signal::HUP] {
        let (_folder, path) = place();
        let mut traffic = Traffic::new();
        let mut program = Program::start(json(&traffic.port(), &path));
        traffic.play(SOME);
        program.signal(signal);
        let (status, printed) = program.end();
        assert!(status.success(), "{signal:?}: {status}");
        assert_eq!(printed, traffic.sent());
        assert!(
            program.said.contains(&saved(traffic.sent(), &path)),
            "{}",
            program.said
        );
        is_whole(&traffic, &path);
    }
}

fn nohup() {
    let (_folder, path) = place();
    let mut traffic = Traffic::new();
    let mut command = Command::new("sh");
    command.args([
        "-c",
        "trap '' HUP; exec \"$@\"",
        "sh",
        env!("CARGO_BIN_EXE_tcpviz"),
    ]);
    command
        .args(["-F", "json", "-p", &traffic.port(), "-w"])
        .arg(&path);
    let mut program = Program::start(command);
    traffic.play(SOME);
    program.wait_for_segments(traffic.sent());
    program.signal(Signal::HUP);
    traffic.play(SOME);
    program.wait_for_segments(traffic.sent() / 2);
    program.signal(Signal::INT);
    assert!(program.end().0.success());
    is_whole(&traffic, &path);
}

fn told_in_the_screen() {
    for how in [Ok("\x03"), Ok("q"), Err(Signal::TERM), Err(Signal::HUP)] {
        let (_folder, path) = place();
        let mut traffic = Traffic::new();
        let mut screen = screen(&traffic.port(), &path);
        traffic.play(SOME);
        match how {
            Ok(key) => screen.press(key),
            Err(signal) => kill_process(pid(&screen), signal).unwrap(),
        }
        assert_eq!(screen.wait_for_end(), 0);
        assert!(!screen.is_alternate() && !screen.hides_cursor(), "{how:?}");
        let text = screen.text();
        // Its line may be broken at the screen's edge.
        assert!(
            text.replace('\n', "")
                .contains(&saved(traffic.sent(), &path)),
            "{text}"
        );
        is_whole(&traffic, &path);
    }
}

fn pid(screen: &Screen) -> Pid {
    let pid = i32::try_from(screen.child.process_id().unwrap()).unwrap();
    Pid::from_raw(pid).unwrap()
}

fn killed() {
    let (_folder, path) = place();
    let mut traffic = Traffic::new();
    let mut program = Program::start(json(&traffic.port(), &path));
    traffic.play(SOME);
    program.wait_for_segments(traffic.sent());
    program.signal(Signal::KILL);
    assert!(program.end().0.code().is_none());
    is_whole(&traffic, &path);
}

fn killed_under_traffic() {
    let (_folder, path) = place();
    let mut traffic = Traffic::new();
    let mut program = Program::start(json(&traffic.port(), &path));
    let (clients, printed) = thread::scope(|scope| {
        let sender = scope.spawn(|| {
            traffic.play(20 * SOME);
            &traffic.clients
        });
        program.wait_for_segments(5 * SOME * SEGMENTS);
        program.signal(Signal::KILL);
        let (_, more) = program.end();
        (sender.join().unwrap(), 5 * SOME * SEGMENTS + more)
    });
    let (segments, held) = held(&path);
    assert!(
        (printed..).contains(&segments),
        "{printed} printed, {segments} held"
    );
    // Nothing is missing in between.
    let sent = clients.iter().map(ToString::to_string).take(held.len());
    assert!(sent.eq(held));
}

/// `script` is the terminal: when it is killed, the terminal is gone.
fn closed_terminal() {
    for view in ["", "-F ladder", "-F json", "-F tcpdump"] {
        let (_folder, path) = place();
        let mut traffic = Traffic::new();
        let (port, name) = (traffic.port(), path.display());
        let mut terminal = in_script(&format!("{view} -p {port} -w {name}"), Stdio::null());
        // The file's header is written when segments can be captured.
        await_file(&path, 24);
        traffic.play(SOME);
        // By then it answers signals, too.
        await_file(&path, 25);
        let [program] = children(Pid::from_child(&terminal))[..] else {
            panic!("the program runs in the terminal");
        };
        terminal.kill().unwrap();
        terminal.wait().unwrap();
        // Its parent is gone, so it is ours now. That its output can't be written may be noticed before the signal.
        let code = end_of(program).exit_status();
        assert!(
            [Some(0), Some(1)].contains(&code),
            "{view}: ended with {code:?}"
        );
        is_whole(&traffic, &path);
    }
}

/// The program in a terminal that can be killed.
pub fn in_script(arguments: &str, output: Stdio) -> Child {
    let typed = format!("exec {} {arguments}", env!("CARGO_BIN_EXE_tcpviz"));
    Command::new("script")
        .args(["-qfc", &typed, "/dev/null"])
        .env("TERM", "xterm")
        .stdin(Stdio::piped())
        .stdout(output)
        .spawn()
        .expect("script (Debian: bsdutils)")
}

/// How an orphan ended: this process is the sandbox's first.
fn end_of(orphan: Pid) -> WaitStatus {
    let deadline = Instant::now() + PATIENCE;
    loop {
        match waitpid(Some(orphan), WaitOptions::NOHANG) {
            Ok(Some((_, status))) => return status,
            Ok(None) | Err(rustix::io::Errno::CHILD) => {}
            Err(why) => panic!("{why}"),
        }
        assert!(Instant::now() < deadline, "it goes on without a terminal");
        thread::sleep(Duration::from_millis(5));
    }
}

/// Waits until a file has so many octets.
pub fn await_file(path: &Path, octets: u64) {
    let deadline = Instant::now() + PATIENCE;
    while fs::metadata(path).map_or(0, |file| file.len()) < octets {
        assert!(Instant::now() < deadline, "{} never grew", path.display());
        thread::sleep(Duration::from_millis(5));
    }
}

fn ctrl_z() {
    let (_folder, path) = place();
    let mut traffic = Traffic::new();
    let mut shell = CommandBuilder::new("bash");
    shell.args(["--norc", "--noprofile", "-i"]);
    shell.env("LC_ALL", "C.UTF-8");
    shell.env("TERM", "xterm-256color");
    let mut screen = Screen::start_command(shell, 140, 30);
    let program = env!("CARGO_BIN_EXE_tcpviz");
    let (port, name) = (traffic.port(), path.display());
    screen.press(&format!("{program} -p {port} -w {name}; echo left\n"));
    screen.wait_for("nothing yet");
    traffic.play(SOME);
    screen.wait_for("200 received");
    screen.press("\x1a");
    screen.wait_for("Stopped");
    assert!(!screen.is_alternate() && !screen.reports_mouse() && !screen.hides_cursor());
    traffic.play(SOME);
    screen.press("fg\n");
    screen.wait_for("400 received");
    assert!(screen.is_alternate() && screen.reports_mouse());
    traffic.play(SOME);
    screen.wait_for("600 received · 0 dropped");
    screen.press("q");
    screen.wait("the message", |text| {
        text.replace('\n', "")
            .contains(&saved(traffic.sent(), &path))
    });
    is_whole(&traffic, &path);
    screen.press("exit\n");
    screen.wait_for_end();
}

/// Nobody could ever let it go on.
fn ctrl_z_without_a_shell() {
    let (_folder, path) = place();
    let mut traffic = Traffic::new();
    let mut screen = screen(&traffic.port(), &path);
    screen.press("\x1a");
    traffic.play(SOME);
    screen.wait_for("200 received");
    screen.press("q");
    assert_eq!(screen.wait_for_end(), 0);
    is_whole(&traffic, &path);
}

/// As close as a test comes to a machine that is suspended: nothing of the program runs, then everything does.
fn stopped() {
    let (_folder, path) = place();
    let mut traffic = Traffic::new();
    let mut screen = screen(&traffic.port(), &path);
    for round in 1..=3 {
        kill_process(pid(&screen), Signal::STOP).unwrap();
        traffic.play(SOME);
        kill_process(pid(&screen), Signal::CONT).unwrap();
        screen.wait_for(&format!("{} received · 0 dropped", round * SOME * SEGMENTS));
    }
    screen.press("q");
    assert_eq!(screen.wait_for_end(), 0);
    is_whole(&traffic, &path);
}

/// The process that looks for the owners of sockets is killed, as a short memory might.
fn killed_helper() {
    let (_folder, path) = place();
    let mut traffic = Traffic::new();
    let mut screen = screen(&traffic.port(), &path);
    let helpers = children(pid(&screen));
    assert!(!helpers.is_empty(), "the owners' helper");
    for helper in helpers {
        kill_process(helper, Signal::KILL).unwrap();
    }
    traffic.play(SOME);
    screen.wait_for("200 received · 0 dropped");
    screen.press("q");
    assert_eq!(screen.wait_for_end(), 0);
    is_whole(&traffic, &path);
}

/// The processes that a process has started. /proc may count them from outside the sandbox.
fn children(parent: Pid) -> Vec<Pid> {
    let here = fs::read_link("/proc/self/ns/pid").unwrap();
    let folders = fs::read_dir("/proc")
        .unwrap()
        .map(|entry| entry.unwrap().path());
    let ours =
        folders.filter(|folder| fs::read_link(folder.join("ns/pid")).is_ok_and(|it| it == here));
    let told: Vec<[String; 3]> = ours
        .filter_map(|folder| {
            let status = fs::read_to_string(folder.join("status")).ok()?;
            let number = |key: &str| {
                let line = status.lines().find_map(|line| line.strip_prefix(key))?;
                Some(line.split_whitespace().next_back()?.to_owned())
            };
            Some([number("Pid:")?, number("PPid:")?, number("NSpid:")?])
        })
        .collect();
    let parent = parent.as_raw_nonzero().to_string();
    let [outside, ..] = told
        .iter()
        .find(|[.., inside]| *inside == parent)
        .expect("it runs");
    let its = told.iter().filter(|[_, by, _]| by == outside);
    its.filter_map(|[.., inside]| Pid::from_raw(inside.parse().ok()?))
        .collect()
}
