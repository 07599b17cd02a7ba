//! Which sockets are asked about, when, and what of it is news.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use super::heard_now;
use crate::conn::State;
use crate::diag::{Diag, Socket, Timer};
use crate::trace::{Heard, KernelEnd, Queues};

/// Connections watched at a time: those of a flood that come after them aren't, unless one of these is over.
pub const MOST: usize = 256;

/// Between two looks: where segments come, and otherwise.
const SOON: Duration = Duration::from_millis(50);
const USUALLY: Duration = Duration::from_millis(250);

/// A look that took long is followed by a pause so many times as long.
const REST: u32 = 50;

/// Of a connection of which this machine has no end, and which isn't asked for any more, nothing is to be expected.
const FORGOTTEN: Duration = Duration::from_secs(2);

/// Watches connections.
#[derive(Debug, Default)]
pub struct Looks {
    /// By both ends, the smaller first.
    watched: HashMap<(SocketAddr, SocketAddr), Watched>,
    /// Something was asked for since the latest look.
    is_urgent: bool,
    next: Option<Instant>,
    /// None of those watched gives its place to another, as far as was known when one was looked for.
    is_full: bool,
    /// There was no place for some.
    left_out: bool,
}

#[derive(Debug)]
struct Watched {
    asked: Instant,
    /// Whether it has been looked at.
    seen: bool,
    /// What was last told of each end; nothing of one that this machine never had.
    told: [Option<Known>; 2],
    /// Whether only what is left of a closed socket is there, which goes on without a tracepoint.
    rests: [bool; 2],
}

impl Watched {
    /// Whether nothing is to be expected of it but the end of TIME-WAIT.
    fn is_over(&self) -> bool {
        let rests = |known: &Known| matches!(known.state, State::Closed | State::TimeWait);
        self.seen && self.told.iter().flatten().all(rests)
    }
}

/// What of a socket is news where it changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Known {
    state: State,
    timer: Timer,
    receives: bool,
    sends: bool,
}

impl Known {
    fn of(socket: &Socket) -> Known {
        Known {
            state: socket.state,
            timer: socket.timer,
            receives: socket.receive_queue > 0,
            sends: socket.send_queue > 0,
        }
    }
}

impl Looks {
    /// Watches these connections from now on.
    pub fn ask(&mut self, connections: Vec<(SocketAddr, SocketAddr)>) {
        self.is_urgent = true;
        let asked = Instant::now();
        for (one, other) in connections {
            let ends = (one.min(other), one.max(other));
            if let Some(watched) = self.watched.get_mut(&ends) {
                watched.asked = asked;
            } else if self.has_room() {
                let watched = Watched {
                    asked,
                    seen: false,
                    told: [None; 2],
                    rests: [false; 2],
                };
                self.watched.insert(ends, watched);
            } else {
                self.left_out = true;
            }
        }
    }

    /// Whether there is room for another, for which one that is over may have to go.
    fn has_room(&mut self) -> bool {
        if self.watched.len() < MOST {
            return true;
        }
        if self.is_full {
            return false;
        }
        let over = self.watched.iter().filter(|(_, it)| it.is_over());
        let oldest = over.min_by_key(|(_, it)| it.asked).map(|(ends, _)| *ends);
        self.is_full = oldest.is_none();
        oldest.is_some_and(|ends| self.watched.remove(&ends).is_some())
    }

    /// Whether there was no place for some connections.
    pub fn left_out(&self) -> bool {
        self.left_out
    }

    /// A tracepoint has told a state; whether only a rest of the socket `rests`.
    pub fn note(&mut self, local: SocketAddr, remote: SocketAddr, state: State, rests: bool) {
        self.ask(vec![(local, remote)]);
        let ends = (local.min(remote), local.max(remote));
        if let Some(watched) = self.watched.get_mut(&ends) {
            let socket = Socket {
                state,
                ..Socket::default()
            };
            let end = usize::from(local != ends.0);
            self.is_full = false;
            (watched.told[end], watched.rests[end]) = (Some(Known::of(&socket)), rests);
        }
    }

    /// What is news of the peer of a socket, if only a rest of it is there: what befalls one end befalls it, too.
    pub fn look_at_rest(
        &mut self,
        diag: &Diag,
        (local, remote): (SocketAddr, SocketAddr),
    ) -> Option<State> {
        let ends = (local.min(remote), local.max(remote));
        let watched = self.watched.get_mut(&ends)?;
        let peer = usize::from(remote != ends.0);
        if !watched.rests[peer] {
            return None;
        }
        let state = diag.one(remote, local).ok()?.state;
        let known = watched.told[peer].as_mut().filter(|it| it.state != state)?;
        known.state = state;
        Some(state)
    }

    /// How long until the next look.
    pub fn wait(&self, now: Instant) -> Duration {
        let usually = if self.watched.is_empty() {
            // Nothing to look at: a question wakes who waits for it, or comes with an event.
            USUALLY
        } else if self.is_urgent {
            SOON
        } else {
            Duration::from_hours(1)
        };
        let due = self
            .next
            .map_or(Duration::ZERO, |next| next.saturating_duration_since(now));
        if self.watched.is_empty() {
            usually
        } else {
            due.min(usually)
        }
    }

