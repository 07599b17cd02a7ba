//! The two kinds of view: text on standard output (or in a file), and the terminal UI.

mod text;

use std::io::{self, BufWriter, IsTerminal, Write};
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::sync_channel;

use anyhow::{Context, anyhow, bail};

use tcpviz::privilege;
use tcpviz::source::{Sink, save};
use tcpviz::story::Owned;
use tcpviz::story::numbers::{counted, printable, read_without};
use tcpviz::trace::{Aside, Bounds, Heard, Trace};
use tcpviz::tui::{self, App, Export, Message, Origin, Outside, ReadBack};
use tcpviz::wire::Place;

use crate::cli::{Cli, Format, Speed};
use crate::confine;
use crate::expect;
use crate::formats;
use crate::is_broken_pipe;
use crate::logging;
use crate::outfile::OutFile;
use crate::signals;
use crate::table;
use text::Text;

/// What an error on the way out is about.
pub const WRITING: &str = "the output can't be written";

/// Messages that may wait between the source's thread and the view's.
pub const QUEUE: usize = 64;

/// The same for the terminal UI: a key stands behind them.
const BEFORE_A_KEY: usize = 4;

/// Starts a source's thread; gives back how to end it, where it can be asked to: what it still has
/// comes first, then its last word.
pub type Start = Box<dyn FnOnce(Sink, ToldSink) -> anyhow::Result<Option<Stop>>>;
pub type Stop = Arc<dyn Fn() + Send + Sync>;

/// What is told beside what a source hands on.
#[cfg_attr(
    not(all(feature = "live", target_os = "linux")),
    expect(dead_code, reason = "only a live capture on Linux tells anything")
)]
pub enum Told {
    /// Owners that are new or have changed.
    Owners(Vec<Owned>),
    /// What this machine's kernel says.
    Heard(Vec<Heard>),
}

/// Takes that; says whether anybody still listens.
pub type ToldSink = Arc<dyn Fn(Told) -> bool + Send + Sync>;

/// Where the output goes.
pub enum View {
    Ui,
    Text(Format, Box<dyn Write>),
}

/// Connections that stay, of either kind, where all of them are told of at the end.
pub const ALL: usize = 1_000_000;

/// What stays in memory of a live capture.
#[must_use]
pub fn bounds(cli: &Cli) -> Bounds {
    Bounds::of(if cli.expect.is_empty() {
        cli.limit
    } else {
        ALL
    })
}

/// The terminal UI, unless a format or a file is asked for, or there is no terminal.
#[must_use]
pub fn wants_ui(cli: &Cli) -> bool {
    cli.format.is_none() && cli.output.is_none() && io::stdout().is_terminal()
}

/// Opens the output; to be called once the source is open, so that nothing is created in vain, and
/// before privileges are given up.
///
/// # Errors
/// The output file exists, is the capture itself, or can't be created.
pub fn open(cli: &Cli) -> anyhow::Result<View> {
    if wants_ui(cli) {
        return Ok(View::Ui);
    }
    let out: Box<dyn Write> = match &cli.output {
        None => Box::new(io::stdout()),
        Some(path) if path.as_os_str() == "-" => Box::new(io::stdout()),
        Some(path)
            if cli
                .capture()
                .is_some_and(|capture| is_same_file(capture, path)) =>
        {
            bail!("--output names the capture itself; name another file")
        }
        Some(path) => {
            Box::new(OutFile::open(path, cli.force).map_err(|why| cannot_create(path, why))?)
        }
    };
    let format = format(cli);
    Ok(View::Text(format, Box::new(BufWriter::new(out))))
}

/// The format of text.
#[must_use]
pub fn format(cli: &Cli) -> Format {
    formats::asked(cli.format, cli.output.as_deref())
}

/// Whether frames will have to be read back.
#[must_use]
pub fn reads_back(cli: &Cli) -> bool {
    wants_ui(cli) || matches!(format(cli), Format::Markdown | Format::Html)
}

