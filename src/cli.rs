//! Every flag and its help.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::builder::NonEmptyStringValueParser;
use clap::{CommandFactory, Parser, Subcommand, ValueEnum, ValueHint};
use clap_complete::Shell;

use tcpviz::source::Selection;
use tcpviz::story::Expected;
use tcpviz::tui::Pace;
use tcpviz::wire::Ports;

use crate::formats;

pub mod help;
mod lab;
mod look;
pub mod refusal;

use help::{FILES, LOOK, OUT, WATCHED};
pub use lab::LabArgs;
pub use look::Look;

/// See how TCP connections close: every segment between both ends' states.
#[derive(Debug, Parser)]
#[command(version, override_usage = help::usage(), after_long_help = help::more(), max_term_width = 100)]
#[command(help_template = "{about}\n{usage-heading} {usage}\n\n{all-args}{after-help}")]
#[command(disable_help_subcommand = true)]
#[expect(clippy::struct_excessive_bools, reason = "flags are")]
pub struct Cli {
    #[command(subcommand)]
    pub command: Option<Command>,

    /// Ports to watch or show: 4321; 5000-5010; 80,443
    ///
    /// In both directions; repeatable.
    #[arg(short, long, value_name = "PORT", value_delimiter = ',', value_parser = port_range)]
    #[arg(help_heading = WATCHED, value_hint = ValueHint::Other)]
    pub port: Vec<(u16, u16)>,

    /// Capture to replay; `-` is standard input
    ///
    /// pcap or pcapng, compressed or not (gzip; zstd if built with it). Without one, capture live. A file that is called
    /// lab, man or completions is ./lab, ./man or ./completions.
    #[arg(help_heading = FILES, display_order = 0, value_hint = ValueHint::FilePath)]
    pub file: Option<PathBuf>,

    /// Capture while this command runs, and show its connections
    ///
    /// Those of its children, too, once it has ended; its exit code is passed on.
    #[arg(last = true, value_name = "COMMAND", conflicts_with_all = ["file", "read", "list_interfaces"])]
    #[arg(help_heading = WATCHED, hide_short_help = true, value_hint = ValueHint::CommandWithArguments)]
    pub run: Vec<OsString>,

    /// The same as FILE
    #[arg(short, long, value_name = "FILE", conflicts_with = "file", help_heading = FILES, hide_short_help = true, value_hint = ValueHint::FilePath)]
    pub read: Option<PathBuf>,

    /// Interface to capture on [default: loopback]; -D lists
    ///
    /// `any` is all of them.
    #[arg(short, long, value_name = "IF", conflicts_with_all = ["file", "read"], value_parser = NonEmptyStringValueParser::new())]
    #[arg(help_heading = WATCHED, value_hint = ValueHint::Other)]
    pub interface: Option<String>,

    /// List the interfaces that can be captured on
    #[arg(short = 'D', long, help_heading = WATCHED, hide_short_help = true)]
    pub list_interfaces: bool,

    /// Save what is captured to this file
    ///
    /// By default to a temporary file, which is told on leaving.
    #[arg(short, long, value_name = "FILE", conflicts_with_all = ["file", "read"])]
    #[arg(help_heading = FILES, value_hint = ValueHint::FilePath)]
    pub write: Option<PathBuf>,

    /// For a report of a bug: tell in this file what happens
    ///
    /// Counts, versions, what was typed, errors; nothing that was captured: no payload, no addresses.
    #[arg(long, value_name = "FILE", help_heading = FILES, hide_short_help = true, value_hint = ValueHint::FilePath)]
    pub log: Option<PathBuf>,

    /// Let --write, --output and --log replace a file that exists
    #[arg(long, help_heading = FILES, hide_short_help = true)]
    pub force: bool,

    /// A libpcap filter expression: 'host 192.0.2.7'
    ///
    /// Live and on replay; man pcap-filter.
    #[arg(short, long, value_name = "BPF", help_heading = WATCHED, value_hint = ValueHint::Other)]
    pub filter: Option<String>,

