//! Connections that rest, go on, and leave: what is told of them must not depend on it.

use std::net::{Ipv4Addr, SocketAddr};

use tcpviz::conn::State;
use tcpviz::report::connections::{Lines, Part, Table, write};
use tcpviz::trace::{Bounds, Trace};
use tcpviz::wire::{Batch, Captured, Ended, Flags, Place, Ports, Segment, Seq, Told};

/// A segment: of which client, whether from it, flags, SEG.SEQ, SEG.ACK, SEG.LEN.
type Sent = (u32, bool, Flags, u32, u32, u32);

const ACK: Flags = Flags::ACK;

/// A capture as it comes, and the lines of its table.
struct Coming {
    trace: Trace,
    lines: Lines,
    frame: u32,
}

impl Coming {
    fn new(trace: Trace) -> Self {
        Coming {
            trace,
            lines: Lines::default(),
            frame: 0,
        }
    }

    /// Of finished connections so many stay.
    fn limited(limit: usize) -> Self {
        let mut coming = Coming::new(Trace::new(Ports::default()));
        coming.trace.keep(Bounds {
            finished: limit,
            ..Bounds::NONE
        });
        coming
    }

    fn come(&mut self, all: &[Sent]) {
        for some in all.chunks(1024) {
            let segments = some.iter().map(|sent| self.captured(*sent)).collect();
            let batch = Batch {
                segments,
                ..Batch::default()
            };
            self.trace.take(&batch, |_, _, _| {});
            self.lines.follow(&self.trace);
        }
    }

    fn captured(&mut self, (number, from_client, flags, seq, ack, len): Sent) -> Captured {
        self.frame += 1;
        let client: SocketAddr = (Ipv4Addr::from_bits(0x0a00_0000 + number), 40_000).into();
        let server: SocketAddr = (Ipv4Addr::new(11, 0, 0, 0), 80).into();
        let (src, dst) = if from_client {
            (client, server)
        } else {
            (server, client)
        };
        Captured {
            time_ns: 1_000_000_000_000 + 1000 * u64::from(self.frame),
            place: Place {
                frame: self.frame,
                ..Place::default()
            },
            segment: Segment {
                src,
                dst,
                flags,
                seq: Seq(seq),
                ack: Seq(ack),
                len,
                wnd: 500,
                urg: 0,
                ttl: 64,
                told: Told::default(),
            },
        }
    }

    /// So many connections that are refused: whoever came before rests by then.
    fn others(&mut self, first: u32, count: u32) {
        for number in first..first + count {
            self.come(&[
                (number, true, Flags::SYN, 100, 0, 0),
                (number, false, Flags::RST | ACK, 0, 101, 0),
            ]);
        }
    }
}

fn handshake(number: u32) -> Vec<Sent> {
    vec![
        (number, true, Flags::SYN, 100, 0, 0),
        (number, false, Flags::SYN | ACK, 500, 101, 0),
        (number, true, ACK, 101, 501, 0),
    ]
}

/// Both close, the client first, whose next number is `seq`.
fn close(number: u32, seq: u32) -> Vec<Sent> {
    vec![
        (number, true, Flags::FIN | ACK, seq, 501, 0),
        (number, false, Flags::FIN | ACK, 501, seq + 1, 0),
        (number, true, ACK, seq + 1, 502, 0),
    ]
}

#[test]
fn a_connection_that_rested_and_goes_on_has_the_line_of_what_it_is_at_the_end() {
    let mut coming = Coming::new(Trace::of_endings(Ports::default()));
    coming.come(&handshake(1));
    coming.others(1000, 600);
    coming.come(&[(1, true, ACK, 101, 501, 10), (1, false, ACK, 501, 111, 0)]);
    coming.come(&close(1, 111));
    coming.trace.end(Ended::default());
    coming.lines.finish(&coming.trace);
    let (trace, lines) = (&coming.trace, &coming.lines);
    let table = Table::new(vec![Part { trace, lines }], None);
    let mut followed = table.heading();
    for chunk in table.chunks() {
        table.write(&chunk, None, &mut followed);
    }
    let mut afresh = Vec::new();
    write(&mut afresh, trace, None).unwrap();
    let [followed, afresh] = [followed, afresh].map(|text| String::from_utf8(text).unwrap());
    assert_eq!(followed, afresh);
    assert!(
        followed
            .lines()
            .nth(1)
            .unwrap()
            .ends_with("orderly, client first")
    );
}

#[test]
fn a_syn_that_rested_unanswered_and_is_answered_later_stays_past_the_limit() {
    let mut coming = Coming::limited(1000);
    coming.come(&[(1, true, Flags::SYN, 100, 0, 0)]);
    coming.others(1000, 490);
    coming.come(&handshake(1));
    coming.others(5000, 2500);
    assert!(coming.trace.has(0) && coming.trace.left_in_all() > 0);
    assert_eq!(
        coming.trace.connection(0).ends.client.state,
        State::Established
    );
}

#[test]
fn a_long_connection_leaves_once_it_is_finished() {
    let mut coming = Coming::limited(0);
    let data = (0..300).map(|n| (1, true, ACK, 101 + n * 10, 501, 10));
    coming.come(&handshake(1));
    coming.come(&data.collect::<Vec<_>>());
    coming.others(1000, 600);
    assert!(coming.trace.has(0), "it is open");
    coming.come(&[(1, false, ACK, 501, 3101, 0)]);
    coming.come(&close(1, 3101));
    coming.others(2000, 600);
    assert!(!coming.trace.has(0));
}

#[test]
fn an_open_connection_goes_on_after_a_later_one_of_its_ports_has_left() {
    let mut coming = Coming::limited(0);
    coming.come(&handshake(1));
    coming.come(&[(1, true, Flags::SYN, 900_000_000, 0, 0)]);
    coming.others(1000, 800);
    assert!(coming.trace.has(0) && !coming.trace.has(1));
    let known = coming.trace.ids().len();
    coming.come(&[(1, false, ACK, 501, 101, 20), (1, true, ACK, 101, 521, 0)]);
    assert_eq!((coming.trace.ids().len(), coming.trace.len(0)), (known, 5));
}
