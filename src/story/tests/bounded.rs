//! Traces that have bounds: what leaves, and that what stays is as it was.

use proptest::collection::vec;
use proptest::prelude::*;

use crate::conn::tests::any::any_segment;
use crate::conn::tests::{OPEN, segment};
use crate::conn::{Side, State};
use crate::story::ending::ending;
use crate::story::sentence::sentence;
use crate::story::telling::tell;
use crate::trace::{Aside, Bounds, Deed, Record, Said, Trace};
use crate::wire::{Batch, Captured, CapturedError, Flags, IcmpError, Place, Ports, Segment};

/// Room for some nine hundred rows.
const FEW_ROWS: Bounds = Bounds {
    rows: 64 * 1024,
    ..Bounds::NONE
};

/// A trace with bounds beside one that keeps all.
struct Both {
    bounded: Trace,
    whole: Trace,
    frame: u32,
}

impl Both {
    fn new(bounds: Bounds) -> Both {
        let mut bounded = Trace::new(Ports::default());
        bounded.keep(bounds);
        Both {
            bounded,
            whole: Trace::new(Ports::default()),
            frame: 0,
        }
    }

    fn place(&mut self) -> Place {
        self.frame += 1;
        Place {
            frame: self.frame,
            ..Place::default()
        }
    }

    fn take(&mut self, segments: &[Segment]) {
        let captured = segments.iter().map(|&segment| {
            let place = self.place();
            Captured {
                time_ns: u64::from(place.frame) * 1_000_000,
                place,
                segment,
            }
        });
        let batch = Batch {
            segments: captured.collect(),
            ..Batch::default()
        };
        self.take_batch(&batch);
    }

    fn take_batch(&mut self, batch: &Batch) {
        self.bounded.take(batch, |_, _, _| {});
        self.whole.take(batch, |_, _, _| {});
    }

    /// Whether both know the same of a connection's ends, and of its newest segment.
    fn agree(&self, id: u32) {
        let ends = |trace: &Trace| {
            let connection = trace.connection(id);
            let last = trace.row(id, trace.len(id) - 1);
            let told = (last.place.frame, last.states, last.certainty, last.notes);
            format!("{:?} {told:?}", connection.states())
        };
        assert_eq!(ends(&self.bounded), ends(&self.whole));
    }
}

fn opened() -> Vec<Segment> {
    let lines = OPEN.lines().filter_map(|line| line.split_once('|'));
    lines.map(|(line, _)| segment(line.trim())).collect()
}

fn data(n: u32) -> [Segment; 2] {
    let (from, to) = (1 + 10 * n, 11 + 10 * n);
    let sent = segment(&format!("> P. {from}:{to} ack 1"));
    let taken = segment(&format!("< . 1:1 ack {to}"));
    [sent, taken]
}

#[test]
fn a_long_connection_that_loses_rows_is_followed_and_ends_as_if_it_had_all() {
    let mut both = Both::new(FEW_ROWS);
    both.take(&opened());
    for n in 0..5000 {
        both.take(&data(n));
        if n % 100 == 0 {
            both.agree(0);
        }
        assert!(both.bounded.len(0) < 1200);
    }
    let end = 1 + 10 * 5000;
    both.take(&[segment(&format!("> F. {end}:{end} ack 1"))]);
    for n in 0..1000 {
        let taken = end + 1;
        let (from, to) = (1 + 10 * n, 11 + 10 * n);
        both.take(&[
            segment(&format!("< P. {from}:{to} ack {taken}")),
            segment(&format!("> . {taken}:{taken} ack {to}")),
        ]);
    }
    both.agree(0);
    let (last, taken) = (10_001, end + 1);
    both.take(&[
        segment(&format!("< F. {last}:{last} ack {taken}")),
        segment(&format!("> . {taken}:{taken} ack {}", last + 1)),
    ]);
    both.agree(0);
    let Both { bounded, whole, .. } = both;
    assert_eq!(bounded.lost_rows_of(0) + bounded.len(0), whole.len(0));
    // How it was opened and closed stays.
    assert!(bounded.row(0, 0).flags.has(Flags::SYN));
    let fin = bounded.connection(0).fins[0].row;
    assert!(bounded.row(0, fin as usize).flags.has(Flags::FIN));
    let (here, there) = (ending(&bounded, 0), ending(&whole, 0));
    assert_eq!(
        (here.kind, here.closed_first),
        (there.kind, there.closed_first)
    );
    assert_eq!(bounded.connection(0).states().server, State::Closed);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]
    /// Whatever comes: states stay right, and all can be told.
    #[test]
    fn states_are_the_same_with_few_rows_and_telling_them_never_panics(
        segments in vec(any_segment(), 400..900),
    ) {
        let few = Bounds { rows: 16 * 1024, ..FEW_ROWS };
        let mut both = Both::new(few);
        for some in segments.chunks(50) {
            let some: Vec<_> = some.iter().map(|(_, segment)| *segment).collect();
            both.take(&some);
            let there: Vec<_> = both.bounded.ids().filter(|id| both.bounded.has(*id)).collect();
            for id in there {
                let trace = &both.bounded;
                let ending = ending(trace, id);
                prop_assert!(!tell(trace, id, &ending).is_empty());
                prop_assert!(ending.evidence.iter().all(|row| *row < trace.len(id)));
                // What is named by its number is what it was.
                for fin in &trace.connection(id).fins {
                    prop_assert!(trace.row(id, fin.row as usize).flags.has(Flags::FIN));
                }
                if let Some(reset) = trace.connection(id).reset {
                    prop_assert!(trace.row(id, reset.row as usize).flags.has(Flags::RST));
                }
                if both.bounded.left_in_all() == 0 {
                    both.agree(id);
                }
            }
        }
    }
}

