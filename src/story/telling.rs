//! The story of a connection's end in text: what each program saw, and the findings. The screen and
//! the text output show the same.

use super::aside::kernel;
use super::ending::Ending;
use super::finding::{Found, findings};
use super::printable::printable;
use super::wrap::wrapped;
use super::{clock, program, reason};
use crate::conn::{ConnectionId, Side};
use crate::trace::Trace;

/// Something told: whom or what it is about, and sentences.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    pub about: String,
    pub sentences: Vec<String>,
}

/// Columns of what is told about, and the space after it.
const ABOUT: usize = 22;

impl Told {
    /// Lines of at most `width` columns: what it is about (on the first), and the text beside it;
    /// under it where there is no room beside it.
    #[must_use]
    pub fn wrapped(&self, width: usize) -> Vec<(String, String)> {
        let text = self.sentences.join(" ");
        let beside = width.checked_sub(ABOUT).filter(|room| *room >= 2 * ABOUT);
        let lines = wrapped(&text, beside.unwrap_or(width)).into_iter();
        if beside.is_none() {
            let heading = (format!("{}:", self.about), String::new());
            return [heading]
                .into_iter()
                .chain(lines.map(|line| (String::new(), line)))
                .collect();
        }
        let first = |i| if i == 0 { self.about.as_str() } else { "" };
        lines
            .enumerate()
            .map(|(i, line)| (format!("{:<ABOUT$}", first(i)), line))
            .collect()
    }
}

/// Everything there is to tell: the account, then the findings.
#[must_use]
pub fn tell(trace: &Trace, id: ConnectionId, ending: &Ending) -> Vec<Told> {
    let found = found(trace, id, ending);
    account(trace, id, ending)
        .into_iter()
        .chain(found)
        .collect()
}

/// The findings, each with its three sentences.
#[must_use]
pub fn found(trace: &Trace, id: ConnectionId, ending: &Ending) -> Vec<Told> {
    let told = |found: Found| Told {
        about: found.id.into(),
        sentences: vec![found.seen, found.means, format!("Try: {}", found.attempt)],
    };
    findings(trace, id, ending).into_iter().map(told).collect()
}

/// The causes with what speaks for and against each, what each program saw, and what only the clock
/// tells.
#[must_use]
pub fn account(trace: &Trace, id: ConnectionId, ending: &Ending) -> Vec<Told> {
    let causes = ending.causes.iter().map(|cause| {
        let mut sentence = format!("{}: {}", cause.confidence.name(), cause.id.words());
        if let Some(reason) = cause.reason {
            sentence += &format!(", for {reason}");
        }
        if let Some(against) = cause.against {
            sentence += &format!("; but {against}");
        }
        Told {
            about: "why".into(),
            sentences: vec![sentence + "."],
        }
    });
    let sides = Side::BOTH.into_iter().map(|side| {
        let program = program::program(trace, id, side, ending);
        let clock = clock::words(trace, id, side).map(|words| format!("{words}."));
        Told {
            about: format!("{side}'s program"),
            sentences: [format!("{}.", program.sentence())]
                .into_iter()
                .chain(clock)
                .collect(),
        }
    });
    let connection = trace.connection(id);
    let lacks = connection.is_incomplete() || connection.is_in_doubt();
    let lacking = lacks.then(|| Told {
        about: "capture".into(),
        sentences: vec![
            "It doesn't hold all of this connection: what is missing may change the story.".into(),
        ],
    });
    let kernel = kernels_reason(trace, id, ending);
    let all = lacking.into_iter().chain(causes).chain(kernel);
    all.chain(sides).collect()
}

/// Why the kernel itself says that it sent the RST that counted, where it was asked.
fn kernels_reason(trace: &Trace, id: ConnectionId, ending: &Ending) -> Option<Told> {
    let (side, name) = reason::told(trace, id)?;
    let why = kernel::sent_reset(side, name);
    let verdict = kernel::compared(name, &ending.causes);
    Some(Told {
        about: "kernel".into(),
        sentences: vec![printable(&format!("{why}{verdict}"))],
    })
}
