//! `tcpviz -- COMMAND`: real commands with real connections, in a network of their own. Everything is tried in both ways of knowing
//! whose a connection is: as root, where the kernel tells, and in a namespace of users, where it can't.
#![cfg_attr(not(target_os = "linux"), allow(unused))]

#[path = "common/mod.rs"]
mod common;

#[cfg(not(target_os = "linux"))]
fn main() {}

#[cfg(target_os = "linux")]
fn main() {
    linux::main();
}

#[cfg(target_os = "linux")]
mod linux {
    use std::fs;
    use std::io::{BufRead, BufReader, ErrorKind, Read, Write};
    use std::net::{SocketAddr, TcpListener, TcpStream};
    use std::os::unix::fs::PermissionsExt;
    use std::os::unix::process::{CommandExt, ExitStatusExt};
    use std::path::PathBuf;
    use std::process::{self, Command, Output, Stdio};
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, Ordering};
    use std::thread;
    use std::time::{Duration, Instant};

    use rustix::process::{Pid, Signal, kill_process, kill_process_group};

    use crate::common::harness::{
        ROOT_AND_NETWORK, anew, bring_up_loopback, run_one_by_one, trial,
    };
    use crate::common::screen::Screen;
    use crate::common::tcpviz;

    /// The way that is tried: `certain` or `seen`.
    const WAY: &str = "TCPVIZ_TEST_WAY";

    /// What a command does: its first argument.
    const CLIENT: &str = "client";
    const HOLDER: &str = "holder";
    const SERVER: &str = "server";

    /// As curl's.
    const REFUSED: i32 = 7;
    const RESET: i32 = 56;

    pub fn main() {
        let words: Vec<_> = std::env::args().skip(1).collect();
        match (words.first().map(String::as_str), words.get(1)) {
            (Some(CLIENT), Some(server)) => process::exit(client(server)),
            (Some(HOLDER), Some(server)) => hold(server),
            (Some(SERVER), None) => serve_once(),
            _ => {}
        }
        match std::env::var(WAY) {
            Ok(way) => test(&way),
            Err(_) => test_both_ways(),
        }
    }

    /// This program, which is the commands, too.
    fn itself() -> String {
        let path = std::env::current_exe().unwrap();
        path.to_str().unwrap().into()
    }

    fn test_both_ways() {
        let mut ways = vec![("seen", ROOT_AND_NETWORK)];
        if may_be_certain() {
            ways.push(("certain", &["--net"]));
        } else {
            eprintln!("not root of this machine: tried only without the kernel's word");
        }
        // For the captures that nobody gave a name.
        let folder = tempfile::tempdir().unwrap();
        let mut code = 0;
        for (way, spaces) in ways {
            let status = anew(spaces)
                .env(WAY, way)
                .env("TMPDIR", folder.path())
                .status()
                .expect("unshare (Debian: util-linux)");
            if !status.success() {
                code = status.code().unwrap_or(1);
            }
        }
        drop(folder);
        process::exit(code);
    }

    /// Root with every capability, outside of any namespace of users, where there is cgroup v2 that may be written.
    fn may_be_certain() -> bool {
        let read = |path| fs::read_to_string(path).unwrap_or_default();
        let everybody = read("/proc/self/uid_map")
            .split_whitespace()
            .eq(["0", "0", "4294967295"]);
        let has = rustix::thread::capabilities(None).unwrap().effective;
        let mounts = read("/proc/self/mountinfo");
        let mut groups = mounts.lines().filter(|line| line.contains(" - cgroup2 "));
        let is_writable = groups.any(|line| line.contains(" rw"));
        everybody && is_writable && has.contains(rustix::thread::CapabilitySet::SYS_ADMIN)
    }

    fn test(way: &str) {
        bring_up_loopback();
        let mut trials: Vec<(&str, fn())> = vec![
            ("three_endings_and_the_commands_exit_codes", endings),
            (
                "an_expected_ending_is_judged_where_the_command_did_well",
                expect,
            ),
            ("a_connection_of_an_orphan_is_the_commands", orphan),
            ("a_connection_that_is_accepted_is_the_commands", accepted),
            ("what_can_not_be_run_leaves_nothing", cannot_run),
            (
                "an_interrupt_is_the_commands_and_what_was_captured_is_shown",
                interrupted,
            ),
            ("a_request_to_end_is_passed_on", terminated),
            (
                "a_command_that_leaves_its_group_is_waited_for",
                leaves_its_group,
            ),
            ("killed_it_leaves_what_was_captured", killed),
            (
                "what_was_captured_stays_if_who_ran_the_command_is_killed",
                alone,
            ),
            (
                "on_a_full_disk_what_there_is_is_shown_and_why_no_more",
                full,
            ),
            (
                "a_signal_after_the_commands_end_cuts_the_wait_short",
                hurried,
            ),
            ("the_commands_input_and_output_are_its_own", its_own_streams),
            (
                "a_file_that_becomes_too_large_ends_the_command_as_it_would_by_itself",
                too_large,
            ),
            ("the_file_holds_what_was_the_commands", file),
            ("no_connection_is_said_and_not_the_expected_ending", nothing),
            ("the_screen_opens_once_the_command_has_ended", screen),
        ];
        if way == "certain" {
            trials.extend([
                ("connections_of_others_are_left_out", others as fn()),
                ("through_sudo_the_command_is_the_callers", sudo),
                ("no_control_group_is_left", no_group_is_left),
            ]);
        }
        let trials = trials.into_iter();
        let trials = trials.map(|(name, test)| trial(format!("{way}::{name}"), test));
        // In the other way what others do at the same time may be shown.
        run_one_by_one(trials.collect()).exit();
    }

    /// Asks a server, and reads what it answers.
    fn client(server: &str) -> i32 {
        let told = TcpStream::connect(server).and_then(|mut stream| {
            stream.write_all(b"GET / HTTP/1.0\r\n\r\n")?;
            stream.read_to_string(&mut String::new())
        });
        match told.map_err(|why| why.kind()) {
            Ok(_) => 0,
            Err(ErrorKind::ConnectionRefused) => REFUSED,
            Err(ErrorKind::ConnectionReset) => RESET,
            Err(_) => 1,
        }
    }

    /// Asks, says so, and waits for ever.
    fn hold(server: &str) {
        let code = client(server);
        println!("asked {code}");
        loop {
            thread::park();
        }
    }

    /// Says where, and takes one connection.
    fn serve_once() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        println!("{}", listener.local_addr().unwrap());
        let (mut stream, _) = listener.accept().unwrap();
        stream.write_all(b"hello").unwrap();
        drop(stream);
        process::exit(0);
    }

    /// How a server closes.
    #[derive(Clone, Copy, PartialEq)]
    enum Close {
        Orderly,
        /// With data unread: that is a reset.
        Unread,
    }

    fn server(close: Close) -> SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = stream.unwrap();
                let mut octets = [0; 64];
                if close == Close::Orderly {
                    let _ = stream.read(&mut octets);
                    let _ = stream.write_all(b"HTTP/1.0 200 OK\r\n\r\n");
                } else {
                    let _ = stream.peek(&mut octets);
                }
            }
        });
        address
    }

    /// Where nobody listens.
    fn nobody() -> SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        listener.local_addr().unwrap()
    }

    /// tcpviz with a command.
    fn watching(options: &[&str], command: &[&str]) -> Command {
        let mut watching = tcpviz();
        watching.args(options).arg("--").args(command);
        watching
    }

    fn run(options: &[&str], command: &[&str]) -> Output {
        watching(options, command).output().unwrap()
    }

    fn text(octets: &[u8]) -> String {
        String::from_utf8(octets.to_vec()).unwrap()
    }

    /// The lines of the table that `-F connections` writes, of connections to a server.
    fn lines_to(table: &str, server: SocketAddr) -> Vec<String> {
        let address = format!(" {server} ");
        let lines = table.lines().filter(|line| line.contains(&address));
        lines.map(String::from).collect()
    }

    const TABLE: &[&str] = &["-F", "connections"];

    fn endings() {
        for (server, ending, code) in [
            (server(Close::Orderly), "orderly, server first", 0),
            (
                server(Close::Unread),
                "reset by server: unread-data, likely",
                RESET,
            ),
            (nobody(), "refused", REFUSED),
        ] {
            let output = run(TABLE, &[&itself(), CLIENT, &server.to_string()]);
            assert_eq!(output.status.code(), Some(code), "{output:?}");
            let lines = lines_to(&text(&output.stdout), server);
            assert_eq!(lines.len(), 1, "{output:?}");
            assert!(lines[0].ends_with(ending), "{lines:?}");
        }
    }

    fn expect() {
        let reset = server(Close::Unread).to_string();
        let forgiving = format!("{} {CLIENT} {reset}; true", itself());
        let told =
            |expected, command: &[&str]| run(&["-F", "connections", "--expect", expected], command);
        let output = told("orderly", &["sh", "-c", &forgiving]);
        let errors = text(&output.stderr);
        assert_eq!(output.status.code(), Some(3), "{errors}");
        assert!(
            errors.contains("\ntcpviz: expected orderly, but 1 of 1"),
            "{errors}"
        );
        let output = told("reset:unread-data", &["sh", "-c", &forgiving]);
        assert_eq!(output.status.code(), Some(0), "{output:?}");
        // The command's own failure counts more, and the reasons are told all the same.
        let output = told("orderly", &[&itself(), CLIENT, &reset]);
        assert_eq!(output.status.code(), Some(RESET));
        assert!(text(&output.stderr).contains("expected orderly"));
    }

    fn orphan() {
        let server = server(Close::Orderly);
        let folder = tempfile::tempdir().unwrap();
        let fifo = folder.path().join("fifo");
        // The shell between goes first; who reads the pipe waits for who has it.
        let script = format!(
            "mkfifo {0}; (setsid {1} {CLIENT} {server} > {0} &); cat {0}",
            fifo.display(),
            itself()
        );
        let output = run(TABLE, &["sh", "-c", &script]);
        assert!(output.status.success(), "{output:?}");
        assert_eq!(
            lines_to(&text(&output.stdout), server).len(),
            1,
            "{output:?}"
        );
    }

    fn accepted() {
        let mut child = watching(TABLE, &[&itself(), SERVER])
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut output = BufReader::new(child.stdout.take().unwrap());
        let mut address = String::new();
        output.read_line(&mut address).unwrap();
        let address: SocketAddr = address.trim().parse().unwrap();
        let mut stream = TcpStream::connect(address).unwrap();
        stream.read_to_string(&mut String::new()).unwrap();
        drop(stream);
        let mut table = String::new();
        output.read_to_string(&mut table).unwrap();
        assert!(child.wait().unwrap().success());
        let lines = lines_to(&table, address);
        assert!(
            lines.len() == 1 && lines[0].ends_with("orderly, server first"),
            "{table}"
        );
    }

    fn cannot_run() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("all.pcap");
        let text_path = folder.path().join("all.txt");
        let plain = folder.path().join("plain");
        fs::write(&plain, "").unwrap();
        for (name, code, said) in [
            (
                "no-such\x1b-command",
                127,
                r"tcpviz: no-such\u{1b}-command can't be run: there is no such command",
            ),
            (
                plain.to_str().unwrap(),
                126,
                "can't be run: Permission denied",
            ),
        ] {
            let files = [
                "-w",
                path.to_str().unwrap(),
                "-o",
                text_path.to_str().unwrap(),
            ];
            let output = run(&files, &[name]);
            let errors = text(&output.stderr);
            assert_eq!(output.status.code(), Some(code), "{errors}");
            assert!(
                errors.contains(said) && errors.lines().count() == 1,
                "{errors}"
            );
            assert!(output.stdout.is_empty() && !path.exists() && !text_path.exists());
        }
        // What was there is only replaced by what there is instead.
        fs::write(&path, "kept").unwrap();
        let output = run(
            &["--force", "-w", path.to_str().unwrap()],
            &["no-such-command"],
        );
        assert_eq!(output.status.code(), Some(127), "{output:?}");
        assert_eq!(fs::read_to_string(&path).unwrap(), "kept");
    }

    /// A command that waits for ever, once it has asked: what a signal makes of it.
    fn signalled(signal: impl FnOnce(Pid)) -> (Output, SocketAddr) {
        let server = server(Close::Orderly);
        let mut child = watching(TABLE, &[&itself(), HOLDER, &server.to_string()])
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0)
            .spawn()
            .unwrap();
        let mut output = BufReader::new(child.stdout.take().unwrap());
        let mut asked = String::new();
        output.read_line(&mut asked).unwrap();
        assert_eq!(asked, "asked 0\n");
        signal(Pid::from_child(&child));
        let mut stdout = Vec::new();
        output.read_to_end(&mut stdout).unwrap();
        let ended = child.wait_with_output().unwrap();
        (Output { stdout, ..ended }, server)
    }

    fn interrupted() {
        let (output, server) = signalled(|pid| kill_process_group(pid, Signal::INT).unwrap());
        assert_eq!(output.status.code(), Some(130), "{output:?}");
        assert_eq!(lines_to(&text(&output.stdout), server).len(), 1);
    }

    fn terminated() {
        let (output, server) = signalled(|pid| kill_process(pid, Signal::TERM).unwrap());
        assert_eq!(output.status.code(), Some(143), "{output:?}");
        assert_eq!(lines_to(&text(&output.stdout), server).len(), 1);
    }

    fn leaves_its_group() {
        for (command, code) in [
            (&["timeout", "60", "true"][..], 0),
            (&["setsid", "-w", "false"], 1),
        ] {
            let output = run(TABLE, command);
            assert_eq!(output.status.code(), Some(code), "{command:?}: {output:?}");
        }
    }

    fn killed() {
        let (server, folder) = (server(Close::Orderly), tempfile::tempdir().unwrap());
        let mut child = watching(TABLE, &[&itself(), HOLDER, &server.to_string()])
            .env("TMPDIR", folder.path())
            .stdout(Stdio::null())
            .process_group(0)
            .spawn()
            .unwrap();
        // The server's FIN is on its way once the file holds as much as a handshake, a request and an answer take.
        let captured = || {
            let files = fs::read_dir(folder.path()).unwrap().flatten();
            files
                .map(|file| (file.metadata().unwrap().len(), file.path()))
                .max()
        };
        let begun = Instant::now();
        while captured().is_none_or(|(size, _)| size < 600) {
            assert!(
                begun.elapsed() < Duration::from_secs(20),
                "{:?}",
                captured()
            );
            std::thread::yield_now();
        }
        let pid = Pid::from_child(&child);
        let [_, command] = warden_and_command(pid);
        kill_process(pid, Signal::KILL).unwrap();
        child.wait().unwrap();
        // Who waits for it removes the control group.
        kill_process(command, Signal::KILL).unwrap();
        let (_, path) = captured().unwrap();
        let output = Command::new(env!("CARGO_BIN_EXE_tcpviz"))
            .args(["-F", "connections"])
            .arg(path)
            .output()
            .unwrap();
        assert_eq!(
            lines_to(&text(&output.stdout), server).len(),
            1,
            "{output:?}"
        );
    }

    /// tcpviz's child, and that one's.
    fn warden_and_command(of: Pid) -> [Pid; 2] {
        let child = |of: Pid| {
            let of = of.as_raw_nonzero();
            let children = fs::read_to_string(format!("/proc/{of}/task/{of}/children")).unwrap();
            Pid::from_raw(children.trim().parse().unwrap()).unwrap()
        };
        let warden = child(of);
        [warden, child(warden)]
    }

    /// The connections to a server in a file that tcpviz has named.
    fn saved(errors: &str, server: SocketAddr) -> Vec<String> {
        let (_, path) = errors.rsplit_once("to see them again: tcpviz ").unwrap();
        let path = path.lines().next().unwrap();
        let table = tcpviz().args(TABLE).arg(path).output().unwrap();
        lines_to(&text(&table.stdout), server)
    }

    fn alone() {
        let (output, server) = signalled(|pid| {
            for process in warden_and_command(pid) {
                kill_process(process, Signal::KILL).unwrap();
            }
        });
        let errors = text(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{errors}");
        assert!(
            errors.contains("the process that ran the command is gone"),
            "{errors}"
        );
        assert_eq!(saved(&errors, server).len(), 1, "{errors}");
    }

    fn full() {
        let server = server(Close::Orderly);
        let folder = tempfile::tempdir().unwrap();
        let small = folder.path().join("small");
        fs::create_dir(&small).unwrap();
        let script = "mount -t tmpfs -o size=64k none $TMPDIR && exec \"$@\"";
        let asks = format!(
            "for n in $(seq 120); do {} {CLIENT} {server}; done",
            itself()
        );
        let kept = folder.path().join("kept.pcap");
        for options in [&[][..], &["-w", kept.to_str().unwrap()]] {
            let output = Command::new("unshare")
                .args(["--mount", "sh", "-c", script, "sh"])
                .arg(env!("CARGO_BIN_EXE_tcpviz"))
                .args(TABLE)
                .args(options)
                .args(["--", "sh", "-c", &asks])
                .env("TMPDIR", &small)
                .output()
                .unwrap();
            let errors = text(&output.stderr);
            assert_eq!(output.status.code(), Some(1), "{errors}");
            assert!(errors.contains("No space left on device"), "{errors}");
            let shown = lines_to(&text(&output.stdout), server).len();
            assert!((10..120).contains(&shown), "{output:?}");
            if !options.is_empty() {
                assert_eq!(saved(&errors, server).len(), shown);
            }
        }
    }

    /// Both ends stay open behind the command, so that tcpviz waits for them.
    fn hurried() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let server = listener.local_addr().unwrap();
        let script = format!("{} {HOLDER} {server} & echo $!; read line", itself());
        let mut child = watching(TABLE, &["sh", "-c", &script])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut output = BufReader::new(child.stdout.take().unwrap());
        let mut holder = String::new();
        output.read_line(&mut holder).unwrap();
        let holder = Pid::from_raw(holder.trim().parse().unwrap()).unwrap();
        let _open = listener.accept().unwrap();
        let pid = Pid::from_child(&child);
        let [_, command] = warden_and_command(pid);
        drop(child.stdin.take());
        // Once it is gone, and not only ended, the warden knows of it.
        let path = format!("/proc/{}", command.as_raw_nonzero());
        while fs::exists(&path).unwrap() {
            thread::yield_now();
        }
        kill_process(pid, Signal::INT).unwrap();
        // It has the same standard output.
        let ended = child.wait().unwrap();
        kill_process(holder, Signal::KILL).unwrap();
        let mut table = String::new();
        output.read_to_string(&mut table).unwrap();
        assert_eq!(ended.code(), Some(1), "{table}");
        assert_eq!(lines_to(&table, server).len(), 1, "{table}");
    }

    /// tcpviz outlives that signal: what it starts has it as ever.
    fn too_large() {
        let script = "ulimit -f 0; echo much > \"$TMPDIR/file\"; echo went on";
        // It may be ignored here, too: Python's children ignore it.
        let folder = tempfile::tempdir().unwrap();
        let by_itself = Command::new("sh")
            .args(["-c", script])
            .env("TMPDIR", folder.path())
            .output()
            .unwrap();
        let code = by_itself.status.signal().map(|signal| 128 + signal);
        let output = run(&["-F", "connections"], &["sh", "-c", script]);
        assert_eq!(output.status.code(), code.or(by_itself.status.code()));
    }

    fn its_own_streams() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("table");
        let mut child = watching(
            &["-F", "connections", "-o", path.to_str().unwrap()],
            &[
                "sh",
                "-c",
                "read line; echo got $line; echo wrong >&2; ls -l /proc/self/fd",
            ],
        )
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
        child.stdin.take().unwrap().write_all(b"this\n").unwrap();
        let output = child.wait_with_output().unwrap();
        let (stdout, stderr) = (text(&output.stdout), text(&output.stderr));
        assert!(stdout.starts_with("got this\n"), "{stdout}");
        assert!(stderr.starts_with("wrong\n"), "{stderr}");
        // Neither the capture nor the talk with tcpviz is left open to it.
        assert!(
            !stdout.contains("socket:") && !stdout.contains("bpf"),
            "{stdout}"
        );
    }

    fn file() {
        let server = server(Close::Orderly);
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("all.pcap");
        let path = path.to_str().unwrap();
        let output = run(&["-w", path], &[&itself(), CLIENT, &server.to_string()]);
        let errors = text(&output.stderr);
        assert!(
            errors.ends_with(&format!(
                " segments saved in {path}; to see them again: tcpviz {path}\n"
            )),
            "{errors}"
        );
        assert_eq!(text(&output.stdout), crate::common::printed(&[path]));
        let again = run(&["-w", path], &["true"]);
        assert_eq!(again.status.code(), Some(1));
        assert!(text(&again.stderr).contains("exists; --force replaces it"));
    }

    fn nothing() {
        let output = run(&["-F", "connections", "--expect", "orderly"], &["true"]);
        let errors = text(&output.stderr);
        assert_eq!(output.status.code(), Some(3), "{errors}");
        assert!(
            errors.starts_with("tcpviz: the command made no TCP connection that was seen on lo"),
            "{errors}"
        );
        assert!(errors.contains("but there was no connection"), "{errors}");
    }

    fn screen() {
        let server = server(Close::Orderly);
        let script = format!("echo before; {} {CLIENT} {server}; exit 5", itself());
        let mut screen = Screen::start(&["--", "sh", "-c", &script], 110, 30);
        let shown = screen.wait_for("Orderly");
        assert!(shown.contains("sh -c") && screen.is_alternate(), "{shown}");
        screen.press("q");
        assert_eq!(screen.wait_for_end(), 5);
    }

    /// Connections to a server without an end, until this is dropped.
    struct Noise(Arc<AtomicBool>, Option<thread::JoinHandle<()>>);

    impl Noise {
        fn to(server: SocketAddr) -> Noise {
            let goes_on = Arc::new(AtomicBool::new(true));
            let known = goes_on.clone();
            let (begun, begins) = std::sync::mpsc::channel();
            let thread = thread::spawn(move || {
                while known.load(Ordering::Relaxed) {
                    client(&server.to_string());
                    let _ = begun.send(());
                }
            });
            begins.recv().unwrap();
            Noise(goes_on, Some(thread))
        }
    }

    impl Drop for Noise {
        fn drop(&mut self) {
            self.0.store(false, Ordering::Relaxed);
            let _ = self.1.take().unwrap().join();
        }
    }

    fn others() {
        let server = server(Close::Orderly);
        let _noise = Noise::to(server);
        for _ in 0..5 {
            let output = run(TABLE, &[&itself(), CLIENT, &server.to_string()]);
            assert_eq!(
                lines_to(&text(&output.stdout), server).len(),
                1,
                "{output:?}"
            );
        }
    }

    fn sudo() {
        let script = "/usr/bin/id -u; /usr/bin/id -g; echo $HOME $USER $SUDO_UID; grep -E 'CapPrm|NoNewPrivs' /proc/self/status";
        // Programs of the caller's, of which root may run none; a folder that the caller can't search.
        let folder = tempfile::tempdir().unwrap();
        let ran = folder.path().join("ran");
        for name in ["id", "getent"] {
            let path = folder.path().join(name);
            fs::write(&path, format!("#!/bin/sh\ntouch {}\n", ran.display())).unwrap();
            fs::set_permissions(&path, PermissionsExt::from_mode(0o755)).unwrap();
        }
        let closed = folder.path().join("closed");
        fs::create_dir(&closed).unwrap();
        for (path, mode) in [(folder.path(), 0o777), (&closed, 0o700)] {
            fs::set_permissions(path, PermissionsExt::from_mode(mode)).unwrap();
        }
        let path = format!(
            "{}:{}:{}",
            folder.path().display(),
            closed.display(),
            std::env::var("PATH").unwrap()
        );
        let by_nobody = |command: &[&str]| {
            watching(TABLE, command)
                .env("SUDO_UID", "65534")
                .env("SUDO_GID", "65534")
                .env("SUDO_USER", "nobody")
                .env("PATH", &path)
                .output()
                .unwrap()
        };
        let missing = by_nobody(&["no-such-command"]);
        assert_eq!(missing.status.code(), Some(127), "{missing:?}");
        let output = by_nobody(&["sh", "-c", script]);
        assert!(!ran.exists());
        let said = text(&output.stdout);
        let lines: Vec<_> = said.lines().collect();
        assert_eq!(
            lines[..3],
            ["65534", "65534", "/nonexistent nobody"],
            "{output:?}"
        );
        assert!(said.contains("CapPrm:\t0000000000000000\n") && said.contains("NoNewPrivs:\t0\n"));
    }

    /// Also where something goes on behind the command.
    fn no_group_is_left() {
        let output = run(
            TABLE,
            &[
                "sh",
                "-c",
                "cat /proc/self/cgroup; sleep 60 >/dev/null 2>&1 & echo $!",
            ],
        );
        let said = text(&output.stdout);
        let group = said
            .lines()
            .find_map(|line| line.strip_prefix("0::"))
            .unwrap();
        let left = said
            .lines()
            .skip_while(|line| !line.starts_with("0::"))
            .nth(1);
        let left = Pid::from_raw(left.unwrap().parse().unwrap()).unwrap();
        let now = fs::read_to_string(format!("/proc/{}/cgroup", left.as_raw_nonzero())).unwrap();
        kill_process(left, Signal::KILL).unwrap();
        assert!(group.contains("/tcpviz-"), "{group}");
        let name = group.rsplit('/').next().unwrap();
        let mut left = vec![PathBuf::from("/sys/fs/cgroup")];
        while let Some(folder) = left.pop() {
            assert!(!folder.ends_with(name), "{}", folder.display());
            let folders = fs::read_dir(folder).into_iter().flatten().flatten();
            left.extend(folders.map(|it| it.path()).filter(|path| path.is_dir()));
        }
        assert!(!now.contains("/tcpviz-"), "{now}");
    }
}
