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

/// Such connections have lost rows that their ending is told from.
fn too_long(connections: usize) -> String {
    let connections = counted(connections as u64, "connection");
    format!(
        "--expect can't judge {connections}: too long to keep all segments until the end; judge the capture file: tcpviz FILE --expect ..."
    )
}

struct Judge<'a> {
    cli: &'a Cli,
    judged: usize,
    otherwise: usize,
    /// Of so many nobody knows: they have lost rows that count.
    unknown: usize,
    /// Of the first of them.
    reasons: Vec<String>,
}

impl Judge<'_> {
    fn new(cli: &Cli) -> Judge<'_> {
        Judge {
            cli,
            judged: 0,
            otherwise: 0,
            unknown: 0,
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
        let is_cut = trace.lost_rows_of(id) > 0;
        if is_cut && !self.cli.expect.iter().all(|it| it.needs_no_rows(summary)) {
            self.unknown += 1;
            return;
        }
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
            (_, 0) if self.unknown > 0 => return Err(NotMet(too_long(self.unknown)).into()),
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

#[cfg(test)]
mod tests {
    use tcpviz::trace::Bounds;
    use tcpviz::wire::{Batch, Captured, Flags, Place, Ports, Segment, Seq, Told};

    use super::*;

    /// A connection that has lost rows, and ends with this of the client.
    fn cut(flags: Flags, seq: u32, times: usize) -> Trace {
        let mut trace = Trace::new(Ports::default());
        trace.keep(Bounds {
            rows: 16 * 1024,
            ..Bounds::NONE
        });
        let mut take = |flags, seq, len| {
            let segment = Segment {
                src: "10.0.0.1:40000".parse().unwrap(),
                dst: "10.0.0.2:80".parse().unwrap(),
                flags,
                seq: Seq(seq),
                ack: Seq(1),
                len,
                wnd: 1000,
                urg: 0,
                ttl: 64,
                told: Told::default(),
            };
            let captured = Captured {
                time_ns: 1,
                place: Place::default(),
                segment,
            };
            let batch = Batch {
                segments: vec![captured],
                ..Batch::default()
            };
            trace.take(&batch, |_, _, _| {});
        };
        (0..1000).for_each(|n| take(Flags::ACK, 1 + 10 * n, 10));
        (0..times).for_each(|_| take(flags, seq, if flags.has(Flags::RST) { 0 } else { 10 }));
        assert!(trace.lost_rows_of(0) > 0);
        trace
    }

    fn judged(trace: &Trace, expected: &str) -> String {
        let cli = Cli::typed(&["some.pcap", "--expect", expected]);
        judge(&cli, trace).map_or_else(|why| why.to_string(), |()| "met".into())
    }

    #[test]
    fn of_one_that_lost_rows_the_ending_is_judged_but_no_cause_and_no_silence() {
        let reset = cut(Flags::RST | Flags::ACK, 10_001, 1);
        assert_eq!(judged(&reset, "reset"), "met");
        assert!(judged(&reset, "orderly").contains("1 of 1 connection ended otherwise"));
        let unknown = "can't judge 1 connection: too long";
        assert!(judged(&reset, "reset:unread-data").contains(unknown));
        let silent = cut(Flags::ACK, 9991, 3);
        assert!(judged(&silent, "open").contains(unknown));
    }
}
