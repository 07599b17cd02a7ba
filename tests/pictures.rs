//! `--format svg` and `html`: well-formed, safe, nothing from elsewhere, and the same rows and words as the ladder in text. How
//! they look and what keys do is tested in a browser (`browser/`).

mod common;

use std::collections::BTreeMap;

use common::{article, capture, captures, printed, run, ui};
use roxmltree::{Document, Node};
use tcpviz::report::few::{self, few};
use tcpviz::report::page::{How, Page, Row, pages};
use tcpviz::report::palette::Scheme;
use tcpviz::report::{html, ladder, svg};
use tcpviz::story::shown::Wanted;
use tcpviz::trace::Trace;

/// What a picture draws instead of writing it.
const SIGNS: &[char] = &[
    '─', '┄', '▶', '◀', '┃', '│', '┊', '↻', '⇄', '◌', '◦', '✕', '╳',
];

const SVG: &str = "http://www.w3.org/2000/svg";

fn picture(trace: &Trace, how: How, look: svg::Look) -> String {
    let pages = few(trace, None, how, svg::MOST).unwrap();
    let mut out = Vec::new();
    svg::write(&mut out, &pages, look).unwrap();
    String::from_utf8(out).unwrap()
}

fn folded(width: usize) -> How {
    How {
        wanted: Wanted {
            folds: true,
            ..Wanted::default()
        },
        width,
        ..How::default()
    }
}

fn number(node: Node<'_, '_>, name: &str) -> f64 {
    let text = node
        .attribute(name)
        .unwrap_or_else(|| panic!("{name}: {node:?}"));
    text.parse().unwrap()
}

/// Left and right edge of a piece of text, in pixels.
fn edges(text: Node<'_, '_>) -> [f64; 2] {
    let length = text
        .attribute("textLength")
        .map_or(8.4, |_| number(text, "textLength"));
    let x = number(text, "x");
    match text.attribute("text-anchor") {
        Some("end") => [x - length, x],
        _ => [x, x + length],
    }
}

/// The words of a picture, by line.
fn words(document: &Document<'_>) -> Vec<String> {
    let mut lines: BTreeMap<i64, Vec<(f64, &str)>> = BTreeMap::new();
    for text in document
        .descendants()
        .filter(|node| node.has_tag_name((SVG, "text")))
    {
        #[expect(
            clippy::cast_possible_truncation,
            reason = "a line's place in tenths of a pixel"
        )]
        let y = (number(text, "y") * 10.0).round() as i64;
        let words = text.text().unwrap_or_default();
        lines.entry(y).or_default().push((edges(text)[0], words));
    }
    let line = |mut pieces: Vec<(f64, &str)>| {
        pieces.sort_by(|one, other| one.0.total_cmp(&other.0));
        let pieces: Vec<_> = pieces.into_iter().map(|(_, words)| words).collect();
        plain(&pieces.join(" "))
    };
    lines.into_values().map(line).collect()
}

/// A line's words alone.
fn plain(line: &str) -> String {
    line.replace(SIGNS, " ")
        .split_whitespace()
        .collect::<Vec<_>>()
        .join(" ")
}

#[test]
fn a_picture_has_the_rows_and_words_of_the_ladder_whatever_the_width() {
    let mut folds = 0;
    for (name, path) in captures() {
        let app = ui::opened(&path, ui::file(&name));
        for width in [100, 80, 140] {
            let how = folded(width);
            let picture = picture(&app.trace, how, svg::Look::default());
            let document = Document::parse(&picture).unwrap_or_else(|why| panic!("{name}: {why}"));
            let drawn = words(&document);
            let mut rest = drawn.iter();
            for page in pages(&app.trace, None, how) {
                let mut text = Vec::new();
                ladder::diagram(&mut text, &page).unwrap();
                let text = String::from_utf8(text).unwrap();
                folds += text.matches('⋯').count();
                for line in text.lines().map(plain).filter(|line| !line.is_empty()) {
                    assert!(
                        rest.any(|drawn| *drawn == line),
                        "{name} at {width}: {line} isn't in {drawn:#?}"
                    );
                }
            }
        }
    }
    assert!(folds > 0, "some capture has something to fold");
}

