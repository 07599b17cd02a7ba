//! Documentation that is made from declarations is what the declarations make.
//!
//! `TCPVIZ_WRITE_DOCS=1 cargo test --test docs` writes it anew.

mod common;

use std::fs;
use std::path::Path;

use common::{capture, printed};

use tcpviz::story::{Query, Search, finding, query};
use tcpviz::tui::keys;

/// `docs/findings.md`, from the findings' own declarations.
fn findings() -> String {
    let mut text = String::from(
        "# Findings\n\n\
         What tcpviz tells about a connection besides how it ended: what was seen, what it means, what to try. They stand under each\n\
         ladder in text, on the screen behind `v` pressed twice, and in JSON as `findings`. \"Side\" is the side a finding is about, \"peer\" the other one.\n\
         \n\
         Made from `src/story/finding/` by `TCPVIZ_WRITE_DOCS=1 cargo test --test docs`.\n",
    );
    for finding in finding::ALL {
        let told = |text: &str| text.replace("{me}", "side").replace("{peer}", "peer");
        text += &format!(
            "\n## {}\n\n**Seen.** {}\n\n**Means.** {}\n\n**Try.** {}\n",
            finding.id,
            told(finding.when),
            told(finding.means),
            told(finding.attempt)
        );
    }
    text
}

/// The README's tables of keys, from the key table of the UI.
fn keys() -> String {
    let mut text = String::new();
    for section in keys::SECTIONS {
        text += &format!("\n| {} | |\n|---|---|\n", section.heading);
        for entry in section.entries {
            let keys: Vec<_> = entry
                .keys
                .split(' ')
                .map(|key| format!("`{key}`"))
                .collect();
            text += &format!("| {} | {} |\n", keys.join(" "), entry.what);
        }
    }
    text + "\n"
}

/// `docs/filter.md`, from the tables of the filter language.
fn filter() -> String {
    fn table<'a>(keys: impl Iterator<Item = &'a query::Key>, forms: &[query::Form]) -> String {
        let keys = keys.map(|key| (key.example, key.meaning));
        let forms = forms.iter().map(|form| (form.example, form.meaning));
        let row = |(example, meaning)| format!("| `{example}` | {meaning} |\n");
        let rows: String = keys.chain(forms).map(row).collect();
        format!("\n| | holds where |\n|---|---|\n{rows}")
    }
    format!(
        "# The filter language\n\n\
         What is typed at `\\` (which connections the list shows) and at `/` (which segment to find). Terms are parted by spaces, and all must\n\
         hold; `-term` or `!term` holds where the term doesn't; case doesn't matter; the beginning of a value is enough where it is one value's.\n\
         What can't be understood is answered with what can.\n\n\
         Made from `src/story/query/` by `TCPVIZ_WRITE_DOCS=1 cargo test --test docs`.\n\n\
         ## Connections\n{}\n## Segments\n{}",
        table(Query::keys(), Query::forms()),
        table(Search::keys(), Search::forms())
    )
}

/// A file is what is made of it; it is written anew where that is asked for.
fn check(file: &str, made: impl FnOnce(&str) -> String) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(file);
    let written = fs::read_to_string(&path).unwrap_or_default();
    let made = made(&written);
    if std::env::var_os("TCPVIZ_WRITE_DOCS").is_some() {
        fs::write(&path, &made).unwrap();
    } else {
        assert!(
            written == made,
            "{file} is old: TCPVIZ_WRITE_DOCS=1 cargo test --test docs"
        );
    }
}

#[test]
fn findings_are_documented_as_declared() {
    check("docs/findings.md", |_| findings());
}

#[test]
fn the_filter_language_is_documented_as_declared() {
    check("docs/filter.md", |_| filter());
}

#[test]
fn keys_are_documented_as_declared() {
    check("README.md", |readme| {
        let (before, rest) = readme.split_once("<!-- keys -->\n").expect("<!-- keys -->");
        let (_, after) = rest.split_once("<!-- end -->").expect("<!-- end -->");
        format!("{before}<!-- keys -->\n{}<!-- end -->{after}", keys())
    });
}

#[test]
fn the_readmes_picture_and_the_example_page_are_what_the_program_writes() {
    let close = capture("close-then-peer-writes");
    let close = close.to_str().unwrap();
    check("docs/screen.svg", |_| printed(&["-F", "svg", close]));
    check("docs/example.html", |_| printed(&["-F", "html", close]));
}
