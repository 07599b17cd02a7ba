//! Playing an experiment: its actors make their calls on real sockets, tcpviz captures, the kernels are asked after each
//! step, and everything is compared with what must come out.

mod acting;
mod asides;
mod company;
mod expect;
mod orders;
mod set;
mod told;
mod waiting;

use std::collections::{BTreeMap, VecDeque};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

use super::actor::Fd;
use super::kernel::Socket;
use super::script::{Does, Experiment, Step};
use super::{LabError, Recorder, now_ns};
use crate::conn::state::PerSide;
use crate::conn::{ConnectionId, Side, State};
use crate::source::Store;
use crate::trace::{Aside, Said, Trace};
use crate::wire::Feed;

use acting::Pending;
use company::Company;
pub(super) use expect::way;
use set::Set;
use told::Told;

/// How long anything may take that is awaited. Long: a busy machine is no failure.
const PATIENCE: Duration = Duration::from_secs(30);

/// The same where somebody talks between the calls: what the kernels repeat meanwhile they repeat more and more rarely.
const UNHURRIED: Duration = Duration::from_mins(4);

/// How long a closed socket waits in FIN-WAIT-2 by default (tcp_fin_timeout), and where somebody talks.
const FIN_WAIT: Duration = Duration::from_mins(1);
const LONG_FIN_WAIT: Duration = Duration::from_hours(1);

/// Who watches an experiment while it is played.
pub trait Audience {
    /// What the capture brings, as it comes.
    fn feed(&mut self, feed: Feed);
    /// What is told beside it.
    fn aside(&mut self, aside: &Aside);
    /// Waits until `next` may happen; `false` ends the play.
    fn before(&mut self, next: &str) -> bool;
}

/// Nobody watches: for tests, and for output that comes at the end.
pub struct Empty;

impl Audience for Empty {
    fn feed(&mut self, _: Feed) {}
    fn aside(&mut self, _: &Aside) {}
    fn before(&mut self, _: &str) -> bool {
        true
    }
}

/// What came of an experiment.
pub struct Report {
    /// What was captured, with what was told beside it.
    pub trace: Trace,
    /// The connection that it is about; `None` where nothing was captured.
    pub connection: Option<ConnectionId>,
    /// Where it differs from what must come out, in sentences; empty if nowhere.
    pub differences: Vec<String>,
    /// It was left before its end.
    pub left: bool,
    pub took: Duration,
}

/// An experiment about to be played.
pub struct Play {
    experiment: Experiment,
    set: Set,
    recorder: Recorder,
    company: Company,
    /// The calls that actors are in, or have ended since; behind them, those that they were told to make next.
    calls: BTreeMap<String, VecDeque<Pending>>,
    /// Actors that are no more, and how they ended.
    gone: BTreeMap<String, String>,
    /// Which end of the connection an actor's descriptor is.
    ends: BTreeMap<(String, Fd), Side>,
    /// The side on which an actor stands.
    sides: BTreeMap<String, Side>,
    told: Told,
    /// What the kernels said when last asked, and tcpviz of the same moment.
    asked: Option<(PerSide<Socket>, PerSide<State>)>,
    /// What signals' handlers did, and when.
    handled: Vec<(u64, String)>,
    asides: Vec<Aside>,
    /// How many of them whoever watches has.
    passed_on: usize,
    differences: Vec<String>,
    began: Instant,
    patience: Duration,
    fin_wait: Duration,
    leave: Arc<AtomicBool>,
}

/// Why a play ends before its last step.
enum Stop {
    /// Whoever watches has left.
    Left,
    Failed(String),
}

impl From<LabError> for Stop {
    fn from(why: LabError) -> Stop {
        Stop::Failed(why.to_string())
    }
}

impl From<String> for Stop {
    fn from(why: String) -> Stop {
        Stop::Failed(why)
    }
}

impl Play {
    /// Builds hosts and wire, and begins to capture; `save` names the capture file; one
    /// that exists is taken only with `force`.
    ///
    /// # Errors
    /// They can't be had; see [`super::enter`].
    pub fn open(
        experiment: &Experiment,
        save: Option<&Path>,
        force: bool,
    ) -> Result<Play, LabError> {
        let set = Set::build(experiment)?;
        let mut recorder = set.record(experiment, save, force)?;
        recorder.take_fresh();
        Ok(Play {
            experiment: experiment.clone(),
            set,
            recorder,
            company: Company::new(),
            calls: BTreeMap::new(),
            gone: BTreeMap::new(),
            ends: BTreeMap::new(),
            sides: BTreeMap::new(),
            told: Told::default(),
            asked: None,
            handled: Vec::new(),
            asides: Vec::new(),
            passed_on: 0,
            differences: Vec::new(),
            began: Instant::now(),
            patience: PATIENCE,
            fin_wait: FIN_WAIT,
            leave: Arc::default(),
        })
    }

    /// Ends the play as soon as may be once this is set.
    pub fn leave_when(&mut self, leave: &Arc<AtomicBool>) {
        self.leave = Arc::clone(leave);
    }

