//! The clipboard, through the terminal (OSC 52): works over ssh, where the terminal allows it.

use std::io;
use std::net::SocketAddr;

use crossterm::clipboard::CopyToClipboard;
use crossterm::execute;

use super::app::{App, Effect};
use crate::story::aside::aside;
use crate::story::ladder::{Columns, row};
use crate::story::tcpdump;
use crate::trace::Entry;
use crate::wire::decode;

/// Columns of a row that is copied: those of the text output.
const WIDTH: usize = 100;

/// Puts a text on the clipboard.
///
/// # Errors
/// The terminal can't be written to.
pub fn copy(text: &str) -> io::Result<()> {
    execute!(io::stdout(), CopyToClipboard::to_clipboard_from(text))
}

impl App {
    /// The selected row as text, or tcpdump's line for it.
    pub(super) fn copy(&mut self, as_tcpdump: bool) -> Effect {
        self.prepare();
        if !self.has_ladder() {
            self.tell_failure("there is nothing yet that could be copied");
            return Effect::None;
        }
        let text = if as_tcpdump {
            self.wire_line()
        } else {
            Some(self.row_text())
        };
        match text {
            Some(text) => {
                self.tell(format!(
                    "copied, if the terminal allows it: {}",
                    text.trim()
                ));
                Effect::Copy(text)
            }
            None => {
                self.tell_failure(
                    "tcpdump has no line for this row; y copies it as it stands here",
                );
                Effect::None
            }
        }
    }

    /// The selected row, as the text output has it.
    fn row_text(&self) -> String {
        let (trace, id) = (&self.trace, self.connection);
        let columns = Columns::fit(trace, id, WIDTH, self.style);
        match trace.entry(id, self.line) {
            Entry::Segment(at) => row(trace, id, at, &columns, self.style).text(&columns, true),
            Entry::Aside(told) => aside(trace, told, &columns, self.style).text(&columns),
        }
    }

    /// The selected segment as tcpdump prints it behind the time, from the frame as the capture file has it.
    fn wire_line(&self) -> Option<String> {
        let row = self.selected_row()?;
        let octets = self.focus.frame.as_ref()?.as_ref().ok()?;
        let record = self.trace.row(self.connection, row);
        let decoded = decode(&record.frame(octets)).ok()?;
        let (src, dst) = (decoded.segment.src, decoded.segment.dst);
        let version = if src.is_ipv6() { "IP6" } else { "IP" };
        let end = |address: SocketAddr| format!("{}.{}", address.ip(), address.port());
        let absolute = self.style.absolute;
        let line = tcpdump::line(&self.trace, self.connection, row, &decoded, absolute);
        Some(format!("{version} {} > {}: {line}", end(src), end(dst)))
    }
}
