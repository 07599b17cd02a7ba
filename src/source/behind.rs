//! Handing on what was captured to whoever looks at it. Only so much waits: if that isn't taken, what comes is handed on later,
//! from the file it has been written to.

use std::sync::mpsc::{Receiver, SyncSender, TryRecvError, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use super::savefile::{Next, Savefile};
use super::store::{Growing, Store};
use super::{Collector, Selection, Sink};
use crate::wire::{Batch, Ended, Feed, LinkType, Tally};

/// Batches that may wait, of a thousand segments each: more than come while whoever hands on sleeps.
const WAITING: usize = 128;

/// Where a capture stands: so many frames are in the first so many octets of its file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stand {
    pub octets: u64,
    /// Up to there, as a live capture counts.
    pub tally: Tally,
}

/// What is in the file and wasn't handed on.
#[derive(Debug)]
struct Gap {
    from: Stand,
    to: Stand,
    /// Where the kernel dropped frames: by how many frames, and how many were dropped until then. One for a batch.
    drops: Vec<(u64, u64)>,
}

/// What is behind, if anything.
type Behind = Arc<Mutex<Option<Gap>>>;

/// The capture's end: never waits.
pub struct Giver {
    sender: SyncSender<Feed>,
    behind: Behind,
    handed: Stand,
}

/// The other end, for a thread of its own.
pub struct Taker {
    waiting: Receiver<Feed>,
    behind: Behind,
    store: Store,
    selection: Selection,
    link: LinkType,
}

/// Both ends. `handed`: where the file ends before anything is captured; `store`: the file.
#[must_use]
pub fn handing_on(
    store: Store,
    selection: Selection,
    link: LinkType,
    handed: Stand,
) -> (Giver, Taker) {
    let (sender, waiting) = sync_channel(WAITING);
    let behind = Behind::default();
    let giver = Giver {
        sender,
        behind: Arc::clone(&behind),
        handed,
    };
    let taker = Taker {
        waiting,
        behind,
        store,
        selection,
        link,
    };
    (giver, taker)
}

fn locked(behind: &Behind) -> MutexGuard<'_, Option<Gap>> {
    behind.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Giver {
    /// Hands on a batch with which the file ends after so many octets.
    pub fn give(&mut self, batch: Arc<Batch>, octets: u64) {
        let stand = Stand {
            octets,
            tally: batch.tally,
        };
        let mut behind = locked(&self.behind);
        if let Some(gap) = &mut *behind {
            gap.go_on(stand);
            return;
        }
        match self.sender.try_send(Feed::Batch(batch)) {
            Err(TrySendError::Full(_)) => {
                let mut gap = Gap {
                    from: self.handed,
                    to: self.handed,
                    drops: Vec::new(),
                };
                gap.go_on(stand);
                *behind = Some(gap);
            }
            // Nobody may listen any more; the file goes on.
            Ok(()) | Err(TrySendError::Disconnected(_)) => self.handed = stand,
        }
    }

    /// The last word: waits until everything has been handed on, or nobody listens.
    pub fn end(self, ended: Ended) {
        let _ = self.sender.send(Feed::Ended(ended));
    }
}

impl Gap {
    fn go_on(&mut self, to: Stand) {
        if to.tally.dropped > self.to.tally.dropped {
            self.drops.push((to.tally.frames, to.tally.dropped));
        }
        self.to = to;
    }
}

impl Taker {
    /// Hands on until the last word, or until nobody listens; what comes within `together` is handed on at once.
    pub fn run(self, sink: &mut Sink, together: Option<Duration>) {
        loop {
            // Looked at first: all that waits when a gap begins came before it.
            let is_behind = locked(&self.behind).is_some();
            let feed = match self.waiting.try_recv() {
                Ok(feed) => feed,
                Err(TryRecvError::Empty) if is_behind => {
                    if !self.catch_up(sink) {
                        return;
                    }
                    continue;
                }
                Err(TryRecvError::Empty) => {
                    if let Some(together) = together {
                        thread::sleep(together);
                    }
                    match self.waiting.recv() {
                        Ok(feed) => feed,
                        Err(_) => return,
                    }
                }
                Err(TryRecvError::Disconnected) => return,
            };
            if matches!(feed, Feed::Ended(_)) {
                // What is only in the file came before that.
                if self.catch_up(sink) {
                    sink(feed);
                }
                return;
            }
            if !sink(feed) {
                return;
            }
        }
    }

