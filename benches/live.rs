//! A flood on loopback, captured by `tcpdump -w` and by tcpviz with its screen, in turn: what each lost, and the processor time
//! it took. `unshare -n cargo bench --bench live` (as root: a network of its own)
//!
//! Short connections (4,000 a second, each some ten segments) for three seconds, then 100 MB/s in one connection.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::sync::mpsc::channel;
use std::thread;
use std::time::{Duration, Instant};

use portable_pty::{CommandBuilder, PtySize, native_pty_system};

const LASTS: Duration = Duration::from_secs(3);
const RUNS: usize = 3;
const PORT: u16 = 4321;

#[derive(Clone, Copy, Debug)]
enum Flood {
    /// Connections a second.
    Short(u32),
    /// Octets a second, in one connection.
    Bulk(usize),
}

fn main() -> ExitCode {
    let up = Command::new("ip")
        .args(["link", "set", "lo", "up"])
        .status();
    let others = std::fs::read_to_string("/proc/net/dev").unwrap_or_default();
    if others.lines().count() > 3 || !up.is_ok_and(|it| it.success()) {
        println!("a network of its own is needed: unshare -n cargo bench --bench live");
        return ExitCode::SUCCESS;
    }
    let listener = TcpListener::bind(("0.0.0.0", PORT)).unwrap();
    thread::spawn(move || listener.incoming().flatten().for_each(serve));
    let folder = tempfile::tempdir().unwrap();
    for flood in [Flood::Short(4000), Flood::Bulk(100_000_000)] {
        for _ in 0..RUNS {
            for is_tcpviz in [false, true] {
                let file = folder.path().join("x.pcap");
                let _ = std::fs::remove_file(&file);
                let mut capture = Capture::start(is_tcpviz, &file);
                let sent = send(flood);
                capture.stop();
                println!(
                    "{flood:?} {:8} {sent} sent, {} octets captured, {:.2} s of processor time",
                    if is_tcpviz { "tcpviz" } else { "tcpdump" },
                    std::fs::metadata(&file).map_or(0, |it| it.len()),
                    capture.processor,
                );
            }
        }
    }
    ExitCode::SUCCESS
}

/// Answers once, or takes what comes.
fn serve(mut stream: TcpStream) {
    thread::spawn(move || {
        let mut buffer = vec![0; 1 << 20];
        while let Ok(count @ 1..) = stream.read(&mut buffer) {
            if count == 100 && stream.write_all(&[7; 200]).is_err() {
                return;
            }
            if count == 100 {
                return;
            }
        }
    });
}

/// How many connections, or octets, were sent.
fn send(flood: Flood) -> usize {
    let begun = Instant::now();
    let mut sent = 0;
    let due = |rate: usize| usize::try_from(begun.elapsed().as_millis()).unwrap_or(0) * rate / 1000;
    match flood {
        Flood::Short(rate) => {
            while begun.elapsed() < LASTS {
                while sent < due(rate as usize) && begun.elapsed() < LASTS {
                    // Ports of one pair of addresses would be used up.
                    let host = [127, 0, 0, u8::try_from(1 + sent % 100).unwrap_or(1)];
                    let mut stream =
                        TcpStream::connect((std::net::Ipv4Addr::from(host), PORT)).unwrap();
                    stream.write_all(&[7; 100]).unwrap();
                    let _ = stream.read_to_end(&mut Vec::new());
                    sent += 1;
                }
                thread::sleep(Duration::from_micros(500));
            }
        }
        Flood::Bulk(rate) => {
            let mut stream = TcpStream::connect(("127.0.0.1", PORT)).unwrap();
            let some = vec![7; 65_536];
            while begun.elapsed() < LASTS {
                while sent < due(rate) && begun.elapsed() < LASTS {
                    stream.write_all(&some).unwrap();
                    sent += some.len();
                }
                thread::sleep(Duration::from_micros(500));
            }
        }
    }
    sent
}

/// A capture under way, in a pseudo-terminal.
struct Capture {
    child: Box<dyn portable_pty::Child + Send + Sync>,
    /// Keeps the terminal.
    _master: Box<dyn portable_pty::MasterPty + Send>,
    keys: Box<dyn Write + Send>,
    is_tcpviz: bool,
    before: f64,
    processor: f64,
}

impl Capture {
    fn start(is_tcpviz: bool, file: &Path) -> Capture {
        let size = PtySize {
            rows: 50,
            cols: 160,
            ..PtySize::default()
        };
        let pty = native_pty_system().openpty(size).unwrap();
        let mut command = if is_tcpviz {
            CommandBuilder::new(env!("CARGO_BIN_EXE_tcpviz"))
        } else {
            let mut tcpdump = CommandBuilder::new("tcpdump");
            tcpdump.args(["-Z", "root", "-i", "lo"]);
            tcpdump
        };
        command.args([PathBuf::from("-w"), file.into()]);
        command.env("TERM", "xterm-256color");
        let before = used_by_children();
        let child = pty.slave.spawn_command(command).unwrap();
        let mut reader = pty.master.try_clone_reader().unwrap();
        // Both say so once they listen.
        let word = if is_tcpviz { "tcpviz" } else { "listening on" };
        let (listens, listening) = channel();
        thread::spawn(move || {
            let (mut said, mut buffer) = (String::new(), [0; 4096]);
            while let Ok(count @ 1..) = reader.read(&mut buffer) {
                if said.len() < 100_000 {
                    said += &String::from_utf8_lossy(&buffer[..count]);
                }
                if said.contains(word) {
                    let _ = listens.send(());
                }
            }
        });
        listening.recv().expect("it listens");
        Capture {
            child,
            keys: pty.master.take_writer().unwrap(),
            _master: pty.master,
            is_tcpviz,
            before,
            processor: 0.0,
        }
    }

    fn stop(&mut self) {
        thread::sleep(Duration::from_millis(500));
        let key: &[u8] = if self.is_tcpviz { b"q" } else { b"\x03" };
        self.keys.write_all(key).unwrap();
        self.child.wait().unwrap();
        self.processor = used_by_children() - self.before;
    }
}

/// Processor seconds of all children that have ended, and of theirs.
fn used_by_children() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap();
    let after_name = stat.rsplit_once(") ").unwrap().1;
    let fields = after_name.split(' ').skip(13).take(2);
    let ticks: u32 = fields.filter_map(|it| it.parse::<u32>().ok()).sum();
    f64::from(ticks) / 100.0
}
