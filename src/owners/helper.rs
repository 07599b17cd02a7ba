//! The helper: the program itself, started anew before root and capabilities are given up, which keeps the two that looking into
//! other users' processes needs, and does nothing else. It reads nothing that comes from the network: on its standard
//! input stand the inodes of sockets, a line each, then an empty line; it answers
//!
//! ```text
//!   4242 1234 0 nginx     inode, pid, other processes, program
//!   .                     the end: every process was looked at (`-`: not all)
//! ```
//!
//! It ends with its standard input, and with whoever started it.

use std::collections::HashSet;
use std::io::{self, BufRead, BufReader, BufWriter, IsTerminal, Read, Write};
use std::os::unix::process::CommandExt;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio, exit};

use rustix::process::{DumpableBehavior, Resource, Rlimit, Signal};
use rustix::thread::CapabilitySet;

use super::holders::{Answer, Holders};
use super::watched::MOST;
use crate::privilege;
use crate::story::numbers::printable;
use crate::story::owner::Process;

/// The first argument of the helper's command line.
const HELPER: &str = "owner-helper";

/// To open the folders, and to read the links in them.
const NEEDED: CapabilitySet = CapabilitySet::DAC_READ_SEARCH.union(CapabilitySet::SYS_PTRACE);

/// Octets of a line, of a question and of an answer.
const LINE: u64 = 256;

/// Descriptors that it may have open.
const DESCRIPTORS: u64 = 16;

/// Becomes the helper, and never returns, if the command line says so. To be called before anything else.
pub fn answer_if_asked() {
    if std::env::args_os()
        .nth(1)
        .is_none_or(|first| first != HELPER)
    {
        return;
    }
    if io::stdin().is_terminal() {
        eprintln!("tcpviz: {HELPER} is for tcpviz itself, while it captures");
        exit(2);
    }
    let result = confine().and_then(|()| answer(&mut io::stdin().lock(), &mut io::stdout().lock()));
    exit(i32::from(result.is_err()));
}

/// Gives up everything but what it is for.
fn confine() -> io::Result<()> {
    privilege::keep_only(NEEDED)?;
    for (resource, most) in [
        (Resource::Core, 0),
        (Resource::Fsize, 0),
        (Resource::Nproc, 0),
        (Resource::Nofile, DESCRIPTORS),
    ] {
        let limit = Rlimit {
            current: Some(most),
            maximum: Some(most),
        };
        rustix::process::setrlimit(resource, limit)?;
    }
    // These come last: a change of user takes them back.
    rustix::process::set_dumpable_behavior(DumpableBehavior::NotDumpable)?;
    rustix::process::set_parent_process_death_signal(Some(Signal::KILL))?;
    rustix::thread::set_name(c"tcpviz-owners")?;
    rustix::process::chdir("/")?;
    Ok(())
}

/// Answers until the questions end.
fn answer(questions: &mut impl BufRead, answers: &mut impl Write) -> io::Result<()> {
    let mut holders = Holders::default();
    let mut inodes = HashSet::new();
    while let Some(line) = next_line(questions)? {
        if !line.is_empty() {
            if inodes.len() == MOST {
                return Err(io::ErrorKind::InvalidInput.into());
            }
            inodes.insert(number(&line)?);
            continue;
        }
        let found = holders.find(&inodes);
        inodes.clear();
        let mut out = BufWriter::new(&mut *answers);
        for (inode, process) in found.processes {
            let Process {
                pid,
                others,
                program,
                descriptor,
            } = process;
            let descriptor = descriptor.unwrap_or_default();
            writeln!(out, "{inode} {pid} {descriptor} {others} {program}")?;
        }
        writeln!(out, "{}", if found.whole { "." } else { "-" })?;
        out.flush()?;
    }
    Ok(())
}

/// A line without its end; `None` at the end of all. A line that is too long is an error.
fn next_line(from: &mut impl BufRead) -> io::Result<Option<String>> {
    let mut line = String::new();
    if from.take(LINE).read_line(&mut line)? == 0 {
        return Ok(None);
    }
    match line.pop() {
        Some('\n') => Ok(Some(line)),
        _ => Err(io::ErrorKind::InvalidData.into()),
    }
}

fn number<T: std::str::FromStr>(text: &str) -> io::Result<T> {
    text.parse().map_err(|_| io::ErrorKind::InvalidData.into())
}

/// The helper, as whoever started it sees it.
#[derive(Debug)]
pub struct Helper {
    process: Child,
    questions: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
}

