//! Why a capture stopped by itself, and what to type then.

use std::io;

use crate::source::save::SaveFile;

/// Why a capture stopped before it was told to.
pub enum Stopped {
    /// The interface was deleted, unplugged or renamed.
    Gone,
    /// The file takes no more.
    Unwritten(io::Error),
    /// In libpcap's words.
    Other(String),
}

impl Stopped {
    /// What happened, and what to type, in one sentence.
    pub fn words(&self, interface: &str, save: &SaveFile) -> String {
        let why = match self {
            Stopped::Gone => "it is gone (deleted, unplugged or renamed); once it is there again, start tcpviz again; `tcpviz -D` lists \
                              what is there"
                .into(),
            Stopped::Unwritten(why) => unwritten(why, save),
            Stopped::Other(why) => why.clone(),
        };
        format!("the capture on {interface} stopped: {why}")
    }
}

/// Why the file takes no more, and what to type.
pub fn unwritten(why: &io::Error, save: &SaveFile) -> String {
    let path = save.held.path.display();
    match why.kind() {
        io::ErrorKind::StorageFull if save.held.temporary => {
            format!(
                "{path} can't be written: {why}; make room, or name a folder on another disk: TMPDIR=FOLDER"
            )
        }
        io::ErrorKind::StorageFull => {
            format!(
                "{path} can't be written: {why}; make room, or name a file on another disk: --write FILE"
            )
        }
        io::ErrorKind::FileTooLarge => {
            format!(
                "{path} can't be written: {why}; `ulimit -f` tells how large a file may become, and `ulimit -f unlimited` lifts that"
            )
        }
        _ => format!("{path} can't be written: {why}; name another file: --write FILE"),
    }
}
