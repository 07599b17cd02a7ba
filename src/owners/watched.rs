//! The sockets that somebody wants to know the owners of: which of them the kernel has, what is known, and when to ask again. Time is
//! an argument, as since any moment.

use std::collections::{HashMap, HashSet};
use std::net::SocketAddr;
use std::time::Duration;

use super::holders::Answer;
use super::sockets::Socket;
use crate::story::owner::{Owned, Owner, Process, User};

/// Sockets watched at a time, and inodes in one question.
pub const MOST: usize = 8192;

/// An owner may change, as when a server forks for each connection: asked again after this, then twice as long.
const AGAIN: Duration = Duration::from_secs(1);
const SELDOM: Duration = Duration::from_secs(64);

/// Looks soon after one another for a new connection that no program has yet: accept() takes its time.
const YOUNG: u8 = 4;

/// Sockets by their own address and their peer's.
#[derive(Debug, Default)]
pub struct Watched {
    sockets: HashMap<(SocketAddr, SocketAddr), Entry>,
}

#[derive(Debug, Default)]
struct Entry {
    /// Asked for since the latest look.
    is_asked: bool,
    /// The kernel had it at the latest look.
    is_seen: bool,
    /// Looks so far.
    looks: u8,
    inode: u64,
    uid: u32,
    /// When to ask for the holder, and how long to wait then.
    due: Duration,
    wait: Duration,
    /// What was told.
    owner: Option<Owner>,
    /// The last answer didn't have the process that was told, although the kernel still had the socket.
    is_missed: bool,
}

impl Entry {
    fn is_held(&self) -> bool {
        self.is_seen && self.inode != 0
    }
}

impl Watched {
    /// Watches both ends of a connection; whether one is new.
    pub fn ask(&mut self, (one, other): (SocketAddr, SocketAddr)) -> bool {
        let mut is_new = false;
        for socket in [(one, other), (other, one)] {
            if let Some(entry) = self.sockets.get_mut(&socket) {
                entry.is_asked = true;
            } else if self.sockets.len() < MOST {
                let entry = self.sockets.entry(socket).or_default();
                entry.is_asked = true;
                is_new = true;
            }
        }
        is_new
    }

    pub fn is_empty(&self) -> bool {
        self.sockets.is_empty()
    }

    /// Whether a new connection still waits for the program that takes it.
    pub fn has_young(&self) -> bool {
        let is_young = |entry: &Entry| entry.is_seen && entry.inode == 0 && entry.looks < YOUNG;
        self.sockets
            .values()
            .any(|entry| entry.owner.is_none() && is_young(entry))
    }

    /// A look begins.
    pub fn begin(&mut self) {
        for entry in self.sockets.values_mut() {
            entry.is_seen = false;
            entry.looks = entry.looks.saturating_add(1);
        }
    }

    /// The kernel has this socket.
    pub fn see(&mut self, socket: &Socket, now: Duration) {
        let Some(entry) = self.sockets.get_mut(&(socket.local, socket.remote)) else {
            return;
        };
        entry.is_seen = true;
        // An end that its program has closed is still that program's.
        if socket.inode != 0 && socket.inode != entry.inode {
            *entry = Entry {
                is_seen: true,
                looks: entry.looks,
                inode: socket.inode,
                uid: socket.uid,
                due: now,
                wait: AGAIN,
                ..Entry::default()
            };
        } else if socket.inode == 0 {
            entry.inode = 0;
        }
    }

    /// The kernel has no others: what nobody has asked for lately is forgotten.
    pub fn end(&mut self) {
        self.sockets
            .retain(|_, entry| std::mem::take(&mut entry.is_asked) || entry.is_seen);
    }

