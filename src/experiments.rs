//! `tcpviz lab`: lists the experiments, plays them, and shows, checks or records what comes out.

use std::fs;
use std::io::{self, BufWriter, IsTerminal, Write};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, channel, sync_channel};
use std::thread;
use std::time::Duration;

use anyhow::{Context, anyhow, bail};

use tcpviz::lab::play::{Audience, Play, Report};
use tcpviz::lab::script::Experiment;
use tcpviz::lab::{LabError, catalog, enter, record};
use tcpviz::privilege;
use tcpviz::report::{json, ladder};
use tcpviz::source::save;
use tcpviz::story::ending::ending;
use tcpviz::story::numbers::printable;
use tcpviz::trace::{Aside, Trace};
use tcpviz::tui::{self, App, Cue, Message, Origin, Playbill, Theme};
use tcpviz::wire::{Feed, Ports};

use crate::cli::{Format, LabArgs};
use crate::recorded;
use crate::view::{self, QUEUE};

/// Pause between two calls where somebody lets an experiment go on by itself.
const PACE: Duration = Duration::from_millis(700);

/// What is otherwise while somebody steps through an experiment.
const AT_LEISURE: &str = "There is time to talk between the calls: a closed socket waits an hour in FIN-WAIT-2 here \
                          (tcp_fin_timeout is 3600; by default 60 s).";

/// Does what the arguments ask for; `false` if an experiment came out otherwise.
///
/// # Errors
/// There is no such experiment, the lab can't be had, or something can't be written.
pub fn run(args: &LabArgs) -> anyhow::Result<bool> {
    let chosen = chosen(args)?;
    if args.recorded {
        if let ([experiment], None, None, false) = (
            chosen.as_slice(),
            args.format,
            &args.output,
            io::stdout().is_terminal(),
        ) {
            introduce(experiment, &mut io::stdout())?;
        }
        return recorded::replay(args).map(|()| true);
    }
    let Some(first) = chosen.first() else {
        if args.asks_for_something() {
            return Err(
                Usage("name one experiment, or --all; `tcpviz lab` lists them".into()).into(),
            );
        }
        return list().map(|()| true);
    };
    if args.write.is_some() && args.write == args.output {
        return Err(Usage("--write and --output name the same file".into()).into());
    }
    if args.write.is_some() && chosen.len() > 1 {
        let told = "--write keeps one experiment's capture: name one; `--record FOLDER` keeps all";
        return Err(Usage(told.into()).into());
    }
    enter().map_err(|why| explain(why, &first.name))?;
    if let Some(folder) = &args.record {
        return record_all(args, &chosen, folder);
    }
    let wants_ui = args.format.is_none() && args.output.is_none() && !args.check;
    if chosen.len() == 1 && wants_ui && io::stdout().is_terminal() {
        return show(args, first).map(|()| true);
    }
    let mut out: Box<dyn Write> = match &args.output {
        None => Box::new(io::stdout()),
        Some(path) => Box::new(
            save::create(path, args.force, privilege::invoking_user())
                .map_err(|why| view::cannot_create(path, why))?,
        ),
    };
    print(args, &chosen, &mut out)
}

/// The experiments that are asked for.
fn chosen(args: &LabArgs) -> anyhow::Result<Vec<&'static Experiment>> {
    let everything = args.all || (args.record.is_some() && args.names.is_empty());
    if everything {
        let all = catalog::experiments();
        return Ok(all.filter(|it| args.slow || !it.slow).collect());
    }
    let find = |name: &String| catalog::find(name).ok_or_else(|| unknown(name));
    Ok(args.names.iter().map(find).collect::<Result<_, _>>()?)
}

/// What was typed can't be meant.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct Usage(String);

/// There is no experiment of this name; perhaps others are meant.
fn unknown(name: &str) -> Usage {
    const FEW: usize = 6;
    let similar: Vec<_> = catalog::experiments()
        .filter(|experiment| experiment.name.contains(&name.to_lowercase()))
        .map(|experiment| experiment.name.as_str())
        .collect();
    let name = printable(name);
    Usage(match similar.len() {
        _ if name.is_empty() => "an experiment has a name; `tcpviz lab` lists them".into(),
        0 => format!("there is no experiment {name}; `tcpviz lab` lists them"),
        1..=FEW => format!(
            "there is no experiment {name}; perhaps {}",
            similar.join(", ")
        ),
        more => format!(
            "there is no experiment {name}; {more} have this in their names, such as {}; `tcpviz lab` lists them",
            similar[..FEW].join(", ")
        ),
    })
}

