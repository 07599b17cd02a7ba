//! `--format html` and `svg` in a real headless Chromium: keys step, states and explanations follow, nothing leaves.
//!
//! Where there is no Chromium (Debian: `apt-get install chromium`) the tests are named as ignored, and it is said why; with
//! `TCPVIZ_BROWSER=required`, as in `.ci/run`, they fail.

#[path = "../common/mod.rs"]
mod common;
mod devtools;
mod pictures;
mod safety;
mod steps;

use std::fs;
use std::path::{Path, PathBuf};

use libtest_mimic::{Arguments, Failed, Trial};
use tempfile::TempDir;

use common::printed;
use devtools::Browser;

/// A file that tcpviz wrote, and its address.
struct Written {
    folder: TempDir,
    name: &'static str,
}

impl Written {
    fn new(name: &'static str, text: &str) -> Written {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join(name), text).unwrap();
        Written { folder, name }
    }

    /// The document of a capture.
    fn html(capture: &Path, arguments: &[&str]) -> Written {
        let capture = capture.to_str().unwrap();
        let arguments = [&["-F", "html", capture], arguments].concat();
        Written::new("ladder.html", &printed(&arguments))
    }

    fn address(&self) -> String {
        format!("file://{}", self.folder.path().join(self.name).display())
    }
}

/// A test's name, and what it does with a browser.
type Test = (&'static str, fn(&mut Browser));

/// Tests that each get a browser of their own.
fn trials(program: Option<&Path>) -> Vec<Trial> {
    let all = steps::ALL.iter().chain(safety::ALL).chain(pictures::ALL);
    let trial = |(name, test): &Test| {
        let (test, program) = (*test, program.map(PathBuf::from));
        let is_there = program.is_some();
        let run = move || {
            let program = program.ok_or_else(|| Failed::from(MISSING))?;
            test(&mut Browser::start(&program));
            Ok(())
        };
        let is_required =
            std::env::var_os("TCPVIZ_BROWSER").is_some_and(|value| value == "required");
        Trial::test(*name, run).with_ignored_flag(!is_there && !is_required)
    };
    all.map(trial).collect()
}

const MISSING: &str = "there is no Chromium on this machine (Debian: apt-get install chromium)";

fn main() {
    let program = devtools::find();
    if program.is_none() {
        eprintln!("\n*** NOT TESTED in a browser: {MISSING} ***\n");
    }
    let mut arguments = Arguments::from_args();
    // A browser has several processes of its own.
    arguments.test_threads = Some(1);
    libtest_mimic::run(&arguments, trials(program.as_deref())).exit();
}
