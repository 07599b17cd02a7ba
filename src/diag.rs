//! The TCP sockets of a network namespace by sock_diag(7), as ss(8) asks for them: state, queues, timer, owner.

mod message;

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::os::fd::OwnedFd;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use rustix::net::{
    AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType, netlink, recv, send, socket_with,
};

use self::message::{Answer, read_answer, request};
use crate::conn::State;

/// NLM_F_REQUEST; the same and NLM_F_DUMP.
const ONE: u16 = 1;
const ALL: u16 = 0x301;

/// Octets that the kernel may answer at a time.
const ANSWER: usize = 1 << 16;

/// Bit n stands for the kernel's state n (include/net/tcp_states.h): all but LISTEN.
pub const CONNECTIONS: u32 = !(1 << 10);

/// Those in which somebody may hold a connection: neither TIME-WAIT nor CLOSE either.
pub const HELD: u32 = CONNECTIONS & !(1 << 6 | 1 << 7);

/// Which of its timers a socket waits for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Timer {
    #[default]
    None,
    /// Retransmission (of a SYN,ACK too), tail loss probe, or reordering.
    Retransmit,
    /// Keep-alive; in FIN-WAIT-2 the end of the wait for the other FIN.
    KeepAlive,
    /// The end of TIME-WAIT, or of a closed socket's FIN-WAIT-2.
    TimeWait,
    /// A window probe.
    Probe,
}

/// A socket, as the kernel has it now. No socket is CLOSED, and the default.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Socket {
    pub state: State,
    pub timer: Timer,
    /// What is left of the timer.
    pub left: Duration,
    /// Octets not read yet (`ss`: Recv-Q); an unread FIN counts.
    pub receive_queue: u32,
    /// Sequence numbers not acknowledged yet (`ss`: Send-Q); a FIN counts.
    pub send_queue: u32,
    /// 0 where no descriptor is left.
    pub inode: u32,
}

impl Socket {
    /// Its timer as ss(8) names it, and what is left of it: `timewait 59 s`; empty where none runs.
    #[must_use]
    pub fn timer_in_words(&self) -> String {
        let name = match self.timer {
            Timer::None => return String::new(),
            Timer::Retransmit => "on",
            Timer::KeepAlive => "keepalive",
            Timer::TimeWait => "timewait",
            Timer::Probe => "persist",
        };
        let left = self.left;
        if left < Duration::from_secs(1) {
            format!("{name} {} ms", left.as_millis())
        } else {
            format!("{name} {} s", left.as_secs())
        }
    }
}

/// A socket of the kernel's list.
#[derive(Clone, Copy, Debug)]
pub struct Listed {
    pub local: SocketAddr,
    pub remote: SocketAddr,
    /// Who made it. Means nothing where the inode is 0.
    pub uid: u32,
    pub socket: Socket,
}

/// A line to one namespace's kernel.
#[derive(Debug)]
pub struct Diag {
    line: OwnedFd,
    /// How many questions were asked: each answer bears the number of its question.
    asked: AtomicU32,
}

impl Diag {
    /// Opens it to the namespace that this thread is in.
    ///
    /// # Errors
    /// The kernel has no sock_diag.
    pub fn open() -> io::Result<Diag> {
        let (flags, protocol) = (SocketFlags::CLOEXEC, Some(netlink::SOCK_DIAG));
        let line = socket_with(AddressFamily::NETLINK, SocketType::DGRAM, flags, protocol)?;
        let asked = AtomicU32::new(0);
        Ok(Diag { line, asked })
    }

    /// Hands on every socket of a family that is in one of `states`.
    ///
    /// # Errors
    /// The kernel refuses, or its answer is cut.
    pub fn each(
        &self,
        family: AddressFamily,
        states: u32,
        mut found: impl FnMut(Listed),
    ) -> io::Result<()> {
        let mut buffer = vec![0; ANSWER];
        // What is left of one that was broken off, without which the kernel begins no other.
        while recv(&self.line, &mut *buffer, RecvFlags::DONTWAIT).is_ok() {}
        let any = SocketAddr::new(Ipv4Addr::UNSPECIFIED.into(), 0);
        let number = self.ask(family, ALL, states, (any, any))?;
        loop {
            let (read, _) = recv(&self.line, &mut *buffer, RecvFlags::empty())?;
            if read_answer(&buffer[..read], number, &mut found)? == Answer::Ends {
                return Ok(());
            }
        }
    }

