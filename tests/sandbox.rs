//! The lab's sandbox: nothing of it outlives the process that the user started, and where there can be none the user is
//! told why. Where a sandbox can't be had these fail: nothing is skipped.
#![cfg(all(feature = "live", target_os = "linux"))]

mod common;

use std::collections::HashSet;
use std::fs;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use common::screen::Screen;
use common::{PATIENCE, tcpviz};
use portable_pty::CommandBuilder;
use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

/// An experiment that lasts some seconds; so often it lasts longer than anything is awaited here.
const NAME: &str = "server-host-crash.keepalive";
const TIMES: usize = 15;

/// Both actors, the process inside and the guard.
const PROCESSES: usize = 4;

#[test]
fn nothing_survives_sigkill() {
    let mut played = Played::start();
    played.signal(Signal::KILL);
    assert_eq!(played.end(), None);
    played.leaves_nothing();
}

#[test]
fn nothing_survives_sigterm() {
    let mut played = Played::start();
    played.signal(Signal::TERM);
    assert_eq!(played.end(), Some(128 + 15));
    played.leaves_nothing();
}

#[test]
fn nothing_survives_sigint() {
    let mut played = Played::start();
    played.signal(Signal::INT);
    assert_eq!(played.end(), Some(128 + 2));
    played.leaves_nothing();
}

#[test]
fn nothing_survives_sighup() {
    let mut played = Played::start();
    played.signal(Signal::HUP);
    assert_eq!(played.end(), Some(128 + 1));
    played.leaves_nothing();
}

#[test]
fn nothing_survives_a_kill_of_the_process_inside() {
    let mut played = Played::start();
    let guard = played.process.id().to_string();
    let inside = ours(played.folder.path())
        .into_iter()
        .find(|pid| status(pid, "PPid") == guard);
    let pid = inside.expect("the guard has a child").parse().unwrap();
    kill_process(Pid::from_raw(pid).unwrap(), Signal::KILL).unwrap();
    assert_eq!(played.end(), Some(128 + 9));
    played.leaves_nothing();
}

#[test]
fn nothing_survives_a_kill_at_any_moment_of_the_start() {
    for pause in 0..25 {
        let folder = tempfile::tempdir().unwrap();
        let mut process = lab(folder.path());
        // The moment itself is what is tried: a time, not a state.
        std::thread::sleep(Duration::from_millis(pause * 2));
        process.kill().unwrap();
        process.wait().unwrap();
        wait("no process is left", || none(&ours(folder.path())));
        wait("the folder is empty", || none(&files(folder.path())));
    }
}

#[test]
fn nothing_survives_ctrl_c_where_only_text_is_printed() {
    let mut arguments = vec!["lab", "--check"];
    arguments.extend([NAME; TIMES]);
    let (folder, mut screen) = on_screen(&arguments);
    let namespaces = wait_for_namespaces(folder.path());
    screen.press("\x03");
    assert_eq!(screen.wait_for_end(), 128 + 2);
    leaves_nothing(folder.path(), &namespaces);
    // The signal ends the lab, not an actor in the middle of a call.
    let text = screen.text();
    assert!(!text.contains("DIFFERS"), "{text}");
}

#[test]
fn nothing_survives_leaving_the_screen() {
    for leaving in ["\x03", "q"] {
        let (folder, mut screen) = entered();
        let namespaces = wait_for_namespaces(folder.path());
        screen.press(leaving);
        assert_eq!(screen.wait_for_end(), 0);
        assert!(!screen.is_alternate() && !screen.hides_cursor());
        leaves_nothing(folder.path(), &namespaces);
    }
}

#[test]
fn nothing_survives_a_signal_while_the_screen_is_shown() {
    for signal in [Signal::TERM, Signal::INT, Signal::HUP] {
        let (folder, mut screen) = entered();
        let namespaces = wait_for_namespaces(folder.path());
        kill_process(pid_of(screen.child.process_id()), signal).unwrap();
        // It leaves as if told by a key: the terminal is as it was.
        assert_eq!(screen.wait_for_end(), 0);
        assert!(!screen.is_alternate() && !screen.hides_cursor());
        leaves_nothing(folder.path(), &namespaces);
    }
}

