//! tcpviz's own live capture, inside the process: what it makes of the traffic can be read while it grows.

use std::path::Path;
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use super::{LabError, Namespace};
use crate::privilege;
use crate::source::live::{self, Handing, Running};
use crate::source::save::SaveFile;
use crate::source::{Selection, Store};
use crate::trace::Trace;
use crate::wire::{Feed, Ports};

/// A running capture. It ends when dropped.
pub struct Recorder {
    running: Running,
    feeds: Receiver<Feed>,
    trace: Trace,
    /// What came since it was last passed on.
    fresh: Option<Vec<Feed>>,
    /// Reads frames back: options and data.
    pub store: Store,
}

impl Recorder {
    /// Captures on an interface of a namespace; `save` names the file; one that exists is taken only
    /// with `force`. Without a name nothing stays.
    ///
    /// # Errors
    /// The interface can't be captured on, or the file can't be written.
    pub fn start(
        namespace: &Namespace,
        interface: &str,
        ports: Ports,
        save: Option<&Path>,
        force: bool,
    ) -> Result<Recorder, LabError> {
        let selection = Selection {
            ports: ports.clone(),
            expression: None,
        };
        let open = namespace.run(|| live::open(interface, selection, Handing::AtOnce))?;
        let failed = || LabError::io("the capture file");
        let file = match save {
            Some(_) => privilege::by_caller(|| SaveFile::create(save, force)),
            None => SaveFile::unnamed(),
        };
        let file = file.map_err(failed())?;
        let store = Store::new(file.reader().map_err(failed())?);
        let (sender, feeds) = channel();
        let sink = Box::new(move |feed| sender.send(feed).is_ok());
        let running = open.start(file, sink).map_err(failed())?;
        Ok(Recorder {
            running,
            feeds,
            trace: Trace::new(ports),
            fresh: None,
            store,
        })
    }

    /// Everything that has come so far.
    pub fn trace(&mut self) -> &Trace {
        while let Ok(feed) = self.feeds.try_recv() {
            self.take(feed);
        }
        &self.trace
    }

    /// What has come since this was last asked, for somebody else's trace; kept from the first time on.
    pub fn take_fresh(&mut self) -> Vec<Feed> {
        self.fresh.replace(Vec::new()).unwrap_or_default()
    }

    /// Waits until the trace is as wanted, at most for `patience`; whether it came to that.
    pub fn wait(&mut self, patience: Duration, mut is_so: impl FnMut(&Trace) -> bool) -> bool {
        let deadline = Instant::now() + patience;
        loop {
            if is_so(self.trace()) {
                return true;
            }
            match self
                .feeds
                .recv_timeout(deadline.saturating_duration_since(Instant::now()))
            {
                Ok(feed) => self.take(feed),
                Err(_) => return is_so(&self.trace),
            }
        }
    }

    /// Ends the capture, with everything that the kernel still has; the trace stays.
    pub fn end(&mut self) {
        self.running.stop();
        // The source's last word ends it.
        while let Ok(feed) = self.feeds.recv() {
            self.take(feed);
        }
    }

    /// Ends the capture, and hands over what it holds.
    #[must_use]
    pub fn stop(mut self) -> Trace {
        self.end();
        std::mem::replace(&mut self.trace, Trace::new(Ports::default()))
    }

    fn take(&mut self, feed: Feed) {
        match &feed {
            Feed::Batch(batch) => self.trace.take(batch, |_, _, _| {}),
            Feed::Ended(ended) => self.trace.end(ended.clone()),
        }
        if let Some(fresh) = &mut self.fresh {
            fresh.push(feed);
        }
    }
}

impl Drop for Recorder {
    fn drop(&mut self) {
        self.running.stop();
    }
}
