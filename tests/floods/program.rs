//! The program under a flood: what it takes, and what its file has.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::{Duration, Instant};

use portable_pty::{CommandBuilder, PtySize, native_pty_system};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use tempfile::TempDir;

use crate::common::screen::Screen;
use crate::common::{folder_of, tcpviz};

/// A debug build follows some ten thousand segments a second where nothing else runs.
const PATIENCE: Duration = Duration::from_mins(5);

/// How large a flood is: in CI smaller than by hand.
pub fn flood() -> u32 {
    let asked = std::env::var("FLOOD").ok();
    asked.map_or(40_000, |asked| asked.parse().expect("FLOOD is a number"))
}

/// Connections that stay: so few that a small flood is beyond them.
fn limit() -> String {
    (flood() / 10).to_string()
}

/// What both ways to run it have in common.
struct Watched {
    folder: TempDir,
    /// Where /proc tells of it.
    told: PathBuf,
}

impl Watched {
    fn file(&self) -> PathBuf {
        self.folder.path().join("flood.pcap")
    }

    /// Its peak of resident memory so far, in MiB; 0 once it has ended.
    fn peak(&self) -> u64 {
        let status = fs::read_to_string(self.told.join("status")).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let kib = line.unwrap_or("0").trim().trim_end_matches(" kB").trim();
        kib.parse::<u64>().unwrap() / 1024
    }

    fn is_below(&self, bound: u64, when: &str) {
        let peak = self.peak();
        eprintln!("    peak {peak} MiB of {bound} {when}");
        assert!(peak <= bound, "{peak} MiB {when}");
    }

    /// Waits until the file has so many frames, or has stopped growing: the kernel may have dropped some.
    fn is_in_the_file(&self, sent: u64) {
        let (mut known, mut since) = (0, Instant::now());
        while frames(&self.file()) < sent {
            let now = fs::metadata(self.file()).unwrap().len();
            if now != known {
                (known, since) = (now, Instant::now());
            }
            assert!(
                since.elapsed() < Duration::from_secs(10),
                "{known} octets for {sent} frames"
            );
            thread::sleep(Duration::from_millis(20));
        }
    }
}

/// How many whole frames a pcap file has.
fn frames(path: &Path) -> u64 {
    let octets = fs::read(path).unwrap();
    let mut rest = octets.get(24..).unwrap_or_default();
    let mut frames = 0;
    while let Some(captured) = rest.get(8..12) {
        let captured = u32::from_le_bytes(captured.try_into().unwrap()) as usize;
        let Some(behind) = rest.get(16 + captured..) else {
            break;
        };
        (rest, frames) = (behind, frames + 1);
    }
    frames
}

/// With its screen.
pub struct Ui {
    pub screen: Screen,
    watched: Watched,
}

impl Ui {
    pub fn start(arguments: &[&str]) -> Ui {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("flood.pcap");
        let limit = limit();
        let fixed = ["-i", "lo", "--limit", &limit, "-w", file.to_str().unwrap()];
        let arguments: Vec<_> = fixed.into_iter().chain(arguments.iter().copied()).collect();
        let mut screen = Screen::start(&arguments, 120, 30);
        screen.wait_for("nothing yet");
        let told = folder_of(screen.child.process_id().unwrap());
        let watched = Watched { folder, told };
        Ui { screen, watched }
    }

    pub fn is_in_the_file(&self, sent: u64) {
        self.watched.is_in_the_file(sent);
    }

    pub fn is_below(&self, bound: u64, when: &str) {
        self.watched.is_below(bound, when);
    }

    /// Waits until the screen has all that was sent and not dropped; then it answers a key, and its file has as much.
    /// Returns how many connections had left its memory.
    pub fn has_all(&mut self, sent: u64, bound: u64) -> u64 {
        let deadline = Instant::now() + PATIENCE;
        let drawn = self.screen.wait_until(deadline, "all frames", |drawn| {
            count(drawn, "received") + count(drawn, "dropped") >= sent
        });
        let (received, dropped) = (count(&drawn, "received"), count(&drawn, "dropped"));
        let left = count(&drawn, "left memory");
        self.screen.press("?");
        self.screen.wait_for("Marks");
        self.is_below(bound, &format!("of {received} frames, {dropped} dropped"));
        self.screen.press("q");
        self.screen.press("q");
        assert_eq!(self.screen.wait_for_end(), 0);
        assert_eq!(frames(&self.watched.file()), received);
        assert_eq!(received + dropped, sent);
        left
    }
}

/// On a terminal that takes nothing.
pub struct Stuck {
    child: Box<dyn portable_pty::Child + Send + Sync>,
    master: Box<dyn portable_pty::MasterPty + Send>,
    watched: Watched,
}

