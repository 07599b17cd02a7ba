//! Replaying a saved capture, or following one that comes through a pipe.

use std::fs::{File, Metadata};
use std::io::{self, IsTerminal};
use std::os::unix::fs::FileExt;
use std::path::Path;

use anyhow::{Context, bail};

use tcpviz::source::{self, Frames, Selection, Sink};
use tcpviz::story::numbers::printable;
use tcpviz::trace::Aside;
use tcpviz::tui::{Origin, ReadBack};

use crate::cli::{Cli, Format};
use crate::lines;
use crate::view::{self, ToldSink, View};

/// The first octets of what gzip has compressed.
const GZIP: [u8; 2] = [0x1f, 0x8b];

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
    let mut opened =
        source::open(capture, view::wants_ui(cli)).with_context(|| cannot_open(capture))?;
    let view = match view::open(cli)? {
        View::Text(Format::Tcpdump, out) => {
            let expression = cli.filter.clone();
            let growing = opened.growing;
            return lines::replay(cli, growing, move || Frames::of(opened, expression), out);
        }
        view => view,
    };
    let origin = Origin {
        name,
        growing: opened.growing,
        size: size(capture),
        listening: None,
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
        source::file::start(opened, selection, sink);
        Ok(None)
    });
    view.show(cli, origin, read_back, beside, start)
}

/// The octets of a file that is read as it stands: gzip doesn't tell how many it makes of its own.
fn size(capture: &Path) -> Option<u64> {
    let mut magic = [0; 2];
    let file = File::open(capture).ok()?;
    let about = file.metadata().ok().filter(Metadata::is_file)?;
    file.read_exact_at(&mut magic, 0).ok()?;
    (magic != GZIP).then_some(about.len())
}

fn file_name(capture: &Path) -> String {
    capture
        .file_name()
        .unwrap_or(capture.as_os_str())
        .to_string_lossy()
        .into_owned()
}

/// What couldn't be opened; a bare port number was probably meant for --port.
fn cannot_open(capture: &Path) -> String {
    let name = printable(&capture.to_string_lossy());
    if name.parse::<u16>().is_ok() && !capture.exists() {
        return format!(
            "there is no capture file {name}; to watch port {name}: tcpviz --port {name}"
        );
    }
    format!("can't open {name}")
}