impl Helper {
    /// Starts it; `None` where it can't be started. Also where there is no capability to keep: Landlock, which this process
    /// is going to be enclosed by, lets nobody look into a process outside of it. To be called before anything is opened or
    /// given up, by the thread that lives longest.
    #[must_use]
    pub fn start() -> Option<Helper> {
        let mut process = Command::new("/proc/self/exe")
            .arg0("tcpviz: owners")
            .arg(HELPER)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .ok()?;
        let (questions, answers) = (process.stdin.take(), process.stdout.take());
        Some(Helper {
            process,
            questions,
            answers: BufReader::new(answers?),
        })
    }

    /// Its process.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.process.id()
    }

    /// Asks, and waits for the answer.
    ///
    /// # Errors
    /// It has gone, or talks nonsense.
    pub(super) fn find(&mut self, inodes: &HashSet<u64>) -> io::Result<Answer> {
        let question: String = inodes.iter().map(|inode| format!("{inode}\n")).collect();
        let mut questions = self.questions.as_ref().ok_or(io::ErrorKind::BrokenPipe)?;
        questions.write_all(format!("{question}\n").as_bytes())?;
        read_answer(&mut self.answers)
    }
}

impl Drop for Helper {
    fn drop(&mut self) {
        drop(self.questions.take());
        // It would go by itself, but may be busy; whoever is enclosed by Landlock may signal nobody outside.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn read_answer(from: &mut impl BufRead) -> io::Result<Answer> {
    let mut answer = Answer::default();
    for _ in 0..=MOST {
        let line = next_line(from)?.ok_or(io::ErrorKind::UnexpectedEof)?;
        if line == "." || line == "-" {
            answer.whole = line == ".";
            return Ok(answer);
        }
        let fields: Vec<_> = line.splitn(5, ' ').collect();
        let [inode, pid, descriptor, others, program] = fields[..] else {
            return Err(io::ErrorKind::InvalidData.into());
        };
        let process = Process {
            pid: number(pid)?,
            program: printable(program),
            others: number(others)?,
            descriptor: Some(number(descriptor)?),
        };
        answer.processes.insert(number(inode)?, process);
    }
    Err(io::ErrorKind::InvalidData.into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::TcpListener;
    use std::os::fd::AsRawFd;

    #[test]
    fn a_question_is_answered_and_the_answer_is_read_as_it_was_meant() {
        let socket = TcpListener::bind("127.0.0.1:0").unwrap();
        let inode = rustix::fs::fstat(&socket).unwrap().st_ino;
        let mut said = Vec::new();
        let question = format!("{inode}\n\n\n");
        answer(&mut question.as_bytes(), &mut said).unwrap();
        let mut said = &said[..];
        let found = read_answer(&mut said).unwrap();
        let process = &found.processes[&inode];
        let descriptor = u32::try_from(socket.as_raw_fd()).ok();
        assert_eq!(
            (process.pid, process.descriptor),
            (std::process::id(), descriptor)
        );
        // Nothing asked, nothing found.
        let nothing = read_answer(&mut said).unwrap();
        assert!(nothing.processes.is_empty() && nothing.whole && said.is_empty());
    }

    #[test]
    fn names_with_spaces_and_without_letters_are_read() {
        let said = "1 12 7 0 tmux: server\n2 13 8 4 \n-\n";
        let answer = read_answer(&mut said.as_bytes()).unwrap();
        let process = |inode| answer.processes[&inode].to_string();
        assert_eq!(
            (process(1), process(2)),
            ("tmux: server 12 fd 7".into(), "pid 13 fd 8 +4".into())
        );
        assert!(!answer.whole);
    }

    #[test]
    fn nonsense_is_an_error_on_both_sides() {
        let long = format!("{}\n", "1".repeat(300));
        let endless = "1 1 0 x\n".repeat(MOST + 1);
        for said in [
            "",
            "1 12 0\n.\n",
            "x 12 0 y\n.\n",
            "1 12 0 y",
            &long,
            &endless,
        ] {
            assert!(read_answer(&mut said.as_bytes()).is_err(), "{said:.40}");
        }
        let many: String = (0..=MOST).map(|inode| format!("{inode}\n")).collect();
        for asked in ["/etc/passwd\n", "-1\n\n", "1", &long, &many] {
            let mut said = Vec::new();
            assert!(
                answer(&mut asked.as_bytes(), &mut said).is_err(),
                "{asked:.40}"
            );
            assert!(said.is_empty());
        }
    }
}
