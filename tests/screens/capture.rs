//! What is special about a capture: much data, long silences, an end in the middle.

use super::assert_screen;
use super::common::article;
use super::common::ui::{article as read_article, keys, read, recorded};

#[test]
fn folded_runs_of_data() {
    let mut app = recorded("half-close-tail");
    keys(&mut app, "→→→→→→");
    assert_screen!(&mut app);
}

#[test]
fn silences() {
    let mut app = recorded("syn-timeout.retries5");
    keys(&mut app, "⇲");
    assert_screen!(&mut app);
}

#[test]
fn control_segments_only() {
    let mut app = recorded("half-close-tail");
    keys(&mut app, "c⇲");
    assert_screen!(&mut app);
}

#[test]
fn a_capture_that_breaks_off() {
    let octets = article::pcap();
    let mut app = read(&octets[..octets.len() - 10]);
    keys(&mut app, "⇲");
    assert_screen!(&mut app);
}

#[test]
fn a_capture_without_tcp_says_what_it_held() {
    let mut app = read(&article::pcap()[..24]);
    let drawn = super::text(&mut app, 80, 24);
    assert!(
        drawn.contains("No TCP segment to show.") && drawn.contains("0 frames read"),
        "{drawn}"
    );
}

#[test]
fn a_connection_that_is_not_there_is_said() {
    let mut app = read_article();
    app.show_only(8);
    let drawn = super::text(&mut app, 80, 24);
    assert!(drawn.contains("There is no connection 9"), "{drawn}");
}
