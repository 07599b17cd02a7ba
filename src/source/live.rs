//! Capturing live: libpcap on a thread of its own. Every frame is in the save file before anybody
//! sees it.

mod reader;
mod stopped;

use std::fs::File;
use std::io::{self, PipeReader, PipeWriter, Write};
use std::os::fd::AsFd;
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

use pcap::{Active, Capture, Device, Error, Linktype, Precision};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::FdFlags;

use self::reader::Reader;
use self::stopped::{Stopped, unwritten};
use super::behind::{Giver, Stand, handing_on};
#[cfg(target_os = "linux")]
use super::interface::Interface;
use super::save::{SNAPLEN, SaveFile};
use super::{Collector, Selection, Sink, Store};
use crate::raw::libpcap;
use crate::wire::{Ended, LinkType};

/// How long a silent capture waits before it looks at the drop counters again.
const TICK: Timespec = Timespec {
    tv_sec: 0,
    tv_nsec: 250_000_000,
};

/// The kernel collects frames in blocks of memory, and hands a block over when it is full or this old, in milliseconds:
/// nobody sees that they wait, and a flood doesn't wake the program for every frame. libpcap's immediate mode would, and
/// has room for only one frame in each 64 KiB of the buffer.
const RETIRED_AFTER: u16 = 20;

const BLOCK: Timespec = Timespec {
    tv_sec: 0,
    tv_nsec: 1_000_000 * RETIRED_AFTER as i64,
};

/// A block that the kernel began before the end was asked for has been handed over after this.
const SETTLED: Duration = Duration::from_millis(3 * RETIRED_AFTER as u64);

/// How long the kernel's buffer is emptied after the end was asked for: under a flood it never is.
const DRAIN: Duration = Duration::from_secs(2);

/// What a power cut may cost: the kernel itself would let it become half a minute.
const BETWEEN_SYNCS: Duration = Duration::from_secs(1);

/// Octets of kernel buffer: with frames of up to 64 KiB on loopback the default 2 MiB holds only
/// some thirty. The kernel clears all of it first: more would make the start slow.
const KERNEL_BUFFER: i32 = 32 << 20;

/// After something was handed on what comes next waits so long for more: a flood doesn't wake whoever looks for every
/// batch. What comes after a silence doesn't wait.
const TOGETHER: Duration = Duration::from_millis(25);

/// How captured frames are handed on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Handing {
    /// Each as it comes: for who compares it with what happens at the same time. Dear under a flood.
    AtOnce,
    /// What comes within some hundredths of a second together.
    Together,
}

/// Why an interface could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    #[error("capturing on {interface} needs a permission that this process doesn't have")]
    Permission { interface: String },
    #[error("there is no interface {interface}; `tcpviz -D` lists them")]
    NoSuchInterface { interface: String },
    #[error("{interface} is down; bring it up (`ip link set {interface} up`) and try again")]
    Down { interface: String },
    #[error(
        "-f '{expression}' isn't a filter that libpcap understands: {why}; `man pcap-filter` tells the language"
    )]
    Filter { expression: String, why: String },
    #[error("{interface} can't be captured on: {why}")]
    Other { interface: String, why: String },
}

/// An open capture, with the right to capture already used: privileges can be given up now.
pub struct Open {
    capture: Capture<Active>,
    pub interface: String,
    #[cfg(target_os = "linux")]
    beside: Option<Interface>,
    pub link: LinkType,
    /// Of the fraction in time stamps, in nanoseconds.
    pub unit_ns: u64,
    selection: Selection,
    handing: Handing,
}

/// Stops a running capture.
pub struct Running {
    stop: PipeWriter,
}

/// The loopback interface, by what the system says of it.
#[must_use]
pub fn loopback() -> String {
    let devices = Device::list().unwrap_or_default();
    devices
        .into_iter()
        .find(|device| device.flags.is_loopback())
        .map_or_else(|| "lo".into(), |device| device.name)
}

