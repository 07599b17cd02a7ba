//! Text output: at the end of a source, or as it grows.

use std::io::Write;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::time::{Duration, SystemTime};

use tcpviz::conn::Revision;
use tcpviz::report::json;
use tcpviz::trace::{Heard, Trace};
use tcpviz::tui::{Origin, ReadBack};
use tcpviz::wire::{Ended, Feed};

use super::{
    QUEUE, Start, Told, WRITING, check_wanted, finish, tell_heard_in_vain, tell_in_log, tell_left,
    tell_nothing, unless_judged,
};
use crate::cli::{Cli, Format};
use crate::expect;
use crate::formats::{TooMuch, Written};
use crate::signals::{self, Left};

/// What wakes text output.
enum Come {
    Feed(Feed),
    Heard(Vec<Heard>),
}

/// How often what a kernel said is given its place while no segment comes.
const TICK: Duration = Duration::from_millis(250);

/// Text output under way.
pub struct Text<'a> {
    pub cli: &'a Cli,
    pub origin: Origin,
    pub format: Format,
    pub read_back: Option<ReadBack>,
    pub out: Box<dyn Write>,
}

impl Text<'_> {
    pub fn write(mut self, mut trace: Trace, start: Start) -> anyhow::Result<()> {
        if let Some(number) = self.cli.connection {
            trace.hold(number - 1);
        }
        let (sender, feeds) = sync_channel(QUEUE);
        let (feed, told) = (sender.clone(), sender.clone());
        let stop = start(
            Box::new(move |fed| feed.send(Come::Feed(fed)).is_ok()),
            Arc::new(move |beside| match beside {
                Told::Owners(_) => false,
                Told::Heard(heard) => told.send(Come::Heard(heard)).is_ok(),
            }),
        )?;
        let stop_on_signal = stop.clone();
        let growing = self.origin.growing;
        let left = Left::default();
        let leaves = left.clone();
        signals::on_signal_to(growing, move || match &stop_on_signal {
            Some(stop) => stop(),
            // A pipe may stay silent for ever: what came is written without waiting for its end.
            None => {
                leaves.set();
                drop(sender.send(Come::Feed(Feed::Ended(Ended::default()))));
            }
        })?;
        let written = self.write_all(&mut trace, &feeds);
        let written = written.map_err(|why| {
            if why.is::<TooMuch>() {
                why
            } else {
                why.context(WRITING)
            }
        });
        // However the output ended: what the kernel still has belongs into the file.
        if let Some(stop) = stop {
            stop();
            while trace.ended.is_none() && !take(&mut trace, feeds.recv()?, |_, _, _| {}) {}
        }
        tell_in_log(&trace);
        unless_judged(self.cli, written)?;
        check_wanted(self.cli, trace.ids().len())?;
        if trace.is_empty() {
            tell_nothing(&trace);
        }
        tell_heard_in_vain(trace.heard_in_vain());
        tell_left(&trace, self.cli);
        finish(trace.tally.dropped, trace.breaks_off())?;
        if left.is_set() || trace.ended.is_none() {
            return expect::unjudged(self.cli);
        }
        expect::judge(self.cli, &trace)
    }

    fn write_all(&mut self, trace: &mut Trace, feeds: &Receiver<Come>) -> anyhow::Result<()> {
        if self.format == Format::Json && self.origin.growing {
            return self.growing_json(trace, feeds);
        }
        while !take(trace, feeds.recv()?, |_, _, _| {}) {}
        let written = Written {
            trace,
            wanted: self.cli.connection.map(|number| number - 1),
            how: self.cli.look.how(self.format),
            picture: self.cli.look.picture(),
            name: &self.origin.name,
            read_back: self.read_back.as_ref(),
        };
        written.write(self.format, &mut self.out)
    }

    /// While a capture grows, line by line, with revisions.
    fn growing_json(&mut self, trace: &mut Trace, feeds: &Receiver<Come>) -> anyhow::Result<()> {
        let source = self.origin.name.clone();
        let wanted = self.cli.connection.map(|number| number - 1);
        if self.cli.kernel {
            trace.keep_placed();
        }
        let mut writer = json::Writer::new(&mut self.out, wanted);
        writer.capture(trace, &source)?;
        writer.out.flush()?;
        loop {
            let known = trace.segments();
            let mut revisions = Vec::new();
            let come = if self.cli.kernel {
                feeds.recv_timeout(TICK)
            } else {
                feeds.recv().map_err(Into::into)
            };
            let ended = match come {
                Ok(come) => take(trace, come, |_, id, revision: &Revision| {
                    revisions.push((id, *revision));
                }),
                Err(RecvTimeoutError::Timeout) => {
                    trace.settle_heard(now_ns());
                    false
                }
                Err(why) => return Err(why.into()),
            };
            writer.segments(trace)?;
            writer.placed(trace)?;
            for (id, revision) in revisions {
                writer.revision(trace, id, &revision)?;
            }
            for id in trace.order_since(known) {
                writer.over(trace, *id)?;
            }
            writer.resting(trace)?;
            writer.out.flush()?;
            if ended {
                break;
            }
        }
        writer.connections(trace)?;
        writer.end(trace)?;
        Ok(writer.out.flush()?)
    }
}

/// Puts what came into the trace; whether it was the last.
fn take(trace: &mut Trace, come: Come, revised: impl FnMut(&Trace, u32, &Revision)) -> bool {
    match come {
        Come::Feed(Feed::Batch(batch)) => trace.take(&batch, revised),
        Come::Feed(Feed::Ended(ended)) => trace.end(ended),
        Come::Heard(heard) => trace.hear(heard),
    }
    trace.ended.is_some()
}

/// Now, in nanoseconds since the Unix epoch.
fn now_ns() -> u64 {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    now.map_or(0, |since| u64::try_from(since.as_nanos()).unwrap_or(0))
}