    /// Live: what this machine's kernel says beside the segments
    ///
    /// On the screen, in JSON and in all that has a ladder (Linux). As root, every change of a state, why it sends each RST,
    /// what it sends again; otherwise states, queues and timers.
    #[arg(long, conflicts_with_all = ["file", "read", "run"], help_heading = WATCHED, hide_short_help = true)]
    pub kernel: bool,

    /// Print, don't open the UI
    #[arg(short = 'F', long, value_name = "FORMAT", help_heading = OUT)]
    pub format: Option<Format>,

    /// Write the text to this file, not to standard output
    ///
    /// Without --format its ending says in which: .md, .svg, .html, .mmd, .txt, .csv, .json.
    #[arg(short, long, value_name = "FILE", help_heading = OUT, value_hint = ValueHint::FilePath)]
    pub output: Option<PathBuf>,

    /// Only this connection, as numbered in the list, from 1
    #[arg(short, long, value_name = "N", value_parser = connection)]
    #[arg(help_heading = OUT, value_hint = ValueHint::Other)]
    pub connection: Option<u32>,

    /// Live: of finished connections this many stay in memory, and of others
    ///
    /// On the screen, in JSON and the ladder; besides the few hundred to which something came last. Those leave first that
    /// were silent for longest; their segments stay in the capture file. With --expect a million of either stay.
    #[arg(long, value_name = "N", default_value_t = 100_000, value_parser = limit, conflicts_with_all = ["file", "read"])]
    #[arg(help_heading = WATCHED, hide_short_help = true, value_hint = ValueHint::Other)]
    pub limit: usize,

    /// Pace of the replay: step (wait for keys), 1x, 500ms
    ///
    /// `step` waits for keys; `1x`, `0.1x`, `10x`: as it was, long gaps shortened; `500ms`: a row each half second.
    #[arg(long, value_name = "X", default_value = "step", value_parser = speed)]
    #[arg(help_heading = LOOK, hide_short_help = true, value_hint = ValueHint::Other)]
    pub speed: Speed,

    /// Exit with 3, and say why, unless all ended so
    ///
    /// Unless there is a connection and each that is shown ended so: orderly, simultaneous, reset, refused, timed-out,
    /// half-closed, open, unanswered; or so and with this among its causes: reset:unread-data. Several: one of them.
    #[arg(long, value_name = "ENDING", value_delimiter = ',', value_parser = Expected::parse)]
    #[arg(help_heading = OUT, value_hint = ValueHint::Other)]
    pub expect: Vec<Expected>,

    /// Say on standard error what was given up before anything was read
    ///
    /// Root and capabilities, and how much of Landlock and seccomp this kernel enforces; docs/security.md.
    #[arg(short, long, help_heading = FILES, hide_short_help = true)]
    pub verbose: bool,

    #[command(flatten)]
    pub look: Look,
}

/// Whether and how a replay goes on by itself.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Speed {
    Step,
    Pace(Pace),
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Play experiments with real sockets in a sandbox, and show them live; without a name, list them
    #[command(hide = true)]
    Lab(LabArgs),
    /// Print what completes the command line in a shell
    #[command(hide = true)]
    Completions { shell: Shell },
    /// Print the manual page
    #[command(hide = true)]
    Man {
        /// The page of `tcpviz lab`
        page: Option<Page>,
    },
}

/// Pages of the manual besides tcpviz(1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Page {
    Lab,
}

impl Command {
    /// Of all.
    pub const NAMES: [&str; 3] = ["lab", "completions", "man"];

    /// What is typed for it.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Command::Lab(_) => "lab",
            Command::Completions { .. } => "completions",
            Command::Man { .. } => "man",
        }
    }
}

