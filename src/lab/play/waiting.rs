//! Waiting: until something is so, until nothing changes any more, until both kernels and tcpviz have the states that
//! they must have.

use std::net::SocketAddr;
use std::sync::atomic::Ordering;
use std::thread;
use std::time::{Duration, Instant};

use super::{Play, Stop, newest, now_ns};
use crate::conn::State;
use crate::conn::state::PerSide;
use crate::lab::kernel::Socket;
use crate::trace::{KernelEnd, Queues, Said};

/// How long until a kernel is asked again: it doesn't tell by itself.
const MOMENT: Duration = Duration::from_millis(2);

/// A step is over when nothing has changed for so many moments, or after `RESTLESS` in any case.
const QUIET: u32 = 4;
const RESTLESS: Duration = Duration::from_millis(60);

impl Play {
    /// Waits until it is so; everybody is listened to meanwhile.
    pub(super) fn wait(
        &mut self,
        what: &str,
        mut is_so: impl FnMut(&mut Play) -> bool,
    ) -> Result<(), Stop> {
        let deadline = Instant::now() + self.patience;
        loop {
            self.recorder.trace();
            self.hear();
            if is_so(self) {
                return Ok(());
            }
            if self.leave.load(Ordering::Relaxed) {
                return Err(Stop::Left);
            }
            if self.recorder.trace().breaks_off().is_some() {
                return Err("the capture breaks off".to_string().into());
            }
            if Instant::now() > deadline {
                return Err(format!("waited in vain: {what}").into());
            }
            thread::sleep(MOMENT);
        }
    }

    /// Lets time pass.
    pub(super) fn pass(&mut self, time: Duration) -> Result<(), Stop> {
        let until = Instant::now() + time;
        while Instant::now() < until {
            if self.leave.load(Ordering::Relaxed) {
                return Err(Stop::Left);
            }
            thread::sleep(MOMENT.min(until.saturating_duration_since(Instant::now())));
        }
        // What the kernels say has changed, if only by the clock.
        self.asked = None;
        Ok(())
    }

    /// Waits until nothing changes any more, for a while.
    pub(super) fn settle(&mut self) -> Result<(), Stop> {
        let until = Instant::now() + RESTLESS;
        let mut last = None;
        let mut quiet = 0;
        while quiet < QUIET && Instant::now() < until {
            self.recorder.trace();
            self.hear();
            let kernel = self
                .sockets()?
                .map(|ends| PerSide::of(|side| without_clock(ends[side])));
            let seen = (self.recorder.trace().segments(), kernel);
            quiet = if last == Some(seen) { quiet + 1 } else { 0 };
            last = Some(seen);
            thread::sleep(MOMENT);
        }
        Ok(())
    }

    /// Both ends' addresses, once something was captured.
    pub(super) fn addresses(&mut self) -> Option<PerSide<SocketAddr>> {
        let trace = self.recorder.trace();
        let id = newest(trace)?;
        Some(trace.connection(id).addresses)
    }

    /// What the kernels say of the connection now.
    pub(super) fn sockets(&mut self) -> Result<Option<PerSide<Socket>>, Stop> {
        match self.addresses() {
            Some(addresses) => Ok(Some(self.set.sockets(&addresses)?)),
            None => Ok(None),
        }
    }

    /// Both ends' states, as tcpviz has them.
    fn shown(&mut self) -> Option<PerSide<State>> {
        let trace = self.recorder.trace();
        let id = newest(trace)?;
        Some(trace.row(id, trace.len(id).checked_sub(1)?).states)
    }

    /// Waits until the kernels have these states, and tcpviz shows them.
    pub(super) fn reach(
        &mut self,
        kernel: PerSide<State>,
        shown: PerSide<State>,
    ) -> Result<(), Stop> {
        let words = |states: PerSide<State>| format!("{} {}", states.client, states.server);
        let mut last = None;
        let reached = self.wait("", |play| {
            last = play.sockets().ok().flatten();
            last.is_some_and(|ends| PerSide::of(|side| ends[side].state) == kernel)
        });
        if let Err(Stop::Left) = reached {
            return reached;
        }
        if reached.is_err() {
            let states = last.map(|ends| PerSide::of(|side| ends[side].state));
            let has = states.map_or("no socket".into(), words);
            return Err(format!("the kernels have {has}, not {}", words(kernel)).into());
        }
        let shows = self.wait("", |play| play.shown() == Some(shown));
        if let Err(Stop::Left) = shows {
            return shows;
        }
        if shows.is_err() {
            let has = self.shown().map_or("nothing".into(), words);
            return Err(format!("tcpviz shows {has}, not {}", words(shown)).into());
        }
        self.settle()
    }

    /// Asks both kernels, and tells what is new.
    pub(super) fn ask_kernels(&mut self) -> Result<(), Stop> {
        let (Some(ends), Some(shown)) = (self.sockets()?, self.shown()) else {
            return Ok(());
        };
        let quiet = PerSide::of(|side| without_clock(ends[side]));
        if self.asked != Some((quiet, shown)) {
            self.asked = Some((quiet, shown));
            let ends = PerSide::of(|side| {
                Some(KernelEnd {
                    state: ends[side].state,
                    queues: Some(Queues {
                        receive: ends[side].receive_queue,
                        send: ends[side].send_queue,
                    }),
                    timer: ends[side].timer_in_words(),
                })
            });
            self.say(now_ns(), Said::Kernel(ends));
        }
        Ok(())
    }
}

/// What counts of a socket where its timer's clock doesn't.
fn without_clock(socket: Socket) -> Socket {
    Socket {
        left: Duration::ZERO,
        inode: 0,
        ..socket
    }
}
