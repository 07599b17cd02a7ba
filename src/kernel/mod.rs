//! What this machine's kernel says of the connections that are captured (`--kernel`): docs/kernel.md.
//!
//! ```text
//!   tracefs  ==pipe==>  helper (a process)  ==pipe==>  thread "kernel"  ==>  sink: what was heard
//!   sock_diag  <========================================>  thread
//! ```
//!
//! Tracepoints (root) tell every change of a state, and why an RST is sent, with the time. sock_diag tells anybody who asks how things
//! stand just then: queues, timers, and what tracepoints don't tell, that what is left of a closed socket goes on without it.

mod clock;
mod helper;
mod line;
mod looks;
mod tracefs;

pub use helper::{Helper, help_if_asked};

use std::io::{self, Read};
use std::net::SocketAddr;
use std::process::ChildStdout;
use std::sync::Mutex;
use std::sync::mpsc::{Receiver, SyncSender, TryRecvError, sync_channel};
use std::thread;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;

use crate::conn::State;
use crate::diag::Diag;
use crate::trace::{Heard, KernelEnd, Word};
use crate::wire::Ports;
use clock::{Clock, epoch_ns, now_ns};
use line::{Line, Lines, Told, What};
use looks::Looks;
pub use looks::MOST as WATCHED;

/// Takes what was heard; says whether anybody still listens.
pub type Sink = Box<dyn FnMut(Vec<Heard>) -> bool + Send>;

/// Questions that may wait.
const QUEUE: usize = 1024;

/// How long the last words are waited for.
const PATIENCE: Duration = Duration::from_secs(2);

/// Octets read from the helper at a time.
const AT_ONCE: usize = 1 << 14;

/// Both ends of each, in either order.
type Connections = Vec<(SocketAddr, SocketAddr)>;

/// Listens to the kernel, in a thread of its own.
#[derive(Debug)]
pub struct Kernel {
    asked: Mutex<Option<SyncSender<Connections>>>,
    helper: Mutex<Option<Helper>>,
    over: Mutex<Receiver<Missed>>,
}

/// What wasn't heard of all that the kernel had to tell.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Missed {
    /// Events that came faster than they were read.
    pub events: u64,
    /// The helper ended before it was asked to: from then on sock_diag alone told.
    pub helper: bool,
    /// More connections were under way than are looked at.
    pub others: bool,
}

impl Kernel {
    /// Starts the thread. To be called after privileges are given up: it is born without them.
    ///
    /// # Errors
    /// There can be no thread, or no sock_diag.
    pub fn start(mut helper: Option<Helper>, ports: Ports, sink: Sink) -> io::Result<Kernel> {
        let (asked, questions) = sync_channel(QUEUE);
        let (ended, over) = sync_channel(1);
        let traced = helper.as_mut().and_then(|helper| {
            let (clock, told) = (helper.clock, helper.take_told()?);
            Some((clock, told))
        });
        let listening = Listening {
            diag: Diag::open()?,
            looks: Looks::default(),
            ports,
            sink,
            is_wanted: true,
            missed: Missed::default(),
        };
        thread::Builder::new()
            .name("kernel".into())
            .spawn(move || {
                let missed = listening.run(traced, &questions);
                let _ = ended.send(missed);
            })?;
        Ok(Kernel {
            asked: Mutex::new(Some(asked)),
            helper: Mutex::new(helper),
            over: Mutex::new(over),
        })
    }

    /// Wants to know of both ends of these connections, in either order. Never waits; to be asked as often as segments come.
    pub fn ask(&self, connections: Connections) {
        if let Ok(asked) = self.asked.lock()
            && let Some(asked) = &*asked
        {
            // Where too many wait the next segment asks again.
            let _ = asked.try_send(connections);
        }
    }

    /// Has it end: what the kernel has told until now still comes. Waits for that; says what was missed. The
    /// second time there is nothing to wait for.
    pub fn end(&self) -> Missed {
        if let Ok(mut asked) = self.asked.lock() {
            *asked = None;
        }
        if let Ok(mut helper) = self.helper.lock()
            && let Some(helper) = &mut *helper
        {
            helper.end();
        }
        let over = self.over.lock();
        let missed = over.map(|over| over.recv_timeout(PATIENCE).unwrap_or_default());
        // What it made is gone when this returns.
        if let Ok(mut helper) = self.helper.lock() {
            *helper = None;
        }
        missed.unwrap_or_default()
    }
}

/// The thread's own.
struct Listening {
    diag: Diag,
    looks: Looks,
    ports: Ports,
    sink: Sink,
    /// Whether anybody still listens.
    is_wanted: bool,
    missed: Missed,
}

