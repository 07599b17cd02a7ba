use std::net::SocketAddr;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::{connection_at, draw, lines};
use crate::conn::ConnectionId;
use crate::conn::state::PerSide;
use crate::conn::tests::segment;
use crate::story::Owner;
use crate::story::owner::Process;
use crate::story::query::Query;
use crate::story::{Charset, Style};
use crate::trace::Trace;
use crate::tui::{Listing, Look, Sort, Theme};
use crate::wire::{Batch, Captured, LinkType, Place, Ports};

/// A trace of connections from `hosts` (client, server), whose lines begin with the host's index and the seconds.
fn trace(hosts: &[(&str, &str)], text: &str) -> Trace {
    let place = Place {
        offset: 0,
        captured: 0,
        wire_len: 0,
        link: LinkType::RAW,
        frame: 1,
    };
    let opened = (0..hosts.len()).flat_map(|host| {
        ["> S 0:0", "< S. 0:0 ack 1", "> . 1:1 ack 1"].map(|line| format!("{host} 0 {line}"))
    });
    let lines: Vec<_> = opened
        .chain(text.lines().map(|line| line.trim().into()))
        .collect();
    let segments = lines.iter().map(|line| {
        let (host, line) = line.split_once(' ').unwrap();
        let (seconds, line) = line.split_once(' ').unwrap();
        let (client, server) = hosts[host.parse::<usize>().unwrap()];
        let mut segment = segment(line);
        let other = |it: SocketAddr| if it.port() == 4321 { server } else { client };
        segment.src = other(segment.src).parse().unwrap();
        segment.dst = other(segment.dst).parse().unwrap();
        Captured {
            time_ns: seconds.parse::<u64>().unwrap() * 1_000_000_000,
            place,
            segment,
        }
    });
    let mut trace = Trace::new(Ports::default());
    let batch = Batch {
        segments: segments.collect(),
        ..Batch::default()
    };
    trace.take(&batch, |_, _, _| {});
    trace
}

/// One that is open, one in TIME-WAIT, one that waits, one reset.
const FOUR: &str = "1 6 > F. 1:1 ack 1
    1 6 < F. 1:1 ack 2
    1 6 > . 2:2 ack 2
    2 7 > F. 1:1 ack 1
    2 7 < . 1:1 ack 2
    3 43 > P. 1:101 ack 1
    3 43 < R. 1:1 ack 101";

const V4: [(&str, &str); 4] = [
    ("127.0.0.1:35788", "127.0.0.1:4321"),
    ("127.0.0.1:35790", "127.0.0.1:4321"),
    ("127.0.0.1:35792", "127.0.0.1:4321"),
    ("127.0.0.1:35794", "127.0.0.1:4321"),
];

const V6: [(&str, &str); 4] = [
    (
        "[2001:db8:85a3:8d3:1319:8a2e:370:7348]:51234",
        "[2001:db8::10]:443",
    ),
    (
        "[2001:db8:85a3:8d3:1319:8a2e:370:7348]:51236",
        "[2001:db8::10]:443",
    ),
    (
        "[2001:db8:85a3:8d3:1319:8a2e:370:7348]:51238",
        "[2001:db8:aaaa:bbbb:cccc:dddd:eeee:1]:443",
    ),
    (
        "[2001:db8:85a3:8d3:1319:8a2e:370:7348]:51240",
        "[2001:db8::10]:443",
    ),
];

fn owner(id: ConnectionId) -> PerSide<Option<Owner>> {
    PerSide {
        client: None,
        server: (id == 2).then(|| Owner {
            process: Some(Process::new(1234, b"nginx\x1b[2J", 0)),
            user: None,
        }),
    }
}

fn nobody(_: ConnectionId) -> PerSide<Option<Owner>> {
    PerSide::default()
}

fn drawn(
    trace: &Trace,
    listing: &Listing,
    size: (u16, u16),
    charset: Charset,
    owners: super::Owners<'_>,
) -> String {
    let look = Look {
        style: Style {
            charset,
            absolute: false,
            ..Style::default()
        },
        theme: Theme::new(true),
    };
    let area = Rect::new(0, 0, size.0, size.1);
    let mut buffer = Buffer::empty(area);
    draw(look, trace, listing, owners, 2, area, &mut buffer);
    let line = |y: u16| {
        let cells = (0..size.0).map(|x| buffer[(x, y)].symbol());
        cells.collect::<String>().trim_end().to_string()
    };
    (0..size.1).map(line).collect::<Vec<_>>().join("\n")
}

fn listing(trace: &Trace, sort: Sort, query: &str) -> Listing {
    let mut listing = Listing::new(sort);
    listing.set_query(Query::parse(query).unwrap());
    listing.follow(trace, &owner);
    listing
}

#[test]
fn what_waits_stands_first_with_its_age_and_columns_go_before_an_address_is_cut() {
    let trace = trace(&V4, FOUR);
    let listing = listing(&trace, Sort::Closing, "");
    let at = |width| drawn(&trace, &listing, (width, 5), Charset::Unicode, &nobody);
    assert_eq!(at(130), WIDE.trim_start_matches('\n'));
    assert_eq!(at(80), MIDDLE.trim_start_matches('\n'));
    assert_eq!(at(40), NARROW.trim_start_matches('\n'));
}

const WIDE: &str = "
 # client          server         client state▾       server state▾   segs duration how   ending