    /// Asks; the number that the answer bears.
    fn ask(
        &self,
        family: AddressFamily,
        flags: u16,
        states: u32,
        ends: (SocketAddr, SocketAddr),
    ) -> io::Result<u32> {
        let number = self.asked.fetch_add(1, Ordering::Relaxed).wrapping_add(1);
        let request = request(family, (flags, number), states, ends);
        send(&self.line, &request, SendFlags::empty())?;
        Ok(number)
    }

    /// The socket of one connection; none is CLOSED.
    ///
    /// # Errors
    /// The kernel refuses.
    pub fn one(&self, local: SocketAddr, remote: SocketAddr) -> io::Result<Socket> {
        let family = if local.is_ipv4() {
            AddressFamily::INET
        } else {
            AddressFamily::INET6
        };
        let number = self.ask(family, ONE, u32::MAX, (local, remote))?;
        // More comes only in answer to something else.
        let mut buffer = [0; 4096];
        let mut socket = Socket::default();
        let mut found = |listed: Listed| {
            // Where there is none the kernel gives the listener that would take it.
            let is_same = |one: SocketAddr, other: SocketAddr| {
                (one.ip().to_canonical(), one.port()) == (other.ip().to_canonical(), other.port())
            };
            if is_same(listed.local, local) && is_same(listed.remote, remote) {
                socket = listed.socket;
            }
        };
        loop {
            let (read, _) = recv(&self.line, &mut buffer, RecvFlags::empty())?;
            match read_answer(&buffer[..read], number, &mut found) {
                // To another question.
                Ok(Answer::None) => {}
                Err(why) if why.kind() != io::ErrorKind::NotFound => return Err(why),
                _ => return Ok(socket),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::{TcpListener, TcpStream};

    /// Both ends of a new connection, and its listener.
    fn connected(address: &str) -> (TcpStream, TcpStream, TcpListener) {
        let listener = TcpListener::bind(address).unwrap();
        let client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let (accepted, _) = listener.accept().unwrap();
        (client, accepted, listener)
    }

    #[test]
    fn both_ends_of_a_connection_are_listed_with_user_and_inode() {
        let diag = Diag::open().unwrap();
        for (address, family) in [
            ("127.0.0.1:0", AddressFamily::INET),
            ("[::1]:0", AddressFamily::INET6),
        ] {
            let (client, accepted, _listener) = connected(address);
            let mut found = Vec::new();
            diag.each(family, HELD, |listed| found.push(listed))
                .unwrap();
            for stream in [&client, &accepted] {
                let (local, remote) = (stream.local_addr().unwrap(), stream.peer_addr().unwrap());
                let is_it = |listed: &&Listed| (listed.local, listed.remote) == (local, remote);
                let listed = found.iter().find(is_it).unwrap();
                assert_eq!(listed.uid, rustix::process::getuid().as_raw());
                let inode = rustix::fs::fstat(stream).unwrap().st_ino;
                assert_eq!(u64::from(listed.socket.inode), inode);
                assert_eq!(diag.one(local, remote).unwrap(), listed.socket);
            }
        }
    }

    #[test]
    fn a_connection_that_is_not_there_is_closed_though_somebody_listens() {
        let (client, accepted, listener) = connected("127.0.0.1:0");
        let (local, remote) = (listener.local_addr().unwrap(), client.local_addr().unwrap());
        drop((client, accepted));
        let diag = Diag::open().unwrap();
        let elsewhere = SocketAddr::new(remote.ip(), 1);
        let none = diag.one(local, elsewhere).unwrap();
        assert_eq!(none, Socket::default());
        drop(listener);
        assert_eq!(diag.one(local, elsewhere).unwrap(), Socket::default());
    }

    #[test]
    fn what_is_left_of_a_list_answers_no_other_question() {
        let (client, accepted, _listener) = connected("127.0.0.1:0");
        let (local, remote) = (client.local_addr().unwrap(), accepted.local_addr().unwrap());
        let diag = Diag::open().unwrap();
        let any = SocketAddr::new(Ipv4Addr::UNSPECIFIED.into(), 0);
        // A list that nobody reads.
        diag.ask(AddressFamily::INET, ALL, CONNECTIONS, (any, any))
            .unwrap();
        assert_eq!(diag.one(local, remote).unwrap().state, State::Established);
        let elsewhere = SocketAddr::new(local.ip(), 1);
        assert_eq!(diag.one(elsewhere, remote).unwrap(), Socket::default());
        diag.ask(AddressFamily::INET, ALL, CONNECTIONS, (any, any))
            .unwrap();
        let mut found = 0;
        let count = |listed: Listed| found += usize::from(listed.local == local);
        diag.each(AddressFamily::INET, HELD, count).unwrap();
        assert_eq!(found, 1);
    }
}
