//! The experiments of the articles, with real kernels: the wire, the states after each step, the ending, its cause, and
//! what each program's calls return. What must come out is what this kernel was measured to do.

mod calls;
mod child;
mod closing;
mod crossing;
mod exit;
mod forge;
mod forged;
mod half_close;
mod linger;
mod lost;
mod network;
mod orphan;
mod rebooted;
mod refused;
mod shutdown;
mod silent;
mod stage;
mod time_wait;
mod unread;

use std::sync::Mutex;

use libtest_mimic::Trial;
use tcpviz::conn::Side;
use tcpviz::lab::Family;
use tcpviz::report::ladder;
use tcpviz::story::cause::{CauseId, Confidence};
use tcpviz::story::ending::{Kind, ending};
use tcpviz::story::ladder::Style;
use tcpviz::trace::Trace;
use tcpviz::wire::Flags;

pub use stage::Stage;

/// An experiment, and what must come out of it.
pub struct Experiment {
    /// As in the walkthroughs.
    pub name: &'static str,
    pub family: Family,
    pub play: fn(Stage) -> Stage,
    /// What comes after the handshake: `>` client to server, flags, `(n)` octets of data, `xN` repeated. `...`
    /// stands for any number of segments.
    pub wire: &'static str,
    pub kind: Kind,
    pub closed_first: Option<Side>,
    pub reset_by: Option<Side>,
    /// The true cause; tcpviz must name it, with others or alone.
    pub cause: Option<CauseId>,
}

pub fn all() -> Vec<Trial> {
    let subjects = [
        closing::EXPERIMENTS,
        half_close::EXPERIMENTS,
        shutdown::EXPERIMENTS,
        exit::EXPERIMENTS,
        linger::EXPERIMENTS,
        unread::EXPERIMENTS,
        lost::EXPERIMENTS,
        orphan::EXPERIMENTS,
        crossing::EXPERIMENTS,
        forged::EXPERIMENTS,
        time_wait::EXPERIMENTS,
        refused::EXPERIMENTS,
        rebooted::EXPERIMENTS,
        silent::EXPERIMENTS,
    ];
    let experiments = subjects.into_iter().flatten();
    experiments
        .map(|experiment| {
            Trial::test(format!("experiment::{}", experiment.name), || {
                experiment.run();
                Ok(())
            })
        })
        .collect()
}

/// Lines of the table, one for each experiment that passed.
static TABLE: Mutex<Vec<String>> = Mutex::new(Vec::new());

/// Prints the experiments that came out as they must.
pub fn print_table() {
    let lines = TABLE.lock().expect("one at a time");
    if !lines.is_empty() {
        println!(
            "{:44} {:13} {:40} wire",
            "experiment", "ending", "causes told"
        );
    }
    for line in lines.iter() {
        println!("{line}");
    }
}

impl Experiment {
    /// One over IPv4 that leaves the connection open; the others are made of it.
    const fn new(name: &'static str, play: fn(Stage) -> Stage, wire: &'static str) -> Experiment {
        Experiment {
            name,
            family: Family::Ipv4,
            play,
            wire,
            kind: Kind::Open,
            closed_first: None,
            reset_by: None,
            cause: None,
        }
    }

    const fn ipv6(self) -> Experiment {
        Experiment {
            family: Family::Ipv6,
            ..self
        }
    }

    /// It ends in another way, begun by this side.
    const fn ends(self, kind: Kind, first: Side) -> Experiment {
        Experiment {
            kind,
            closed_first: Some(first),
            ..self
        }
    }

    /// It ends in another way, and nobody closed.
    const fn ends_unclosed(self, kind: Kind) -> Experiment {
        Experiment { kind, ..self }
    }

    /// An RST answers the SYN.
    const fn refused(self) -> Experiment {
        Experiment {
            reset_by: Some(Side::Server),
            cause: Some(CauseId::Refused),
            ..self.ends_unclosed(Kind::Refused)
        }
    }

