//! Parses the command line, chooses a source and a view, prints one line on an error, and exits.

#![forbid(unsafe_code)]
#![deny(clippy::print_stderr)]

/// Says a line to whoever is at the terminal. `eprintln` panics where that has been closed, and what is left to do isn't done then.
macro_rules! say {
    ($($words:tt)*) => {{
        use std::io::Write as _;
        let _ = writeln!(std::io::stderr(), $($words)*);
    }};
}

#[cfg(all(feature = "live", target_os = "linux"))]
mod asked;
mod chunks;
mod cli;
mod completions;
mod confine;
mod expect;
#[cfg(all(feature = "live", target_os = "linux"))]
mod experiments;
mod formats;
mod lines;
#[cfg(feature = "live")]
mod listening;
#[cfg(feature = "live")]
mod live;
mod logging;
mod man;
mod outfile;
mod recorded;
mod replay;
#[cfg(feature = "live")]
mod running;
mod signals;
mod table;
mod view;

use std::env;
use std::io::{self, ErrorKind, Write};
use std::panic;
use std::process::{self, ExitCode};

use anyhow::Context;
use clap::Parser;
use rustix::io::Errno;

use cli::{Cli, Command, refusal};
use tcpviz::story::numbers::printable;

const FINE: u8 = 0;
/// Something couldn't be read, opened or captured.
const FAILED: u8 = 1;
/// Wrong usage.
const USAGE: u8 = 2;
/// What came out isn't what was expected.
const UNEXPECTED: u8 = 3;
/// As Rust's own after a panic.
const PANICKED: i32 = 101;

fn main() -> ExitCode {
    end_on_panic();
    // The helpers, too, would have rights that whoever runs this hasn't.
    if tcpviz::privilege::is_lent() {
        let file = env::current_exe().unwrap_or_else(|_| "tcpviz".into());
        let file = printable(&file.to_string_lossy());
        say!(
            "tcpviz: {file} is set-user-ID or set-group-ID, which would lend its owner's files to whoever runs it: chmod ug-s {file}; \
             to let users capture: setcap cap_net_raw+ep {file}"
        );
        return ExitCode::from(USAGE);
    }
    if let Err(why) = signals::outlive_large_files() {
        return ExitCode::from(tell(&why.into()));
    }
    #[cfg(target_os = "linux")]
    tcpviz::owners::answer_if_asked();
    tcpviz::command::watch_if_asked();
    #[cfg(target_os = "linux")]
    tcpviz::kernel::help_if_asked();
    #[cfg(all(feature = "live", target_os = "linux"))]
    tcpviz::lab::actor::act_if_asked();
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) if error.use_stderr() => {
            let first = env::args_os().nth(1);
            let command = Command::NAMES
                .iter()
                .find(|name| first.as_deref() == Some(name.as_ref()));
            say!("tcpviz: {}", refusal::one_line(&error, command.copied()));
            return ExitCode::from(USAGE);
        }
        Err(help) => return help_or_version(&help),
    };
    // Options of a subcommand stand behind its name: before it they would mean something else.
    if let Some(name) = cli.command.as_ref().map(Command::name)
        && env::args_os().nth(1).is_none_or(|first| first != name)
    {
        say!(
            "tcpviz: options of `{name}` stand behind it: tcpviz {name} --help; a file of that name is ./{name}"
        );
        return ExitCode::from(USAGE);
    }
    if let Err(why) = tcpviz::privilege::check_invoking_user().and_then(|()| cli.check()) {
        say!("tcpviz: {why}");
        return ExitCode::from(USAGE);
    }
    if cli.run.is_empty() && env::args_os().next_back().is_some_and(|last| last == "--") {
        say!("tcpviz: a command stands behind --: tcpviz -- curl http://127.0.0.1:4321/");
        return ExitCode::from(USAGE);
    }
    if let Some(path) = &cli.log
        && let Err(why) = logging::begin(&cli, path)
    {
        return ExitCode::from(tell(&why));
    }
    let result = match (&cli.command, cli.capture()) {
        (Some(Command::Lab(args)), _) => {
            run_lab(args).map(|as_expected| if as_expected { FINE } else { UNEXPECTED })
        }
        (Some(Command::Completions { shell }), _) => completions::print(*shell).map(|()| FINE),
        (Some(Command::Man { page }), _) => man::print(*page).map(|()| FINE),
        _ if cli.list_interfaces => list_interfaces().map(|()| FINE),
        (None, Some(capture)) => replay::run(&cli, capture).map(|()| FINE),
        (None, None) if !cli.run.is_empty() => run_command(&cli),
        (None, None) => capture_live(&cli).map(|()| FINE),
    };
    let code = result.unwrap_or_else(|error| tell(&error));
    logging::ends(code);
    ExitCode::from(code)
}

