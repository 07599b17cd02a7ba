//! `--format tcpdump`: lines straight from the frames. Nothing is followed and nothing kept but what
//! tcpdump keeps; only `--connection`, which needs the connections' numbers, and `--expect` need a trace.

#[cfg(feature = "live")]
mod live;

use std::io::{self, Read, Write};
use std::mem;
use std::sync::mpsc::{Receiver, SyncSender, channel, sync_channel};
use std::thread;

use anyhow::Context;

use tcpviz::report::tcpdump::{Printed, Writer};
use tcpviz::source::Frames;
use tcpviz::source::frames::Visit;
use tcpviz::story::numbers::read_without;
use tcpviz::trace::Trace;
use tcpviz::wire::{
    Batch, Captured, CapturedError, Decoded, Ended, Frame, NotDecoded, Place, Ports, Tally, decode,
    decode_error,
};

#[cfg(feature = "live")]
pub use live::live;

use crate::cli::{Cli, Look};
use crate::expect;
use crate::signals;
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
    followed: Option<Followed>,
}

/// What is followed besides.
struct Followed {
    /// The one connection whose lines are wanted.
    only: Option<u32>,
    /// Connections are numbered among those of these ports.
    ports: Ports,
    trace: Trace,
}

impl Printer {
    /// As the command line says.
    pub fn of(cli: &Cli) -> Self {
        let mut printer = Printer::new(cli.ports(), cli.look);
        if cli.connection.is_some() || !cli.expect.is_empty() {
            printer.followed = Some(Followed {
                only: cli.connection.map(|number| number - 1),
                trace: Trace::new(cli.ports()),
                ports: cli.ports(),
            });
        }
        printer
    }

    pub fn new(ports: Ports, look: Look) -> Self {
        Printer {
            followed: None,
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
        let is_wanted = (self.followed.as_mut()).is_none_or(|followed| followed.wants(frame));
        match printed {
            Printed::NotTcp if frame.link.is_known() => self.tally.count(NotDecoded::NotTcp),
            Printed::NotTcp => self.tally.count(NotDecoded::UnknownLink),
            Printed::Filtered => self.tally.filtered += 1,
            Printed::Line if is_wanted => self.lines += 1,
            Printed::Line => self.text.truncate(before),
        }
    }

    /// What is to be told at the end.
    fn finish(&mut self, cli: &Cli, ended: &Ended, dropped: u64) -> anyhow::Result<()> {
        if let Some(followed) = &self.followed {
            view::check_wanted(cli, followed.trace.ids().len())?;
        }
        if self.lines == 0 && ended.why().is_none() {
            let why = read_without(&self.tally);
            say!("tcpviz: no TCP segment to show; {why}");
        }
        view::finish(dropped, ended.why())?;
        match &mut self.followed {
            Some(followed) => {
                // Which connections they would have been isn't known: all are in doubt.
                let missing = Batch {
                    tally: Tally {
                        dropped,
                        ..self.tally
                    },
                    ..Batch::default()
                };
                followed.trace.take(&missing, |_, _, _| {});
                followed.trace.end(ended.clone());
                expect::judge(cli, &followed.trace)
            }
            None => Ok(()),
        }
    }
}

impl Followed {
    /// Takes a frame; whether its line is wanted. To be asked of every frame: that is how connections are numbered.
    fn wants(&mut self, frame: &Frame<'_>) -> bool {
        let before = self.trace.segments();
        let batch = Batch {
            segments: Vec::from_iter(self.segment(frame)),
            errors: Vec::from_iter(self.error(frame)),
            ..Batch::default()
        };
        self.trace.take(&batch, |_, _, _| {});
        let is_its = |only| self.trace.order_since(before).first() == Some(&only);
        self.only.is_none_or(is_its)
    }

    fn segment(&self, frame: &Frame<'_>) -> Option<Captured> {
        let Decoded { segment, .. } = decode(frame).ok()?;
        let is_wanted = self.ports.match_ends(segment.src, segment.dst);
        is_wanted.then(|| Captured {
            time_ns: frame.time_ns,
            place: place(frame),
            segment,
        })
    }

    fn error(&self, frame: &Frame<'_>) -> Option<CapturedError> {
        let error = decode_error(frame)?;
        let is_wanted = self.ports.match_ends(error.src, error.dst);
        is_wanted.then(|| CapturedError {
            time_ns: frame.time_ns,
            place: place(frame),
            error,
        })
    }
}

fn place(frame: &Frame<'_>) -> Place {
    Place {
        offset: frame.offset,
        captured: u32::try_from(frame.data.len()).unwrap_or(u32::MAX),
        wire_len: frame.wire_len,
        link: frame.link,
        frame: frame.number,
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
/// The output can't be written, the capture breaks off, or `--expect` isn't met.
pub fn replay<R: Read + Send + 'static>(
    cli: &Cli,
    growing: bool,
    open: impl FnOnce() -> io::Result<Frames<R>> + Send + 'static,
    mut out: Box<dyn Write>,
) -> anyhow::Result<()> {
    let printer = Printer::of(cli);
    let (sender, messages) = sync_channel(BLOCKS);
    let (used, empty) = channel();
    let leave = sender.clone();
    // A pipe may stay silent for ever: what came is written without waiting for its end.
    signals::on_signal_to(growing, move || drop(leave.send(Message::Leave)))?;
    thread::spawn(move || read(printer, open, &sender, &empty));
    loop {
        match messages.recv()? {
            Message::Text(mut text) => {
                let written = out.write_all(&text).and_then(|()| out.flush());
                if let Err(why) = written.context(view::WRITING) {
                    // Nothing of it may go on to be judged.
                    view::unless_judged(cli, Err(why))?;
                    return expect::unjudged(cli);
                }
                text.clear();
                let _ = used.send(text);
            }
            Message::Leave => return expect::unjudged(cli),
            Message::End(mut printer, ended) => return printer.finish(cli, &ended, 0),
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
