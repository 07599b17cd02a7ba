//! Lines from a capture file that a capture of this program goes to.

use std::io::{self, Read, Write};
use std::sync::Arc;
use std::sync::mpsc::sync_channel;

use anyhow::Context;

use tcpviz::source::frames::Visit;
use tcpviz::source::{Frames, Store};
use tcpviz::wire::{Ended, Feed};

use super::Printer;
use crate::cli::Cli;
use crate::signals;
use crate::view::{self, Start};

impl Printer {
    /// Writes the lines of a capture file that is already whole.
    ///
    /// # Errors
    /// Those of `out`.
    pub fn write_all<R: Read>(
        &mut self,
        frames: &mut Frames<R>,
        out: &mut dyn Write,
    ) -> io::Result<Ended> {
        let mut written = Ok(());
        let ended = frames.visit(|come| {
            match come {
                Visit::Frame(frame) => self.frame(frame),
                Visit::LeftOut => {
                    self.tally.frames += 1;
                    self.tally.filtered += 1;
                }
                Visit::Pause => {
                    written = out.write_all(&self.text);
                    self.text.clear();
                }
            }
            written.is_ok()
        });
        written?;
        out.flush()?;
        Ok(ended.unwrap_or_default())
    }
}

/// Prints a live capture as it comes, from the file that it is saved to: whoever prints that file later
/// gets the same lines.
///
/// # Errors
/// The capture breaks off, or the output can't be written; then the capture is ended first. Or `--expect` isn't met.
pub fn live(cli: &Cli, store: &Store, mut out: Box<dyn Write>, start: Start) -> anyhow::Result<()> {
    let (sender, feeds) = sync_channel(view::QUEUE);
    let stop = start(
        Box::new(move |fed| sender.send(fed).is_ok()),
        Arc::new(|_| false),
    )?;
    let on_signal = stop.clone();
    signals::on_signal(move || {
        if let Some(stop) = &on_signal {
            stop();
        }
    })?;
    let mut printer = Printer::of(cli);
    if let Some(followed) = &mut printer.followed {
        followed.trace.keep(view::bounds(cli));
        if let Some(only) = followed.only {
            followed.trace.hold(only);
        }
    }
    let mut frames = Frames::following(store);
    let mut dropped = 0;
    let mut written = Ok(());
    let ended = loop {
        let fed = feeds.recv()?;
        if let Feed::Batch(batch) = &fed {
            dropped = batch.tally.dropped;
        }
        if written.is_ok() {
            written = printer.write_all(&mut frames, &mut out).map(drop);
            // However the output ended: what the kernel still has belongs into the file.
            if let (Err(_), Some(stop)) = (&written, &stop) {
                stop();
            }
        }
        if let Feed::Ended(ended) = fed {
            break ended;
        }
    };
    written.context(view::WRITING)?;
    printer.finish(cli, &ended, dropped)
}
