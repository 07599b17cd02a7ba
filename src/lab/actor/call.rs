//! A call as it is written, as strace(1) does: `send(4, 1 byte)`.

use std::io;

use crate::raw::sys::Fd;

/// What one read() takes where nothing else is said.
pub(super) const BUFFER: usize = 4096;

/// A call as it is written: its name, and its arguments.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    pub name: String,
    pub arguments: Vec<String>,
}

/// Calls whose begin and end stand apart in the ladder where something came between: what happened meanwhile is why
/// they ended.
const WAITING: &[&str] = &[
    "accept",
    "connect",
    "drain",
    "epoll_wait",
    "poll",
    "read",
    "recv",
    "select",
    "write",
    "writen",
];

impl Call {
    /// `send(4, 1 byte)`; `None` where it isn't written so.
    #[must_use]
    pub fn parse(text: &str) -> Option<Call> {
        let (name, rest) = text.trim().split_once('(')?;
        let inside = rest.strip_suffix(')')?;
        let mut arguments = Vec::new();
        let mut depth = 0;
        for part in inside.split(", ") {
            // An argument may be a call itself: signal(SIGINT, shutdown(4, SHUT_RDWR)).
            if depth == 0 {
                arguments.push(part.trim().to_owned());
            } else if let Some(last) = arguments.last_mut() {
                *last = format!("{last}, {part}");
            }
            depth += part.matches('(').count();
            depth -= part.matches(')').count().min(depth);
        }
        arguments.retain(|argument| !argument.is_empty());
        let is_name =
            !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
        is_name.then(|| Call {
            name: name.to_owned(),
            arguments,
        })
    }

    /// The number that an argument begins with: `1` of `1 byte`.
    #[must_use]
    pub fn number(&self, index: usize) -> Option<i32> {
        self.arguments.get(index)?.split(' ').next()?.parse().ok()
    }

    /// The descriptor that it is about, its first argument.
    #[must_use]
    pub fn fd(&self) -> Option<Fd> {
        self.number(0)
    }

    /// Whether it may wait for something to happen.
    #[must_use]
    pub fn waits(&self) -> bool {
        WAITING.contains(&self.name.as_str())
    }

    pub(super) fn has(&self, word: &str) -> bool {
        self.arguments.iter().any(|argument| argument == word)
    }

    pub(super) fn required(&self, index: usize) -> io::Result<i32> {
        self.number(index)
            .ok_or_else(|| io::Error::other("an argument is missing"))
    }

    pub(super) fn size(&self, index: usize) -> usize {
        self.number(index)
            .and_then(|number| usize::try_from(number).ok())
            .unwrap_or(BUFFER)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_is_written_as_strace_writes_it() {
        let call = Call::parse("signal(SIGINT, shutdown(4, SHUT_RDWR))").unwrap();
        assert_eq!(call.arguments, ["SIGINT", "shutdown(4, SHUT_RDWR)"]);
        let call = Call::parse("send(4, 1 byte, MSG_MORE)").unwrap();
        assert_eq!((call.fd(), call.number(1)), (Some(4), Some(1)));
        assert!(call.has("MSG_MORE"));
        assert_eq!(Call::parse("fork()").unwrap().arguments, [""; 0]);
        assert_eq!(Call::parse("close"), None);
    }
}