/// Why there is no sandbox, what to change, and what can be seen without one.
fn explain(why: LabError, name: &str) -> anyhow::Error {
    let refused = matches!(why, LabError::Refused { .. });
    let error = anyhow::Error::new(why);
    if refused && recorded::find(name).is_some() {
        anyhow!("{error}\n\n  what was recorded of it elsewhere:  tcpviz lab {name} --recorded")
    } else {
        error
    }
}

/// Every experiment, below the question that it answers.
fn list() -> anyhow::Result<()> {
    let mut out = BufWriter::new(io::stdout().lock());
    let names = catalog::experiments().map(|experiment| experiment.name.len());
    let width = names.max().unwrap_or(0);
    for group in catalog::groups() {
        writeln!(out, "{}", group.question)?;
        for experiment in &group.experiments {
            let slow = if experiment.slow { " (slow)" } else { "" };
            writeln!(
                out,
                "  {:width$}  {}{slow}",
                experiment.name, experiment.title
            )?;
        }
        writeln!(out)?;
    }
    writeln!(
        out,
        "tcpviz lab NAME plays one: Space makes the next system call, q leaves."
    )?;
    writeln!(out, "docs/walkthroughs/ goes through them as a course.")?;
    Ok(out.flush()?)
}

/// Plays on the screen.
fn show(args: &LabArgs, experiment: &'static Experiment) -> anyhow::Result<()> {
    let mut play = open(args, experiment)?;
    if args.pace.is_none() {
        play.unhurried()?;
    }
    let (store, leave) = (play.store(), Arc::default());
    play.leave_when(&leave);
    let fin_wait = play.fin_wait();
    let (sender, messages) = sync_channel(QUEUE);
    let (cue, cues) = channel();
    let mut watching = Watching {
        messages: sender.clone(),
        cues,
        pace: args.pace.unwrap_or(PACE),
        runs: args.pace.is_some(),
    };
    let player = thread::Builder::new()
        .name("player".into())
        .spawn(move || {
            let report = play.run(&mut watching);
            let over = Message::Over(outcome(&report));
            // Nobody may be there any more.
            let _ = watching.messages.send(over);
        })?;
    let origin = Origin {
        name: format!("lab: {}", experiment.name),
        growing: true,
        listening: None,
        port: experiment.port,
    };
    let read_back = Box::new(move |place: &_| store.frame(place));
    let (style, theme) = (args.look.style(), Theme::new(args.look.wants_color()));
    let mut app = App::new(
        Trace::new(Ports::default()),
        origin,
        Some(read_back),
        style,
        theme,
    );
    app.trace.fin_wait_ns = fin_wait.and_then(|wait| u64::try_from(wait.as_nanos()).ok());
    let is_slow = fin_wait.is_some() && args.pace.is_none();
    app.play = Some(Playbill {
        title: experiment.title.clone(),
        about: about(experiment),
        note: is_slow.then(|| AT_LEISURE.into()),
        runs: args.pace.is_some(),
        ..Playbill::default()
    });
    let signalled = sender.clone();
    view::on_signal(move || {
        let _ = signalled.send(Message::Leave);
    })?;
    let shown = tui::run(&mut app, &messages, sender, &mut |told| {
        let _ = cue.send(told);
    });
    leave.store(true, Ordering::Relaxed);
    drop((messages, cue));
    let played = player.join();
    shown.context("the terminal can't be used")?;
    played.map_err(|_| anyhow!("the experiment broke off"))?;
    if let Some(path) = &args.write {
        let path = printable(&path.to_string_lossy());
        eprintln!("tcpviz: saved in {path}; to see it again: tcpviz {path}");
    }
    Ok(())
}

/// What an experiment is about, above its ladder.
fn introduce(experiment: &Experiment, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "{}: {}", experiment.name, experiment.title)?;
    for line in textwrap::wrap(&about(experiment), ladder::WIDTH) {
        writeln!(out, "{line}")?;
    }
    writeln!(out)
}