#[test]
fn a_picture_is_safe_and_nothing_in_it_comes_from_elsewhere() {
    for (name, path) in captures() {
        let app = ui::opened(&path, ui::file(&name));
        for width in [100, 40] {
            let look = svg::Look {
                scheme: Scheme::Preferred,
                account: true,
            };
            let picture = picture(&app.trace, folded(width), look);
            let document = Document::parse(&picture).unwrap();
            check_elements(&name, &document);
            check_names(&document);
            let style = picture.split("<style>").nth(1).unwrap();
            let style = style.split("</style>").next().unwrap();
            for word in ["@import", "url(", "http", "@font-face"] {
                assert!(!style.contains(word), "{word}");
            }
        }
    }
}

/// Nothing but shapes and text, all of it inside the picture.
fn check_elements(name: &str, document: &Document<'_>) {
    const KNOWN: &[&str] = &[
        "svg", "title", "desc", "style", "rect", "g", "text", "line", "path", "circle",
    ];
    let root = document.root_element();
    let [width, height] = ["width", "height"].map(|name| number(root, name));
    for node in root.descendants().filter(Node::is_element) {
        assert!(KNOWN.contains(&node.tag_name().name()), "{name}: {node:?}");
        for attribute in node.attributes() {
            assert!(!attribute.name().starts_with("on") && !attribute.name().contains("href"));
            assert!(!attribute.value().contains("url("));
        }
        if node.has_tag_name((SVG, "text")) {
            let [left, right] = edges(node);
            assert!(left >= 0.0 && right <= width, "{name}: {node:?}");
            assert!(number(node, "y") < height);
        }
    }
}

/// Who doesn't see it is told what it is.
fn check_names(document: &Document<'_>) {
    let root = document.root_element();
    assert_eq!(root.attribute("role"), Some("img"));
    for id in root.attribute("aria-labelledby").unwrap().split(' ') {
        let named = root
            .descendants()
            .find(|node| node.attribute("id") == Some(id));
        let text = named.and_then(|node| node.text());
        assert!(text.is_some_and(|text| !text.is_empty()), "{id}");
    }
}

#[test]
fn themes_are_fixed_where_one_is_named_and_otherwise_follow_who_looks() {
    let close = capture("close-then-peer-writes");
    let close = close.to_str().unwrap();
    let preferred = printed(&["-F", "svg", close]);
    assert!(preferred.contains("prefers-color-scheme:dark"));
    for theme in ["dark", "light", "mono"] {
        let fixed = printed(&["-F", "svg", "--theme", theme, close]);
        assert!(!fixed.contains("@media") && fixed != preferred, "{theme}");
    }
    let never = printed(&["-F", "svg", "--color", "never", close]);
    assert_eq!(never, printed(&["-F", "svg", "--theme", "mono", close]));
}

#[test]
fn a_picture_is_the_same_whatever_the_locale() {
    let close = capture("close-then-peer-writes");
    let close = close.to_str().unwrap();
    assert_eq!(
        printed(&["-F", "svg", "--ascii", close]),
        printed(&["-F", "svg", close])
    );
}

#[test]
fn the_account_is_there_where_it_is_asked_for() {
    let close = capture("close-then-peer-writes");
    let close = close.to_str().unwrap();
    let with = |arguments: &[&str]| {
        let picture = printed(arguments);
        let document = Document::parse(&picture).unwrap();
        words(&document).join("\n")
    };
    assert!(!with(&["-F", "svg", close]).contains("program"));
    let why = with(&["-F", "svg", "--why", close]);
    assert!(
        why.contains("server's program read(): 0 (end of file)"),
        "{why}"
    );
}

#[test]
fn more_connections_than_a_picture_holds_are_refused_before_anything_is_written() {
    let folder = tempfile::tempdir().unwrap();
    let many = folder.path().join("many.pcap");
    std::fs::write(&many, article::repeated(21)).unwrap();
    let many = many.to_str().unwrap();
    let refused = run(&["-F", "svg", many]);
    assert_eq!(refused.status.code(), Some(1));
    assert!(refused.stdout.is_empty());
    assert_eq!(
        String::from_utf8(refused.stderr).unwrap(),
        "tcpviz: 21 connections are more than this format holds (20): choose one with -c N, or some with -p and -f\n"
    );
    assert!(printed(&["-F", "svg", "-c", "21", many]).contains("connection 21: "));
}

