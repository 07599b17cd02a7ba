//! docs/messages.md is true: each message is made for real, and what is said and the exit code compared with its row. The page is the source: a row
//! without a case fails, a case without a row, and a text in `src/` that no row has.

#[path = "../common/mod.rs"]
mod common;

mod cases;
mod document;
mod exits;
mod files;
mod live;
mod screen;
mod sources;

use std::collections::HashSet;

use libtest_mimic::{Arguments, Failed, Trial};

use cases::{Case, Said};
use document::{Row, holds, is_said};

/// Characters by which a test elsewhere is known to look for a message.
const DISTINCT: usize = 16;

fn main() {
    let rows = document::messages();
    let mut trials = vec![
        Trial::test("every_row_has_a_case_and_every_case_a_row", || {
            same_names(&document::messages())
        }),
        Trial::test("every_text_in_the_sources_stands_in_a_row", || {
            is_complete(&document::messages())
        }),
    ];
    trials.extend(exits::trials());
    for (id, case) in cases::all() {
        let found: Vec<_> = rows.iter().filter(|row| row.id == id).cloned().collect();
        trials.push(Trial::test(
            format!("message::{id}"),
            move || match &found[..] {
                [row] => judge(row, &case),
                _ => Err(format!("docs/messages.md has {} rows {id}", found.len()).into()),
            },
        ));
    }
    libtest_mimic::run(&Arguments::from_args(), trials).exit();
}

fn same_names(rows: &[Row]) -> Result<(), Failed> {
    let cases: Vec<_> = cases::all().into_iter().map(|(id, _)| id).collect();
    let known: HashSet<_> = cases.iter().copied().collect();
    let without: Vec<_> = rows
        .iter()
        .filter(|row| !known.contains(row.id.as_str()))
        .collect();
    let (all, different) = (cases.len(), known.len());
    expect(all == different, || {
        format!("{all} cases have {different} names")
    })?;
    expect(rows.len() > 100, || {
        "the test no longer sees the rows".into()
    })?;
    expect(without.is_empty(), || {
        let ids: Vec<_> = without.iter().map(|row| &row.id).collect();
        format!("rows of docs/messages.md without a case in tests/messages/: {ids:?}")
    })
}

fn is_complete(rows: &[Row]) -> Result<(), Failed> {
    let literals = sources::literals();
    let known = |text: &str| rows.iter().any(|row| holds(&row.whole, text));
    let unknown: Vec<_> = literals
        .iter()
        .filter(|literal| !known(&literal.text))
        .map(|literal| format!("\n  src/{}: {}", literal.file, literal.text))
        .collect();
    expect(literals.len() > 100, || {
        "the test no longer sees the texts".into()
    })?;
    expect(unknown.is_empty(), || {
        format!(
            "docs/messages.md doesn't have these; add a row, and a case in tests/messages/:{}",
            unknown.concat()
        )
    })
}

fn judge(row: &Row, case: &Case) -> Result<(), Failed> {
    let is_provoked = !row.whole.contains("not provoked");
    match case {
        Case::Made(make) => {
            let folder = cases::folder();
            compare(row, &make(folder.path()))?;
        }
        Case::Elsewhere(file, function) => {
            let body = sources::body(file, function);
            let body = body.ok_or(format!("{file} has no {function}"))?;
            let texts = sources::strings(&body);
            let tells = |text: &String| shared(&row.whole, text) >= DISTINCT;
            expect(texts.iter().any(tells), || {
                format!("{file}: {function} looks for nothing of: {}", row.message)
            })?;
        }
        Case::Text(file) => {
            let texts = sources::texts(file);
            let tells = |text: &String| text.len() > 8 && holds(&row.whole, text);
            expect(texts.iter().any(tells), || {
                format!("src/{file} doesn't have: {}", row.message)
            })?;
        }
    }
    let is_made = !matches!(case, Case::Text(_));
    expect(is_made == is_provoked, || {
        "docs/messages.md must say \"not provoked\" of what isn't, and only of that".into()
    })
}

/// How many characters behind each other both have.
fn shared(row: &str, text: &str) -> usize {
    let begins = text.char_indices().map(|(at, _)| &text[at..]);
    let same = begins.map(|rest| {
        let ends = rest.char_indices().map(|(at, c)| at + c.len_utf8());
        ends.take_while(|end| row.contains(&rest[..*end])).count()
    });
    same.max().unwrap_or(0)
}

/// What is said is the message, in one line; each line that begins as a message does is one.
fn compare(row: &Row, said: &Said) -> Result<(), Failed> {
    let lines: Vec<_> = said.text.lines().collect();
    let is_it = |line: &&str| is_said(&row.message, line.strip_prefix("tcpviz: ").unwrap_or(line));
    let told = lines.iter().copied().filter(is_it).count();
    expect(told == 1, || {
        format!("wanted: {}\nsaid: {}", row.message, said.text)
    })?;
    expect(row.exit.is_none() || row.exit == said.code, || {
        format!("exit code {:?}, not {:?}", said.code, row.exit)
    })?;
    let rows = document::messages();
    for line in lines
        .iter()
        .filter_map(|line| line.strip_prefix("tcpviz: "))
    {
        let is_known = rows
            .iter()
            .any(|row| row.id != "lab-io" && is_said(&row.message, line));
        expect(is_known || row.id == "lab-io", || {
            format!("no row says: {line}")
        })?;
    }
    Ok(())
}

fn expect(is_so: bool, otherwise: impl FnOnce() -> String) -> Result<(), Failed> {
    if is_so {
        Ok(())
    } else {
        Err(otherwise().into())
    }
}