/// Prints what was asked for instead of anything else.
fn help_or_version(help: &clap::Error) -> ExitCode {
    let written = help.print().and_then(|()| io::stdout().flush());
    let code = written
        .context(view::WRITING)
        .map_or_else(|why| tell(&why), |()| FINE);
    ExitCode::from(code)
}

/// Says what went wrong, if anybody is there to hear it; the exit code.
fn tell(error: &anyhow::Error) -> u8 {
    logging::failed(error);
    if is_broken_pipe(error) {
        return FINE;
    }
    // File names, and what others said, may hold anything; advice stands in lines of its own.
    for (at, line) in words(error).lines().enumerate() {
        let name = if at == 0 { "tcpviz: " } else { "" };
        say!("{name}{}", printable(line));
    }
    code(error)
}

/// What an error says. That the process may open no more says neither what was to be opened nor what to type.
fn words(error: &anyhow::Error) -> String {
    let words = format!("{error:#}");
    let may_open_no_more = io::Error::from(Errno::MFILE).to_string();
    if words == may_open_no_more {
        format!("a file or a pipe can't be opened: {words}; {RAISE_THE_LIMIT}")
    } else if words.contains(&may_open_no_more) {
        format!("{words}; {RAISE_THE_LIMIT}")
    } else {
        words
    }
}

const RAISE_THE_LIMIT: &str = "`ulimit -n 256` allows enough of them";

/// What an error makes of the exit code.
fn code(error: &anyhow::Error) -> u8 {
    if is_usage(error) {
        USAGE
    } else if error.is::<expect::NotMet>() {
        UNEXPECTED
    } else {
        FAILED
    }
}

/// A panic in any thread ends the program: the others would wait for it for ever.
fn end_on_panic() {
    let tell = panic::take_hook();
    panic::set_hook(Box::new(move |info| {
        logging::panicked(info);
        tell(info);
        process::exit(PANICKED);
    }));
}

/// Whoever read our output has seen enough.
fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error.chain().any(|cause| {
        let io = cause.downcast_ref::<io::Error>().map(io::Error::kind);
        let json = cause
            .downcast_ref::<serde_json::Error>()
            .and_then(serde_json::Error::io_error_kind);
        io.or(json) == Some(ErrorKind::BrokenPipe)
    })
}

#[cfg(all(feature = "live", target_os = "linux"))]
fn is_usage(error: &anyhow::Error) -> bool {
    error.is::<experiments::Usage>()
}

#[cfg(not(all(feature = "live", target_os = "linux")))]
fn is_usage(_: &anyhow::Error) -> bool {
    false
}

#[cfg(feature = "live")]
use live::{capture as capture_live, list_interfaces};

#[cfg(not(feature = "live"))]
fn capture_live(_: &Cli) -> anyhow::Result<()> {
    anyhow::bail!("this tcpviz was built without libpcap and only replays: tcpviz FILE")
}

#[cfg(feature = "live")]
use running::run as run_command;

#[cfg(not(feature = "live"))]
fn run_command(_: &Cli) -> anyhow::Result<u8> {
    anyhow::bail!(
        "this tcpviz was built without libpcap and captures nothing, also while a command runs"
    )
}

#[cfg(all(feature = "live", target_os = "linux"))]
use experiments::run as run_lab;

#[cfg(not(all(feature = "live", target_os = "linux")))]
fn run_lab(args: &cli::LabArgs) -> anyhow::Result<bool> {
    if args.recorded {
        return recorded::replay(args).map(|()| true);
    }
    anyhow::bail!(
        "the lab needs Linux, and a tcpviz with libpcap; `tcpviz lab NAME --recorded` replays what it recorded elsewhere"
    )
}

#[cfg(not(feature = "live"))]
fn list_interfaces() -> anyhow::Result<()> {
    anyhow::bail!(
        "this tcpviz was built without libpcap and knows no interfaces: tcpviz FILE replays a capture"
    )
}
