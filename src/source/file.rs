//! Reading a saved capture: a file, or standard input while it still grows; gzip-compressed or not.

use std::fs::File;
use std::io::{self, Cursor, Read, Write};
use std::path::Path;
use std::thread;

use flate2::read::MultiGzDecoder;

use super::savefile::{Next, Savefile};
use super::{Collector, Selection, Sink, Store};
use crate::wire::{Ended, Feed};

/// Frames after which a batch is handed on even if more is in the buffer.
const BATCH: usize = 4096;

/// A capture about to be read.
pub struct Opened {
    input: Box<dyn Read + Send>,
    /// Where payloads can be read back, if that was asked for.
    pub store: Option<Store>,
}

/// Opens `path`, or standard input for `-`.
///
/// With `keep`, frames can be read back later: from the file itself, or from an unnamed temporary copy where the input
/// can be read only once (a pipe, a compressed file).
///
/// # Errors
/// The file can't be opened or its first octets can't be read.
pub fn open(path: &Path, keep: bool) -> io::Result<Opened> {
    let piped = path == Path::new("-");
    let (mut input, file): (Box<dyn Read + Send>, _) = if piped {
        (Box::new(io::stdin()), None)
    } else {
        let file = File::open(path)?;
        if file.metadata()?.is_dir() {
            return Err(io::Error::from(io::ErrorKind::IsADirectory));
        }
        (Box::new(file.try_clone()?), file.metadata()?.is_file().then_some(file))
    };
    let mut magic = Vec::new();
    input.by_ref().take(2).read_to_end(&mut magic)?;
    let compressed = magic == [0x1f, 0x8b];
    input = Box::new(Cursor::new(magic).chain(input));
    if compressed {
        input = Box::new(MultiGzDecoder::new(input));
    }
    let store = match file {
        _ if !keep => None,
        Some(file) if !compressed => Some(Store::new(file)),
        _ => {
            let copy = tempfile::tempfile()?;
            input = Box::new(Copying {
                input,
                copy: copy.try_clone()?,
            });
            Some(Store::new(copy))
        }
    };
    Ok(Opened { input, store })
}

/// Reads on a thread of its own until the input ends or nobody listens.
pub fn start(opened: Opened, selection: Selection, mut sink: Sink) {
    thread::spawn(move || {
        let mut collector = Collector::new(selection);
        let ended = read(Savefile::new(opened.input), &mut collector, &mut sink);
        if let Some(ended) = ended {
            sink(Feed::Batch(collector.flush()));
            sink(Feed::Ended(ended));
        }
    });
}

/// `None`: nobody listens any more.
fn read(mut savefile: Savefile<Box<dyn Read + Send>>, collector: &mut Collector, sink: &mut Sink) -> Option<Ended> {
    let error = |error: String| {
        Some(Ended {
            cut: None,
            error: Some(error),
        })
    };
    loop {
        // What has been read is handed on before waiting for more: a pipe may be slow.
        loop {
            match savefile.next() {
                Ok(Next::Frame(frame)) => {
                    if let Err(why) = collector.take(&frame) {
                        return error(why);
                    }
                }
                Ok(Next::Incomplete) => break,
                Err(why) => return error(why),
            }
            if collector.batch.segments.len() >= BATCH && !sink(Feed::Batch(collector.flush())) {
                return None;
            }
        }
        if !sink(Feed::Batch(collector.flush())) {
            return None;
        }
        match savefile.fill() {
            Ok(true) => {}
            Ok(false) => {
                return Some(Ended {
                    cut: savefile.cut(),
                    error: None,
                });
            }
            Err(why) => return error(format!("reading stopped: {why}; everything before is shown")),
        }
    }
}

/// Copies what is read from an input that can be read only once.
struct Copying<R> {
    input: R,
    copy: File,
}

impl<R: Read> Read for Copying<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.input.read(buffer)?;
        self.copy.write_all(&buffer[..count])?;
        Ok(count)
    }
}