impl View {
    /// Runs the source and shows what comes, to the end or until the user leaves.
    ///
    /// # Errors
    /// The source broke off (what came before was shown), the output can't be written, or `--expect` isn't met.
    pub fn show(
        self,
        cli: &Cli,
        origin: Origin,
        read_back: Option<ReadBack>,
        beside: Vec<Aside>,
        start: Start,
    ) -> anyhow::Result<()> {
        let style = cli.look.style();
        let mut trace = Trace::new(cli.ports());
        trace.prompt(beside);
        let is_live = origin.listening.is_some();
        if is_live {
            trace.keep(bounds(cli));
        }
        match self {
            View::Ui => {
                let mut app = App::new(trace, origin, read_back, style, cli.look.theme());
                if let Some(number) = cli.connection {
                    app.show_only(number - 1);
                }
                app.wanted.control_only = cli.look.control_only;
                app.files_go_to = privilege::new_files_go_to().map(Path::to_path_buf);
                if let Speed::Pace(pace) = cli.speed {
                    (app.pace, app.playing, app.following) = (pace, true, false);
                }
                show_ui(cli, app, start)
            }
            View::Text(Format::Connections, out) => {
                // A file ends, and so does what it takes.
                let bounds = is_live.then(|| Bounds::of(ALL));
                table::write(cli, origin.growing, bounds, out, start)
            }
            View::Text(format, out) => Text {
                cli,
                origin,
                format,
                read_back,
                out,
            }
            .write(trace, start),
        }
    }
}

/// What the screen asks for where nothing else can be asked: files.
struct Files;

impl Outside for Files {
    fn stop(&mut self) {
        signals::stop();
    }

    fn write(
        &mut self,
        path: &Path,
        frames: &[(u64, Place)],
        read_back: &ReadBack,
    ) -> Result<u64, String> {
        write_frames(path, frames, read_back)
    }

    fn export(&mut self, path: &Path, shown: &Export<'_>) -> Result<(), String> {
        formats::export(path, shown)
    }
}

/// Writes frames to a capture file of their own.
///
/// # Errors
/// What is wrong, in one line.
pub fn write_frames(
    path: &Path,
    frames: &[(u64, Place)],
    read_back: &ReadBack,
) -> Result<u64, String> {
    save::extract(path, frames, read_back).map_err(|why| confine::cannot_create(path, &why))
}

fn show_ui(cli: &Cli, mut app: App, start: Start) -> anyhow::Result<()> {
    let (sender, messages) = sync_channel(BEFORE_A_KEY);
    let feed = sender.clone();
    let told = sender.clone();
    let (gate, gate_beside) = (app.gate.clone(), app.gate.clone());
    let stop = start(
        Box::new(move |fed| {
            gate.pass();
            feed.send(Message::Feed(fed)).is_ok()
        }),
        Arc::new(move |beside| {
            gate_beside.pass();
            let message = match beside {
                Told::Owners(owned) => Message::Owners(owned),
                Told::Heard(heard) => Message::Heard(heard),
            };
            told.send(message).is_ok()
        }),
    )?;
    let leave = sender.clone();
    signals::on_signal(move || {
        let _ = leave.send(Message::Leave);
    })?;
    signals::on_going_on(sender.clone())?;
    let left = tui::run(&mut app, &messages, sender, &mut Files);
    let left = left.context("the terminal can't be used");
    // However the UI ended: what the kernel still has belongs into the file.
    app.go_on();
    if let Some(stop) = stop {
        stop();
        while app.trace.ended.is_none() {
            match messages.recv()? {
                Message::Feed(fed) => drop(app.feed(fed)),
                Message::Heard(heard) => app.heard(heard),
                // Asked once more: what is behind in the file needn't be followed.
                Message::Leave => break,
                _ => {}
            }
        }
    }
    logging::drawn(app.drawn);
    tell_in_log(&app.trace);
    left?;
    check_wanted(cli, app.trace.ids().len())?;
    tell_heard_in_vain(app.trace.heard_in_vain());
    finish(app.trace.tally.dropped, app.trace.breaks_off())?;
    if app.trace.ended.is_none() {
        return expect::unjudged(cli);
    }
    expect::judge(cli, &app.trace)
}

/// Whoever reads the output may have seen enough: what is expected is judged all the same.
///
/// # Errors
/// Every other one.
pub fn unless_judged(cli: &Cli, written: anyhow::Result<()>) -> anyhow::Result<()> {
    match written {
        Err(why) if !cli.expect.is_empty() && is_broken_pipe(&why) => Ok(()),
        written => written,
    }
}

