//! `--format tcpdump`: lines straight from the frames. Nothing is followed and nothing kept but what
//! tcpdump keeps; only `--connection` needs the connections' numbers, and so a trace.

#[cfg(feature = "live")]
mod live;

use std::io::{self, Read, Write};
use std::mem;
use std::sync::mpsc::{Receiver, SyncSender, channel, sync_channel};
use std::thread;

use anyhow::{Context, bail};

use tcpviz::report::tcpdump::{Printed, Writer};
use tcpviz::source::Frames;
use tcpviz::source::frames::Visit;
use tcpviz::story::numbers::read_without;
use tcpviz::trace::Trace;
use tcpviz::wire::{
    Batch, Captured, Decoded, Ended, Frame, NotDecoded, Place, Ports, Tally, decode,
};

#[cfg(feature = "live")]
pub use live::live;

use crate::cli::{Cli, Look};
use crate::view;

/// Octets of text that are handed on at once.
const BLOCK: usize = 128 * 1024;

/// Blocks under way between the reader and the writer.
const BLOCKS: usize = 4;

/// Turns frames into lines.
pub struct Printer {
    writer: Writer,
    text: Vec<u8>,
    tally: Tally,
    lines: u64,
    only: Option<Only>,
}

/// The one connection whose lines are wanted.
struct Only {
    id: u32,
    /// Connections are numbered among those of these ports.
    ports: Ports,
    trace: Trace,
}

impl Printer {
    /// `connection` counts from 1.
    pub fn new(ports: Ports, look: Look, connection: Option<u32>) -> Self {
        Printer {
            only: connection.map(|number| Only {
                id: number - 1,
                trace: Trace::new(ports.clone()),
                ports: ports.clone(),
            }),
            writer: Writer::new(ports, look.absolute, interface_name),
            text: Vec::with_capacity(BLOCK * 2),
            tally: Tally::default(),
            lines: 0,
        }
    }

    fn frame(&mut self, frame: &Frame<'_>) {
        self.tally.frames += 1;
        let before = self.text.len();
        let printed = self.writer.frame(&mut self.text, frame);
        let is_wanted = self.only.as_mut().is_none_or(|only| only.is_of_it(frame));
        match printed {
            Printed::NotTcp if frame.link.is_known() => self.tally.count(NotDecoded::NotTcp),
            Printed::NotTcp => self.tally.count(NotDecoded::UnknownLink),
            Printed::Filtered => self.tally.filtered += 1,
            Printed::Line if is_wanted => self.lines += 1,
            Printed::Line => self.text.truncate(before),
        }
    }

    /// What is to be told at the end.
    fn finish(&self, ended: &Ended, dropped: u64) -> anyhow::Result<()> {
        if let Some(only) = &self.only {
            let connections = only.trace.ids().len();
            if only.id as usize >= connections {
                bail!(
                    "there is no connection {}: the capture has {connections}",
                    only.id + 1
                )
            }
        }
        if self.lines == 0 && ended.why().is_none() {
            let why = read_without(&self.tally);
            eprintln!("tcpviz: no TCP segment to show; {why}");
        }
        view::finish(dropped, ended.why())
    }
}

impl Only {
    /// Whether a frame is a segment of the connection. To be asked of every frame: that is how they are
    /// numbered.
    fn is_of_it(&mut self, frame: &Frame<'_>) -> bool {
        let segment = match decode(frame) {
            Ok(Decoded { segment, .. }) if self.ports.match_ends(segment.src, segment.dst) => {
                segment
            }
            _ => return false,
        };
        let rows = |trace: &Trace| {
            let is_known = (self.id as usize) < trace.ids().len();
            if is_known { trace.len(self.id) } else { 0 }
        };
        let before = rows(&self.trace);
        let captured = Captured {
            time_ns: frame.time_ns,
            place: Place {
                offset: frame.offset,
                captured: u32::try_from(frame.data.len()).unwrap_or(u32::MAX),
                wire_len: frame.wire_len,
                link: frame.link,
                frame: frame.number,
            },
            segment,
        };
        let batch = Batch {
            segments: vec![captured],
            ..Batch::default()
        };
        self.trace.take(&batch, |_, _, _| {});
        rows(&self.trace) > before
    }
}

/// What the reader sends.
enum Message {
    Text(Vec<u8>),
    /// The last one: what there is to tell.
    End(Box<Printer>, Ended),
    /// Somebody asked the program to leave.
    Leave,
}

/// Prints a saved capture, or one that comes through a pipe, as it comes.
///
/// # Errors
/// The output can't be written, or the capture breaks off.
pub fn replay<R: Read + Send + 'static>(
    cli: &Cli,
    growing: bool,
    open: impl FnOnce() -> io::Result<Frames<R>> + Send + 'static,
    mut out: Box<dyn Write>,
) -> anyhow::Result<()> {
    let printer = Printer::new(cli.ports(), cli.look, cli.connection);
    let (sender, messages) = sync_channel(BLOCKS);
    let (used, empty) = channel();
    let leave = sender.clone();
    // A pipe may stay silent for ever: what came is written without waiting for its end.
    view::on_signal_to(growing, move || drop(leave.send(Message::Leave)))?;
    thread::spawn(move || read(printer, open, &sender, &empty));
    loop {
        match messages.recv()? {
            Message::Text(mut text) => {
                out.write_all(&text)
                    .and_then(|()| out.flush())
                    .context(view::WRITING)?;
                text.clear();
                let _ = used.send(text);
            }
            Message::Leave => return Ok(()),
            Message::End(printer, ended) => return printer.finish(&ended, 0),
        }
    }
}

/// Reads to the end, or until nobody listens. Blocks that were written come back through `empty`.
fn read<R: Read>(
    mut printer: Printer,
    open: impl FnOnce() -> io::Result<Frames<R>>,
    sender: &SyncSender<Message>,
    empty: &Receiver<Vec<u8>>,
) {
    let ended = match open() {
        Ok(mut frames) => frames.visit(|come| {
            let is_due = match come {
                Visit::Frame(frame) => {
                    printer.frame(frame);
                    printer.text.len() >= BLOCK
                }
                Visit::LeftOut => {
                    printer.tally.frames += 1;
                    printer.tally.filtered += 1;
                    false
                }
                Visit::Pause => !printer.text.is_empty(),
            };
            !is_due || {
                let next = empty
                    .try_recv()
                    .unwrap_or_else(|_| Vec::with_capacity(BLOCK * 2));
                let text = mem::replace(&mut printer.text, next);
                sender.send(Message::Text(text)).is_ok()
            }
        }),
        Err(why) => Some(Ended {
            cut: None,
            error: Some(why.to_string()),
        }),
    };
    if let Some(ended) = ended {
        let _ = sender.send(Message::End(Box::new(printer), ended));
    }
}

/// As this machine names its interfaces: tcpdump asks it also for a file that comes from elsewhere.
#[cfg(target_os = "linux")]
pub fn interface_name(index: u32) -> Option<String> {
    use rustix::net::netdevice::index_to_name;
    use rustix::net::{AddressFamily, SocketType, socket};
    let any = socket(AddressFamily::UNIX, SocketType::DGRAM, None).ok()?;
    index_to_name(any, index).ok()
}

#[cfg(not(target_os = "linux"))]
pub fn interface_name(_: u32) -> Option<String> {
    None
}
