use super::*;
use crate::story::tests::trace_of;
use proptest::prelude::*;

const ALL: Wanted = Wanted {
    folds: true,
    control_only: false,
};

/// Something is told behind so many rows.
fn remark(trace: &mut Trace, row: usize, time_ns: u64) {
    let said = if time_ns.is_multiple_of(2) {
        Said::Order(String::new())
    } else {
        Said::Kernel(PerSide::default())
    };
    trace.remark(crate::trace::Aside {
        time_ns,
        connection: 0,
        row: u32::try_from(row).unwrap(),
        said,
    });
}

/// Data one way with its acknowledgements.
fn data(segments: usize) -> String {
    let mut lines = String::new();
    for n in 0..segments {
        let (from, to) = (n * 10 + 1, n * 10 + 11);
        lines += &format!("@1 > P. {from}:{to} ack 1\n@1 < . 1:1 ack {to}\n");
    }
    lines
}

/// The handshake, data one way with its acknowledgements, a long silence, the FIN.
fn with_data(segments: usize) -> Trace {
    let lines = data(segments);
    let end = segments * 10 + 1;
    trace_of(&format!(
        "{lines}@60 > F. {end}:{end} ack 1\n@60 < . 1:1 ack {}",
        end + 1
    ))
}

fn shown(trace: &Trace, wanted: Wanted) -> Shown {
    let mut shown = Shown::new(0, wanted);
    shown.follow(trace);
    shown
}

#[test]
fn a_run_of_data_is_one_line_and_what_closes_is_not_in_it() {
    let trace = with_data(20);
    let shown = shown(&trace, ALL);
    let [
        Line::Entry(0),
        Line::Entry(1),
        Line::Entry(2),
        Line::Run(run),
        Line::Silence {
            before: 43,
            lasted_ns: 59_000_000_000,
        },
        Line::Entry(43),
        Line::Entry(44),
    ] = shown.lines()
    else {
        panic!("{:?}", shown.lines());
    };
    assert_eq!((run.first, run.last, run.octets.client), (3, 42, 200));
    assert_eq!(
        (shown.line_of(17), shown.line_of(43), shown.entry_of(4)),
        (3, 5, None)
    );
}

#[test]
fn a_short_run_is_not_folded_and_an_unfolded_one_folds_again() {
    assert_eq!(shown(&with_data(2), ALL).lines().len(), 3 + 4 + 1 + 2);
    let trace = with_data(20);
    let mut shown = shown(&trace, ALL);
    assert!(shown.unfold(&trace, 17));
    assert_eq!(shown.lines().len(), 3 + 40 + 1 + 2);
    assert_eq!(shown.fold(&trace, 17), Some(3));
    assert_eq!(shown.lines().len(), 7);
    assert_eq!(shown.fold(&trace, 1), None);
}

#[test]
fn a_short_run_behind_a_silence_does_not_fold_the_run_before_it() {
    let trace = trace_of(&format!(
        "{}@60 > P. 101:111 ack 1\n@60 < . 1:1 ack 111",
        data(10)
    ));
    let mut shown = shown(&trace, ALL);
    assert!(shown.unfold(&trace, 5));
    let last = trace.entries(0) - 1;
    assert_eq!(shown.fold(&trace, last), None);
    assert_eq!(shown.fold(&trace, last - 2), Some(3));
}

#[test]
fn a_correction_before_the_first_line_is_looked_at_again() {
    // A capture that began midway: control segments come late.
    let data = "@1 > P. 1:11 ack 1\n".repeat(9);
    let trace = crate::story::tests::trace_without_handshake(&format!("{data}@2 > F. 11:11 ack 1"));
    let control = Wanted {
        folds: true,
        control_only: true,
    };
    let mut shown = shown(&trace, control);
    shown.forget_from(&trace, 1);
    assert_eq!(shown.seen, 0);
}

#[test]
fn an_aside_behind_everything_costs_nothing_and_one_further_up_only_what_follows() {
    let mut trace = with_data(20);
    let mut shown = shown(&trace, ALL);
    remark(&mut trace, 45, 0);
    assert_eq!(shown.first_told(&trace), Some(45));
    remark(&mut trace, 45, 0);
    assert_eq!(shown.first_told(&trace), Some(46));
    remark(&mut trace, 44, 0);
    assert_eq!(shown.first_told(&trace), Some(44));
    assert_eq!(shown.first_told(&trace), None);
}

#[test]
fn control_segments_alone_are_those_that_open_and_close() {
    let trace = with_data(20);
    let control = Wanted {
        folds: true,
        control_only: true,
    };
    let entries = [0, 1, 2, 43, 44].map(Line::Entry);
    assert_eq!(shown(&trace, control).lines(), entries);
}

proptest! {
    /// However it came, and whatever was forgotten: the same lines.
    #[test]
    fn lines_followed_in_parts_are_those_of_the_whole(segments in 0usize..12, from in 0usize..30) {
        let trace = with_data(segments);
        let whole = shown(&trace, ALL);
        let mut parts = shown(&trace, ALL);
        parts.forget_from(&trace, from.min(trace.len(0) - 1));
        parts.follow(&trace);
        prop_assert_eq!(whole.lines(), parts.lines());
    }

    /// Whatever is told at whatever place and time, with runs unfolded before: the same lines as looked at afresh.
    #[test]
    fn asides_told_anywhere_at_any_time_lead_to_the_lines_of_the_whole(
        segments in 0usize..12,
        told in proptest::collection::vec((0usize..40, 0u64..9, 0usize..4, 0usize..60), 0..20),
        folds in any::<bool>(),
        control_only in any::<bool>(),
        unfolded in proptest::option::of(0usize..40),
    ) {
        let mut trace = with_data(segments);
        let rows = trace.len(0);
        let wanted = Wanted { folds, control_only };
        let mut parts = shown(&trace, wanted);
        let mut unfolded_row = None;
        if let Some(entry) = unfolded && parts.unfold(&trace, entry.min(rows - 1)) {
            unfolded_row = parts.unfolded.first().copied();
        }
        for (row, time_ns, looks, corrected) in told {
            remark(&mut trace, row.min(rows), time_ns);
            match looks {
                0 => {}
                1 => parts.forget_from(&trace, corrected.min(rows - 1)),
                _ => parts.follow(&trace),
            }
        }
        parts.follow(&trace);
        let mut whole = Shown::new(0, wanted);
        whole.unfolded.extend(unfolded_row);
        whole.follow(&trace);
        prop_assert_eq!(whole.lines(), parts.lines());
    }
}
