//! Every flag and its help.

use std::ffi::OsStr;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand, ValueEnum};

use tcpviz::story::{Charset, Style};
use tcpviz::tui::{Pace, Theme};
use tcpviz::wire::Ports;

const EXAMPLES: &str = "\
Examples:
  sudo tcpviz --port 4321              watch a port on loopback, live
  sudo tcpviz -i eth0 -p 443,8000-8080 -w saved.pcap
  tcpviz close.pcap                    step through a saved capture
  tcpviz close.pcap | less             not a terminal: the same ladder as text
  tcpdump -U -w - port 4321 | tcpviz - follow a pipe
  tcpviz lab                           experiments with real sockets, played step by step

Exit codes: 0 fine; 1 something couldn't be read, opened or captured; 2 wrong usage.";

/// See how TCP connections close: every segment between both ends' states.
#[derive(Debug, Parser)]
#[command(version, after_help = EXAMPLES, max_term_width = 100)]
#[command(disable_help_subcommand = true)]
pub struct Cli {
    #[command(subcommand)]
    pub command: Option<Command>,

    /// Capture to replay (pcap or pcapng, gzip-compressed or not); `-` is standard input. Without
    /// one, capture live
    pub file: Option<PathBuf>,

    /// The same as FILE
    #[arg(short, long, value_name = "FILE", conflicts_with = "file")]
    pub read: Option<PathBuf>,

    /// Ports to watch or show, in both directions: 4321, 5000-5010, 80,443; repeatable
    #[arg(short, long, value_name = "PORT", value_delimiter = ',', value_parser = port_range)]
    pub port: Vec<(u16, u16)>,

    /// Interface to capture on; `any` is all of them [default: the loopback interface]
    #[arg(short, long, value_name = "IF", conflicts_with_all = ["file", "read"])]
    pub interface: Option<String>,

    /// List the interfaces that can be captured on
    #[arg(short = 'D', long)]
    pub list_interfaces: bool,

    /// Save what is captured to this file [default: a temporary file, told on leaving]
    #[arg(short, long, value_name = "FILE", conflicts_with_all = ["file", "read"])]
    pub write: Option<PathBuf>,

    /// Let --write and --output replace a file that exists
    #[arg(long)]
    pub force: bool,

    /// A libpcap filter expression (man pcap-filter), live and on replay
    #[arg(short, long, value_name = "BPF")]
    pub filter: Option<String>,

    /// Live, on the screen, in JSON and the ladder: what this machine's kernel says beside the segments (Linux). As root, every
    /// change of a state, why it sends each RST, what it sends again; otherwise states, queues and timers
    #[arg(long, conflicts_with_all = ["file", "read"])]
    pub kernel: bool,

    /// Write to standard output instead of opening the terminal UI
    #[arg(short = 'F', long, value_name = "FORMAT")]
    pub format: Option<Format>,

    /// Write the text to this file, not to standard output
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,

    /// Only this connection, as numbered in the list, from 1
    #[arg(short, long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub connection: Option<u32>,

    /// Live, on the screen, in JSON and the ladder: of finished connections this many stay in memory, besides the few hundred
    /// to which something came last. The oldest leave first; their segments stay in the capture file
    #[arg(long, value_name = "N", default_value_t = 100_000, value_parser = limit, conflicts_with_all = ["file", "read"])]
    pub limit: usize,

    /// Pace of the replay: `step` (wait for keys), `1x`, `0.1x`, `10x` (as it was, long gaps shortened), or `500ms` for a
    /// row each half second
    #[arg(long, value_name = "X", default_value = "step", value_parser = speed)]
    pub speed: Speed,

    #[command(flatten)]
    pub look: Look,
}

/// Whether and how a replay goes on by itself.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Speed {
    Step,
    Pace(Pace),
}

/// What it looks like.
#[derive(Args, Clone, Copy, Debug)]
pub struct Look {
    /// Sequence numbers as they are in the header [default: relative]
    #[arg(long)]
    pub absolute: bool,

    /// Draw with ASCII characters only [default: by the locale]
    #[arg(long)]
    pub ascii: bool,

    /// Colours: `auto` honours NO_COLOR
    #[arg(long, value_name = "WHEN", default_value = "auto")]
    pub color: Color,

    /// Colours for a dark or a light background, or none; `auto` asks the terminal
    #[arg(long, value_name = "THEME", default_value = "auto")]
    pub theme: ThemeName,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Play experiments with real sockets in a sandbox, and show them live; without a name, list them
    Lab(LabArgs),
}

const LAB_EXAMPLES: &str = "\
Examples:
  tcpviz lab                           list the experiments by the question that they answer
  tcpviz lab close-then-peer-writes    play one step by step: Space makes the next call
  tcpviz lab close-then-peer-writes --pace 1s
  tcpviz lab --all --check             play all, and compare with what must come out

No root is needed, and nothing outside the sandbox is touched.
Exit codes: 0 fine; 1 the lab can't be had; 2 wrong usage; 3 an experiment came out otherwise; \
128 and the signal's number where one ended the lab before its end.";

/// `tcpviz lab`.
#[expect(clippy::struct_excessive_bools, reason = "flags are bools")]
#[derive(Args, Debug)]
#[command(after_help = LAB_EXAMPLES)]
pub struct LabArgs {
    /// Experiments to play, by name
    #[arg(value_name = "EXPERIMENT")]
    pub names: Vec<String>,

