//! What is said of the capture file at the end: where it is, or what somebody else has done to it.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::bail;

use tcpviz::source::held::{Held, Standing};
use tcpviz::story::numbers::{counted, printable};

use super::quoted;
use crate::is_broken_pipe;

/// A capture file, and how many segments are in it.
pub struct Saved {
    held: Held,
    pub segments: Arc<AtomicU64>,
}

impl Saved {
    pub fn of(held: &Held, segments: u64) -> Self {
        Saved {
            held: held.clone(),
            segments: Arc::new(segments.into()),
        }
    }

    /// Says where the capture is and how to see it again; a temporary file without a frame goes.
    ///
    /// # Errors
    /// It isn't there any more, or isn't as it was written.
    pub fn tell(&self) -> anyhow::Result<()> {
        let segments = counted(self.segments.load(Ordering::Relaxed), "segment");
        let name = printable(&self.held.path.to_string_lossy());
        let path = quoted(&self.held.path.to_string_lossy());
        // The file itself is asked, not what reached the view: that may be less.
        let is_empty = !self.held.holds_frames();
        match self.held.standing() {
            Standing::Here | Standing::Removed if is_empty && self.held.temporary => {
                let _ = self.held.remove();
                say!("tcpviz: nothing was captured");
            }
            Standing::Removed => bail!(
                "{name} was removed while tcpviz ran, and nothing under that name is this capture: {segments} lost, unless copied before; \
                 --write FILE names a file elsewhere"
            ),
            Standing::Changed(octets) => bail!(
                "{name} isn't as tcpviz wrote it: it has {octets} octets, not {}; of {segments} see what is left: tcpviz {path}",
                self.held.written()
            ),
            Standing::Here if is_empty => {
                say!("tcpviz: nothing was captured; {path} holds no frame");
            }
            Standing::Here => {
                say!("tcpviz: {segments} saved in {path}; to see them again: tcpviz {path}");
            }
            Standing::Moved(new) => tell_moved(&segments, &name, new.as_deref()),
        }
        Ok(())
    }

    /// The same behind a result, which counts more, unless it is only that nobody reads any more.
    ///
    /// # Errors
    /// Those of either.
    pub fn tell_behind(&self, result: anyhow::Result<()>) -> anyhow::Result<()> {
        match result {
            Err(why) if !is_broken_pipe(&why) => {
                self.tell_all();
                Err(why)
            }
            result => self.tell().and(result),
        }
    }

    /// The same where the exit code is another's.
    pub fn tell_all(&self) {
        if let Err(why) = self.tell() {
            crate::tell(&why);
        }
    }
}

fn tell_moved(segments: &str, name: &str, new: Option<&Path>) {
    match new.map(|new| quoted(&new.to_string_lossy())) {
        Some(new) => say!(
            "tcpviz: {name} has another name now: {segments} saved in {new}; to see them again: tcpviz {new}"
        ),
        None => say!("tcpviz: {name} has another name now, with {segments} in it"),
    }
}