/// Every interface that can be captured on: name and description.
///
/// # Errors
/// libpcap's own words.
pub fn interfaces() -> Result<Vec<(String, String)>, String> {
    let devices = Device::list().map_err(|why| why.to_string())?;
    Ok(devices
        .into_iter()
        .map(|device| (device.name, device.desc.unwrap_or_default()))
        .collect())
}

/// libpcap's version, in its own words.
#[must_use]
pub fn libpcap_version() -> String {
    libpcap::version()
}

/// Opens an interface, with nanosecond time stamps where granted, and sets the kernel's filter.
///
/// # Errors
/// See [`OpenError`].
pub fn open(interface: &str, selection: Selection, handing: Handing) -> Result<Open, OpenError> {
    let failed = |why: Error| open_error(interface, &why);
    let mut capture = Capture::from_device(interface)
        .map_err(failed)?
        .promisc(false)
        .immediate_mode(handing == Handing::AtOnce)
        .timeout(RETIRED_AFTER.into())
        .precision(Precision::Nano)
        .snaplen(SNAPLEN.cast_signed())
        .buffer_size(KERNEL_BUFFER)
        .open()
        .and_then(Capture::setnonblock)
        .map_err(failed)?;
    // libpcap leaves it to programs that are started.
    rustix::io::fcntl_setfd(capture.as_fd(), FdFlags::CLOEXEC).map_err(|why| OpenError::Other {
        interface: interface.into(),
        why: why.to_string(),
    })?;
    if interface == "any" {
        // The cooked header of version 2 tells the interface; where it isn't to be had, version 1
        // does as well.
        let _ = capture.set_datalink(Linktype(LinkType::LINUX_SLL2.0));
    }
    capture
        .filter(&selection.kernel_filter(), true)
        .map_err(|why| match &selection.expression {
            Some(expression) => OpenError::Filter {
                expression: expression.clone(),
                why: why.to_string(),
            },
            None => open_error(interface, &why),
        })?;
    Ok(Open {
        link: LinkType::from_dlt(capture.get_datalink().0),
        unit_ns: libpcap::unit_ns(&capture),
        capture,
        interface: interface.into(),
        #[cfg(target_os = "linux")]
        beside: Interface::open(interface),
        selection,
        handing,
    })
}

fn open_error(interface: &str, why: &Error) -> OpenError {
    let interface = interface.to_string();
    // libpcap tells these apart by codes that the crate turns into text.
    let why = why.to_string();
    let says = |word: &str| why.to_lowercase().contains(word);
    if says("permission") || says("not permitted") {
        OpenError::Permission { interface }
    } else if says("no such device") || says("doesn't exist") {
        OpenError::NoSuchInterface { interface }
    } else if says("is not up") || says("network is down") {
        OpenError::Down { interface }
    } else {
        OpenError::Other { interface, why }
    }
}

impl Open {
    /// Starts the capture thread, and one that hands on what it captures: whoever looks at it may
    /// be slow or stuck, the capture isn't.
    ///
    /// # Errors
    /// The save file can't be written.
    pub fn start(self, mut save: SaveFile, mut sink: Sink) -> io::Result<Running> {
        save.begin(self.link)
            .map_err(|why| io::Error::new(why.kind(), unwritten(&why, &save)))?;
        let syncing = sync_now_and_then(save.reader()?)?;
        let (stopped, stop) = io::pipe()?;
        let begun = Stand {
            octets: save.written(),
            ..Stand::default()
        };
        let store = Store::new(save.reader()?);
        let (mut giver, taker) = handing_on(store, self.selection.clone(), self.link, begun);
        let together = (self.handing == Handing::Together).then_some(TOGETHER);
        thread::Builder::new()
            .name("capture".into())
            .spawn(move || {
                let interface = self.interface.clone();
                let stopped_by = self.run(&mut save, &mut giver, &stopped).err();
                save.sync();
                drop(syncing);
                let error = stopped_by.map(|why| why.words(&interface, &save));
                giver.end(Ended { cut: None, error });
            })?;
        thread::Builder::new()
            .name("handing on".into())
            .spawn(move || taker.run(&mut sink, together))?;
        Ok(Running { stop })
    }

