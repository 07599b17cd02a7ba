//! Comma-separated values for spreadsheets and statistics: a line a segment with the fields of JSON's, and how its connection
//! ended, so that each line can be taken alone. ICMP errors and what is told beside segments have none. No text in it needs
//! quotes.

use std::collections::HashMap;

use super::in_order::InOrder;
use super::segment::{Fields, LINE, digits, tell, word};
use crate::conn::{ConnectionId, Side};
use crate::story::ending::{Ending, ending};
use crate::trace::Trace;

/// The names of the columns.
const HEADING: &str = "frame,time_ns,connection,from,src,dst,flags,seq,ack,seq_rel,ack_rel,len,win,\
    client_state,server_state,state_certainty,notes,ending,closed_first,reset_by,cause,cause_certainty\n";

/// The lines of a capture that has ended.
pub struct Table<'a> {
    trace: &'a Trace,
    wanted: Option<ConnectionId>,
    order: InOrder<'a>,
}

impl<'a> Table<'a> {
    /// `wanted` limits the lines to one connection.
    #[must_use]
    pub fn new(trace: &'a Trace, wanted: Option<ConnectionId>) -> Self {
        let order = InOrder::new(trace);
        Table {
            trace,
            wanted,
            order,
        }
    }

    /// How many chunks there are.
    #[must_use]
    pub fn chunks(&self) -> usize {
        self.order.chunks()
    }

    /// Appends the lines of a chunk, counted from 0; the heading is in the first.
    pub fn write(&self, chunk: usize, out: &mut Vec<u8>) {
        if chunk == 0 {
            out.extend_from_slice(HEADING.as_bytes());
        }
        let mut endings = HashMap::new();
        for (id, row) in self.order.segments(self.order.chunk(chunk)) {
            if self.wanted.is_some_and(|wanted| wanted != id) {
                continue;
            }
            let ending = endings.entry(id).or_insert_with(|| ending(self.trace, id));
            let begins = out.len();
            out.reserve(LINE);
            let mut line = Line { out, begins };
            tell(self.trace, &self.trace.row(id, row as usize), &mut line);
            line.ending(ending);
            out.push(b'\n');
        }
    }
}

/// A line, and where it begins.
struct Line<'a> {
    out: &'a mut Vec<u8>,
    begins: usize,
}

impl Line<'_> {
    fn comma(&mut self) {
        if self.out.len() > self.begins {
            self.out.push(b',');
        }
    }

    fn ending(&mut self, ending: &Ending) {
        let side = |side: Option<Side>| side.map_or("", Side::name);
        let cause = ending.causes.first();
        self.text("ending", word(ending.kind.name()));
        self.text("closed_first", word(side(ending.closed_first)));
        self.text("reset_by", word(side(ending.reset_by)));
        self.text("cause", word(cause.map_or("", |cause| cause.id.name())));
        let certainty = cause.map_or("", |cause| cause.confidence.name());
        self.text("cause_certainty", word(certainty));
    }
}

impl Fields for Line<'_> {
    fn number(&mut self, _: &str, number: impl itoa::Integer) {
        self.comma();
        digits(self.out, number);
    }

    fn text(&mut self, _: &str, text: impl FnOnce(&mut Vec<u8>)) {
        self.comma();
        text(self.out);
    }

    /// Parted by spaces.
    fn names(&mut self, _: &str, names: impl IntoIterator<Item = &'static str>) {
        self.comma();
        for (i, name) in names.into_iter().enumerate() {
            if i > 0 {
                self.out.push(b' ');
            }
            self.out.extend_from_slice(name.as_bytes());
        }
    }

    fn none(&mut self, _: &str) {
        self.comma();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::story::tests::trace_of;

    fn lines(script: &str) -> Vec<String> {
        let trace = trace_of(script);
        let (table, mut text) = (Table::new(&trace, None), Vec::new());
        (0..table.chunks()).for_each(|chunk| table.write(chunk, &mut text));
        let text = String::from_utf8(text).unwrap();
        text.lines().map(String::from).collect()
    }

    /// Collects the names of fields.
    #[derive(Default)]
    struct Names(Vec<String>);

    impl Fields for Names {
        fn number(&mut self, name: &str, _: impl itoa::Integer) {
            self.0.push(name.into());
        }

        fn text(&mut self, name: &str, _: impl FnOnce(&mut Vec<u8>)) {
            self.0.push(name.into());
        }

        fn names(&mut self, name: &str, _: impl IntoIterator<Item = &'static str>) {
            self.0.push(name.into());
        }

        fn none(&mut self, name: &str) {
            self.0.push(name.into());
        }
    }

    #[test]
    fn the_heading_names_the_fields_in_their_order() {
        let (trace, mut names) = (trace_of(""), Names::default());
        tell(&trace, &trace.row(0, 0), &mut names);
        let of_connections = ",ending,closed_first,reset_by,cause,cause_certainty\n";
        assert_eq!(HEADING, names.0.join(",") + of_connections);
    }

    #[test]
    fn every_line_has_a_value_for_every_column_also_without_an_acknowledgement() {
        let lines = lines("> P. 1:11 ack 1\n> P. 1:11 ack 1\n< R 1:1");
        let columns = lines[0].split(',').count();
        assert!(
            lines.iter().all(|line| line.split(',').count() == columns),
            "{lines:#?}"
        );
        assert!(lines[1].contains(",S,"), "{}", lines[1]);
        let last: Vec<_> = lines.last().unwrap().split(',').collect();
        assert_eq!(last[8], "", "a bare RST acknowledges nothing");
        assert_eq!(last[17], "reset");
        assert!(lines[5].contains(",retransmission,"), "{}", lines[5]);
    }
}
