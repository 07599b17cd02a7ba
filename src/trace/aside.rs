//! What is told beside the segments: what a program did (the lab tells), what its kernel says (the lab, and --kernel), and the ICMP
//! errors. Captures hold only these.

use std::fmt;
use std::net::SocketAddr;

use crate::conn::state::PerSide;
use crate::conn::{ConnectionId, ErrorSeen, Side, State};

/// How the lab's order begins that has a router send an ICMP error.
pub const ROUTER_SAYS: &str = "a router says: ";

/// Something that stands between the segments of a connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Aside {
    /// Nanoseconds since the Unix epoch, by the clock that stamps frames.
    pub time_ns: u64,
    /// The connection it belongs to; one that is yet to come where it comes before every segment.
    pub connection: ConnectionId,
    /// How many of the connection's segments come before it.
    pub row: u32,
    pub said: Said,
}

/// What is said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Said {
    /// A system call: `close(3) = 0`; one that waits as its begin, `read(4) ...`, and its end.
    Call {
        side: Side,
        text: String,
        /// It failed.
        failed: bool,
    },
    /// What the kernels say of their sockets; nothing of one that isn't on this machine, or of which nothing is known yet.
    Kernel(PerSide<Option<KernelEnd>>),
    /// What a kernel did, as its tracepoints tell.
    Deed { side: Side, deed: Deed },
    /// Something befell a host, a process or the wire.
    Order(String),
    /// An ICMP error about one of the connection's segments: the capture has it.
    Error(ErrorSeen),
}

/// A socket, as its kernel has it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KernelEnd {
    pub state: State,
    /// Known only where it was asked (sock_diag): tracepoints don't tell.
    pub queues: Option<Queues>,
    /// Which timer runs, as `ss` names it, and how long: `timewait 59 s`; empty where none does, or none was asked for.
    pub timer: String,
}

/// What waits in a socket.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Queues {
    /// Octets not read yet (`ss`: Recv-Q); an unread FIN counts.
    pub receive: u32,
    /// Sequence numbers not acknowledged yet (`ss`: Send-Q); a FIN counts.
    pub send: u32,
}

/// Something that a kernel did with one of its sockets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Deed {
    /// It sent an RST, for this reason: a name of its own, as `TCP_ABORT_ON_CLOSE`; empty where it tells none.
    SentReset(String),
    /// It took an RST for valid, and has this error (`ECONNRESET`) for the program; empty where it has none.
    TookReset(String),
    /// It sent a segment again.
    SentAgain,
    /// It has this error for the program.
    Error(String),
}

/// What a kernel told of one of its sockets; whose it is shows where it comes into the trace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Heard {
    /// Nanoseconds since the Unix epoch, by the clock that stamps frames.
    pub time_ns: u64,
    /// The socket's own address, and its peer's: with port 0 where the kernel doesn't tell it, as of an RST that a listener's port
    /// answers with.
    pub local: SocketAddr,
    pub remote: SocketAddr,
    pub word: Word,
}

/// What it told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Word {
    /// The socket is so now.
    End(KernelEnd),
    Deed(Deed),
}

impl Said {
    /// Whether a kernel says it.
    #[must_use]
    pub fn is_from_a_kernel(&self) -> bool {
        matches!(self, Said::Kernel(_) | Said::Deed { .. })
    }
}

impl KernelEnd {
    /// A socket of which only the state is known.
    #[must_use]
    pub fn new(state: State) -> KernelEnd {
        KernelEnd {
            state,
            ..KernelEnd::default()
        }
    }

    /// Octets not read yet, and sequence numbers not acknowledged yet; 0 where it wasn't asked.
    #[must_use]
    pub fn waiting(&self) -> Queues {
        self.queues.unwrap_or_default()
    }
}

/// A line of a connection's ladder.
#[derive(Clone, Copy, Debug)]
pub enum Entry<'a> {
    /// The connection's segment of this row, from 0.
    Segment(usize),
    Aside(&'a Aside),
}

/// One line: `1 5 kernel FIN-WAIT-2 0 0 timewait 59 s; CLOSE-WAIT 1 0 `, connection and row first.
/// Without its time, which its place tells.
impl fmt::Display for Aside {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} ", self.connection + 1, self.row)?;
        match &self.said {
            Said::Call { side, text, failed } => {
                let how = if *failed { "fails" } else { "calls" };
                write!(f, "{side} {how} {text}")
            }
            Said::Order(text) => write!(f, "order {text}"),
            Said::Error(seen) => {
                let (reporter, words) = (seen.error.reporter, seen.error.words());
                write!(f, "icmp {} {reporter} {words}", seen.about)
            }
            Said::Kernel(ends) => {
                let end = |side| ends[side].as_ref().map_or("-".into(), KernelEnd::to_string);
                write!(f, "kernel {}; {}", end(Side::Client), end(Side::Server))
            }
            Said::Deed { side, deed } => write!(f, "deed {side} {deed}"),
        }
    }
}

