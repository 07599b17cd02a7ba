//! Documentation that is made from declarations is what the declarations make.
//!
//! `TCPVIZ_WRITE_DOCS=1 cargo test --test docs` writes it anew.

use std::fs;
use std::path::Path;

use tcpviz::story::finding;

/// `docs/findings.md`, from the findings' own declarations.
fn findings() -> String {
    let mut text = String::from(
        "# Findings\n\n\
         What tcpviz tells about a connection besides how it ended: what was seen, what it means, what to try. They stand under each\n\
         ladder in text, on the screen behind `w` pressed twice, and in JSON as `findings`. \"Side\" is the side a finding is about, \"peer\" the other one.\n\
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

#[test]
fn findings_are_documented_as_declared() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/findings.md");
    if std::env::var_os("TCPVIZ_WRITE_DOCS").is_some() {
        fs::write(&path, findings()).unwrap();
    }
    let written = fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(
        written,
        findings(),
        "docs/findings.md is old: TCPVIZ_WRITE_DOCS=1 cargo test --test docs"
    );
}
