//! The lines of a trace_pipe, in which the kernel tells its events as text.
//!
//! ```text
//!   nginx-4242    [000] ..s2. 1795292753.552411: inet_sock_set_state: family=AF_INET ... oldstate=TCP_ESTABLISHED newstate=TCP_CLOSE_WAIT
//! ```
//!
//! What stands before the time is the name of whatever program ran: anything. It has at most 15 octets, fewer than a name of
//! an event between its colons, and so can't pretend to be one.

use std::net::{IpAddr, SocketAddr};

use rustix::io::Errno;

use crate::conn::State;
use crate::trace::Deed;

/// Octets of a line; longer ones are none of the kernel's.
const LONGEST: usize = 1024;

/// The events, as they stand in a line.
const MARKS: [(&str, Event); 5] = [
    (": inet_sock_set_state: ", Event::State),
    (": tcp_send_reset: ", Event::SendReset),
    (": tcp_receive_reset: ", Event::ReceiveReset),
    (": tcp_retransmit_skb: ", Event::Retransmit),
    (": inet_sk_error_report: ", Event::Error),
];

#[derive(Clone, Copy)]
enum Event {
    State,
    SendReset,
    ReceiveReset,
    Retransmit,
    Error,
}

/// What a line tells.
#[derive(Debug, PartialEq, Eq)]
pub enum Line {
    Told(Told),
    /// So many events came faster than they were read.
    Lost(u64),
}

/// An event.
#[derive(Debug, PartialEq, Eq)]
pub struct Told {
    /// Microseconds of the trace's clock.
    pub clock_us: u64,
    pub local: SocketAddr,
    pub remote: SocketAddr,
    pub what: What,
}

#[derive(Debug, PartialEq, Eq)]
pub enum What {
    Changed { from: State, to: State },
    Deed(Deed),
}

/// Puts lines together out of what comes, in memory that is bounded.
#[derive(Debug, Default)]
pub struct Lines {
    begun: Vec<u8>,
    /// The line under way is too long.
    is_long: bool,
}

impl Lines {
    /// Hands on what the lines tell that end in `octets`.
    pub fn take(&mut self, octets: &[u8], mut told: impl FnMut(Line)) {
        for part in octets.split_inclusive(|octet| *octet == b'\n') {
            let (text, ends) = match part.split_last() {
                Some((b'\n', text)) => (text, true),
                _ => (part, false),
            };
            self.is_long |= self.begun.len() + text.len() > LONGEST;
            if !self.is_long {
                self.begun.extend(text);
            }
            if ends {
                if !self.is_long {
                    parse(&self.begun).into_iter().for_each(&mut told);
                }
                self.begun.clear();
                self.is_long = false;
            }
        }
    }
}

/// One line; `None` for any that tells nothing of a connection.
fn parse(line: &[u8]) -> Option<Line> {
    if let Some(lost) = lost(line) {
        return Some(Line::Lost(lost));
    }
    let (event, at, length) = MARKS.iter().find_map(|(mark, event)| {
        let at = find(line, mark.as_bytes())?;
        Some((*event, at, mark.len()))
    })?;
    let before = std::str::from_utf8(line.get(..at)?.rsplit(|it| *it == b' ').next()?).ok()?;
    let fields = Fields(std::str::from_utf8(line.get(at + length..)?).ok()?);
    let (local, remote) = ends(&fields)?;
    let what = match event {
        Event::State => {
            if fields.get("protocol") != Some("IPPROTO_TCP") {
                return None;
            }
            What::Changed {
                from: state(fields.get("oldstate")?)?,
                to: state(fields.get("newstate")?)?,
            }
        }
        Event::SendReset => {
            // Older kernels tell none.
            let reason = fields.get("reason").unwrap_or_default();
            What::Deed(Deed::SentReset(name(reason)?))
        }
        Event::ReceiveReset => What::Deed(Deed::TookReset(String::new())),
        Event::Retransmit => What::Deed(Deed::SentAgain),
        Event::Error => match fields.get("error")?.parse().ok()? {
            0 => return None,
            number => What::Deed(Deed::Error(errno(number))),
        },
    };
    Some(Line::Told(Told {
        clock_us: microseconds(before)?,
        local,
        remote,
        what,
    }))
}

/// `CPU:0 [LOST 123 EVENTS]`.
fn lost(line: &[u8]) -> Option<u64> {
    let text = std::str::from_utf8(line.strip_prefix(b"CPU:")?).ok()?;
    let (_, rest) = text.split_once(" [LOST ")?;
    rest.strip_suffix(" EVENTS]")?.parse().ok()
}

fn find(text: &[u8], part: &[u8]) -> Option<usize> {
    text.windows(part.len()).position(|window| window == part)
}

