//! Gives up what the rest of a run doesn't need, once everything is open and before the first octet from outside is parsed.

use std::io;
use std::path::{Path, PathBuf};

use anyhow::Context;

use tcpviz::privilege::{self, Needs};
use tcpviz::story::numbers::printable;

use crate::cli::Cli;
use crate::logging;
use crate::view::View;

/// Gives it up, for good; `removed` are files that may have to go again, beside that of `--output`. To be called before a second
/// thread exists.
///
/// # Errors
/// Something can't be given up: then nothing may be read.
pub fn confine(cli: &Cli, view: &View, removed: &[&PathBuf]) -> anyhow::Result<()> {
    let (files, removed) = files(cli.write.as_ref(), cli.output.as_ref(), removed);
    let needs = Needs {
        files,
        removed,
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

/// Files that may be opened anew, and those of them that may have to go again.
fn files(
    write: Option<&PathBuf>,
    output: Option<&PathBuf>,
    removed: &[&PathBuf],
) -> (Vec<PathBuf>, Vec<PathBuf>) {
    let output = output.filter(|path| path.as_os_str() != "-");
    // A new one goes unless something is written; one that holds something stays.
    let is_empty = |path: &&PathBuf| path.metadata().is_ok_and(|file| file.len() == 0);
    let removed = removed.iter().copied().chain(output.filter(is_empty));
    let files = write.into_iter().chain(output).chain(removed.clone());
    (files.cloned().collect(), removed.cloned().collect())
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

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn what_is_named_by_w_or_holds_something_or_is_standard_output_is_not_removed() {
        let folder = tempfile::tempdir().unwrap();
        let [new, full, temporary] = ["new", "full", "temporary"].map(|it| folder.path().join(it));
        fs::write(&new, "").unwrap();
        fs::write(&full, "x").unwrap();
        let dash = PathBuf::from("-");
        assert_eq!(files(Some(&new), None, &[]), (vec![new.clone()], vec![]));
        assert_eq!(files(None, Some(&full), &[]), (vec![full.clone()], vec![]));
        assert_eq!(files(None, Some(&dash), &[]), (vec![], vec![]));
        assert_eq!(files(None, Some(&new), &[]).1, [new]);
        let (opened, removed) = files(None, Some(&dash), &[&temporary]);
        assert_eq!((&opened, &removed[..]), (&removed, &[temporary][..]));
    }
}
