//! Where text goes. The file of `--output` is made before anything is written, so that what is wrong with it is told first, but neither emptied nor left
//! behind unless something is.

use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use tcpviz::privilege;
use tcpviz::source::{held, save};

use crate::view::WRITING;

/// Where an error says that it is the output that can't be written.
pub struct Output<W>(pub W);

impl<W: Write> Write for Output<W> {
    fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
        self.0.write(octets).map_err(|why| about_writing(&why))
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush().map_err(|why| about_writing(&why))
    }
}

fn about_writing(why: &io::Error) -> io::Error {
    io::Error::new(why.kind(), format!("{WRITING}: {why}"))
}

pub struct OutFile {
    file: File,
    path: PathBuf,
    /// It wasn't there before.
    is_new: bool,
    /// Something was written, or it is to be empty.
    is_begun: bool,
}

impl OutFile {
    /// Opens the file; one that exists only with `force`.
    ///
    /// # Errors
    /// Those of [`save::open`].
    pub fn open(path: &Path, force: bool) -> io::Result<OutFile> {
        let (file, is_new) = privilege::by_caller(|| save::open(path, force))?;
        Ok(OutFile {
            file,
            path: path.to_path_buf(),
            is_new,
            is_begun: false,
        })
    }

    /// Empties it before the first octet.
    fn begin(&self) -> io::Result<()> {
        if self.is_begun {
            return Ok(());
        }
        self.file.set_len(0)
    }
}

impl Write for OutFile {
    fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
        self.begin()?;
        // A full disk takes none: the file goes again then.
        let written = self.file.write(octets)?;
        self.is_begun = true;
        Ok(written)
    }

    /// What was written is all of it, also if that is nothing.
    fn flush(&mut self) -> io::Result<()> {
        self.begin()?;
        self.is_begun = true;
        self.file.flush()
    }
}

impl Drop for OutFile {
    fn drop(&mut self) {
        if self.is_new && !self.is_begun {
            let _ = privilege::by_caller(|| held::remove(&self.path, &self.file));
        }
    }
}
