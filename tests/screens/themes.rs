//! What the themes make of a screen: its text, and below each line a letter for each style that isn't plain.

use std::fmt::Write;

use super::common::ui::{article, experiment, keys, screen, together};
use ratatui::style::{Color, Style};
use tcpviz::story::{Charset, Style as Told};
use tcpviz::tui::{App, Theme};

/// What a letter stands for: what differs from plain text.
fn described(style: Style) -> String {
    let color = |name: &str, color: Option<Color>| match color {
        None | Some(Color::Reset) => String::new(),
        Some(color) => format!(" {name}={color}"),
    };
    let weight = match style.add_modifier {
        none if none.is_empty() => String::new(),
        some => format!(" {some:?}"),
    };
    format!("{}{}{weight}", color("fg", style.fg), color("bg", style.bg))
}

/// A screen of 80 columns, each line followed by one that tells its styles; `.` is plain.
fn styled(app: &mut App) -> String {
    let terminal = screen(app, 80, 24);
    let mut styles: Vec<String> = vec![String::new()];
    let mut text = String::new();
    for row in terminal.backend().buffer().content.chunks(80) {
        let words: String = row.iter().map(ratatui::buffer::Cell::symbol).collect();
        let letters: String = row
            .iter()
            .map(|cell| {
                let told = described(cell.style());
                let known = styles.iter().position(|it| *it == told);
                let at = known.unwrap_or_else(|| {
                    styles.push(told);
                    styles.len() - 1
                });
                char::from(b".abcdefghijklmnopqrstuvwxyz"[at])
            })
            .collect();
        let letters = letters.trim_end_matches('.');
        writeln!(text, "|{}\n {letters}", words.trim_end()).unwrap();
    }
    for (at, told) in styles.iter().enumerate().skip(1) {
        writeln!(
            text,
            "{}:{told}",
            char::from(b".abcdefghijklmnopqrstuvwxyz"[at])
        )
        .unwrap();
    }
    text
}

type MakeTheme = fn() -> Theme;

const THEMES: [(&str, MakeTheme); 3] = [
    ("dark", Theme::dark),
    ("light", Theme::light),
    ("mono", Theme::mono),
];

fn in_each_theme(name: &str, mut app: App) {
    for (theme, palette) in THEMES {
        app.theme = palette();
        insta::assert_snapshot!(format!("{name}_{theme}"), styled(&mut app));
    }
}

#[test]
fn one_connection() {
    let mut app = article();
    keys(&mut app, "e→→");
    in_each_theme("one", app);
}

#[test]
fn a_list_and_a_search() {
    let mut app = together(&[
        "orderly-close",
        "fin-lost-once",
        "linger-zero",
        "syn-timeout",
    ]);
    keys(&mut app, "↓/flag:ack⏎");
    in_each_theme("search", app);
}

#[test]
fn an_experiment() {
    let mut app = experiment("server-host-crash.router-host-unreach");
    keys(&mut app, "⇲v");
    in_each_theme("experiment", app);
}

#[test]
fn the_figure() {
    let mut app = article();
    keys(&mut app, "→→→d");
    in_each_theme("figure", app);
}

/// Colour is never alone: what is selected, an RST and a retransmission differ without it.
#[test]
fn without_colour_marks_and_weight_tell() {
    let mut app = article();
    app.theme = Theme::mono();
    keys(&mut app, "⇲");
    let terminal = screen(&mut app, 100, 30);
    let cells = &terminal.backend().buffer().content;
    assert!(
        cells
            .iter()
            .all(|cell| cell.fg == Color::Reset && cell.bg == Color::Reset)
    );
    assert!(terminal.backend().to_string().contains("✕"));
}

#[test]
fn ascii_is_enough() {
    for (name, typed) in [
        ("one", "→→→"),
        ("figure", "→→→d"),
        ("payload", "⇲←x"),
        ("why", "v"),
        ("help", "?"),
        ("explain", "→→→??"),
        ("list", "⇥"),
    ] {
        let mut app = together(&["close-then-peer-writes", "orderly-close"]);
        app.style = Told {
            charset: Charset::Ascii,
            ..app.style
        };
        keys(&mut app, typed);
        let drawn = super::at_every_size(&mut app, |_| {});
        assert!(drawn.is_ascii(), "{drawn}");
        insta::assert_snapshot!(format!("ascii_{name}"), drawn);
    }
}
