//! What is told of a segment to other programs, field by field: JSON's line and CSV's, of which there may be millions, are
//! put together from it without anything in between.

use std::fmt;
use std::io::Write as _;
use std::net::SocketAddr;

use crate::trace::{Record, Trace};
use crate::wire::{Flags, Seq};

/// More octets than a segment's line takes.
pub(super) const LINE: usize = 1024;

/// Takes a segment's fields in their order.
pub(super) trait Fields {
    fn number(&mut self, name: &str, number: impl itoa::Integer);
    /// A text in which nothing has to be escaped.
    fn text(&mut self, name: &str, text: impl FnOnce(&mut Vec<u8>));
    fn names(&mut self, name: &str, names: impl IntoIterator<Item = &'static str>);
    /// A segment has no such field.
    fn none(&mut self, name: &str);
}

/// Tells a segment. The names are documented in docs/json.md, and stay.
pub(super) fn tell(trace: &Trace, record: &Record, to: &mut impl Fields) {
    // Looked at once: there may be millions.
    let connection = trace.connection(record.connection);
    let addresses = connection.addresses;
    let relative = |side, seq: Seq| connection.ends[side].zero.map_or(seq.0, |zero| seq - zero);
    let (from, peer) = (record.from, record.from.peer());
    let has_ack = record.flags.has(Flags::ACK);
    to.number("frame", record.place.frame);
    to.number("time_ns", record.time_ns);
    to.number("connection", record.connection + 1);
    to.text("from", word(from.name()));
    to.text("src", |out| address(out, addresses[from]));
    to.text("dst", |out| address(out, addresses[peer]));
    to.text("flags", |out| shown(out, &record.flags));
    to.number("seq", record.seq.0);
    if has_ack {
        to.number("ack", record.ack.0);
    } else {
        to.none("ack");
    }
    to.number("seq_rel", relative(from, record.seq));
    if has_ack {
        to.number("ack_rel", relative(peer, record.ack));
    } else {
        to.none("ack_rel");
    }
    to.number("len", record.len);
    to.number("win", record.wnd);
    to.text("client_state", word(record.states.client.name()));
    to.text("server_state", word(record.states.server.name()));
    to.text("state_certainty", word(record.weakest().name()));
    to.names("notes", record.notes.names());
}

/// Appends digits.
pub(super) fn digits(out: &mut Vec<u8>, number: impl itoa::Integer) {
    let mut digits = itoa::Buffer::new();
    out.extend_from_slice(digits.format(number).as_bytes());
}

/// A word that is to be appended.
pub(super) fn word(word: &'static str) -> impl FnOnce(&mut Vec<u8>) {
    move |out| out.extend_from_slice(word.as_bytes())
}

fn shown(out: &mut Vec<u8>, shown: &impl fmt::Display) {
    // Writing into memory doesn't fail.
    let _ = write!(out, "{shown}");
}

/// Without `fmt`, which took a third of the time of a capture's lines.
fn address(out: &mut Vec<u8>, address: SocketAddr) {
    let SocketAddr::V4(v4) = address else {
        return shown(out, &address);
    };
    for (octet, behind) in v4.ip().octets().into_iter().zip(*b"...:") {
        digits(out, octet);
        out.push(behind);
    }
    digits(out, v4.port());
}