/// What was followed, for `--log`.
fn tell_in_log(trace: &Trace) {
    logging::followed(
        trace.ids().len(),
        trace.left_in_all(),
        trace.heard_in_vain(),
    );
}

/// Says why there is nothing to show, unless the capture broke off: then that is said.
pub fn tell_nothing(trace: &Trace) {
    if trace.breaks_off().is_none() {
        say!(
            "tcpviz: no TCP segment to show; {}",
            read_without(&trace.tally)
        );
    }
}

/// Says how much of what the kernel told isn't shown; how much it lost itself is said before.
fn tell_heard_in_vain(words: u64) {
    if words > 0 {
        say!(
            "tcpviz: --kernel: {} left out: no captured connection or RST fits, or too many waited",
            counted(words, "event")
        );
    }
}

/// Says what has left a live capture's memory; where that capture is, and what to type to see it, is said last of all.
fn tell_left(trace: &Trace, cli: &Cli) {
    let (connections, rows) = (trace.left_in_all() as u64, trace.lost_rows() as u64);
    if connections > 0 {
        let limit = bounds(cli).finished;
        say!(
            "tcpviz: {} left memory, being more than --limit {limit}, or for want of room; all of it is in the capture file",
            counted(connections, "connection")
        );
    }
    if rows > 0 {
        say!(
            "tcpviz: {} of long connections left memory; all of them are in the capture file",
            counted(rows, "segment")
        );
    }
}

/// Whether the connection asked for is one of so many.
///
/// # Errors
/// It isn't.
pub fn check_wanted(cli: &Cli, connections: usize) -> anyhow::Result<()> {
    match cli.connection {
        Some(number) if number as usize > connections => {
            bail!(
                "there is no connection {number}: the capture has {connections}, which -F connections lists"
            )
        }
        _ => Ok(()),
    }
}

/// Whether both names lead to one existing file.
pub fn is_same_file(one: &Path, other: &Path) -> bool {
    let place = |path: &Path| path.metadata().map(|file| (file.dev(), file.ino())).ok();
    place(one).is_some_and(|known| place(other) == Some(known))
}

/// Why a file could not be created, and what to type.
pub fn cannot_create(path: &Path, why: io::Error) -> anyhow::Error {
    let name = printable(&path.to_string_lossy());
    match why.kind() {
        _ if path.is_symlink() => {
            anyhow!("{name} is a symbolic link, and none is followed; name the file itself")
        }
        _ if path.is_dir() => anyhow!("{name} is a directory; name a file in it"),
        _ if path.exists() && !path.is_file() => {
            anyhow!("{name} is no regular file; redirect to it instead: > {name}")
        }
        io::ErrorKind::AlreadyExists => anyhow!("{name} exists; --force replaces it"),
        io::ErrorKind::WouldBlock => anyhow!(
            "{name} is being written by another program, such as a tcpviz that runs; end that first, or name another file"
        ),
        kind => match privilege::invoking_user() {
            Some((user, _)) if kind == io::ErrorKind::PermissionDenied => anyhow!(
                "can't create {name}: user {user}, who called sudo, may not write there: name a file of your own"
            ),
            _ => anyhow::Error::new(why).context(format!("can't create {name}")),
        },
    }
}

/// The same of a file for a capture, which is read again while it is written.
#[cfg(feature = "live")]
pub fn cannot_capture_into(path: &Path, why: io::Error) -> anyhow::Error {
    if path.is_symlink() || path.is_dir() || path.is_file() || !path.exists() {
        return cannot_create(path, why);
    }
    let name = printable(&path.to_string_lossy());
    anyhow!(
        "--write needs a regular file, such as x.pcap, and {name} is none; to feed a pipe besides: \
         tcpdump -U -w - | tee PIPE | tcpviz -"
    )
}

/// A source that broke off is an error, told in one line, after everything before it was shown.
///
/// # Errors
/// `breaks_off`, if so.
pub fn finish(dropped: u64, breaks_off: Option<&str>) -> anyhow::Result<()> {
    if dropped > 0 {
        say!(
            "tcpviz: {} dropped before tcpviz could take them: states after a gap may be wrong",
            counted(dropped, "frame")
        );
    }
    match breaks_off {
        Some(why) => bail!("{}", printable(why)),
        None => Ok(()),
    }
}