/// What `--format` writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// The screen's diagram as text
    Ladder,
    /// A table: how each connection ended, in a line each
    Connections,
    /// Each segment's line as `tcpdump -nn` prints it
    Tcpdump,
    /// A report for a bug tracker: verdict, ladder, states, findings, tcpdump's lines
    Markdown,
    /// A sequence diagram, as GitHub draws it
    Mermaid,
    /// JSON Lines: one object a segment, then one a connection
    Json,
    /// One line a segment, with how its connection ended
    Csv,
    /// A picture of the ladder, for a README or a slide; it holds 20 connections
    Svg,
    /// A page to step through in a browser, with what each segment does; it holds 200 connections
    Html,
}

impl Cli {
    /// As if this had been typed behind `tcpviz`.
    #[cfg(test)]
    pub fn typed(arguments: &[&str]) -> Cli {
        clap::Parser::parse_from([&["tcpviz"], arguments].concat())
    }

    /// The whole definition, for manual pages and completions: `--help` shows subcommands in its usage, and so hides
    /// them below it; `-h` hides what is rarely typed.
    #[must_use]
    pub fn definition() -> clap::Command {
        let shown = |arg: clap::Arg| arg.hide_short_help(false);
        Cli::command()
            .mut_args(shown)
            .mut_subcommands(|command| command.hide(false).mut_args(shown))
    }

    /// As if only this capture had been named.
    #[must_use]
    pub fn replaying(capture: PathBuf) -> Cli {
        Cli {
            file: Some(capture),
            ..Cli::parse_from(["tcpviz"])
        }
    }

    /// The capture to replay, by either name.
    #[must_use]
    pub fn capture(&self) -> Option<&PathBuf> {
        self.file.as_ref().or(self.read.as_ref())
    }

    /// The columns that a table has to fit into; a file or a pipe takes all.
    #[must_use]
    pub fn table_width(&self) -> Option<usize> {
        let terminal = || self.output.is_none().then(look::terminal_columns)?;
        self.look.width.or_else(terminal).map(usize::from)
    }

    /// What is wrong with options that are right one by one.
    ///
    /// # Errors
    /// That, and what to type, in one line.
    pub fn check(&self) -> Result<(), String> {
        let ending = |path: &PathBuf| {
            path.extension()
                .is_some_and(|it| it == "pcap" || it == "pcapng")
        };
        if self.format.is_none() && self.output.as_ref().is_some_and(ending) {
            return Err("--output writes text; --write FILE saves what is captured".into());
        }
        if let (None, Some(output)) = (self.format, &self.output) {
            formats::check_name(output)?;
        }
        // A replay looks at the ports itself.
        let ports = (self.capture()).map_or_else(|| self.ports(), |_| Ports::default());
        let expression = self.filter.clone();
        Selection { ports, expression }.check_length()?;
        let is_dash = |path: &Option<PathBuf>| path.as_deref() == Some(Path::new("-"));
        if is_dash(&self.write) && self.run.is_empty() {
            return Err(
                "--write needs the name of a file; to write to a pipe: tcpdump -U -w - | tcpviz -"
                    .into(),
            );
        }
        let lab = match &self.command {
            Some(Command::Lab(args)) => Some(args),
            _ => None,
        };
        if is_dash(&self.write) || lab.is_some_and(|args| is_dash(&args.write)) {
            return Err("--write needs the name of a file, such as -w x.pcap".into());
        }
        if lab.is_some_and(|args| args.recorded && args.names.len() != 1) {
            return Err("--recorded replays one experiment: tcpviz lab NAME --recorded".into());
        }
        match formats::asked(self.format, self.output.as_deref()) {
            format @ (Format::Tcpdump | Format::Connections | Format::Csv) if self.kernel => {
                let name = format.to_possible_value();
                let name = name.as_ref().map_or("", |value| value.get_name());
                Err(format!(
                    "--format {name} has no place for what --kernel tells: the other formats have, and the screen"
                ))
            }
            _ => Ok(()),
        }
    }

    #[must_use]
    pub fn ports(&self) -> Ports {
        Ports::new(self.port.clone())
    }
}

