//! Replaying a saved capture, or following one that comes through a pipe.

use std::fs::{File, Metadata};
use std::io::{self, IsTerminal};
use std::path::Path;
use std::sync::Arc;

use anyhow::{anyhow, bail};

use tcpviz::source::decompress::Compression;
use tcpviz::source::file::Opened;
use tcpviz::source::{self, Frames, Selection, Sink};
use tcpviz::story::numbers::printable;
use tcpviz::trace::Aside;
use tcpviz::tui::{Origin, ReadBack};
use tcpviz::wire::Feed;

use crate::cli::{Cli, Format};
use crate::confine;
use crate::lines;
use crate::logging;
use crate::view::{self, ToldSink, View};

/// Replays `capture`.
///
/// # Errors
/// It can't be opened or read to its end, or the view fails.
pub fn run(cli: &Cli, capture: &Path) -> anyhow::Result<()> {
    let piped = capture == Path::new("-");
    let name = if piped {
        "standard input".into()
    } else {
        printable(&file_name(capture))
    };
    show(cli, capture, name, Vec::new())
}

/// Replays `capture`, and calls it `name`; `beside` is what is told beside its segments.
///
/// # Errors
/// It can't be opened or read to its end, or the view fails.
pub fn show(cli: &Cli, capture: &Path, name: String, beside: Vec<Aside>) -> anyhow::Result<()> {
    let piped = capture == Path::new("-");
    if piped && io::stdin().is_terminal() {
        bail!("standard input is a terminal; pipe a capture into it: tcpdump -U -w - | tcpviz -");
    }
    let opened = source::open(capture, view::reads_back(cli));
    let opened = opened.map_err(|why| cannot_open(capture, why))?;
    let shown = Shown {
        name,
        size: size(capture),
        beside,
        dropped: 0,
    };
    let view = view::open(cli)?;
    confine::confine(cli, &view, &[])?;
    play(cli, view, opened, shown)
}

/// What isn't in a capture file.
pub struct Shown {
    /// What it is called.
    pub name: String,
    /// Octets, where they tell how far reading has come.
    pub size: Option<u64>,
    /// What is told beside its segments.
    pub beside: Vec<Aside>,
    /// Frames that were dropped while it was captured.
    pub dropped: u64,
}

/// Shows a capture that was opened.
///
/// # Errors
/// It can't be read to its end, or the view fails.
pub fn play(cli: &Cli, view: View, mut opened: Opened, shown: Shown) -> anyhow::Result<()> {
    let view = match view {
        View::Text(Format::Tcpdump, out) => {
            view::finish(shown.dropped, None)?;
            let expression = cli.filter.clone();
            let growing = opened.growing;
            return lines::replay(cli, growing, move || Frames::of(opened, expression), out);
        }
        view => view,
    };
    let origin = Origin {
        name: shown.name,
        growing: opened.growing,
        size: shown.size,
        listening: None,
        rescue: None,
        port: 0,
    };
    let read_back = opened
        .store
        .take()
        .map(|store| -> ReadBack { Box::new(move |place| store.frame(place)) });
    let selection = Selection {
        ports: cli.ports(),
        expression: cli.filter.clone(),
    };
    let start = Box::new(move |sink: Sink, _: ToldSink| {
        let sink = logging::following(having_dropped(shown.dropped, sink));
        source::file::start(opened, selection, sink);
        Ok(None)
    });
    view.show(cli, origin, read_back, shown.beside, start)
}

/// Has every batch say that so many frames were dropped before it.
fn having_dropped(frames: u64, mut sink: Sink) -> Sink {
    if frames == 0 {
        return sink;
    }
    Box::new(move |mut feed| {
        if let Feed::Batch(batch) = &mut feed {
            Arc::make_mut(batch).tally.dropped = frames;
        }
        sink(feed)
    })
}

/// The octets of a file that is read as it stands: a compressed one doesn't tell how many they become.
fn size(capture: &Path) -> Option<u64> {
    let file = File::open(capture).ok()?;
    let about = file.metadata().ok().filter(Metadata::is_file)?;
    let compression = Compression::of_file(&file).ok()?;
    compression.is_none().then_some(about.len())
}

fn file_name(capture: &Path) -> String {
    capture
        .file_name()
        .unwrap_or(capture.as_os_str())
        .to_string_lossy()
        .into_owned()
}

/// What couldn't be opened; a bare port number was probably meant for --port.
fn cannot_open(capture: &Path, why: io::Error) -> anyhow::Error {
    let name = printable(&capture.to_string_lossy());
    if name.parse::<u16>().is_ok() && !capture.exists() {
        return anyhow!(
            "there is no capture file {name}; to watch port {name}: tcpviz --port {name}"
        );
    }
    anyhow::Error::new(why).context(format!("can't open {name}"))
}