#[test]
fn nothing_survives_sigkill_while_the_screen_is_shown() {
    let (folder, mut screen) = entered();
    let namespaces = wait_for_namespaces(folder.path());
    kill_process(pid_of(screen.child.process_id()), Signal::KILL).unwrap();
    screen.wait_for_end();
    leaves_nothing(folder.path(), &namespaces);
}

#[test]
fn nothing_survives_the_end() {
    let folder = tempfile::tempdir().unwrap();
    let output = tcpviz()
        .args(["lab", "--check", "close-then-peer-writes"])
        .env("TMPDIR", folder.path())
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(0));
    leaves_nothing(folder.path(), &HashSet::new());
}

/// A user without capabilities, in a namespace of users that has room for no other.
#[test]
fn where_user_namespaces_are_forbidden_it_says_so_and_what_to_type() {
    let script = "echo 0 > /proc/sys/user/max_user_namespaces && \
                  exec setpriv --ambient-caps -all --inh-caps -all \"$@\"";
    let program = env!("CARGO_BIN_EXE_tcpviz");
    let output = Command::new("unshare")
        .args(["--user", "--map-user=1000", "--map-group=1000"])
        .args(["--keep-caps", "sh", "-c", script, "sh"])
        .args([program, "lab", "--check", "close-then-peer-writes"])
        .env("LC_ALL", "C.UTF-8")
        .output()
        .expect("unshare is installed");
    let told = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{told}");
    assert!(output.stdout.is_empty());
    assert!(
        told.starts_with("tcpviz: the lab needs namespaces of its own, and this system refuses ("),
        "{told}"
    );
    let advice = "user namespaces are switched off: sudo sysctl user.max_user_namespaces=10000\n";
    assert!(told.contains(advice), "{told}");
    // Listing them needs no sandbox.
    let output = Command::new("unshare")
        .args(["--user", "--map-user=1000", "--map-group=1000"])
        .args(["--keep-caps", "sh", "-c", script, "sh"])
        .args([program, "lab"])
        .output()
        .expect("unshare is installed");
    assert_eq!(output.status.code(), Some(0));
}

/// `tcpviz lab` in the middle of an experiment.
struct Played {
    process: Child,
    folder: TempDir,
    namespaces: HashSet<String>,
}

impl Played {
    fn start() -> Played {
        let folder = tempfile::tempdir().unwrap();
        let process = lab(folder.path());
        let namespaces = wait_for_namespaces(folder.path());
        Played {
            process,
            folder,
            namespaces,
        }
    }

    fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.process), signal).unwrap();
    }

    /// The exit code, once it has ended.
    fn end(&mut self) -> Option<i32> {
        let mut status = None;
        wait("it ends", || {
            status = self.process.try_wait().unwrap();
            status.map(drop).ok_or_else(String::new)
        });
        status.and_then(|status| status.code())
    }

    fn leaves_nothing(&self) {
        leaves_nothing(self.folder.path(), &self.namespaces);
    }
}

