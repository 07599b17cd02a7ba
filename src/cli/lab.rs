//! Every flag of `tcpviz lab`.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueHint};

use super::help::{FILES, OUT, PLAYED, lab_more};
use super::{Format, Look, time};

/// `tcpviz lab`.
#[expect(clippy::struct_excessive_bools, reason = "flags are bools")]
#[derive(Args, Debug)]
#[command(after_long_help = lab_more())]
pub struct LabArgs {
    /// Experiments to play, by name
    #[arg(value_name = "EXPERIMENT", help_heading = PLAYED, display_order = 0)]
    pub names: Vec<String>,

    /// Play all of them
    #[arg(long, conflicts_with = "names", help_heading = PLAYED, display_order = 1)]
    pub all: bool,

    /// With --all: also those that last over ten seconds
    #[arg(long, requires = "all", help_heading = PLAYED)]
    pub slow: bool,

    /// Compare with what must come out
    ///
    /// Wire, kernel states, errors and tcpviz's states: a table, and exit code 3 when one differs.
    #[arg(long, conflicts_with = "format", help_heading = PLAYED)]
    pub check: bool,

    /// Wait so long before each call, not for a key: 2s
    ///
    /// 500ms, 2s, 1.5s.
    #[arg(long, value_name = "TIME", value_parser = time, help_heading = PLAYED, value_hint = ValueHint::Other)]
    pub pace: Option<Duration>,

    /// Keep the capture in this file
    #[arg(short, long, value_name = "FILE", help_heading = FILES, value_hint = ValueHint::FilePath)]
    pub write: Option<PathBuf>,

    /// Let --write and --output replace a file that exists
    #[arg(long, help_heading = FILES)]
    pub force: bool,

    /// Print, don't open the UI
    #[arg(short = 'F', long, value_name = "FORMAT", help_heading = OUT)]
    pub format: Option<Format>,

    /// Write the text to this file, not to standard output
    #[arg(short, long, value_name = "FILE", help_heading = OUT, value_hint = ValueHint::FilePath)]
    pub output: Option<PathBuf>,

    /// Replay its recorded capture: needs no sandbox
    ///
    /// tcpviz carries the captures of all experiments with it.
    #[arg(long, help_heading = PLAYED, conflicts_with_all = ["all", "check", "pace", "write", "record"])]
    pub recorded: bool,

    /// Record captures and recipes into this folder, over those that are there
    #[arg(long, value_name = "FOLDER", help_heading = FILES, hide_short_help = true, value_hint = ValueHint::DirPath, conflicts_with_all = ["write", "format", "output", "check"])]
    pub record: Option<PathBuf>,

    #[command(flatten)]
    pub look: Look,
}
