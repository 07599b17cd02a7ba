//! The actors' calls: made, ended, and compared with what they must give and with what tcpviz tells of them.

use std::collections::VecDeque;

use super::company::Heard;
use super::told::{self, Asked, Told};
use super::{Play, Stop, now_ns};
use crate::conn::Side;
use crate::lab::actor::{Call, Fd};
use crate::lab::script::Outcome;

/// A call that an actor was told to make.
#[derive(Clone)]
pub(super) struct Pending {
    pub text: String,
    pub call: Call,
    /// When it began; until it has, when it was ordered.
    pub began_ns: u64,
    begun: bool,
    /// Its begin stands in the ladder.
    pub shown: bool,
    /// When it ended (0: never by itself), and its result.
    pub ended: Option<(u64, String)>,
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

impl Play {
    /// Has an actor make a call, and waits for its end if a result is wanted.
    pub(super) fn make(
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
            if let Some(pending) = calls.iter().find(|it| it.ended.is_none()) {
                return Err(format!("{actor} is still in {}", pending.text).into());
            }
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
        Told::ask(self.recorder.trace(), *end, &call.name)
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
    pub(super) fn conclude_told(&mut self, actor: &str, wanted: &Outcome) -> Result<(), Stop> {
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
    pub(super) fn unseen(&mut self, actor: &str, text: &str) -> Result<(), Stop> {
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
    pub(super) fn conclude(&mut self, actor: &str, wanted: Option<&Outcome>) -> Result<(), Stop> {
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
        if wanted.is_some_and(|wanted| !wanted.untold) {
            self.compare_connect(actor, &pending.call, &result);
        }
        self.show(actor, &pending);
        self.told.result = Some(result.clone());
        if pending.call.name == "fork"
            && let Ok(pid) = result.parse()
        {
            self.born(actor, pid)?;
        }
        Ok(())
    }

    /// Compares what connect() gave, once it is over, with what is told by now.
    fn compare_connect(&mut self, actor: &str, call: &Call, result: &str) {
        let connects = call.name == "connect" && !call.arguments.iter().any(|it| it == "AF_UNSPEC");
        if connects && result != "EINPROGRESS" {
            let side = self.side_of(actor, Some(call));
            let told = told::check_connect(self.recorder.trace(), side, result);
            self.differences.extend(told.err());
        }
    }

    /// An actor has forked: its child has the same descriptors.
    fn born(&mut self, actor: &str, pid: i32) -> Result<(), Stop> {
        const CHILD: &str = "child";
        self.company.born(CHILD, actor, pid)?;
        self.sides.insert(CHILD.into(), self.side_of(actor, None));
        let owned = self.ends.iter().filter(|((owner, _), _)| owner == actor);
        let inherited: Vec<_> = owned
            .map(|((_, fd), side)| ((CHILD.to_string(), *fd), *side))
            .collect();
        self.ends.extend(inherited);
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
    pub(super) fn side_of(&self, actor: &str, call: Option<&Call>) -> Side {
        let end = call.and_then(|call| {
            let known = self.ends.get(&(actor.to_string(), call.fd()?)).copied();
            let listens = ["listen", "accept"].contains(&call.name.as_str());
            known.or(listens.then_some(Side::Server))
        });
        end.or(self.sides.get(actor).copied())
            .unwrap_or(Side::Client)
    }

    pub(super) fn hear(&mut self) {
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
    pub(super) fn call_of(&self, actor: &str) -> Option<&Pending> {
        self.calls.get(actor)?.front()
    }
}
