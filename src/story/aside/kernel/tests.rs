use super::*;
use crate::story::aside::{aside, sentence};
use crate::trace::{Queues, Said};

fn end(state: State, receive: u32, timer: &str) -> KernelEnd {
    KernelEnd {
        state,
        queues: Some(Queues { receive, send: 0 }),
        timer: timer.into(),
    }
}

const COLUMNS: Columns = Columns {
    number: 2,
    time: 8,
    delta: 8,
    state: 13,
    arrow: 56,
};

fn told(row: u32, said: Said) -> Aside {
    Aside {
        time_ns: 0,
        connection: 0,
        row,
        said,
    }
}

#[test]
fn a_timer_that_does_not_fit_goes_and_the_other_stays() {
    let ends = PerSide {
        client: Some(end(State::FinWait2, 0, "timewait 59 s")),
        server: Some(end(State::CloseWait, 87_712, "keepalive 2 s")),
    };
    let told = line(&ends, 44, Style::default());
    assert_eq!(told, " timewait 59 s     kernel      Recv-Q 87712 ");
}

#[test]
fn what_kernel_and_tcpviz_have_otherwise_is_marked_and_of_a_remote_end_nothing_is_said() {
    let trace = Trace::new(crate::wire::Ports::default());
    let row = |client, server| {
        let said = Said::Kernel(PerSide { client, server });
        aside(&trace, &told(0, said), &COLUMNS, Style::default())
    };
    let (closed, waits) = (end(State::Closed, 0, ""), end(State::TimeWait, 0, ""));
    let both = row(Some(closed.clone()), Some(waits));
    assert_eq!(both.tone, Tone::Disagreement);
    assert_eq!(both.states.client, "CLOSED");
    assert_eq!(both.states.server, "TIME-WAIT≠");
    let remote = row(Some(closed), None);
    assert_eq!(remote.tone, Tone::Kernel);
    assert_eq!(remote.states.server, "");
}

const RESET: &str = "> P. 1:3 ack 1\n< . 1:1 ack 3\n< R. 1:1 ack 3";

fn reset(reason: &str) -> (String, Tone, String) {
    let trace = crate::story::tests::trace_of(RESET);
    let row = u32::try_from(trace.len(0)).unwrap();
    let deed = Deed::SentReset(reason.into());
    let told = told(
        row,
        Said::Deed {
            side: Side::Server,
            deed,
        },
    );
    let row = aside(&trace, &told, &COLUMNS, Style::default());
    assert_eq!(columns_of(&row.middle), COLUMNS.arrow);
    (
        row.middle.trim().into(),
        row.tone,
        sentence(&trace, &told, false),
    )
}

#[test]
fn a_reason_stands_in_words_beside_its_name_and_beside_tcpvizs_cause() {
    let (line, tone, means) = reset("TCP_ABORT_ON_CLOSE");
    assert_eq!(line, "kernel: closed with data unread · TCP_ABORT_ON_CLOSE");
    assert_eq!(tone, Tone::Kernel);
    assert!(
        means.ends_with("tcpviz's likeliest cause, unread-data, is right."),
        "{means}"
    );
    let (_, tone, means) = reset("TCP_STATE");
    assert_eq!(tone, Tone::Kernel);
    assert!(means.contains("The wire alone leaves it open"), "{means}");
}

#[test]
fn a_reason_that_tcpviz_does_not_have_is_marked() {
    let (line, tone, means) = reset("TCP_KEEPALIVE_TIMEOUT");
    assert!(
        line.starts_with("kernel: keep-alive probes unanswered≠"),
        "{line}"
    );
    assert_eq!(tone, Tone::Disagreement);
    assert!(means.contains("tcpviz concluded otherwise"), "{means}");
}

#[test]
fn a_reason_that_nobody_knows_is_shown_as_it_is_but_printable() {
    let (line, tone, means) = reset("TCP_NEW\u{1b}[2J");
    assert_eq!(tone, Tone::Kernel);
    for text in [line, means] {
        assert!(
            text.contains("TCP_NEW") && !text.contains('\u{1b}'),
            "{text}"
        );
    }
    assert!(reset("").2.contains("tells no reason"));
}

#[test]
fn an_rst_that_was_taken_tells_whose_program_gets_which_error() {
    let trace = crate::story::tests::trace_of(RESET);
    let row = u32::try_from(trace.len(0)).unwrap();
    let say = |deed| {
        let told = told(
            row,
            Said::Deed {
                side: Side::Client,
                deed,
            },
        );
        let row = aside(&trace, &told, &COLUMNS, Style::default());
        (
            row.middle.trim().to_string(),
            sentence(&trace, &told, false),
        )
    };
    let (line, means) = say(Deed::TookReset("ECONNRESET".into()));
    assert_eq!(line, "kernel: took the RST · ECONNRESET");
    assert!(means.contains("fails with ECONNRESET"), "{means}");
    let (_, means) = say(Deed::TookReset(String::new()));
    assert!(means.contains("No program is told"), "{means}");
    assert_eq!(
        say(Deed::Error("ETIMEDOUT".into())).0,
        "kernel: ETIMEDOUT for its program"
    );
    assert_eq!(say(Deed::SentAgain).0, "kernel: sent it again");
}
