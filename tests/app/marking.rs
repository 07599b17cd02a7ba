//! Marks, and going to frames.

use super::common::ui::{keys, recorded, together};
use super::{many, place, told, wrong};
use tcpviz::tui::app::{Letter, ListView};

#[test]
fn m_and_a_letter_mark_a_place_and_quote_and_the_letter_come_back_from_another_connection() {
    let mut app = many();
    keys(&mut app, "]→→ma");
    assert!(told(&app).starts_with("marked a"), "{}", told(&app));
    keys(&mut app, "]]→m7[[[");
    assert_eq!(place(&app), (0, 0));
    keys(&mut app, "'a");
    assert_eq!(place(&app), (1, 2));
    keys(&mut app, "'7");
    assert_eq!(place(&app), (3, 1));
}

#[test]
fn a_letter_is_awaited_once_and_no_letter_ends_it() {
    let mut app = many();
    keys(&mut app, "m");
    assert_eq!(app.letter, Some(Letter::ToMark(0, 0)));
    keys(&mut app, "→");
    assert_eq!(
        (app.letter, app.marks.len(), place(&app)),
        (None, 0, (0, 0))
    );
    keys(&mut app, "m%");
    assert_eq!(
        told(&app),
        "a mark is a letter or a digit: press m and one of them"
    );
    // While it is awaited, no letter has another meaning.
    keys(&mut app, "mq");
    assert_eq!(app.marks.len(), 1);
}

#[test]
fn a_mark_that_was_never_made_is_said_and_nothing_moves() {
    let mut app = many();
    keys(&mut app, "→'z");
    assert_eq!(place(&app), (0, 1));
    assert!(
        told(&app).starts_with("there is no mark z"),
        "{}",
        told(&app)
    );
}

#[test]
fn a_mark_in_a_run_that_was_folded_since_unfolds_it() {
    let mut app = recorded("half-close-tail");
    keys(&mut app, "/len:47616⏎");
    keys(&mut app, "ff⇲←←f→→→→→ma");
    let marked = place(&app);
    keys(&mut app, "f⇱");
    keys(&mut app, "'a");
    assert_eq!(place(&app), marked);
    assert_eq!(app.focus.shown().unwrap().run_at(app.line), None);
}

#[test]
fn g_goes_to_a_frame_of_another_connection_and_to_its_ladder() {
    let mut app = together(&[
        "orderly-close",
        "connection-refused",
        "orderly-close.server-first",
    ]);
    // Nine frames, twice two, then the server's.
    keys(&mut app, "⇥g15⏎");
    assert_eq!(place(&app), (3, 1));
    assert_eq!(app.list, ListView::Beside);
    keys(&mut app, "g1⏎");
    assert_eq!(place(&app), (0, 0));
}

#[test]
fn a_frame_that_is_not_there_or_no_number_is_said_and_can_be_typed_anew() {
    let mut app = recorded("orderly-close");
    keys(&mut app, "→g10⏎");
    assert_eq!(
        wrong(&app),
        "frame 10 is no segment shown here; the last one is 9"
    );
    // The next key takes the word back.
    keys(&mut app, "⌫⌫7");
    assert_eq!(app.prompt.as_ref().unwrap().wrong, None);
    keys(&mut app, "x⏎");
    assert_eq!(
        wrong(&app),
        "7x isn't a number: type that of a frame, such as 17"
    );
    keys(&mut app, "⌫⏎");
    assert_eq!((place(&app), app.prompt.is_none()), ((0, 6), true));
}

#[test]
fn g_in_the_ladder_of_one_connection_alone_stays_in_it() {
    let mut app = together(&["orderly-close", "orderly-close.server-first"]);
    app.show_only(1);
    keys(&mut app, "g3⏎");
    assert_eq!(
        wrong(&app),
        "frame 3 belongs to connection 1; tcpviz without -c shows it"
    );
    assert_eq!(app.connection, 1);
}

#[test]
fn g_goes_into_a_folded_run() {
    let mut app = recorded("half-close-tail");
    keys(&mut app, "g40⏎");
    assert_eq!(place(&app), (0, 39));
    assert_eq!(app.focus.shown().unwrap().run_at(39), None);
}
