//! What is copied and written.

use std::path::Path;

use super::common::ui::{article, experiment, keys, live, recorded, unread};
use super::{told, wrong};
use tcpviz::tui::Effect;

#[test]
fn y_copies_the_row_as_the_text_output_has_it() {
    let mut app = article();
    let Effect::Copy(text) = keys(&mut app, "→→→y") else {
        panic!("nothing is copied");
    };
    assert_eq!(
        text.trim_end(),
        "  4 0.030786  30.8 ms    FIN-WAIT-1 │── FIN,ACK seq 1 ack 1 ────────────────────────▶│ CLOSE-WAIT"
    );
    assert!(
        told(&app).starts_with("copied, if the terminal allows it: 4 0.030786"),
        "{}",
        told(&app)
    );
}

#[test]
fn shift_y_copies_tcpdumps_line_with_relative_or_absolute_numbers() {
    let mut app = article();
    let line = |numbers: &str| {
        Effect::Copy(format!(
            "IP 127.0.0.1.35790 > 127.0.0.1.4321: Flags [F.], {numbers}, win 257, options [nop,nop,TS val 3915671468 ecr 3915671437], length 0"
        ))
    };
    assert_eq!(keys(&mut app, "→→→Y"), line("seq 1, ack 1"));
    assert_eq!(keys(&mut app, "aY"), line("seq 1062313175, ack 1068622807"));
}

#[test]
fn of_a_system_call_the_row_is_copied_and_tcpdump_has_no_line() {
    let mut app = experiment("close-then-peer-writes");
    let Effect::Copy(text) = keys(&mut app, "⇱y") else {
        panic!("nothing is copied");
    };
    assert!(text.contains("listen(3) = 0"), "{text}");
    assert_eq!(keys(&mut app, "Y"), Effect::None);
    assert_eq!(
        told(&app),
        "tcpdump has no line for this row; y copies it as it stands here"
    );
}

#[test]
fn nothing_is_copied_or_written_before_the_first_segment() {
    let mut app = unread(live(), None);
    for (key, words) in [
        ("y", "there is nothing yet that could be copied"),
        ("Y", "there is nothing yet that could be copied"),
        ("w", "there is no connection yet that could be written"),
    ] {
        assert_eq!(keys(&mut app, key), Effect::None);
        assert_eq!((told(&app), app.prompt.is_none()), (words, true));
    }
}

#[test]
fn w_offers_a_name_that_tells_the_connection_also_of_ipv6() {
    let name = |mut app| {
        keys(&mut app, "w");
        app.prompt.as_ref().unwrap().text()
    };
    assert_eq!(
        name(article()),
        "tcpviz-127.0.0.1.35790-127.0.0.1.4321.pcap"
    );
    assert_eq!(
        name(recorded("ipv6-close-then-peer-writes")),
        "tcpviz-__1.56964-__1.4321.pcap"
    );
}

#[test]
fn the_answer_asks_for_the_file_and_what_became_of_it_is_told() {
    let mut app = article();
    let effect = keys(&mut app, "w⏎");
    let path = Path::new("tcpviz-127.0.0.1.35790-127.0.0.1.4321.pcap");
    assert_eq!(
        effect,
        Effect::Write {
            connection: 0,
            path: path.into()
        }
    );
    app.tell_written(0, path, Ok(7));
    assert!(
        told(&app).starts_with("7 frames written to tcpviz-127"),
        "{}",
        told(&app)
    );
    app.tell_written(0, path, Err("that file exists; type another name".into()));
    let prompt = app.prompt.as_ref().expect("another name can be typed");
    let wrong = "nothing was written: that file exists; type another name";
    assert_eq!(prompt.wrong.as_deref(), Some(wrong));
}

#[test]
fn a_file_needs_a_name() {
    let mut app = article();
    keys(&mut app, "w");
    for _ in 0..app.prompt.as_ref().unwrap().text().len() {
        keys(&mut app, "⌫");
    }
    keys(&mut app, "⏎");
    assert_eq!(
        wrong(&app),
        "a file needs a name: type one, or leave with Esc"
    );
}
