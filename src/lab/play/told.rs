//! What tcpviz tells of a program's next read() and write(), beside what these calls give.

use crate::conn::Side;
use crate::story::ending::ending;
use crate::story::program::{Outcome, program};
use crate::trace::Trace;

/// Which of a side's calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    Read,
    Write,
}

/// What was told before a call.
#[derive(Clone, Debug)]
pub struct Asked {
    side: Side,
    way: Way,
    /// How many segments had been captured.
    segments: usize,
    told: Vec<Outcome>,
}

/// What has been asked and seen so far.
#[derive(Default)]
pub struct Told {
    /// What the last call gave.
    pub result: Option<String>,
    /// What one side's calls have given since the capture had so many segments.
    seen: Vec<(Side, Way, usize, Vec<Outcome>)>,
}

impl Told {
    /// What tcpviz tells of a call that is about to be made; `None` where it tells of no such call.
    pub fn ask(trace: &Trace, side: Side, call: &str) -> Option<Asked> {
        let way = match call {
            "read" | "recv" | "drain" => Way::Read,
            "write" | "send" => Way::Write,
            _ => return None,
        };
        Some(Asked {
            side,
            way,
            segments: trace.segments(),
            told: tell(trace, side, way)?,
        })
    }

    /// Compares what a call gave with what was told of it.
    ///
    /// # Errors
    /// They differ.
    pub fn check(&mut self, trace: &Trace, asked: Asked, result: &str) -> Result<(), String> {
        let Asked {
            side,
            way,
            mut segments,
            mut told,
        } = asked;
        // A call that waited gives what came meanwhile.
        if told.contains(&Outcome::Waits) && result != "EAGAIN" {
            told = tell(trace, side, way).unwrap_or_default();
            segments = trace.segments();
        }
        let outcomes = outcomes(result, way);
        let known = self
            .seen
            .iter()
            .position(|(its, ways, count, _)| (*its, *ways, *count) == (side, way, segments));
        let mut seen = known.map_or(Vec::new(), |at| self.seen.remove(at).3);
        for outcome in outcomes {
            if seen.last() != Some(&outcome) {
                seen.push(outcome);
            }
        }
        // Whether the program had read what came, tcpviz can't know.
        let expected: Vec<_> = told
            .iter()
            .filter(|outcome| **outcome != Outcome::Data || seen.contains(outcome))
            .collect();
        let agrees = seen.len() <= expected.len() && seen.iter().zip(expected).all(|(a, b)| a == b);
        let names = |outcomes: &[Outcome]| {
            let names: Vec<_> = outcomes.iter().map(|outcome| outcome.name()).collect();
            names.join(", then ")
        };
        let verdict = if agrees {
            Ok(())
        } else {
            let call = match way {
                Way::Read => "read()",
                Way::Write => "write()",
            };
            Err(format!(
                "the {side}'s {call} gave {}, and tcpviz tells {}",
                names(&seen),
                names(&told)
            ))
        };
        self.seen.push((side, way, segments, seen));
        verdict
    }
}

/// Compares what connect() gave with what tcpviz tells of it by now.
///
/// # Errors
/// They differ.
pub fn check_connect(trace: &Trace, side: Side, result: &str) -> Result<(), String> {
    let told = super::newest(trace)
        .and_then(|id| program(trace, id, side, &ending(trace, id)).connect)
        .map_or("0", Outcome::name);
    if result == told {
        Ok(())
    } else {
        Err(format!(
            "the {side}'s connect() gave {result}, and tcpviz tells {told}"
        ))
    }
}

fn tell(trace: &Trace, side: Side, way: Way) -> Option<Vec<Outcome>> {
    let id = super::newest(trace)?;
    let told = program(trace, id, side, &ending(trace, id));
    Some(match way {
        Way::Read => told.read,
        Way::Write => told.write,
    })
}

/// `4096, then ECONNRESET`, `EPIPE, SIGPIPE`, `0 (EOF)`, `5`.
fn outcomes(result: &str, way: Way) -> Vec<Outcome> {
    let parts = result
        .split(", ")
        .map(|part| part.trim_start_matches("then "));
    let of = |part: &str| match (part, way) {
        ("0 (EOF)", _) => Some(Outcome::Eof),
        ("EAGAIN", Way::Read) => Some(Outcome::Waits),
        ("EPIPE" | "killed by SIGPIPE", _) => Some(Outcome::Fails("EPIPE")),
        ("ECONNRESET", _) => Some(Outcome::Fails("ECONNRESET")),
        ("ETIMEDOUT", _) => Some(Outcome::Fails("ETIMEDOUT")),
        ("EHOSTUNREACH", _) => Some(Outcome::Fails("EHOSTUNREACH")),
        ("ENETUNREACH", _) => Some(Outcome::Fails("ENETUNREACH")),
        ("ECONNREFUSED", _) => Some(Outcome::Fails("ECONNREFUSED")),
        (number, Way::Read) if number.parse::<u64>().is_ok_and(|count| count > 0) => {
            Some(Outcome::Data)
        }
        (number, Way::Write) if number.parse::<u64>().is_ok() => Some(Outcome::Taken),
        _ => None,
    };
    parts.filter_map(of).collect()
}
