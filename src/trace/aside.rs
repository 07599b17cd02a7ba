//! What is told beside the segments: what a program did, what its kernel says (captures hold none of it; the lab does), and
//! the ICMP errors.

use std::fmt;

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
    /// What both kernels say of their sockets (sock_diag).
    Kernel(PerSide<KernelEnd>),
    /// Something befell a host, a process or the wire.
    Order(String),
    /// An ICMP error about one of the connection's segments: the capture has it.
    Error(ErrorSeen),
}

/// A socket, as its kernel has it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KernelEnd {
    pub state: State,
    /// Octets not read yet (`ss`: Recv-Q); an unread FIN counts.
    pub receive_queue: u32,
    /// Sequence numbers not acknowledged yet (`ss`: Send-Q); a FIN counts.
    pub send_queue: u32,
    /// Which timer runs, as `ss` names it, and how long: `timewait 59 s`; empty where none does.
    pub timer: String,
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
            Said::Kernel(ends) => write!(f, "kernel {}; {}", ends.client, ends.server),
        }
    }
}

impl fmt::Display for KernelEnd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let KernelEnd {
            state,
            receive_queue,
            send_queue,
            timer,
        } = self;
        write!(f, "{state} {receive_queue} {send_queue} {timer}")
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
            side => {
                let (how, text) = rest.split_once(' ')?;
                Said::Call {
                    side: *Side::BOTH.iter().find(|known| known.name() == side)?,
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

fn read_end(text: &str) -> Option<KernelEnd> {
    let mut words = text.splitn(4, ' ');
    let name = words.next()?;
    Some(KernelEnd {
        state: State::ALL.into_iter().find(|state| state.name() == name)?,
        receive_queue: words.next()?.parse().ok()?,
        send_queue: words.next()?.parse().ok()?,
        timer: words.next().unwrap_or_default().into(),
    })
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
        ] {
            assert_eq!(Aside::read(line).unwrap().to_string(), line);
        }
        assert_eq!(Aside::read("1 3 nobody calls close(3)"), None);
    }
}
