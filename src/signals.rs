//! Signals: those that ask the program to leave, and those that stop it and let it go on.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::SyncSender;
use std::thread;
use std::time::Duration;

use rustix::process::{Signal, kill_current_process_group};
use signal_hook::consts::{SIGCONT, SIGHUP, SIGINT, SIGTERM, SIGXFSZ};
use signal_hook::iterator::Signals;

use tcpviz::tui::Message;

use crate::logging;

/// Whether somebody asked the program to leave before the capture had ended.
#[derive(Clone, Default)]
pub struct Left(Arc<AtomicBool>);

impl Left {
    pub fn set(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    #[must_use]
    pub fn is_set(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// Does something when a signal asks the program to leave whose output comes at the end of a source that grows. While a
/// file is read the signal ends the program at once, as it does by itself: half a file's output looks like all of it.
///
/// # Errors
/// Signals can't be handled.
pub fn on_signal_to(growing: bool, act: impl Fn() + Send + 'static) -> io::Result<()> {
    if growing { on_signal(act) } else { Ok(()) }
}

/// Does something when a signal asks the program to leave.
pub fn on_signal(act: impl Fn() + Send + 'static) -> io::Result<()> {
    // nohup(1) has it ignored: it stays so, as in tcpdump.
    let asks = [SIGINT, SIGTERM, SIGHUP].into_iter();
    let mut signals = Signals::new(asks.filter(|signal| *signal != SIGHUP || !is_ignored(SIGHUP)))?;
    thread::spawn(move || {
        for signal in signals.forever() {
            logging::signal(signal);
            act();
        }
    });
    Ok(())
}

/// Lets a write fail where a file has become as large as `ulimit -f` lets it, as on a full disk: the signal that comes with it would
/// end the program without a word. It is handled rather than ignored, so that what is started doesn't inherit that.
///
/// # Errors
/// Signals can't be handled.
pub fn outlive_large_files() -> io::Result<()> {
    if !is_ignored(SIGXFSZ) {
        signal_hook::flag::register(SIGXFSZ, Arc::default())?;
    }
    Ok(())
}

/// Whether this process was started with a signal ignored.
fn is_ignored(signal: i32) -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let mask = mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    mask.is_some_and(|mask| mask >> (signal - 1) & 1 == 1)
}

/// Tells the terminal UI that the program goes on after it had been stopped.
///
/// # Errors
/// Signals can't be handled.
pub fn on_going_on(ui: SyncSender<Message>) -> io::Result<()> {
    let mut signals = Signals::new([SIGCONT])?;
    thread::spawn(move || signals.forever().all(|_| ui.send(Message::GoesOn).is_ok()));
    Ok(())
}

/// How long it may take until a stop has come to this process too: in a sandbox its guard passes it on.
const STOPS_WITHIN: Duration = Duration::from_millis(200);

/// Stops every process of the job, as the terminal itself does where it isn't raw: of a pipeline one alone would leave the
/// shell waiting for the others. Returns once it goes on, or soon where there is no shell: the kernel stops nobody then.
pub fn stop() {
    if kill_current_process_group(Signal::TSTP).is_ok() {
        thread::sleep(STOPS_WITHIN);
    }
}