/// A page without its style and its script, which aren't XML.
fn markup(page: &str) -> String {
    let (before, rest) = page.split_once("<style>").unwrap();
    let (_, rest) = rest.split_once("</style>").unwrap();
    let (between, rest) = rest.split_once("<script>").unwrap();
    let (_, after) = rest.split_once("</script>").unwrap();
    format!("{before}{between}{after}")
}

#[test]
fn a_page_is_well_formed_and_has_the_rows_of_the_ladder_with_a_step_for_each() {
    for (name, path) in captures() {
        let app = ui::opened(&path, ui::file(&name));
        for folds in [false, true] {
            let mut how = folded(100);
            how.wanted.folds = folds;
            let pages = few(&app.trace, None, how, html::MOST).unwrap();
            let mut out = Vec::new();
            html::write(&mut out, &pages, &name, Scheme::Preferred, None).unwrap();
            let out = String::from_utf8(out).unwrap();
            let text = markup(&out);
            let options = roxmltree::ParsingOptions {
                allow_dtd: true,
                ..Default::default()
            };
            let document = Document::parse_with_options(&text, options);
            let document = document.unwrap_or_else(|why| panic!("{name}: {why}"));
            let tables = document
                .descendants()
                .filter(|it| it.attribute("role") == Some("grid"));
            for (page, table) in pages.iter().zip(tables) {
                check_rows(&name, page, table);
            }
            let steps = document
                .descendants()
                .filter(|it| it.has_attribute("data-states"));
            let rows = document
                .descendants()
                .filter(|it| it.has_attribute("aria-selected"));
            assert_eq!(steps.count(), rows.count(), "{name}");
            let ids: Vec<_> = document
                .descendants()
                .filter_map(|it| it.attribute("id"))
                .collect();
            let mut known = ids.clone();
            known.sort_unstable();
            known.dedup();
            assert_eq!(known.len(), ids.len(), "{name}: an id twice");
        }
    }
}

/// Each row of the ladder: number, times, both states, what stands between the lanes.
fn check_rows(name: &str, page: &Page<'_>, table: Node<'_, '_>) {
    let body = table
        .children()
        .find(|it| it.has_tag_name("tbody"))
        .unwrap();
    let words = |node: Node<'_, '_>| {
        let marks = |it: &Node<'_, '_>| it.ancestors().any(|it| it.has_tag_name("title"));
        let texts = node.descendants().filter(|it| it.is_text() && !marks(it));
        plain(
            &texts
                .filter_map(|it| it.text())
                .collect::<Vec<_>>()
                .join(" "),
        )
    };
    let drawn: Vec<_> = body
        .children()
        .filter(Node::is_element)
        .map(words)
        .collect();
    let rows = page.rows().map(|row| match row {
        Row::Segment(_, row) => {
            let lost = if row.arrow.contains('╳') {
                "lost"
            } else {
                ""
            };
            let states = row.states;
            let times = format!("{} {} {}", row.number, row.time, row.delta);
            plain(&format!(
                "{times} {} {} {lost} {}",
                states.client, row.label, states.server
            ))
        }
        Row::Beside(row) => {
            let states = row.states;
            plain(&format!(
                "{} {} {}",
                states.client, row.middle, states.server
            ))
        }
    });
    assert_eq!(drawn, rows.collect::<Vec<_>>(), "{name}");
}

#[test]
fn more_rows_than_a_page_holds_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let many = folder.path().join("many.pcap");
    std::fs::write(&many, article::repeated(201)).unwrap();
    let many = many.to_str().unwrap();
    let told = |arguments: &[&str]| {
        let refused = run(arguments);
        assert_eq!(refused.status.code(), Some(1));
        assert!(refused.stdout.is_empty());
        String::from_utf8(refused.stderr).unwrap()
    };
    let connections = told(&["-F", "html", many]);
    assert!(
        connections.starts_with("tcpviz: 201 connections are more than this format holds (200)")
    );
    let app = ui::opened(std::path::Path::new(many), ui::file("many.pcap"));
    let most = few::Most {
        connections: 300,
        rows: 1_406,
    };
    let rows = few::few(&app.trace, None, How::default(), most).err();
    assert_eq!(
        rows.as_deref(),
        Some("1,407 rows are more than this format holds (1,406): choose one connection with -c N")
    );
}
