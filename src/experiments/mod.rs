//! `tcpviz lab`: lists the experiments, plays them, and shows, checks or records what comes out.

mod paper;
mod screen;

use std::io::{self, BufWriter, IsTerminal, Write};

use anyhow::anyhow;

use tcpviz::lab::play::Play;
use tcpviz::lab::script::Experiment;
use tcpviz::lab::{LabError, catalog, enter};
use tcpviz::story::numbers::printable;

use crate::cli::{Format, LabArgs};
use crate::outfile::{OutFile, Output};
use crate::{formats, recorded, view};
use paper::{introduce, print, record_all};
use screen::show;

/// Does what the arguments ask for; `false` if an experiment came out otherwise.
///
/// # Errors
/// There is no such experiment, the lab can't be had, or something can't be written.
pub fn run(args: &LabArgs) -> anyhow::Result<bool> {
    let chosen = chosen(args)?;
    if args.recorded {
        if let ([experiment], None, None, false) = (
            chosen.as_slice(),
            args.format,
            &args.output,
            io::stdout().is_terminal(),
        ) {
            introduce(experiment, &mut Output(io::stdout()))?;
        }
        return recorded::replay(args).map(|()| true);
    }
    let Some(first) = chosen.first() else {
        if needs_one(args) {
            return Err(
                Usage("name one experiment, or --all; `tcpviz lab` lists them".into()).into(),
            );
        }
        return list().map(|()| true);
    };
    if args.write.is_some() && args.write == args.output {
        return Err(Usage("--write and --output name the same file".into()).into());
    }
    if args.write.is_some() && chosen.len() > 1 {
        let told = "--write keeps one experiment's capture: name one; `--record FOLDER` keeps all";
        return Err(Usage(told.into()).into());
    }
    let format = formats::asked(args.format, args.output.as_deref());
    if chosen.len() > 1 && matches!(format, Format::Svg | Format::Html) {
        let told = "a file of this format holds one experiment: name one";
        return Err(Usage(told.into()).into());
    }
    enter().map_err(|why| explain(why, &first.name))?;
    if let Some(folder) = &args.record {
        return record_all(args, &chosen, folder);
    }
    let wants_ui = args.format.is_none() && args.output.is_none() && !args.check;
    if chosen.len() == 1 && wants_ui && io::stdout().is_terminal() {
        return show(args, first).map(|()| true);
    }
    let out: Box<dyn Write> = match &args.output {
        None => Box::new(io::stdout()),
        Some(path) => {
            Box::new(OutFile::open(path, args.force).map_err(|why| view::cannot_create(path, why))?)
        }
    };
    print(args, &chosen, &mut Output(out))
}

/// Whether something is asked for that only an experiment can give.
fn needs_one(args: &LabArgs) -> bool {
    let paths = [&args.write, &args.output];
    args.check
        || args.pace.is_some()
        || args.format.is_some()
        || paths.iter().any(|path| path.is_some())
}

/// The experiments that are asked for.
fn chosen(args: &LabArgs) -> anyhow::Result<Vec<&'static Experiment>> {
    let everything = args.all || (args.record.is_some() && args.names.is_empty());
    if everything {
        let all = catalog::experiments();
        return Ok(all.filter(|it| args.slow || !it.slow).collect());
    }
    let find = |name: &String| catalog::find(name).ok_or_else(|| unknown(name));
    Ok(args.names.iter().map(find).collect::<Result<_, _>>()?)
}

/// What was typed can't be meant.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct Usage(String);

/// There is no experiment of this name; perhaps others are meant.
fn unknown(name: &str) -> Usage {
    const FEW: usize = 6;
    let similar: Vec<_> = catalog::experiments()
        .filter(|experiment| experiment.name.contains(&name.to_lowercase()))
        .map(|experiment| experiment.name.as_str())
        .collect();
    let name = printable(name);
    Usage(match similar.len() {
        _ if name.is_empty() => "an experiment has a name; `tcpviz lab` lists them".into(),
        0 => format!("there is no experiment {name}; `tcpviz lab` lists them"),
        1..=FEW => format!(
            "there is no experiment {name}; perhaps {}",
            similar.join(", ")
        ),
        more => format!(
            "there is no experiment {name}; {more} have this in their names, such as {}; `tcpviz lab` lists them",
            similar[..FEW].join(", ")
        ),
    })
}

/// Why there is no sandbox, what to change, and what can be seen without one.
fn explain(why: LabError, name: &str) -> anyhow::Error {
    let refused = matches!(why, LabError::Refused { .. });
    let error = anyhow::Error::new(why);
    if refused && recorded::find(name).is_some() {
        anyhow!("{error}\n\n  what was recorded of it elsewhere:  tcpviz lab {name} --recorded")
    } else {
        error
    }
}

/// Every experiment, below the question that it answers.
fn list() -> anyhow::Result<()> {
    let mut out = BufWriter::new(Output(io::stdout().lock()));
    let names = catalog::experiments().map(|experiment| experiment.name.len());
    let width = names.max().unwrap_or(0);
    for group in catalog::groups() {
        writeln!(out, "{}", group.question)?;
        for experiment in &group.experiments {
            let slow = if experiment.slow { " (slow)" } else { "" };
            writeln!(
                out,
                "  {:width$}  {}{slow}",
                experiment.name, experiment.title
            )?;
        }
        writeln!(out)?;
    }
    writeln!(
        out,
        "tcpviz lab NAME plays one: Space makes the next system call, q leaves."
    )?;
    writeln!(out, "docs/walkthroughs/ goes through them as a course.")?;
    Ok(out.flush()?)
}

/// What is to be seen, and what isn't as it would be elsewhere.
fn about(experiment: &Experiment) -> String {
    match &experiment.default {
        Some(default) => format!("{} Note: {default}.", experiment.about),
        None => experiment.about.clone(),
    }
}

fn open(args: &LabArgs, experiment: &Experiment) -> anyhow::Result<Play> {
    let path = args.write.as_deref();
    Play::open(experiment, path, args.force).map_err(|why| match (why, path) {
        (LabError::Io { why, .. }, Some(path)) if why.kind() == io::ErrorKind::AlreadyExists => {
            view::cannot_capture_into(path, why)
        }
        (why, _) => why.into(),
    })
}
