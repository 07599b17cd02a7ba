//! What comes while somebody is in the middle of something: it must not change what a key does.

use super::common::ui::{batch, keys, live, unread, whole};
use super::told;
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use tcpviz::conn::Side;
use tcpviz::story::owner::{Owned, Owner, Process};
use tcpviz::tui::{App, Effect};

/// A live capture of one connection, shown as it comes; another one for later.
fn one_of_two() -> (App, tcpviz::wire::Batch) {
    let first = whole("close-then-peer-writes");
    let mut app = unread(live(), None);
    app.feed(batch(&first.segments, &[], first.tally));
    app.prepare();
    (app, whole("orderly-close"))
}

fn comes(app: &mut App, all: &tcpviz::wire::Batch) {
    app.feed(batch(&all.segments, &[], all.tally));
}

#[test]
fn a_connection_that_comes_while_a_replay_follows_is_no_crash() {
    let (mut app, second) = one_of_two();
    keys(&mut app, "⇱ ");
    assert!(app.playing && !app.following);
    keys(&mut app, "⇲");
    assert!(!app.playing && app.following, "who follows doesn't play");
    app.playing = true;
    comes(&mut app, &second);
    // The event loop asks before it has looked at what came.
    assert_eq!(app.step_after(), None);
    assert_eq!(app.connection, 1);
}

#[test]
fn what_is_written_is_the_connection_that_was_asked_about() {
    let (mut app, second) = one_of_two();
    keys(&mut app, "w");
    comes(&mut app, &second);
    assert_eq!(app.connection, 1);
    let Effect::Write { connection, path } = keys(&mut app, "⏎") else {
        panic!("nothing is written");
    };
    assert_eq!(connection, 0);
    app.tell_written(
        connection,
        &path,
        Err("that file exists; type another name".into()),
    );
    assert!(app.prompt.is_some(), "another name can be typed at once");
}

#[test]
fn end_stays_among_the_connections_that_the_filter_shows() {
    let (mut app, second) = one_of_two();
    comes(&mut app, &second);
    app.prepare();
    keys(&mut app, "[\\ending:reset⏎");
    assert_eq!(app.connection, 0);
    keys(&mut app, "⇲");
    assert_eq!(app.connection, 0);
}

#[test]
fn evidence_begins_anew_with_another_connection() {
    let (mut app, second) = one_of_two();
    keys(&mut app, "e");
    assert!(told(&app).starts_with("evidence 1 of 3"));
    keys(&mut app, "⇲");
    comes(&mut app, &second);
    app.prepare();
    assert_eq!((app.connection, app.evidence), (1, None));
}

#[test]
fn ctrl_c_leaves_also_where_a_letter_is_awaited() {
    let (mut app, _) = one_of_two();
    keys(&mut app, "m");
    let ctrl_c = KeyEvent::new(KeyCode::Char('c'), KeyModifiers::CONTROL);
    assert_eq!(app.key(ctrl_c), Effect::Leave);
    assert!(app.marks.is_empty());
}

#[test]
fn a_search_that_is_not_understood_keeps_the_last_one() {
    let (mut app, _) = one_of_two();
    keys(&mut app, "⇱/rst⏎");
    assert_eq!(app.sought, "rst");
    keys(&mut app, "/state:tired⏎⎋");
    assert_eq!(app.sought, "rst");
}

#[test]
fn owners_that_come_while_the_picture_is_held_wait_with_their_connection() {
    let (mut app, second) = one_of_two();
    keys(&mut app, "p");
    comes(&mut app, &second);
    let segment = second.segments[0].segment;
    let process = Process::new(1234, b"nginx", 0);
    app.owners_told(vec![Owned {
        local: segment.src,
        remote: segment.dst,
        owner: Owner {
            process: Some(process),
            user: None,
        },
    }]);
    keys(&mut app, "p");
    app.prepare();
    assert!(app.owner_of(1)[Side::Client].is_some());
    assert!(app.owner_of(0)[Side::Client].is_none());
}
