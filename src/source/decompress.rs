//! Decompressing on a thread of its own: it takes several times as long as everything else that
//! reading takes, so nothing else shall wait for it.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::os::unix::fs::FileExt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;

use flate2::bufread::MultiGzDecoder;

/// Buffers that go round between the two threads, and the octets of each.
const BUFFERS: usize = 4;
const SIZE: usize = 128 * 1024;

/// Octets by which a compression is known.
pub const MAGIC: usize = 4;

/// What a capture can be compressed with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Compression {
    Gzip,
    #[cfg(feature = "zstd")]
    Zstd,
}

impl Compression {
    /// By the first [`MAGIC`] octets of a file.
    #[must_use]
    pub fn of(first: &[u8]) -> Option<Compression> {
        match first {
            [0x1f, 0x8b, ..] => Some(Compression::Gzip),
            // A frame, or one to be skipped, with which pzstd begins.
            #[cfg(feature = "zstd")]
            [0x28, 0xb5, 0x2f, 0xfd, ..] | [0x50..=0x5f, 0x2a, 0x4d, 0x18, ..] => {
                Some(Compression::Zstd)
            }
            _ => None,
        }
    }

    /// Of a file, without moving on in it.
    ///
    /// # Errors
    /// It can't be read.
    pub fn of_file(file: &File) -> io::Result<Option<Compression>> {
        let mut magic = [0; MAGIC];
        let count = file.read_at(&mut magic, 0)?;
        Ok(Compression::of(&magic[..count]))
    }

    /// The largest window is 128 MiB, as `zstd -d` has it: no more memory is taken, whatever a file asks for.
    #[cfg_attr(
        not(feature = "zstd"),
        expect(clippy::unnecessary_wraps, reason = "only zstd's can fail")
    )]
    fn decoder(self, compressed: impl BufRead + 'static) -> io::Result<Box<dyn Read>> {
        Ok(match self {
            Compression::Gzip => Box::new(MultiGzDecoder::new(compressed)),
            #[cfg(feature = "zstd")]
            Compression::Zstd => {
                let mut decoder = zstd::Decoder::with_buffer(compressed)?;
                decoder.window_log_max(27)?;
                Box::new(decoder)
            }
        })
    }
}

/// What was compressed, read as it is decompressed.
pub struct Decompressed {
    /// A buffer and how many octets of it are filled; 0 is the end.
    full: Receiver<io::Result<(Vec<u8>, usize)>>,
    empty: Sender<Vec<u8>>,
    /// What isn't read yet: the octets from `at` to `end`.
    current: Vec<u8>,
    at: usize,
    end: usize,
    /// Octets of the compressed input read so far.
    compressed: Arc<AtomicU64>,
}

/// Counts the octets that are read.
struct Counting<R> {
    input: R,
    count: Arc<AtomicU64>,
}

impl<R: Read> Read for Counting<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.input.read(buffer)?;
        self.count.fetch_add(count as u64, Ordering::Relaxed);
        Ok(count)
    }
}

impl Decompressed {
    /// Starts the thread. It ends with the input, or once this is dropped.
    pub fn start(compression: Compression, compressed: impl Read + Send + 'static) -> Self {
        let (filled, full) = channel();
        let (empty, empties) = channel();
        let count = Arc::new(AtomicU64::new(0));
        let compressed = Counting {
            input: compressed,
            count: Arc::clone(&count),
        };
        for _ in 0..BUFFERS {
            // The receiver lives until the thread has it.
            let _ = empty.send(vec![0; SIZE]);
        }
        thread::spawn(move || {
            let mut decoder = compression.decoder(BufReader::with_capacity(SIZE, compressed));
            for mut buffer in empties {
                let count = match &mut decoder {
                    Ok(decoder) => decoder.read(&mut buffer),
                    Err(why) => Err(io::Error::other(why.to_string())),
                };
                let count = count.map_err(advise);
                let is_last = !matches!(count, Ok(1..));
                if filled.send(count.map(|count| (buffer, count))).is_err() || is_last {
                    return;
                }
            }
        });
        Decompressed {
            full,
            empty,
            current: Vec::new(),
            at: 0,
            end: 0,
            compressed: count,
        }
    }

    /// How many octets of the compressed input have been read, kept up to date.
    #[must_use]
    pub fn compressed(&self) -> Arc<AtomicU64> {
        Arc::clone(&self.compressed)
    }
}

/// zstd's refusal of a large window tells nobody what to do.
fn advise(why: io::Error) -> io::Error {
    if why.to_string().contains("too much memory") {
        return io::Error::other(
            "zstd compressed it with a window of more than 128 MiB: \
             `zstd --long=31 -dc FILE | tcpviz -`",
        );
    }
    why
}

impl Read for Decompressed {
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