    /// Captures until told to stop; then takes what the kernel already has: the FIN just before the
    /// end is the one that people want.
    fn run(
        mut self,
        save: &mut SaveFile,
        giver: &mut Giver,
        stopped: &PipeReader,
    ) -> Result<(), Stopped> {
        // The kernel has applied the filter already.
        let mut collector = Collector::new(Selection {
            expression: None,
            ..self.selection
        });
        let mut reader = Reader {
            link: self.link,
            unit_ns: self.unit_ns,
            frames: 0,
            #[cfg(target_os = "linux")]
            beside: self.beside,
            #[cfg(target_os = "linux")]
            asked: Instant::now(),
            lost: 0,
        };
        let mut told = collector.batch.tally;
        let mut stopping: Option<Instant> = None;
        loop {
            let failed = |why: io::Error| Stopped::Other(why.to_string());
            if stopping.is_some() {
                settle(&self.capture).map_err(failed)?;
            } else if wait(&self.capture, stopped).map_err(failed)? {
                stopping = Some(Instant::now());
            }
            let taken = reader.take(&mut self.capture, save, &mut collector);
            if collector.batch.tally != told {
                told = collector.batch.tally;
                giver.give(collector.flush(), save.written());
            }
            let empty = taken? == 0;
            let over = match self.handing {
                Handing::AtOnce if empty => Duration::ZERO,
                Handing::Together if empty => SETTLED,
                _ => DRAIN,
            };
            if stopping.is_some_and(|since| since.elapsed() >= over) {
                return Ok(());
            }
        }
    }
}

/// Has the disk take what was written, now and then, on a thread of its own: a slow disk doesn't stop the capture. It ends with
/// what is returned.
fn sync_now_and_then(file: File) -> io::Result<Sender<()>> {
    let (sender, ends) = channel::<()>();
    thread::Builder::new()
        .name("syncing".into())
        .spawn(move || {
            let mut synced = 0;
            while ends.recv_timeout(BETWEEN_SYNCS) == Err(RecvTimeoutError::Timeout) {
                let len = file.metadata().map_or(0, |file| file.len());
                // A file system that can't has nothing that could be done.
                if len != synced && file.sync_data().is_ok() {
                    synced = len;
                }
            }
        })?;
    Ok(sender)
}

/// Waits for frames, for a tick, or to be told to stop; whether it was told.
fn wait(capture: &Capture<Active>, stopped: &PipeReader) -> io::Result<bool> {
    let mut waiting = [
        PollFd::from_borrowed_fd(capture.as_fd(), PollFlags::IN),
        PollFd::from_borrowed_fd(stopped.as_fd(), PollFlags::IN),
    ];
    match poll(&mut waiting, Some(&TICK)) {
        Ok(_) | Err(rustix::io::Errno::INTR) => Ok(!waiting[1].revents().is_empty()),
        Err(why) => Err(why.into()),
    }
}

/// Waits for what the kernel still has, at most for as long as it keeps a block.
fn settle(capture: &Capture<Active>) -> io::Result<()> {
    let mut waiting = [PollFd::from_borrowed_fd(capture.as_fd(), PollFlags::IN)];
    match poll(&mut waiting, Some(&BLOCK)) {
        Ok(_) | Err(rustix::io::Errno::INTR) => Ok(()),
        Err(why) => Err(why.into()),
    }
}

impl Running {
    /// Asks the thread to take what the kernel still has and to end; its last word comes through
    /// the sink.
    pub fn stop(&self) {
        // It fails only where the thread has ended already.
        let _ = (&self.stop).write_all(&[0]);
    }
}
