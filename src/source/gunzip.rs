//! Decompressing on a thread of its own: it takes several times as long as everything else that
//! reading takes, so nothing else shall wait for it.

use std::io::{self, BufReader, Read};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;

use flate2::bufread::MultiGzDecoder;

/// Buffers that go round between the two threads, and the octets of each.
const BUFFERS: usize = 4;
const SIZE: usize = 128 * 1024;

/// What a gzip file has compressed, read as it is decompressed.
pub struct Gunzip {
    /// A buffer and how many octets of it are filled; 0 is the end.
    full: Receiver<io::Result<(Vec<u8>, usize)>>,
    empty: Sender<Vec<u8>>,
    /// What isn't read yet: the octets from `at` to `end`.
    current: Vec<u8>,
    at: usize,
    end: usize,
}

impl Gunzip {
    /// Starts the thread. It ends with the input, or once this is dropped.
    pub fn start(compressed: impl Read + Send + 'static) -> Self {
        let (filled, full) = channel();
        let (empty, empties) = channel();
        for _ in 0..BUFFERS {
            // The receiver lives until the thread has it.
            let _ = empty.send(vec![0; SIZE]);
        }
        thread::spawn(move || {
            let mut decoder = MultiGzDecoder::new(BufReader::with_capacity(SIZE, compressed));
            for mut buffer in empties {
                let count = decoder.read(&mut buffer);
                let is_last = !matches!(count, Ok(1..));
                if filled.send(count.map(|count| (buffer, count))).is_err() || is_last {
                    return;
                }
            }
        });
        Gunzip {
            full,
            empty,
            current: Vec::new(),
            at: 0,
            end: 0,
        }
    }
}

impl Read for Gunzip {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.at == self.end {
            // A thread that is gone without a last word has panicked.
            let next = self.full.recv().map_err(io::Error::other)?;
            let (next, end) = next?;
            let read = std::mem::replace(&mut self.current, next);
            (self.at, self.end) = (0, end);
            // The first one was no buffer; and after its last word the thread takes none.
            if !read.is_empty() {
                let _ = self.empty.send(read);
            }
        }
        let count = buffer.len().min(self.end - self.at);
        buffer[..count].copy_from_slice(&self.current[self.at..self.at + count]);
        self.at += count;
        Ok(count)
    }
}
