//! Runs of data folded and unfolded, and control segments alone.

use super::common::ui::{keys, recorded};
use super::{place, shown};
use tcpviz::story::shown::Line;
use tcpviz::tui::App;

/// A capture with a run of 54 plain segments from its 20th segment on, and the run's line selected.
fn at_the_run() -> App {
    let mut app = recorded("half-close-tail");
    keys(&mut app, "⇲←←");
    let line = app.focus.shown().unwrap().lines()[19];
    assert!(matches!(line, Line::Run(run) if run.first == 19 && run.segments() == 54));
    assert_eq!((place(&app), shown(&app)), ((0, 19), 22));
    app
}

#[test]
fn f_on_a_run_unfolds_it_and_in_it_folds_it_again_with_the_run_selected() {
    let mut app = at_the_run();
    keys(&mut app, "f");
    assert_eq!((place(&app), shown(&app)), ((0, 19), 75));
    keys(&mut app, "→→→f");
    assert_eq!((place(&app), shown(&app)), ((0, 19), 22));
}

#[test]
fn enter_on_a_run_unfolds_it_and_stepping_goes_into_it() {
    let mut app = at_the_run();
    keys(&mut app, "⏎→");
    assert_eq!((place(&app), shown(&app)), ((0, 20), 75));
}

#[test]
fn f_elsewhere_unfolds_all_of_them_and_folds_all_again() {
    let mut app = at_the_run();
    keys(&mut app, "⇱f");
    assert_eq!(shown(&app), 75);
    keys(&mut app, "f");
    assert_eq!((place(&app), shown(&app)), ((0, 0), 22));
}

#[test]
fn a_folded_run_is_one_step() {
    let mut app = at_the_run();
    keys(&mut app, "→");
    assert_eq!(app.line, 73);
    keys(&mut app, "←");
    assert_eq!(app.line, 19);
}

#[test]
fn c_shows_control_segments_alone_and_steps_among_them_until_c_again() {
    let mut app = at_the_run();
    keys(&mut app, "c");
    assert_eq!(shown(&app), 7);
    // What was selected isn't shown any more: the step goes on from what stands before it.
    keys(&mut app, "→");
    assert_eq!(app.line, 73);
    keys(&mut app, "←");
    assert_eq!(app.line, 6);
    keys(&mut app, "c");
    assert_eq!((app.line, shown(&app)), (6, 22));
}

#[test]
fn the_next_change_of_a_state_is_found_behind_a_folded_run() {
    let mut app = recorded("half-close-tail");
    keys(&mut app, "nnnn");
    assert_eq!(app.line, 6);
    keys(&mut app, "n");
    assert_eq!(app.line, 73);
    keys(&mut app, "N");
    assert_eq!(app.line, 6);
}
