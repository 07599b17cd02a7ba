//! Documentation that is made from declarations is what the declarations make.
//!
//! `TCPVIZ_WRITE_DOCS=1 cargo test --test docs` writes it anew.

use std::fs;
use std::path::Path;

use tcpviz::story::finding;
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
fn keys_are_documented_as_declared() {
    check("README.md", |readme| {
        let (before, rest) = readme.split_once("<!-- keys -->\n").expect("<!-- keys -->");
        let (_, after) = rest.split_once("<!-- end -->").expect("<!-- end -->");
        format!("{before}<!-- keys -->\n{}<!-- end -->{after}", keys())
    });
}