    /// How long a closed socket waits in FIN-WAIT-2 here; `None` where that is the experiment's subject.
    #[must_use]
    pub fn fin_wait(&self) -> Option<Duration> {
        let steps = self.experiment.steps.iter();
        let is_subject = |step: &Step| {
            step.text.contains("tcp_fin_timeout") || step.text.contains("TCP_LINGER2")
        };
        (!steps.clone().any(is_subject)).then_some(self.fin_wait)
    }

    /// Gives whoever talks between the calls all the time in the world: a closed socket waits an hour in FIN-WAIT-2,
    /// unless the experiment says otherwise.
    ///
    /// # Errors
    /// The kernel refuses.
    pub fn unhurried(&mut self) -> Result<(), LabError> {
        self.patience = UNHURRIED;
        self.fin_wait = LONG_FIN_WAIT;
        let seconds = self.fin_wait.as_secs().to_string();
        for side in Side::BOTH {
            let host = self.set.host(side);
            host.sysctl("net.ipv4.tcp_fin_timeout", &seconds)?;
        }
        Ok(())
    }

    /// Reads frames back from the capture.
    #[must_use]
    pub fn store(&self) -> Store {
        self.recorder.store.clone()
    }

    /// Plays it to its end, or until whoever watches has left.
    pub fn run(mut self, audience: &mut dyn Audience) -> Report {
        let steps = self.experiment.steps.clone();
        let mut left = false;
        for (index, step) in steps.iter().enumerate() {
            let then = steps.get(index + 1);
            match self.step(step, then, audience) {
                Ok(()) => {}
                Err(Stop::Left) => {
                    left = true;
                    break;
                }
                Err(Stop::Failed(why)) => {
                    self.differences.push(format!("line {}: {why}", step.line));
                    break;
                }
            }
        }
        // What the actors' ends add to the wire is no longer captured.
        self.recorder.end();
        self.pass_on(audience);
        let fin_wait = self.fin_wait();
        drop(self.company);
        let mut trace = self.recorder.stop();
        trace.fin_wait_ns = fin_wait.and_then(|wait| u64::try_from(wait.as_nanos()).ok());
        let connection = newest(&trace);
        let cut = trace.breaks_off().map(String::from);
        self.differences.extend(cut);
        if trace.tally.dropped > 0 {
            let dropped = trace.tally.dropped;
            self.differences
                .push(format!("{dropped} frames were dropped"));
        }
        if !left {
            match connection {
                Some(id) => self.differences.extend(expect::differences(
                    &trace,
                    id,
                    &self.experiment.wanted,
                )),
                None => self.differences.push("nothing was captured".into()),
            }
        }
        for mut aside in self.asides {
            // What came late may belong before it.
            asides::place(&mut aside, &trace);
            trace.remark(aside);
        }
        Report {
            trace,
            connection,
            differences: self.differences,
            left,
            took: self.began.elapsed(),
        }
    }

    fn step(
        &mut self,
        step: &Step,
        then: Option<&Step>,
        audience: &mut dyn Audience,
    ) -> Result<(), Stop> {
        match &step.does {
            Does::Call {
                actor,
                call,
                text,
                wanted,
            } => {
                let next = format!("{actor}: {text}");
                self.cue(&next, audience)?;
                self.make(actor, call, text, wanted.as_ref())?;
            }
            Does::End { actor, wanted } => {
                self.wait(&format!("{actor}'s call ends"), |play| {
                    play.call_of(actor).is_none_or(|it| it.ended.is_some())
                })?;
                self.settle()?;
                self.conclude_told(actor, wanted)?;
            }
            Does::Order(words) => {
                let (words, at_once) = orders::at_once(words);
                let begun_ns = now_ns();
                if let Some(text) = orders::words(words) {
                    if !at_once {
                        self.cue(&text, audience)?;
                    }
                    self.say(now_ns(), Said::Order(text));
                } else if let Some(text) = orders::remark(words) {
                    self.say(begun_ns, Said::Order(text));
                }
                self.obey(words)?;
                self.settle()?;
            }
            Does::States { kernel, shown } => self.reach(*kernel, *shown)?,
        }
        self.show_others();
        // Where states are awaited, the kernels are asked once they are there.
        let is_states = |step: &Step| matches!(step.does, Does::States { .. });
        if is_states(step) || !then.is_some_and(is_states) {
            self.ask_kernels()?;
        }
        self.pass_on(audience);
        Ok(())
    }

    fn cue(&mut self, next: &str, audience: &mut dyn Audience) -> Result<(), Stop> {
        self.pass_on(audience);
        if audience.before(next) {
            Ok(())
        } else {
            Err(Stop::Left)
        }
    }
}

/// The connection that came last.
fn newest(trace: &Trace) -> Option<ConnectionId> {
    let last = trace.ids().len().checked_sub(1)?;
    ConnectionId::try_from(last).ok()
}

/// The side that an order is about.
fn side_named(word: Option<&String>) -> Result<Side, String> {
    match word.map(String::as_str) {
        Some("client") => Ok(Side::Client),
        Some("server") => Ok(Side::Server),
        other => Err(format!("which side is {other:?}?")),
    }
}
