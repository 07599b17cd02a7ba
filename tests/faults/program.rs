//! The program without a terminal, and what a capture file holds.

use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::Instant;

use rustix::process::{Pid, Signal, kill_process};

use super::common::{PATIENCE, run};

/// The program at work; what it writes is read as it comes.
pub struct Program {
    child: Child,
    lines: Receiver<String>,
    errors: Receiver<String>,
    /// What it wrote so far on standard error.
    pub said: String,
}

impl Program {
    /// Starts it, and waits until it captures.
    pub fn start(mut command: Command) -> Program {
        let mut child = command
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut program = Program {
            lines: lines(child.stdout.take().unwrap()),
            errors: lines(child.stderr.take().unwrap()),
            child,
            said: String::new(),
        };
        program.wait_to_say("capturing on ");
        // The first line of JSON comes once segments can be captured.
        assert!(program.line().contains(r#""type":"capture""#));
        program
    }

    pub fn line(&self) -> String {
        self.lines.recv_timeout(PATIENCE).expect("a line")
    }

    /// Waits for so many segments on standard output.
    pub fn wait_for_segments(&self, count: usize) {
        let mut seen = 0;
        while seen < count {
            seen += usize::from(is_segment(&self.line()));
        }
    }

    /// Waits for a line on standard error.
    pub fn wait_to_say(&mut self, words: &str) {
        let deadline = Instant::now() + PATIENCE;
        while !self.said.contains(words) {
            let left = deadline.saturating_duration_since(Instant::now());
            match self.errors.recv_timeout(left) {
                Ok(line) => self.said += &(line + "\n"),
                Err(why) => panic!("never said ({why}): {words}, but\n{}", self.said),
            }
        }
    }

    pub fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).expect("it runs");
    }

    /// Waits for its end; how many segments it printed since the last that was waited for.
    pub fn end(&mut self) -> (ExitStatus, usize) {
        let (status, printed, _) = self.end_with_lines();
        (status, printed)
    }

    /// The same, and the lines themselves.
    pub fn end_with_lines(&mut self) -> (ExitStatus, usize, Vec<String>) {
        let lines: Vec<_> = self.lines.iter().collect();
        let printed = lines.iter().filter(|line| is_segment(line)).count();
        for line in &self.errors {
            self.said += &(line + "\n");
        }
        (self.child.wait().unwrap(), printed, lines)
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn lines(input: impl Read + Send + 'static) -> Receiver<String> {
    let (sender, lines) = channel();
    thread::spawn(move || {
        let all = BufReader::new(input).lines().map_while(Result::ok);
        all.for_each(|line| drop(sender.send(line)));
    });
    lines
}

fn is_segment(line: &str) -> bool {
    line.contains(r#""type":"segment""#)
}

/// The segments of a capture file, which opens without a complaint, in tcpdump too: their number, and the clients in order.
pub fn held(path: &Path) -> (usize, Vec<String>) {
    let name = path.to_str().unwrap();
    let output = run(&["-F", "json", name]);
    let errors = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success() && errors.is_empty(), "{errors}");
    let text = String::from_utf8(output.stdout).unwrap();
    let count = text.lines().filter(|line| is_segment(line)).count();
    assert_eq!(count, in_tcpdump(path, ""));
    let connections = text.lines().filter_map(|line| {
        let line: serde_json::Value = serde_json::from_str(line).unwrap();
        Some(line["client"].as_str()?.to_owned())
    });
    (count, connections.collect())
}

/// How many lines tcpdump prints of a file; what it complains of must be as said.
pub fn in_tcpdump(path: &Path, complains: &str) -> usize {
    let output = Command::new("tcpdump")
        .args(["-nn", "-r"])
        .arg(path)
        .output();
    let output = output.expect("tcpdump (Debian: tcpdump)");
    let errors = String::from_utf8(output.stderr).unwrap();
    let mut errors = errors
        .lines()
        .filter(|line| !line.starts_with("reading from file"));
    match complains {
        "" => assert_eq!(errors.next(), None),
        complains => assert!(errors.any(|line| line.contains(complains))),
    }
    String::from_utf8(output.stdout).unwrap().lines().count()
}
