//! Capturing, in namespaces of its own.

use std::fs::{self, File};
use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Command, Stdio};

use rustix::process::{Pid, Signal, kill_process};

use super::cases::{Case, Said, ended, made, program};

/// The program as root of namespaces of its own, where this was done before.
pub fn inside(folder: &Path, before: &str, arguments: &[&str]) -> Command {
    let mut command = Command::new("unshare");
    command.args(["--user", "--map-root-user", "--net", "--mount", "sh", "-c"]);
    command.arg(format!("{before} && exec \"$0\" \"$@\""));
    command.arg(env!("CARGO_BIN_EXE_tcpviz")).args(arguments);
    command.current_dir(folder).env("LC_ALL", "C.UTF-8");
    command.env_remove("SUDO_UID").stdin(Stdio::null());
    command
}

pub const UP: &str = "ip link set lo up";

/// The program on loopback, to its end.
fn on_loopback(arguments: &'static [&'static str]) -> Case {
    made(|folder| ended(&mut inside(folder, UP, arguments)))
}

/// A capture that has begun, until `end` has been done.
fn until(mut command: Command, end: impl FnOnce(Pid)) -> Said {
    let mut child = command
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("unshare");
    let mut out = BufReader::new(child.stdout.take().unwrap());
    out.read_line(&mut String::new()).unwrap();
    end(Pid::from_child(&child));
    out.read_to_string(&mut String::new()).unwrap();
    child.wait_with_output().unwrap().into()
}

/// The same until Ctrl-C.
fn interrupted(arguments: &'static [&'static str]) -> Case {
    made(|folder| {
        until(inside(folder, UP, arguments), |pid| {
            kill_process(pid, Signal::INT).unwrap();
        })
    })
}

/// The program where it can begin neither a process nor a thread.
pub fn without_threads(folder: &Path, arguments: &[&str]) -> Said {
    let mut command = Command::new("setpriv");
    if rustix::process::geteuid().is_root() {
        // Root has no such limit. Whoever has nothing else may not be able to enter this folder.
        fs::set_permissions(folder, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
        fs::copy(env!("CARGO_BIN_EXE_tcpviz"), folder.join("tcpviz")).unwrap();
        command.args(["--reuid=65533", "--regid=65533", "--clear-groups"]);
        command.args(["prlimit", "--nproc=1", "./tcpviz"]);
    } else {
        command.args(["prlimit", "--nproc=1", env!("CARGO_BIN_EXE_tcpviz")]);
    }
    command.args(arguments).current_dir(folder);
    ended(command.env("LC_ALL", "C.UTF-8").stdin(Stdio::null()))
}

pub fn cases() -> Vec<(&'static str, Case)> {
    vec![
        ("permission", made(permission)),
        (
            "no-interface",
            on_loopback(&["-i", "no-such", "-F", "json"]),
        ),
        (
            "down",
            made(|folder| ended(&mut inside(folder, "true", &["-F", "json"]))),
        ),
        ("filter-live", on_loopback(&["-f", "prot 80", "-F", "json"])),
        (
            "temporary",
            made(|folder| ended(inside(folder, UP, &["-F", "json"]).env("TMPDIR", "/no/such"))),
        ),
        (
            "write-not-regular",
            on_loopback(&["-F", "json", "-w", "/dev/full"]),
        ),
        ("too-many-files", made(few_files)),
        ("not-read", made(not_read)),
        ("capturing", interrupted(&["-F", "json"])),
        ("no-frames", interrupted(&["-F", "json"])),
        ("nothing-in", interrupted(&["-F", "json", "-w", "x.pcap"])),
        (
            "sudo-nobody",
            made(|folder| ended(inside(folder, UP, &["-D"]).env("SUDO_UID", "ann"))),
        ),
        ("cannot-begin", on_full_disk(&["-F", "json"])),
        (
            "cannot-begin-in",
            on_full_disk(&["-F", "json", "-w", "full/x.pcap"]),
        ),
        ("not-started", on_full_disk(&["--", "touch", "started"])),
        ("broke-off", made(interface_goes)),
        (
            "no-process",
            made(|folder| without_threads(folder, &["--", "true"])),
        ),
        (
            "command-temporary",
            made(|folder| ended(inside(folder, UP, &["--", "true"]).env("TMPDIR", "/no/such"))),
        ),
        ("no-connections", on_loopback(&["--", "true"])),
        ("kept-unwritten", made(small_disk)),
        ("all-left", made(small_disk)),
        (
            "ip",
            made(|folder| {
                ended(program(folder, &["lab", "orderly-close", "--check"]).env("PATH", "/no/such"))
            }),
        ),
        (
            "lab-io",
            made(|folder| {
                ended(&mut program(
                    folder,
                    &["lab", "orderly-close", "-w", "no/such", "-F", "json"],
                ))
            }),
        ),
        (
            "lab-record",
            made(|folder| {
                ended(&mut program(
                    folder,
                    &["lab", "orderly-close", "--record", "/proc/no-such"],
                ))
            }),
        ),
    ]
}

/// No capability in this user namespace reaches the network namespace outside.
fn permission(folder: &Path) -> Said {
    let mut command = Command::new("unshare");
    command.args(["--user", "--map-user=1000", "--"]);
    command.args([env!("CARGO_BIN_EXE_tcpviz"), "-F", "json"]);
    ended(command.current_dir(folder).stdin(Stdio::null()))
}

fn few_files(folder: &Path) -> Said {
    let before = format!("{UP} && ulimit -n 12");
    ended(&mut inside(folder, &before, &["-F", "json"]))
}

fn not_read(folder: &Path) -> Said {
    let capture = File::open(folder.join("close.pcap")).unwrap();
    let mut command = inside(folder, UP, &["-w", "no/such.pcap", "-F", "json"]);
    let said = ended(command.stdin(capture));
    Said { code: None, ..said }
}

fn interface_goes(folder: &Path) -> Said {
    let before = "ip link add gone type veth peer name other && ip link set gone up && ip link set other up && mkfifo gate && \
                  { sh -c 'read line < gate; exec ip link del gone' & }";
    until(
        inside(folder, before, &["-i", "gone", "-F", "json"]),
        |_| {
            fs::write(folder.join("gate"), "now\n").unwrap();
        },
    )
}

/// What was the command's has no room where it is to go.
/// Where the folder for temporary files, and for others, has no room left.
fn on_full_disk(arguments: &'static [&'static str]) -> Case {
    made(move |folder| {
        let before = "mkdir full && mount -t tmpfs -o size=4k none full && head -c 4096 /dev/zero > full/all && ip link set lo up";
        let said = ended(inside(folder, before, arguments).env("TMPDIR", folder.join("full")));
        assert!(!folder.join("started").exists());
        said
    })
}

fn small_disk(folder: &Path) -> Said {
    let before = "mkdir small && mount -t tmpfs -o size=8k none small && ip link set lo up";
    let program = "import socket
l = socket.create_server(('127.0.0.1', 4321)); c = socket.create_connection(('127.0.0.1', 4321)); s, _ = l.accept()
c.sendall(b'x' * 100000); c.close(); s.recv(100000, socket.MSG_WAITALL); s.close()";
    let arguments = ["-w", "small/x.pcap", "--", "python3", "-c", program];
    ended(inside(folder, before, &arguments).env("TMPDIR", folder))
}
