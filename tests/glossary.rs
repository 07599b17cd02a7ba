//! The glossary against the recorded experiments.

use std::fs;
use std::path::Path;

use tcpviz::story::glossary;
use tcpviz::trace::{Aside, Said};

#[test]
fn every_recorded_call_and_error_is_explained() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("captures");
    let (mut seen, mut unexplained) = (0, Vec::new());
    for file in fs::read_dir(folder).unwrap() {
        let path = file.unwrap().path();
        if path.extension().is_none_or(|it| it != "toml") {
            continue;
        }
        for line in fs::read_to_string(path).unwrap().lines() {
            let line = line.trim().trim_matches(['"', ',']);
            let Some(Said::Call { text, failed, .. }) = Aside::read(line).map(|it| it.said) else {
                continue;
            };
            seen += 1;
            if glossary::call(&text).len() <= usize::from(failed) {
                unexplained.push(text);
            }
        }
    }
    assert!(
        seen > 1000 && unexplained.is_empty(),
        "{seen}: {unexplained:#?}"
    );
}
