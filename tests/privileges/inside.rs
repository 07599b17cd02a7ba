//! A process that gives everything up as the program does, and then tries what an attacker in it would.

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read};
use std::net::{TcpListener, TcpStream, UdpSocket};
use std::os::unix::net::{UnixDatagram, UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;

use rustix::fs::IFlags;
use rustix::process::{Pid, test_kill_process};
use rustix::thread::UnshareFlags;
use tcpviz::privilege::{self, Needs};
use tcpviz::source::save;

use crate::common::harness::can_be_anybody;
use crate::linux::{CALLER, Tries, status, through_sudo};

/// The first argument of a process that tries.
pub const ATTEMPTS: &str = "attempts";

pub const TRIALS: Tries = &[
    (
        "root_that_gave_up_reads_no_shadow_and_writes_starts_and_connects_nothing",
        root,
    ),
    (
        "who_had_nothing_to_give_up_is_enclosed_all_the_same",
        unprivileged,
    ),
    ("without_a_screen_no_new_file_is_written", no_screen),
    (
        "where_no_file_has_to_go_again_none_can_be_removed",
        named_stays,
    ),
    ("with_names_to_ask_for_there_is_udp_but_no_tcp", names),
    (
        "from_a_home_new_files_go_to_the_temporary_folder_only",
        home,
    ),
    (
        "root_writes_new_files_to_nobodys_home_even_where_tmpdir_names_it",
        others_home,
    ),
];

pub const AS_TRUE_ROOT: Tries = &[("through_sudo_nothing_of_root_is_left", sudo)];

/// The ABI of Landlock from which on the kernel forbids it.
const FILES: u32 = 1;
const TCP: u32 = 4;
const SIGNALS: u32 = 6;

/// Tries everything, before and after.
pub fn attempt_all() {
    let [named, port] = [2, 3].map(|at| std::env::args().nth(at).unwrap());
    let new_files = std::env::var_os("NO_SCREEN").is_none();
    attempt("before", &named, &port);
    let files = vec![PathBuf::from(&named)];
    let stays = std::env::var_os("NAMED_STAYS").is_some();
    let needs = Needs {
        removed: if stays { Vec::new() } else { files.clone() },
        files,
        new_files,
        names: std::env::var_os("NAMES").is_some(),
    };
    let given_up = privilege::give_up(&needs).unwrap();
    println!("{given_up}");
    attempt("after", &named, &port);
    let told = privilege::refuses(Path::new("/etc/tcpviz-test.pcap"));
    println!("refused {}", told.unwrap_or_default());
}

fn attempt(when: &str, named: &str, port: &str) {
    let tell = |what: &str, done: io::Result<()>| match done {
        Ok(()) => println!("{when} {what}=ok"),
        Err(why) => println!("{when} {what}={}", why.raw_os_error().unwrap_or(0)),
    };
    for key in [
        "Uid",
        "Gid",
        "Groups",
        "CapInh",
        "CapPrm",
        "CapEff",
        "CapBnd",
        "CapAmb",
        "NoNewPrivs",
        "Seccomp",
    ] {
        println!("{when} {key}={}", status("/proc/self", key));
    }
    let read = |path: &str| File::open(path).and_then(|mut file| file.read(&mut [0]).map(drop));
    tell("shadow", read("/etc/shadow"));
    tell("passwd", read("/etc/passwd"));
    tell("status", read("/proc/1/status"));
    tell("own folder", read("here"));
    tell(
        "named",
        OpenOptions::new()
            .read(true)
            .write(true)
            .open(named)
            .map(drop),
    );
    tell(
        "tcp",
        TcpStream::connect(format!("127.0.0.1:{port}")).map(drop),
    );
    tell("listen", TcpListener::bind("127.0.0.1:0").map(drop));
    tell(
        "program",
        Command::new("/bin/true")
            .stdout(Stdio::null())
            .status()
            .map(drop),
    );
    let parent = rustix::process::getppid().unwrap();
    tell("signal", test_kill_process(parent).map_err(Into::into));
    tell(
        "own signal",
        test_kill_process(Pid::from_raw(std::process::id().cast_signed()).unwrap())
            .map_err(Into::into),
    );
    tell(
        "another process",
        fs::read_link(format!("/proc/{}/fd/0", parent.as_raw_nonzero())).map(drop),
    );
    let new = format!("new-{when}");
    tell("new", save::create_new(Path::new(&new)).map(drop));
    tell("new removed", fs::remove_file(&new));
    let mode = fs::metadata(named).unwrap().permissions();
    tell("mode", fs::set_permissions(named, mode));
    let file = File::open(named).unwrap();
    tell(
        "flag",
        rustix::fs::ioctl_setflags(&file, IFlags::NODUMP).map_err(Into::into),
    );
    tell(
        "attribute",
        rustix::fs::removexattr(named, "user.x").map_err(Into::into),
    );
    tell(
        "link's attribute",
        rustix::fs::lremovexattr(named, "user.x").map_err(Into::into),
    );
    tell(
        "open file's attribute",
        rustix::fs::fremovexattr(file, "user.x").map_err(Into::into),
    );
    tell("udp", UdpSocket::bind("127.0.0.1:0").map(drop));
    tell("unix", UnixStream::connect("unix").map(drop));
    tell("names of interfaces", UnixDatagram::unbound().map(drop));
    if when == "before" {
        return;
    }
    tell(
        "new in /etc",
        File::create_new("/etc/tcpviz-test").map(drop),
    );
    let made = thread::Builder::new().spawn(|| {});
    tell("thread", made.map(|thread| thread.join().unwrap()));
    #[expect(deprecated, reason = "its successor is unsafe")]
    let unshared = rustix::thread::unshare(UnshareFlags::NEWUSER);
    tell("namespace", unshared.map_err(Into::into));
    tell("link", std::os::unix::fs::symlink("/etc", "link"));
    tell("folder", fs::create_dir("folder"));
    tell("socket", UnixListener::bind("socket").map(drop));
    tell("named removed", fs::remove_file(named));
}

/// What was told, by `before` or `after` and what was tried.
struct Told(BTreeMap<String, String>, String);

impl Told {
    fn of(command: &mut Command) -> Told {
        Told::from(command, tempfile::tempdir_in("/tmp").unwrap().path())
    }

    /// In this folder, of which whoever tries may do everything.
    fn from(command: &mut Command, folder: &Path) -> Told {
        let named = folder.join("named.pcap");
        fs::write(folder.join("here"), "x").unwrap();
        fs::write(&named, "x").unwrap();
        for path in [folder, &named] {
            let mode = std::os::unix::fs::PermissionsExt::from_mode(0o777);
            fs::set_permissions(path, mode).unwrap();
        }
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let unix = folder.join("unix");
        let _ = fs::remove_file(&unix);
        let _unix = UnixListener::bind(&unix).unwrap();
        let port = listener.local_addr().unwrap().port().to_string();
        let output = command
            .arg(ATTEMPTS)
            .arg(&named)
            .arg(port)
            .current_dir(folder)
            .output()
            .unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{text}{errors}");
        let lines = text.lines().filter_map(|line| line.split_once('='));
        Told(
            lines
                .map(|(key, value)| (key.into(), value.into()))
                .collect(),
            text,
        )
    }

    /// How much of Landlock this kernel has; 0 if none.
    fn abi(&self) -> u32 {
        let behind = self.1.split("(ABI ").nth(1).unwrap_or("0)");
        behind.split(')').next().unwrap().parse().unwrap()
    }

    #[track_caller]
    fn is(&self, what: &str, wanted: &str) {
        let told = self.0.get(what).map(String::as_str);
        assert_eq!(told, Some(wanted), "{what}\n{}", self.1);
    }

    /// Refused (EACCES), as far as this kernel's Landlock goes.
    #[track_caller]
    fn is_refused(&self, what: &str, since: u32) {
        if self.abi() < since {
            eprintln!(
                "not tried: {what}. It takes a kernel with Landlock's ABI {since}: Linux 6.12 has all of it"
            );
        } else {
            let wanted = if since == SIGNALS { "1" } else { "13" };
            self.is(&format!("after {what}"), wanted);
        }
    }

    /// What holds for whoever gave up.
    fn is_enclosed(&self) {
        for set in ["CapInh", "CapPrm", "CapEff", "CapAmb"] {
            self.is(&format!("after {set}"), "0000000000000000");
        }
        self.is("after NoNewPrivs", "1");
        for still in [
            "passwd",
            "status",
            "named",
            "own signal",
            "names of interfaces",
            "thread",
        ] {
            self.is(&format!("after {still}"), "ok");
        }
        for what in [
            "shadow",
            "own folder",
            "new in /etc",
            "link",
            "folder",
            "another process",
        ] {
            self.is_refused(what, FILES);
        }
        self.is_refused("signal", SIGNALS);
        self.is("after Seccomp", "2");
        assert!(self.1.contains("; seccomp: no programs"), "{}", self.1);
        for what in [
            "program",
            "mode",
            "attribute",
            "link's attribute",
            "open file's attribute",
            "flag",
            "namespace",
        ] {
            self.is(&format!("after {what}"), "1");
        }
    }

    /// What holds unless names of hosts may have to be asked for.
    fn has_no_network(&self) {
        for what in ["tcp", "listen", "udp", "unix", "socket"] {
            self.is(&format!("after {what}"), "1");
        }
    }

    fn writes_new_files(&self) {
        self.is("after new", "ok");
        self.is("after new removed", "ok");
    }
}

fn itself() -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    for name in ["SUDO_UID", "SUDO_GID", "TMPDIR"] {
        command.env_remove(name);
    }
    command
}

