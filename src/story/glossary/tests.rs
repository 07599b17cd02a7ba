//! That everything has an explanation, short and with a source; and what can be asked of a line.

use super::*;
use crate::conn::state::PerSide;
use crate::story::tests::trace_of;
use crate::trace::{Aside, Deed, KernelEnd, Said, Trace};
use crate::wire::{Flags, IcmpError};

/// Every explanation, under the name that stands on the screen.
fn all() -> Vec<(String, Explanation)> {
    let mut all = Vec::new();
    let mut add = |shown: &str, told| all.push((shown.to_string(), told));
    for it in State::ALL {
        add(it.name(), state(it));
    }
    for it in Certainty::ALL {
        add(it.name(), certainty(it));
    }
    for it in [Confidence::Certain, Confidence::Likely, Confidence::Unknown] {
        add(it.name(), confidence(it));
    }
    for (it, name) in Note::ALL {
        add(name, note(it));
    }
    for it in Kind::ALL {
        add(it.name(), ending(it));
    }
    for it in CauseId::ALL {
        add(it.name(), cause(it, None));
        add(it.name(), cause(it, Some(Side::Server)));
    }
    for bits in (0..9).map(|bit| 1 << bit).chain([0]) {
        let word = Flags(bits).words();
        add(&word, flag(&word).unwrap_or_else(|| panic!("{word}")));
    }
    for (kind, code) in (0..=12).flat_map(|kind| (0..=16).map(move |code| (kind, code))) {
        for reporter in ["10.0.0.1", "fd00::1"] {
            let words = icmp_error(reporter, kind, code).words();
            add(words, icmp(words).unwrap_or_else(|| panic!("{words}")));
        }
    }
    for told in calls::CALLS
        .iter()
        .chain(&calls::ERRORS)
        .chain(&calls::KERNEL)
        .chain([&calls::ORDER])
    {
        add(&told.term, told.clone());
    }
    all
}

fn icmp_error(reporter: &str, kind: u8, code: u8) -> IcmpError {
    let end = "10.0.0.1:1".parse().unwrap();
    IcmpError {
        reporter: reporter.parse().unwrap(),
        src: end,
        dst: end,
        seq: crate::wire::Seq(0),
        kind,
        code,
    }
}

#[test]
fn everything_is_explained_shortly_under_its_own_name_with_a_source() {
    for (shown, told) in all() {
        assert_eq!(shown, told.term);
        let lines = crate::story::wrap::wrapped(&told.words, 74);
        assert!(
            lines.len() <= 6,
            "{shown}: {} lines\n{}",
            lines.len(),
            lines.join("\n")
        );
        assert!(told.words.ends_with('.'), "{shown}: {}", told.words);
        assert!(
            !told.words.contains(['{', '}']) || told.words.contains("{1, 0}"),
            "{shown}"
        );
        // A section, a page of the manual, or of this house.
        let sources = ["RFC ", "docs/states.md", "docs/json.md", "tcpviz lab"];
        let known =
            |it: &str| it.ends_with(')') || sources.iter().any(|begin| it.starts_with(begin));
        assert!(
            told.source.split("; ").all(known),
            "{shown}: {}",
            told.source
        );
        assert!(crate::story::printable::is_printable(&told.words));
    }
}

fn terms(trace: &Trace, entry: usize) -> Vec<String> {
    about_row(trace, 0, entry)
        .into_iter()
        .map(|it| it.term.into())
        .collect()
}

#[test]
fn of_a_fin_the_flag_comes_first_and_the_state_that_changed_before_the_other() {
    let trace = trace_of("< F. 1:1 ack 1\n> . 1:1 ack 2");
    assert_eq!(
        terms(&trace, 3),
        [
            "FIN",
            "ACK",
            "client: CLOSE-WAIT",
            "server: FIN-WAIT-1",
            "client: presumed",
            "server: proven",
            "half-closed"
        ]
    );
    assert_eq!(
        terms(&trace, 4),
        [
            "server: FIN-WAIT-2",
            "client: CLOSE-WAIT",
            "server: presumed",
            "client: proven",
            "half-closed",
            "ACK"
        ]
    );
    assert_eq!(terms(&trace, 5), [""; 0]);
}

#[test]
fn of_a_reset_the_causes_are_told_of_who_reset() {
    let trace = trace_of("> P. 1:9 ack 1\n< . 1:1 ack 9\n< R. 1:1 ack 9");
    let told = about_row(&trace, 0, 5);
    let terms: Vec<_> = told.iter().map(|it| it.term.as_ref()).collect();
    assert_eq!(
        terms,
        [
            "RST",
            "ACK",
            "both: CLOSED",
            "both: presumed",
            "reset",
            "unread-data",
            "linger-zero",
            "likely"
        ]
    );
    let unread = &told[terms.iter().position(|it| *it == "unread-data").unwrap()];
    assert!(
        unread.words.contains("Let the server shut down"),
        "{}",
        unread.words
    );
}

fn with_aside(said: Said) -> Trace {
    let mut trace = trace_of("> F. 1:1 ack 1");
    trace.remark(Aside {
        time_ns: 0,
        connection: 0,
        row: 0,
        said,
    });
    trace
}

#[test]
fn of_a_call_its_result_comes_before_itself() {
    for (text, wanted) in [
        (
            "send(4, 1 byte) = EPIPE, SIGPIPE",
            &["EPIPE, SIGPIPE", "send", "half-closed"][..],
        ),
        (
            "child: connect(3) = ETIMEDOUT",
            &["ETIMEDOUT", "connect", "half-closed"],
        ),
        (
            "drain(4) = 5 bytes, then ECONNRESET",
            &["ECONNRESET", "drain", "half-closed"],
        ),
        (
            "write(4, 1 byte) = killed by SIGPIPE",
            &["killed by SIGPIPE", "write", "half-closed"],
        ),
        ("close(3) = 0", &["close", "half-closed"]),
        ("read(3) ...", &["read", "half-closed"]),
        ("made\u{202e}up(1) = 3", &["half-closed"]),
    ] {
        let trace = with_aside(Said::Call {
            side: Side::Client,
            text: text.into(),
            failed: false,
        });
        assert_eq!(terms(&trace, 0), wanted, "{text}");
    }
}

#[test]
fn of_a_kernels_line_its_queues_its_timers_and_its_states() {
    let end = |state, timer: &str| KernelEnd {
        state,
        timer: timer.into(),
        ..KernelEnd::default()
    };
    let trace = with_aside(Said::Kernel(PerSide {
        client: Some(end(State::FinWait2, "timewait 59 s")),
        server: Some(end(State::CloseWait, "")),
    }));
    assert_eq!(terms(&trace, 0)[..2], ["kernel", "timer"]);
    assert!(terms(&trace, 0).contains(&"client: FIN-WAIT-2".to_string()));
    let trace = with_aside(Said::Deed {
        side: Side::Server,
        deed: Deed::SentReset("TCP_ABORT_ON_CLOSE".into()),
    });
    let told = terms(&trace, 0);
    assert_eq!(told[..2], ["kernel's deed", "unread-data"], "{told:?}");
    let trace = with_aside(Said::Order("the wire is cut".into()));
    assert_eq!(terms(&trace, 0), ["not on the wire", "half-closed"]);
}
