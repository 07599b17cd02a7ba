//! `tcpviz lab`: lists the experiments, plays them, and shows or checks what comes out.

use std::io::{self, Write};

use anyhow::bail;

use tcpviz::lab::catalog;
use tcpviz::lab::play::{Empty, Play, Report};
use tcpviz::lab::script::Experiment;
use tcpviz::report::ladder;
use tcpviz::story::ending::ending;
use tcpviz::story::numbers::printable;

use crate::cli::LabArgs;

/// Does what the arguments ask for; `false` if an experiment came out otherwise.
///
/// # Errors
/// There is no such experiment, the lab can't be had, or the output can't be written.
pub fn run(args: &LabArgs) -> anyhow::Result<bool> {
    let chosen = chosen(args)?;
    tcpviz::lab::enter()?;
    let mut out = io::stdout().lock();
    let mut as_wanted = true;
    if args.check {
        writeln!(out, "{}", heading())?;
    }
    for experiment in chosen {
        let report = Play::open(experiment, None)?.run(&mut Empty);
        as_wanted &= report.differences.is_empty();
        if args.check {
            writeln!(out, "{}", line(experiment, &report))?;
        } else {
            ladder::write(&mut out, &report.trace, None, args.look.style())?;
        }
        for difference in &report.differences {
            writeln!(out, "    {difference}")?;
        }
        if args.check && !report.differences.is_empty() {
            ladder::write(&mut out, &report.trace, None, args.look.style())?;
        }
        out.flush()?;
    }
    Ok(as_wanted)
}

/// The experiments that are asked for.
fn chosen(args: &LabArgs) -> anyhow::Result<Vec<&'static Experiment>> {
    if args.all {
        let all = catalog::experiments();
        return Ok(all.filter(|it| args.slow || !it.slow).collect());
    }
    let mut chosen = Vec::new();
    for name in &args.names {
        match catalog::find(name) {
            Some(experiment) => chosen.push(experiment),
            None => bail!(
                "there is no experiment {}; `tcpviz lab` lists them",
                printable(name)
            ),
        }
    }
    Ok(chosen)
}

fn heading() -> String {
    format!(
        "{:44} {:10} {:13} {:40} {:>5}",
        "experiment", "", "ending", "causes told", "s"
    )
}

fn line(experiment: &Experiment, report: &Report) -> String {
    let ending = report.connection.map(|id| ending(&report.trace, id));
    let kind = ending.as_ref().map_or("", |ending| ending.kind.name());
    let causes = ending.iter().flat_map(|ending| &ending.causes);
    let causes: Vec<_> = causes.map(|cause| cause.id.name()).collect();
    let verdict = if report.differences.is_empty() {
        "as wanted"
    } else {
        "DIFFERS"
    };
    format!(
        "{:44} {verdict:10} {kind:13} {:40} {:5.1}",
        experiment.name,
        causes.join(", "),
        report.took.as_secs_f64()
    )
}
