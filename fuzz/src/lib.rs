//! What the targets share: a trace made from bytes, and looking at everything that is told of it.

use std::net::{IpAddr, SocketAddr};

use arbitrary::{Arbitrary, Unstructured};
use tcpviz::conn::Side;
use tcpviz::conn::state::{PerSide, State};
use tcpviz::story::shown::Wanted;
use tcpviz::story::{
    Charset, Style, Summary, Timeline, ending, finding, program, sentence, telling,
};
use tcpviz::trace::{Aside, Bounds, Deed, Heard, KernelEnd, Queues, Said, Trace, Word};
use tcpviz::wire::{
    Batch, Captured, CapturedError, Ended, Flags, IcmpError, LinkType, Place, Ports, Segment, Seq,
    Told,
};

/// Steps of a story: more only take longer.
const MOST: usize = 300;

/// One thing that a source hands on. Numbers are small, so that they meet: acknowledgements of what was sent, FINs at the edge,
/// RSTs in and out of the window; all near the wrap.
#[derive(Arbitrary, Clone, Debug)]
pub enum Step {
    Segment {
        /// Which of a few connections, and which end.
        pair: u8,
        to_server: bool,
        flags: u8,
        seq: u8,
        ack: u8,
        len: u8,
        wnd: u16,
        options: u8,
        sack: Option<(u8, u8)>,
    },
    Icmp {
        pair: u8,
        to_server: bool,
        seq: u8,
        kind: u8,
        code: u8,
    },
    /// Time passes, by powers of two of a microsecond: up to a day.
    Wait(u8),
    /// Frames were dropped.
    Drop,
    /// What has come is handed on; everything that may rest does, if asked.
    HandOn {
        rest: bool,
    },
    /// A kernel tells something of one of its sockets.
    Heard {
        pair: u8,
        to_server: bool,
        knows_peer: bool,
        earlier: u8,
        word: HeardWord,
    },
    Aside {
        pair: u8,
        row: u8,
        what: Remark,
    },
}

#[derive(Arbitrary, Clone, Debug)]
pub enum HeardWord {
    State(u8),
    SentReset(String),
    TookReset(String),
    SentAgain,
    Error(String),
}

#[derive(Arbitrary, Clone, Debug)]
pub enum Remark {
    Call {
        client: bool,
        text: String,
        failed: bool,
    },
    Kernel {
        states: (u8, u8),
        queues: (u32, u32),
        timer: String,
    },
    Order(String),
}

fn ends(pair: u8) -> (SocketAddr, SocketAddr) {
    let port = |base: u16| base + u16::from(pair & 3);
    if pair & 4 == 0 {
        (
            (([127, 0, 0, 1]), port(40_000)).into(),
            ([127, 0, 0, 1], port(4321)).into(),
        )
    } else {
        let v6 = IpAddr::from([0x2001, 0xdb8, 0, 0, 0, 0, 0, 1]);
        (
            (v6, port(50_000)).into(),
            (v6, port(50_000 + u16::from(pair >> 7))).into(),
        )
    }
}

fn near_wrap(number: u8) -> Seq {
    Seq((u32::MAX - 20).wrapping_add(u32::from(number % 64)))
}

/// Room for so little that most leaves, and long connections lose rows.
const LITTLE: Bounds = Bounds {
    finished: 2,
    others: 4,
    logs: 4096,
    rows: 16 * 1024,
    beside: 8,
};

/// Makes a trace of steps; `without_rest`: nothing rests but what does by itself.
pub fn trace(steps: &[Step], without_rest: bool) -> Trace {
    Maker::default().make(steps, without_rest)
}

/// The same with bounds.
pub fn trace_of_little(steps: &[Step]) -> Trace {
    let mut maker = Maker::default();
    maker.trace.keep(LITTLE);
    maker.make(steps, false)
}

/// A story from bytes.
pub fn steps(u: &mut Unstructured<'_>) -> Vec<Step> {
    let mut steps = Vec::new();
    while !u.is_empty() && steps.len() < MOST {
        match Step::arbitrary(u) {
            Ok(step) => steps.push(step),
            Err(_) => break,
        }
    }
    steps
}

struct Maker {
    trace: Trace,
    batch: Batch,
    time_ns: u64,
    frame: u32,
    dropped: u64,
}

impl Default for Maker {
    fn default() -> Self {
        Maker {
            trace: Trace::new(Ports::default()),
            batch: Batch::default(),
            time_ns: 1_700_000_000_000_000_000,
            frame: 0,
            dropped: 0,
        }
    }
}

impl Maker {
    fn make(mut self, steps: &[Step], without_rest: bool) -> Trace {
        for step in steps.iter().take(MOST) {
            self.take(step, without_rest);
        }
        self.hand_on();
        self.trace.end(Ended::default());
        self.trace
    }

    fn place(&mut self) -> Place {
        self.frame += 1;
        Place {
            offset: u64::from(self.frame) * 100,
            captured: 60,
            wire_len: 60,
            link: LinkType::RAW,
            frame: self.frame,
        }
    }

