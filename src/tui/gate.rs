//! A gate in front of the screen: while it is shut, what comes waits where it comes from.

use std::sync::{Arc, Condvar, Mutex, PoisonError};

/// One for all who send something to the screen but keys.
#[derive(Clone, Debug, Default)]
pub struct Gate(Arc<(Mutex<bool>, Condvar)>);

impl Gate {
    /// Waits until it is open.
    pub fn pass(&self) {
        let (is_shut, opened) = &*self.0;
        let shut = is_shut.lock().unwrap_or_else(PoisonError::into_inner);
        drop(opened.wait_while(shut, |is_shut| *is_shut));
    }

    #[must_use]
    pub fn is_shut(&self) -> bool {
        *self.0.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn shut(&self) {
        self.set(true);
    }

    pub fn open(&self) {
        self.set(false);
    }

    fn set(&self, shut: bool) {
        let (is_shut, opened) = &*self.0;
        *is_shut.lock().unwrap_or_else(PoisonError::into_inner) = shut;
        opened.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc::channel;
    use std::thread;

    #[test]
    fn who_stands_before_a_shut_gate_passes_once_it_is_open() {
        let gate = Gate::default();
        gate.pass();
        gate.shut();
        let (sender, passed) = channel();
        let waiting = gate.clone();
        thread::spawn(move || {
            waiting.pass();
            sender.send(waiting.is_shut()).unwrap();
        });
        gate.open();
        assert_eq!(passed.recv(), Ok(false));
    }
}
