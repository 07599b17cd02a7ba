//! Who holds a socket: real sockets, held by real processes, asked for as a live capture does, by a process that has given up root and
//! every capability. Where the tests don't run as root they make themselves root of a namespace of users; where that
//! can't be had they fail.
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
    use std::io::{self, BufRead, BufReader, Read};
    use std::net::{SocketAddr, TcpListener, TcpStream};
    use std::os::fd::OwnedFd;
    use std::os::unix::process::CommandExt;
    use std::process::{Child, Command, Stdio};
    use std::sync::mpsc::{Receiver, channel};
    use std::thread;
    use std::time::{Duration, Instant};

    use libtest_mimic::Arguments;
    use rustix::thread::CapabilitySet;
    use tcpviz::owners::{Helper, Owners, answer_if_asked};
    use tcpviz::privilege::{self, Needs};

    use crate::common::PATIENCE;
    use crate::common::harness::{anew, can_be_anybody, trial};

    const ITSELF: &str = "/proc/self/exe";

    /// The first argument of a process that asks.
    const ASKER: &str = "asker";

    /// Somebody who is neither root nor whoever runs the tests.
    const NOBODY: u32 = 65534;
    const CALLER: u32 = 12345;

    /// CAP_DAC_READ_SEARCH (2) and CAP_SYS_PTRACE (19), as /proc/PID/status writes them.
    const TWO: &str = "0000000000080004";
    const NONE: &str = "0000000000000000";

    pub fn main() {
        answer_if_asked();
        if std::env::args().nth(1).as_deref() == Some(ASKER) {
            return ask();
        }
        become_root();
        let trials = [
            ("root_names_a_process_with_every_capability", root as fn()),
            ("without_the_helper_the_user_is_told", without_helper),
            (
                "without_privileges_a_process_of_the_same_user_is_named",
                unprivileged,
            ),
            ("through_sudo_another_users_process_is_named", sudo),
            ("of_several_processes_the_first_is_named", forked),
            ("a_program_that_becomes_another_is_named_anew", execs),
            ("a_hostile_name_is_made_visible", hostile),
            ("ipv6_and_ipv4_mapped_into_it", ipv6),
            ("a_leaked_close_wait_is_named", close_wait),
            ("the_helper_ends_with_its_questions", questions_end),
            ("the_helper_goes_with_the_owners", owners_end),
            ("the_helper_goes_with_whoever_started_it", asker_is_killed),
            ("the_helper_answers_no_person_and_no_nonsense", nonsense),
        ];
        let trials = trials.map(|(name, test)| trial(name, test));
        libtest_mimic::run(&Arguments::from_args(), trials.into()).exit();
    }

    fn has_capabilities() -> bool {
        let has = rustix::thread::capabilities(None).unwrap().effective;
        has.contains(CapabilitySet::SYS_PTRACE | CapabilitySet::DAC_READ_SEARCH)
    }

    fn become_root() {
        if !has_capabilities() {
            const ONCE: &str = "TCPVIZ_TEST_IS_ROOT";
            assert!(
                std::env::var_os(ONCE).is_none(),
                "unshare gives no capabilities"
            );
            let failed = anew(&["--user", "--map-root-user"]).env(ONCE, "1").exec();
            panic!("unshare (Debian: util-linux): {failed}");
        }
    }

    /// What a live capture does: the helper, nothing else of root, then questions. Ends with its standard input.
    fn ask() {
        let helper = if std::env::var_os("NO_HELPER").is_none() {
            Helper::start()
        } else {
            None
        };
        println!("helper {}", helper.as_ref().map_or(0, Helper::pid));
        privilege::give_up(&Needs::default()).unwrap();
        let tell = |changed: Vec<tcpviz::story::Owned>| {
            for owned in changed {
                println!("{} {}", owned.local, owned.owner);
            }
            true
        };
        let owners = Owners::start(helper, Box::new(tell)).unwrap();
        let addresses = std::env::args().skip(2).map(|text| text.parse().unwrap());
        let addresses: Vec<SocketAddr> = addresses.collect();
        owners.ask(vec![(addresses[0], addresses[1])]);
        if let Some(line) = io::stdin().lines().next() {
            assert_eq!(line.unwrap(), "enough");
        }
        drop(owners);
        // Until it is closed.
        io::stdin().read_to_end(&mut Vec::new()).unwrap();
    }

    /// A process that asks, and what it is told.
    struct Asker {
        process: Child,
        helper: u32,
        lines: Receiver<String>,
        server: SocketAddr,
    }

    impl Asker {
        fn start(connection: &Connection) -> Asker {
            Asker::start_by(connection, &mut Command::new(ITSELF))
        }

        fn start_by(connection: &Connection, command: &mut Command) -> Asker {
            let mut process = command
                .args([ASKER, &connection.server.to_string()])
                .arg(connection.client.to_string())
                .stdin(Stdio::piped())
                .stdout(Stdio::piped())
                .spawn()
                .unwrap();
            let out = BufReader::new(process.stdout.take().unwrap());
            let (sender, lines) = channel();
            thread::spawn(move || out.lines().try_for_each(|line| sender.send(line.unwrap())));
            let helper: String = lines.recv_timeout(PATIENCE).expect("it starts");
            Asker {
                process,
                helper: helper.strip_prefix("helper ").unwrap().parse().unwrap(),
                lines,
                server: connection.server,
            }
        }

        /// Waits until the server's end is told to be this one's.
        fn wait_for(&self, owner: &str) {
            let wanted = format!("{} {owner}", self.server);
            let mut told = Vec::new();
            loop {
                let Ok(line) = self.lines.recv_timeout(PATIENCE) else {
                    panic!("never: {wanted}; only {told:?}");
                };
                if without_descriptor(&line) == wanted {
                    return;
                }
                told.push(line);
            }
        }

        /// The first that is told of the server's end.
        fn first(&self) -> String {
            let prefix = format!("{} ", self.server);
            loop {
                let line = self
                    .lines
                    .recv_timeout(PATIENCE)
                    .expect("something is told");
                if let Some(owner) = line.strip_prefix(&prefix) {
                    return without_descriptor(owner);
                }
            }
        }
    }

    /// `sleep 7834 +1` of `sleep 7834 fd 2 +1`: each process has the socket where it likes.
    fn without_descriptor(owner: &str) -> String {
        let Some((before, behind)) = owner.split_once(" fd ") else {
            return owner.into();
        };
        let behind = behind.trim_start_matches(|c: char| c.is_ascii_digit());
        format!("{before}{behind}")
    }

    impl Drop for Asker {
        fn drop(&mut self) {
            let _ = self.process.kill();
            let _ = self.process.wait();
        }
    }

    /// A connection over the loopback interface; the server's end is to be given to another process.
    struct Connection {
        server: SocketAddr,
        client: SocketAddr,
        held: Option<OwnedFd>,
        stream: Option<TcpStream>,
    }

    impl Connection {
        fn new(listens: &str, connects: &str) -> Connection {
            let listener = TcpListener::bind((listens, 0)).unwrap();
            let server = SocketAddr::new(
                connects.parse().unwrap(),
                listener.local_addr().unwrap().port(),
            );
            let stream = TcpStream::connect(server).unwrap();
            Connection {
                server,
                client: stream.local_addr().unwrap(),
                held: Some(listener.accept().unwrap().0.into()),
                stream: Some(stream),
            }
        }

        fn ipv4() -> Connection {
            Connection::new("127.0.0.1", "127.0.0.1")
        }

        /// Starts a process that holds the server's end alone, as its standard error: sh doesn't close that behind `&`.
        fn hold(&mut self, command: &mut Command) -> Holder {
            let command = command.stdin(Stdio::null()).stdout(Stdio::piped());
            let held = self.held.take().unwrap();
            let process = command.stderr(held).spawn().unwrap();
            // Otherwise this process holds it too.
            command.stderr(Stdio::null());
            Holder(process)
        }

        fn sleep(&mut self) -> Holder {
            self.hold(Command::new("sleep").arg("1000"))
        }
    }

    struct Holder(Child);

    impl Holder {
        fn named(&self, program: &str) -> String {
            format!("{program} {}", self.0.id())
        }

        fn line(&mut self) -> String {
            let mut line = String::new();
            let out = self.0.stdout.as_mut().unwrap();
            BufReader::new(out).read_line(&mut line).unwrap();
            line.trim().into()
        }
    }

    impl Drop for Holder {
        fn drop(&mut self) {
            let _ = self.0.kill();
            let _ = self.0.wait();
        }
    }

    /// The command, as a process with no capability and no way to one.
    fn without_capabilities(program: &str) -> Command {
        let mut command = Command::new("setpriv");
        command
            .args(["--inh-caps=-all", "--ambient-caps=-all"])
            .args(["--bounding-set=-all", program]);
        command
    }

    fn status(pid: u32, key: &str) -> String {
        let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
        let mut lines = status.lines().filter_map(|line| line.split_once(':'));
        let found = lines.find(|(name, _)| *name == key);
        found.map_or(String::new(), |(_, value)| value.trim().into())
    }

    /// The helper has what it needs, and nothing that leads further; whoever asks has nothing at all.
    fn is_confined(asker: &Asker, user: u32) {
        let helper = asker.helper;
        let all = format!("{user}\t{user}\t{user}\t{user}");
        assert_eq!(status(helper, "Uid"), all);
        assert_eq!(status(helper, "Gid"), all);
        assert_eq!(status(helper, "CapEff"), TWO);
        assert_eq!(status(helper, "CapPrm"), TWO);
        assert_eq!(status(helper, "CapInh"), NONE);
        assert_eq!(status(helper, "CapAmb"), NONE);
        assert_eq!(status(helper, "CapBnd"), NONE);
        assert_eq!(status(helper, "NoNewPrivs"), "1");
        assert_eq!(status(helper, "Threads"), "1");
        assert_eq!(status(helper, "Name"), "tcpviz-owners");
        let limits = fs::read_to_string(format!("/proc/{helper}/limits")).unwrap();
        for (name, most) in [
            ("core file size", "0"),
            ("file size", "0"),
            ("processes", "0"),
            ("open files", "16"),
        ] {
            let line = limits
                .lines()
                .find(|line| line.starts_with(&format!("Max {name} ")));
            let words: Vec<_> = line.unwrap().split_whitespace().rev().collect();
            assert!(
                words.contains(&most) && !words.contains(&"unlimited"),
                "{words:?}"
            );
        }
        let descriptors = fs::read_dir(format!("/proc/{helper}/fd")).unwrap();
        let targets: Vec<_> = descriptors
            .map(|entry| fs::read_link(entry.unwrap().path()).unwrap_or_default())
            .collect();
        let is_network = |target: &std::path::PathBuf| target.to_string_lossy().contains("socket:");
        assert!(!targets.iter().any(is_network), "{targets:?}");
        let itself = asker.process.id();
        assert_eq!(status(itself, "CapPrm"), NONE);
        assert_eq!(status(itself, "Uid"), all);
    }

    fn root() {
        let mut connection = Connection::ipv4();
        let holder = connection.sleep();
        let asker = Asker::start(&connection);
        asker.wait_for(&holder.named("sleep"));
        is_confined(&asker, 0);
    }

    fn without_helper() {
        let mut connection = Connection::ipv4();
        let holder = connection.sleep();
        let asker = Asker::start_by(&connection, Command::new(ITSELF).env("NO_HELPER", "1"));
        // Root's own process, but one with capabilities: the kernel lets nobody without them look into it.
        assert_eq!(asker.first(), "user root");
        drop(holder);
    }

    fn unprivileged() {
        let mut connection = Connection::ipv4();
        let holder = connection.hold(without_capabilities("sleep").arg("1000"));
        let itself = std::env::current_exe().unwrap();
        let mut command = without_capabilities(itself.to_str().unwrap());
        let asker = Asker::start_by(&connection, &mut command);
        asker.wait_for(&holder.named("sleep"));
        // There is nothing that the helper could keep.
        assert_eq!(status(asker.helper, "CapPrm"), NONE);
    }

    fn sudo() {
        if !can_be_anybody() {
            eprintln!(
                "not tried: another user's process. Only root can be another user; as root: cargo test --test owners"
            );
            return;
        }
        let mut connection = Connection::ipv4();
        let mut sleep = Command::new("sleep");
        let holder = connection.hold(sleep.arg("1000").uid(NOBODY).gid(NOBODY));
        let through_sudo = || {
            let mut command = Command::new(ITSELF);
            command.env("SUDO_UID", CALLER.to_string());
            command.env("SUDO_GID", CALLER.to_string());
            command
        };
        let asker = Asker::start_by(&connection, &mut through_sudo());
        asker.wait_for(&holder.named("sleep"));
        is_confined(&asker, CALLER);
        // Without the helper another user's process isn't seen; the socket was made by the tests.
        let asker = Asker::start_by(&connection, through_sudo().env("NO_HELPER", "1"));
        assert_eq!(asker.first(), "user root");
    }

    fn forked() {
        let mut connection = Connection::ipv4();
        let script = "sleep 1000 </dev/null >/dev/null & echo $!; exec sleep 1001";
        let mut holder = connection.hold(Command::new("sh").args(["-c", script]));
        let second: u32 = holder.line().parse().unwrap();
        let asker = Asker::start(&connection);
        let first = holder.0.id().min(second);
        asker.wait_for(&format!("sleep {first} +1"));
        // The first goes: the other is left.
        let gone = rustix::process::Pid::from_raw(first.cast_signed()).unwrap();
        rustix::process::kill_process(gone, rustix::process::Signal::KILL).unwrap();
        holder.0.try_wait().unwrap();
        let left = holder.0.id().max(second);
        let reaped = thread::spawn(move || drop(holder.0.wait().map(|_| holder)));
        asker.wait_for(&format!("sleep {left}"));
        let left = rustix::process::Pid::from_raw(left.cast_signed()).unwrap();
        rustix::process::kill_process(left, rustix::process::Signal::KILL).unwrap();
        reaped.join().unwrap();
    }

    fn execs() {
        let mut connection = Connection::ipv4();
        let mut command = Command::new("sh");
        let script = "read line <&2; exec sleep 1000";
        let holder = connection.hold(command.args(["-c", script]));
        let asker = Asker::start(&connection);
        asker.wait_for(&holder.named("sh"));
        let stream = connection.stream.as_mut().unwrap();
        io::Write::write_all(stream, b"go on\n").unwrap();
        asker.wait_for(&holder.named("sleep"));
    }

    fn hostile() {
        let folder = tempfile::tempdir().unwrap();
        let name = folder.path().join("\u{1b}[2J\u{202e}x\ny");
        let sleep = fs::canonicalize("/bin/sleep").unwrap();
        std::os::unix::fs::symlink(sleep, &name).unwrap();
        let mut connection = Connection::ipv4();
        let holder = connection.hold(Command::new(name).arg("1000"));
        let asker = Asker::start(&connection);
        asker.wait_for(&holder.named("\\u{1b}[2J\\u{202e}x\\u{a}y"));
    }

    fn ipv6() {
        for (listens, connects) in [("::1", "::1"), ("::", "127.0.0.1")] {
            let mut connection = Connection::new(listens, connects);
            let holder = connection.sleep();
            let asker = Asker::start(&connection);
            asker.wait_for(&holder.named("sleep"));
        }
    }

    /// The client has closed, and its end belongs to nobody any more; the server's program still has its own.
    fn close_wait() {
        let mut connection = Connection::ipv4();
        let holder = connection.sleep();
        drop(connection.stream.take());
        let asker = Asker::start(&connection);
        assert_eq!(asker.first(), holder.named("sleep"));
    }

    fn is_gone(pid: u32) -> bool {
        ["", "Z (zombie)", "X (dead)"].contains(&status(pid, "State").as_str())
    }

    fn wait_until_gone(pid: u32) {
        let deadline = Instant::now() + PATIENCE;
        while !is_gone(pid) {
            assert!(Instant::now() < deadline, "the helper is still there");
            thread::sleep(Duration::from_millis(10));
        }
    }

    fn questions_end() {
        let mut helper = Command::new(ITSELF)
            .arg("owner-helper")
            .stdin(Stdio::piped())
            .spawn()
            .unwrap();
        drop(helper.stdin.take());
        assert_eq!(helper.wait().unwrap().code(), Some(0));
    }

    fn owners_end() {
        let mut connection = Connection::ipv4();
        let holder = connection.sleep();
        let mut asker = Asker::start(&connection);
        asker.wait_for(&holder.named("sleep"));
        assert!(!is_gone(asker.helper));
        let told = asker.process.stdin.as_mut().unwrap();
        io::Write::write_all(told, b"enough\n").unwrap();
        wait_until_gone(asker.helper);
        assert_eq!(
            asker.process.try_wait().unwrap(),
            None,
            "only the helper ends"
        );
    }

    fn asker_is_killed() {
        let mut asker = Asker::start(&Connection::ipv4());
        assert!(!is_gone(asker.helper));
        asker.process.kill().unwrap();
        wait_until_gone(asker.helper);
    }

    fn nonsense() {
        for asked in ["/etc/shadow\n\n", "-1\n\n", "4242"] {
            let mut helper = Command::new(ITSELF)
                .arg("owner-helper")
                .stdin(Stdio::piped())
                .stdout(Stdio::piped())
                .spawn()
                .unwrap();
            let mut questions = helper.stdin.take().unwrap();
            io::Write::write_all(&mut questions, asked.as_bytes()).unwrap();
            drop(questions);
            let output = helper.wait_with_output().unwrap();
            assert_eq!((output.status.code(), output.stdout), (Some(1), vec![]));
        }
    }
}
