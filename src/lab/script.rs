//! An experiment as it is written in `experiments/*.lab`: what it is about, its steps, and what must come out.
//!
//! ```text
//! == close-then-peer-writes
//! title: The client closes, the server writes one byte
//! articles: 002 001 000
//! wire: >F. <. <P.(1) >R
//! ending: reset, client closed first, by the client, data-after-close
//!
//! connected
//! client close(3) = 0
//! => FIN-WAIT-2 CLOSE-WAIT
//! server send(4, 1 byte) = 1
//! => CLOSED CLOSED
//! server read(4) = 0 (EOF)
//! ```
//!
//! A step begins with the actor that makes a call; with `*`, where something befalls a host, a process or the wire; or
//! with `=>`, which waits until both kernels have these states and tcpviz shows them. `read(4) ...` begins a call, and
//! `... = 1` waits for its end. `* then ...` happens at once after the step before, whoever watches.

use super::Family;
use super::actor::Call;
use crate::conn::state::PerSide;
use crate::conn::{Side, State};
use crate::story::cause::CauseId;
use crate::story::ending::Kind;

/// Where the two ends are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// Both on one host, 127.0.0.1.
    Loopback,
    /// Two hosts and a wire that does what it is told; captured on this side's interface.
    Wire(Side),
}

/// What must come out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// What comes after the handshake: `>` client to server, flags, `(n)` octets of data, `xN` repeated. `...` stands
    /// for any number of segments.
    pub wire: String,
    pub kind: Kind,
    pub closed_first: Option<Side>,
    pub reset_by: Option<Side>,
    /// The true cause; tcpviz must name it, with others or alone.
    pub cause: Option<CauseId>,
}

/// An experiment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Experiment {
    pub name: String,
    pub title: String,
    /// The articles that do it, by their numbers.
    pub articles: Vec<String>,
    /// What is to be seen in it.
    pub about: String,
    /// What is lowered here, and what it is by default.
    pub default: Option<String>,
    /// Takes longer than ten seconds by nature.
    pub slow: bool,
    pub place: Place,
    pub family: Family,
    /// Where the server listens.
    pub port: u16,
    pub steps: Vec<Step>,
    pub wanted: Wanted,
}

/// A step, as it is written, and the line on which it stands in its file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    pub line: usize,
    pub text: String,
    pub does: Does,
}

/// What a step does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Does {
    /// An actor makes a call, whose result must be this; without one it only begins.
    Call {
        actor: String,
        call: Call,
        text: String,
        wanted: Option<Outcome>,
    },
    /// The call that an actor is in ends.
    End { actor: String, wanted: Outcome },
    /// Something befalls a host, a process or the wire.
    Order(Vec<String>),
    /// Both kernels have these states, and tcpviz shows the second pair.
    States {
        kernel: PerSide<State>,
        shown: PerSide<State>,
    },
}

/// What a call must give: `*` in it stands for anything.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    pub text: String,
    /// No observer can tell it: tcpviz isn't asked whether it would have.
    pub untold: bool,
}

/// The experiments of one file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    /// The file's name, and that of the walkthrough.
    pub name: &'static str,
    /// What one wants to know.
    pub question: String,
    pub experiments: Vec<Experiment>,
}

/// Who may take part: both sides' processes, one that either has forked, and a process that has both ends.
const ACTORS: [&str; 4] = ["client", "server", "child", "program"];

/// The port on which a server listens where nothing else is said.
const PORT: u16 = 4321;

/// Reads a file of experiments.
///
/// # Errors
/// The line that isn't understood, and why.
pub fn parse(name: &'static str, text: &str) -> Result<Group, String> {
    let mut group = Group {
        name,
        question: String::new(),
        experiments: Vec::new(),
    };
    for (index, line) in text.lines().enumerate() {
        let number = index + 1;
        let fail = |why: String| format!("{name}.lab:{number}: {why}: {line}");
        let line = line.trim_end();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        if let Some(question) = line.strip_prefix("question: ") {
            group.question = question.into();
        } else if let Some(title) = line.strip_prefix("== ") {
            group.experiments.push(Experiment::named(title));
        } else {
            let experiment = group
                .experiments
                .last_mut()
                .ok_or_else(|| fail("no experiment has begun".into()))?;
            experiment.take(number, line).map_err(fail)?;
        }
    }
    Ok(group)
}

impl Experiment {
    fn named(name: &str) -> Experiment {
        Experiment {
            name: name.into(),
            title: String::new(),
            articles: Vec::new(),
            about: String::new(),
            default: None,
            slow: false,
            place: Place::Loopback,
            family: Family::Ipv4,
            port: PORT,
            steps: Vec::new(),
            wanted: Wanted {
                wire: String::new(),
                kind: Kind::Open,
                closed_first: None,
                reset_by: None,
                cause: None,
            },
        }
    }

    /// Takes the next line: what it is about first, then its steps.
    fn take(&mut self, number: usize, line: &str) -> Result<(), String> {
        if self.steps.is_empty() {
            // What is long goes on in the next line.
            if let Some(more) = line.strip_prefix("  ") {
                self.about = format!("{} {}", self.about, more.trim()).trim().into();
                return Ok(());
            }
            if let Some((key, value)) = line.split_once(": ")
                && key.chars().all(char::is_alphabetic)
            {
                return self.set(key, value);
            }
        }
        if line == "connected" {
            let three = [
                "server listen(3) = 0",
                "client connect(3) = 0",
                "server accept(3) = 4",
            ];
            for line in three {
                self.steps.push(step(number, line)?);
            }
            return Ok(());
        }
        self.steps.push(step(number, line)?);
        Ok(())
    }

