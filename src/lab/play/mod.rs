//! Playing an experiment: its actors make their calls on real sockets, tcpviz captures, the kernels are asked after each
//! step, and everything is compared with what must come out.

mod company;
mod expect;
mod orders;
mod set;
mod told;

use std::collections::{BTreeMap, VecDeque};
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use super::actor::{Call, Fd};
use super::kernel::{Socket, Timer};
use super::script::{Does, Experiment, Outcome, Step};
use super::{LabError, Recorder};
use crate::conn::state::PerSide;
use crate::conn::{ConnectionId, Side, State};
use crate::source::Store;
use crate::trace::{Aside, KernelEnd, Said, Trace};
use crate::wire::Feed;

use company::{Company, Heard};
pub(super) use expect::way;
use set::Set;
use told::{Asked, Told};

/// How long anything may take that is awaited. Long: a busy machine is no failure.
const PATIENCE: Duration = Duration::from_secs(30);

/// How long until a kernel is asked again: it doesn't tell by itself.
const MOMENT: Duration = Duration::from_millis(2);

/// A step is over when nothing has changed for so many moments, or after `RESTLESS` in any case.
const QUIET: u32 = 4;
const RESTLESS: Duration = Duration::from_millis(60);

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
    /// What the kernels said when last asked.
    kernel: Option<PerSide<Socket>>,
    handled: Vec<(u64, String)>,
    asides: Vec<Aside>,
    differences: Vec<String>,
    began: Instant,
    leave: Arc<AtomicBool>,
}

/// A call that was begun.
struct Pending {
    text: String,
    call: Call,
    began_ns: u64,
    begun: bool,
    /// Its begin stands in the ladder.
    shown: bool,
    ended: Option<(u64, String)>,
}