/// An ICMP error about the client's last segment.
fn unreachable(both: &mut Both) -> CapturedError {
    let segment = segment("> . 1:1 ack 1");
    let place = both.place();
    CapturedError {
        time_ns: u64::from(place.frame) * 1_000_000,
        place,
        error: IcmpError {
            reporter: segment.dst.ip(),
            src: segment.src,
            dst: segment.dst,
            seq: segment.seq,
            kind: 3,
            code: 1,
        },
    }
}

#[test]
fn of_many_icmp_errors_the_latest_stay_and_the_connection_is_as_if_it_had_all() {
    let mut both = Both::new(Bounds {
        beside: 10,
        ..Bounds::NONE
    });
    both.take(&opened());
    for _ in 0..100 {
        let errors = (0..5).map(|_| unreachable(&mut both)).collect();
        both.take_batch(&Batch {
            errors,
            ..Batch::default()
        });
        assert!(both.bounded.errors().len() <= 27 && both.bounded.asides(0).len() <= 27);
    }
    assert_eq!(
        (both.bounded.errors_in_all(), both.whole.errors().len()),
        (500, 500)
    );
    let newest = |trace: &Trace| trace.errors().last().unwrap().place.frame;
    assert_eq!(newest(&both.bounded), newest(&both.whole));
    both.bounded.rest();
    both.whole.rest();
    both.agree(0);
    let last_error = |trace: &Trace| trace.connection(0).last_error;
    assert_eq!(last_error(&both.bounded), last_error(&both.whole));
}

/// Half-open: the server has answered, and the client is silent.
fn half_open(n: u16) -> [Segment; 2] {
    ["> S 0:0", "< S. 0:0 ack 1"].map(|line| {
        let mut segment = segment(line);
        let (client, is_client) = if segment.flags.has(Flags::ACK) {
            (&mut segment.dst, false)
        } else {
            (&mut segment.src, true)
        };
        client.set_port(10_000 + n);
        assert_eq!(is_client, !segment.flags.has(Flags::ACK));
        segment
    })
}

#[test]
fn of_half_open_connections_those_leave_that_were_silent_for_longest_but_not_the_one_held() {
    let mut both = Both::new(Bounds {
        others: 20,
        ..Bounds::NONE
    });
    both.bounded.hold(3);
    for n in 0..500 {
        both.take(&half_open(n));
        // The first goes on.
        if n % 10 == 0 {
            both.take(&half_open(0));
        }
        both.bounded.rest();
        both.take(&[]);
    }
    let there: Vec<_> = both
        .bounded
        .ids()
        .filter(|id| both.bounded.has(*id))
        .collect();
    assert!(there.len() <= 20, "{there:?}");
    assert!(there.contains(&0) && there.contains(&3) && there.contains(&499));
    assert!(!there.contains(&1) && !there.contains(&400));
    assert_eq!(both.bounded.left_in_all(), 500 - there.len());
    for id in there {
        both.agree(id);
    }
}