    /// What is to be asked: nothing, or every socket, since one answer costs as much as all. `is_still` tells whether a
    /// process is the one that it was.
    pub fn question(&mut self, now: Duration, is_still: impl Fn(&Process) -> bool) -> HashSet<u64> {
        let mut known = HashMap::new();
        for entry in self.sockets.values_mut().filter(|entry| entry.is_held()) {
            let owner = entry.owner.as_ref();
            let Some(process) = owner.and_then(|owner| owner.process.as_ref()) else {
                continue;
            };
            if !*known
                .entry(process.pid)
                .or_insert_with(|| is_still(process))
            {
                (entry.due, entry.wait) = (now, AGAIN);
            }
        }
        let held = || self.sockets.values().filter(|entry| entry.is_held());
        if held().any(|entry| entry.due <= now) {
            held().map(|entry| entry.inode).collect()
        } else {
            HashSet::new()
        }
    }

    /// The answer to a question: what has changed by it.
    pub fn take(
        &mut self,
        asked: &HashSet<u64>,
        answer: &Answer,
        now: Duration,
        user: impl Fn(u32) -> Option<User>,
    ) -> Vec<Owned> {
        let mut changed = Vec::new();
        for (&(local, remote), entry) in &mut self.sockets {
            if !entry.is_held() || !asked.contains(&entry.inode) {
                continue;
            }
            entry.due = now + entry.wait;
            entry.wait = (entry.wait * 2).min(SELDOM);
            let process = answer.processes.get(&entry.inode).cloned();
            let is_known = (entry.owner.as_ref()).is_some_and(|owner| owner.process.is_some());
            let is_missed = process.is_none() && is_known;
            // A socket that is closed between the kernel's list and the look into processes is missed once: who held it is
            // what is to be known of a close.
            if is_missed && answer.whole && !entry.is_missed {
                entry.is_missed = true;
                (entry.due, entry.wait) = (now + AGAIN, AGAIN);
                continue;
            }
            if process.is_none() && !answer.whole && entry.owner.is_some() {
                continue;
            }
            entry.is_missed = false;
            let owner = Owner {
                process,
                user: user(entry.uid),
            };
            if entry.owner.as_ref().unwrap_or(&Owner::default()) != &owner {
                entry.owner = Some(owner.clone());
                changed.push(Owned {
                    local,
                    remote,
                    owner,
                });
            }
        }
        changed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SERVER: &str = "127.0.0.1:4321";
    const CLIENT: &str = "127.0.0.1:35790";
    const INODE: u64 = 4242;

    fn pair() -> (SocketAddr, SocketAddr) {
        (SERVER.parse().unwrap(), CLIENT.parse().unwrap())
    }

    fn seconds(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    fn holder(pid: u32) -> Answer {
        Answer {
            processes: HashMap::from([(INODE, Process::new(pid, b"nginx", 0))]),
            whole: true,
        }
    }

    /// The server's socket watched, and looked for once a call.
    struct Tried(Watched);

    impl Tried {
        fn new() -> Tried {
            let mut watched = Watched::default();
            assert!(watched.ask(pair()));
            Tried(watched)
        }

        /// What is asked where the kernel has the server's socket with this inode, or none.
        fn look(&mut self, inode: Option<u64>, now: Duration) -> HashSet<u64> {
            self.0.begin();
            let (local, remote) = pair();
            if let Some(inode) = inode {
                let socket = Socket {
                    local,
                    remote,
                    uid: 33,
                    inode,
                };
                self.0.see(&socket, now);
            }
            self.0.end();
            self.0.question(now, |process| process.pid != 666)
        }

        /// What is told when `answer` comes.
        fn told(&mut self, inode: u64, answer: &Answer, now: Duration) -> Vec<String> {
            let asked = self.look(Some(inode), now);
            let user = |uid| Some(User::new(uid, Some(b"www-data")));
            let changed = self.0.take(&asked, answer, now, user);
            let told = changed.iter().map(|owned| {
                assert_eq!((owned.local, owned.remote), pair());
                owned.owner.to_string()
            });
            told.collect()
        }
    }

    #[test]
    fn a_socket_is_told_once_and_again_when_another_process_has_it() {
        let mut tried = Tried::new();
        assert_eq!(tried.told(INODE, &holder(12), seconds(0)), ["nginx 12"]);
        assert_eq!(tried.told(INODE, &holder(12), seconds(2)), [""; 0]);
        assert_eq!(tried.told(INODE, &holder(13), seconds(5)), ["nginx 13"]);
    }

    #[test]
    fn a_known_holder_is_asked_for_more_and_more_seldom() {
        let mut tried = Tried::new();
        let mut asked_at = Vec::new();
        for now in 0..300 {
            let asked = tried.look(Some(INODE), seconds(now));
            if !asked.is_empty() {
                asked_at.push(now);
                tried.0.take(&asked, &holder(12), seconds(now), |_| None);
            }
        }
        assert_eq!(asked_at, [0, 1, 3, 7, 15, 31, 63, 127, 191, 255]);
    }

    #[test]
    fn a_holder_that_has_gone_is_asked_for_at_once() {
        let mut tried = Tried::new();
        assert_eq!(tried.told(INODE, &holder(666), seconds(0)), ["nginx 666"]);
        assert_eq!(tried.told(INODE, &holder(12), seconds(0)), ["nginx 12"]);
        assert_eq!(tried.look(Some(INODE), seconds(0)), HashSet::new());
    }

    #[test]
    fn where_no_process_is_seen_the_user_is_told() {
        let mut tried = Tried::new();
        let nobody = Answer {
            processes: HashMap::new(),
            whole: true,
        };
        assert_eq!(tried.told(INODE, &nobody, seconds(0)), ["user www-data"]);
        assert_eq!(tried.told(INODE, &holder(12), seconds(1)), ["nginx 12"]);
        // Not looked at every process: what is known stays.
        let part = Answer::default();
        assert_eq!(tried.told(INODE, &part, seconds(9)), [""; 0]);
        // Missed once, it may just have been closed; twice, it is held by nobody that can be seen.
        assert_eq!(tried.told(INODE, &nobody, seconds(99)), [""; 0]);
        assert_eq!(tried.told(INODE, &nobody, seconds(101)), ["user www-data"]);
    }

    #[test]
    fn a_socket_that_its_program_has_closed_is_not_asked_for_and_nothing_else_is_told_of_it() {
        let mut tried = Tried::new();
        assert_eq!(tried.told(INODE, &holder(12), seconds(0)), ["nginx 12"]);
        assert_eq!(tried.told(0, &holder(13), seconds(9)), [""; 0]);
        assert!(!tried.0.is_empty() && !tried.0.has_young());
    }

    #[test]
    fn a_new_socket_between_the_same_ports_is_told_though_its_holder_is_the_same() {
        let mut tried = Tried::new();
        let mut answer = holder(12);
        let again = answer.processes[&INODE].clone();
        answer.processes.insert(INODE + 1, again);
        assert_eq!(tried.told(INODE, &answer, seconds(0)), ["nginx 12"]);
        assert_eq!(tried.told(INODE + 1, &answer, seconds(0)), ["nginx 12"]);
    }

    #[test]
    fn a_connection_that_no_program_has_taken_is_young_for_some_looks() {
        let mut tried = Tried::new();
        let mut young = 0;
        while tried.look(Some(0), seconds(young)).is_empty() && tried.0.has_young() {
            young += 1;
        }
        assert_eq!(young, 3);
    }

    #[test]
    fn what_the_kernel_does_not_have_is_forgotten_unless_it_is_asked_for_again() {
        let mut tried = Tried::new();
        // The other end's socket may be another machine's.
        tried.look(Some(INODE), seconds(0));
        tried.look(Some(INODE), seconds(1));
        assert_eq!(tried.0.sockets.len(), 1);
        assert!(tried.0.ask(pair()));
        tried.look(None, seconds(2));
        assert_eq!(tried.0.sockets.len(), 2);
        tried.look(None, seconds(3));
        assert!(tried.0.is_empty());
    }

    #[test]
    fn a_flood_of_connections_is_not_remembered() {
        let mut watched = Watched::default();
        let server: SocketAddr = SERVER.parse().unwrap();
        for port in 0..u16::MAX {
            watched.ask((server, SocketAddr::new(server.ip(), port)));
        }
        assert_eq!(watched.sockets.len(), MOST);
    }
}
