//! A segment's line, the one of which there are millions: put together field by field, since serde's took a quarter of the
//! time of a capture. None of its texts has anything to escape.

use std::fmt;
use std::io::Write;
use std::net::SocketAddr;

use crate::trace::{Record, Trace};
use crate::wire::{Flags, Seq};

/// More than a line takes.
const LINE: usize = 1024;

/// Appends the line.
pub(super) fn segment(out: &mut Vec<u8>, trace: &Trace, record: &Record) {
    // Looked at once: there may be millions.
    let connection = trace.connection(record.connection);
    let addresses = connection.addresses;
    let relative = |side, seq: Seq| connection.ends[side].zero.map_or(seq.0, |zero| seq - zero);
    let (from, to) = (record.from, record.from.peer());
    let has_ack = record.flags.has(Flags::ACK);
    out.reserve(LINE);
    out.extend_from_slice(br#"{"type":"segment""#);
    let mut fields = Fields(out);
    fields.number("frame", record.place.frame);
    fields.number("time_ns", record.time_ns);
    fields.number("connection", record.connection + 1);
    fields.text("from", from.name());
    fields.address("src", addresses[from]);
    fields.address("dst", addresses[to]);
    fields.shown("flags", &record.flags);
    fields.number("seq", record.seq.0);
    if has_ack {
        fields.number("ack", record.ack.0);
    }
    fields.number("seq_rel", relative(from, record.seq));
    if has_ack {
        fields.number("ack_rel", relative(to, record.ack));
    }
    fields.number("len", record.len);
    fields.number("win", record.wnd);
    fields.text("client_state", record.states.client.name());
    fields.text("server_state", record.states.server.name());
    fields.text("state_certainty", record.weakest().name());
    fields.names("notes", record.notes.names());
    out.extend_from_slice(b"}\n");
}

/// Where fields are appended to, each behind another one.
struct Fields<'a>(&'a mut Vec<u8>);

impl Fields<'_> {
    fn name(&mut self, name: &str) {
        self.0.extend_from_slice(b",\"");
        self.0.extend_from_slice(name.as_bytes());
        self.0.extend_from_slice(b"\":");
    }

    fn digits(&mut self, number: impl itoa::Integer) {
        let mut digits = itoa::Buffer::new();
        self.0.extend_from_slice(digits.format(number).as_bytes());
    }

    fn number(&mut self, name: &str, number: impl itoa::Integer) {
        self.name(name);
        self.digits(number);
    }

    fn text(&mut self, name: &str, text: &str) {
        self.name(name);
        self.quoted(text);
    }

    fn quoted(&mut self, text: &str) {
        self.0.push(b'"');
        self.0.extend_from_slice(text.as_bytes());
        self.0.push(b'"');
    }

    fn shown(&mut self, name: &str, shown: &impl fmt::Display) {
        self.name(name);
        // Writing into memory doesn't fail.
        let _ = write!(self.0, "\"{shown}\"");
    }

    fn address(&mut self, name: &str, address: SocketAddr) {
        let SocketAddr::V4(v4) = address else {
            return self.shown(name, &address);
        };
        self.name(name);
        self.0.push(b'"');
        for (octet, behind) in v4.ip().octets().into_iter().zip(*b"...:") {
            self.digits(octet);
            self.0.push(behind);
        }
        self.digits(v4.port());
        self.0.push(b'"');
    }

    fn names(&mut self, name: &str, names: impl IntoIterator<Item = &'static str>) {
        self.name(name);
        self.0.push(b'[');
        for (i, name) in names.into_iter().enumerate() {
            if i > 0 {
                self.0.push(b',');
            }
            self.quoted(name);
        }
        self.0.push(b']');
    }
}
