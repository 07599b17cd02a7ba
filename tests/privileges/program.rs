//! What the kernel says of every thread and helper of the program while it runs.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use portable_pty::CommandBuilder;
use rustix::process::{Pid, Signal, kill_process};

use crate::common::harness::can_be_anybody;
use crate::common::screen::Screen;
use crate::common::{PATIENCE, capture, tcpviz};
use crate::linux::{CALLER, Tries, status, through_sudo};

pub const TRIALS: Tries = &[
    (
        "live_on_the_screen_no_thread_has_anything_left",
        on_the_screen::<0>,
    ),
    ("live_as_text_no_thread_has_anything_left", as_text::<0>),
    ("a_replay_gives_up_before_its_first_frame", replay::<0>),
    ("while_a_command_runs_only_its_warden_is_root", command::<0>),
    ("without_verbose_nothing_is_said_of_it", verbose),
];

pub const AS_TRUE_ROOT: Tries = &[
    (
        "through_sudo_live_on_the_screen_no_thread_has_anything_left",
        on_the_screen::<CALLER>,
    ),
    (
        "through_sudo_live_as_text_no_thread_has_anything_left",
        as_text::<CALLER>,
    ),
    (
        "through_sudo_a_replay_gives_up_before_its_first_frame",
        replay::<CALLER>,
    ),
    (
        "through_sudo_while_a_command_runs_only_its_warden_is_root",
        command::<CALLER>,
    ),
];

const NONE: &str = "0000000000000000";
/// CAP_DAC_READ_SEARCH (2) and CAP_SYS_PTRACE (19).
const TWO: &str = "0000000000080004";

/// Asserts what the kernel says of a process or thread.
fn has(path: &str, user: u32, capabilities: &str) {
    let all = format!("{user}\t{user}\t{user}\t{user}");
    let groups = if user == 0 {
        String::new()
    } else {
        user.to_string()
    };
    let mut wanted = vec![
        ("Uid", all.as_str()),
        ("Gid", &all),
        ("CapInh", NONE),
        ("CapPrm", capabilities),
        ("CapEff", capabilities),
        ("CapBnd", NONE),
        ("CapAmb", NONE),
        ("NoNewPrivs", "1"),
        ("Seccomp", "2"),
    ];
    if can_be_anybody() {
        wanted.push(("Groups", &groups));
    }
    for (key, wanted) in wanted {
        assert_eq!(
            status(path, key),
            wanted,
            "{path}: {key} of {}",
            status(path, "Name")
        );
    }
}

/// Of all threads.
fn gave_up(pid: u32, user: u32, threads: usize) {
    let tasks = fs::read_dir(format!("/proc/{pid}/task")).unwrap();
    let tasks: Vec<_> = tasks.map(|task| task.unwrap().path()).collect();
    assert!(tasks.len() >= threads, "{} threads", tasks.len());
    for task in tasks {
        has(task.to_str().unwrap(), user, NONE);
    }
}

fn children(pid: u32) -> Vec<u32> {
    let processes = fs::read_dir("/proc").unwrap().filter_map(|entry| {
        let pid = entry.ok()?.file_name().to_str()?.parse::<u32>();
        pid.ok()
    });
    let is_child = |it: &u32| status(&format!("/proc/{it}"), "PPid") == pid.to_string();
    processes.filter(is_child).collect()
}

fn by(user: u32, mut command: Command) -> Command {
    if user != 0 {
        through_sudo(&mut command);
    }
    command
}

fn on_the_screen<const USER: u32>() {
    let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_tcpviz"));
    command.args(["--port", "4321"]);
    command.env("LC_ALL", "C.UTF-8");
    command.env("TERM", "xterm-256color");
    if USER != 0 {
        command.env("SUDO_UID", USER.to_string());
        command.env("SUDO_GID", USER.to_string());
    }
    let mut screen = Screen::start_command(command, 100, 30);
    screen.wait("the screen", |text| text.contains("4321"));
    let pid = screen.child.process_id().unwrap();
    // Main, capture, handing on, owners, keys, signals.
    gave_up(pid, USER, 6);
    let [helper] = children(pid)[..] else {
        panic!("{:?}", children(pid));
    };
    has(&format!("/proc/{helper}"), USER, TWO);
    screen.press("q");
    assert_eq!(screen.wait_for_end(), 0);
}

/// The program, and the first line that it prints.
fn started(mut command: Command) -> (Child, String) {
    let mut child = command
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    let mut out = BufReader::new(child.stdout.take().unwrap());
    out.read_line(&mut line).unwrap();
    thread::spawn(move || out.lines().count());
    (child, line)
}

fn end(child: Child) -> String {
    kill_process(Pid::from_child(&child), Signal::INT).unwrap();
    let output = child.wait_with_output().unwrap();
    let told = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success(), "{told}");
    told
}

fn as_text<const USER: u32>() {
    let mut command = tcpviz();
    command.args(["--port", "4321", "-F", "json", "-v"]);
    let (child, _) = started(by(USER, command));
    gave_up(child.id(), USER, 3);
    assert!(children(child.id()).is_empty());
    let told = end(child);
    let given_up = format!("before), user {USER} and group {USER}, no way back");
    assert!(
        told.contains(&given_up) && told.contains("; Landlock "),
        "{told}"
    );
}

fn replay<const USER: u32>() {
    let octets = fs::read(capture("orderly-close")).unwrap();
    let mut command = tcpviz();
    command.args(["-F", "json", "-"]).stdin(Stdio::piped());
    // Its first line comes before the first frame.
    let (mut child, line) = started(by(USER, command));
    assert!(line.contains(r#""frames":0"#), "{line}");
    gave_up(child.id(), USER, 2);
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(&octets).unwrap();
    drop(stdin);
    assert!(child.wait().unwrap().success());
}

fn command<const USER: u32>() {
    let mut command = tcpviz();
    command.args(["-F", "connections", "--", "cat"]);
    let mut child = by(USER, command)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let pid = child.id();
    let deadline = Instant::now() + PATIENCE;
    let cat = loop {
        let wardens = children(pid);
        let cats = wardens.iter().flat_map(|warden| children(*warden));
        if let Some(cat) = cats
            .into_iter()
            .find(|it| status(&format!("/proc/{it}"), "Name") == "cat")
        {
            break cat;
        }
        assert!(Instant::now() < deadline, "the command starts");
        thread::sleep(Duration::from_millis(5));
    };
    gave_up(pid, USER, 3);
    let all = format!("{USER}\t{USER}\t{USER}\t{USER}");
    assert_eq!(status(&format!("/proc/{cat}"), "Uid"), all);
    assert_eq!(
        status(&format!("/proc/{cat}"), "NoNewPrivs"),
        "0",
        "the command may use sudo"
    );
    drop(child.stdin.take());
    child.wait().unwrap();
}

fn verbose() {
    let file = capture("orderly-close");
    for (options, wanted) in [
        (&["-F", "csv"][..], false),
        (&["-F", "csv", "--verbose"], true),
    ] {
        let output = tcpviz().args(options).arg(&file).output().unwrap();
        let told = String::from_utf8(output.stderr).unwrap();
        assert_eq!(told.contains("privileges given up"), wanted, "{told}");
        assert_eq!(told.lines().count(), usize::from(wanted), "{told}");
    }
}
