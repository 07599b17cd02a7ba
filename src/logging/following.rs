//! What a source hands on, in numbers.

use std::time::{Duration, Instant};

use tracing::{Level, enabled, info, warn};

use tcpviz::source::Sink;
use tcpviz::wire::{Batch, Feed, Tally};

use super::between;

/// Has what goes through a sink counted, and told from time to time, where there is a log.
pub fn following(mut sink: Sink) -> Sink {
    if !enabled!(Level::INFO) {
        return sink;
    }
    let mut counts = Counts::new();
    Box::new(move |feed| {
        match &feed {
            Feed::Batch(batch) => counts.take(batch),
            Feed::Ended(ended) => {
                counts.tell();
                info!(cut = ended.cut, error = ended.error, "the source ended");
            }
        }
        sink(feed)
    })
}

struct Counts {
    begun: Instant,
    told: Instant,
    batches: u64,
    segments: u64,
    errors: u64,
    /// Of one batch.
    most: usize,
    /// As it was told last, and as it is.
    before: Tally,
    tally: Tally,
}

impl Counts {
    fn new() -> Self {
        let now = Instant::now();
        Counts {
            begun: now,
            told: now,
            batches: 0,
            segments: 0,
            errors: 0,
            most: 0,
            before: Tally::default(),
            tally: Tally::default(),
        }
    }

    fn take(&mut self, batch: &Batch) {
        if self.batches == 0 {
            info!(link = ?batch.link, "the first frames came");
        }
        self.batches += 1;
        self.segments += batch.segments.len() as u64;
        self.errors += batch.errors.len() as u64;
        self.most = self.most.max(batch.segments.len());
        self.tally = batch.tally;
        if self.told.elapsed() >= between(self.begun.elapsed()) {
            self.tell();
        }
    }

    fn tell(&mut self) {
        let tally = self.tally;
        let frames = tally.frames - self.before.frames;
        let millis = self
            .told
            .elapsed()
            .max(Duration::from_millis(1))
            .as_millis();
        info!(
            lasted = ?self.begun.elapsed(),
            frames = tally.frames,
            a_second = u128::from(frames) * 1000 / millis,
            segments = self.segments,
            batches = self.batches,
            largest = self.most,
            icmp_errors = self.errors,
            not_tcp = tally.not_tcp,
            fragments = tally.fragments,
            unreadable = tally.unreadable,
            unknown_link = tally.unknown_link,
            filtered = tally.filtered,
            dropped = tally.dropped,
            "so far"
        );
        if tally.dropped > self.before.dropped {
            warn!(frames = tally.dropped - self.before.dropped, "dropped");
        }
        (self.told, self.before) = (Instant::now(), tally);
    }
}
