//! What one segment does, in a sentence or two for the person who just typed `ss -t` and is
//! puzzled.

use super::fate::fate;
use super::numbers::{counted, grouped};
use crate::conn::state::PerSide;
use crate::conn::{ConnectionId, Note, Side, State};
use crate::trace::{Record, Trace};
use crate::wire::Flags;

/// The sentences for row `row` of a connection. What a program sees is what Linux was measured to
/// do.
#[must_use]
pub fn sentence(trace: &Trace, connection: ConnectionId, row: usize) -> String {
    let does = what_it_does(trace, connection, row);
    match fate(trace, connection, row).sentence() {
        Some(lost) => format!("{lost} {does}"),
        None => does,
    }
}

fn what_it_does(trace: &Trace, connection: ConnectionId, row: usize) -> String {
    let record = trace.row(connection, row);
    let before = trace.states_before(connection, row);
    let me = record.from;
    let flags = record.flags;
    if let Some(again) = repeated(&record).filter(|_| record.states == before) {
        return again.into();
    }
    if flags.has(Flags::RST) {
        return reset(trace, &record, before);
    }
    if flags.has(Flags::SYN) {
        return if flags.has(Flags::ACK) {
            format!(
                "The {me} accepts. The {}'s connect() returns 0.  RFC 9293 3.5",
                me.peer()
            )
        } else {
            format!("The {me} asks for a connection: connect().  RFC 9293 3.5")
        };
    }
    if flags.has(Flags::FIN) {
        return fin(&record, before);
    }
    if record.len > 0 {
        return data(&record, before);
    }
    acknowledgement(trace, &record, before)
}

/// Segments that carry nothing new.
fn repeated(record: &Record) -> Option<&'static str> {
    let sentences = [
        (
            Note::SynRetransmission,
            "The SYN again: the first one, or the answer to it, was lost or is late.",
        ),
        (
            Note::FinRetransmission,
            "The FIN again: the first one, or its acknowledgement, was lost. Nothing moves.",
        ),
        (
            Note::Retransmission,
            "Sent before: the first one, or its acknowledgement, was lost. Nothing moves.",
        ),
        (
            Note::KeepAlive,
            "A keep-alive probe: it asks for an acknowledgement and carries nothing new.",
        ),
        (
            Note::WindowProbe,
            "A window probe: the window was 0, and it asks whether there is room again.  RFC 9293 3.8.6.1",
        ),
        (
            Note::ChallengeAck,
            "A challenge ACK: what came before doesn't count; a true RST would answer this one.  RFC 5961 3.2",
        ),
        (
            Note::ResetIgnored,
            "Not at the sequence number expected next: this RST does not count.  RFC 5961 3.2",
        ),
    ];
    sentences
        .into_iter()
        .find(|(note, _)| record.notes.has(*note))
        .map(|(_, text)| text)
}

fn fin(record: &Record, before: PerSide<State>) -> String {
    let (me, peer) = (record.from, record.from.peer());
    let data = match record.len {
        0 => String::new(),
        len => format!("{}, the last: ", counted(len.into(), "byte")),
    };
    if record.states[peer] == State::Established {
        return format!(
            "{data}The {me} will send no more; but the {peer} didn't get this FIN, or waits for what is \
             missing before it.  RFC 9293 3.10.7.4"
        );
    }
    if before[peer] == State::Established {
        return format!(
            "{data}The {me} will send no more: close(), shutdown(SHUT_WR) or exit. The {peer}'s read() \
             returns 0 once all is read; it may still send, perhaps to nobody.  RFC 9293 3.6"
        );
    }
    match record.states[peer] {
        State::TimeWait => format!(
            "{data}The {me} closes too. The {peer} has now sent and received both FINs: its TIME-WAIT absorbs late \
             segments.  RFC 9293 3.6"
        ),
        State::Closing => {
            format!("{data}The FINs crossed: neither acknowledges the other yet.  RFC 9293 3.6")
        }
        _ => format!("{data}The {me} will send no more.  RFC 9293 3.6"),
    }
}

fn reset(trace: &Trace, record: &Record, before: PerSide<State>) -> String {
    let (me, peer) = (record.from, record.from.peer());
    let connection = trace.connection(record.connection);
    if connection.reset.is_some_and(|reset| reset.refused) {
        return format!(
            "Nothing listens there, or a firewall refuses for it. The {peer}'s connect() fails with \
             ECONNREFUSED.  RFC 9293 3.5.3"
        );
    }
    if record.states[peer] != State::Closed {
        return format!(
            "The {me} gives up its side; as far as is known, this RST doesn't reach the {peer}.  RFC 9293 3.5.3"
        );
    }
    let seen = match before[peer] {
        State::CloseWait => {
            format!(
                "The {peer}'s read() goes on returning 0; its next write() fails with EPIPE (and SIGPIPE)."
            )
        }
        State::Established | State::FinWait1 | State::FinWait2 => format!(
            "What the {peer} still has unread can be read; then read() or write() fails with ECONNRESET, once."
        ),
        _ => format!("No program at the {peer} is told."),
    };
    format!(
        "The {me} has no connection here any more: both ends are CLOSED at once. {seen}  RFC 9293 3.5.3"
    )
}

fn data(record: &Record, before: PerSide<State>) -> String {
    let (me, peer) = (record.from, record.from.peer());
    let carried = format!(
        "{} from the {me} to the {peer}.",
        counted(record.len.into(), "byte")
    );
    match before[peer] {
        State::FinWait1 | State::FinWait2 => format!(
            "{carried} The {peer} has sent its FIN: after shutdown(SHUT_WR) its program can read this; after close() \
             nobody can, and an RST answers."
        ),
        _ => carried,
    }
}

fn acknowledgement(trace: &Trace, record: &Record, before: PerSide<State>) -> String {
    let (me, peer) = (record.from, record.from.peer());
    match (before[peer], record.states[peer]) {
        (State::SynReceived, State::Established) => {
            format!("The handshake is complete: the {peer}'s accept() returns.  RFC 9293 3.5")
        }
        (State::FinWait1, State::FinWait2) => format!(
            "The {me}'s TCP has the {peer}'s FIN; whether its program has read that far isn't known. The {peer} waits \
             for the {me} to close.  RFC 9293 3.6"
        ),
        (State::LastAck, State::Closed) => {
            format!(
                "The {peer}'s FIN is acknowledged: its connection is gone. The {me} waits in TIME-WAIT."
            )
        }
        (State::Closing, State::TimeWait) => {
            format!("The {peer}'s FIN is acknowledged.  RFC 9293 3.6")
        }
        _ => plain_acknowledgement(trace, record, peer),
    }
}

fn plain_acknowledgement(trace: &Trace, record: &Record, peer: Side) -> String {
    if !record.flags.has(Flags::ACK) {
        return "Neither flags nor data: no program sends this.".into();
    }
    let up_to = grouped(trace.relative(record.connection, peer, record.ack).into());
    let more = if record.notes.has(Note::ZeroWindow) {
        format!(" Its window is 0: the {peer} must stop sending.")
    } else if record.notes.has(Note::DuplicateAck) {
        " The same as before: it waits for something that is missing, or got something twice."
            .into()
    } else if record.notes.has(Note::WindowUpdate) {
        " Only the window is new.".into()
    } else {
        String::new()
    };
    format!("The {} has everything before {up_to}.{more}", record.from)
}
