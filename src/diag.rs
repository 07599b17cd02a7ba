//! The TCP sockets of a network namespace by sock_diag(7), as ss(8) asks for them: state, queues, timer, owner.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::os::fd::OwnedFd;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use rustix::net::{
    AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType, netlink, recv, send, socket_with,
};

use crate::conn::State;

/// Octets of `struct nlmsghdr`, of `struct inet_diag_req_v2`, of `struct inet_diag_msg`.
const HEADER: usize = 16;
const REQUEST: usize = 56;
const MESSAGE: usize = 72;

const SOCK_DIAG_BY_FAMILY: u16 = 20;
const NLMSG_ERROR: u16 = 2;
const NLMSG_DONE: u16 = 3;
/// NLM_F_REQUEST; the same and NLM_F_DUMP.
const ONE: u16 = 1;
const ALL: u16 = 0x301;
const TCP: u8 = 6;

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

/// `struct nlmsghdr`, then `struct inet_diag_req_v2`.
fn request(
    family: AddressFamily,
    (flags, number): (u16, u32),
    states: u32,
    (local, remote): (SocketAddr, SocketAddr),
) -> Vec<u8> {
    let mut request = Vec::with_capacity(HEADER + REQUEST);
    request.extend(72u32.to_ne_bytes());
    request.extend(SOCK_DIAG_BY_FAMILY.to_ne_bytes());
    request.extend(flags.to_ne_bytes());
    request.extend(number.to_ne_bytes());
    request.extend([0; 4]);
    // AF_INET is 2, AF_INET6 10.
    let family = u8::try_from(family.as_raw()).unwrap_or_default();
    request.extend([family, TCP, 0, 0]);
    request.extend(states.to_ne_bytes());
    for end in [local, remote] {
        request.extend(end.port().to_be_bytes());
    }
    for end in [local, remote] {
        let mut address = [0; 16];
        match end.ip() {
            IpAddr::V4(ip) => address[..4].copy_from_slice(&ip.octets()),
            IpAddr::V6(ip) => address = ip.octets(),
        }
        request.extend(address);
    }
    // Any interface, and no cookie known.
    request.extend([0; 4]);
    request.extend([0xff; 8]);
    request
}

/// What a datagram holds of the answer to a question.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Answer {
    None,
    /// Sockets.
    Some,
    /// The end of a list.
    Ends,
}

/// Hands on the sockets of the answer to the question of this number; what answers another is passed over.
fn read_answer(
    mut octets: &[u8],
    number: u32,
    found: &mut impl FnMut(Listed),
) -> io::Result<Answer> {
    let mut answer = Answer::None;
    while let Some(header) = octets.get(..HEADER) {
        let length = u32::from_ne_bytes(at(header, 0)) as usize;
        if length < HEADER {
            return Err(io::ErrorKind::InvalidData.into());
        }
        let message = octets;
        octets = message
            .get(length.next_multiple_of(4)..)
            .unwrap_or_default();
        if u32::from_ne_bytes(at(header, 8)) != number {
            continue;
        }
        let body = message.get(HEADER..length);
        let body = body.ok_or(io::ErrorKind::InvalidData)?;
        match u16::from_ne_bytes(at(header, 4)) {
            NLMSG_DONE => return Ok(Answer::Ends),
            NLMSG_ERROR => {
                let error = i32::from_ne_bytes(at(body, 0));
                return Err(io::Error::from_raw_os_error(error.saturating_neg()));
            }
            _ => {
                answer = Answer::Some;
                if let Some(socket) = parse(body) {
                    found(socket);
                }
            }
        }
    }
    Ok(answer)
}

/// `struct inet_diag_msg` (linux/inet_diag.h). An IPv4 address mapped into IPv6 is told as IPv4, which is what the wire
/// carries.
fn parse(body: &[u8]) -> Option<Listed> {
    let body = body.get(..MESSAGE)?;
    let is_v4 = u16::from(body[0]) == AddressFamily::INET.as_raw();
    let end = |port: usize, address: usize| {
        let ip: IpAddr = if is_v4 {
            Ipv4Addr::from(at::<4>(body, address)).into()
        } else {
            Ipv6Addr::from(at::<16>(body, address)).to_canonical()
        };
        SocketAddr::new(ip, u16::from_be_bytes(at(body, port)))
    };
    let word = |offset| u32::from_ne_bytes(at(body, offset));
    Some(Listed {
        local: end(4, 8),
        remote: end(6, 24),
        uid: word(64),
        socket: Socket {
            state: state(body[1])?,
            timer: timer(body[2])?,
            left: Duration::from_millis(word(52).into()),
            receive_queue: word(56),
            send_queue: word(60),
            inode: word(68),
        },
    })
}

fn at<const N: usize>(octets: &[u8], offset: usize) -> [u8; N] {
    let mut found = [0; N];
    if let Some(there) = octets.get(offset..offset + N) {
        found.copy_from_slice(there);
    }
    found
}

/// The kernel's numbers (include/net/tcp_states.h); a request that waits for its last ACK is NEW_SYN_RECV.
fn state(number: u8) -> Option<State> {
    Some(match number {
        1 => State::Established,
        2 => State::SynSent,
        3 | 12 => State::SynReceived,
        4 => State::FinWait1,
        5 => State::FinWait2,
        6 => State::TimeWait,
        7 => State::Closed,
        8 => State::CloseWait,
        9 => State::LastAck,
        10 => State::Listen,
        11 => State::Closing,
        _ => return None,
    })
}

fn timer(number: u8) -> Option<Timer> {
    let timers = [
        Timer::None,
        Timer::Retransmit,
        Timer::KeepAlive,
        Timer::TimeWait,
        Timer::Probe,
    ];
    timers.get(usize::from(number)).copied()
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
    fn an_answer_that_is_cut_is_an_error_and_one_without_an_end_is_not_the_last() {
        let mut none = |listed| panic!("{listed:?}");
        let message = |kind: u16, number: u32, body: &[u8]| {
            let mut octets = 20u32.to_ne_bytes().to_vec();
            octets.extend(kind.to_ne_bytes());
            octets.extend([0; 2]);
            octets.extend(number.to_ne_bytes());
            octets.extend([0; 4]);
            octets.extend(body);
            octets
        };
        let done = message(NLMSG_DONE, 7, &[0; 4]);
        let mut read = |octets: &[u8]| read_answer(octets, 7, &mut none);
        assert_eq!(read(&done).unwrap(), Answer::Ends);
        assert!(read(&done[..18]).is_err());
        assert_eq!(read(&[]).unwrap(), Answer::None);
        assert!(read(&[0; HEADER]).is_err(), "shorter than its own header");
        let refused = message(NLMSG_ERROR, 7, &(-2i32).to_ne_bytes());
        let why = read(&refused).unwrap_err();
        assert_eq!(why.kind(), io::ErrorKind::NotFound);
        let others = [
            message(NLMSG_ERROR, 6, &[1; 4]),
            message(NLMSG_DONE, 5, &[0; 4]),
        ]
        .concat();
        assert_eq!(read(&others).unwrap(), Answer::None, "to other questions");
        assert_eq!(read(&[others, done].concat()).unwrap(), Answer::Ends);
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
