//! Opening a capture in the terminal UI, in a pseudo-terminal of 160x50: how long until its first rows are on the screen, until
//! all of it has been read, and how much memory that takes. `cargo bench --bench open -- FILE`
//!
//! The terminal answers nothing, which is the slowest kind.

use std::io::{Read, Write};
use std::process::ExitCode;
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::thread;
use std::time::{Duration, Instant};

use portable_pty::{CommandBuilder, PtySize, native_pty_system};

/// Nobody waits longer.
const PATIENCE: Duration = Duration::from_mins(5);

/// The screen is looked at no more often, so that looking doesn't take the program's time.
const LOOK: Duration = Duration::from_millis(20);

fn main() -> ExitCode {
    let Some(file) = std::env::args().skip(1).find(|it| !it.starts_with('-')) else {
        println!("which capture? cargo bench --bench open -- FILE");
        return ExitCode::SUCCESS;
    };
    let size = PtySize {
        rows: 50,
        cols: 160,
        ..PtySize::default()
    };
    let pty = native_pty_system().openpty(size).unwrap();
    let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_tcpviz"));
    command.arg(&file);
    command.env("TERM", "xterm-256color");
    command.env("LANG", "C.UTF-8");
    let begun = Instant::now();
    let mut child = pty.slave.spawn_command(command).unwrap();
    let mut reader = pty.master.try_clone_reader().unwrap();
    let (sender, octets) = channel();
    thread::spawn(move || {
        let mut buffer = vec![0; 65_536];
        while let Ok(count @ 1..) = reader.read(&mut buffer) {
            if sender.send(buffer[..count].to_vec()).is_err() {
                return;
            }
        }
    });
    let mut screen = vt100::Parser::new(50.try_into().unwrap(), 160.try_into().unwrap(), 0);
    let (mut rows, mut read, mut looked) = (None, None, begun);
    while read.is_none() && begun.elapsed() < PATIENCE {
        match octets.recv_timeout(LOOK) {
            Ok(some) => screen.process(&some),
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => break,
        }
        if rows.is_some() && looked.elapsed() < LOOK {
            continue;
        }
        looked = Instant::now();
        let text = screen.screen().contents();
        if rows.is_none() && text.contains("SYN-SENT") {
            rows = Some(begun.elapsed());
        }
        // The rule tells how far it is until all is read.
        let reads = text.contains("segments/s");
        if rows.is_some() && !reads && begun.elapsed() > Duration::from_millis(500) {
            read = Some(begun.elapsed());
        }
    }
    let memory = child.process_id().map_or(0, peak_kilobytes);
    let _ = pty.master.take_writer().unwrap().write_all(b"q");
    let _ = child.wait();
    let milliseconds =
        |it: Option<Duration>| it.map_or("never".into(), |it| format!("{} ms", it.as_millis()));
    println!("first rows {}", milliseconds(rows));
    println!("all read   {}", milliseconds(read));
    println!("memory     {} MB", memory / 1024);
    ExitCode::SUCCESS
}

fn peak_kilobytes(process: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let peak = peak.and_then(|peak| peak.trim().trim_end_matches(" kB").parse().ok());
    peak.unwrap_or(0)
}
