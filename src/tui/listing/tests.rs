use std::net::SocketAddr;

use proptest::collection::vec;
use proptest::prelude::*;

use super::{Listing, Sort};
use crate::conn::ConnectionId;
use crate::conn::state::PerSide;
use crate::conn::tests::any::any_segment;
use crate::conn::tests::segment;
use crate::story::Owner;
use crate::story::Summary;
use crate::story::query::Query;
use crate::trace::Trace;
use crate::wire::{Batch, Captured, Ended, LinkType, Place, Ports, Segment};

fn nobody(_: ConnectionId) -> PerSide<Option<Owner>> {
    PerSide::default()
}

fn captured(time_ns: u64, segment: Segment) -> Captured {
    let place = Place {
        offset: 0,
        captured: 0,
        wire_len: 0,
        link: LinkType::RAW,
        frame: 1,
    };
    Captured {
        time_ns,
        place,
        segment,
    }
}

/// The segment with the client's (second) port moved.
fn moved(segment: Segment, client: u16) -> Segment {
    let other = |address: SocketAddr| {
        let port = address.port();
        let port = if port == 35790 { client } else { port };
        SocketAddr::new(address.ip(), port)
    };
    Segment {
        src: other(segment.src),
        dst: other(segment.dst),
        ..segment
    }
}

fn take(trace: &mut Trace, segments: Vec<Captured>) {
    let batch = Batch {
        segments,
        ..Batch::default()
    };
    trace.take(&batch, |_, _, _| {});
}

/// Takes lines `CLIENT-PORT SECONDS > F. 1:1 ack 1`.
fn wire(trace: &mut Trace, lines: &str) {
    let segments = lines.lines().map(|line| {
        let (port, line) = line.trim().split_once(' ').unwrap();
        let (seconds, line) = line.split_once(' ').unwrap();
        let time_ns = seconds.parse::<u64>().unwrap() * 1_000_000_000;
        captured(time_ns, moved(segment(line), port.parse().unwrap()))
    });
    take(trace, segments.collect());
}

/// Four connections: 1 is open, 2 in TIME-WAIT, 3 waits in CLOSE-WAIT since 5 s, 4 was reset.
fn four() -> Trace {
    let mut trace = Trace::new(Ports::default());
    for port in 1..=4 {
        let open = ["> S 0:0", "< S. 0:0 ack 1", "> . 1:1 ack 1"];
        let lines = open.map(|line| format!("{port} {port} {line}"));
        wire(&mut trace, &lines.join("\n"));
    }
    wire(
        &mut trace,
        "3 5 > F. 1:1 ack 1
         3 5 < . 1:1 ack 2
         2 6 > F. 1:1 ack 1
         2 6 < F. 1:1 ack 2
         2 6 > . 2:2 ack 2
         4 7 > P. 1:101 ack 1
         4 7 < R. 1:1 ack 101",
    );
    trace
}

fn shown(trace: &Trace, listing: &mut Listing) -> Vec<u32> {
    listing.follow(trace, &nobody);
    listing.order().iter().map(|id| id + 1).collect()
}

#[test]
fn what_waits_to_be_closed_stands_first_and_an_ended_time_wait_last() {
    let mut trace = four();
    let mut listing = Listing::new(Sort::Closing);
    assert_eq!(shown(&trace, &mut listing), [3, 2, 1, 4]);
    wire(&mut trace, "1 66 > . 1:1 ack 1");
    assert_eq!(shown(&trace, &mut listing), [3, 1, 4, 2]);
    listing.set_sort(Sort::Closing, true);
    assert_eq!(shown(&trace, &mut listing), [2, 4, 1, 3]);
}

#[test]
fn each_sort_puts_first_what_is_sought() {
    let trace = four();
    let mut listing = Listing::default();
    for (sort, first) in [
        (Sort::Number, 1),
        (Sort::Ending, 4),
        (Sort::Age, 3),
        (Sort::Duration, 2),
        (Sort::Segments, 2),
        (Sort::Bytes, 4),
        (Sort::Client, 1),
    ] {
        listing.set_sort(sort, false);
        assert_eq!(shown(&trace, &mut listing)[0], first, "{}", sort.name());
    }
}

