//! A file that is still being read.

use std::time::Duration;

use super::common::ui::{feeds, file, unread};
use super::common::{self, ui};
use super::{assert_screen, at_every_size};
use tcpviz::story::Charset;
use tcpviz::tui::App;
use tcpviz::wire::Feed;

/// The first two fifths of a file, after two seconds.
fn loading() -> App {
    let captures = ["orderly-close", "linger-zero", "connection-refused"];
    let captures = captures.map(|name| std::fs::read(common::capture(name)).unwrap());
    let octets = ui::joined(&captures);
    let part = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(part.path(), &octets).unwrap();
    let (came, read_back) = feeds(part.path());
    let mut app = unread(file("big.pcap"), Some(read_back));
    app.origin.size = Some(octets.len() as u64 * 5 / 2);
    let batches = came.into_iter().filter(|it| matches!(it, Feed::Batch(_)));
    batches.for_each(|batch| drop(app.feed(batch)));
    app.progress.elapsed = Duration::from_secs(2);
    app
}

#[test]
fn a_file_of_which_two_fifths_are_read() {
    let mut app = loading();
    assert_screen!(&mut app);
}

#[test]
fn a_file_that_is_read_filtered_in_ascii() {
    let mut app = loading();
    app.style.charset = Charset::Ascii;
    ui::keys(&mut app, "\\ending:reset⏎↓");
    assert_screen!(&mut app);
}

#[test]
fn a_compressed_file_doesnt_tell_its_size() {
    let mut app = loading();
    app.origin.size = None;
    assert_screen!(&mut app);
}

#[test]
fn a_file_that_is_read_to_its_end_says_no_more_of_it() {
    let mut app = loading();
    app.feed(Feed::Ended(tcpviz::wire::Ended::default()));
    assert!(!at_every_size(&mut app, |_| {}).contains('%'));
}