    fn set(&mut self, key: &str, value: &str) -> Result<(), String> {
        match key {
            "title" => self.title = value.into(),
            "articles" => self.articles = value.split(' ').map(String::from).collect(),
            "about" => self.about = value.into(),
            "default" => self.default = Some(value.into()),
            "wire" => self.wanted.wire = value.into(),
            "ending" => self.wanted.end(value)?,
            "port" => self.port = value.parse().map_err(|_| "not a port".to_string())?,
            "on" => {
                for word in value.split(", ") {
                    match word {
                        "loopback" => self.place = Place::Loopback,
                        "a wire" => self.place = Place::Wire(Side::Client),
                        "a wire captured at the server" => self.place = Place::Wire(Side::Server),
                        "IPv6" => self.family = Family::Ipv6,
                        "slow" => self.slow = true,
                        other => return Err(format!("there is no place {other}")),
                    }
                }
            }
            other => return Err(format!("nothing is called {other}")),
        }
        Ok(())
    }

    /// The actors, in the order of their entrances.
    #[must_use]
    pub fn actors(&self) -> Vec<&str> {
        let mut actors = Vec::new();
        for step in &self.steps {
            if let Does::Call { actor, .. } = &step.does
                && !actors.contains(&actor.as_str())
            {
                actors.push(actor);
            }
        }
        actors
    }
}

impl Wanted {
    /// `reset, client closed first, by the client, data-after-close`.
    fn end(&mut self, text: &str) -> Result<(), String> {
        let mut words = text.split(", ");
        let kind = words.next().unwrap_or_default();
        let known = Kind::ALL.into_iter().find(|known| known.name() == kind);
        self.kind = known.ok_or_else(|| format!("no ending is named {kind}"))?;
        for word in words {
            match word {
                "client closed first" => self.closed_first = Some(Side::Client),
                "server closed first" => self.closed_first = Some(Side::Server),
                "by the client" => self.reset_by = Some(Side::Client),
                "by the server" => self.reset_by = Some(Side::Server),
                cause => {
                    let known = CauseId::ALL.into_iter().find(|known| known.name() == cause);
                    self.cause = Some(known.ok_or_else(|| format!("no cause is named {cause}"))?);
                }
            }
        }
        Ok(())
    }
}

fn step(line: usize, text: &str) -> Result<Step, String> {
    let does = if let Some(rest) = text.strip_prefix("=> ") {
        let (kernel, shown) = rest.split_once(" but shown ").unwrap_or((rest, rest));
        Does::States {
            kernel: states(kernel)?,
            shown: states(shown)?,
        }
    } else if let Some(rest) = text.strip_prefix("* ") {
        Does::Order(rest.split_whitespace().map(String::from).collect())
    } else {
        let (actor, rest) = text.split_once(' ').ok_or("who does what?")?;
        if !ACTORS.contains(&actor) {
            return Err(format!("no actor is called {actor}"));
        }
        let actor = actor.to_string();
        let rest = rest.trim();
        if let Some(wanted) = rest.strip_prefix("... = ") {
            let wanted = outcome(wanted);
            Does::End { actor, wanted }
        } else {
            let (text, wanted) = match rest.split_once(") = ") {
                Some((call, wanted)) => (format!("{call})"), Some(outcome(wanted))),
                None => (rest.trim_end_matches(" ...").to_string(), None),
            };
            let call = Call::parse(&text).ok_or("not a call")?;
            Does::Call {
                actor,
                call,
                text,
                wanted,
            }
        }
    };
    Ok(Step {
        line,
        text: text.into(),
        does,
    })
}

fn outcome(text: &str) -> Outcome {
    let (text, untold) = match text.strip_suffix(" untold") {
        Some(text) => (text, true),
        None => (text, false),
    };
    Outcome {
        text: text.into(),
        untold,
    }
}

fn states(text: &str) -> Result<PerSide<State>, String> {
    let mut names = text.split_whitespace().map(|name| {
        let known = State::ALL.into_iter().find(|state| state.name() == name);
        known.ok_or_else(|| format!("no state is named {name}"))
    });
    let mut next = || {
        names
            .next()
            .unwrap_or_else(|| Err("two states are needed".into()))
    };
    let (client, server) = (next()?, next()?);
    Ok(PerSide { client, server })
}

impl Outcome {
    /// Whether a result is as wanted.
    #[must_use]
    pub fn fits(&self, result: &str) -> bool {
        let mut rest = result;
        let mut parts = self.text.split('*');
        let first = parts.next().unwrap_or_default();
        let Some(after) = rest.strip_prefix(first) else {
            return false;
        };
        rest = after;
        let mut last = None;
        for part in parts {
            let Some(at) = rest.find(part) else {
                return false;
            };
            rest = &rest[at + part.len()..];
            last = Some(part);
        }
        // A `*` at the end takes what is left.
        rest.is_empty() || last == Some("")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_stands_for_anything() {
        let fits = |wanted: &str, result: &str| outcome(wanted).fits(result);
        assert!(fits("0 (EOF)", "0 (EOF)"));
        assert!(!fits("0", "0 (EOF)"));
        assert!(fits("*, then ECONNRESET", "4096, then ECONNRESET"));
        assert!(!fits("*, then ECONNRESET", "4096, then 0 (EOF)"));
        assert!(fits("*", "7"));
    }

    #[test]
    fn a_line_that_is_no_step_is_named() {
        let text = "question: Why?\n== one\ntitle: One\nclient closes\n";
        let why = parse("close", text).unwrap_err();
        assert_eq!(why, "close.lab:4: not a call: client closes");
    }
}