    /// Play all of them
    #[arg(long, conflicts_with = "names")]
    pub all: bool,

    /// With --all: also those that take longer than ten seconds by nature
    #[arg(long, requires = "all")]
    pub slow: bool,

    /// Compare wire, kernel states, errors and tcpviz's states with what must come out: a table, and exit code 3 when
    /// one differs
    #[arg(long, conflicts_with = "format")]
    pub check: bool,

    /// Don't wait for a key before each system call, but so long: 500ms, 2s
    #[arg(long, value_name = "TIME", value_parser = time)]
    pub pace: Option<Duration>,

    /// Keep the capture in this file
    #[arg(short, long, value_name = "FILE")]
    pub write: Option<PathBuf>,

    /// Let --write and --output replace a file that exists
    #[arg(long)]
    pub force: bool,

    /// Write to standard output instead of opening the terminal UI
    #[arg(short = 'F', long, value_name = "FORMAT")]
    pub format: Option<Format>,

    /// Write the text to this file, not to standard output
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,

    /// Replay the capture of the experiment that tcpviz carries with it: needs no sandbox
    #[arg(long, conflicts_with_all = ["all", "check", "pace", "write", "record"])]
    pub recorded: bool,

    /// Record captures and recipes into this folder, over those that are there
    #[arg(long, value_name = "FOLDER", conflicts_with_all = ["write", "format", "output", "check"])]
    pub record: Option<PathBuf>,

    #[command(flatten)]
    pub look: Look,
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
    /// JSON Lines: one object a segment, then one a connection
    Json,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Color {
    Auto,
    Always,
    Never,
}

/// What `--theme` names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ThemeName {
    Auto,
    Dark,
    Light,
    Mono,
}

impl Look {
    /// Whether lines are to be drawn in ASCII: asked for, or the locale isn't UTF-8.
    #[must_use]
    pub fn wants_ascii(self) -> bool {
        self.ascii || !locale_is_utf8(|name| std::env::var_os(name))
    }

    #[must_use]
    pub fn wants_color(self) -> bool {
        match self.color {
            Color::Always => true,
            Color::Never => false,
            Color::Auto => std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty()),
        }
    }

    /// The colours of the screen. `auto` asks the terminal: to be called only where the terminal UI follows, before it
    /// reads keys.
    #[must_use]
    pub fn theme(self) -> Theme {
        match self.theme {
            ThemeName::Mono => Theme::mono(),
            _ if self.color == Color::Never => Theme::mono(),
            // Named on the command line, it outranks NO_COLOR.
            ThemeName::Dark => Theme::dark(),
            ThemeName::Light => Theme::light(),
            ThemeName::Auto if self.wants_color() => Theme::of_terminal(),
            ThemeName::Auto => Theme::mono(),
        }
    }

    /// How a ladder is drawn.
    #[must_use]
    pub fn style(self) -> Style {
        Style {
            charset: if self.wants_ascii() {
                Charset::Ascii
            } else {
                Charset::Unicode
            },
            absolute: self.absolute,
            ..Style::default()
        }
    }
}

impl Cli {
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

    /// What is wrong with options that are right one by one.
    ///
    /// # Errors
    /// That, and what to type, in one line.
    pub fn check(&self) -> Result<(), String> {
        match self.format {
            Some(format @ (Format::Tcpdump | Format::Connections)) if self.kernel => {
                let name = format.to_possible_value();
                let name = name.as_ref().map_or("", |value| value.get_name());
                Err(format!(
                    "--format {name} has no place for what --kernel tells: --format ladder and json have, and the screen"
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

/// POSIX: the first of these that is set and not empty decides.
fn locale_is_utf8<T: AsRef<OsStr>>(variable: impl Fn(&str) -> Option<T>) -> bool {
    let deciding = ["LC_ALL", "LC_CTYPE", "LANG"]
        .into_iter()
        .filter_map(variable)
        .map(|value| value.as_ref().to_string_lossy().to_lowercase())
        .find(|value| !value.is_empty());
    deciding.is_some_and(|value| value.contains("utf-8") || value.contains("utf8"))
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
        use clap::CommandFactory;
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
    fn ports_are_lists_and_ranges() {
        let cli = Cli::parse_from(["tcpviz", "-p", "4321,5000-5010", "-p", "80"]);
        assert_eq!(cli.port, [(4321, 4321), (5000, 5010), (80, 80)]);
        for wrong in ["0", "65536", "9-3", "http", "-", ""] {
            assert!(port_range(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn the_first_locale_variable_that_is_set_decides() {
        let utf8 = |vars: &[(&str, &str)]| {
            locale_is_utf8(|name| {
                vars.iter()
                    .find(|(known, _)| *known == name)
                    .map(|(_, value)| (*value).to_string())
            })
        };
        assert!(utf8(&[("LANG", "C.UTF-8")]));
        assert!(!utf8(&[("LC_ALL", "C"), ("LANG", "de_DE.utf8")]));
        assert!(utf8(&[("LC_ALL", ""), ("LANG", "de_DE.utf8")]));
        assert!(!utf8(&[]));
    }
}
