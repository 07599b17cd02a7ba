//! The file of all that was captured while the command ran, also of others.

use std::io;

use tcpviz::source::held::Held;
use tcpviz::source::save::SaveFile;

use crate::live::Saved;

/// It goes once it isn't needed. Whoever kills tcpviz before finds it under its name.
pub struct Rough {
    held: Held,
    /// Nothing else holds what is in it.
    is_needed: bool,
}

impl Rough {
    pub fn new(held: Held) -> Rough {
        Rough {
            held,
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
        let _ = self.held.remove();
    }

    /// Writes what stays over what was there: that takes no more room.
    ///
    /// # Errors
    /// Those of [`SaveFile::over`].
    pub fn over(&self) -> io::Result<SaveFile> {
        SaveFile::over(&self.held)
    }

    /// Tells where it is.
    pub fn tell(&self, segments: u64) {
        say!("tcpviz: all that was captured is left, also what isn't the command's");
        Saved::of(&self.held, segments).tell_all();
    }
}

impl Drop for Rough {
    fn drop(&mut self) {
        if !self.is_needed {
            self.remove();
        }
    }
}
