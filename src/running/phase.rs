//! What signals mean: while the command runs they are the command's; then, until what was its own is kept, they only cut the wait short;
//! afterwards they mean what they always do.

use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use signal_hook::consts::{SIGHUP, SIGINT, SIGQUIT, SIGTERM};
use signal_hook::iterator::Signals;

use crate::live::Saved;
use crate::logging;

/// The phase that a session is in, as the thread that waits for signals knows it.
pub struct Phase(Mutex<Now>);

enum Now {
    Runs,
    Keeps,
    /// The terminal UI answers signals itself.
    Ui,
    Writes(Saved),
}

impl Phase {
    /// `pass_on` hands a signal to the command, `enough` cuts the wait short.
    ///
    /// # Errors
    /// The signals can't be waited for.
    pub fn begin(
        pass_on: impl Fn(i32) + Send + 'static,
        enough: impl Fn() + Send + 'static,
    ) -> io::Result<Arc<Phase>> {
        let phase = Arc::new(Phase(Mutex::new(Now::Runs)));
        let known = phase.clone();
        let mut signals = Signals::new([SIGINT, SIGQUIT, SIGTERM, SIGHUP])?;
        thread::spawn(move || {
            for signal in signals.forever() {
                logging::signal(signal);
                match &*known.0.lock().unwrap_or_else(PoisonError::into_inner) {
                    // The terminal sends the others to the command itself.
                    Now::Runs if [SIGTERM, SIGHUP].contains(&signal) => pass_on(signal),
                    Now::Runs | Now::Ui => {}
                    Now::Keeps => enough(),
                    Now::Writes(saved) => {
                        saved.tell_all();
                        let _ = signal_hook::low_level::emulate_default_handler(signal);
                    }
                }
            }
        });
        Ok(phase)
    }

    pub fn command_has_ended(&self) {
        self.set(Now::Keeps);
    }

    pub fn ui(&self) {
        self.set(Now::Ui);
    }

    /// Where what was kept is, is told before a signal ends the program.
    pub fn writes(&self, saved: Saved) {
        self.set(Now::Writes(saved));
    }

    fn set(&self, now: Now) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = now;
    }
}
