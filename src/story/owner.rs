//! Who holds a socket of this machine: `nginx 1234 fd 7`, or where no process could be seen, whose it is: `user www-data`.

use std::fmt;
use std::net::SocketAddr;

use super::numbers::printable;

/// Octets of a program's name, as the kernel keeps it (TASK_COMM_LEN); of a user's name, twice as many.
const PROGRAM: usize = 16;
const USER: usize = 32;

/// A socket of this machine, and who holds it: one end of a connection, where `local` is that end's address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Owned {
    pub local: SocketAddr,
    pub remote: SocketAddr,
    pub owner: Owner,
}

/// Who holds a socket, as far as the kernel tells. What isn't known is left out, never guessed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Owner {
    /// `None` where no process that holds it could be seen.
    pub process: Option<Process>,
    /// Who made it; `None` where it is nobody of this namespace of users.
    pub user: Option<User>,
}

/// A process that holds a socket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Process {
    /// The lowest number of all processes that hold it.
    pub pid: u32,
    /// What the process calls itself, printable: at most 16 octets before that. It may call itself anything.
    pub program: String,
    /// How many other processes hold it too, as after fork().
    pub others: u32,
    /// Its lowest descriptor of the socket.
    pub descriptor: Option<u32>,
}

/// A user of this machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    pub uid: u32,
    /// From /etc/passwd; printable.
    pub name: Option<String>,
}

impl Owner {
    /// The same without the descriptor, for where there is less room.
    #[must_use]
    pub fn short(&self) -> Owner {
        let mut short = self.clone();
        if let Some(process) = &mut short.process {
            process.descriptor = None;
        }
        short
    }
}

impl Process {
    /// A process under the name that it gave itself.
    #[must_use]
    pub fn new(pid: u32, comm: &[u8], others: u32) -> Process {
        let comm = comm.strip_suffix(b"\n").unwrap_or(comm);
        Process {
            pid,
            program: bounded(comm, PROGRAM),
            others,
            descriptor: None,
        }
    }
}

impl User {
    /// A user under the name that /etc/passwd gives.
    #[must_use]
    pub fn new(uid: u32, name: Option<&[u8]>) -> User {
        let name = name.map(|name| bounded(name, USER));
        User { uid, name }
    }
}

fn bounded(octets: &[u8], most: usize) -> String {
    let octets = &octets[..octets.len().min(most)];
    printable(&String::from_utf8_lossy(octets))
}

/// `nginx 1234 fd 7`, `nginx 1234 fd 7 +2`; `user www-data`, `uid 33`; `unknown`.
impl fmt::Display for Owner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.process, &self.user) {
            (Some(process), _) => process.fmt(f),
            (None, Some(user)) => user.fmt(f),
            (None, None) => f.write_str("unknown"),
        }
    }
}

impl fmt::Display for Process {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // A process may also call itself nothing.
        let program = if self.program.trim().is_empty() {
            "pid".into()
        } else {
            printable(&self.program)
        };
        write!(f, "{program} {}", self.pid)?;
        if let Some(descriptor) = self.descriptor {
            write!(f, " fd {descriptor}")?;
        }
        if self.others > 0 {
            write!(f, " +{}", self.others)?;
        }
        Ok(())
    }
}

impl fmt::Display for User {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.name {
            Some(name) => write!(f, "user {}", printable(name)),
            None => write!(f, "uid {}", self.uid),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn owner(process: Option<Process>, user: Option<User>) -> String {
        Owner { process, user }.to_string()
    }

    #[test]
    fn a_process_is_told_before_its_user_and_a_user_before_nobody() {
        let www = User::new(33, Some(b"www-data"));
        let nginx = Process::new(1234, b"nginx\n", 0);
        assert_eq!(owner(Some(nginx), Some(www.clone())), "nginx 1234");
        let forked = Process::new(1234, b"nginx", 2);
        assert_eq!(owner(Some(forked), None), "nginx 1234 +2");
        let nameless = Process::new(1234, b"\n", 0);
        assert_eq!(owner(Some(nameless), None), "pid 1234");
        assert_eq!(owner(None, Some(www)), "user www-data");
        assert_eq!(owner(None, Some(User::new(4321, None))), "uid 4321");
        assert_eq!(owner(None, None), "unknown");
    }

    #[test]
    fn a_hostile_name_is_short_and_commands_no_terminal() {
        let hostile = Process::new(
            9,
            "\x1b[2J\u{202e}\u{9b}\nlong enough to matter".as_bytes(),
            0,
        );
        assert_eq!(hostile.program, "\\u{1b}[2J\\u{202e}\\u{9b}\\u{a}long e");
        // Cut within a character, and no text at all.
        assert_eq!(
            Process::new(9, "123456789012345\u{e9}".as_bytes(), 0).program,
            "123456789012345\u{fffd}"
        );
        assert_eq!(
            Process::new(9, &[0xff, 0xfe], 0).program,
            "\u{fffd}\u{fffd}"
        );
    }
}
