//! JSON Lines for other programs; `docs/json.md` documents every field. Names once written here
//! stay.

mod lines;
mod segment;
#[cfg(test)]
mod tests;
mod whole;

pub use whole::Whole;

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::{self, Write};

use crate::conn::{ConnectionId, Revision};
use crate::trace::Trace;
use crate::trace::numbered::Numbered;
use lines::{Line, connection, icmp};
use segment::segment;

/// Writes lines of a capture that grows; `wanted` limits them to one connection.
pub struct Writer<W: Write> {
    pub out: W,
    /// A line that is being written.
    text: Vec<u8>,
    wanted: Option<ConnectionId>,
    /// How many segments and ICMP errors were written.
    segments: usize,
    errors: usize,
    /// How many segments of each connection were written.
    rows: Numbered<u32>,
    /// Connections whose line was written, each with the line's hash.
    told: HashMap<ConnectionId, u64>,
}

impl<W: Write> Writer<W> {
    pub fn new(out: W, wanted: Option<ConnectionId>) -> Self {
        Writer {
            out,
            text: Vec::new(),
            wanted,
            segments: 0,
            errors: 0,
            rows: Numbered::default(),
            told: HashMap::new(),
        }
    }

    fn wants(&self, id: ConnectionId) -> bool {
        self.wanted.is_none_or(|wanted| wanted == id)
    }

    fn line(&mut self, line: &Line<'_>) -> io::Result<()> {
        self.text.clear();
        lines::line(&mut self.text, line);
        self.out.write_all(&self.text)
    }

    /// The first line, of a capture that has only begun.
    ///
    /// # Errors
    /// Those of the output.
    pub fn capture(&mut self, trace: &Trace, source: &str) -> io::Result<()> {
        self.line(&lines::capture(trace, source, true))
    }

    /// The segments and ICMP errors that came since the last call. To be called after each batch: it takes from the trace what
    /// has left with it, and forgets that, too.
    ///
    /// # Errors
    /// Those of the output.
    pub fn segments(&mut self, trace: &mut Trace) -> io::Result<()> {
        let gone = trace.take_gone();
        for id in gone.left {
            self.rows.remove(id as usize);
            self.told.remove(&id);
        }
        for shortened in gone.shortened {
            if let Some(rows) = self.rows.get_mut(shortened.connection as usize) {
                *rows = shortened.row(*rows);
            }
        }
        self.count_new(trace);
        for (index, &id) in (self.segments..).zip(trace.order_since(self.segments)) {
            self.errors_before(trace, index)?;
            let row = self.asides(trace, id)?;
            if self.wants(id) {
                self.text.clear();
                segment(&mut self.text, trace, &trace.row(id, row as usize));
                self.out.write_all(&self.text)?;
            }
        }
        self.segments = trace.segments();
        self.errors_before(trace, self.segments)
    }

    /// What kernels told and has found its place since the last call.
    ///
    /// # Errors
    /// Those of the output.
    pub fn placed(&mut self, trace: &mut Trace) -> io::Result<()> {
        for aside in trace.take_placed() {
            if self.wants(aside.connection)
                && let Some(line) = lines::aside(trace, &aside)
            {
                self.line(&line)?;
            }
        }
        Ok(())
    }

    fn count_new(&mut self, trace: &Trace) {
        (self.rows.len()..trace.ids().len()).for_each(|_| self.rows.push(0));
    }

    /// What is told beside a connection's segments, before the next of them; then that one, whose row comes back, counts as
    /// written.
    fn asides(&mut self, trace: &Trace, id: ConnectionId) -> io::Result<u32> {
        let Some(rows) = self.rows.get_mut(id as usize) else {
            unreachable!("what has left gets no segments");
        };
        let row = *rows;
        *rows += 1;
        if self.wants(id) {
            // What kernels told comes when it has found its place: this row may be written then.
            let is_written = |aside: &&crate::trace::Aside| {
                trace.keeps_placed() && aside.said.is_from_a_kernel()
            };
            let here = trace.asides_before(id, row).iter();
            let here = here.filter(|aside| !is_written(aside));
            for line in here.filter_map(|aside| lines::aside(trace, aside)) {
                self.line(&line)?;
            }
        }
        Ok(row)
    }

    /// ICMP errors that came before the segment with this index.
    fn errors_before(&mut self, trace: &Trace, index: usize) -> io::Result<()> {
        let errors = trace.errors_since(self.errors).iter();
        for record in errors.take_while(|error| error.after <= index) {
            self.errors += 1;
            if self.wants(record.connection) {
                self.line(&icmp(record))?;
            }
        }
        Ok(())
    }

    /// States already written that turned out otherwise.
    ///
    /// # Errors
    /// Those of the output.
    pub fn revision(
        &mut self,
        trace: &Trace,
        id: ConnectionId,
        revision: &Revision,
    ) -> io::Result<()> {
        if !self.wants(id) {
            return Ok(());
        }
        for row in revision.from..revision.to {
            let record = trace.row(id, row as usize);
            self.line(&Line::Revision {
                connection: id + 1,
                frame: record.place.frame,
                client_state: record.states.client.name(),
                server_state: record.states.server.name(),
            })?;
        }
        Ok(())
    }

    /// The last line of a capture that grew: the counts at its end.
    ///
    /// # Errors
    /// Those of the output.
    pub fn end(&mut self, trace: &Trace) -> io::Result<()> {
        self.line(&Line::End {
            frames: trace.tally.frames,
            segments: trace.segments(),
            dropped: trace.tally.dropped,
            truncated: trace.breaks_off().is_some(),
        })
    }

    /// A connection that is over, unless its line was written already.
    ///
    /// # Errors
    /// Those of the output.
    pub fn over(&mut self, trace: &Trace, id: ConnectionId) -> io::Result<()> {
        if trace.connection(id).is_over() && !self.told.contains_key(&id) {
            self.connection(trace, id)?;
        }
        Ok(())
    }

    /// Those that may leave before anything else is known of them, unless their line was written and still holds.
    ///
    /// # Errors
    /// Those of the output.
    pub fn resting(&mut self, trace: &Trace) -> io::Result<()> {
        for &id in trace.about_to_rest() {
            let (is_over, is_unanswered) = {
                let connection = trace.connection(id);
                (connection.is_over(), connection.is_unanswered())
            };
            if is_over || is_unanswered {
                self.connection(trace, id)?;
            }
        }
        Ok(())
    }

    /// The connections, last, after what is told behind their segments; not those whose line was written and still holds,
    /// nor those that have left.
    ///
    /// # Errors
    /// Those of the output.
    pub fn connections(&mut self, trace: &Trace) -> io::Result<()> {
        let all = trace.ids().filter(|id| trace.has(*id));
        self.count_new(trace);
        for id in all.clone() {
            self.asides(trace, id)?;
        }
        for id in all {
            self.connection(trace, id)?;
        }
        Ok(())
    }

    fn connection(&mut self, trace: &Trace, id: ConnectionId) -> io::Result<()> {
        if !self.wants(id) {
            return Ok(());
        }
        self.text.clear();
        lines::line(&mut self.text, &connection(trace, id));
        let mut hasher = DefaultHasher::new();
        self.text.hash(&mut hasher);
        if self.told.insert(id, hasher.finish()) != Some(hasher.finish()) {
            self.out.write_all(&self.text)?;
        }
        Ok(())
    }
}
