//! What each program saw: what its next read() and write() return, as Linux was measured to do
//! (the receiver's state decides), and how much of what it sent the other side can't have read. By
//! the end of the capture; `moment.rs` has the same after any one segment.

mod moment;

pub use moment::after;

use super::cause::{Cause, CauseId, silence};
use super::ending::{Ending, Kind};
use super::numbers::counted;
use crate::conn::{Connection, ConnectionId, ResetSeen, Side, State};
use crate::trace::Trace;
use crate::wire::{Flags, Seq};

/// What a call returns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// What was received and not yet read.
    Data,
    /// read() returns 0, for ever.
    Eof,
    /// Nothing yet: the call waits.
    Waits,
    /// The octets are taken; whether anybody reads them isn't known.
    Taken,
    /// -1 and this errno, once; EPIPE each time, with SIGPIPE.
    Fails(&'static str),
}

impl Outcome {
    /// The name in the JSON output.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Outcome::Data => "data",
            Outcome::Eof => "EOF",
            Outcome::Waits => "waits",
            Outcome::Taken => "taken",
            Outcome::Fails(errno) => errno,
        }
    }

    fn words(self) -> &'static str {
        match self {
            Outcome::Data => "what is left",
            Outcome::Eof => "0 (end of file)",
            Outcome::Waits => "nothing yet",
            Outcome::Taken => "succeeds",
            Outcome::Fails("EPIPE") => "EPIPE and SIGPIPE",
            Outcome::Fails(errno) => errno,
        }
    }

    /// For tables.
    fn short(self) -> &'static str {
        match self {
            Outcome::Waits => "waits",
            Outcome::Fails("EPIPE") => "EPIPE+SIGPIPE",
            other => other.words(),
        }
    }
}

/// Why a program has no socket to read from or write to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Absent {
    /// It has closed it, or aborted.
    #[default]
    Closed,
    /// It answered data with RST: closed, or shut down both ways.
    MaybeShut,
    /// It never had one for this connection.
    Never,
    /// The handshake isn't complete: accept() hasn't returned it.
    NotYet,
}

impl Absent {
    fn words(self) -> &'static str {
        match self {
            Absent::Closed => "its socket is closed: nobody is told",
            Absent::MaybeShut => {
                "its socket is closed: nobody is told; after shutdown() of both directions read() gives 0, write() \
                 EPIPE"
            }
            Absent::Never => "it has no socket for this connection",
            Absent::NotYet => "accept() hasn't returned this connection",
        }
    }
}

/// What one side's program sees from now on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Program {
    /// The next reads, each until the one after it; empty if it has no open socket any more.
    pub read: Vec<Outcome>,
    /// The next writes.
    pub write: Vec<Outcome>,
    /// What connect() returns, where the connection isn't open.
    pub connect: Option<Outcome>,
    /// Why there is nothing to read from or write to, if so.
    pub absent: Absent,
    /// Octets it sent that the other side can't have read: never acknowledged, and the connection
    /// is gone.
    pub undelivered: u64,
    /// The other side aborted with some of what it had acknowledged unread, as far as can be told:
    /// at most so many octets.
    pub discarded: u64,
    /// It has sent its FIN: after close() it has no socket to read from or write to.
    pub maybe_closed: bool,
    /// Data came with the very segment: it can't have been read before.
    pub fresh: bool,
}

impl Program {
    /// `read(): ECONNRESET, then 0 (end of file). write(): ...`
    #[must_use]
    pub fn sentence(&self) -> String {
        let mut parts = Vec::new();
        match self.connect {
            Some(Outcome::Fails(errno)) => parts.push(format!("connect() fails with {errno}")),
            Some(_) => parts.push("connect() still waits".into()),
            None => {}
        }
        let write_words = |outcome| match outcome {
            Outcome::Waits => "waits for room",
            other => other.words(),
        };
        let words: [fn(Outcome) -> &'static str; 2] = [Outcome::words, write_words];
        let calls = [("read", &self.read), ("write", &self.write)];
        for ((call, outcomes), words) in calls.into_iter().zip(words) {
            if !outcomes.is_empty() {
                parts.push(format!("{call}(): {}", self.chain(outcomes, words)));
            }
        }
        if parts.is_empty() {
            parts.push(self.absent.words().into());
        } else if self.maybe_closed {
            parts[0].insert_str(0, "if its socket is still open, ");
        }
        if self.undelivered > 0 {
            let octets = counted(self.undelivered, "byte");
            parts.push(format!(
                "{octets} it sent can't have been read by the other side"
            ));
        }
        if self.discarded > 0 {
            let octets = counted(self.discarded, "byte");
            parts.push(format!("up to {octets} it sent perhaps thrown away unread"));
        }
        parts.join("; ")
    }
}

impl Program {
    /// `what is left, then 0 (end of file)`.
    fn chain(&self, outcomes: &[Outcome], words: impl Fn(Outcome) -> &'static str) -> String {
        let words = outcomes.iter().map(|outcome| match outcome {
            Outcome::Data if self.fresh => "data",
            outcome => words(*outcome),
        });
        words.collect::<Vec<_>>().join(", then ")
    }

