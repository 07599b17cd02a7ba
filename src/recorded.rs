//! The captures of the experiments, which the program carries with it: for machines on which they can't be played.

use std::fs::File;
use std::io::{self, Write};
use std::os::fd::AsRawFd;
use std::path::PathBuf;

use anyhow::{Context, bail};

use tcpviz::story::numbers::printable;
use tcpviz::trace::Aside;

use crate::cli::{Cli, LabArgs};
use crate::replay;

/// Name, octets and recipe of each.
const CAPTURES: &[(&str, &[u8], &str)] = include!(concat!(env!("OUT_DIR"), "/captures.rs"));

/// The capture of an experiment and its recipe, if it was recorded.
pub fn find(name: &str) -> Option<(&'static [u8], &'static str)> {
    let found = CAPTURES.iter().find(|(known, ..)| *known == name);
    found.map(|(_, octets, recipe)| (*octets, *recipe))
}

/// The names of all.
pub fn names() -> impl Iterator<Item = &'static str> {
    CAPTURES.iter().map(|(name, ..)| *name)
}

/// What a recipe has in `beside`: an array of strings, one a line.
fn beside(recipe: &str) -> Vec<Aside> {
    let lines = recipe
        .lines()
        .skip_while(|line| *line != "beside = [")
        .skip(1);
    lines
        .map_while(|line| Aside::read(line.trim().strip_prefix('"')?.strip_suffix("\",")?))
        .collect()
}

/// Replays the capture of the one experiment that is named.
///
/// # Errors
/// There is no such capture; those of a replay.
pub fn replay(args: &LabArgs) -> anyhow::Result<()> {
    let name = args.names.first().map_or("", String::as_str);
    let Some((octets, recipe)) = find(name) else {
        bail!(
            "there is no recorded experiment {}; `tcpviz lab` lists them",
            printable(name)
        );
    };
    let file = unnamed(octets).context(NO_TEMPORARY)?;
    let path = PathBuf::from(format!("/dev/fd/{}", file.as_raw_fd()));
    let cli = Cli {
        format: args.format,
        output: args.output.clone(),
        force: args.force,
        look: args.look,
        ..Cli::replaying(path.clone())
    };
    let name = format!("{name} (recorded)");
    replay::show(&cli, &path, name, beside(recipe))
}

/// Beside why.
pub const NO_TEMPORARY: &str =
    "can't create a temporary file; TMPDIR=FOLDER before the command names another place";

/// A file that has no name, and is gone with the program.
fn unnamed(octets: &[u8]) -> io::Result<File> {
    let mut file = tempfile::tempfile()?;
    file.write_all(octets)?;
    io::Seek::rewind(&mut file)?;
    Ok(file)
}