    /// Looks, if it is time to, or `at_once`; what is news.
    pub fn look(&mut self, diag: &Diag, at_once: bool) -> Vec<Heard> {
        let began = Instant::now();
        let is_due = self.next.is_none_or(|next| began >= next);
        if self.watched.is_empty() || !(is_due || at_once) {
            return Vec::new();
        }
        let mut heard = Vec::new();
        self.watched.retain(|&(one, other), watched| {
            for (n, (local, remote)) in [(one, other), (other, one)].into_iter().enumerate() {
                if let Ok(socket) = diag.one(local, remote) {
                    heard.extend(news(&mut watched.told[n], local, remote, &socket));
                }
            }
            watched.seen = true;
            let is_gone = |known: &Option<Known>| known.is_none_or(|it| it.state == State::Closed);
            let is_over = watched.told.iter().all(is_gone);
            !is_over || began.duration_since(watched.asked) < FORGOTTEN
        });
        let pause = if self.is_urgent { SOON } else { USUALLY };
        (self.is_urgent, self.is_full) = (false, false);
        let ended = Instant::now();
        self.next = Some(ended + pause.max((ended - began) * REST));
        heard
    }
}

/// What is to be told of an end, if anything; notes it.
fn news(
    told: &mut Option<Known>,
    local: SocketAddr,
    remote: SocketAddr,
    socket: &Socket,
) -> Option<Heard> {
    let known = Known::of(socket);
    let is_elsewhere = told.is_none() && socket.state == State::Closed;
    if is_elsewhere || *told == Some(known) {
        return None;
    }
    *told = Some(known);
    let queues = Queues {
        receive: socket.receive_queue,
        send: socket.send_queue,
    };
    let end = KernelEnd {
        state: socket.state,
        queues: (socket.state != State::Closed).then_some(queues),
        timer: socket.timer_in_words(),
    };
    Some(heard_now(local, remote, end))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trace::Word;
    use std::io::{Read, Write};
    use std::net::{Shutdown, TcpListener, TcpStream};

    fn told(heard: &[Heard], local: SocketAddr) -> Vec<String> {
        let of_it = heard.iter().filter(|heard| heard.local == local);
        let words = of_it.map(|heard| match &heard.word {
            Word::End(end) => {
                let waiting = end.waiting();
                let timer = end.timer.split(' ').next().unwrap_or_default();
                format!("{} {} {} {timer}", end.state, waiting.receive, waiting.send)
            }
            Word::Deed(deed) => deed.to_string(),
        });
        words.collect()
    }

    #[test]
    fn each_change_of_either_end_is_told_once_until_both_are_gone() {
        let diag = Diag::open().unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let mut client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let (server, _) = listener.accept().unwrap();
        let (here, there) = (client.local_addr().unwrap(), client.peer_addr().unwrap());
        let mut looks = Looks::default();
        looks.ask(vec![(here, there), (there, here)]);
        let heard = looks.look(&diag, true);
        assert_eq!(told(&heard, here), ["ESTABLISHED 0 0 "]);
        assert_eq!(told(&heard, there), ["ESTABLISHED 0 0 "]);
        assert!(looks.look(&diag, true).is_empty(), "no news");
        client.write_all(b"hello").unwrap();
        assert_eq!(told(&looks.look(&diag, true), there), ["ESTABLISHED 5 0 "]);
        client.write_all(b"again").unwrap();
        assert!(looks.look(&diag, true).is_empty(), "only how much");
        // With data unread, an RST.
        drop(server);
        let heard = looks.look(&diag, true);
        assert_eq!(told(&heard, there), ["CLOSED 0 0 "]);
        assert_eq!(told(&heard, here), ["CLOSED 0 0 "]);
        assert!(looks.look(&diag, true).is_empty());
    }

    #[test]
    fn of_a_connection_that_this_machine_has_no_end_of_nothing_is_told() {
        let diag = Diag::open().unwrap();
        let mut looks = Looks::default();
        let ends = (
            "192.0.2.1:1".parse().unwrap(),
            "192.0.2.2:2".parse().unwrap(),
        );
        looks.ask(vec![ends]);
        assert!(looks.look(&diag, true).is_empty());
        assert_eq!(looks.watched.len(), 1, "it may come");
    }

    #[test]
    fn a_flood_of_connections_is_not_watched() {
        let mut looks = Looks::default();
        let server: SocketAddr = "192.0.2.1:1".parse().unwrap();
        let ends = |port| (server, SocketAddr::new(server.ip(), port));
        looks.ask((1..u16::MAX).map(ends).collect());
        assert_eq!(looks.watched.len(), MOST);
        assert!(looks.left_out());
    }

    #[test]
    fn connections_in_time_wait_make_room_for_others_the_longest_unasked_first() {
        let diag = Diag::open().unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let server = listener.local_addr().unwrap();
        let mut looks = Looks::default();
        let mut closed = Vec::new();
        for _ in 0..MOST {
            let mut client = TcpStream::connect(server).unwrap();
            let here = client.local_addr().unwrap();
            // Its FIN first: the client's socket waits in TIME-WAIT.
            client.shutdown(Shutdown::Write).unwrap();
            drop(listener.accept().unwrap());
            client.read_to_end(&mut Vec::new()).unwrap();
            looks.ask(vec![(here, server)]);
            closed.push(here);
        }
        looks.look(&diag, true);
        let client = TcpStream::connect(server).unwrap();
        let here = client.local_addr().unwrap();
        looks.ask(vec![(here, server)]);
        assert!(!looks.left_out());
        assert_eq!(told(&looks.look(&diag, true), here), ["ESTABLISHED 0 0 "]);
        let has = |looks: &Looks, here: SocketAddr| {
            let ends = (here.min(server), here.max(server));
            looks.watched.contains_key(&ends)
        };
        assert!(!has(&looks, closed[0]) && has(&looks, closed[1]));
        assert_eq!(looks.watched.len(), MOST);
    }
}