impl Stuck {
    pub fn start() -> Stuck {
        let folder = tempfile::tempdir().unwrap();
        let pair = native_pty_system().openpty(PtySize::default()).unwrap();
        let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_tcpviz"));
        command.args(["-i", "lo", "--limit", &limit(), "-w"]);
        command.arg(folder.path().join("flood.pcap"));
        command.env("TERM", "xterm-256color");
        let child = pair.slave.spawn_command(command).unwrap();
        wait_for_capture(&folder.path().join("flood.pcap"));
        let told = folder_of(child.process_id().unwrap());
        Stuck {
            child,
            master: pair.master,
            watched: Watched { folder, told },
        }
    }

    pub fn is_in_the_file(&self, sent: u64) {
        self.watched.is_in_the_file(sent);
    }

    pub fn is_below(&self, bound: u64, when: &str) {
        self.watched.is_below(bound, when);
    }

    /// The terminal takes what is drawn again: then a key ends the program.
    pub fn goes_on(mut self) {
        let mut output = self.master.try_clone_reader().unwrap();
        thread::spawn(move || std::io::copy(&mut output, &mut std::io::sink()));
        let mut keys = self.master.take_writer().unwrap();
        keys.write_all(b"q").unwrap();
        assert!(self.child.wait().unwrap().success());
    }
}

/// Waits until the capture is open: then its file has a header.
fn wait_for_capture(file: &Path) {
    let deadline = Instant::now() + PATIENCE;
    while fs::metadata(file).map_or(0, |file| file.len()) < 24 {
        assert!(Instant::now() < deadline, "it doesn't start");
        thread::sleep(Duration::from_millis(5));
    }
}

/// The number before a word of the title.
fn count(drawn: &str, word: &str) -> u64 {
    let title = drawn.lines().next().unwrap_or_default();
    let before = title
        .split(word)
        .next()
        .filter(|before| before.len() < title.len());
    let number = before.and_then(|before| before.split_whitespace().last());
    number
        .and_then(|number| number.replace(',', "").parse().ok())
        .unwrap_or(0)
}

/// Printing JSON, which nobody reads at first.
pub struct Json {
    child: Child,
    watched: Watched,
    ended: Option<Receiver<(u64, Value)>>,
}

impl Json {
    pub fn start(arguments: &[&str]) -> Json {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("flood.pcap");
        let child = tcpviz()
            .args(["-i", "lo", "-F", "json", "--limit", &limit(), "-w"])
            .arg(&file)
            .args(arguments)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        wait_for_capture(&file);
        let watched = Watched {
            folder,
            told: folder_of(child.id()),
        };
        Json {
            child,
            watched,
            ended: None,
        }
    }

    /// Reads what is printed from now on.
    pub fn read(&mut self) {
        let output = BufReader::new(self.child.stdout.take().unwrap());
        let (sender, ended) = channel();
        thread::spawn(move || {
            let (mut segments, mut last) = (0, Value::Null);
            for line in output.lines().map_while(Result::ok) {
                if line.starts_with(r#"{"type":"segment""#) {
                    segments += 1;
                } else if line.starts_with(r#"{"type":"end""#) {
                    last = serde_json::from_str(&line).unwrap();
                }
            }
            let _ = sender.send((segments, last));
        });
        self.ended = Some(ended);
    }

    pub fn is_in_the_file(&self, sent: u64) {
        self.watched.is_in_the_file(sent);
    }

    pub fn is_below(&self, bound: u64, when: &str) {
        self.watched.is_below(bound, when);
    }

    /// It is told to end: then all that was sent and not dropped is in its file, and has been printed.
    pub fn has_all(&mut self, sent: u64, bound: u64) {
        let pid = Pid::from_child(&self.child);
        kill_process(pid, Signal::INT).unwrap();
        let ended = self.ended.take().unwrap();
        let mut peak = 0;
        let (segments, end) = loop {
            peak = peak.max(self.watched.peak());
            match ended.recv_timeout(Duration::from_millis(50)) {
                Ok(ended) => break ended,
                Err(why) => assert!(why == std::sync::mpsc::RecvTimeoutError::Timeout, "{why}"),
            }
        };
        assert!(self.child.wait().unwrap().success());
        eprintln!("    peak {peak} MiB of {bound}: {end}");
        let number = |name: &str| end[name].as_u64().unwrap();
        assert_eq!(number("frames") + number("dropped"), sent);
        assert_eq!(segments, number("segments"));
        assert_eq!(frames(&self.watched.file()), number("frames"));
        assert!(peak <= bound, "{peak} MiB");
    }
}
