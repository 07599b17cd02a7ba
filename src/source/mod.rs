//! Where frames come from: a saved capture, standard input, or a live interface. Each source runs
//! on a thread of its own, decodes there, and hands batches of segments to a [`Sink`].

pub mod buffer;
pub mod file;
pub mod filter;
pub mod frames;
#[cfg(feature = "live")]
pub mod live;
pub mod save;
pub mod savefile;
pub mod store;
#[cfg(feature = "live")]
mod tstamp;

pub use file::open;
pub use filter::Selection;
pub use frames::Frames;
pub use store::Store;

use crate::wire::{
    Batch, Captured, CapturedError, Decoded, Feed, Frame, Place, Ports, decode, decode_error,
};
use filter::FrameFilter;

/// Takes what a source hands on; `false` means that nobody listens any more.
pub type Sink = Box<dyn FnMut(Feed) -> bool + Send>;

/// Decodes frames into the batch under way.
struct Collector {
    ports: Ports,
    filter: FrameFilter,
    batch: Batch,
}

impl Collector {
    fn new(selection: Selection) -> Self {
        Collector {
            filter: FrameFilter::new(selection.expression),
            ports: selection.ports,
            batch: Batch::default(),
        }
    }

    /// Takes one frame; an error is a filter that can't be compiled for its link type.
    fn take(&mut self, frame: &Frame<'_>) -> Result<(), String> {
        let tally = &mut self.batch.tally;
        tally.frames += 1;
        self.batch.link.get_or_insert(frame.link);
        if frame.link.is_known() && !self.filter.matches(frame)? {
            tally.filtered += 1;
            // A filter of ports can't look into what an error quotes.
            self.take_error(frame);
            return Ok(());
        }
        match decode(frame) {
            Err(why) => {
                tally.count(why);
                self.take_error(frame);
            }
            Ok(Decoded { segment, .. }) if !self.ports.match_ends(segment.src, segment.dst) => {
                tally.filtered += 1;
            }
            Ok(decoded) => self.batch.segments.push(Captured {
                time_ns: frame.time_ns,
                place: place(frame),
                segment: decoded.segment,
            }),
        }
        Ok(())
    }

    /// A frame that holds no TCP may be an ICMP error about it.
    fn take_error(&mut self, frame: &Frame<'_>) {
        let error = decode_error(frame).filter(|error| self.ports.match_ends(error.src, error.dst));
        if let Some(error) = error {
            self.batch.errors.push(CapturedError {
                time_ns: frame.time_ns,
                place: place(frame),
                error,
            });
        }
    }

    /// What was collected since the last call; the counts go on.
    fn flush(&mut self) -> Batch {
        let next = Batch {
            segments: Vec::with_capacity(self.batch.segments.len()),
            errors: Vec::new(),
            tally: self.batch.tally,
            link: self.batch.link,
        };
        std::mem::replace(&mut self.batch, next)
    }
}

/// Where a frame stands.
fn place(frame: &Frame<'_>) -> Place {
    Place {
        offset: frame.offset,
        captured: u32::try_from(frame.data.len()).unwrap_or(u32::MAX),
        wire_len: frame.wire_len,
        link: frame.link,
        frame: frame.number,
    }
}
