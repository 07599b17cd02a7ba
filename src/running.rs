//! `tcpviz -- COMMAND`: captures while a command runs, keeps what was the command's, and shows it once the command has ended.

mod keep;
mod open;
mod phase;
mod rough;
mod turns;

use std::io;
use std::os::fd::AsRawFd;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use anyhow::{Context, anyhow, bail};

use tcpviz::command::{Command, Ended, Listener, Told, Whose};
use tcpviz::privilege;
use tcpviz::source::live::{self, Handing, Running};
use tcpviz::source::save::SaveFile;
use tcpviz::source::{self, Selection, Store};
use tcpviz::story::numbers::{counted, printable};
use tcpviz::wire::{Feed, LinkType};

use crate::cli::Cli;
use crate::confine;
use crate::expect;
use crate::live::{Saved, explain, quoted};
use crate::logging;
use crate::recorded::NO_TEMPORARY;
use crate::replay::{self, Shown};
use crate::view::{self, View};
use keep::Kept;
use open::Connections;
use phase::Phase;
use rough::Rough;

/// As shells tell that a command isn't there, or can't be run.
const NOT_FOUND: u8 = 127;
const CANNOT_RUN: u8 = 126;

/// What it means that the warden says nothing any more.
const GONE: &str = "the process that ran the command is gone: how the command ended, and which connections were its own, isn't known";

/// What the kernel has captured is handed on after this: before, nobody knows which connections there are.
const HANDED_ON: Duration = Duration::from_millis(60);

/// The command has ended: its connections may go on to close as long as something comes this often, and at most so long.
const QUIET: Duration = Duration::from_millis(250);
const AT_MOST: Duration = Duration::from_secs(1);

/// Runs the command, and shows what it did: the exit code where it is the command's. One that failed counts more than whatever
/// is wrong otherwise, which is told then.
///
/// # Errors
/// Nothing can be captured or shown, or `--expect` isn't met, and the command didn't fail.
pub fn run(cli: &Cli) -> anyhow::Result<u8> {
    let (mut command, mut listener) = Command::prepare(&cli.run)
        .context("there can't be a process beside this one, which runs the command")?;
    // Before a file is created, or emptied: a command that was mistyped costs nothing.
    there(command.look())?;
    if let Told::Failed(why) = there(listener.hear())? {
        return Ok(cannot_run(cli, &why));
    }
    let new = [&cli.write, &cli.output].map(|path| path.clone().filter(|path| !path.exists()));
    let mut session = Session::open(cli, command, listener, &new)?;
    let ended = match session.play() {
        Ok(ended) => ended,
        Err(Failure::CannotRun(why)) => {
            session.leave_nothing(&new);
            return Ok(cannot_run(cli, &why));
        }
        Err(Failure::Other(why)) => {
            session.leave_all(&new);
            return Err(why);
        }
    };
    let code = ended.code();
    match session.show(cli) {
        Err(why) if code != 0 => {
            crate::tell(&why);
            Ok(code)
        }
        shown => shown.map(|()| code),
    }
}

/// Says so; the exit code.
fn cannot_run(cli: &Cli, why: &io::Error) -> u8 {
    let name = printable(&cli.run[0].to_string_lossy());
    if name.is_empty() {
        say!("tcpviz: the name behind -- is empty: tcpviz -- curl http://127.0.0.1:4321/");
        return NOT_FOUND;
    }
    let (code, what) = match why.kind() {
        io::ErrorKind::NotFound => (NOT_FOUND, "there is no such command".into()),
        _ => (CANNOT_RUN, why.to_string()),
    };
    say!("tcpviz: {name} can't be run: {what}");
    code
}

/// Why there is no end of the command.
enum Failure {
    CannotRun(io::Error),
    Other(anyhow::Error),
}

impl<E: Into<anyhow::Error>> From<E> for Failure {
    fn from(why: E) -> Self {
        Failure::Other(why.into())
    }
}

/// What comes while the command runs.
enum Event {
    Fed(Feed),
    Told(io::Result<Told>),
    /// A signal came after the command's end.
    Enough,
}

/// All that is open.
struct Session {
    command: Command,
    capture: Running,
    events: Receiver<Event>,
    interface: String,
    link: LinkType,
    view: View,
    /// All that was captured, and its file.
    all: Store,
    rough: Rough,
    /// Where what is the command's goes.
    file: SaveFile,
    phase: Arc<Phase>,
    whose: Whose,
    /// Between these the command ran.
    ran: (SystemTime, SystemTime),
    dropped: u64,
    /// The capture has ended.
    is_over: bool,
    /// Why it ended before the command.
    broke_off: Option<String>,
}

