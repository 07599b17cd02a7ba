//! The frames of a capture one by one, for whoever wants their octets: nothing is decoded, and no
//! thread is started.

use std::io::{self, Read};

use super::file::Opened;
use super::filter::FrameFilter;
use super::savefile::{Next, Savefile};
use super::store::{Growing, Store};
use crate::wire::{Ended, Frame};

/// What comes along.
pub enum Visit<'a> {
    Frame(&'a Frame<'a>),
    /// A frame that the filter left out.
    LeftOut,
    /// Nothing whole is in the buffer: reading on may wait, or can't be because of damage.
    Pause,
}

/// A capture being read.
pub struct Frames<R> {
    savefile: Savefile<R>,
    filter: FrameFilter,
}

impl Frames<Box<dyn Read + Send>> {
    /// Of a capture that was opened; `expression` is a libpcap filter. Waits for the first octets.
    ///
    /// # Errors
    /// They can't be read.
    pub fn of(opened: Opened, expression: Option<String>) -> io::Result<Self> {
        Ok(Frames {
            savefile: opened.into_capture()?,
            filter: FrameFilter::new(expression),
        })
    }
}

impl Frames<Growing> {
    /// Of a file that a live capture is being written to: all that it holds, and at each
    /// [`Frames::visit`] what has come since the one before.
    #[must_use]
    pub fn following(store: &Store) -> Self {
        Frames {
            savefile: Savefile::new(store.growing()),
            filter: FrameFilter::new(None),
        }
    }
}

impl<R: Read> Frames<R> {
    /// Hands on every frame up to the input's end, until `visit` returns `false`: then `None`.
    pub fn visit(&mut self, mut visit: impl FnMut(Visit<'_>) -> bool) -> Option<Ended> {
        let failed = |error: String| {
            Some(Ended {
                cut: None,
                error: Some(error),
            })
        };
        let cut = |cut: Option<String>| Some(Ended { cut, error: None });
        loop {
            let damage = loop {
                let frame = match self.savefile.next_frame() {
                    Ok(Next::Frame(frame)) => frame,
                    Ok(Next::Incomplete) => break None,
                    Err(why) => break Some(why),
                };
                let wanted = match self.filter.matches(&frame) {
                    _ if !frame.link.is_known() => true,
                    Ok(wanted) => wanted,
                    Err(why) => break Some(why),
                };
                let come = if wanted {
                    Visit::Frame(&frame)
                } else {
                    Visit::LeftOut
                };
                if !visit(come) {
                    return None;
                }
            };
            if !visit(Visit::Pause) {
                return None;
            }
            if let Some(why) = damage {
                return failed(why);
            }
            match self.savefile.fill() {
                Ok(true) => {}
                Ok(false) => return cut(self.savefile.cut()),
                // A compressed stream that is cut short.
                Err(why) if why.kind() == io::ErrorKind::UnexpectedEof => {
                    return cut(Some(self.savefile.cut_short()));
                }
                Err(why) => {
                    return failed(format!(
                        "reading stopped: {why}; everything before is shown"
                    ));
                }
            }
        }
    }
}