▌3 127.0.0.1:35792 127.0.0.1:4321 FIN-WAIT-2 36 s     CLOSE-WAIT 36 s    5   7.00 s F▸    half-closed by client
 2 127.0.0.1:35790 127.0.0.1:4321 TIME-WAIT 23 s left CLOSED             6   6.00 s F▸ ◂F orderly, client first
 1 127.0.0.1:35788 127.0.0.1:4321 ESTABLISHED         ESTABLISHED        3     0 ns ·     open
 4 127.0.0.1:35794 127.0.0.1:4321 CLOSED              CLOSED             5   43.0 s ◂R    reset by server: unread-data, likely";
const MIDDLE: &str = "
 # client          server         clt▾         srv▾    segs how   ending
▌3 127.0.0.1:35792 127.0.0.1:4321 FW2 36 s     CW 36 s    5 F▸    half-closed
 2 127.0.0.1:35790 127.0.0.1:4321 TW 23 s left CLSD       6 F▸ ◂F orderly
 1 127.0.0.1:35788 127.0.0.1:4321 EST          EST        3 ·     open
 4 127.0.0.1:35794 127.0.0.1:4321 CLSD         CLSD       5 ◂R    reset ?";
const NARROW: &str = "
 # client          server         how
▌3 127.0.0.1:35792 127.0.0.1:4321 F▸
 2 127.0.0.1:35790 127.0.0.1:4321 F▸ ◂F
 1 127.0.0.1:35788 127.0.0.1:4321 ·
 4 127.0.0.1:35794 127.0.0.1:4321 ◂R";

/// The host of a server that is the same for all goes before the states do.
#[test]
fn states_and_endings_stand_at_60_columns() {
    let trace = trace(&V4, FOUR);
    let listing = listing(&trace, Sort::Closing, "state:close-wait");
    let text = drawn(&trace, &listing, (60, 2), Charset::Ascii, &nobody);
    for wanted in ["FW2 36 s", "CW 36 s", "half-closed", " :4321 "] {
        assert!(text.contains(wanted), "{wanted}\n{text}");
    }
}

#[test]
fn an_ipv6_pair_at_60_and_40_columns_keeps_what_tells_connections_apart() {
    let trace = trace(&V6, FOUR);
    let listing = listing(&trace, Sort::Number, "");
    let at = |width| drawn(&trace, &listing, (width, 3), Charset::Ascii, &nobody);
    assert_eq!(at(60), SIXTY.trim_start_matches('\n'));
    assert_eq!(at(40), FORTY.trim_start_matches('\n'));
}

const SIXTY: &str = "
 # ^ client server                                   how
   2 :51236 [2001:db8::10]:443                       F> <F .
>  3 :51238 [2001:db8:aaaa:bb..cccc:dddd:eeee:1]:443 F>    #";
const FORTY: &str = "
 # ^ client server               how
   2 :51236 [2001:db8::10]:443   F> <F .
>  3 :51238 [2001:d..eeee:1]:443 F>    #";

#[test]
fn the_process_of_a_close_wait_is_told_and_cannot_command_the_terminal() {
    let trace = trace(&V4, FOUR);
    let listing = listing(&trace, Sort::Closing, "process:nginx");
    let text = drawn(&trace, &listing, (160, 2), Charset::Ascii, &owner);
    assert!(text.contains("<nginx\\u{1b}[2J 1234"), "{text}");
    assert!(text.contains("CLOSE-WAIT 36 s"), "{text}");
    assert_eq!(listing.title("·"), "1 of 4 · process:nginx · by closing");
}

#[test]
fn where_nothing_matches_that_is_said() {
    let trace = trace(&V4, FOUR);
    let listing = listing(&trace, Sort::Number, "ending:refused");
    let text = drawn(&trace, &listing, (60, 3), Charset::Ascii, &nobody);
    assert_eq!(text.trim(), "No connection matches ending:refused");
}

#[test]
fn a_line_of_the_screen_is_the_connection_that_stands_there() {
    let trace = trace(&V4, FOUR);
    let listing = listing(&trace, Sort::Closing, "");
    let area = Rect::new(0, 3, 80, 3);
    let at: Vec<_> = (2..7)
        .map(|y| connection_at(&listing, 2, area, y))
        .collect();
    assert_eq!(at, [None, None, Some(2), Some(1), None]);
}

#[test]
fn any_size_can_be_drawn() {
    for (hosts, sort) in [(V4, Sort::Number), (V6, Sort::Bytes)] {
        let trace = trace(&hosts, FOUR);
        let listing = listing(&trace, sort, "");
        for width in 0..=170 {
            for height in 0..=6 {
                for charset in [Charset::Unicode, Charset::Ascii] {
                    let text = drawn(&trace, &listing, (width, height), charset, &owner);
                    assert!(charset == Charset::Unicode || text.is_ascii(), "{text}");
                }
            }
        }
    }
    assert_eq!([10, 20, 40].map(|height| lines(3, height)), [1, 3, 4]);
}

#[test]
fn an_owner_too_long_for_its_column_goes_without_its_descriptor_instead_of_half_of_it() {
    let owner = |_| PerSide {
        client: None,
        server: Some(Owner {
            process: Some(Process {
                descriptor: Some(12),
                ..Process::new(1_234_567, b"a-longish-name", 0)
            }),
            user: None,
        }),
    };
    let trace = trace(&V4[..1], "");
    let listing = listing(&trace, Sort::Closing, "");
    let drawn = drawn(&trace, &listing, (160, 3), Charset::Unicode, &owner);
    assert!(drawn.contains("a-longish-name 1234567"), "{drawn}");
    assert!(!drawn.contains("fd"), "{drawn}");
}
