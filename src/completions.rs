//! `tcpviz completions SHELL`: what completes the command line, made from its definition.

use std::io::{self, Write};

use clap::Command;
use clap::builder::{PossibleValue, PossibleValuesParser};
use clap_complete::{Shell, generate};

use crate::cli::Cli;
use crate::outfile::Output;
use crate::recorded;

/// Prints the script for a shell.
///
/// # Errors
/// Standard output can't be written.
pub fn print(shell: Shell) -> anyhow::Result<()> {
    let mut names: Vec<_> = recorded::names().collect();
    names.sort_unstable();
    // As it is parsed any name will do: a wrong one is answered with those that are like it.
    let mut definition = Cli::definition().mut_subcommand("lab", |lab| {
        lab.mut_arg("names", |arg| {
            arg.value_parser(PossibleValuesParser::new(names))
        })
    });
    let mut script = Vec::new();
    generate(shell, &mut definition, "tcpviz", &mut script);
    let script = String::from_utf8(script)?;
    let script = match shell {
        Shell::Bash => script + &bash_files(&definition),
        Shell::Zsh => zsh_files(&script),
        Shell::Fish => fish_values(&script, &definition),
        _ => script,
    };
    Ok(Output(io::stdout().lock()).write_all(script.as_bytes())?)
}

/// Where a subcommand may stand, so may FILE; clap's script for bash forgets it.
fn bash_files(definition: &Command) -> String {
    let subcommands: Vec<_> = definition
        .get_subcommands()
        .map(Command::get_name)
        .collect();
    format!(
        r#"
_tcpviz_or_file() {{
    if [[ "${{COMP_CWORD}}" -gt 1 || "$2" == -* ]]; then
        _tcpviz "$@"
        return
    fi
    compopt -o filenames
    mapfile -t COMPREPLY < <(compgen -W "{}" -- "$2"; compgen -f -- "$2")
}}
complete -F _tcpviz_or_file -o bashdefault -o default tcpviz
"#,
        subcommands.join(" ")
    )
}

/// clap's script for zsh takes the first word for FILE, the next for a COMMAND, and awaits a subcommand as the third.
fn zsh_files(script: &str) -> String {
    let is_word = |line: &&str| line.starts_with("'::file") || line.starts_with("'::run");
    let lines = script.lines().filter(|line| !is_word(line));
    let lines: String = lines.map(|line| line.to_string() + "\n").collect();
    lines.replace("$line[3]", "$line[1]").replace(
        r#"":: :_tcpviz_commands" \"#,
        r#"":: : _alternative 'commands::_tcpviz_commands' 'files:file:_files'" \"#,
    )
}

/// clap's script for fish knows no values of what has no name, and none of an option behind which they stand alone:
/// argparse then misses them.
fn fish_values(script: &str, definition: &Command) -> String {
    let mut script = script.replacen("\n    or return\n", "\n    or return 0\n", 1);
    for command in definition.get_subcommands() {
        for argument in command.get_positionals() {
            let values = argument.get_possible_values();
            let values: Vec<_> = values.iter().map(PossibleValue::get_name).collect();
            let (name, values) = (command.get_name(), values.join(" "));
            script += &format!(
                "complete -c tcpviz -n \"__fish_tcpviz_using_subcommand {name}\" -f -a \"{values}\"\n"
            );
        }
    }
    script
}
