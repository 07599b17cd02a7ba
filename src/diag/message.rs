//! sock_diag's messages as octets: a question is written, an answer read.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use rustix::net::AddressFamily;

use super::{Listed, Socket, Timer};
use crate::conn::State;

/// Octets of `struct nlmsghdr`, of `struct inet_diag_req_v2`, of `struct inet_diag_msg`.
const HEADER: usize = 16;
const REQUEST: usize = 56;
const MESSAGE: usize = 72;

const SOCK_DIAG_BY_FAMILY: u16 = 20;
const NLMSG_ERROR: u16 = 2;
const NLMSG_DONE: u16 = 3;
const TCP: u8 = 6;

/// `struct nlmsghdr`, then `struct inet_diag_req_v2`.
pub fn request(
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
pub enum Answer {
    None,
    /// Sockets.
    Some,
    /// The end of a list.
    Ends,
}

/// Hands on the sockets of the answer to the question of this number; what answers another is passed over.
pub fn read_answer(
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
}
