//! Reading a saved capture: a file, or standard input while it still grows; compressed or not.

use std::fs::File;
use std::io::{self, Cursor, Read, Write};
use std::os::fd::AsFd;
use std::path::Path;
use std::thread;

use super::decompress::{Compression, Decompressed, MAGIC};
use super::savefile::{Next, Savefile};
use super::{Collector, Selection, Sink, Store};
use crate::wire::{Ended, Feed};

/// A capture about to be read.
pub struct Opened {
    input: File,
    /// Where an input that can be read only once is copied to.
    copy: Option<File>,
    /// Where payloads can be read back, if that was asked for.
    pub store: Option<Store>,
    /// It isn't a file but a pipe, which may still grow.
    pub growing: bool,
}

/// Opens `path`, or standard input for `-`, without waiting for its first octet.
///
/// With `keep`, frames can be read back later: from the file itself, or from an unnamed temporary
/// copy where the input can be read only once (a pipe, a compressed file).
///
/// # Errors
/// The file can't be opened, or the temporary one can't be created.
pub fn open(path: &Path, keep: bool) -> io::Result<Opened> {
    let (input, file) = if path == Path::new("-") {
        // Not `io::stdin()`, which has a buffer of its own.
        (io::stdin().as_fd().try_clone_to_owned()?.into(), None)
    } else {
        let file = File::open(path)?;
        let kind = file.metadata()?;
        if kind.is_dir() {
            return Err(io::Error::from(io::ErrorKind::IsADirectory));
        }
        (file.try_clone()?, kind.is_file().then_some(file))
    };
    let growing = file.is_none();
    let readable_twice = match &file {
        Some(file) => Compression::of_file(file)?.is_none(),
        None => false,
    };
    let (copy, store) = match file {
        _ if !keep => (None, None),
        Some(file) if readable_twice => (None, Some(Store::new(file))),
        _ => {
            let copy = tempfile::tempfile().map_err(|why| no_copy(&why))?;
            (Some(copy.try_clone()?), Some(Store::new(copy)))
        }
    };
    Ok(Opened {
        input,
        copy,
        store,
        growing,
    })
}

/// It isn't the capture that can't be opened.
fn no_copy(why: &io::Error) -> io::Error {
    let told = format!(
        "a temporary copy of it can't be created ({why}); TMPDIR=FOLDER before the command names another place"
    );
    io::Error::new(why.kind(), told)
}

impl Opened {
    /// The capture itself, decompressed and copied as need be. Waits for the first octets.
    pub(super) fn into_capture(self) -> io::Result<Capture> {
        let mut magic = Vec::new();
        (&self.input).take(MAGIC as u64).read_to_end(&mut magic)?;
        let compression = Compression::of(&magic);
        let whole = Cursor::new(magic).chain(self.input);
        let (capture, compressed): (Box<dyn Read + Send>, _) = match compression {
            Some(compression) => {
                let decompressed = Decompressed::start(compression, whole);
                let compressed = decompressed.compressed();
                (Box::new(decompressed), Some(compressed))
            }
            None => (Box::new(whole), None),
        };
        let capture = match self.copy {
            Some(copy) => Box::new(Copying {
                input: capture,
                copy: Some(copy),
                granted: 0,
            }),
            None => capture,
        };
        Ok(Savefile::of_compressed(capture, compressed))
    }
}

/// A capture that is read, from wherever.
pub type Capture = Savefile<Box<dyn Read + Send>>;

/// Reads on a thread of its own until the input ends or nobody listens.
pub fn start(opened: Opened, selection: Selection, mut sink: Sink) {
    thread::spawn(move || {
        let mut collector = Collector::new(selection);
        let growing = opened.growing;
        let ended = match opened.into_capture() {
            Ok(capture) => read(capture, growing, &mut collector, &mut sink),
            Err(why) => Some(failed(why.to_string())),
        };
        if let Some(ended) = ended {
            sink(Feed::Batch(collector.flush()));
            sink(Feed::Ended(ended));
        }
    });
}

fn failed(error: String) -> Ended {
    Ended {
        cut: None,
        error: Some(error),
    }
}

/// `None`: nobody listens any more.
fn read(
    mut savefile: Capture,
    growing: bool,
    collector: &mut Collector,
    sink: &mut Sink,
) -> Option<Ended> {
    loop {
        loop {
            match savefile.next_frame() {
                Ok(Next::Frame(frame)) => {
                    if let Err(why) = collector.take(&frame) {
                        return Some(failed(why));
                    }
                }
                Ok(Next::Incomplete) => break,
                Err(why) => return Some(failed(why)),
            }
            if collector.is_full() && !sink(Feed::Batch(collector.flush())) {
                return None;
            }
        }
        // What has been read is handed on before waiting for more: a pipe may be slow.
        if growing && !sink(Feed::Batch(collector.flush())) {
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
            // A compressed stream that is cut short.
            Err(why) if why.kind() == io::ErrorKind::UnexpectedEof => {
                return Some(Ended {
                    cut: Some(savefile.cut_short()),
                    error: None,
                });
            }
            Err(why) => {
                return Some(failed(format!(
                    "reading stopped: {why}; everything before is shown"
                )));
            }
        }
    }
}

/// The part of a file system that a copy leaves free for others: a tenth.
const LEFT_FREE: u64 = 10;

/// Octets to copy before looking again how much is free.
const UNASKED: usize = 16 << 20;

/// Copies what is read from an input that can be read only once.
struct Copying<R> {
    input: R,
    copy: Option<File>,
    /// Octets that may be copied before looking again.
    granted: usize,
}

/// Writes where there is room enough for others, too.
fn copy_on(mut copy: &File, octets: &[u8], granted: &mut usize) -> io::Result<()> {
    if *granted < octets.len() {
        let room = rustix::fs::fstatvfs(copy)?;
        if room.f_bavail < room.f_blocks / LEFT_FREE {
            return Err(io::ErrorKind::StorageFull.into());
        }
        *granted = octets.len().max(UNASKED);
    }
    *granted -= octets.len();
    copy.write_all(octets)
}

impl<R: Read> Read for Copying<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.input.read(buffer)?;
        // Without room for a copy, frames can't be read back; that stops nobody from reading on.
        if let Some(copy) = &self.copy
            && copy_on(copy, &buffer[..count], &mut self.granted).is_err()
        {
            self.copy = None;
        }
        Ok(count)
    }
}
