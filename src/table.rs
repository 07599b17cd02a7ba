//! `--format connections`: the connections of a capture are shared out among threads, each of which follows its own; at the
//! end the table is put together.

use std::io::Write;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;

use anyhow::{Context, anyhow};

use tcpviz::report::connections::{Lines, Part, Table};
use tcpviz::story::numbers::grouped;
use tcpviz::trace::{Bounds, Trace};
use tcpviz::wire::{Ended, Feed, Ports};

use crate::chunks;
use crate::cli::Cli;
use crate::expect;
use crate::signals::{self, Left};
use crate::view::{self, Start, WRITING};

/// Batches that may wait for a thread.
const WAITING: usize = 8;

/// Follows what comes, and writes the table of its connections; where there are bounds, of those that come until one is reached.
///
/// # Errors
/// The source broke off, the output can't be written, or `--expect` isn't met.
pub fn write(
    cli: &Cli,
    growing: bool,
    bounds: Option<Bounds>,
    mut out: Box<dyn Write>,
    start: Start,
) -> anyhow::Result<()> {
    let threads = chunks::threads();
    let bounds = bounds.map(|bounds| bounds.share(threads));
    let followers: Vec<_> = (0..threads)
        .map(|share| Follower::start(cli.ports(), (share, threads), bounds))
        .collect();
    let senders: Vec<_> = followers.iter().map(|it| it.sender.clone()).collect();
    let stopping = senders.clone();
    let sink = Box::new(move |feed| hand_on(&feed, &senders));
    let stop = start(sink, Arc::new(|_| false))?;
    let left = Left::default();
    let leaves = left.clone();
    signals::on_signal_to(growing, move || match &stop {
        Some(stop) => stop(),
        None => {
            leaves.set();
            hand_on(&Feed::Ended(Ended::default()), &stopping);
        }
    })?;
    let mut followed = Vec::new();
    for follower in followers {
        drop(follower.sender);
        let part = follower.thread.join();
        followed.push(part.map_err(|_| anyhow!("a thread that followed connections failed"))?);
    }
    let latest = followed.iter().map(|it| it.trace.now_ns()).max();
    thread::scope(|scope| {
        for Followed { trace, lines, .. } in &mut followed {
            trace.pass(latest.unwrap_or(0));
            scope.spawn(|| lines.finish(trace));
        }
    });
    let count = followed.iter().map(|it| it.trace.ids().len()).sum();
    view::check_wanted(cli, count)?;
    let Some(Followed { trace, .. }) = followed.first() else {
        return Ok(());
    };
    let parts = followed.iter();
    let parts = parts.map(|Followed { trace, lines, .. }| Part { trace, lines });
    let table = Table::new(parts.collect(), cli.table_width());
    if count == 0 {
        view::tell_nothing(trace);
    } else {
        view::unless_judged(cli, print(cli, &table, &mut out).context(WRITING))?;
    }
    view::finish(trace.tally.dropped, trace.breaks_off())?;
    if followed.iter().any(|it| it.is_full) {
        say!(
            "tcpviz: more than {} connections, or too long ones, for a table of a live capture: later ones aren't in it; all of it is in the capture file: tcpviz -F connections FILE",
            grouped(view::ALL as u64)
        );
        return expect::incomplete(cli);
    }
    if left.is_set() {
        return expect::unjudged(cli);
    }
    expect::judge_table(cli, &table)
}

/// What a thread has followed.
struct Followed {
    trace: Trace,
    lines: Lines,
    /// There was no room for more: what came then isn't there.
    is_full: bool,
}

/// A thread that follows some of the connections.
struct Follower {
    sender: SyncSender<Feed>,
    thread: thread::JoinHandle<Followed>,
}

impl Follower {
    /// `share`: which of how many.
    fn start(ports: Ports, share: (usize, usize), bounds: Option<Bounds>) -> Follower {
        let (sender, feeds) = sync_channel(WAITING);
        let thread = thread::spawn(move || follow(ports, share, bounds, &feeds));
        Follower { sender, thread }
    }
}

fn follow(
    ports: Ports,
    share: (usize, usize),
    bounds: Option<Bounds>,
    feeds: &Receiver<Feed>,
) -> Followed {
    let (mut trace, mut lines) = (Trace::of_endings(ports), Lines::default());
    let mut is_full = false;
    if let Some(Bounds { rows, beside, .. }) = bounds {
        trace.keep(Bounds {
            rows,
            beside,
            ..Bounds::NONE
        });
    }
    let has_room = |trace: &Trace| {
        bounds.is_none_or(|bounds| {
            let few = trace.ids().len() < bounds.others;
            few && trace.octets_at_rest() < bounds.logs && trace.has_room_for_long()
        })
    };
    for feed in feeds {
        match feed {
            Feed::Batch(_) if is_full => {}
            Feed::Batch(batch) => {
                trace.take_share(&batch, share, |_, _, _| {});
                lines.follow(&trace);
                is_full = !has_room(&trace);
            }
            Feed::Ended(ended) => {
                trace.end(ended);
                break;
            }
        }
    }
    Followed {
        trace,
        lines,
        is_full,
    }
}

/// Hands it to each; whether anybody still listens.
fn hand_on(feed: &Feed, to: &[SyncSender<Feed>]) -> bool {
    let listen = to.iter().all(|it| it.send(feed.clone()).is_ok());
    if !listen {
        // One of them failed: the others are told, or they would wait for ever.
        for it in to {
            let _ = it.send(Feed::Ended(Ended::default()));
        }
    }
    listen
}

fn print(cli: &Cli, table: &Table<'_>, out: &mut dyn Write) -> anyhow::Result<()> {
    let wanted = cli.connection.map(|number| number - 1);
    out.write_all(&table.heading())?;
    let parts = table.chunks();
    chunks::write(out, parts.len(), |chunk, text| {
        table.write(&parts[chunk], wanted, text);
    })?;
    Ok(out.flush()?)
}