impl Listening {
    /// Until there is nobody to tell, or nothing more to hear; what was missed.
    fn run(
        mut self,
        mut traced: Option<(Clock, ChildStdout)>,
        questions: &Receiver<Connections>,
    ) -> Missed {
        let mut lines = Lines::default();
        loop {
            let wait = self.looks.wait(Instant::now());
            let goes_on = match &mut traced {
                Some((clock, told)) => {
                    let tells = self.hear(*clock, told, &mut lines, wait).unwrap_or(false);
                    let is_asked = self.take_questions(questions);
                    if !tells {
                        traced = None;
                        self.missed.helper = is_asked;
                    }
                    tells || is_asked
                }
                None => {
                    self.wait_for_question(questions, wait);
                    self.take_questions(questions)
                }
            };
            let heard = self.looks.look(&self.diag, !goes_on);
            self.tell(heard);
            if !self.is_wanted || !goes_on {
                self.missed.others = self.looks.left_out();
                return self.missed;
            }
        }
    }

    fn tell(&mut self, heard: Vec<Heard>) {
        self.is_wanted &= heard.is_empty() || (self.sink)(heard);
    }

    fn wait_for_question(&mut self, questions: &Receiver<Connections>, wait: Duration) {
        if let Ok(asked) = questions.recv_timeout(wait) {
            self.looks.ask(asked);
        }
    }

    /// Takes the questions that wait; whether more may come.
    fn take_questions(&mut self, questions: &Receiver<Connections>) -> bool {
        // Those of somebody who asks no more are all taken: no more can wait.
        for _ in 0..=QUEUE {
            match questions.try_recv() {
                Ok(asked) => self.looks.ask(asked),
                Err(TryRecvError::Empty) => return true,
                Err(TryRecvError::Disconnected) => return false,
            }
        }
        true
    }

    /// Hears what tracepoints tell, if anything within this time; whether there may be more, until the helper has ended.
    fn hear(
        &mut self,
        clock: Clock,
        from: &mut ChildStdout,
        lines: &mut Lines,
        wait: Duration,
    ) -> io::Result<bool> {
        let wait = Timespec::try_from(wait).map_err(io::Error::other)?;
        let mut waiting = [PollFd::new(from, PollFlags::IN)];
        match poll(&mut waiting, Some(&wait)) {
            Ok(0) | Err(Errno::INTR) => return Ok(true),
            Ok(_) => {}
            Err(why) => return Err(why.into()),
        }
        let mut buffer = [0; AT_ONCE];
        let read = from.read(&mut buffer)?;
        let offset = clock.offset();
        let mut heard = Vec::new();
        lines.take(&buffer[..read], |line| match line {
            Line::Lost(events) => self.missed.events += events,
            Line::Told(told) if self.ports.match_ends(told.local, told.remote) => {
                let ends = (told.local, told.remote);
                let event = understand(&self.diag, &mut self.looks, told, offset);
                let rest = self.looks.look_at_rest(&self.diag, ends);
                let rest = rest.map(|state| Heard {
                    time_ns: event.time_ns,
                    local: ends.1,
                    remote: ends.0,
                    word: Word::End(KernelEnd::new(state)),
                });
                heard.extend([event].into_iter().chain(rest));
            }
            Line::Told(_) => {}
        });
        self.tell(heard);
        Ok(read > 0)
    }
}

/// An event, as it is to be told.
fn understand(diag: &Diag, looks: &mut Looks, told: Told, offset: i128) -> Heard {
    let Told {
        local,
        remote,
        what,
        clock_us,
    } = told;
    let word = match what {
        What::Deed(deed) => Word::Deed(deed),
        What::Changed { from, to } => {
            // The socket is gone then, but what is left of it waits in TIME-WAIT, or in FIN-WAIT-2: only sock_diag knows.
            let leaves_rest =
                to == State::Closed && matches!(from, State::FinWait2 | State::Closing);
            let state = if leaves_rest {
                diag.one(local, remote).map_or(to, |socket| socket.state)
            } else {
                to
            };
            looks.note(local, remote, state, leaves_rest);
            Word::End(KernelEnd::new(state))
        }
    };
    Heard {
        time_ns: epoch_ns(clock_us, offset),
        local,
        remote,
        word,
    }
}

/// Now, by the clock that stamps frames.
fn heard_now(local: SocketAddr, remote: SocketAddr, end: KernelEnd) -> Heard {
    Heard {
        time_ns: now_ns(),
        local,
        remote,
        word: Word::End(end),
    }
}
