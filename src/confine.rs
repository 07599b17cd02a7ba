//! Gives up what the rest of a run doesn't need, once everything is open and before the first octet from outside is parsed.

use std::io;
use std::path::{Path, PathBuf};

use anyhow::Context;

use tcpviz::privilege::{self, Needs};
use tcpviz::story::numbers::printable;

use crate::cli::Cli;
use crate::logging;
use crate::view::View;

/// Gives it up, for good; `made` are files beside those that the command line names. To be called before a second thread exists.
///
/// # Errors
/// Something can't be given up: then nothing may be read.
pub fn confine(cli: &Cli, view: &View, made: &[&PathBuf]) -> anyhow::Result<()> {
    let named = [&cli.write, &cli.output].into_iter().flatten();
    let needs = Needs {
        files: named.chain(made.iter().copied()).cloned().collect(),
        new_files: matches!(view, View::Ui),
        // A live capture's filter is compiled; that of a replay is once the first frame tells the link type.
        names: cli.filter.is_some() && (cli.capture().is_some() || !cli.run.is_empty()),
    };
    let given_up = privilege::give_up(&needs)
        .context("root and capabilities can't be given up, so nothing is read")?;
    let given_up = printable(&given_up.to_string());
    logging::privileges(&given_up);
    if cli.verbose {
        say!("tcpviz: {given_up}");
    }
    Ok(())
}

/// Why a file that was typed at the screen can't be created, and what to type.
pub fn cannot_create(path: &Path, why: &io::Error) -> String {
    match why.kind() {
        io::ErrorKind::AlreadyExists => "that file exists; type another name".into(),
        io::ErrorKind::PermissionDenied => {
            let refused = privilege::refuses(path).map(|told| printable(&told));
            refused.unwrap_or_else(|| "you may not write there; type another name".into())
        }
        _ => why.to_string(),
    }
}