    /// What the next read() gives, for a table: `if open: waits`.
    #[must_use]
    pub fn next_read(&self) -> String {
        self.next("read", &self.read)
    }

    /// What the next write() gives, for a table.
    #[must_use]
    pub fn next_write(&self) -> String {
        self.next("write", &self.write)
    }

    fn next(&self, call: &str, outcomes: &[Outcome]) -> String {
        match (self.connect, self.absent) {
            (Some(Outcome::Fails(errno)), _) => return format!("connect(): {errno}"),
            (Some(_), _) => return "connect() waits".into(),
            (None, _) if !outcomes.is_empty() => {}
            (None, Absent::Closed) => return "socket closed".into(),
            (None, Absent::MaybeShut) if call == "read" => return "socket closed, or 0".into(),
            (None, Absent::MaybeShut) => return "socket closed, or EPIPE".into(),
            (None, Absent::Never) => return "no socket".into(),
            (None, Absent::NotYet) => return "not accepted yet".into(),
        }
        let open = if self.maybe_closed { "if open: " } else { "" };
        format!("{open}{}", self.chain(outcomes, Outcome::short))
    }
}

/// What a side's program sees from now on.
#[must_use]
pub fn program(trace: &Trace, id: ConnectionId, side: Side, ending: &Ending) -> Program {
    let connection = trace.connection(id);
    let end = &connection.ends[side];
    let up_to = if end.deaf { end.acked } else { end.rcv_nxt };
    let received = has_received(&connection, side, up_to);
    let calls = match (ending.kind, connection.reset) {
        (Kind::Reset, Some(reset)) => {
            reset_calls(reset, side, connection.ends[side].state, &ending.causes)
        }
        (Kind::Refused | Kind::Unanswered, _) if side == Side::Server => {
            Calls::absent(Absent::Never)
        }
        (Kind::Refused, _) => Calls::connect(Outcome::Fails("ECONNREFUSED")),
        (Kind::TimedOut | Kind::Unanswered, _) => timed_out(trace, id, side),
        _ => Calls::of(connection.ends[side].state),
    };
    let mut read = calls.read;
    if received && !read.is_empty() {
        read.insert(0, Outcome::Data);
    }
    let unacknowledged = unacknowledged(trace, id, side);
    let acknowledged = connection.ends[side]
        .octets_sent
        .saturating_sub(unacknowledged);
    let is_gone = matches!(ending.kind, Kind::Reset | Kind::TimedOut);
    let may_be_unread = ending
        .causes
        .iter()
        .any(|cause| cause.id == CauseId::UnreadData);
    Program {
        read,
        write: calls.write,
        connect: calls.connect,
        undelivered: if is_gone { unacknowledged } else { 0 },
        discarded: if may_be_unread && ending.reset_by == Some(side.peer()) {
            acknowledged
        } else {
            0
        },
        absent: calls.absent,
        maybe_closed: connection.ends[side].fin.is_some(),
        fresh: false,
    }
}

/// Whether any data has reached a side that has received all before `up_to`, as far as is known.
fn has_received(connection: &Connection, side: Side, up_to: Option<Seq>) -> bool {
    let peer = &connection.ends[side.peer()];
    let (Some(up_to), Some(zero)) = (up_to, peer.zero) else {
        return peer.octets_sent > 0;
    };
    let fin = u32::from(peer.fin_covered_by(up_to));
    up_to.after(zero + 1 + fin)
}

#[derive(Default)]
struct Calls {
    read: Vec<Outcome>,
    write: Vec<Outcome>,
    connect: Option<Outcome>,
    absent: Absent,
}

impl Calls {
    fn connect(outcome: Outcome) -> Calls {
        Calls {
            connect: Some(outcome),
            ..Calls::default()
        }
    }

    fn absent(absent: Absent) -> Calls {
        Calls {
            absent,
            ..Calls::default()
        }
    }

