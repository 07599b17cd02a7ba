//! Parses the command line, chooses a source and a view, prints one line on an error, and exits.

#[cfg(all(feature = "live", target_os = "linux"))]
mod asked;
mod chunks;
mod cli;
#[cfg(all(feature = "live", target_os = "linux"))]
mod experiments;
mod lines;
#[cfg(feature = "live")]
mod listening;
#[cfg(feature = "live")]
mod live;
mod recorded;
mod replay;
mod table;
mod view;

use std::env;
use std::io::{self, ErrorKind};
use std::panic;
use std::process::{self, ExitCode};

use clap::Parser;

use cli::{Cli, Command};
use tcpviz::story::numbers::printable;

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
    #[cfg(target_os = "linux")]
    tcpviz::owners::answer_if_asked();
    #[cfg(target_os = "linux")]
    tcpviz::kernel::help_if_asked();
    #[cfg(all(feature = "live", target_os = "linux"))]
    tcpviz::lab::actor::act_if_asked();
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) if error.use_stderr() => {
            // What was typed stands in the message: file names may hold anything.
            error
                .to_string()
                .lines()
                .for_each(|line| eprintln!("{}", printable(line)));
            return ExitCode::from(USAGE);
        }
        Err(help) => help.exit(),
    };
    // Options of the lab stand behind its name: before it they would mean something else.
    if cli.command.is_some() && env::args_os().nth(1).is_none_or(|first| first != "lab") {
        eprintln!(
            "tcpviz: what the lab is to do stands behind its name: tcpviz lab [EXPERIMENT] [OPTIONS]"
        );
        return ExitCode::from(USAGE);
    }
    if let Err(why) = cli.check() {
        eprintln!("tcpviz: {why}");
        return ExitCode::from(USAGE);
    }
    let result = match (&cli.command, cli.capture()) {
        (Some(Command::Lab(args)), _) => run_lab(args),
        _ if cli.list_interfaces => list_interfaces().map(|()| true),
        (None, Some(capture)) => replay::run(&cli, capture).map(|()| true),
        (None, None) => capture_live(&cli).map(|()| true),
    };
    match result {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(UNEXPECTED),
        Err(error) if is_broken_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("tcpviz: {error:#}");
            ExitCode::from(if is_usage(&error) { USAGE } else { FAILED })
        }
    }
}

/// A panic in any thread ends the program: the others would wait for it for ever.
fn end_on_panic() {
    let tell = panic::take_hook();
    panic::set_hook(Box::new(move |info| {
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
