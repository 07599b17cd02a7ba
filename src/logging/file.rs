//! The file of `--log`, line by line.

use std::fs::File;
use std::io::{self, Write};

use tcpviz::story::numbers::printable;

/// Octets of a file that nothing can make larger.
const MOST: usize = 1 << 20;

/// Characters of a line: arguments can be of any length.
const LINE: usize = 4096;

/// Takes a line at a time. It never fails: a log must not end what it is about.
pub struct LogFile<W = File> {
    file: W,
    room: usize,
}

impl<W: Write> LogFile<W> {
    pub fn new(file: W) -> Self {
        LogFile { file, room: MOST }
    }
}

impl<W: Write> Write for LogFile<W> {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        let text = String::from_utf8_lossy(line);
        let mut safe: String = printable(text.trim_end()).chars().take(LINE).collect();
        safe.push('\n');
        if safe.len() <= self.room {
            self.room -= safe.len();
        } else {
            let was_full = std::mem::take(&mut self.room) == 0;
            safe = if was_full { "" } else { "(the log is full)\n" }.into();
        }
        if self.file.write_all(safe.as_bytes()).is_err() {
            self.room = 0;
        }
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
