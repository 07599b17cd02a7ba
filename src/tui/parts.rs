//! What the state of the UI is made of, beside what has a file of its own.

use std::io;
use std::path::PathBuf;

use super::stage::Cue;
use crate::conn::ConnectionId;
use crate::story::Style;
use crate::story::glossary::Explanation;
use crate::story::shown::Wanted;
use crate::trace::Trace;
use crate::wire::Place;

/// Reads a frame's octets back from the capture file.
pub type ReadBack = Box<dyn Fn(&Place) -> io::Result<Vec<u8>>>;

/// What is being looked at.
#[derive(Clone, Debug)]
pub struct Origin {
    /// File or interface, safe to print.
    pub name: String,
    /// Still growing: a live capture, or a pipe.
    pub growing: bool,
    /// Octets of the file, where they are read as they stand in it.
    pub size: Option<u64>,
    /// What a live capture listens to, as a filter expression; `None` on replay.
    pub listening: Option<String>,
    /// What to say once a live capture's file was removed.
    pub rescue: Option<String>,
    /// A port to suggest for trying it out.
    pub port: u16,
}

/// What an update asks the event loop to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    None,
    /// Draw everything anew, whatever stands on the terminal.
    Redraw,
    Cue(Cue),
    /// Put a text on the clipboard.
    Copy(String),
    /// Write a connection's frames to a file of this name.
    Write {
        connection: ConnectionId,
        path: PathBuf,
    },
    /// Write a connection as it is shown to a file of this name.
    Export {
        connection: ConnectionId,
        path: PathBuf,
    },
    /// Give the terminal back to the shell until that lets the program go on.
    Stop,
    /// Take the terminal again: the program had been stopped.
    GoOn,
    Leave,
}

/// A connection that is to be written as it is shown.
pub struct Export<'a> {
    pub trace: &'a Trace,
    pub connection: ConnectionId,
    pub style: Style,
    pub wanted: Wanted,
    /// Where the capture comes from.
    pub name: &'a str,
    pub read_back: Option<&'a ReadBack>,
}

/// Whether the list of connections is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ListView {
    /// Above the ladder, where there is more than one connection.
    Beside,
    /// Instead of the ladder.
    Alone,
    Hidden,
}

/// What is told below or beside the ladder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Panel {
    /// The selected segment.
    Details,
    /// Its payload.
    Payload,
    /// The causes, and what each program saw.
    Account,
    Findings,
}

/// What stands over the screen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Popup {
    /// The keys, from this line on.
    Help { scroll: usize },
    /// What the selected row's words mean; one is chosen.
    Explain {
        title: String,
        words: Vec<Explanation>,
        chosen: usize,
        /// The first line of its text that is shown.
        scroll: usize,
    },
    /// What the experiment is about, from this line on.
    About { scroll: usize },
}

/// A key that waits for a letter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Letter {
    /// The connection, and the entry of its ladder.
    ToMark(ConnectionId, usize),
    ToGoTo,
}

/// A word to whoever pressed a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    pub text: String,
    pub failed: bool,
}