    fn take(&mut self, step: &Step, without_rest: bool) {
        self.time_ns += 1000;
        match step {
            Step::Segment {
                pair,
                to_server,
                flags,
                seq,
                ack,
                len,
                wnd,
                options,
                sack,
            } => {
                let (client, server) = ends(*pair);
                let (src, dst) = if *to_server {
                    (client, server)
                } else {
                    (server, client)
                };
                let segment = Segment {
                    src,
                    dst,
                    flags: Flags(u16::from(*flags)),
                    seq: near_wrap(*seq),
                    ack: near_wrap(*ack),
                    len: u32::from(*len % 32),
                    wnd: *wnd,
                    urg: 0,
                    ttl: 64,
                    told: Told {
                        window_scale: (options & 1 > 0).then_some(options >> 4),
                        sack_permitted: options & 2 > 0,
                        sack: sack.map(|(from, to)| (near_wrap(from), near_wrap(to))),
                    },
                };
                let (time_ns, place) = (self.time_ns, self.place());
                self.batch.segments.push(Captured {
                    time_ns,
                    place,
                    segment,
                });
            }
            Step::Icmp {
                pair,
                to_server,
                seq,
                kind,
                code,
            } => {
                let (client, server) = ends(*pair);
                let (src, dst) = if *to_server {
                    (client, server)
                } else {
                    (server, client)
                };
                let error = IcmpError {
                    reporter: dst.ip(),
                    src,
                    dst,
                    seq: near_wrap(*seq),
                    kind: *kind,
                    code: *code,
                };
                let (time_ns, place) = (self.time_ns, self.place());
                self.batch.errors.push(CapturedError {
                    time_ns,
                    place,
                    error,
                });
            }
            Step::Heard {
                pair,
                to_server,
                knows_peer,
                earlier,
                word,
            } => {
                let (client, server) = ends(*pair);
                let (local, mut remote) = if *to_server {
                    (client, server)
                } else {
                    (server, client)
                };
                if !knows_peer {
                    remote.set_port(0);
                }
                let word = match word {
                    HeardWord::State(n) => Word::End(KernelEnd::new(state(*n))),
                    HeardWord::SentReset(reason) => Word::Deed(Deed::SentReset(reason.clone())),
                    HeardWord::TookReset(error) => Word::Deed(Deed::TookReset(error.clone())),
                    HeardWord::SentAgain => Word::Deed(Deed::SentAgain),
                    HeardWord::Error(error) => Word::Deed(Deed::Error(error.clone())),
                };
                let time_ns = self.time_ns - 1_000_000 * u64::from(*earlier);
                self.trace.hear(vec![Heard {
                    time_ns,
                    local,
                    remote,
                    word,
                }]);
            }
            Step::Wait(power) => self.time_ns += 1000 << (power % 37),
            Step::Drop => self.dropped += 1,
            Step::HandOn { rest } => {
                self.hand_on();
                if *rest && !without_rest {
                    self.trace.rest();
                }
            }
            Step::Aside { pair, row, what } => {
                self.hand_on();
                let connection = u32::from(*pair % 8);
                let has_begun = self.trace.ids().contains(&connection);
                if has_begun && !self.trace.has(connection) {
                    // It has left.
                    return;
                }
                // Those who tell don't tell of segments that are yet to come.
                let rows = match has_begun {
                    true => self.trace.len(connection),
                    false => 0,
                };
                self.trace.remark(Aside {
                    time_ns: self.time_ns,
                    connection,
                    row: u32::from(*row).min(u32::try_from(rows).unwrap_or(0)),
                    said: said(what),
                });
            }
        }
    }

    fn hand_on(&mut self) {
        let mut batch = std::mem::take(&mut self.batch);
        batch.tally.frames = u64::from(self.frame);
        batch.tally.dropped = self.dropped;
        batch.link = Some(LinkType::RAW);
        self.trace.take(&batch, |_, _, _| {});
    }
}

fn state(n: u8) -> State {
    State::ALL[usize::from(n) % State::ALL.len()]
}

fn said(what: &Remark) -> Said {
    match what {
        Remark::Call {
            client,
            text,
            failed,
        } => Said::Call {
            side: if *client { Side::Client } else { Side::Server },
            text: text.clone(),
            failed: *failed,
        },
        Remark::Kernel {
            states,
            queues,
            timer,
        } => {
            let end = |n: u8, queue: u32| {
                let queues = Queues {
                    receive: queue,
                    send: queue.rotate_left(7),
                };
                Some(KernelEnd {
                    queues: (queue & 1 > 0).then_some(queues),
                    timer: timer.clone(),
                    ..KernelEnd::new(state(n))
                })
            };
            Said::Kernel(PerSide {
                client: end(states.0, queues.0),
                server: end(states.1, queues.1),
            })
        }
        Remark::Order(text) => Said::Order(text.clone()),
    }
}

/// Looks at all that is told of each connection; what is told of its end comes back.
pub fn tell(trace: &Trace) -> Vec<String> {
    let mut told = Vec::new();
    for id in trace.ids().filter(|id| trace.has(*id)) {
        let ending = ending::ending(trace, id);
        let _ = Summary::of(trace, id);
        let _ = telling::tell(trace, id, &ending);
        for side in Side::BOTH {
            let _ = program::program(trace, id, side, &ending);
        }
        let found = finding::findings(trace, id, &ending).len();
        let mut timeline = Timeline::default();
        timeline.follow(trace, id);
        let rows = trace.len(id);
        for row in 0..rows {
            let _ = sentence::sentence(trace, id, row);
        }
        let states = trace.row(id, rows - 1).states;
        told.push(format!("{} {states:?} {found}", ending.summary));
    }
    told
}

/// Ways to show a ladder.
pub fn style(bits: u8) -> (Style, Wanted, usize) {
    let style = Style {
        charset: if bits & 1 > 0 {
            Charset::Ascii
        } else {
            Charset::Unicode
        },
        absolute: bits & 2 > 0,
        ..Style::default()
    };
    let wanted = Wanted {
        folds: bits & 4 > 0,
        control_only: bits & 8 > 0,
    };
    (style, wanted, 20 + usize::from(bits >> 4) * 10)
}
