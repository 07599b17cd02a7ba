//! docs/fleet.md asks for fields that are there. (docs/fleet/try.sh runs its SQL.)

mod common;

use std::collections::BTreeSet;

use common::{capture, printed};
use serde_json::Value;

/// Every key in `value`, however deep.
fn keys(value: &Value, found: &mut BTreeSet<String>) {
    match value {
        Value::Object(fields) => {
            for (key, value) in fields {
                found.insert(key.clone());
                keys(value, found);
            }
        }
        Value::Array(values) => values.iter().for_each(|value| keys(value, found)),
        _ => {}
    }
}

/// The fields that a recipe declares between these: lower case, unlike types.
fn declared(page: &str, from: &str, to: &str) -> BTreeSet<String> {
    let (_, rest) = page.split_once(from).expect(from);
    let (declared, _) = rest.split_once(to).expect(to);
    declared
        .split(|c: char| !(c.is_ascii_alphanumeric() || c == '_'))
        .filter(|word| word.starts_with(|c: char| c.is_ascii_lowercase()))
        .map(str::to_string)
        .collect()
}

#[test]
fn fields_that_the_recipes_load_are_in_json_and_the_line_is_found_by_its_beginning() {
    let page = include_str!("../docs/fleet.md");
    let duckdb = declared(page, "columns = {", "})");
    assert_eq!(duckdb, declared(page, "JSONEachRow, '", "')"));
    assert!(
        duckdb.contains("reset_by") && duckdb.len() > 10,
        "{duckdb:?}"
    );

    let beginning = r#"{"type":"connection""#;
    assert!(page.contains(&format!("grep '^{beginning}'")));
    let json = printed(&["-F", "json", capture("linger-zero").to_str().unwrap()]);
    let line = json.lines().find(|line| line.starts_with(beginning));
    let mut there = BTreeSet::new();
    keys(&serde_json::from_str(line.unwrap()).unwrap(), &mut there);
    let missing: Vec<_> = duckdb.difference(&there).collect();
    assert!(missing.is_empty(), "{missing:?} aren't in {there:?}");
}
