//! A child process that holds a socket, and ends.

use std::io::{PipeWriter, Write};
use std::os::fd::OwnedFd;
use std::process::{Child, Command, Stdio};

use rustix::process::{Pid, Signal, kill_process};
use socket2::Socket;

/// A shell whose standard input is a socket. Its standard error is a line on which it is told to end.
pub struct Program {
    shell: Child,
    line: PipeWriter,
}

impl Program {
    /// Runs a script, then waits. The socket is the child's alone, unless there are copies.
    pub fn start(script: &str, socket: Socket) -> Program {
        let (told, line) = std::io::pipe().expect("a pipe");
        let shell = Command::new("sh")
            .args(["-c", &format!("{script}\nread -r word <&2")])
            .stdin(OwnedFd::from(socket))
            .stdout(Stdio::null())
            .stderr(told)
            .spawn()
            .expect("a shell");
        Program { shell, line }
    }

    /// It exits; the kernel closes what it held.
    pub fn exit(mut self) {
        self.line.write_all(b"end\n").expect("it reads");
        assert!(self.shell.wait().expect("a child").success());
    }

    /// It is killed by a signal that it doesn't catch.
    pub fn kill(mut self, signal: Signal) {
        kill_process(Pid::from_child(&self.shell), signal).expect("it runs");
        assert!(!self.shell.wait().expect("a child").success());
    }
}

/// Sets TCP_LINGER2, which no crate here does safely, through a copy of the descriptor.
pub fn set_linger2(socket: &Socket, seconds: i32) {
    const TCP_LINGER2: i32 = 8;
    let copy = socket.try_clone().expect("a copy");
    let set = format!("setsockopt(STDIN, 6, {TCP_LINGER2}, pack('i', {seconds})) or die $!");
    let status = Command::new("perl")
        .args(["-e", &set])
        .stdin(OwnedFd::from(copy))
        .status()
        .expect("perl (Debian: perl-base)");
    assert!(status.success());
}
