//! Writing a live capture to its file as it comes: nanosecond pcap, which tcpdump and Wireshark
//! read.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{OpenOptionsExt, fchown};
use std::path::{Path, PathBuf};

use crate::wire::LinkType;

/// libpcap's MAXIMUM_SNAPLEN: frames are saved whole.
pub const SNAPLEN: u32 = 262_144;

/// Octets of a pcap record's header.
const RECORD_HEADER: u64 = 16;

/// The file a live capture goes to.
#[derive(Debug)]
pub struct SaveFile {
    file: File,
    pub path: PathBuf,
    /// Nobody named it: a temporary file, removed again if nothing is captured.
    pub temporary: bool,
    written: u64,
    pending: Vec<u8>,
}

impl SaveFile {
    /// Creates the file `path`, or a temporary one; it will belong to `owner` (user and group
    /// number) if given.
    ///
    /// # Errors
    /// It exists and `force` isn't set, or can't be created.
    pub fn create(path: Option<&Path>, force: bool, owner: Option<(u32, u32)>) -> io::Result<Self> {
        let (file, path, temporary) = match path {
            Some(path) => {
                let mut options = OpenOptions::new();
                options
                    .read(true)
                    .write(true)
                    .custom_flags(rustix::fs::OFlags::NOFOLLOW.bits().cast_signed());
                let options = if force {
                    options.create(true).truncate(true)
                } else {
                    options.create_new(true)
                };
                (options.open(path)?, path.to_path_buf(), false)
            }
            None => {
                let named = tempfile::Builder::new()
                    .prefix("tcpviz-")
                    .suffix(".pcap")
                    .tempfile()?;
                let (file, path) = named.keep()?;
                (file, path, true)
            }
        };
        if let Some((user, group)) = owner {
            fchown(&file, Some(user), Some(group))?;
        }
        Ok(SaveFile {
            file,
            path,
            temporary,
            written: 0,
            pending: Vec::new(),
        })
    }

    /// A second handle, to read frames back from.
    ///
    /// # Errors
    /// The process has no file descriptor left.
    pub fn reader(&self) -> io::Result<File> {
        self.file.try_clone()
    }

    /// Writes the file header.
    ///
    /// # Errors
    /// The file system is full, or the like.
    pub fn begin(&mut self, link: LinkType) -> io::Result<()> {
        // Magic of nanosecond pcap, version 2.4, zone and accuracy as ever 0.
        for word in [
            0xa1b2_3c4d,
            4 << 16 | 2,
            0,
            0,
            SNAPLEN,
            link.0.cast_unsigned(),
        ] {
            self.pending.extend(u32::to_le_bytes(word));
        }
        self.flush()
    }

    /// Adds a frame to what the next `flush` writes; returns where its data will stand.
    pub fn add(&mut self, time_ns: u64, wire_len: u32, data: &[u8]) -> u64 {
        let seconds = u32::try_from(time_ns / 1_000_000_000).unwrap_or(u32::MAX);
        let nanoseconds = u32::try_from(time_ns % 1_000_000_000).unwrap_or(0);
        let captured = u32::try_from(data.len()).unwrap_or(u32::MAX);
        let offset = self.written + self.pending.len() as u64 + RECORD_HEADER;
        for word in [seconds, nanoseconds, captured, wire_len] {
            self.pending.extend(word.to_le_bytes());
        }
        self.pending.extend(data);
        offset
    }

    /// Hands everything added to the kernel: what was captured survives this process from here on.
    ///
    /// # Errors
    /// The file system is full, or the like.
    pub fn flush(&mut self) -> io::Result<()> {
        self.file.write_all(&self.pending)?;
        self.written += self.pending.len() as u64;
        self.pending.clear();
        Ok(())
    }
}
