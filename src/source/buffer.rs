//! A fixed read buffer that knows where in the stream it stands.

use std::io::{self, Read};

/// Room for the largest frame a capture may hold (libpcap's MAXIMUM_SNAPLEN is 262,144 octets) and
/// its header.
pub const CAPACITY: usize = 512 * 1024;

/// Octets to read at once: what was read is looked at while it is still in a core's cache.
const READ: usize = 128 * 1024;

/// A window over a stream. It never grows.
pub struct Buffer<R> {
    input: R,
    octets: Box<[u8]>,
    start: usize,
    end: usize,
    /// Octets of the stream before `start`.
    consumed: u64,
}

impl<R: Read> Buffer<R> {
    pub fn new(input: R) -> Self {
        Buffer {
            input,
            octets: vec![0; CAPACITY].into(),
            start: 0,
            end: 0,
            consumed: 0,
        }
    }

    /// What has been read and not consumed, and what is to be read after it.
    pub fn into_parts(self) -> (Vec<u8>, R) {
        (self.unread().to_vec(), self.input)
    }

    /// What has been read and not consumed.
    #[must_use]
    pub fn unread(&self) -> &[u8] {
        &self.octets[self.start..self.end]
    }

    /// Octets of the stream before `unread`.
    #[must_use]
    pub fn position(&self) -> u64 {
        self.consumed
    }

    /// Passes over `count` octets, which must be among `unread`, and returns them.
    pub fn consume(&mut self, count: usize) -> &[u8] {
        let from = self.start;
        self.start += count;
        self.consumed += count as u64;
        &self.octets[from..self.start]
    }

    /// Reads once, what comes; 0 is the end of the stream. Must not be called with the buffer
    /// full of one record.
    ///
    /// # Errors
    /// Those of the input.
    pub fn fill(&mut self) -> io::Result<usize> {
        if self.start > 0 {
            self.octets.copy_within(self.start..self.end, 0);
            self.end -= self.start;
            self.start = 0;
        }
        let until = CAPACITY.min(self.end + READ);
        loop {
            match self.input.read(&mut self.octets[self.end..until]) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                result => {
                    let count = result?;
                    self.end += count;
                    return Ok(count);
                }
            }
        }
    }
}
