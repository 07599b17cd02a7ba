//! Reading a frame's octets back from the capture file.

use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::FileExt;
use std::sync::Arc;

use crate::wire::Place;

/// The capture file (or the copy of a pipe).
#[derive(Clone, Debug)]
pub struct Store {
    file: Arc<File>,
}

impl Store {
    #[must_use]
    pub fn new(file: File) -> Self {
        Store {
            file: Arc::new(file),
        }
    }

    /// The captured octets of the frame at `place`.
    ///
    /// # Errors
    /// The file was truncated, replaced by something shorter, or can't be read any more.
    pub fn frame(&self, place: &Place) -> io::Result<Vec<u8>> {
        let mut octets = vec![0; place.captured as usize];
        let read = self.file.read_exact_at(&mut octets, place.offset);
        read.map_err(|why| match why.kind() {
            io::ErrorKind::UnexpectedEof => {
                io::Error::new(why.kind(), "the file has become shorter since it was read")
            }
            _ => why,
        })?;
        Ok(octets)
    }

    /// Reads the file from its start on, as far as it has been written.
    #[must_use]
    pub fn growing(&self) -> Growing {
        self.growing_from(0)
    }

    /// The same from an octet on.
    #[must_use]
    pub fn growing_from(&self, position: u64) -> Growing {
        Growing {
            file: Arc::clone(&self.file),
            position,
        }
    }
}

/// A capture file that is still being written: where it ends now, more may stand later. Whoever writes
/// it isn't disturbed: the position is its own.
#[derive(Debug)]
pub struct Growing {
    file: Arc<File>,
    position: u64,
}

impl Read for Growing {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.file.read_at(buffer, self.position)?;
        self.position += count as u64;
        Ok(count)
    }
}