fn root() {
    let told = Told::of(&mut itself());
    for before in [
        "passwd",
        "tcp",
        "listen",
        "program",
        "signal",
        "another process",
        "new",
        "mode",
        "udp",
        "unix",
    ] {
        told.is(&format!("before {before}"), "ok");
    }
    if can_be_anybody() {
        told.is("before shadow", "ok");
        told.is("after Groups", "");
    }
    assert_ne!(told.0["before CapEff"], "0000000000000000");
    told.is("after CapBnd", "0000000000000000");
    told.is("after Uid", "0\t0\t0\t0");
    told.is_enclosed();
    told.has_no_network();
    told.writes_new_files();
    if told.abi() > 0 {
        let refused = "refused new files below /tmp only";
        assert!(told.1.contains(refused), "{}", told.1);
        assert!(
            told.1.contains("; type /tmp/tcpviz-test.pcap"),
            "{}",
            told.1
        );
    }
}

fn sudo() {
    let told = Told::of(through_sudo(&mut itself()));
    told.is("before shadow", "ok");
    let all = format!("{CALLER}\t{CALLER}\t{CALLER}\t{CALLER}");
    told.is("after Uid", &all);
    told.is("after Gid", &all);
    told.is("after Groups", &CALLER.to_string());
    told.is("after CapBnd", "0000000000000000");
    told.is_enclosed();
    told.has_no_network();
    told.writes_new_files();
}

