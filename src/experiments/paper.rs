//! Experiments on paper: ladders, JSON, the table of a check, recordings.

use std::fs;
use std::io::{self, Write};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, bail};

use tcpviz::lab::play::{Audience, Report};
use tcpviz::lab::script::Experiment;
use tcpviz::lab::{catalog, record};
use tcpviz::report::page;
use tcpviz::source::{Frames, Store};
use tcpviz::story::ending::ending;
use tcpviz::story::numbers::printable;
use tcpviz::story::wrap::wrapped;
use tcpviz::trace::{Aside, Trace};
use tcpviz::tui::ReadBack;
use tcpviz::wire::{Feed, Ports};

use super::screen::outcome;
use super::{about, open};
use crate::cli::{Format, LabArgs};
use crate::formats::{self, Written};
use crate::lines::Printer;
use crate::outfile::Output;
use crate::signals;

/// What an experiment is about, above its ladder.
pub fn introduce(experiment: &Experiment, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "{}: {}", experiment.name, experiment.title)?;
    for line in wrapped(&about(experiment), page::WIDTH) {
        writeln!(out, "{line}")?;
    }
    writeln!(out)
}

/// Plays one after the other, and writes what comes out.
pub fn print(
    args: &LabArgs,
    chosen: &[&'static Experiment],
    out: &mut dyn Write,
) -> anyhow::Result<bool> {
    let mut as_wanted = true;
    let format = formats::asked(args.format, args.output.as_deref());
    let leave = Arc::new(AtomicBool::new(false));
    let signalled = Arc::clone(&leave);
    signals::on_signal(move || signalled.store(true, Ordering::Relaxed))?;
    if args.check {
        writeln!(out, "{}", heading())?;
    }
    for experiment in chosen {
        let mut play = open(args, experiment)?;
        play.leave_when(&leave);
        let store = play.store();
        let report = play.run(&mut Paced {
            pace: args.pace.unwrap_or_default(),
            leave: Arc::clone(&leave),
        });
        as_wanted &= report.differences.is_empty();
        if args.check {
            writeln!(out, "{}", line(experiment, &report))?;
            for difference in &report.differences {
                writeln!(out, "    {difference}")?;
            }
        }
        if !args.check || !report.differences.is_empty() {
            if !args.check && format == Format::Ladder {
                introduce(experiment, out)?;
            }
            write(args, experiment, &report.trace, &store, out)?;
        }
        if !args.check && !report.differences.is_empty() {
            say!("tcpviz: {}: {}", experiment.name, outcome(&report));
        }
        out.flush()?;
        if report.left {
            bail!("{} was left before its end", experiment.name);
        }
    }
    if args.check {
        let count = chosen.len();
        let verdict = if as_wanted {
            "all as wanted"
        } else {
            "not all as wanted"
        };
        writeln!(out, "{count} experiments, {verdict}")?;
    }
    Ok(as_wanted || !args.check)
}

fn write(
    args: &LabArgs,
    experiment: &Experiment,
    trace: &Trace,
    store: &Store,
    out: &mut dyn Write,
) -> anyhow::Result<()> {
    let format = formats::asked(args.format, args.output.as_deref());
    if format == Format::Tcpdump {
        let mut printer = Printer::new(Ports::default(), args.look);
        printer.write_all(&mut Frames::following(store), out)?;
        return Ok(());
    }
    let store = store.clone();
    let read_back: ReadBack = Box::new(move |place| store.frame(place));
    let written = Written {
        trace,
        wanted: None,
        how: args.look.how(format),
        picture: args.look.picture(),
        name: &format!("lab: {}", experiment.name),
        read_back: Some(&read_back),
    };
    written.write(format, out)?;
    if format == Format::Ladder {
        writeln!(out)?;
    }
    Ok(())
}

fn heading() -> String {
    format!(
        "{:44} {:10} {:13} {:40} {:>5}",
        "experiment", "", "ending", "causes told", "s"
    )
}

fn line(experiment: &Experiment, report: &Report) -> String {
    let ending = report.connection.map(|id| ending(&report.trace, id));
    let kind = ending.as_ref().map_or("", |ending| ending.kind.name());
    let causes = ending.iter().flat_map(|ending| &ending.causes);
    let causes: Vec<_> = causes.map(|cause| cause.id.name()).collect();
    let verdict = if report.differences.is_empty() {
        "as wanted"
    } else {
        "DIFFERS"
    };
    format!(
        "{:44} {verdict:10} {kind:13} {:40} {:5.1}",
        experiment.name,
        causes.join(", "),
        report.took.as_secs_f64()
    )
}

/// Records captures and recipes; with all of them, the folder's README too.
pub fn record_all(
    args: &LabArgs,
    chosen: &[&'static Experiment],
    folder: &Path,
) -> anyhow::Result<bool> {
    fs::create_dir_all(folder)
        .with_context(|| format!("can't create {}", printable(&folder.to_string_lossy())))?;
    let mut as_wanted = true;
    let mut out = Output(io::stdout().lock());
    for experiment in chosen {
        let report = record::record(experiment, folder)?;
        writeln!(out, "{}", line(experiment, &report))?;
        for difference in &report.differences {
            writeln!(out, "    {difference}")?;
        }
        as_wanted &= report.differences.is_empty();
    }
    if args.names.is_empty() {
        let readme = folder.join("README.md");
        record::replace(&readme, &record::readme(catalog::groups()))?;
    }
    Ok(as_wanted)
}

/// Nobody looks, or only at what is printed.
struct Paced {
    /// The pause before each call.
    pace: Duration,
    leave: Arc<AtomicBool>,
}

impl Audience for Paced {
    fn feed(&mut self, _: Feed) {}
    fn aside(&mut self, _: &Aside) {}
    fn before(&mut self, _: &str) -> bool {
        /// How long a signal may go unnoticed.
        const MOMENT: Duration = Duration::from_millis(20);
        let until = Instant::now().checked_add(self.pace);
        // A pause that no clock can tell never ends.
        let is_over = || until.is_some_and(|until| Instant::now() >= until);
        while !is_over() {
            if self.leave.load(Ordering::Relaxed) {
                return false;
            }
            thread::sleep(MOMENT.min(self.pace));
        }
        true
    }
}
