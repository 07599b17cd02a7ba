//! Where frames come from: a saved capture, standard input, or a live interface. Each source runs
//! on a thread of its own, decodes there, and hands batches of segments to a [`Sink`].

#[cfg(feature = "live")]
mod behind;
pub mod buffer;
pub mod decompress;
pub mod file;
pub mod filter;
pub mod frames;
pub mod held;
#[cfg(all(feature = "live", target_os = "linux"))]
mod interface;
#[cfg(feature = "live")]
pub mod live;
pub mod save;
pub mod savefile;
pub mod store;

pub use file::open;
pub use filter::Selection;
pub use frames::Frames;
pub use store::Store;

use std::collections::VecDeque;
use std::sync::Arc;

use crate::wire::{
    Batch, Captured, CapturedError, Feed, Frame, Place, Ports, Segment, decode, decode_error,
    decode_plain, pair,
};
use filter::FrameFilter;

/// Takes what a source hands on; `false` means that nobody listens any more.
pub type Sink = Box<dyn FnMut(Feed) -> bool + Send>;

/// Frames after which a batch is handed on: few enough that one stays in a core's cache until it is
/// looked at, enough that handing it on costs nothing.
const BATCH: u64 = 1024;

/// Batches remembered to be used again; more than may wait for anybody who keeps up.
const LENT: usize = 128;

/// Of those, how many stay when nobody has them any more: each keeps the room of the largest batch that it was.
const SPARE: usize = 16;

/// Decodes frames into the batch under way.
struct Collector {
    ports: Ports,
    filter: FrameFilter,
    batch: Batch,
    /// The count of frames with which the batch is full.
    full_at: u64,
    /// Batches handed on, the oldest first: memory that was used before costs much less than fresh.
    lent: VecDeque<Arc<Batch>>,
}

impl Collector {
    fn new(selection: Selection) -> Self {
        Collector {
            filter: FrameFilter::new(selection.expression),
            ports: selection.ports,
            batch: Batch::default(),
            full_at: BATCH,
            lent: VecDeque::new(),
        }
    }

    /// Whether it is time to hand the batch on.
    fn is_full(&self) -> bool {
        self.batch.tally.frames >= self.full_at
    }

    /// Takes one frame; an error is a filter that can't be compiled for its link type.
    fn take(&mut self, frame: &Frame<'_>) -> Result<(), String> {
        let tally = &mut self.batch.tally;
        tally.frames += 1;
        self.batch.link.get_or_insert(frame.link);
        if !self.filter.matches(frame)? {
            tally.filtered += 1;
            // A filter of ports can't look into what an error quotes.
            self.take_error(frame);
            return Ok(());
        }
        // The two ways don't meet before the segment is where it stays: it would be moved there.
        if let Some(decoded) = decode_plain(frame) {
            self.keep(frame, decoded.segment);
            return Ok(());
        }
        match decode(frame) {
            Ok(decoded) => self.keep(frame, decoded.segment),
            Err(why) => {
                self.batch.tally.count(why);
                self.take_error(frame);
            }
        }
        Ok(())
    }

    #[inline]
    fn keep(&mut self, frame: &Frame<'_>, segment: Segment) {
        if self.ports.match_ends(segment.src, segment.dst) {
            self.batch.pairs.push(pair(segment.src, segment.dst));
            self.batch.segments.push(Captured {
                time_ns: frame.time_ns,
                place: place(frame),
                segment,
            });
        } else {
            self.batch.tally.filtered += 1;
        }
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

    /// Forgets all but so many frames, which end at octet `end` of the file: the others couldn't be written.
    #[cfg(feature = "live")]
    fn keep_only(&mut self, frames: u64, end: u64) {
        let stands = |place: &Place| place.offset + u64::from(place.captured) <= end;
        let batch = &mut self.batch;
        let segments = batch.segments.partition_point(|it| stands(&it.place));
        batch.segments.truncate(segments);
        batch.pairs.truncate(segments);
        let errors = batch.errors.partition_point(|it| stands(&it.place));
        batch.errors.truncate(errors);
        batch.tally.frames = frames;
    }

    /// What was collected since the last call; the counts go on.
    fn flush(&mut self) -> Arc<Batch> {
        let mut next = self.unused();
        (next.tally, next.link) = (self.batch.tally, self.batch.link);
        self.full_at = next.tally.frames + BATCH;
        let full = Arc::new(std::mem::replace(&mut self.batch, next));
        self.lent.push_back(full.clone());
        full
    }

    /// An empty batch: one that everybody is done with, if there is one.
    fn unused(&mut self) -> Batch {
        match self.lent.pop_front().map(Arc::try_unwrap) {
            Some(Ok(mut batch)) => {
                let is_spare = |batch: &Arc<Batch>| Arc::strong_count(batch) == 1;
                if self.lent.len() > SPARE && self.lent.front().is_some_and(is_spare) {
                    self.lent.pop_front();
                }
                batch.segments.clear();
                batch.pairs.clear();
                batch.errors.clear();
                batch
            }
            Some(Err(in_use)) => {
                if self.lent.len() < LENT {
                    self.lent.push_front(in_use);
                }
                Batch::default()
            }
            None => Batch::default(),
        }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_batches_that_a_burst_took_few_are_kept_once_nobody_has_them() {
        let mut collector = Collector::new(Selection::default());
        let held: Vec<_> = (0..3 * SPARE).map(|_| collector.flush()).collect();
        assert_eq!(collector.lent.len(), held.len());
        drop(held);
        for _ in 0..3 * SPARE {
            drop(collector.flush());
        }
        // And the one just handed on.
        assert_eq!(collector.lent.len(), SPARE + 1);
    }
}
