//! What a frame costs: the whole screen at 200x60, with a hundred segments loaded and with a million.
//! `cargo bench --bench frame`

use divan::Bencher;
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use tcpviz::story::Style;
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
        port: 0,
    };
    let trace = Trace::new(Ports::default());
    let mut app = App::new(trace, origin, None, Style::default(), Theme::new(true));
    app.feed(Feed::Batch(Batch {
        segments,
        ..Batch::default()
    }));
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
