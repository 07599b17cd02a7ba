//! The exit codes of docs/messages.md, each made for real.

use std::path::Path;
use std::process::{Command, ExitStatus, Stdio};

use libtest_mimic::Trial;

use super::cases::{self, program};
use super::common::printed;
use super::live::{UP, inside, without_threads};
use super::{document, expect};

/// What makes a code.
type Ends = fn(&Path) -> Option<i32>;

fn code(command: &mut Command) -> Option<i32> {
    let status = command.stdout(Stdio::null()).stderr(Stdio::null()).status();
    status.as_ref().ok().and_then(ExitStatus::code)
}

/// As the page has them, what makes each, and what then is the code.
const CODES: &[(&str, Ends, i32)] = &[
    ("0", |folder| code(&mut program(folder, &["close.pcap"])), 0),
    (
        "1",
        |folder| code(&mut program(folder, &["no-such.pcap"])),
        1,
    ),
    ("2", |folder| code(&mut program(folder, &["-p", "http"])), 2),
    (
        "3",
        |folder| code(&mut program(folder, &["--expect", "orderly", "close.pcap"])),
        3,
    ),
    (
        "101",
        |folder| without_threads(folder, &["close.pcap"]).code,
        101,
    ),
    (
        "126",
        |folder| code(&mut program(folder, &["--", "./close.pcap"])),
        126,
    ),
    (
        "127",
        |folder| code(&mut program(folder, &["--", "no-such-command"])),
        127,
    ),
    (
        "128+N",
        |folder| code(&mut inside(folder, UP, &["--", "sh", "-c", "kill -9 $$"])),
        128 + 9,
    ),
    (
        "others",
        |folder| {
            code(&mut program(
                folder,
                &["--expect", "orderly", "--", "sh", "-c", "exit 42"],
            ))
        },
        42,
    ),
];

pub fn trials() -> Vec<Trial> {
    let mut trials: Vec<_> = CODES
        .iter()
        .map(|(name, ends, wanted)| {
            Trial::test(format!("exit_code::{name}"), move || {
                let came = ends(cases::folder().path());
                expect(came == Some(*wanted), || format!("{came:?}"))
            })
        })
        .collect();
    trials.push(Trial::test(
        "every_exit_code_of_the_page_is_made_and_stands_in_the_help",
        || {
            let known: Vec<_> = CODES.iter().map(|(name, ..)| *name).collect();
            let page = document::codes();
            expect(page == known, || format!("the page has {page:?}"))?;
            let help = printed(&["--help"]);
            let (_, told) = help
                .split_once("Exit codes:")
                .ok_or("no exit codes in --help")?;
            for name in known {
                let name = name.replace("128+N", "128 and the signal's number");
                expect(told.contains(&name), || {
                    format!("--help doesn't have {name}: {told}")
                })?;
            }
            Ok(())
        },
    ));
    trials
}