    /// Hands on what is only in the file, until nothing is; whether somebody still listens.
    fn catch_up(&self, sink: &mut Sink) -> bool {
        let Some(from) = locked(&self.behind).as_ref().map(|gap| gap.from) else {
            return true;
        };
        let mut reading = Reading::new(self, from);
        loop {
            let (to, dropped) = {
                let mut behind = locked(&self.behind);
                let Some(gap) = &mut *behind else {
                    return true;
                };
                if reading.frames() >= gap.to.tally.frames {
                    let last = reading.last_word(&gap.to);
                    *behind = None;
                    drop(behind);
                    return last.is_none_or(|batch| sink(Feed::Batch(batch)));
                }
                let passed = gap.drops.partition_point(|(at, _)| *at <= reading.frames());
                // A gap in a batch is told with it.
                let next = gap
                    .drops
                    .get(passed)
                    .filter(|(at, _)| *at <= reading.frames() + super::BATCH);
                let latest = next.or(gap.drops[..passed].last());
                (gap.to, latest.map(|(_, dropped)| *dropped))
            };
            match reading.batch(&to, dropped) {
                Ok(batch) => {
                    if !sink(Feed::Batch(batch)) {
                        return false;
                    }
                }
                Err(why) => {
                    let error = format!(
                        "what was captured can't be read back: {why}; the capture file has all of it"
                    );
                    let ended = Ended {
                        cut: None,
                        error: Some(error),
                    };
                    sink(Feed::Ended(ended));
                    return false;
                }
            }
        }
    }
}

/// Reading the file from where nothing was handed on any more.
struct Reading {
    savefile: Savefile<Growing>,
    collector: Collector,
}

impl Reading {
    fn new(taker: &Taker, from: Stand) -> Reading {
        // The kernel has applied the expression already.
        let mut collector = Collector::new(Selection {
            expression: None,
            ..taker.selection.clone()
        });
        collector.batch.tally = from.tally;
        collector.full_at = from.tally.frames + super::BATCH;
        let frames = u32::try_from(from.tally.frames).unwrap_or(u32::MAX);
        Reading {
            savefile: Savefile::going_on(&taker.store, from.octets, frames, taker.link),
            collector,
        }
    }

    fn frames(&self) -> u64 {
        self.collector.batch.tally.frames
    }

    /// What the counts say at the end of the gap and no batch has told: drops behind its last frame, an interface that is down, a file that is gone.
    fn last_word(&mut self, to: &Stand) -> Option<Arc<Batch>> {
        let tally = &mut self.collector.batch.tally;
        let told = *tally;
        (tally.dropped, tally.behind) = (to.tally.dropped, 0);
        (tally.is_down, tally.is_removed) = (to.tally.is_down, to.tally.is_removed);
        (told != *tally).then(|| self.collector.flush())
    }

    /// The next frames, not beyond `to`.
    fn batch(&mut self, to: &Stand, dropped: Option<u64>) -> Result<Arc<Batch>, String> {
        while self.frames() < to.tally.frames && !self.collector.is_full() {
            let is_short = match self.savefile.next_frame()? {
                Next::Frame(frame) => {
                    self.collector.take(&frame)?;
                    false
                }
                Next::Incomplete => true,
            };
            if is_short && !self.savefile.fill().map_err(|why| why.to_string())? {
                return Err("the file has become shorter".into());
            }
        }
        if let Some(dropped) = dropped {
            self.collector.batch.tally.dropped = dropped;
        }
        let ahead = to.tally.frames.saturating_sub(self.frames());
        let tally = &mut self.collector.batch.tally;
        tally.behind = ahead;
        (tally.is_down, tally.is_removed) = (to.tally.is_down, to.tally.is_removed);
        Ok(self.collector.flush())
    }
}

#[cfg(test)]
mod tests;
