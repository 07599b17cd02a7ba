//! The TCP sockets of this process's network namespace by sock_diag(7), as ss(8) asks. With thousands of connections in
//! TIME-WAIT it takes a hundredth of the time that reading /proc/net/tcp does: the kernel leaves them out.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use rustix::net::{
    AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType, netlink, recv, send, socket_with,
};

use super::sockets::Socket;

/// Octets of `struct nlmsghdr`, of `struct inet_diag_req_v2`, of `struct inet_diag_msg`.
const HEADER: usize = 16;
const REQUEST: usize = 56;
const MESSAGE: usize = 72;

const SOCK_DIAG_BY_FAMILY: u16 = 20;
const NLMSG_ERROR: u16 = 2;
const NLMSG_DONE: u16 = 3;
/// NLM_F_REQUEST and NLM_F_DUMP.
const DUMP: u16 = 0x301;
const TCP: u8 = 6;

/// Bit n stands for the kernel's state n (include/net/tcp_states.h): all but TIME-WAIT, CLOSE and LISTEN, in which
/// nobody holds a connection.
const STATES: u32 = !(1 << 6 | 1 << 7 | 1 << 10);

/// Octets that the kernel may answer at a time.
const ANSWER: usize = 1 << 16;

/// Hands on every socket in one of `STATES`.
///
/// # Errors
/// There is no sock_diag here. What the kernel refuses for one family only, such as IPv6, is left out.
pub fn each(mut found: impl FnMut(Socket)) -> io::Result<()> {
    let flags = SocketFlags::CLOEXEC;
    let kind = (AddressFamily::NETLINK, SocketType::DGRAM);
    let line = socket_with(kind.0, kind.1, flags, Some(netlink::SOCK_DIAG))?;
    let mut buffer = vec![0; ANSWER];
    let mut ask = |family| -> io::Result<()> {
        send(&line, &request(family), SendFlags::empty())?;
        loop {
            let (read, _) = recv(&line, &mut *buffer, RecvFlags::empty())?;
            if is_last(&buffer[..read], &mut found)? {
                return Ok(());
            }
        }
    };
    let told = [AddressFamily::INET, AddressFamily::INET6].map(&mut ask);
    let [Err(why), Err(_)] = told else {
        return Ok(());
    };
    Err(why)
}

fn request(family: AddressFamily) -> Vec<u8> {
    let mut request = Vec::with_capacity(HEADER + REQUEST);
    request.extend(72u32.to_ne_bytes());
    request.extend(SOCK_DIAG_BY_FAMILY.to_ne_bytes());
    request.extend(DUMP.to_ne_bytes());
    request.extend([0; 8]);
    // AF_INET is 2, AF_INET6 10.
    let family = u8::try_from(family.as_raw()).unwrap_or_default();
    request.extend([family, TCP, 0, 0]);
    request.extend(STATES.to_ne_bytes());
    request.resize(HEADER + REQUEST, 0);
    request
}

/// Hands on the sockets of an answer; whether it is the last one.
fn is_last(mut octets: &[u8], found: &mut impl FnMut(Socket)) -> io::Result<bool> {
    while let Some(header) = octets.get(..HEADER) {
        let length = u32::from_ne_bytes(at(header, 0)) as usize;
        let body = octets.get(HEADER..length);
        let body = body.ok_or(io::ErrorKind::InvalidData)?;
        match u16::from_ne_bytes(at(header, 4)) {
            NLMSG_DONE => return Ok(true),
            NLMSG_ERROR => {
                let error = i32::from_ne_bytes(at(body, 0));
                return Err(io::Error::from_raw_os_error(error.saturating_neg()));
            }
            _ => {
                if let Some(socket) = parse(body) {
                    found(socket);
                }
            }
        }
        octets = octets.get(length.next_multiple_of(4)..).unwrap_or_default();
    }
    Ok(false)
}

/// `struct inet_diag_msg` (linux/inet_diag.h). An IPv4 address mapped into IPv6 is told as IPv4, which is what the wire
/// carries.
fn parse(body: &[u8]) -> Option<Socket> {
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
    Some(Socket {
        local: end(4, 8),
        remote: end(6, 24),
        uid: word(64),
        inode: word(68).into(),
    })
}

fn at<const N: usize>(octets: &[u8], offset: usize) -> [u8; N] {
    let mut found = [0; N];
    if let Some(there) = octets.get(offset..offset + N) {
        found.copy_from_slice(there);
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::{TcpListener, TcpStream};

    /// Both ends of a new connection, as the kernel lists them.
    fn listed(address: &str) -> (Vec<Socket>, Vec<Socket>) {
        let server = TcpListener::bind(address).unwrap();
        let client = TcpStream::connect(server.local_addr().unwrap()).unwrap();
        let (accepted, _) = server.accept().unwrap();
        let wanted = [&client, &accepted].map(|stream| Socket {
            local: stream.local_addr().unwrap(),
            remote: stream.peer_addr().unwrap(),
            uid: rustix::process::getuid().as_raw(),
            inode: rustix::fs::fstat(stream).unwrap().st_ino,
        });
        let mut found = Vec::new();
        each(|socket| found.push(socket)).unwrap();
        (wanted.to_vec(), found)
    }

    #[test]
    fn both_ends_of_a_connection_are_listed_with_user_and_inode() {
        for address in ["127.0.0.1:0", "[::1]:0"] {
            let (wanted, found) = listed(address);
            for socket in wanted {
                assert!(found.contains(&socket), "{socket:?}");
            }
        }
    }

    #[test]
    fn an_answer_that_is_cut_is_an_error_and_one_without_an_end_is_not_the_last() {
        let mut none = |socket| panic!("{socket:?}");
        let mut done = 20u32.to_ne_bytes().to_vec();
        done.extend(NLMSG_DONE.to_ne_bytes());
        done.resize(20, 0);
        assert!(is_last(&done, &mut none).unwrap());
        assert!(is_last(&done[..18], &mut none).is_err());
        assert!(!is_last(&[], &mut none).unwrap());
        let mut refused = 20u32.to_ne_bytes().to_vec();
        refused.extend(NLMSG_ERROR.to_ne_bytes());
        refused.resize(HEADER, 0);
        refused.extend((-2i32).to_ne_bytes());
        let why = is_last(&refused, &mut none).unwrap_err();
        assert_eq!(why.kind(), io::ErrorKind::NotFound);
    }
}
