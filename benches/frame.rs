//! What a frame costs: the whole screen at 200x60, with a hundred segments loaded and with a million.
//! Then a frame, a step, a jump and a filter over the list of 1.1 million connections.
//! `cargo bench --bench frame`

use std::cell::RefCell;
use std::net::Ipv4Addr;

use divan::Bencher;
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use tcpviz::story::{Query, Style};
use tcpviz::trace::Trace;
use tcpviz::tui::keys::Action;
use tcpviz::tui::{self, App, Origin, Theme};
use tcpviz::wire::{
    Batch, Captured, Ended, Feed, Flags, LinkType, Place, Ports, Segment, Seq, Told,
};

fn main() {
    divan::main();
}

const SEGMENTS: [usize; 2] = [100, 1_000_000];

/// One connection of so many segments: the handshake, then data and its acknowledgement in turn, at the end FIN and RST.
fn one_connection(count: usize, client_port: u16) -> Vec<Captured> {
    let (client, server) = (
        ([127, 0, 0, 1], client_port).into(),
        ([127, 0, 0, 1], 4321).into(),
    );
    let (mut sent, octets) = (Seq(1001), 100);
    let segment = |from_client: bool, flags: Flags, seq: Seq, ack: Seq, len: u32| Segment {
        src: if from_client { client } else { server },
        dst: if from_client { server } else { client },
        flags,
        seq,
        ack,
        len,
        wnd: 512,
        urg: 0,
        ttl: 64,
        told: Told::default(),
    };
    let ack = Flags::ACK;
    let mut all = vec![
        segment(true, Flags::SYN, Seq(1000), Seq(0), 0),
        segment(false, Flags::SYN | ack, Seq(5000), Seq(1001), 0),
        segment(true, ack, Seq(1001), Seq(5001), 0),
    ];
    while all.len() + 3 < count {
        all.push(segment(true, ack | Flags::PSH, sent, Seq(5001), octets));
        sent = sent + octets;
        all.push(segment(false, ack, Seq(5001), sent, 0));
    }
    all.push(segment(true, ack | Flags::FIN, sent, Seq(5001), 0));
    all.push(segment(false, ack | Flags::PSH, Seq(5001), sent + 1, 1));
    all.push(segment(true, Flags::RST, sent + 1, Seq(0), 0));
    let captured = |(n, segment): (usize, Segment)| Captured {
        time_ns: 1_000_000_000 + 1_000 * n as u64,
        place: Place {
            offset: 0,
            captured: 0,
            wire_len: 0,
            link: LinkType::ETHERNET,
            frame: u32::try_from(n + 1).unwrap(),
        },
        segment,
    };
    all.into_iter().enumerate().map(captured).collect()
}

fn app(segments: Vec<Captured>) -> App {
    let origin = Origin {
        name: "bench.pcap".into(),
        growing: false,
        size: None,
        listening: None,
        rescue: None,
        port: 0,
    };
    let trace = Trace::new(Ports::default());
    let mut app = App::new(trace, origin, None, Style::default(), Theme::new(true));
    let batch = Batch {
        segments,
        ..Batch::default()
    };
    app.feed(Feed::Batch(batch.into()));
    app.feed(Feed::Ended(Ended::default()));
    app.prepare();
    app
}

fn draw(bencher: Bencher, app: &App) {
    let mut terminal = Terminal::new(TestBackend::new(200, 60)).unwrap();
    bencher.bench_local(|| {
        terminal.draw(|frame| tui::draw(app, frame)).unwrap();
    });
}

/// In the middle of the ladder, runs of data folded.
#[divan::bench(args = SEGMENTS)]
fn folded(bencher: Bencher, segments: usize) {
    let mut app = app(one_connection(segments, 40_000));
    for _ in 0..3 {
        app.press(Some(Action::NextSegment));
    }
    draw(bencher, &app);
}

/// In the middle of the ladder, every segment a row, the state figure beside it.
#[divan::bench(args = SEGMENTS)]
fn unfolded_with_figure(bencher: Bencher, segments: usize) {
    let mut app = app(one_connection(segments, 40_000));
    app.press(Some(Action::ToggleFold));
    app.press(Some(Action::ToggleFigure));
    app.line = segments / 2;
    app.prepare();
    draw(bencher, &app);
}

