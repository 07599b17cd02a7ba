//! A segment's line, put together by hand: serde's took a quarter of the time of a capture.

use crate::report::segment::{Fields, LINE, digits, tell};
use crate::trace::{Record, Trace};

/// Appends the line.
pub(super) fn segment(out: &mut Vec<u8>, trace: &Trace, record: &Record) {
    out.reserve(LINE);
    out.extend_from_slice(br#"{"type":"segment""#);
    tell(trace, record, &mut Object(out));
    out.extend_from_slice(b"}\n");
}

/// An object whose fields each stand behind another one.
struct Object<'a>(&'a mut Vec<u8>);

impl Object<'_> {
    fn name(&mut self, name: &str) {
        self.0.extend_from_slice(b",\"");
        self.0.extend_from_slice(name.as_bytes());
        self.0.extend_from_slice(b"\":");
    }
}

impl Fields for Object<'_> {
    fn number(&mut self, name: &str, number: impl itoa::Integer) {
        self.name(name);
        digits(self.0, number);
    }

    fn text(&mut self, name: &str, text: impl FnOnce(&mut Vec<u8>)) {
        self.name(name);
        self.0.push(b'"');
        text(self.0);
        self.0.push(b'"');
    }

    fn names(&mut self, name: &str, names: impl IntoIterator<Item = &'static str>) {
        self.name(name);
        self.0.push(b'[');
        for (i, name) in names.into_iter().enumerate() {
            self.0.extend_from_slice(if i > 0 { b",\"" } else { b"\"" });
            self.0.extend_from_slice(name.as_bytes());
            self.0.push(b'"');
        }
        self.0.push(b']');
    }

    fn none(&mut self, _: &str) {}
}
