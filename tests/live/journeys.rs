//! Journeys of a new user with real sockets, each at 100x30 and at 60x20 in ASCII, and each in a recording
//! (docs/journeys). The others are in tests/journeys.rs.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::os::unix::fs::symlink;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use portable_pty::CommandBuilder;
use tempfile::TempDir;

use crate::common::folder_of;
use crate::common::screen::Screen;
use crate::exchange::{PORT, connect, listen};
use crate::kernel;

/// What a journey's screens are: size, flags, what the recordings' names end with.
const VIEWS: [((u16, u16), &[&str], &str); 2] =
    [((100, 30), &[], ""), ((60, 20), &["--ascii"], "-60x20")];

/// The program as a new user starts it, in both views; its captures go into `folder`.
fn start(folder: &TempDir, title: &str) -> [Screen; 2] {
    VIEWS.map(|((columns, lines), flags, _)| {
        let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_tcpviz"));
        command.args(flags);
        command.env("LC_ALL", "C.UTF-8");
        command.env("TERM", "xterm-256color");
        command.env("TMPDIR", folder.path());
        let title = format!("{title} ({columns}x{lines})");
        let typed = [&["sudo tcpviz"], flags].concat().join(" ");
        let mut screen = Screen::start_command(command, columns, lines).record(&title, &typed);
        screen.wait_for("nothing yet");
        screen
    })
}

fn keep(screens: &mut [Screen; 2], name: &str, facts: [&[&str]; 2]) {
    for ((screen, (_, _, suffix)), facts) in screens.iter_mut().zip(VIEWS).zip(facts) {
        screen.keep(&format!("{name}{suffix}"), Some(facts));
        screen.press("q");
        assert_eq!(screen.wait_for_end(), 0);
    }
}

/// Who closed first? From the program's start to the answer no key is pressed at all.
pub fn who_closed_first() {
    let folder = tempfile::tempdir().unwrap();
    let (listener, server) = listen("127.0.0.1");
    let mut screens = start(&folder, "Live: who closed first?");
    let wait = |screens: &mut [Screen; 2], text: &str| {
        for screen in screens {
            screen.wait_for(text);
        }
    };

    let mut pair = connect(&listener, server);
    wait(&mut screens, "following 3/3");
    pair.client = None;
    kernel::wait_for(pair.client_address, server, ["FIN-WAIT-2", "CLOSE-WAIT"]);
    wait(&mut screens, "Half-closed: the client has sent its FIN");
    pair.server = None;
    wait(&mut screens, "Orderly close, the client first.");

    // The next connection is followed without a key.
    let mut pair = connect(&listener, server);
    wait(&mut screens, "following 3/3");
    pair.server = None;
    kernel::wait_for(pair.client_address, server, ["CLOSE-WAIT", "FIN-WAIT-2"]);
    wait(&mut screens, "Half-closed: the server has sent its FIN");
    pair.client = None;
    wait(&mut screens, "Orderly close, the server first.");

    let wide = [
        "orderly, client first",
        "orderly, server first",
        "Orderly close, the server first.",
        "FIN-WAIT-1",
        "LAST-ACK",
    ];
    let narrow = [
        "F> <F",
        "<F F>",
        "Orderly close, the server first.",
        "FW1",
        "LA",
    ];
    keep(&mut screens, "who-closed-first", [&wide, &narrow]);
}

/// Set for a process that is one end of a connection: which.
const END: &str = "TCPVIZ_TEST_END";
const SERVER: &str = "photo-server";
const CLIENT: &str = "photo-client";

/// One end of a connection, if this process is to be it.
pub fn play_if_asked() {
    let Some(end) = std::env::var_os(END) else {
        return;
    };
    if end == SERVER {
        let listener = TcpListener::bind(("127.0.0.1", PORT)).unwrap();
        println!("listens");
        // It reads to the end, and forgets to close.
        let (mut stream, _) = listener.accept().unwrap();
        stream.read_to_end(&mut Vec::new()).unwrap();
        println!("has read all");
        wait_for_a_line();
    } else {
        let stream = TcpStream::connect(("127.0.0.1", PORT)).unwrap();
        wait_for_a_line();
        stream.shutdown(Shutdown::Write).unwrap();
        wait_for_a_line();
    }
    std::process::exit(0);
}

/// Or for the test's end.
fn wait_for_a_line() {
    std::io::stdin().read_line(&mut String::new()).unwrap();
}

/// A process that is one end, under a name of its own. It ends with the test.
struct End {
    child: Child,
    said: BufReader<std::process::ChildStdout>,
}

impl End {
    fn start(name: &str, folder: &TempDir) -> End {
        let program = folder.path().join(name);
        symlink(std::env::current_exe().unwrap(), &program).unwrap();
        let mut child = Command::new(program)
            .env(END, name)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let said = BufReader::new(child.stdout.take().unwrap());
        End { child, said }
    }

    fn wait_for(&mut self, wanted: &str) {
        let mut line = String::new();
        self.said.read_line(&mut line).unwrap();
        assert_eq!(line.trim(), wanted);
    }

    fn go_on(&mut self) {
        let input = self.child.stdin.as_mut().unwrap();
        input.write_all(b"\n").unwrap();
    }
}

impl Drop for End {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

const MINUTE: Duration = Duration::from_mins(1);
/// What two clocks may differ by.
const ALMOST: Duration = Duration::from_secs(59);

/// A CLOSE-WAIT that has lasted a minute, and whose it is: read off without a key; `v` twice says what to do.
pub fn close_wait_of_a_minute() {
    let folder = tempfile::tempdir().unwrap();
    let mut screens = start(
        &folder,
        "A CLOSE-WAIT that has lasted a minute, and whose it is",
    );
    let mut server = End::start(SERVER, &folder);
    server.wait_for("listens");
    let pid = folder_of(server.child.id());
    let pid = pid.file_name().unwrap().to_str().unwrap();
    let mut client = End::start(CLIENT, &folder);
    for screen in &mut screens {
        screen.wait_for("following 3/3");
    }
    client.go_on();
    server.wait_for("has read all");
    let closed = Instant::now();
    let deadline = closed + MINUTE + Duration::from_secs(20);
    let whose = format!("{SERVER} {pid}");
    let told = format!("CLOSE-WAIT 60 s: {whose}");
    for screen in &mut screens {
        let text = screen.wait_until(deadline, &told, |text| text.contains(&told));
        assert!(
            text.contains("Half-closed: the client has sent its FIN"),
            "{text}"
        );
        assert!(closed.elapsed() >= ALMOST, "a minute is a minute");
    }
    for screen in &mut screens {
        screen.press("v");
        screen.wait_for("server's program");
        screen.press("v");
        let text = screen.wait_for("close-wait-lasts");
        let text: Vec<_> = text.split_whitespace().collect();
        assert!(
            text.join(" ")
                .contains("The server has been in CLOSE-WAIT for 6"),
            "{text:?}"
        );
    }
    let facts = [
        "Half-closed: the client has sent its FIN",
        "CLOSE-WAIT 6",
        SERVER,
        "close-wait-lasts",
    ];
    keep(&mut screens, "close-wait", [&facts, &facts]);
}
