//! A fixed read buffer that knows where in the stream it stands.

use std::io::{self, Read};

/// The largest record that is looked at: the largest frame a capture may hold (libpcap's
/// MAXIMUM_SNAPLEN is 262,144 octets), and its header.
pub const CAPACITY: usize = 512 * 1024;

/// Octets to read at once: what was read is looked at while it is still in a core's cache.
const READ: usize = 128 * 1024;

/// Room behind what was read from a pipe that is worth another call.
const LITTLE: usize = READ / 4;

/// Where reading begins: the kernel copies a fifth faster to the start of a page, and in front of
/// it there is room for the part of a record that the last call left.
const PAGE: usize = 4096;

/// A window over a stream. It never grows.
pub struct Buffer<R> {
    input: R,
    octets: Box<[u8]>,
    /// The index after `CAPACITY` where a page begins.
    head: usize,
    start: usize,
    end: usize,
    /// Octets of the stream before `start`.
    consumed: u64,
}

impl<R: Read> Buffer<R> {
    pub fn new(input: R) -> Self {
        Buffer::going_on(input, 0)
    }

    /// Of a stream of which so many octets were read by somebody else.
    pub fn going_on(input: R, consumed: u64) -> Self {
        let octets: Box<[u8]> = vec![0; CAPACITY + PAGE + READ].into();
        let head = CAPACITY + octets[CAPACITY..].as_ptr().align_offset(PAGE).min(PAGE);
        Buffer {
            input,
            octets,
            head,
            start: head,
            end: head,
            consumed,
        }
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

    /// Reads once, what comes; 0 is the end of the stream. Must not be called with more than
    /// `CAPACITY` octets unread.
    ///
    /// # Errors
    /// Those of the input.
    pub fn fill(&mut self) -> io::Result<usize> {
        let until = self.head + READ;
        if until - self.end < LITTLE || self.start == self.end {
            let left = self.head - (self.end - self.start);
            self.octets.copy_within(self.start..self.end, left);
            (self.start, self.end) = (left, self.head);
        }
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

#[cfg(test)]
mod tests {
    use super::*;

    /// Gives so many octets a call, counted up from 0 to 250 over and over.
    struct Slow {
        each: usize,
        left: usize,
        next: u8,
    }

    impl Read for Slow {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let count = self.each.min(self.left).min(buffer.len());
            for octet in &mut buffer[..count] {
                *octet = self.next;
                self.next = (self.next + 1) % 251;
            }
            self.left -= count;
            Ok(count)
        }
    }

    #[test]
    fn the_largest_record_comes_together_however_little_is_read_at_once() {
        for each in [999, 5_000, 70_000, 1 << 20] {
            let mut buffer = Buffer::new(Slow {
                each,
                left: 3 * CAPACITY,
                next: 0,
            });
            let mut next = 0;
            for record in [CAPACITY, 1, CAPACITY - 1, 100, CAPACITY - 100] {
                while buffer.unread().len() < record {
                    assert!(buffer.fill().unwrap() > 0);
                }
                for octet in buffer.consume(record) {
                    assert_eq!(*octet, next, "{each} octets at once");
                    next = (next + 1) % 251;
                }
            }
            assert_eq!(
                (buffer.position(), buffer.fill().unwrap()),
                (3 * CAPACITY as u64, 0)
            );
        }
    }
}
