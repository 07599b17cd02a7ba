//! `--log`: what a report of a bug needs to tell, in a file that can be shared. Nothing that a captured frame holds goes into it, neither payload
//! nor addresses: only counts, and what the program and its user did (docs/bug-reports.md).
//!
//! The file is opened before privileges are given up, and stays small: what comes again and again is told the more seldom the longer it
//! lasts (`following.rs`), and there is a last resort (`file.rs`).

mod file;
mod following;

pub use following::following;

use std::env;
use std::io::{self, IsTerminal};
use std::panic::PanicHookInfo;
use std::path::Path;
use std::thread;
use std::time::Duration;

use anyhow::bail;
use tracing::{error, info};

use tcpviz::source::save;
use tcpviz::story::numbers::printable;
use tcpviz::{privilege, tui};

use crate::cli::Cli;
use crate::expect::NotMet;
use crate::{is_broken_pipe, view};
use file::LogFile;

/// Begins the log that `--log` asks for.
///
/// # Errors
/// The file exists, is one that is read or written besides, or can't be created.
pub fn begin(cli: &Cli, path: &Path) -> anyhow::Result<()> {
    let name = printable(&path.to_string_lossy());
    if path.as_os_str() == "-" || path.exists() && !path.is_file() && !path.is_dir() {
        bail!("--log needs a regular file, and {name} is none; name a new one");
    }
    let opened = privilege::by_caller(|| save::open(path, cli.force));
    let (file, is_new) = opened.map_err(|why| view::cannot_create(path, why))?;
    for (option, other) in [
        ("FILE", cli.capture()),
        ("--write", cli.write.as_ref()),
        ("--output", cli.output.as_ref()),
    ] {
        if other.is_some_and(|other| other == path || view::is_same_file(other, path)) {
            if is_new {
                let _ = privilege::by_caller(|| std::fs::remove_file(path));
            }
            bail!("--log names the same file as {option}; name another one");
        }
    }
    file.set_len(0)?;
    let subscriber = tracing_subscriber::fmt()
        .with_target(false)
        .log_internal_errors(false)
        .with_writer(std::sync::Mutex::new(LogFile::new(file)))
        .finish();
    tracing::subscriber::set_global_default(subscriber)?;
    tell_surroundings(cli);
    Ok(())
}

/// Where the program runs, and what was typed.
fn tell_surroundings(cli: &Cli) {
    let system = rustix::system::uname();
    info!(
        version = env!("CARGO_PKG_VERSION"),
        live = cfg!(feature = "live"),
        zstd = cfg!(feature = "zstd"),
        debug = cfg!(debug_assertions),
        system = ?system.sysname(),
        kernel = ?system.release(),
        machine = ?system.machine(),
        "tcpviz begins"
    );
    #[cfg(feature = "live")]
    info!(version = tcpviz::source::live::libpcap_version(), "libpcap");
    info!(arguments = ?typed(env::args_os().skip(1), cli.run.len()), "typed");
    let set = |name: &str| env::var(name).unwrap_or_default();
    let size = crossterm::terminal::size().ok();
    info!(
        input = io::stdin().is_terminal(),
        output = io::stdout().is_terminal(),
        errors = io::stderr().is_terminal(),
        size = ?size,
        TERM = set("TERM"),
        COLORTERM = set("COLORTERM"),
        NO_COLOR = set("NO_COLOR"),
        LC_ALL = set("LC_ALL"),
        LC_CTYPE = set("LC_CTYPE"),
        LANG = set("LANG"),
        "terminal"
    );
}

/// The arguments as they were typed; of a command, the last so many, only its name: the others may be secret.
fn typed(
    arguments: impl ExactSizeIterator<Item = std::ffi::OsString>,
    command: usize,
) -> Vec<String> {
    let own = arguments.len() - command;
    let mut told: Vec<_> = arguments
        .take(own + command.min(1))
        .map(|argument| argument.to_string_lossy().into_owned())
        .collect();
    if command > 1 {
        told.push(format!("({} more, left out)", command - 1));
    }
    told
}

/// What was opened to capture on.
#[cfg(feature = "live")]
pub fn opened(open: &tcpviz::source::live::Open, filter: &str) {
    info!(
        interface = open.interface,
        link = ?open.link,
        unit_ns = open.unit_ns,
        filter,
        "opened"
    );
}

/// What was given up, in words, and what this process may still do.
pub fn privileges(given_up: &str) {
    #[cfg(target_os = "linux")]
    info!(
        user = rustix::process::geteuid().as_raw(),
        group = rustix::process::getegid().as_raw(),
        groups = rustix::process::getgroups().map_or(0, |groups| groups.len()),
        capabilities = ?rustix::thread::capabilities(None).map(|sets| sets.permitted),
        no_new_privs = rustix::thread::no_new_privs().unwrap_or(false),
        "{given_up}"
    );
    #[cfg(not(target_os = "linux"))]
    info!("{given_up}");
}

/// What was followed, at the end.
pub fn followed(connections: usize, left: usize, heard_in_vain: u64) {
    info!(
        connections,
        left_memory = left,
        heard_in_vain,
        "connections"
    );
}

/// What drawing took.
pub fn drawn(drawn: tui::Drawn) {
    let mean = drawn.in_all.checked_div(drawn.frames).unwrap_or_default();
    info!(frames = drawn.frames, ?mean, longest = ?drawn.longest, in_all = ?drawn.in_all, "screen");
}

/// A signal that asks to leave.
pub fn signal(number: i32) {
    info!(number, "signal");
}

/// Why the program ends, where something went wrong.
pub fn failed(why: &anyhow::Error) {
    if is_broken_pipe(why) {
        info!("whoever read the output has left");
    } else if why.is::<NotMet>() {
        // It names connections.
        info!("not every connection ended as --expect says");
    } else {
        // Further lines are advice, in which the arguments stand once more, a command's own among them.
        let told = format!("{why:#}");
        error!("{}", told.lines().next().unwrap_or_default());
    }
}

/// How it ended.
pub fn ends(code: u8) {
    info!(code, "tcpviz ends");
}

/// Where the program broke. The message may quote what was captured, unless it was fixed when the program was built, or is one of
/// those that tell numbers alone.
pub fn panicked(info: &PanicHookInfo<'_>) {
    let message = match info.payload_as_str() {
        _ if info.payload().is::<&'static str>() => info.payload_as_str(),
        Some(message) => Some(message).filter(|it| it.starts_with("index out of bounds: ")),
        None => None,
    };
    let thread = thread::current();
    error!(
        place = info.location().map(ToString::to_string),
        thread = thread.name(),
        message =
            message.unwrap_or("(left out: it may quote what was captured; standard error has it)"),
        "panic"
    );
}

/// So much lies between two summaries after so much time: their number grows with its logarithm.
fn between(lasted: Duration) -> Duration {
    const AT_LEAST: Duration = Duration::from_secs(10);
    (lasted / 50).max(AT_LEAST)
}

#[cfg(test)]
mod tests;