    /// An error that is pending is given once, to whoever comes first.
    fn pending(errno: &'static str) -> Calls {
        Calls {
            read: vec![Outcome::Fails(errno), Outcome::Eof],
            write: vec![Outcome::Fails(errno), Outcome::Fails("EPIPE")],
            ..Calls::default()
        }
    }

    /// In a state that lasts.
    fn of(state: State) -> Calls {
        let (read, write) = match state {
            State::Established => (vec![Outcome::Waits], vec![Outcome::Taken]),
            State::CloseWait => (vec![Outcome::Eof], vec![Outcome::Taken]),
            State::FinWait1 | State::FinWait2 => {
                (vec![Outcome::Waits], vec![Outcome::Fails("EPIPE")])
            }
            State::Closing | State::LastAck | State::TimeWait | State::Closed => {
                (vec![Outcome::Eof], vec![Outcome::Fails("EPIPE")])
            }
            State::SynSent => return Calls::connect(Outcome::Waits),
            State::Listen => return Calls::absent(Absent::Never),
            State::SynReceived => return Calls::absent(Absent::NotYet),
        };
        Calls {
            read,
            write,
            ..Calls::default()
        }
    }
}

/// After an RST that counted: what its receiver was in decides. `now`: the state it left; `causes`: the
/// likeliest first.
fn reset_calls(reset: ResetSeen, side: Side, now: State, causes: &[Cause]) -> Calls {
    if reset.by == side && !reset.denied {
        // Who aborts or answers for a closed socket has no socket; who gave up waiting has.
        return match causes.first().map(|cause| cause.id) {
            Some(CauseId::KeepAliveTimeout) => Calls::pending("ETIMEDOUT"),
            Some(CauseId::DataAfterClose) => Calls::absent(Absent::MaybeShut),
            _ => Calls::default(),
        };
    }
    if now != State::Closed {
        // As far as is known, the RST never came.
        return Calls::of(now);
    }
    let before = if reset.by == side {
        reset.states.0
    } else {
        reset.states.1
    };
    match before {
        State::Established | State::FinWait1 | State::FinWait2 => Calls::pending("ECONNRESET"),
        State::CloseWait => Calls {
            read: vec![Outcome::Eof],
            write: vec![Outcome::Fails("EPIPE")],
            ..Calls::default()
        },
        State::SynSent => Calls::connect(Outcome::Fails("ECONNREFUSED")),
        State::SynReceived => Calls::absent(Absent::Never),
        _ => Calls::default(),
    }
}

/// After a time-out: who repeated itself hears of it, unless it had closed.
fn timed_out(trace: &Trace, id: ConnectionId, side: Side) -> Calls {
    let connection = trace.connection(id);
    let state = connection.ends[side].state;
    let Some(silence) = silence(trace, id).filter(|silence| silence.by == side && silence.given_up)
    else {
        return Calls::of(state);
    };
    let errno = silence.errno();
    match state {
        State::SynSent => Calls::connect(Outcome::Fails(errno)),
        State::Established | State::FinWait1 => Calls::pending(errno),
        State::CloseWait => Calls {
            read: vec![Outcome::Eof],
            ..Calls::pending(errno)
        },
        _ => Calls::default(),
    }
}

/// Octets of data a side sent that were never acknowledged.
fn unacknowledged(trace: &Trace, id: ConnectionId, side: Side) -> u64 {
    let connection = trace.connection(id);
    let end = &connection.ends[side];
    let (Some(mut una), Some(nxt)) = (end.snd_una, end.snd_nxt) else {
        return 0;
    };
    if let Some(acked) = connection.ends[side.peer()].acked {
        una = una.max(acked);
    }
    let outstanding = if nxt.after(una) { nxt - una } else { 0 };
    let fin = u32::from(end.fin.is_some_and(|fin| !fin.before(una)));
    let syn = u32::from(end.iss == Some(una));
    let taken = closing_acknowledgement(trace, id, side)
        .map_or(0, |ack| if ack.after(una) { ack - una } else { 0 });
    outstanding
        .saturating_sub(fin + syn)
        .saturating_sub(taken)
        .into()
}

/// What the RST itself still acknowledges.
fn closing_acknowledgement(trace: &Trace, id: ConnectionId, side: Side) -> Option<Seq> {
    let reset = trace.connection(id).reset?;
    let record = trace.row(id, reset.row as usize);
    (reset.by != side && record.flags.has(Flags::ACK)).then_some(record.ack)
}

#[cfg(test)]
mod tests;