/// `sent-reset TCP_ABORT_ON_CLOSE`.
impl fmt::Display for Deed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Deed::SentReset(reason) => write!(f, "sent-reset {reason}"),
            Deed::TookReset(error) => write!(f, "took-reset {error}"),
            Deed::SentAgain => f.write_str("sent-again"),
            Deed::Error(error) => write!(f, "error {error}"),
        }
    }
}

impl fmt::Display for KernelEnd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (state, timer) = (self.state, &self.timer);
        match self.queues {
            Some(Queues { receive, send }) => write!(f, "{state} {receive} {send} {timer}"),
            None => write!(f, "{state} - - {timer}"),
        }
    }
}

impl Aside {
    /// Reads such a line; `None` if it isn't one.
    #[must_use]
    pub fn read(line: &str) -> Option<Aside> {
        let mut words = line.splitn(4, ' ');
        let connection = words.next()?.parse::<u32>().ok()?.checked_sub(1)?;
        let row = words.next()?.parse().ok()?;
        let (kind, rest) = (words.next()?, words.next()?);
        let said = match kind {
            "order" => Said::Order(rest.into()),
            "kernel" => {
                let (client, server) = rest.split_once("; ")?;
                Said::Kernel(PerSide {
                    client: read_end(client)?,
                    server: read_end(server)?,
                })
            }
            "deed" => {
                let (side, deed) = rest.split_once(' ')?;
                Said::Deed {
                    side: read_side(side)?,
                    deed: read_deed(deed)?,
                }
            }
            side => {
                let (how, text) = rest.split_once(' ')?;
                Said::Call {
                    side: read_side(side)?,
                    text: text.into(),
                    failed: how == "fails",
                }
            }
        };
        Some(Aside {
            time_ns: 0,
            connection,
            row,
            said,
        })
    }
}

fn read_side(name: &str) -> Option<Side> {
    Side::BOTH.into_iter().find(|side| side.name() == name)
}

fn read_deed(text: &str) -> Option<Deed> {
    let (what, name) = text.split_once(' ').unwrap_or((text, ""));
    Some(match what {
        "sent-reset" => Deed::SentReset(name.into()),
        "took-reset" => Deed::TookReset(name.into()),
        "sent-again" => Deed::SentAgain,
        "error" => Deed::Error(name.into()),
        _ => return None,
    })
}

/// One end; `Some(None)` where nothing is said of it.
#[expect(clippy::option_option, reason = "the outer one is for what isn't one")]
fn read_end(text: &str) -> Option<Option<KernelEnd>> {
    if text == "-" {
        return Some(None);
    }
    let mut words = text.splitn(4, ' ');
    let name = words.next()?;
    let state = State::ALL.into_iter().find(|state| state.name() == name)?;
    let queues = match (words.next()?, words.next()?) {
        ("-", "-") => None,
        (receive, send) => Some(Queues {
            receive: receive.parse().ok()?,
            send: send.parse().ok()?,
        }),
    };
    Some(Some(KernelEnd {
        state,
        queues,
        timer: words.next().unwrap_or_default().into(),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_of_an_aside_is_read_again() {
        for line in [
            "1 3 client calls close(3) = 0",
            "1 7 server fails send(4, 1 byte) = EPIPE, SIGPIPE",
            "2 0 order the wire is cut",
            "1 5 kernel FIN-WAIT-2 0 0 timewait 59 s; CLOSE-WAIT 1 0 ",
            "1 5 kernel FIN-WAIT-2 - - ; -",
            "1 6 deed client sent-reset TCP_ABORT_ON_CLOSE",
            "1 6 deed server took-reset ECONNRESET",
            "1 7 deed server sent-again",
            "1 8 deed client error ETIMEDOUT",
        ] {
            assert_eq!(Aside::read(line).unwrap().to_string(), line);
        }
        for wrong in [
            "1 3 nobody calls close(3)",
            "1 6 deed nobody sent-again",
            "1 6 deed client slept",
            "1 5 kernel -; FIN-WAIT-3 0 0 ",
            "1 5 kernel -; FIN-WAIT-2 - 0 ",
        ] {
            assert_eq!(Aside::read(wrong), None, "{wrong}");
        }
    }
}