    /// Both sides send FIN, this one first.
    const fn orderly(self, first: Side) -> Experiment {
        self.ends(Kind::Orderly, first)
    }

    /// One side closes first, then (or by it) one resets.
    const fn reset(self, first: Side, by: Side, cause: CauseId) -> Experiment {
        Experiment {
            reset_by: Some(by),
            cause: Some(cause),
            ..self.ends(Kind::Reset, first)
        }
    }

    /// The true cause of an ending that is no reset.
    const fn because(self, cause: CauseId) -> Experiment {
        Experiment {
            cause: Some(cause),
            ..self
        }
    }

    fn run(&self) {
        let stage = (self.play)(Stage::open(self.family));
        let (trace, id) = stage.finish();
        let wire = wire(&trace, id);
        let ladder = printed(&trace);
        assert!(
            fits(&wire, self.wire),
            "{wire}\nnot {}\n{ladder}",
            self.wire
        );
        let ending = ending(&trace, id);
        assert_eq!(
            (ending.kind, ending.closed_first, ending.reset_by),
            (self.kind, self.closed_first, self.reset_by),
            "{ladder}"
        );
        let told: Vec<_> = ending.causes.iter().map(|cause| cause.id).collect();
        if let Some(cause) = self.cause {
            assert!(
                told.contains(&cause),
                "{cause:?} isn't among {told:?}\n{ladder}"
            );
        } else {
            assert_eq!(told, [], "no cause is to be told\n{ladder}");
        }
        for cause in &ending.causes {
            let is_sure = cause.confidence == Confidence::Certain;
            assert!(
                !is_sure || Some(cause.id) == self.cause,
                "certain, but wrong"
            );
        }
        let names: Vec<_> = told.iter().map(|cause| cause.name()).collect();
        TABLE.lock().expect("one at a time").push(format!(
            "{:44} {:13} {:40} {}",
            self.name,
            ending.kind.name(),
            names.join(", "),
            self.wire
        ));
    }
}

/// What tcpviz prints of a capture: for people who have to see why an experiment fails.
pub fn printed(trace: &Trace) -> String {
    let mut text = Vec::new();
    ladder::write(&mut text, trace, None, Style::default()).expect("memory takes it");
    String::from_utf8_lossy(&text).into()
}

/// The wire after the handshake: `>F. <. <P.(1) >R`.
fn wire(trace: &Trace, id: u32) -> String {
    let opened = trace
        .rows_of(id)
        .take(3)
        .filter(|record| record.flags.has(Flags::SYN))
        .count();
    // The third segment of the handshake is a bare ACK.
    let skipped = if opened == 2 { 3 } else { 0 };
    let mut tokens: Vec<(String, usize)> = Vec::new();
    for record in trace.rows_of(id).skip(skipped) {
        let way = if record.from == Side::Client {
            '>'
        } else {
            '<'
        };
        let data = match record.len {
            0 => String::new(),
            len => format!("({len})"),
        };
        let token = format!("{way}{}{data}", record.flags);
        match tokens.last_mut() {
            Some((last, times)) if *last == token => *times += 1,
            _ => tokens.push((token, 1)),
        }
    }
    let tokens = tokens.into_iter().map(|(token, times)| match times {
        1 => token,
        times => format!("{token}x{times}"),
    });
    tokens.collect::<Vec<_>>().join(" ")
}

/// Whether the wire is as wanted; `...` stands for anything.
fn fits(wire: &str, wanted: &str) -> bool {
    let mut rest = wire;
    let parts: Vec<_> = wanted.split("...").map(str::trim).collect();
    for (i, part) in parts.iter().enumerate() {
        let is_last = i + 1 == parts.len();
        let at = match (i, is_last) {
            (0, true) => return wire == *part,
            (0, false) => rest.starts_with(part).then_some(0),
            (_, true) => return rest.ends_with(part),
            _ => rest.find(part),
        };
        let Some(at) = at else { return false };
        rest = &rest[at + part.len()..];
    }
    true
}
