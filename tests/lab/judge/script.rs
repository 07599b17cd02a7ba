//! One connection's random script: what is called, when, on which side.

use std::fmt;
use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr};
use std::time::Duration;

use rustix::io::ioctl_fionread;
use socket2::Socket;
use tcpviz::conn::Side;
use tcpviz::conn::state::PerSide;
use tcpviz::lab::Random;

/// Rounds of calls at most, before both sides close.
const ROUNDS: u64 = 8;

/// Octets at most from one side: a FIN that waits behind a full window moves the kernel's state, but no observer can
/// see it before it is sent.
const ALL: usize = 24_000;

#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Call {
    Connect,
    Send(usize),
    Receive,
    ReceivePart,
    Shutdown(Shutdown),
    /// Whatever is unread.
    Close,
    CloseDrained,
    /// close() with SO_LINGER and zero seconds.
    Abort,
    Idle,
}

/// A call that was made, and how many octets were unread then.
#[derive(Clone, Copy)]
pub struct Act {
    pub round: usize,
    pub side: Side,
    pub call: Call,
    pub unread: u64,
}

/// One connection of a seed.
pub struct Scripted {
    /// From 0.
    pub number: usize,
    pub addresses: PerSide<SocketAddr>,
    pub sockets: PerSide<Option<Socket>>,
    pub acts: Vec<Act>,
    random: Random,
    sent: PerSide<usize>,
    /// Rounds before the end.
    left: u64,
    /// Who closes when no round is left.
    closing: Vec<Side>,
}

fn send(random: &mut Random) -> Call {
    Call::Send([1, 1_000, 3_000, 6_000][usize::try_from(random.below(4)).expect("small")])
}

fn any(random: &mut Random) -> Call {
    match random.below(14) {
        0..=3 => send(random),
        4 | 5 => Call::Receive,
        6 => Call::ReceivePart,
        7 => Call::Shutdown(Shutdown::Write),
        8 => Call::Shutdown(Shutdown::Read),
        9 => Call::Shutdown(Shutdown::Both),
        10 => Call::Close,
        11 => Call::CloseDrained,
        12 => Call::Abort,
        _ => Call::Idle,
    }
}

/// What may follow at once on the same side: nothing that sends an RST. One that overtakes lost data doesn't count,
/// and if its answer is lost too, nobody but the receiver knows.
fn following(random: &mut Random) -> Call {
    match random.below(4) {
        0 | 1 => send(random),
        2 => Call::Shutdown(Shutdown::Write),
        _ => Call::CloseDrained,
    }
}

/// What both sides may do at the same time: their FINs can cross.
fn crossing(random: &mut Random) -> Call {
    match random.below(2) {
        0 => Call::Shutdown(Shutdown::Write),
        _ => Call::CloseDrained,
    }
}

fn side(random: &mut Random) -> Side {
    Side::BOTH[usize::from(random.below(2) == 1)]
}

impl Scripted {
    /// A connection whose client has called connect(). Its numbers are its own: what the others do doesn't change it.
    pub fn new(
        number: usize,
        client: Socket,
        addresses: PerSide<SocketAddr>,
        mut random: Random,
    ) -> Self {
        let first = side(&mut random);
        let connect = Act {
            round: 0,
            side: Side::Client,
            call: Call::Connect,
            unread: 0,
        };
        Scripted {
            number,
            addresses,
            sockets: PerSide {
                client: Some(client),
                server: None,
            },
            acts: vec![connect],
            sent: PerSide::default(),
            left: 1 + random.below(ROUNDS),
            closing: vec![first.peer(), first],
            random,
        }
    }

    /// Makes this round's calls; false when the script is over.
    pub fn play(&mut self, round: usize) -> bool {
        if self.left == 0 {
            let closing = self.closing.pop();
            if let Some(side) = closing {
                self.make(round, side, Call::Close);
            }
            return closing.is_some();
        }
        self.left -= 1;
        if self.random.below(8) == 0 {
            for side in Side::BOTH {
                let call = crossing(&mut self.random);
                self.make(round, side, call);
            }
            return true;
        }
        let side = side(&mut self.random);
        let call = any(&mut self.random);
        self.make(round, side, call);
        while self.random.below(3) == 0 {
            let call = following(&mut self.random);
            self.make(round, side, call);
        }
        true
    }

    /// Makes a call; its error is the kernel's business.
    fn make(&mut self, round: usize, side: Side, call: Call) {
        let Some(socket) = &mut self.sockets[side] else {
            return;
        };
        let call = match call {
            Call::Send(count) if self.sent[side] + count > ALL => Call::Idle,
            other => other,
        };
        if call == Call::CloseDrained {
            drain(socket);
        }
        let unread = ioctl_fionread(&*socket).expect("a TCP socket tells");
        self.acts.push(Act {
            round,
            side,
            call,
            unread,
        });
        match call {
            Call::Send(count) => {
                self.sent[side] += count;
                drop(socket.write(&vec![b'x'; count]));
            }
            Call::Receive => drain(socket),
            Call::ReceivePart => drop(socket.read(&mut [0; 500])),
            Call::Shutdown(how) => drop(socket.shutdown(how)),
            Call::Abort => {
                socket
                    .set_linger(Some(Duration::ZERO))
                    .expect("a TCP socket lingers");
                self.sockets[side] = None;
            }
            Call::Close | Call::CloseDrained => self.sockets[side] = None,
            Call::Connect | Call::Idle => {}
        }
    }
}

fn drain(socket: &mut Socket) {
    let mut buffer = vec![0; 1 << 16];
    while matches!(socket.read(&mut buffer), Ok(1..)) {}
}

impl fmt::Display for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Call::Connect => write!(f, "connect"),
            Call::Send(count) => write!(f, "send {count}"),
            Call::Receive => write!(f, "recv all"),
            Call::ReceivePart => write!(f, "recv 500"),
            Call::Shutdown(how) => write!(f, "shutdown {how:?}"),
            Call::Close => write!(f, "close"),
            Call::CloseDrained => write!(f, "recv all, close"),
            Call::Abort => write!(f, "linger 0, close"),
            Call::Idle => write!(f, "idle"),
        }
    }
}

/// The calls so far, a `|` after each round.
impl fmt::Display for Scripted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut round = 0;
        for act in &self.acts {
            let mark = if act.round == round { "; " } else { " | " };
            let mark = if act.call == Call::Connect { "" } else { mark };
            round = act.round;
            write!(f, "{mark}{} {}", act.side, act.call)?;
            let is_end = matches!(act.call, Call::Close | Call::Abort);
            if is_end && act.unread > 0 {
                write!(f, " ({} unread)", act.unread)?;
            }
        }
        Ok(())
    }
}