impl Session {
    /// Opens everything, and gives up privileges. Nothing runs yet; if nothing ever does, the `new` files go.
    fn open(
        cli: &Cli,
        command: Command,
        listener: Listener,
        new: &[Option<PathBuf>],
    ) -> anyhow::Result<Session> {
        let interface = cli.interface.clone().unwrap_or_else(live::loopback);
        let selection = Selection {
            ports: cli.ports(),
            expression: cli.filter.clone(),
        };
        let filter = selection.words();
        let open = live::open(&interface, selection, Handing::Together).map_err(explain)?;
        logging::opened(&open, &filter);
        let link = open.link;
        let view = view::open(cli)?;
        let rough = privilege::by_caller(|| SaveFile::create(None, false)).context(NO_TEMPORARY)?;
        let named = Rough::new(rough.held.clone());
        let file = crate::live::create(cli)?;
        let temporary = file.held.temporary.then_some(&file.held.path);
        let removed: Vec<_> = new.iter().flatten().chain(temporary).collect();
        confine::confine(cli, &view, &[&removed[..], &[&rough.held.path]].concat())?;
        let all = Store::new(rough.reader()?);
        let (sender, events) = sync_channel(view::QUEUE);
        let to = sender.clone();
        let enough = move || drop(to.send(Event::Enough));
        let phase = Phase::begin(command.signaller()?, enough)?;
        hear(listener, sender.clone())?;
        let sink = Box::new(move |feed| sender.send(Event::Fed(feed)).is_ok());
        Ok(Session {
            command,
            capture: open
                .start(rough, logging::following(sink))
                .context("the command was not started")?,
            events,
            interface,
            link,
            view,
            all,
            rough: named,
            file,
            phase,
            whose: Whose::default(),
            ran: (SystemTime::now(), SystemTime::now()),
            dropped: 0,
            is_over: false,
            broke_off: None,
        })
    }

    /// Runs the command, waits for the end of its connections, and ends the capture.
    fn play(&mut self) -> Result<Ended, Failure> {
        self.ran.0 = SystemTime::now();
        self.rough.is_needed();
        there(self.command.go())?;
        let mut connections = Connections::default();
        let ended = loop {
            match self.events.recv()? {
                Event::Fed(feed) => self.take(&feed, &mut connections),
                Event::Enough => {}
                Event::Told(told) => match there(told)? {
                    Told::Ended(ended) => break ended,
                    Told::Failed(why) => return Err(Failure::CannotRun(why)),
                    Told::Found | Told::Started | Told::Whose(_) => {}
                },
            }
        };
        self.ran.1 = SystemTime::now();
        self.phase.command_has_ended();
        self.settle(&mut connections)?;
        self.end_capture();
        Ok(ended)
    }

    /// Ends the capture: what the kernel still has comes to the file.
    fn end_capture(&mut self) {
        self.capture.stop();
        while !self.is_over
            && let Ok(event) = self.events.recv()
        {
            if let Event::Fed(feed) = event {
                self.take(&feed, &mut Connections::default());
            }
        }
    }

    fn take(&mut self, feed: &Feed, connections: &mut Connections) {
        match feed {
            Feed::Batch(batch) => {
                self.dropped = batch.tally.dropped;
                connections.follow(batch);
            }
            Feed::Ended(ended) => {
                self.is_over = true;
                self.broke_off.clone_from(&ended.error);
            }
        }
    }

    /// Waits until no connection of the command is open on the wire, nothing comes any more, or it takes too long; in any case
    /// until it is known which are the command's.
    fn settle(&mut self, connections: &mut Connections) -> anyhow::Result<()> {
        there(self.command.ask())?;
        let began = Instant::now();
        let (mut is_known, mut is_enough, mut latest) = (false, false, began);
        loop {
            let is_over = is_known && !connections.any_open(|ends| self.whose.may_own(ends));
            let until = if is_over {
                began + HANDED_ON
            } else {
                (latest + QUIET).min(began + AT_MOST)
            };
            let left = until.saturating_duration_since(Instant::now());
            if is_known && (left.is_zero() || self.is_over || is_enough) {
                return Ok(());
            }
            let event = if is_known {
                self.events.recv_timeout(left)
            } else {
                self.events.recv().map_err(RecvTimeoutError::from)
            };
            match event {
                Ok(Event::Fed(feed)) => {
                    self.take(&feed, connections);
                    latest = Instant::now();
                }
                Ok(Event::Told(told)) => {
                    if let Told::Whose(whose) = there(told)? {
                        (self.whose, is_known) = (whose, true);
                    }
                }
                Ok(Event::Enough) => is_enough = true,
                Err(RecvTimeoutError::Timeout) => {}
                Err(why) => return Err(why.into()),
            }
        }
    }

