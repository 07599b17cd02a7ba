//! What the shell is given: short and long help, manual pages, completions, all made from the one definition.

mod common;

use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use common::{capture, printed, run, tcpviz};

/// Help as a terminal of 80 columns shows it.
fn help(arguments: &[&str]) -> String {
    let mut command = tcpviz();
    let output = command.args(arguments).env("COLUMNS", "80").output();
    let output = output.expect("tcpviz runs");
    assert!(output.status.success());
    let help = String::from_utf8(output.stdout).unwrap();
    for line in help.lines() {
        assert!(line.chars().count() <= 80, "{line}");
    }
    help
}

#[test]
fn short_help_is_a_screen_and_long_help_has_everything() {
    insta::assert_snapshot!("short", help(&["-h"]));
    insta::assert_snapshot!("long", help(&["--help"]));
    insta::assert_snapshot!("lab_short", help(&["lab", "-h"]));
    insta::assert_snapshot!("lab_long", help(&["lab", "--help"]));
}

/// With a version that doesn't change.
fn page(arguments: &[&str]) -> String {
    printed(arguments).replace(env!("CARGO_PKG_VERSION"), "VERSION")
}

#[test]
fn manual_pages_are_made_from_the_definition() {
    insta::assert_snapshot!("man", page(&["man"]));
    insta::assert_snapshot!("man_lab", page(&["man", "lab"]));
}

#[test]
fn manual_pages_are_typeset_without_a_warning() {
    for arguments in [&["man"][..], &["man", "lab"]] {
        let mut groff = Command::new("groff")
            .args(["-ww", "-man", "-Tascii"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("groff (groff-base)");
        let mut input = groff.stdin.take().unwrap();
        input.write_all(printed(arguments).as_bytes()).unwrap();
        drop(input);
        let output = groff.wait_with_output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success() && said.is_empty(), "{said}");
        assert!(String::from_utf8_lossy(&output.stdout).contains("User Commands"));
    }
}

/// The experiments' names are many, and more come.
fn script(shell: &str) -> String {
    let script = printed(&["completions", shell]);
    let mut names: Vec<_> = common::captures()
        .into_iter()
        .map(|(name, _)| name)
        .collect();
    names.sort();
    let names = names.join(" ");
    assert!(script.contains(&names), "{shell} completes experiments");
    script.replace(&names, "EXPERIMENTS")
}

#[test]
fn completions_are_made_from_the_definition() {
    for shell in ["bash", "zsh", "fish"] {
        insta::assert_snapshot!(format!("completions_{shell}"), script(shell));
    }
}

/// What bash offers for the last of these words, in a folder with these files.
fn offered(folder: &Path, words: &[&str]) -> Vec<String> {
    let asked = r#"
        source <(printf '%s' "$SCRIPT")
        compopt() { :; } # only readline has options
        COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
        _tcpviz_or_file tcpviz "${@: -1}" "${@: -2:1}"
        printf '%s\n' "${COMPREPLY[@]}""#;
    let output = Command::new("bash")
        .args(["--norc", "-c", asked, "bash"])
        .args(words)
        .env("SCRIPT", printed(&["completions", "bash"]))
        .current_dir(folder)
        .output()
        .expect("bash");
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
    let offered = String::from_utf8(output.stdout).unwrap();
    offered.lines().map(str::to_string).collect()
}

#[test]
fn bash_completes_options_values_files_and_experiments() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["close.pcap", "my own.pcap"] {
        fs::write(folder.path().join(name), "").unwrap();
    }
    for (words, expected) in [
        (&["tcpviz", "--form"][..], &["--format"][..]),
        (&["tcpviz", "--format", "js"], &["json"]),
        (&["tcpviz", "c"], &["completions", "close.pcap"]),
        (&["tcpviz", "m"], &["man", "my own.pcap"]),
        (&["tcpviz", "-w", "my"], &["my own.pcap"]),
        (&["tcpviz", "completions", "z"], &["zsh"]),
        (&["tcpviz", "man", "l"], &["lab"]),
        (
            &["tcpviz", "lab", "linger2-negative"],
            &["linger2-negative", "linger2-negative.fin-wait-2"],
        ),
        // Here bash itself goes on with file names.
        (&["tcpviz", "--ascii", "clo"], &[""]),
    ] {
        assert_eq!(offered(folder.path(), words), expected, "{words:?}");
    }
}

#[test]
fn a_subcommand_wins_over_a_file_of_its_name() {
    let folder = tempfile::tempdir().unwrap();
    let path = capture("close-then-peer-writes");
    fs::copy(&path, folder.path().join("man")).unwrap();
    let in_folder = |name: &str| {
        let output = tcpviz().arg(name).current_dir(folder.path()).output();
        String::from_utf8(output.unwrap().stdout).unwrap()
    };
    assert_eq!(in_folder("man"), printed(&["man"]));
    assert_eq!(in_folder("./man"), printed(&[path.to_str().unwrap()]));
}

#[test]
fn an_option_before_a_subcommand_is_told_where_it_belongs() {
    for name in ["lab", "man", "completions"] {
        let shell = (name == "completions").then_some("bash");
        let arguments: Vec<_> = ["--ascii", name].into_iter().chain(shell).collect();
        let output = run(&arguments);
        let said = format!(
            "tcpviz: options of `{name}` stand behind it: tcpviz {name} --help; a file of that name is ./{name}\n"
        );
        assert_eq!(output.status.code(), Some(2));
        assert_eq!(String::from_utf8(output.stderr).unwrap(), said);
    }
}
