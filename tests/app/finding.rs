//! Searching the ladder, and the evidence.

use super::common::ui::{article, keys, recorded};
use super::{place, told, wrong};
use tcpviz::tui::App;

#[test]
fn a_search_goes_to_the_next_segment_found_and_on_round_the_end() {
    let mut app = article();
    keys(&mut app, "→/fin⏎");
    assert_eq!((place(&app), app.prompt.is_none()), ((0, 3), true));
    let mut app = article();
    keys(&mut app, "/flag:ack⏎");
    let mut seen = vec![app.line];
    for _ in 0..5 {
        keys(&mut app, ".");
        seen.push(app.line);
    }
    // All but the SYN and the RST have ACK.
    assert_eq!(seen, [1, 2, 3, 4, 5, 1]);
}

#[test]
fn comma_searches_backwards_round_the_beginning() {
    let mut app = article();
    keys(&mut app, "/flag:ack⏎,");
    assert_eq!(app.line, 5);
    keys(&mut app, ",");
    assert_eq!(app.line, 4);
}

#[test]
fn the_only_one_found_is_said_to_be_the_only_one() {
    let mut app = article();
    keys(&mut app, "/rst⏎");
    assert_eq!(
        (app.line, told(&app)),
        (6, "flag:rst: segment 7; . and , go on")
    );
    keys(&mut app, ".");
    assert_eq!(
        (app.line, told(&app)),
        (6, "no other segment of this connection is flag:rst")
    );
    keys(&mut app, ",");
    assert_eq!(
        (app.line, told(&app)),
        (6, "no other segment of this connection is flag:rst")
    );
}

#[test]
fn nothing_found_is_said_and_nothing_moves() {
    let mut app = article();
    keys(&mut app, "→/len:>1000⏎");
    assert_eq!(app.line, 1);
    assert!(
        told(&app).starts_with("no segment of this connection is"),
        "{}",
        told(&app)
    );
    assert!(app.notice.as_ref().unwrap().failed);
}

#[test]
fn on_and_back_before_any_search_say_that_nothing_was_looked_for() {
    for key in [".", ","] {
        let mut app = article();
        keys(&mut app, key);
        assert!(
            told(&app).starts_with("nothing was looked for yet"),
            "{}",
            told(&app)
        );
    }
}

#[test]
fn a_search_that_is_not_understood_says_why_and_the_one_before_is_gone() {
    let mut app = article();
    keys(&mut app, "/state:tired⏎");
    assert!(
        wrong(&app).contains("there is no state \"tired\""),
        "{}",
        wrong(&app)
    );
    keys(&mut app, "⎋");
    assert!(app.prompt.is_none());
    assert_eq!(app.line, 0);
}

#[test]
fn an_empty_search_repeats_the_last_one() {
    let mut app = article();
    keys(&mut app, "/fin⏎⇱/⏎");
    assert_eq!(app.line, 3);
}

#[test]
fn what_is_found_in_a_folded_run_is_unfolded() {
    let mut app = recorded("half-close-tail");
    keys(&mut app, "⇲");
    keys(&mut app, "←/len:>10000⏎,");
    let row = app.selected_row().unwrap();
    assert!(row > 19 && row < 73, "{row}");
    assert_eq!(app.focus.shown().unwrap().run_at(app.line), None);
}

#[test]
fn e_goes_through_the_evidence_and_begins_again() {
    let mut app = article();
    let mut seen = Vec::new();
    for _ in 0..4 {
        keys(&mut app, "e");
        seen.push((app.line, told(&app).to_string()));
    }
    let step = |line: usize, at: usize| (line, format!("evidence {at} of 3: segment {}", line + 1));
    assert_eq!(seen, [step(3, 1), step(5, 2), step(6, 3), step(3, 1)]);
}

/// The entry whose line is marked.
fn marked(app: &App) -> Option<usize> {
    let shown = app.focus.shown().unwrap();
    shown.entry_of(shown.line_of(app.line))
}

#[test]
fn what_control_only_hides_is_shown_when_one_goes_to_it() {
    // The byte that was sent after the FIN changes no state.
    for typed in ["cee", "c/len:1⏎", "cg6⏎", "→→→→→ma⇱c'a"] {
        let mut app = article();
        keys(&mut app, typed);
        let at = (app.selected_row(), marked(&app), app.wanted.control_only);
        assert_eq!(at, (Some(5), Some(5), false), "{typed}");
    }
}

#[test]
fn control_only_selects_a_row_that_is_shown() {
    let mut app = article();
    keys(&mut app, "→→→→→c");
    assert_eq!((app.selected_row(), marked(&app)), (Some(4), Some(4)));
}