/// `1795292753.552411`.
fn microseconds(text: &str) -> Option<u64> {
    let (seconds, fraction) = text.split_once('.')?;
    if fraction.len() != 6 {
        return None;
    }
    let number = |text: &str| {
        let all_digits = text.bytes().all(|octet| octet.is_ascii_digit());
        all_digits.then(|| text.parse::<u64>().ok())?
    };
    number(seconds)?
        .checked_mul(1_000_000)?
        .checked_add(number(fraction)?)
}

/// `key=value key=value`.
struct Fields<'a>(&'a str);

impl<'a> Fields<'a> {
    fn get(&self, key: &str) -> Option<&'a str> {
        let value = |word: &'a str| word.strip_prefix(key)?.strip_prefix('=');
        self.0.split(' ').find_map(value)
    }
}

/// Whose socket, and its peer. An IPv4 address mapped into IPv6 is told as IPv4, as the capture has it.
fn ends(fields: &Fields<'_>) -> Option<(SocketAddr, SocketAddr)> {
    if let (Some(src), Some(dest)) = (fields.get("src"), fields.get("dest")) {
        let end = |text: &str| {
            let end = text.parse::<SocketAddr>().ok()?;
            Some(SocketAddr::new(end.ip().to_canonical(), end.port()))
        };
        let (local, remote) = (end(src)?, end(dest)?);
        // Where only a listener is there, the event tells of no peer.
        return (local.port() != 0).then_some((local, remote));
    }
    let keys = match fields.get("family")? {
        "AF_INET" => ["saddr", "daddr"],
        "AF_INET6" => ["saddrv6", "daddrv6"],
        _ => return None,
    };
    let end = |address: &str, port: &str| {
        let ip: IpAddr = fields.get(address)?.parse().ok()?;
        let port = fields.get(port)?.parse().ok()?;
        Some(SocketAddr::new(ip.to_canonical(), port))
    };
    known(end(keys[0], "sport")?, end(keys[1], "dport")?)
}

/// A socket that has no port or no peer yet is no connection.
fn known(local: SocketAddr, remote: SocketAddr) -> Option<(SocketAddr, SocketAddr)> {
    (local.port() != 0 && remote.port() != 0).then_some((local, remote))
}

fn state(name: &str) -> Option<State> {
    Some(match name {
        "TCP_ESTABLISHED" => State::Established,
        "TCP_SYN_SENT" => State::SynSent,
        "TCP_SYN_RECV" | "TCP_NEW_SYN_RECV" => State::SynReceived,
        "TCP_FIN_WAIT1" => State::FinWait1,
        "TCP_FIN_WAIT2" => State::FinWait2,
        "TCP_TIME_WAIT" => State::TimeWait,
        "TCP_CLOSE" => State::Closed,
        "TCP_CLOSE_WAIT" => State::CloseWait,
        "TCP_LAST_ACK" => State::LastAck,
        "TCP_LISTEN" => State::Listen,
        "TCP_CLOSING" => State::Closing,
        _ => return None,
    })
}

/// A name of the kernel's: `TCP_STATE`, or a number that it has no name for, `0x1a`.
fn name(text: &str) -> Option<String> {
    const LONGEST_NAME: usize = 48;
    let plain = |octet: u8| octet.is_ascii_alphanumeric() || octet == b'_';
    (text.len() <= LONGEST_NAME && text.bytes().all(plain)).then(|| text.into())
}

/// As `errno -l` names those that befall a TCP connection.
fn errno(number: i32) -> String {
    let known = [
        (Errno::PIPE, "EPIPE"),
        (Errno::CONNRESET, "ECONNRESET"),
        (Errno::CONNREFUSED, "ECONNREFUSED"),
        (Errno::CONNABORTED, "ECONNABORTED"),
        (Errno::TIMEDOUT, "ETIMEDOUT"),
        (Errno::HOSTUNREACH, "EHOSTUNREACH"),
        (Errno::NETUNREACH, "ENETUNREACH"),
        (Errno::NOPROTOOPT, "ENOPROTOOPT"),
        (Errno::HOSTDOWN, "EHOSTDOWN"),
        (Errno::MSGSIZE, "EMSGSIZE"),
        (Errno::PROTO, "EPROTO"),
        (Errno::ACCESS, "EACCES"),
        (Errno::NOBUFS, "ENOBUFS"),
        (Errno::NOMEM, "ENOMEM"),
    ];
    let name = known
        .iter()
        .find(|(errno, _)| errno.raw_os_error() == number);
    name.map_or_else(|| format!("errno {number}"), |(_, name)| (*name).into())
}

#[cfg(test)]
mod tests;
