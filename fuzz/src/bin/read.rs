//! Octets as a saved capture (pcap, pcapng, gzip): read to the end in pieces of any size, each frame decoded.
#![no_main]

use std::io::{self, Cursor, Read};

use libfuzzer_sys::fuzz_target;
use tcpviz::source::decompress::{Compression, Decompressed};
use tcpviz::source::savefile::{Next, Savefile};
use tcpviz::wire::{decode, decode_error};

/// Frames looked at: what a bomb decompresses to has no end.
const MOST: usize = 100_000;

/// Reads so many octets at once.
struct Pieces<R>(R, usize);

impl<R: Read> Read for Pieces<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = buffer.len().min(self.1);
        self.0.read(&mut buffer[..count])
    }
}

fuzz_target!(|bytes: &[u8]| {
    let Some((&piece, octets)) = bytes.split_first() else {
        return;
    };
    let input = Cursor::new(octets.to_vec());
    let input: Box<dyn Read> = match Compression::of(octets) {
        Some(compression) => Box::new(Decompressed::start(compression, input)),
        None => Box::new(input),
    };
    let size = if piece == 0 {
        usize::MAX
    } else {
        usize::from(piece)
    };
    let mut savefile = Savefile::new(Pieces(input, size));
    let mut frames = 0;
    loop {
        match savefile.next_frame() {
            Ok(Next::Frame(frame)) => {
                frames += 1;
                assert!(frame.data.len() <= 262_144);
                let _ = decode(&frame);
                let _ = decode_error(&frame);
            }
            Ok(Next::Incomplete) => match savefile.fill() {
                Ok(true) => {}
                Ok(false) | Err(_) => break,
            },
            Err(why) => {
                assert!(
                    !why.contains('\n') && !why.chars().any(char::is_control),
                    "{why:?}"
                );
                break;
            }
        }
        if frames > MOST {
            return;
        }
    }
    let _ = (savefile.cut(), savefile.cut_short());
});
