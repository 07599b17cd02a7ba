//! The last net under every panel: nothing that could command the terminal, or isn't to be seen, leaves the program.
//!
//! What comes from outside goes through `story::printable` where it is told, and is readable there as an escape. A panel that
//! forgets is caught here: the cell shows a mark instead.

use ratatui::buffer::Buffer;

use crate::story::Charset;
use crate::story::printable::is_printable;

/// Puts a mark in place of every cell that may not be shown as it is; in ASCII, of every one that isn't ASCII.
pub fn clean(charset: Charset, buffer: &mut Buffer) {
    for cell in &mut buffer.content {
        let symbol = cell.symbol();
        let shown = match charset {
            Charset::Ascii => symbol.bytes().all(|octet| matches!(octet, b' '..=b'~')),
            Charset::Unicode => matches!(symbol.as_bytes(), [b' '..=b'~']) || is_printable(symbol),
        };
        if !shown {
            cell.set_symbol(match charset {
                Charset::Ascii => "?",
                Charset::Unicode => "\u{fffd}",
            });
        }
    }
}
