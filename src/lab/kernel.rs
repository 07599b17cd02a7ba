//! What the kernel says of its TCP sockets: sock_diag(7), as ss(8) asks it.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::os::fd::OwnedFd;
use std::time::Duration;

use rustix::net::{
    AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType, netlink, recv, send, socket_with,
};

use super::{Family, LabError, Namespace};
use crate::conn::State;

/// Octets of a netlink message's header (`struct nlmsghdr`).
const HEADER: usize = 16;
/// Octets of `struct inet_diag_msg`.
const MESSAGE: usize = 72;
const SOCK_DIAG_BY_FAMILY: u16 = 20;
const NLMSG_ERROR: u16 = 2;
const NLMSG_DONE: u16 = 3;
/// NLM_F_REQUEST and NLM_F_DUMP.
const DUMP: u16 = 0x301;
const TCP: u8 = 6;

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

/// A line to one namespace's kernel.
#[derive(Debug)]
pub struct Diag {
    socket: OwnedFd,
}

impl Diag {
    /// Opens it.
    ///
    /// # Errors
    /// The kernel has no sock_diag.
    pub fn open(namespace: &Namespace) -> Result<Diag, LabError> {
        let open = || {
            socket_with(
                AddressFamily::NETLINK,
                SocketType::DGRAM,
                SocketFlags::CLOEXEC,
                Some(netlink::SOCK_DIAG),
            )
        };
        let socket = namespace
            .run(open)
            .map_err(|why| LabError::io("sock_diag")(why.into()))?;
        Ok(Diag { socket })
    }

    /// Every TCP socket but listening ones: its own address, its peer's, and what it is like.
    ///
    /// # Errors
    /// The kernel refuses.
    pub fn sockets(
        &self,
        family: Family,
    ) -> Result<Vec<(SocketAddr, SocketAddr, Socket)>, LabError> {
        self.dump(family).map_err(LabError::io("sock_diag"))
    }

    /// The socket of this connection; CLOSED where there is none.
    ///
    /// # Errors
    /// The kernel refuses.
    pub fn socket(&self, local: SocketAddr, remote: SocketAddr) -> Result<Socket, LabError> {
        let family = if local.is_ipv4() {
            Family::Ipv4
        } else {
            Family::Ipv6
        };
        let mut all = self.sockets(family)?.into_iter();
        let found = all.find(|(its, peer, _)| (*its, *peer) == (local, remote));
        Ok(found.map_or_else(Socket::default, |(.., socket)| socket))
    }

    fn dump(&self, family: Family) -> io::Result<Vec<(SocketAddr, SocketAddr, Socket)>> {
        send(&self.socket, &request(family), SendFlags::empty())?;
        let mut found = Vec::new();
        let mut buffer = vec![0; 1 << 16];
        loop {
            let (read, _) = recv(&self.socket, &mut *buffer, RecvFlags::empty())?;
            let mut rest = &buffer[..read];
            while let Some((kind, body, next)) = message(rest) {
                match kind {
                    NLMSG_DONE => return Ok(found),
                    NLMSG_ERROR => {
                        return Err(io::Error::from_raw_os_error(-i32::from_ne_bytes(at(
                            body, 0,
                        ))));
                    }
                    _ => found.extend(parse(body)),
                }
                rest = next;
            }
        }
    }
}

/// Asks for all sockets of a family: `struct nlmsghdr`, then `struct inet_diag_req_v2`.
fn request(family: Family) -> Vec<u8> {
    let family = match family {
        Family::Ipv4 => AddressFamily::INET,
        Family::Ipv6 => AddressFamily::INET6,
    };
    let family = u8::try_from(family.as_raw()).expect("2 or 10");
    // Bit n stands for the kernel's state n; 10 is LISTEN.
    let states: u32 = !(1 << 10);
    let mut request = Vec::with_capacity(HEADER + 56);
    request.extend(72u32.to_ne_bytes());
    request.extend(SOCK_DIAG_BY_FAMILY.to_ne_bytes());
    request.extend(DUMP.to_ne_bytes());
    request.extend([0; 8]);
    request.extend([family, TCP, 0, 0]);
    request.extend(states.to_ne_bytes());
    request.resize(HEADER + 56, 0);
    request
}

/// The first of the messages in `octets`: its type, its body, and what follows it.
fn message(octets: &[u8]) -> Option<(u16, &[u8], &[u8])> {
    let header = octets.get(..HEADER)?;
    let length = u32::from_ne_bytes(at(header, 0)) as usize;
    let body = octets.get(HEADER..length)?;
    let next = octets.get(length.next_multiple_of(4)..).unwrap_or_default();
    Some((u16::from_ne_bytes(at(header, 4)), body, next))
}

/// `struct inet_diag_msg` (linux/inet_diag.h).
fn parse(body: &[u8]) -> Option<(SocketAddr, SocketAddr, Socket)> {
    let body = body.get(..MESSAGE)?;
    let is_v4 = u16::from(body[0]) == AddressFamily::INET.as_raw();
    let end = |port: usize, address: usize| {
        let ip: IpAddr = if is_v4 {
            Ipv4Addr::from(at::<4>(body, address)).into()
        } else {
            Ipv6Addr::from(at::<16>(body, address)).into()
        };
        SocketAddr::new(ip, u16::from_be_bytes(at(body, port)))
    };
    let word = |offset| u32::from_ne_bytes(at(body, offset));
    let socket = Socket {
        state: state(body[1])?,
        timer: timer(body[2])?,
        left: Duration::from_millis(word(52).into()),
        receive_queue: word(56),
        send_queue: word(60),
        inode: word(68),
    };
    Some((end(4, 8), end(6, 24), socket))
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
