//! Parses the command line, chooses a source and a view, prints one line on an error, and exits.

mod cli;
#[cfg(feature = "live")]
mod live;
mod replay;
mod view;

use std::io::{self, ErrorKind};
use std::panic;
use std::process::{self, ExitCode};

use clap::Parser;

use cli::Cli;
use tcpviz::story::numbers::printable;

/// Something couldn't be read, opened or captured.
const FAILED: u8 = 1;
/// Wrong usage.
const USAGE: u8 = 2;
/// As Rust's own after a panic.
const PANICKED: i32 = 101;

fn main() -> ExitCode {
    end_on_panic();
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
    let result = match cli.capture() {
        _ if cli.list_interfaces => list_interfaces(),
        Some(capture) => replay::run(&cli, capture),
        None => capture_live(&cli),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) if is_broken_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("tcpviz: {error:#}");
            ExitCode::from(FAILED)
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

#[cfg(feature = "live")]
use live::{capture as capture_live, list_interfaces};

#[cfg(not(feature = "live"))]
fn capture_live(_: &Cli) -> anyhow::Result<()> {
    anyhow::bail!("this tcpviz was built without libpcap and only replays: tcpviz FILE")
}

#[cfg(not(feature = "live"))]
fn list_interfaces() -> anyhow::Result<()> {
    anyhow::bail!(
        "this tcpviz was built without libpcap and knows no interfaces: tcpviz FILE replays a capture"
    )
}
