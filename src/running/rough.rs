//! The file of all that was captured while the command ran, also of others.

use std::fs;
use std::io;
use std::path::PathBuf;

use tcpviz::source::save::SaveFile;

use crate::live::Saved;

/// It goes once it isn't needed. Whoever kills tcpviz before finds it under its name.
pub struct Rough {
    path: PathBuf,
    /// Nothing else holds what is in it.
    is_needed: bool,
}

impl Rough {
    pub fn new(path: PathBuf) -> Rough {
        Rough {
            path,
            is_needed: false,
        }
    }

    /// From now on it stays, whatever fails.
    pub fn is_needed(&mut self) {
        self.is_needed = true;
    }

    /// What was the command's is kept elsewhere, or nothing is.
    pub fn remove(&mut self) {
        self.is_needed = false;
        // Where it has gone there is nothing to do.
        let _ = fs::remove_file(&self.path);
    }

    /// Writes what stays over what was there: that takes no more room.
    ///
    /// # Errors
    /// It can't be opened.
    pub fn over(&self) -> io::Result<SaveFile> {
        SaveFile::over(&self.path)
    }

    /// Tells where it is.
    pub fn tell(&self, segments: u64) {
        say!("tcpviz: all that was captured is left, also what isn't the command's");
        Saved::temporary(self.path.clone(), segments).tell();
    }
}

impl Drop for Rough {
    fn drop(&mut self) {
        if !self.is_needed {
            self.remove();
        }
    }
}
