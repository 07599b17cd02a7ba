//! What clap says of a command line that it can't read, in one line.

use clap::Error;
use clap::error::ErrorKind;

use tcpviz::story::numbers::printable;

/// What is wrong and what to type: clap's words without its paragraphs. `command`: the subcommand, if there is one.
pub fn one_line(error: &Error, command: Option<&str>) -> String {
    let text = error.to_string();
    let text = text.strip_prefix("error: ").unwrap_or(&text);
    let ends = |line: &&str| line.starts_with("Usage:") || line.starts_with("For more information");
    let mut said = String::new();
    for line in text.lines().map(str::trim).take_while(|line| !ends(line)) {
        let tip = line.strip_prefix("tip: ").unwrap_or(line);
        // What stands behind -- is a command here, not a value.
        if line.is_empty() || tip.starts_with("to pass ") {
            continue;
        }
        said += match said.chars().last() {
            None => "",
            Some(':') => " ",
            Some(_) => "; ",
        };
        let values = tip.strip_prefix('[').and_then(|it| it.strip_suffix(']'));
        said += values.unwrap_or(tip);
    }
    let says_what_to_type = [ErrorKind::ValueValidation, ErrorKind::InvalidValue];
    if !says_what_to_type.contains(&error.kind()) || said.ends_with("none was supplied") {
        let command = command.map(|name| format!("{name} ")).unwrap_or_default();
        said += &format!("; tcpviz {command}--help tells what can be typed");
    }
    printable(&said)
}
