//! What `--help` and the manual page tell besides the options: how to call it, examples, exit codes.

/// Options that belong together stand below these.
pub const WATCHED: &str = "What is watched";
pub const FILES: &str = "Where it is read and written";
pub const OUT: &str = "What comes out";
pub const LOOK: &str = "The look";
pub const PLAYED: &str = "What is played, and how";

/// What is typed, and what it does.
pub type Row = (&'static str, &'static str);

pub const USAGE: &[Row] = &[
    (
        "tcpviz [OPTIONS] [FILE]",
        "replay a capture; without one, capture live",
    ),
    (
        "tcpviz [OPTIONS] -- COMMAND",
        "capture while it runs, show what it did",
    ),
    (
        "tcpviz lab [EXPERIMENT]",
        "experiments with real sockets, step by step",
    ),
    ("tcpviz man [lab]", "the manual page"),
    (
        "tcpviz completions SHELL",
        "for bash, zsh, fish, elvish, powershell",
    ),
];

/// What the manual page begins with, a paragraph each.
pub const ABOUT: &[&str] = &[
    "tcpviz captures on loopback or any other interface, or replays a saved capture, and draws a ladder in the terminal: SYN, FIN, \
     ACK, RST and PSH as arrows from end to end, and on each side the state of RFC 9293 (FIN-WAIT-2, CLOSE-WAIT, ...) that these \
     segments prove. It says who closed first, who reset and why, how sure that is, and which segments show it.",
    "Where the output isn't a terminal, or with --format, it writes text or JSON Lines instead.",
    "Capturing needs root or the capability cap_net_raw; without it tcpviz prints the commands to type. It is given up once the \
     interface is open. Replaying needs nothing.",
];

pub const EXAMPLES: &[Row] = &[
    ("sudo tcpviz --port 4321", "watch a port on loopback, live"),
    (
        "sudo tcpviz -i eth0 -p 443 -w x.pcap",
        "another interface, and a name",
    ),
    ("tcpviz close.pcap", "step through a saved capture"),
    (
        "tcpviz close.pcap | less",
        "not a terminal: the same ladder as text",
    ),
    (
        "tcpviz -F connections close.pcap",
        "a table: how each connection ended",
    ),
    ("tcpdump -U -w - port 4321 | tcpviz -", "follow a pipe"),
    ("sudo tcpviz -- curl localhost:4321", "what a command does"),
    ("tcpviz lab", "experiments with real sockets"),
];

pub const EXIT: &[Row] = &[
    ("0", "fine"),
    ("1", "something couldn't be read, opened or captured"),
    ("2", "wrong usage"),
    (
        "3",
        "a connection didn't end as --expect says, or there was none",
    ),
    ("101", "tcpviz itself broke: a bug to report"),
    ("126, 127", "with -- COMMAND: it can't be run, isn't there"),
    (
        "others",
        "COMMAND's own; 128 and the signal's number if one ended it",
    ),
];

pub const ENVIRONMENT: &[Row] = &[
    (
        "NO_COLOR",
        "if set and not empty: no colours, unless --color or --theme asks for them",
    ),
    (
        "LC_ALL, LC_CTYPE, LANG",
        "the first that is set and not empty decides whether lines are drawn in Unicode (UTF-8) or ASCII",
    ),
    (
        "TMPDIR",
        "where a live capture without --write, and the copy of a pipe or a compressed file, are kept",
    ),
];

pub const LAB_EXAMPLES: &[Row] = &[
    ("tcpviz lab", "list them by what they answer"),
    (
        "tcpviz lab close-then-peer-writes",
        "step by step: Space goes on",
    ),
    (
        "tcpviz lab close-then-peer-writes --pace 1s",
        "by itself, a call a second",
    ),
    ("tcpviz lab --all --check", "all, and compare the outcome"),
];

pub const LAB_EXIT: &[Row] = &[
    ("0", "fine"),
    ("1", "the lab can't be had"),
    ("2", "wrong usage"),
    ("3", "an experiment came out otherwise"),
    ("128+N", "signal N ended the lab before its end"),
];

pub const LAB_SANDBOX: &str = "No root is needed, and nothing outside the sandbox is touched.";

pub const SHELL: &[Row] = &[
    (
        "source <(tcpviz completions bash)",
        "completion, in this shell",
    ),
    ("tcpviz man | man -l -", "the manual page"),
];

/// How it is called, as clap wants it.
pub fn usage() -> String {
    aligned(USAGE, "       ").trim_start().to_string()
}

/// What stands behind the options in `--help`.
pub fn more() -> String {
    format!(
        "Examples:\n{}\n\nIn the shell:\n{}\n\nExit codes:\n{}",
        aligned(EXAMPLES, "  "),
        aligned(SHELL, "  "),
        aligned(EXIT, "  ")
    )
}

/// The same of `tcpviz lab --help`.
pub fn lab_more() -> String {
    format!(
        "Examples:\n{}\n\n{LAB_SANDBOX}\n\nExit codes:\n{}",
        aligned(LAB_EXAMPLES, "  "),
        aligned(LAB_EXIT, "  ")
    )
}

/// Rows whose second column begins in the same place.
fn aligned(rows: &[Row], indent: &str) -> String {
    let width = rows.iter().map(|(typed, _)| typed.len());
    let width = width.max().unwrap_or(0);
    let lines: Vec<_> = rows
        .iter()
        .map(|(typed, what)| format!("{indent}{typed:width$}  {what}"))
        .collect();
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// clap would break longer ones anywhere.
    #[test]
    fn lines_fit_80_columns() {
        let first = format!("Usage: {}", usage());
        for text in [first, more(), lab_more()] {
            for line in text.lines() {
                assert!(line.len() <= 80, "{line}");
            }
        }
    }
}