impl Pending {
    fn new(text: &str, call: Call) -> Pending {
        Pending {
            text: text.into(),
            call,
            began_ns: now_ns(),
            begun: false,
            shown: false,
            ended: None,
        }
    }
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
    /// Builds hosts and wire, and begins to capture; `save` names the capture file, which mustn't exist.
    ///
    /// # Errors
    /// They can't be had; see [`super::enter`].
    pub fn open(experiment: &Experiment, save: Option<&Path>) -> Result<Play, LabError> {
        let set = Set::build(experiment)?;
        let mut recorder = set.record(experiment, save)?;
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
            kernel: None,
            handled: Vec::new(),
            asides: Vec::new(),
            differences: Vec::new(),
            began: Instant::now(),
            leave: Arc::default(),
        })
    }

    /// Set, it ends the play as soon as may be.
    #[must_use]
    pub fn leave(&self) -> Arc<AtomicBool> {
        Arc::clone(&self.leave)
    }

    /// Gives whoever talks between the calls all the time in the world: a closed socket waits an hour in FIN-WAIT-2,
    /// unless the experiment says otherwise.
    ///
    /// # Errors
    /// The kernel refuses.
    pub fn unhurried(&self) -> Result<(), LabError> {
        for side in Side::BOTH {
            let host = self.set.host(side);
            host.sysctl("net.ipv4.tcp_fin_timeout", "3600")?;
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
        drop(self.company);
        let mut trace = self.recorder.stop();
        let connection = newest(&trace);
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
        for aside in self.asides {
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
                if let Some(text) = orders::words(words) {
                    if !at_once {
                        self.cue(&text, audience)?;
                    }
                    self.say(now_ns(), Said::Order(text));
                }
                self.obey(words)?;
                self.settle()?;
            }
            Does::States { kernel, shown } => self.reach(kernel, shown)?,
        }
        self.show_others();
        let is_awaited = then.is_some_and(|then| matches!(then.does, Does::States { .. }));
        if !is_awaited {
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

    /// Has an actor make a call, and waits for its end if a result is wanted.
    fn make(
        &mut self,
        actor: &str,
        call: &Call,
        text: &str,
        wanted: Option<&Outcome>,
    ) -> Result<(), Stop> {
        if !self.company.has(actor) {
            let side = if actor == "server" {
                Side::Server
            } else {
                Side::Client
            };
            let server = self.set.server(&self.experiment);
            self.company.enter(actor, self.set.host(side), server)?;
            self.gone.remove(actor);
            self.sides.insert(actor.into(), side);
        }
        let asked = wanted
            .filter(|wanted| !wanted.untold)
            .and_then(|_| self.ask(actor, call));
        let calls = self.calls.entry(actor.into()).or_default();
        if wanted.is_some() {
            // Nobody asks any more how those before it ended.
            calls.clear();
        }
        calls.push_back(Pending::new(text, call.clone()));
        self.company.tell(actor, text)?;
        if call.name == "exit" {
            self.wait(&format!("{actor} exits"), |play| {
                play.gone.contains_key(actor)
            })?;
        } else if wanted.is_some() || call.name == "exec" {
            self.wait(&format!("{text} ends"), |play| {
                play.call_of(actor).is_none_or(|it| it.ended.is_some())
            })?;
        }
        self.settle()?;
        if wanted.is_some() || call.name == "exit" || call.name == "exec" {
            self.conclude(actor, wanted)?;
        } else if call.name == "connect" {
            self.attach(actor, call, "");
        }
        self.compare(asked);
        Ok(())
    }

    /// What tcpviz tells of an actor's call, if it is one of which it tells.
    fn ask(&mut self, actor: &str, call: &Call) -> Option<Asked> {
        let end = self.ends.get(&(actor.to_string(), call.fd()?))?;
        self.told.ask(self.recorder.trace(), *end, &call.name)
    }

    /// Compares what was told of the call that ended last with what it gave.
    fn compare(&mut self, asked: Option<Asked>) {
        let result = self.told.result.take().unwrap_or_default();
        if let Some(asked) = asked
            && let Err(why) = self.told.check(self.recorder.trace(), asked, &result)
        {
            self.differences.push(why);
        }
    }

    /// A call that has waited ends. An error, or the end of file, is compared with what tcpviz tells now; how much a
    /// write took before, it doesn't tell.
    fn conclude_told(&mut self, actor: &str, wanted: &Outcome) -> Result<(), Stop> {
        let call = self.call_of(actor).map(|pending| pending.call.clone());
        self.conclude(actor, Some(wanted))?;
        let result = self.told.result.as_deref().unwrap_or_default();
        let is_last = result == "0 (EOF)" || result.starts_with('E');
        if let Some(call) = call
            && is_last
            && !wanted.untold
        {
            let asked = self.ask(actor, &call);
            self.compare(asked);
        }
        Ok(())
    }

    /// Has an actor make a call that belongs to the scenery.
    fn unseen(&mut self, actor: &str, text: &str) -> Result<(), Stop> {
        let call = Call::parse(text).ok_or("not a call".to_string())?;
        let pending = VecDeque::from([Pending::new(text, call)]);
        self.calls.insert(actor.into(), pending);
        self.company.tell(actor, text)?;
        self.wait(text, |play| {
            play.call_of(actor).is_none_or(|it| it.ended.is_some())
        })?;
        self.calls.remove(actor);
        Ok(())
    }

    /// An actor's call has ended: it is compared, and shown.
    fn conclude(&mut self, actor: &str, wanted: Option<&Outcome>) -> Result<(), Stop> {
        let calls = self.calls.get_mut(actor);
        let Some(pending) = calls.and_then(VecDeque::pop_front) else {
            return Err(format!("{actor} is in no call").into());
        };
        let (_, result) = pending.ended.clone().unwrap_or((0, String::new()));
        if let Some(wanted) = wanted
            && !wanted.fits(&result)
        {
            self.differences.push(format!(
                "{actor} {} = {result}, not {}",
                pending.text, wanted.text
            ));
        }
        self.attach(actor, &pending.call, &result);
        // It is over, so what is known by now counts; EINPROGRESS says that it isn't.
        if pending.call.name == "connect"
            && !pending.call.arguments.iter().any(|it| it == "AF_UNSPEC")
            && wanted.is_some_and(|wanted| !wanted.untold)
            && result != "EINPROGRESS"
        {
            let side = self.side_of(actor, Some(&pending.call));
            let told = told::check_connect(self.recorder.trace(), side, &result);
            self.differences.extend(told.err());
        }
        self.show(actor, &pending);
        self.told.result = Some(result.clone());
        if pending.call.name == "fork"
            && let Ok(pid) = result.parse()
        {
            self.company.born("child", actor, pid)?;
            self.sides.insert("child".into(), self.side_of(actor, None));
            let inherited: Vec<_> = self
                .ends
                .iter()
                .filter(|((owner, _), _)| owner == actor)
                .map(|((_, fd), side)| (*fd, *side))
                .collect();
            for (fd, side) in inherited {
                self.ends.insert(("child".into(), fd), side);
            }
        }
        Ok(())
    }

    /// Remembers which end of the connection a descriptor is.
    fn attach(&mut self, actor: &str, call: &Call, result: &str) {
        let made = result.parse::<Fd>().ok();
        let new = match call.name.as_str() {
            "connect" => call.fd().map(|fd| (fd, Side::Client)),
            "accept" => made.map(|fd| (fd, Side::Server)),
            "dup" => call.fd().zip(made).and_then(|(old, new)| {
                let end = self.ends.get(&(actor.to_string(), old))?;
                Some((new, *end))
            }),
            _ => None,
        };
        if let Some((fd, mut side)) = new {
            if call.name == "connect" && actor == "server" {
                side = Side::Server;
            }
            self.ends.insert((actor.into(), fd), side);
        }
    }

    /// The side on which a call stands.
    fn side_of(&self, actor: &str, call: Option<&Call>) -> Side {
        let end = call.and_then(|call| {
            let known = self.ends.get(&(actor.to_string(), call.fd()?)).copied();
            let listens = ["listen", "accept"].contains(&call.name.as_str());
            known.or(listens.then_some(Side::Server))
        });
        end.or(self.sides.get(actor).copied())
            .unwrap_or(Side::Client)
    }

    /// Puts a call into the ladder: in one line, or with a begin and an end if something came between.
    fn show(&mut self, actor: &str, pending: &Pending) {
        let side = self.side_of(actor, Some(&pending.call));
        let Some((ended_ns, result)) = &pending.ended else {
            return self.show_begin(actor);
        };
        let who = if actor == side.to_string() {
            String::new()
        } else {
            format!("{actor}: ")
        };
        let text = &pending.text;
        let failed = has_failed(result);
        let told = match result.as_str() {
            "" => format!("{who}{text}"),
            // How a child ended that another actor has forked only that one could know.
            result if result.starts_with("exited") || result == "gone" => format!("{who}{text}"),
            result => format!("{who}{text} = {result}"),
        };
        let ended_ns = if *ended_ns == 0 {
            pending.began_ns
        } else {
            *ended_ns
        };
        if !pending.shown
            && !(pending.call.waits() && self.came_between(pending.began_ns, ended_ns))
        {
            self.say(
                pending.began_ns,
                Said::Call {
                    side,
                    text: told,
                    failed,
                },
            );
            return;
        }
        if !pending.shown {
            let text = format!("{who}{text} ...");
            let begin = Said::Call {
                side,
                text,
                failed: false,
            };
            self.say(pending.began_ns, begin);
        }
        self.say(
            ended_ns,
            Said::Call {
                side,
                text: told,
                failed,
            },
        );
    }

    /// Puts the begin of a call into the ladder that goes on.
    fn show_begin(&mut self, actor: &str) {
        let Some(pending) = self.calls.get_mut(actor).and_then(VecDeque::front_mut) else {
            return;
        };
        if pending.shown {
            return;
        }
        pending.shown = true;
        let (call, began_ns, text) = (pending.call.clone(), pending.began_ns, pending.text.clone());
        let side = self.side_of(actor, Some(&call));
        let who = if actor == side.to_string() {
            String::new()
        } else {
            format!("{actor}: ")
        };
        let text = format!("{who}{text} ...");
        self.say(
            began_ns,
            Said::Call {
                side,
                text,
                failed: false,
            },
        );
    }

    /// Calls that others are in, and what signals' handlers did.
    fn show_others(&mut self) {
        let waiting: Vec<_> = self
            .calls
            .iter()
            .filter(|(_, calls)| {
                // What doesn't wait stands in one line, when it is asked for.
                calls
                    .front()
                    .is_some_and(|it| !it.shown && (it.call.waits() || it.ended.is_none()))
            })
            .map(|(actor, _)| actor.clone())
            .collect();
        for actor in waiting {
            self.show_begin(&actor);
        }
        for (time_ns, text) in std::mem::take(&mut self.handled) {
            self.say(time_ns, Said::Order(text));
        }
    }

    /// Whether a segment was captured between two times.
    fn came_between(&mut self, from_ns: u64, to_ns: u64) -> bool {
        let trace = self.recorder.trace();
        let mut newest_first = trace.records.iter().rev();
        newest_first.any(|record| (from_ns..to_ns).contains(&record.time_ns))
    }

    /// Puts something into the ladder of the newest connection, or of the first that will come.
    fn say(&mut self, time_ns: u64, said: Said) {
        let trace = self.recorder.trace();
        let connection = newest(trace).unwrap_or(0);
        let before = match newest(trace) {
            Some(id) => trace
                .rows_of(id)
                .filter(|record| record.time_ns <= time_ns)
                .count(),
            None => 0,
        };
        self.asides.push(Aside {
            time_ns,
            connection,
            row: u32::try_from(before).unwrap_or(u32::MAX),
            said,
        });
    }

    /// Tells whoever watches what is new.
    fn pass_on(&mut self, audience: &mut dyn Audience) {
        for feed in self.recorder.take_fresh() {
            audience.feed(feed);
        }
        for aside in &self.asides[self.told.passed_on..] {
            audience.aside(aside);
        }
        self.told.passed_on = self.asides.len();
    }

    /// Waits until it is so; everybody is listened to meanwhile.
    fn wait(&mut self, what: &str, mut is_so: impl FnMut(&mut Play) -> bool) -> Result<(), Stop> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            self.recorder.trace();
            self.hear();
            if is_so(self) {
                return Ok(());
            }
            if self.leave.load(Ordering::Relaxed) {
                return Err(Stop::Left);
            }
            if Instant::now() > deadline {
                return Err(format!("waited in vain: {what}").into());
            }
            thread::sleep(MOMENT);
        }
    }

    fn hear(&mut self) {
        while let Some((actor, heard)) = self.company.hear() {
            let calls = self.calls.entry(actor.clone()).or_default();
            match heard {
                Heard::Begins(time) => {
                    if let Some(pending) = calls.iter_mut().find(|it| !it.begun) {
                        pending.begun = true;
                        pending.began_ns = time;
                    }
                }
                Heard::Ends(time, result) => {
                    if let Some(pending) = calls.iter_mut().find(|it| it.ended.is_none()) {
                        pending.ended = Some((time, result));
                    }
                }
                Heard::Handles(time, call) => {
                    self.handled
                        .push((time, format!("{actor}'s handler: {call}")));
                }
                Heard::Gone(how) => {
                    for pending in calls.iter_mut().filter(|it| it.ended.is_none()) {
                        pending.ended = Some((0, how.clone()));
                    }
                    self.gone.insert(actor, how);
                }
            }
        }
    }

    /// The call that an actor is in, or has ended last.
    fn call_of(&self, actor: &str) -> Option<&Pending> {
        self.calls.get(actor)?.front()
    }

    /// Waits until nothing changes any more, for a while.
    fn settle(&mut self) -> Result<(), Stop> {
        let until = Instant::now() + RESTLESS;
        let mut last = None;
        let mut quiet = 0;
        while quiet < QUIET && Instant::now() < until {
            self.recorder.trace();
            self.hear();
            let kernel = self
                .sockets()?
                .map(|ends| PerSide::of(|side| without_clock(ends[side])));
            let seen = (self.recorder.trace().records.len(), kernel);
            quiet = if last == Some(seen) { quiet + 1 } else { 0 };
            last = Some(seen);
            thread::sleep(MOMENT);
        }
        Ok(())
    }

    /// Both ends' addresses, once something was captured.
    fn addresses(&mut self) -> Option<PerSide<SocketAddr>> {
        let trace = self.recorder.trace();
        let id = newest(trace)?;
        Some(trace.connections()[id as usize].addresses)
    }

    /// What the kernels say of the connection now.
    fn sockets(&mut self) -> Result<Option<PerSide<Socket>>, Stop> {
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
    fn reach(&mut self, kernel: &PerSide<State>, shown: &PerSide<State>) -> Result<(), Stop> {
        let words = |states: &PerSide<State>| format!("{} {}", states.client, states.server);
        let mut last = None;
        let reached = self.wait("", |play| {
            last = play.sockets().ok().flatten();
            last.is_some_and(|ends| PerSide::of(|side| ends[side].state) == *kernel)
        });
        if let Err(Stop::Failed(_)) = reached {
            let states = last.map(|ends| PerSide::of(|side| ends[side].state));
            let has = states.map_or("no socket".into(), |states| words(&states));
            return Err(format!("the kernels have {has}, not {}", words(kernel)).into());
        }
        let shows = self.wait("", |play| play.shown() == Some(*shown));
        if shows.is_err() {
            let has = self
                .shown()
                .map_or("nothing".into(), |states| words(&states));
            return Err(format!("tcpviz shows {has}, not {}", words(shown)).into());
        }
        self.settle()
    }

    /// Asks both kernels, and tells what is new.
    fn ask_kernels(&mut self) -> Result<(), Stop> {
        let (Some(ends), Some(shown)) = (self.sockets()?, self.shown()) else {
            return Ok(());
        };
        let quiet = PerSide::of(|side| without_clock(ends[side]));
        if self.kernel != Some(quiet) {
            self.kernel = Some(quiet);
            let ends = PerSide::of(|side| KernelEnd {
                state: ends[side].state,
                receive_queue: ends[side].receive_queue,
                send_queue: ends[side].send_queue,
                timer: timer(&ends[side]),
            });
            self.say(now_ns(), Said::Kernel { ends, shown });
        }
        Ok(())
    }
}