    /// Keeps what was the command's; the rest goes.
    fn keep(&mut self) -> anyhow::Result<Kept> {
        let whose = (&self.whose, self.ran);
        let kept = keep::keep(&self.all, whose, self.link, &mut self.file);
        if kept.is_ok() {
            self.rough.remove();
        }
        if kept.is_ok() || self.broke_off.is_none() || !self.file.held.temporary {
            return kept;
        }
        // The disk is full, and has no room for a second file: each frame that stays only moves forward.
        let mut over = self.rough.over()?;
        let kept = keep::keep(&self.all, whose, self.link, &mut over)?;
        over.end()?;
        let _ = self.file.held.remove();
        self.file = over;
        Ok(kept)
    }

    /// Keeps what was the command's, and shows it.
    fn show(mut self, cli: &Cli) -> anyhow::Result<()> {
        let kept = match self.keep() {
            Ok(kept) => kept,
            Err(why) => {
                let why = match self.broke_off.take() {
                    Some(first) => why.context(printable(&first)),
                    None => why,
                };
                self.leave_all(&[]);
                return Err(why);
            }
        };
        tell_kept(kept, &self.interface, &self.whose.why);
        let saved = Saved::of(&self.file.held, kept.segments);
        let shown = match self.view {
            View::Ui if kept.segments == 0 => {
                view::finish(self.dropped, None).and_then(|()| expect::none(cli))
            }
            view => {
                if matches!(view, View::Ui) {
                    self.phase.ui();
                } else {
                    let saved = Saved::of(&self.file.held, kept.segments);
                    self.phase.writes(saved);
                }
                // By its name it may be out of reach of who has given up root.
                let reader = self.file.reader()?;
                let path = PathBuf::from(format!("/dev/fd/{}", reader.as_raw_fd()));
                let opened = source::open(&path, view::reads_back(cli))?;
                let shown = Shown {
                    name: words(cli),
                    size: None,
                    beside: Vec::new(),
                    dropped: self.dropped,
                };
                replay::play(cli, view, opened, shown)
            }
        };
        if kept.segments == 0 && self.file.held.temporary {
            let _ = self.file.held.remove();
            shown?;
        } else {
            saved.tell_behind(shown)?;
        }
        match self.broke_off {
            Some(why) => bail!("{}", printable(&why)),
            None => Ok(()),
        }
    }

    /// The command never ran: of the files that were named those that are new go.
    fn leave_nothing(mut self, new: &[Option<PathBuf>]) {
        self.rough.remove();
        self.remove(new);
    }

    /// What was the command's can't be told apart, or not be written: all stays.
    fn leave_all(mut self, new: &[Option<PathBuf>]) {
        self.end_capture();
        self.remove(new);
        self.rough.tell(keep::count(&self.all));
    }

    fn remove(&self, new: &[Option<PathBuf>]) {
        let held = &self.file.held;
        // An output that nothing was written to goes by itself.
        if held.temporary || new.iter().flatten().any(|path| *path == held.path) {
            let _ = held.remove();
        }
    }
}

fn tell_kept(kept: Kept, interface: &str, why: &str) {
    if kept.segments == 0 {
        say!(
            "tcpviz: the command made no TCP connection that was seen on {}; -i names another interface",
            printable(interface)
        );
    }
    if kept.unknown > 0 {
        say!(
            "tcpviz: {} began meanwhile, and didn't last long enough to see whose. Root with cgroup v2 always knows; here {}",
            counted(kept.unknown, "connection"),
            printable(why)
        );
    }
}

/// What the warden said, as long as it is there.
fn there<T>(said: io::Result<T>) -> anyhow::Result<T> {
    said.map_err(|_| anyhow!(GONE))
}

/// What was typed, as the title tells it.
fn words(cli: &Cli) -> String {
    let words = cli.run.iter().map(|word| quoted(&word.to_string_lossy()));
    words.collect::<Vec<_>>().join(" ")
}

/// Has what the warden tells sent on.
fn hear(mut listener: Listener, to: SyncSender<Event>) -> io::Result<()> {
    thread::Builder::new()
        .name("command".into())
        .spawn(move || {
            loop {
                let told = listener.hear();
                let is_last = told.is_err();
                if to.send(Event::Told(told)).is_err() || is_last {
                    return;
                }
            }
        })?;
    Ok(())
}