fn connection(text: &str) -> Result<u32, String> {
    match text.parse() {
        Ok(number) if number > 0 => Ok(number),
        _ => Err(format!(
            "'{text}' isn't the number of a connection: give 1 or more"
        )),
    }
}

fn limit(text: &str) -> Result<usize, String> {
    let wrong = |_| format!("'{text}' isn't a number of connections: give 0 or more, such as 5000");
    text.parse().map_err(wrong)
}

fn port_range(text: &str) -> Result<(u16, u16), String> {
    let port = |text: &str| match text.trim().parse::<u16>() {
        Ok(port) if port > 0 => Ok(port),
        _ => Err(format!(
            "'{text}' isn't a port: give 1 to 65535, or a range such as 5000-5010"
        )),
    };
    let (low, high) = match text.split_once('-') {
        Some((low, high)) => (port(low)?, port(high)?),
        None => (port(text)?, port(text)?),
    };
    if low > high {
        return Err(format!(
            "the range {text} ends before it begins: write {high}-{low}"
        ));
    }
    Ok((low, high))
}

/// step, 1x, 0.1x, 500ms, 2s.
fn speed(text: &str) -> Result<Speed, String> {
    if text == "step" {
        return Ok(Speed::Step);
    }
    let wrong = || {
        format!("'{text}' isn't a pace: give step, 0.001x to 1000x, or 20ms to 60s for each row")
    };
    let pace = match text.strip_suffix('x') {
        Some(times) => Pace::times(times.parse().map_err(|_| wrong())?),
        None => text
            .ends_with('s')
            .then(|| time(text).ok())
            .flatten()
            .and_then(Pace::every),
    };
    pace.map(Speed::Pace).ok_or_else(wrong)
}

/// 500ms, 2s, 1.5s.
fn time(text: &str) -> Result<Duration, String> {
    let (number, scale) = match text.strip_suffix("ms") {
        Some(number) => (number, 0.001),
        None => (text.strip_suffix('s').unwrap_or(text), 1.0),
    };
    let seconds = number.trim().parse::<f64>().map(|number| number * scale);
    let time = seconds
        .ok()
        .and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
    time.ok_or_else(|| format!("'{text}' isn't a time: give 500ms, or 2s"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_definition_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn a_pace_is_a_step_a_factor_or_a_time() {
        let pace = |text| speed(text).ok();
        assert_eq!(pace("step"), Some(Speed::Step));
        assert_eq!(pace("0.1x"), Pace::times(0.1).map(Speed::Pace));
        assert_eq!(
            pace("500ms"),
            Pace::every(Duration::from_millis(500)).map(Speed::Pace)
        );
        for wrong in ["fast", "x", "0x", "-1x", "NaNx", "infx", "0ms", "5", ""] {
            assert!(speed(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_filter_as_long_as_libpcap_takes_is_fine_and_a_port_more_is_not() {
        let told = |words: &[&str]| Cli::parse_from([&["tcpviz"], words].concat()).check();
        let filter = "!".repeat(4096 - "tcp and (tcp)".len()) + "tcp";
        assert_eq!(told(&["-f", &filter]), Ok(()));
        assert!(told(&["-f", &filter, "-p", "1"]).is_err());
        // A replay asks libpcap about no port.
        assert_eq!(told(&["-f", &filter, "-p", "1", "x.pcap"]), Ok(()));
        assert!(told(&["-f", &format!("!{filter}"), "x.pcap"]).is_err());
    }

    #[test]
    fn ports_are_lists_and_ranges() {
        let cli = Cli::parse_from(["tcpviz", "-p", "4321,5000-5010", "-p", "80"]);
        assert_eq!(cli.port, [(4321, 4321), (5000, 5010), (80, 80)]);
        for wrong in ["0", "65536", "9-3", "http", "-", ""] {
            assert!(port_range(wrong).is_err(), "{wrong}");
        }
    }
}