#[test]
fn a_connection_that_is_filtered_away_gives_its_place_to_the_nearest() {
    let trace = four();
    let mut listing = Listing::default();
    listing.set_query(Query::parse("-ending:reset -state:close-wait").unwrap());
    assert_eq!(shown(&trace, &mut listing), [1, 2]);
    assert_eq!(
        listing.title("/"),
        "2 of 4 / -ending:reset -state:close-wait"
    );
    assert_eq!((listing.position(1), listing.position(2)), (Some(1), None));
    assert_eq!((listing.nearest(0), listing.nearest(2)), (Some(0), Some(1)));
    assert_eq!((listing.step(0, 1), listing.step(0, 9)), (Some(1), Some(1)));
    assert_eq!(
        (listing.step(1, -9), listing.step(3, 1)),
        (Some(0), Some(1))
    );
    let closed = |summary: &Summary| summary.closed_first.is_some();
    assert_eq!(listing.find(0, true, closed), Some(1));
    assert_eq!(listing.find(1, false, closed), None);
    listing.set_query(Query::parse("ending:refused").unwrap());
    assert_eq!(shown(&trace, &mut listing), [] as [u32; 0]);
    assert_eq!((listing.nearest(0), listing.step(0, 1)), (None, None));
}

#[test]
fn a_query_about_time_is_asked_again_when_its_time_comes() {
    let mut trace = four();
    let mut listing = Listing::default();
    listing.set_query(Query::parse("state:close-wait age:>30s").unwrap());
    assert_eq!(shown(&trace, &mut listing), [] as [u32; 0]);
    wire(&mut trace, "1 35 > . 1:1 ack 1");
    assert_eq!(shown(&trace, &mut listing), [] as [u32; 0]);
    wire(&mut trace, "1 36 > . 1:1 ack 1");
    assert_eq!(shown(&trace, &mut listing), [3]);
}

proptest! {
    /// Followed segment by segment or looked at once: the list is the same.
    #[test]
    fn a_list_followed_is_the_list_of_the_whole(
        segments in vec((0u64..90, 1u16..6, any_segment()), 1..60),
        sort in prop::sample::select(Sort::ALL.to_vec()),
        reversed: bool,
        query in prop::sample::select(vec![
            "", "-ending:open", "state:time-wait,close-wait", "age:<40s", "finding:close-wait-lasts", "age:10s-20s",
            "ending:timed-out",
        ]),
        ends: bool,
        of_file: bool,
    ) {
        let mut trace = Trace::new(Ports::default());
        let fresh = || {
            let mut listing = if of_file { Listing::of_file() } else { Listing::new(sort) };
            listing.set_sort(sort, reversed);
            listing.set_query(Query::parse(query).unwrap());
            listing
        };
        let mut followed = fresh();
        let mut now = 0;
        for (seconds, port, (_, segment)) in segments {
            now += if seconds < 70 { seconds * 1_000_000 } else { (seconds - 60) * 1_000_000_000 };
            take(&mut trace, vec![captured(now, moved(segment, port))]);
            followed.follow(&trace, &nobody);
        }
        if ends {
            trace.end(Ended::default());
            followed.follow(&trace, &nobody);
        }
        let mut whole = Listing::new(sort);
        whole.set_sort(sort, reversed);
        whole.set_query(Query::parse(query).unwrap());
        whole.follow(&trace, &nobody);
        prop_assume!(ends || !of_file);
        prop_assert_eq!(followed.order(), whole.order());
        for id in trace.ids() {
            prop_assert_eq!(followed.summary(id), whole.summary(id));
        }
    }
}

#[test]
fn a_query_that_walks_is_asked_of_very_many_bit_by_bit() {
    let mut trace = Trace::new(Ports::default());
    let lines: Vec<_> = (1..=9_000)
        .flat_map(|port| {
            [
                format!("{port} 1 > P. 1:11 ack 1"),
                format!("{port} 2 < R. 1:1 ack 11"),
            ]
        })
        .collect();
    wire(&mut trace, &lines.join("\n"));
    let mut listing = Listing::default();
    assert_eq!(shown(&trace, &mut listing).len(), 9_000);
    listing.set_query(Query::parse("-finding:close-wait-lasts").unwrap());
    let mut counts = Vec::new();
    while counts.is_empty() || listing.is_behind() {
        counts.push(shown(&trace, &mut listing).len());
        assert_eq!(listing.title("/").contains("so far"), listing.is_behind());
    }
    assert_eq!(counts, [4_096, 8_192, 9_000]);
    // Another filter waits for nothing.
    listing.set_query(Query::parse("ending:reset").unwrap());
    assert_eq!(shown(&trace, &mut listing).len(), 9_000);
    assert!(!listing.is_behind());
}