/// Found by fuzzing: its rows were looked for among those of the next one.
#[test]
fn where_kernels_or_the_lab_tell_of_a_connection_and_the_next_one_has_left_all_of_it_can_be_told() {
    let mut both = Both::new(Bounds {
        others: 20,
        ..Bounds::NONE
    });
    both.bounded.hold(0);
    both.take(&opened());
    // Nothing tells what became of it.
    both.take(&data(0)[..1]);
    for n in 0..100 {
        both.take(&half_open(n));
        both.bounded.rest();
        both.take(&[]);
    }
    let trace = &mut both.bounded;
    assert!(trace.has(0) && !trace.has(1));
    for said in [
        Said::Deed {
            side: Side::Client,
            deed: Deed::SentAgain,
        },
        Said::Order("dropped: the SYN".into()),
    ] {
        trace.remark(Aside {
            time_ns: 1_000_000,
            connection: 0,
            row: 1,
            said,
        });
        for row in 0..trace.len(0) {
            assert!(!sentence(trace, 0, row).is_empty());
        }
        let _ = tell(trace, 0, &ending(trace, 0));
    }
}

#[test]
fn where_logs_have_no_room_finished_connections_leave_first() {
    let mut both = Both::new(Bounds {
        logs: 4000,
        ..Bounds::NONE
    });
    for n in 0..40 {
        both.take(&half_open(n));
    }
    for n in 40..400 {
        both.take(&half_open(n)[..1]);
        both.bounded.rest();
        both.take(&[]);
        assert!(both.bounded.octets_at_rest() <= 4000 + 200);
    }
    assert!((0..40).all(|id| both.bounded.has(id)));
    assert!(both.bounded.left_in_all() > 300);
}

#[test]
fn icmp_errors_stand_between_the_rows_that_stayed_once_others_are_gone() {
    let mut both = Both::new(FEW_ROWS);
    both.take(&opened());
    for n in 0..2000 {
        let [sent, taken] = data(n);
        both.take(&[sent]);
        if n % 50 == 0 {
            let mut error = unreachable(&mut both);
            error.error.seq = sent.seq;
            both.take_batch(&Batch {
                errors: vec![error],
                ..Batch::default()
            });
        }
        both.take(&[taken]);
    }
    let trace = &both.bounded;
    assert!(trace.lost_rows_of(0) > 1000 && trace.errors().len() == 40);
    for error in trace.errors() {
        let (frame, rows) = (error.place.frame, error.seen.rows as usize);
        assert!(trace.row(0, rows - 1).place.frame < frame);
        assert!(rows == trace.len(0) || trace.row(0, rows).place.frame > frame);
    }
}

fn rows_of_those_cut(trace: &Trace) -> usize {
    let there = trace.ids().filter(|id| trace.has(*id));
    let cut = there.filter(|id| trace.lost_rows_of(*id) > 0);
    cut.map(|id| trace.len(id)).sum()
}

/// Twenty segments of a connection from this port.
fn twenty_from(port: u16) -> Vec<Segment> {
    let lines = ["> P. 1:11 ack 1", "< . 1:1 ack 11"].repeat(10);
    let from = |line| {
        let mut segment = segment(line);
        let is_client = segment.src.port() == 35790;
        let client = if is_client {
            &mut segment.src
        } else {
            &mut segment.dst
        };
        client.set_port(port);
        segment
    };
    lines.into_iter().map(from).collect()
}

#[test]
fn rows_of_many_long_connections_stay_within_their_bound() {
    let bounds = Bounds {
        others: 1000,
        rows: 128 * 1024,
        ..Bounds::NONE
    };
    let mut both = Both::new(bounds);
    for _ in 0..20 {
        for port in 0..100 {
            let segments = twenty_from(10_000 + port);
            both.take(&segments);
            both.bounded.rest();
            // Those that came since rows were counted last: a sixteenth of the bound, and the last batch.
            let rows = rows_of_those_cut(&both.bounded) * size_of::<Record>();
            assert!(rows <= bounds.rows / 16 * 17 + 2000, "{rows} octets");
        }
    }
    assert!(both.bounded.lost_rows() > 0 && both.bounded.left_in_all() > 0);
}

#[test]
#[should_panic(expected = "bounds come first")]
fn bounds_that_come_when_connections_rest_are_refused() {
    let mut both = Both::new(Bounds::NONE);
    both.take(&opened());
    both.whole.rest();
    both.whole.keep(Bounds::NONE);
}

#[test]
fn where_any_number_may_stay_no_long_connection_leaves_and_it_is_said_that_there_is_no_room() {
    let mut both = Both::new(FEW_ROWS);
    assert!(both.bounded.has_room_for_long());
    for port in 0..100 {
        (0..14).for_each(|_| both.take(&twenty_from(10_000 + port)));
        both.bounded.rest();
    }
    both.take(&[]);
    assert!(!both.bounded.has_room_for_long());
    assert_eq!(
        (both.bounded.left_in_all(), both.bounded.ids().len()),
        (0, 100)
    );
}