impl Drop for Played {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Starts experiments, one after the other; `folder` is theirs for temporary files, and what tells their processes from
/// other people's.
fn lab(folder: &Path) -> Child {
    tcpviz()
        .args(["lab", "--check"])
        .args([NAME; TIMES])
        .env("TMPDIR", folder)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("tcpviz runs")
}

fn on_screen(arguments: &[&str]) -> (TempDir, Screen) {
    let folder = tempfile::tempdir().unwrap();
    let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_tcpviz"));
    command.args(arguments);
    command.env("LC_ALL", "C.UTF-8");
    command.env("TERM", "xterm-256color");
    command.env("TMPDIR", folder.path());
    let screen = Screen::start_command(command, 100, 30);
    (folder, screen)
}

/// On the screen, with both actors there.
fn entered() -> (TempDir, Screen) {
    let (folder, mut screen) = on_screen(&["lab", NAME]);
    screen.wait_for("next  server: listen(3)");
    screen.press(" ");
    screen.wait_for("next  client: connect(3)");
    screen.press(" ");
    screen.wait_for("next  server: accept(3)");
    (folder, screen)
}

fn pid_of(number: Option<u32>) -> Pid {
    let number = number.and_then(|number| i32::try_from(number).ok());
    number.and_then(Pid::from_raw).expect("it runs")
}

/// Waits until both actors are there; the network namespaces that any of the processes is in, or holds.
fn wait_for_namespaces(folder: &Path) -> HashSet<String> {
    wait("both actors enter", || {
        let found = ours(folder);
        let named = |name: &str| {
            let line = format!("tcpviz lab: {name}\0");
            let is_its = |pid: &&String| read(pid, "cmdline").starts_with(line.as_bytes());
            found.iter().filter(is_its).count() == 1
        };
        let all = named("client") && named("server") && found.len() == PROCESSES;
        all.then_some(()).ok_or_else(|| format!("{found:?}"))
    });
    let mut namespaces: HashSet<_> = ours(folder).iter().flat_map(|pid| net_of(pid)).collect();
    // Ours, which the guard isn't in either.
    namespaces.remove(&link("/proc/self/ns/net"));
    assert!(namespaces.len() >= 3, "hosts and wire: {namespaces:?}");
    namespaces
}

/// No process, none of the network namespaces, no file.
fn leaves_nothing(folder: &Path, namespaces: &HashSet<String>) {
    wait("no process is left", || none(&ours(folder)));
    wait("no namespace is left", || {
        let held = pids().into_iter().flat_map(|pid| net_of(&pid));
        let left: Vec<_> = held.filter(|net| namespaces.contains(net)).collect();
        none(&left)
    });
    wait("the folder is empty", || none(&files(folder)));
}

/// Waits until it is so; what stood in its way is the failure's message.
fn wait(wanted: &str, mut is_so: impl FnMut() -> Result<(), String>) {
    let deadline = Instant::now() + PATIENCE;
    while let Err(why) = is_so() {
        assert!(Instant::now() < deadline, "never: {wanted}: {why}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

fn none(left: &[String]) -> Result<(), String> {
    left.is_empty().then_some(()).ok_or_else(|| left.join(", "))
}

fn files(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap();
    entries
        .map(|entry| entry.unwrap().path().display().to_string())
        .collect()
}

fn pids() -> Vec<String> {
    let entries = fs::read_dir("/proc").unwrap();
    let names = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    names
        .filter(|name| name.bytes().all(|octet| octet.is_ascii_digit()))
        .collect()
}

/// The processes that run with this folder for temporary files, zombies left out.
fn ours(folder: &Path) -> Vec<String> {
    let wanted = format!("TMPDIR={}", folder.display());
    let is_its = |pid: &String| {
        let environment = read(pid, "environ");
        environment
            .split(|octet| *octet == 0)
            .any(|variable| variable == wanted.as_bytes())
    };
    pids().into_iter().filter(is_its).collect()
}

/// A file of a process; empty where it has just ended, or isn't ours.
fn read(pid: &str, name: &str) -> Vec<u8> {
    fs::read(format!("/proc/{pid}/{name}")).unwrap_or_default()
}

fn status(pid: &str, key: &str) -> String {
    let status = String::from_utf8_lossy(&read(pid, "status")).into_owned();
    let mut lines = status.lines().filter_map(|line| line.split_once(':'));
    let found = lines.find(|(name, _)| *name == key);
    found.map_or(String::new(), |(_, value)| value.trim().into())
}

/// The network namespaces of a process: its own, and those that it holds by descriptors or mounts.
fn net_of(pid: &str) -> Vec<String> {
    let mut found = vec![link(&format!("/proc/{pid}/ns/net"))];
    if let Ok(descriptors) = fs::read_dir(format!("/proc/{pid}/fd")) {
        found.extend(
            descriptors
                .flatten()
                .map(|entry| link(entry.path().to_str().unwrap_or_default())),
        );
    }
    let mounts = String::from_utf8_lossy(&read(pid, "mountinfo")).into_owned();
    found.extend(mounts.split(' ').map(String::from));
    found.retain(|name| name.starts_with("net:["));
    found
}

fn link(path: &str) -> String {
    fs::read_link(path).map_or(String::new(), |target| target.display().to_string())
}