/// What is to be seen, and what isn't as it would be elsewhere.
fn about(experiment: &Experiment) -> String {
    match &experiment.default {
        Some(default) => format!("{} Note: {default}.", experiment.about),
        None => experiment.about.clone(),
    }
}

fn open(args: &LabArgs, experiment: &Experiment) -> anyhow::Result<Play> {
    let path = args.write.as_deref();
    Play::open(experiment, path, args.force).map_err(|why| match (why, path) {
        (LabError::Io { why, .. }, Some(path)) if why.kind() == io::ErrorKind::AlreadyExists => {
            view::cannot_create(path, why)
        }
        (why, _) => why.into(),
    })
}

fn outcome(report: &Report) -> String {
    if report.differences.is_empty() {
        "It is over, and came out as it must.".into()
    } else {
        format!("It came out otherwise: {}", report.differences.join("; "))
    }
}

/// Plays one after the other, and writes what comes out.
fn print(
    args: &LabArgs,
    chosen: &[&'static Experiment],
    out: &mut dyn Write,
) -> anyhow::Result<bool> {
    let mut as_wanted = true;
    let leave = Arc::new(AtomicBool::new(false));
    let signalled = Arc::clone(&leave);
    view::on_signal(move || signalled.store(true, Ordering::Relaxed))?;
    if args.check {
        writeln!(out, "{}", heading())?;
    }
    for experiment in chosen {
        let mut play = open(args, experiment)?;
        play.leave_when(&leave);
        let report = play.run(&mut Paced(args.pace));
        as_wanted &= report.differences.is_empty();
        if args.check {
            writeln!(out, "{}", line(experiment, &report))?;
            for difference in &report.differences {
                writeln!(out, "    {difference}")?;
            }
        }
        if !args.check || !report.differences.is_empty() {
            if !args.check && args.format != Some(Format::Json) {
                introduce(experiment, out)?;
            }
            write(args, experiment, &report.trace, out)?;
        }
        if !args.check && !report.differences.is_empty() {
            eprintln!("tcpviz: {}: {}", experiment.name, outcome(&report));
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
    out: &mut dyn Write,
) -> anyhow::Result<()> {
    match args.format.unwrap_or(Format::Ladder) {
        Format::Ladder => {
            ladder::write(out, trace, None, args.look.style())?;
            writeln!(out)?;
        }
        Format::Json => {
            let mut writer = json::Writer::new(out, None);
            writer.capture(trace, &format!("lab: {}", experiment.name), false)?;
            writer.segments(trace)?;
            writer.connections(trace)?;
        }
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
fn record_all(
    args: &LabArgs,
    chosen: &[&'static Experiment],
    folder: &Path,
) -> anyhow::Result<bool> {
    fs::create_dir_all(folder).with_context(|| format!("can't create {}", folder.display()))?;
    let mut as_wanted = true;
    let mut out = io::stdout().lock();
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

/// Whoever looks at the screen, from the player's thread.
struct Watching {
    messages: SyncSender<Message>,
    cues: Receiver<Cue>,
    /// The pause between two calls.
    pace: Duration,
    /// It goes on by itself.
    runs: bool,
}

impl Audience for Watching {
    fn feed(&mut self, feed: Feed) {
        let _ = self.messages.send(Message::Feed(feed));
    }

    fn aside(&mut self, aside: &Aside) {
        let _ = self.messages.send(Message::Aside(aside.clone()));
    }

    fn before(&mut self, next: &str) -> bool {
        let next = Some(next.to_string());
        if self.messages.send(Message::Waits(next)).is_err() {
            return false;
        }
        let goes_on = loop {
            let cue = if self.runs {
                self.cues.recv_timeout(self.pace)
            } else {
                self.cues.recv().map_err(Into::into)
            };
            match cue {
                Ok(Cue::Next) | Err(std::sync::mpsc::RecvTimeoutError::Timeout) => break true,
                Ok(Cue::Run(runs)) => {
                    self.runs = runs;
                }
                Err(_) => break false,
            }
        };
        goes_on && self.messages.send(Message::Waits(None)).is_ok()
    }
}

/// Nobody looks, or only at what is printed.
struct Paced(Option<Duration>);

impl Audience for Paced {
    fn feed(&mut self, _: Feed) {}
    fn aside(&mut self, _: &Aside) {}
    fn before(&mut self, _: &str) -> bool {
        self.0.into_iter().for_each(thread::sleep);
        true
    }
}