/// A step and the frame after it, from the middle.
#[divan::bench(args = SEGMENTS)]
fn step(bencher: Bencher, segments: usize) {
    let mut app = app(one_connection(segments, 40_000));
    app.press(Some(Action::ToggleFold));
    app.line = segments / 2;
    let mut terminal = Terminal::new(TestBackend::new(200, 60)).unwrap();
    let mut back = false;
    bencher.bench_local(|| {
        back = !back;
        let action = if back {
            Action::PreviousSegment
        } else {
            Action::NextSegment
        };
        app.press(Some(action));
        terminal.draw(|frame| tui::draw(&app, frame)).unwrap();
    });
}

/// The list alone: a million segments in 100,000 connections, or a hundred in ten.
#[divan::bench(args = [10u16, 50_000])]
fn list(bencher: Bencher, connections: u16) {
    let segments = (0..connections)
        .flat_map(|port| one_connection(20, 10_000 + port))
        .collect();
    let mut app = app(segments);
    app.press(Some(Action::ToggleList));
    draw(bencher, &app);
}

/// Connections of the long list.
const MANY: u32 = 1_100_000;

/// Those in a batch, as sources make them.
const AT_ONCE: u32 = 1_000;

/// A short connection that ends in one of four ways.
fn short_connection(number: u32) -> Vec<Captured> {
    let client_port = 1024 + u16::try_from(number % 60_000).unwrap();
    let mut all = one_connection(6, client_port);
    let client = Ipv4Addr::from_bits(0x0a00_0000 + number / 60_000);
    for (row, captured) in (0..).zip(&mut all) {
        captured.time_ns += u64::from(number) * 10_000;
        captured.place.frame = number * 6 + row + 1;
        let segment = &mut captured.segment;
        for end in [&mut segment.src, &mut segment.dst] {
            if end.port() == client_port {
                end.set_ip(client.into());
            }
        }
    }
    all.truncate(3 + (number % 4) as usize);
    all
}

thread_local! {
    /// The list alone, of very many connections.
    static LONG_LIST: RefCell<App> = RefCell::new(long_list());
}

fn long_list() -> App {
    let mut app = app(Vec::new());
    app.trace.ended = None;
    for first in (0..MANY).step_by(AT_ONCE as usize) {
        let segments = (first..first + AT_ONCE)
            .flat_map(short_connection)
            .collect();
        app.feed(Feed::Batch(
            Batch {
                segments,
                ..Batch::default()
            }
            .into(),
        ));
    }
    app.feed(Feed::Ended(Ended::default()));
    app.prepare();
    app.press(Some(Action::ToggleList));
    app
}

/// What is pressed in turn, and the frame after it.
fn pressed(bencher: Bencher, keys: [Action; 2]) {
    LONG_LIST.with_borrow_mut(|app| {
        app.press(Some(Action::First));
        let mut terminal = Terminal::new(TestBackend::new(200, 60)).unwrap();
        let mut turns = keys.iter().cycle();
        bencher.bench_local(|| {
            app.press(turns.next().copied());
            terminal.draw(|frame| tui::draw(app, frame)).unwrap();
        });
    });
}

#[divan::bench]
fn long_list_frame(bencher: Bencher) {
    LONG_LIST.with_borrow_mut(|app| draw(bencher, app));
}

#[divan::bench]
fn long_list_step(bencher: Bencher) {
    pressed(bencher, [Action::Down, Action::Up]);
}

#[divan::bench]
fn long_list_end(bencher: Bencher) {
    pressed(bencher, [Action::Last, Action::First]);
}

/// Another filter, and the frame after it.
#[divan::bench(args = ["ending:reset", "state:close-wait", "port:1024-2000", "10.0.0.7", "server", ""])]
fn long_list_filter(bencher: Bencher, query: &str) {
    LONG_LIST.with_borrow_mut(|app| {
        let app = RefCell::new(app);
        let mut terminal = Terminal::new(TestBackend::new(200, 60)).unwrap();
        let choose = |query: &str| {
            let mut app = app.borrow_mut();
            app.listing.set_query(Query::parse(query).unwrap());
            app.prepare();
        };
        bencher
            .with_inputs(|| choose("segments:4"))
            .bench_local_values(|()| {
                choose(query);
                terminal
                    .draw(|frame| tui::draw(&app.borrow(), frame))
                    .unwrap();
            });
        choose("");
    });
}
