//! `--expect`: whether every connection that is shown ended as expected, and the reasons if not.

use std::fmt;

use tcpviz::conn::{ConnectionId, Side};
use tcpviz::report::connections::Table;
use tcpviz::story::Summary;
use tcpviz::story::ending::ending;
use tcpviz::story::numbers::counted;
use tcpviz::trace::Trace;

use crate::cli::Cli;

/// Connections that are told of: the first ones.
const TOLD: usize = 10;

/// Not every connection ended as expected, or there was none.
#[derive(Debug, Default)]
pub struct NotMet(String);

impl fmt::Display for NotMet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for NotMet {}

/// Judges the connections of a trace that has ended, where something is expected of them.
///
/// # Errors
/// [`NotMet`].
pub fn judge(cli: &Cli, trace: &Trace) -> anyhow::Result<()> {
    if cli.expect.is_empty() {
        return Ok(());
    }
    if trace.left_in_all() > 0 {
        return incomplete(cli);
    }
    let mut judge = Judge::new(cli);
    for id in trace.ids().filter(|id| trace.has(*id)) {
        judge.take(id as usize, trace, id, &Summary::of(trace, id));
    }
    judge.finish()
}

/// The same of the table of `-F connections`.
///
/// # Errors
/// [`NotMet`].
pub fn judge_table(cli: &Cli, table: &Table<'_>) -> anyhow::Result<()> {
    if cli.expect.is_empty() {
        return Ok(());
    }
    let mut judge = Judge::new(cli);
    table.each(|number, trace, id, summary| judge.take(number, trace, id, summary));
    judge.finish()
}

/// There was no connection to judge.
///
/// # Errors
/// [`NotMet`].
#[cfg(feature = "live")]
pub fn none(cli: &Cli) -> anyhow::Result<()> {
    judge(cli, &Trace::new(cli.ports()))
}

/// The program was asked to leave before anything could be judged.
///
/// # Errors
/// [`NotMet`].
pub fn unjudged(cli: &Cli) -> anyhow::Result<()> {
    if cli.expect.is_empty() {
        return Ok(());
    }
    let why = "--expect judges at the end of the capture, and it was left before that";
    Err(NotMet(why.into()).into())
}

/// Some connections have left memory before the end of a live capture: all can't be judged.
///
/// # Errors
/// [`NotMet`].
pub fn incomplete(cli: &Cli) -> anyhow::Result<()> {
    if cli.expect.is_empty() {
        return Ok(());
    }
    let why = "--expect can't judge: too many connections came to keep all until the end; judge the capture file: tcpviz FILE --expect ...";
    Err(NotMet(why.into()).into())
}

struct Judge<'a> {
    cli: &'a Cli,
    judged: usize,
    otherwise: usize,
    /// Of the first of them.
    reasons: Vec<String>,
}

impl Judge<'_> {
    fn new(cli: &Cli) -> Judge<'_> {
        Judge {
            cli,
            judged: 0,
            otherwise: 0,
            reasons: Vec::new(),
        }
    }

    /// `number` counts the capture's connections from 0; `id` is that one's in its trace.
    fn take(&mut self, number: usize, trace: &Trace, id: ConnectionId, summary: &Summary) {
        let wanted = self.cli.connection.map(|wanted| wanted as usize - 1);
        if wanted.is_some_and(|wanted| wanted != number) {
            return;
        }
        self.judged += 1;
        if self.cli.expect.iter().any(|it| it.is_met(summary)) {
            return;
        }
        self.otherwise += 1;
        if self.reasons.len() == TOLD {
            return;
        }
        let ending = ending(trace, id);
        let addresses = trace.addresses(id);
        let pointer = match ending.pointer() {
            none if none.is_empty() => none,
            some => format!("  ({some})"),
        };
        self.reasons.push(format!(
            "connection {}, {} > {}: {}: {}{pointer}",
            number + 1,
            addresses[Side::Client],
            addresses[Side::Server],
            summary.kind.name(),
            ending.summary
        ));
    }

    fn finish(self) -> anyhow::Result<()> {
        let wanted: Vec<_> = self.cli.expect.iter().map(ToString::to_string).collect();
        let wanted = wanted.join(" or ");
        let told = match (self.judged, self.otherwise) {
            (0, _) => format!("expected {wanted}, but there was no connection"),
            (_, 0) => return Ok(()),
            (all, otherwise) => {
                let all = counted(all as u64, "connection");
                format!("expected {wanted}, but {otherwise} of {all} ended otherwise:")
            }
        };
        let more = self.otherwise - self.reasons.len();
        let more = (more > 0).then(|| format!("and {more} more"));
        let lines = self.reasons.into_iter().chain(more);
        let lines: String = lines.map(|line| format!("\n  {line}")).collect();
        Err(NotMet(told + &lines).into())
    }
}
