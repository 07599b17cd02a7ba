//! Who holds the sockets of this machine, while they live: process, pid and user, as far as Linux tells. Best effort.
//!
//! ```text
//!   ask: addresses  ->  thread "owners": sock_diag  ->  helper: /proc/*/fd  ->  sink: owners that changed
//! ```
//!
//! The thread has no privileges, as the rest of the program. The helper ([`Helper`]), where there is one, sees the processes of
//! other users too; otherwise the thread looks at the user's own processes itself. Where no process is seen the owner is
//! the user who made the socket.

mod helper;
mod holders;
mod sockets;
mod users;
mod watched;

pub use helper::{Helper, answer_if_asked};
pub(crate) use holders::{held, numbers};
pub(crate) use sockets::each as each_socket;

use std::collections::HashSet;
use std::io;
use std::net::SocketAddr;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::thread;
use std::time::{Duration, Instant};

use crate::story::owner::Owned;
use holders::{Answer, Holders, is_still};
use users::Users;
use watched::Watched;

/// Takes the owners that are new or have changed; says whether anybody still listens.
pub type Sink = Box<dyn FnMut(Vec<Owned>) -> bool + Send>;

/// Questions that may wait.
const QUEUE: usize = 1024;

/// Between two looks: for a connection that is new, and otherwise.
const SOON: Duration = Duration::from_millis(250);
const USUALLY: Duration = Duration::from_secs(1);

/// A look that took long is followed by a pause so many times as long: a big machine isn't kept busy.
const REST: u32 = 50;

/// Asks the kernel, in a thread of its own, which ends with this.
#[derive(Debug)]
pub struct Owners {
    asked: SyncSender<Vec<(SocketAddr, SocketAddr)>>,
}

impl Owners {
    /// Starts the thread. To be called after privileges are given up: it is born without them.
    ///
    /// # Errors
    /// There can be no thread.
    pub fn start(helper: Option<Helper>, sink: Sink) -> io::Result<Owners> {
        let (asked, questions) = sync_channel(QUEUE);
        let mut asking = Asking {
            helper,
            holders: Holders::default(),
            users: Users::read(),
            watched: Watched::default(),
            began: Instant::now(),
            ended: Duration::ZERO,
            cost: Duration::ZERO,
            sink,
        };
        thread::Builder::new()
            .name("owners".into())
            .spawn(move || asking.run(&questions))?;
        Ok(Owners { asked })
    }

    /// Wants the owners of both ends of these connections, in either order, from now on until the kernel has forgotten
    /// them. Never waits; to be asked as often as segments come: it is looked at most every 250 ms.
    pub fn ask(&self, connections: Vec<(SocketAddr, SocketAddr)>) {
        // Where too many wait the next segment asks again.
        let _ = self.asked.try_send(connections);
    }
}

/// The thread's own.
struct Asking {
    helper: Option<Helper>,
    holders: Holders,
    users: Users,
    watched: Watched,
    began: Instant,
    /// Since it began: when the latest look ended; what it took.
    ended: Duration,
    cost: Duration,
    sink: Sink,
}

impl Asking {
    fn run(&mut self, questions: &Receiver<Vec<(SocketAddr, SocketAddr)>>) {
        let mut is_urgent = false;
        loop {
            let told = if self.watched.is_empty() {
                questions.recv().map_err(|_| RecvTimeoutError::Disconnected)
            } else {
                questions.recv_timeout(self.pause(is_urgent))
            };
            match told {
                Ok(connections) => {
                    let more = questions.try_iter().take(QUEUE).flatten();
                    for connection in connections.into_iter().chain(more) {
                        is_urgent |= self.watched.ask(connection);
                    }
                }
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return,
            }
            // Also while there is always another question.
            if !self.watched.is_empty() && self.pause(is_urgent).is_zero() {
                if !self.look() {
                    return;
                }
                is_urgent = self.watched.has_young();
            }
        }
    }

    /// What is left until the next look.
    fn pause(&self, is_urgent: bool) -> Duration {
        let pause = if is_urgent { SOON } else { USUALLY };
        let due = self.ended + pause.max(self.cost * REST);
        due.saturating_sub(self.began.elapsed())
    }

    /// Whether anybody still listens.
    fn look(&mut self) -> bool {
        let began = self.began.elapsed();
        self.watched.begin();
        sockets::each(|socket| self.watched.see(&socket, began));
        self.watched.end();
        let question = self.watched.question(began, is_still);
        let mut changed = Vec::new();
        if !question.is_empty() {
            let answer = self.find(&question);
            let user = |uid| self.users.user(uid);
            changed = self.watched.take(&question, &answer, began, user);
        }
        self.ended = self.began.elapsed();
        self.cost = self.ended.saturating_sub(began);
        changed.is_empty() || (self.sink)(changed)
    }

    fn find(&mut self, inodes: &HashSet<u64>) -> Answer {
        if let Some(helper) = &mut self.helper {
            match helper.find(inodes) {
                Ok(answer) => return answer,
                Err(_) => self.helper = None,
            }
        }
        self.holders.find(inodes)
    }
}
