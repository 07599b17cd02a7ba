//! Writing a live capture to its file as it comes: nanosecond pcap, which tcpdump and Wireshark
//! read.

use std::env;
use std::fs::{File, OpenOptions};
use std::io::{self, Seek, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use rustix::fs::{FlockOperation, OFlags, flock};

use super::held::Held;
use crate::wire::{LinkType, Place};

/// libpcap's MAXIMUM_SNAPLEN: frames are saved whole.
pub const SNAPLEN: u32 = 262_144;

/// Octets of a pcap file's header: a file no longer than this holds no frame.
pub const FILE_HEADER: usize = 24;

/// Octets of a pcap record's header.
const RECORD_HEADER: usize = 16;

/// Creates a file. An existing one is taken only with `force`, only if it is a regular file, not through a symbolic link,
/// and stays whose it is. Links among the folders on the way are followed.
///
/// # Errors
/// It exists and `force` isn't set, is no regular file, or can't be opened.
pub fn create(path: &Path, force: bool) -> io::Result<File> {
    let (file, is_new) = open(path, force)?;
    if !is_new {
        file.set_len(0)?;
    }
    Ok(file)
}

/// Creates a file that isn't there yet, only to be written: whoever may no longer read in its folder may do that.
///
/// # Errors
/// It exists, or can't be created.
pub fn create_new(path: &Path) -> io::Result<File> {
    OpenOptions::new().write(true).create_new(true).open(path)
}

/// The same, but one that exists keeps what it holds; whether it is new. Until it is closed it is locked: another tcpviz doesn't
/// take it.
///
/// # Errors
/// Those of [`create`]; `WouldBlock` if somebody else has locked it.
pub fn open(path: &Path, force: bool) -> io::Result<(File, bool)> {
    let mut options = OpenOptions::new();
    options
        .read(true)
        .write(true)
        .custom_flags(OFlags::NOFOLLOW.bits().cast_signed());
    match options.clone().create_new(true).open(path) {
        Err(why) if force && why.kind() == io::ErrorKind::AlreadyExists => {
            let file = options.open(path)?;
            if !file.metadata()?.is_file() {
                return Err(io::Error::other("it is not a regular file"));
            }
            lock(&file)?;
            Ok((file, false))
        }
        created => {
            let file = created?;
            lock(&file)?;
            Ok((file, true))
        }
    }
}

/// Where the file system has no locks there is none.
fn lock(file: &File) -> io::Result<()> {
    match flock(file, FlockOperation::NonBlockingLockExclusive) {
        Err(rustix::io::Errno::WOULDBLOCK) => Err(rustix::io::Errno::WOULDBLOCK.into()),
        _ => Ok(()),
    }
}

/// Cuts every frame of a file that [`SaveFile`] wrote to its first `snap` octets.
///
/// # Errors
/// It can't be read or written.
pub fn trim(path: &Path, snap: u32) -> io::Result<()> {
    let whole = std::fs::read(path)?;
    let (header, mut rest) = whole.split_at(whole.len().min(FILE_HEADER));
    let mut trimmed = header.to_vec();
    while let Some((head, after)) = rest.split_at_checked(RECORD_HEADER) {
        let word = |at: usize| head[at..at + 4].try_into().map_or(0, u32::from_le_bytes);
        let captured = (word(8) as usize).min(after.len());
        let kept = captured.min(snap as usize);
        trimmed.extend(&head[..8]);
        trimmed.extend(u32::try_from(kept).unwrap_or(snap).to_le_bytes());
        trimmed.extend(&head[12..]);
        trimmed.extend(&after[..kept]);
        rest = &after[captured..];
    }
    std::fs::write(path, trimmed)
}

/// Octets collected before they are written: they stay in a core's cache until then.
const WRITTEN_AT_ONCE: usize = 256 << 10;

/// Writes frames of a capture to a file of their own, which must not exist yet: when each came (nanoseconds since the
/// Unix epoch), and where it stands. Returns how many.
///
/// # Errors
/// The file exists or can't be written; a frame can't be read back; the frames have several link types. No part of a file
/// is left then.
pub fn extract(
    path: &Path,
    frames: &[(u64, Place)],
    read_back: impl Fn(&Place) -> io::Result<Vec<u8>>,
) -> io::Result<u64> {
    let link = frames
        .first()
        .map_or(LinkType::ETHERNET, |(_, place)| place.link);
    if frames.iter().any(|(_, place)| place.link != link) {
        let why = "its frames have several link types, and a pcap file has one";
        return Err(io::Error::other(why));
    }
    let mut file = SaveFile::of(create_new(path)?, path.to_path_buf());
    let mut write = || {
        file.begin(link)?;
        for (time_ns, place) in frames {
            file.add(*time_ns, place.wire_len, &read_back(place)?);
            if file.is_full() {
                file.flush()?;
            }
        }
        file.flush()
    };
    if let Err(why) = write() {
        file.held.remove()?;
        return Err(why);
    }
    Ok(frames.len() as u64)
}

/// A file under a name that nobody can guess, which is its maker's alone, and stays.
fn temporary(folder: &Path) -> io::Result<(File, PathBuf)> {
    let mut named = tempfile::Builder::new();
    let named = named
        .prefix("tcpviz-")
        .suffix(".pcap")
        .tempfile_in(folder)?;
    lock(named.as_file())?;
    Ok(named.keep()?)
}

/// The file a live capture goes to.
#[derive(Debug)]
pub struct SaveFile {
    pub held: Held,
    pending: Vec<u8>,
    /// Frames in `pending`.
    waiting: u64,
    frames: u64,
}

impl SaveFile {
    /// Creates the file `path`, or a temporary one.
    ///
    /// # Errors
    /// Those of [`create`]; a temporary file can't be had.
    pub fn create(path: Option<&Path>, force: bool) -> io::Result<Self> {
        if let Some(path) = path {
            return Ok(SaveFile::of(create(path, force)?, path.to_path_buf()));
        }
        // root's own TMPDIR, as pam_tmpdir makes one, is nothing for who called sudo.
        let (file, path) = match temporary(&env::temp_dir()) {
            Err(why) if why.kind() == io::ErrorKind::PermissionDenied => {
                temporary(Path::new("/tmp"))?
            }
            made => made?,
        };
        Ok(SaveFile::temporary(file, path))
    }

    fn of(file: File, path: PathBuf) -> Self {
        SaveFile::to(Held::new(file, path))
    }

    fn temporary(file: File, path: PathBuf) -> Self {
        let mut save = SaveFile::of(file, path);
        save.held.temporary = true;
        save
    }

    fn to(held: Held) -> Self {
        SaveFile {
            held,
            pending: Vec::new(),
            waiting: 0,
            frames: 0,
        }
    }

    /// A file that never has a name, and is gone with the process, however that ends.
    ///
    /// # Errors
    /// A temporary file can't be had.
    pub fn unnamed() -> io::Result<Self> {
        Ok(SaveFile::temporary(tempfile::tempfile()?, PathBuf::new()))
    }

    /// Writes over a file that nobody writes to any more, from its start on.
    ///
    /// # Errors
    /// Its start can't be found.
    pub fn over(held: &Held) -> io::Result<Self> {
        (&*held.file).rewind()?;
        Ok(SaveFile::to(held.anew()))
    }

    /// Ends the file behind what was flushed.
    ///
    /// # Errors
    /// It can't be made shorter.
    pub fn end(&self) -> io::Result<()> {
        self.held.file.set_len(self.written())
    }

    /// A second handle, to read frames back from.
    ///
    /// # Errors
    /// The process has no file descriptor left.
    pub fn reader(&self) -> io::Result<File> {
        self.held.file.try_clone()
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
        let offset = self.written() + (self.pending.len() + RECORD_HEADER) as u64;
        for word in [seconds, nanoseconds, captured, wire_len] {
            self.pending.extend(word.to_le_bytes());
        }
        self.pending.extend(data);
        self.waiting += 1;
        offset
    }

    /// Whether it is time to flush: what waits takes memory.
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.pending.len() >= WRITTEN_AT_ONCE
    }

    /// Hands everything added to the kernel: what was captured survives this process from here on.
    ///
    /// # Errors
    /// The file system is full, or the like: the file ends behind the last frame that has room, so that it opens again. Or
    /// somebody else has made it shorter: nothing is written behind the hole that would be.
    pub fn flush(&mut self) -> io::Result<()> {
        if self.held.is_cut() {
            (self.waiting, self.pending) = (0, Vec::new());
            return Err(io::Error::other(
                "somebody else has made it shorter, and what was cut off is lost",
            ));
        }
        let written = (&*self.held.file).write_all(&self.pending);
        if written.is_err() {
            self.keep_whole_frames()?;
        }
        self.held.wrote(self.pending.len() as u64);
        self.frames += std::mem::take(&mut self.waiting);
        self.pending.clear();
        written
    }

    /// Forgets what isn't whole of what was written last.
    fn keep_whole_frames(&mut self) -> io::Result<()> {
        let here = (&*self.held.file).stream_position()?;
        let here = here.saturating_sub(self.written());
        let room = usize::try_from(here).unwrap_or(usize::MAX);
        let (mut end, mut whole, mut frames) = (0, 0, 0);
        if self.written() == 0 {
            end = FILE_HEADER;
            whole = if end <= room { end } else { 0 };
        }
        while let Some(header) = self.pending.get(end..end + RECORD_HEADER) {
            let captured = header[8..12].try_into().map_or(0, u32::from_le_bytes);
            end += RECORD_HEADER + captured as usize;
            if end > room {
                break;
            }
            (whole, frames) = (end, frames + 1);
        }
        self.waiting = frames;
        self.pending.truncate(whole);
        self.held.file.set_len(self.written() + whole as u64)
    }

    /// Has the disk take all that was written. Where that fails there is nothing left to do about it.
    pub fn sync(&self) {
        let _ = self.held.file.sync_data();
    }

    /// Frames that have been written.
    #[must_use]
    pub fn frames(&self) -> u64 {
        self.frames
    }

    /// Octets that have been written.
    #[must_use]
    pub fn written(&self) -> u64 {
        self.held.written()
    }
}