/// Whether a result is an error, or the end of a process.
fn has_failed(result: &str) -> bool {
    let is_error = |word: &str| {
        word.len() > 2 && word.starts_with('E') && word.chars().all(|c| c.is_ascii_uppercase())
    };
    let mut words = result.split([' ', ',']);
    result.starts_with("killed") || words.any(is_error)
}

/// What counts of a socket where its timer's clock doesn't.
fn without_clock(socket: Socket) -> Socket {
    Socket {
        left: Duration::ZERO,
        inode: 0,
        ..socket
    }
}

/// A timer as ss(8) names it, and what is left of it.
fn timer(socket: &Socket) -> String {
    let name = match socket.timer {
        Timer::None => return String::new(),
        Timer::Retransmit => "on",
        Timer::KeepAlive => "keepalive",
        Timer::TimeWait => "timewait",
        Timer::Probe => "persist",
    };
    let left = socket.left;
    if left < Duration::from_secs(1) {
        format!("{name} {} ms", left.as_millis())
    } else {
        format!("{name} {} s", left.as_secs())
    }
}

/// The connection that came last.
fn newest(trace: &Trace) -> Option<ConnectionId> {
    let last = trace.connections().len().checked_sub(1)?;
    ConnectionId::try_from(last).ok()
}

/// Nanoseconds since the Unix epoch, by the clock that stamps frames.
fn now_ns() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    u64::try_from(now.unwrap_or_default().as_nanos()).unwrap_or(u64::MAX)
}

/// What an order may name once: whoever it is about.
fn side_named(word: Option<&String>) -> Result<Side, String> {
    match word.map(String::as_str) {
        Some("client") => Ok(Side::Client),
        Some("server") => Ok(Side::Server),
        other => Err(format!("which side is {other:?}?")),
    }
}
