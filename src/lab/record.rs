//! Captures of experiments, and their recipes: how each was made, and what it must show.

use std::fs;
use std::io::{self, Write as _};
use std::path::Path;

use super::LabError;
use super::play::{Empty, Play, Report, way};
use super::script::{Experiment, Group, Step};
use crate::source::save;
use crate::story::ending::ending;
use crate::trace::{Said, Trace};

/// Captures larger than this are trimmed, in octets.
const LARGE: u64 = 8_192;

/// What is kept of a large capture's frames, in octets: every header, and no data to speak of.
const TRIMMED: u32 = 96;

/// What the README says before the tables.
const ABOUT: &str = "\
# Captures

Recorded by tcpviz itself from real kernel sockets on Linux, in a sandbox of namespaces:

```sh
tcpviz lab --record captures           # all, without root; --all --slow: those that take a minute too
```

`NAME.toml` says how each was made, call by call, and what it must show (`tests/captures.rs` checks it, and that tcpdump reads
the same flags, numbers and lengths). Nanosecond pcap; where a file would be larger than 8 KB, 96 octets of each frame are kept.
Ports other than the server's differ from recording to recording. `tcpviz lab NAME --recorded` replays one from the program itself.
";

/// Plays an experiment and leaves NAME.pcap and NAME.toml in a folder, unless it came out otherwise: then what was
/// there stays.
///
/// # Errors
/// The lab can't be had, or the files can't be written.
pub fn record(experiment: &Experiment, folder: &Path) -> Result<Report, LabError> {
    let file = |suffix: &str| folder.join(format!("{}.{suffix}", experiment.name));
    let (new, capture) = (file("pcap.new"), file("pcap"));
    let failed = |path: &Path| LabError::io(path.display().to_string());
    // What a run before this one left.
    match fs::remove_file(&new) {
        Err(why) if why.kind() != io::ErrorKind::NotFound => return Err(failed(&new)(why)),
        _ => {}
    }
    let report = Play::open(experiment, Some(&new), false)?.run(&mut Empty);
    if !report.differences.is_empty() {
        fs::remove_file(&new).map_err(failed(&new))?;
        return Ok(report);
    }
    if fs::metadata(&new).is_ok_and(|file| file.len() > LARGE) {
        save::trim(&new, TRIMMED).map_err(failed(&new))?;
    }
    replace(&file("toml"), &recipe(experiment, &report.trace))?;
    fs::rename(&new, &capture).map_err(failed(&capture))?;
    Ok(report)
}

/// Puts a file in the place of another, in one step.
///
/// # Errors
/// It can't be written.
pub fn replace(path: &Path, text: &str) -> Result<(), LabError> {
    let new = path.with_added_extension("new");
    let written = save::create(&new, true).and_then(|mut file| {
        file.write_all(text.as_bytes())?;
        fs::rename(&new, path)
    });
    written.map_err(LabError::io(path.display().to_string()))
}

/// The recipe, in TOML.
fn recipe(experiment: &Experiment, trace: &Trace) -> String {
    let mut text = String::new();
    let mut line = |content: String| {
        text.push_str(&content);
        text.push('\n');
    };
    line(format!("title = {:?}", experiment.title));
    line(format!("articles = {:?}", experiment.articles));
    line("how = '''".into());
    for Step { text, .. } in &experiment.steps {
        line(text.clone());
    }
    line("'''".into());
    line(String::new());
    line("# What stands beside the segments: connection, row, and what was done or said.".into());
    line("beside = [".into());
    for id in 0..=u32::try_from(trace.ids().len()).unwrap_or(0) {
        // ICMP errors are in the capture itself.
        let told = trace.asides(id).iter();
        for aside in told.filter(|aside| !matches!(aside.said, Said::Error(_))) {
            line(format!("  {:?},", aside.to_string()));
        }
    }
    line("]".into());
    line(String::new());
    line("# Each segment, and both ends after it: connection, client, server.".into());
    line("rows = [".into());
    for record in trace.records() {
        let data = match record.len {
            0 => String::new(),
            len => format!("({len})"),
        };
        line(format!(
            "  \"{} {}{}{data} {} {}\",",
            record.connection + 1,
            way(record.from),
            record.flags,
            record.states.client,
            record.states.server
        ));
    }
    line("]".into());
    for id in trace.ids() {
        let ending = ending(trace, id);
        line(String::new());
        line("[[endings]]".into());
        line(format!("kind = {:?}", ending.kind.name()));
        for (key, side) in [
            ("closed_first", ending.closed_first),
            ("reset_by", ending.reset_by),
        ] {
            if let Some(side) = side {
                line(format!("{key} = \"{side}\""));
            }
        }
        let causes = ending.causes.iter();
        let causes: Vec<_> = causes
            .map(|cause| format!("{} {}", cause.confidence.name(), cause.id.name()))
            .collect();
        if !causes.is_empty() {
            line(format!("causes = {causes:?}"));
        }
    }
    text
}

/// The folder's README: what lies there, and every capture below the question that it answers.
#[must_use]
pub fn readme(groups: &[Group]) -> String {
    let mut text = String::from(ABOUT);
    for group in groups {
        let name = group.name;
        text += &format!(
            "\n### [{}](../docs/walkthroughs/{name}.md)\n\n| capture | what happens | ending |\n|---|---|---|\n",
            group.question
        );
        for experiment in &group.experiments {
            let wanted = &experiment.wanted;
            let by = wanted
                .reset_by
                .map_or(String::new(), |side| format!(" by the {side}"));
            text += &format!(
                "| `{}` | {} | {}{by} |\n",
                experiment.name,
                experiment.title,
                wanted.kind.name()
            );
        }
    }
    text
}
