//! Whatever is written of a connection, it is the same rows, states and words in each format.

mod common;

use common::{captures, json, of_type, printed};

/// What stands between two lines that hold these words.
fn between<'a>(text: &'a str, begin: &str, end: &str) -> Vec<&'a str> {
    let lines = text.lines().skip_while(|line| !line.starts_with(begin));
    lines
        .skip(1)
        .take_while(|line| !line.starts_with(end))
        .collect()
}

#[test]
fn the_ladder_in_a_report_is_the_ladder_as_text() {
    for (name, path) in captures() {
        let path = path.to_str().unwrap();
        let ladder = printed(&["-F", "ladder", "-c", "1", path]);
        let report = printed(&["-F", "markdown", "-c", "1", path]);
        let in_report = between(&report, "```text", "```");
        let rows: Vec<_> = ladder.lines().skip(1).take(in_report.len()).collect();
        assert_eq!(in_report, rows, "{name}");
        assert!(in_report.len() > 2, "{name}: {report}");
    }
}

#[test]
fn tcpdump_s_lines_in_a_report_are_those_of_its_own_format() {
    for (name, path) in captures() {
        let path = path.to_str().unwrap();
        let lines = printed(&["-F", "tcpdump", "-c", "1", path]);
        let report = printed(&["-F", "markdown", "-c", "1", path]);
        let (_, folded) = report.split_once("<details>").expect(&name);
        let in_report = between(folded, "```text", "```");
        let wanted: Vec<_> = lines.lines().collect();
        assert_eq!(in_report, wanted, "{name}");
    }
}

#[test]
fn a_sequence_diagram_has_an_arrow_for_each_segment_and_a_note_for_each_change() {
    for (name, path) in captures() {
        let lines = json(&path);
        let diagram = printed(&["-F", "mermaid", path.to_str().unwrap()]);
        let arrows: Vec<_> = diagram
            .lines()
            .filter_map(|line| {
                let (from, to) = line.trim().split_once(": ")?.0.split_once(['-'])?;
                let to = to.trim_start_matches(['-', '>', 'x']);
                Some((from.to_owned(), to.to_owned()))
            })
            .filter(|(from, _)| !from.starts_with("Note"))
            .collect();
        let mut wanted: Vec<_> = of_type(&lines, "segment")
            .map(|line| {
                let connection = line["connection"].as_u64().unwrap();
                let from = line["from"].as_str().unwrap();
                let to = if from == "client" { "server" } else { "client" };
                let name = |side: &str| format!("{side}{connection}");
                (connection, (name(from), name(to)))
            })
            .collect();
        wanted.sort_by_key(|(connection, _)| *connection);
        let wanted: Vec<_> = wanted.into_iter().map(|(_, arrow)| arrow).collect();
        assert_eq!(arrows, wanted, "{name}\n{diagram}");
    }
}

#[test]
fn a_line_of_csv_holds_what_json_has_of_the_segment_and_of_the_ending() {
    for (name, path) in captures() {
        let lines = json(&path);
        let table = printed(&["-F", "csv", path.to_str().unwrap()]);
        let mut rows = table
            .lines()
            .map(|line| line.split(',').collect::<Vec<_>>());
        let heading = rows.next().unwrap();
        let segments: Vec<_> = of_type(&lines, "segment").collect();
        let endings: Vec<_> = of_type(&lines, "connection")
            .map(|it| &it["ending"])
            .collect();
        assert_eq!(rows.clone().count(), segments.len(), "{name}");
        for (row, segment) in rows.zip(segments) {
            let number = usize::try_from(segment["connection"].as_u64().unwrap()).unwrap();
            let ending = endings[number - 1];
            for (column, value) in heading.iter().zip(row) {
                let wanted = match *column {
                    "ending" => &ending["kind"],
                    "closed_first" | "reset_by" => &ending[column],
                    "cause" => &ending["causes"][0]["id"],
                    "cause_certainty" => &ending["causes"][0]["certainty"],
                    _ => &segment[column],
                };
                let wanted = match wanted {
                    serde_json::Value::Null => String::new(),
                    serde_json::Value::String(text) => text.clone(),
                    serde_json::Value::Array(names) => {
                        let names = names.iter().map(|name| name.as_str().unwrap());
                        names.collect::<Vec<_>>().join(" ")
                    }
                    other => other.to_string(),
                };
                assert_eq!(value, wanted, "{name}: {column}");
            }
        }
    }
}

#[test]
fn no_line_of_a_ladder_is_wider_than_was_asked_for() {
    for (name, path) in captures() {
        for width in ["40", "60", "99"] {
            let ladder = printed(&["--width", width, path.to_str().unwrap()]);
            let most: usize = width.parse().unwrap();
            let columns = ladder.lines().map(|line| line.chars().count());
            assert!(
                columns.max().unwrap() <= most,
                "{name} at {width}:\n{ladder}"
            );
        }
    }
}