fn unprivileged() {
    let mut command = Command::new("setpriv");
    command
        .args([
            "--inh-caps=-all",
            "--ambient-caps=-all",
            "--bounding-set=-all",
        ])
        .arg(std::env::current_exe().unwrap());
    let told = Told::of(&mut command);
    told.is("before CapEff", "0000000000000000");
    told.is_enclosed();
    told.has_no_network();
    told.writes_new_files();
}

fn no_screen() {
    let told = Told::of(itself().env("NO_SCREEN", "1"));
    told.is_enclosed();
    told.is_refused("new", FILES);
    told.is("after named removed", "ok");
}

fn named_stays() {
    let told = Told::of(itself().env("NO_SCREEN", "1").env("NAMED_STAYS", "1"));
    told.is_enclosed();
    told.is_refused("named removed", FILES);
}

fn names() {
    let told = Told::of(itself().env("NAMES", "1"));
    told.is_enclosed();
    told.is("after udp", "ok");
    told.is_refused("tcp", TCP);
    told.is_refused("listen", TCP);
}

fn home() {
    let temporary = tempfile::tempdir_in("/tmp").unwrap();
    let attempt = |home: &Path, folder: &Path| {
        let mut command = itself();
        command.env("HOME", home).env("TMPDIR", temporary.path());
        Told::from(&mut command, folder)
    };
    let folder = tempfile::tempdir_in("/tmp").unwrap();
    let told = attempt(folder.path(), folder.path());
    told.is_enclosed();
    told.is_refused("new", FILES);
    attempt(Path::new("/nowhere"), folder.path()).writes_new_files();
}

fn others_home() {
    let folder = tempfile::tempdir_in("/tmp").unwrap();
    let temporary = tempfile::tempdir_in("/tmp").unwrap();
    let passwd = temporary.path().join("passwd");
    let anns = folder.path().display();
    fs::write(&passwd, format!("ann:x:1000:1000::{anns}:/bin/sh\n")).unwrap();
    let attempt = |tmpdir: &Path| {
        let mut command = Command::new("unshare");
        command
            .args(["--mount", "sh", "-c"])
            .arg("mount --bind \"$0\" /etc/passwd && exec \"$@\"")
            .arg(&passwd)
            .arg(std::env::current_exe().unwrap())
            .env("HOME", "/nowhere")
            .env("TMPDIR", tmpdir);
        let told = Told::from(&mut command, folder.path());
        told.is_enclosed();
        told.is_refused("new", FILES);
        told
    };
    attempt(temporary.path());
    // Instead /tmp would be taken, but the home is in it.
    let told = attempt(folder.path());
    if told.abi() > 0 {
        let refused = "refused no new files, since privileges were given up";
        assert!(told.1.contains(refused), "{}", told.1);
    }
}
