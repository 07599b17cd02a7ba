//! The TCP sockets of this process's network namespace: by sock_diag, or where that isn't to be had from /proc/net/tcp and
//! /proc/net/tcp6, which anybody may read (proc_net_tcp(5)). With thousands of connections in TIME-WAIT sock_diag takes a hundredth of
//! the time: the kernel leaves them out.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use rustix::net::AddressFamily;

use crate::diag::{Diag, HELD, Listed};

const FILES: [&str; 2] = ["/proc/net/tcp", "/proc/net/tcp6"];

/// Octets read of each file: some hundred thousand sockets.
const MOST: u64 = 1 << 25;

/// A socket as the kernel lists it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Socket {
    pub local: SocketAddr,
    pub remote: SocketAddr,
    /// Who made it. Means nothing where the inode is 0.
    pub uid: u32,
    /// 0 where no descriptor is left (FIN-WAIT-2 after close()), or none is there yet (before accept()).
    pub inode: u64,
}

/// Hands on every socket that may belong to somebody.
pub fn each(mut found: impl FnMut(Socket)) {
    if ask_each(&mut found).is_err() {
        read_each(found);
    }
}

/// What the kernel refuses for one family only, such as IPv6, is left out.
fn ask_each(found: &mut impl FnMut(Socket)) -> io::Result<()> {
    let diag = Diag::open()?;
    let mut ask = |family| {
        diag.each(family, HELD, |listed: Listed| {
            found(Socket {
                local: listed.local,
                remote: listed.remote,
                uid: listed.uid,
                inode: listed.socket.inode.into(),
            });
        })
    };
    match [AddressFamily::INET, AddressFamily::INET6].map(&mut ask) {
        [Err(why), Err(_)] => Err(why),
        _ => Ok(()),
    }
}

/// What can't be read is left out: a kernel without IPv6 has no tcp6.
fn read_each(mut found: impl FnMut(Socket)) {
    for file in FILES.iter().filter_map(|path| File::open(path).ok()) {
        let mut lines = BufReader::with_capacity(1 << 16, file.take(MOST));
        let mut line = String::new();
        while lines.read_line(&mut line).is_ok_and(|read| read > 0) {
            if let Some(socket) = parse(&line) {
                found(socket);
            }
            line.clear();
        }
    }
}

/// One line; `None` for the heading.
fn parse(line: &str) -> Option<Socket> {
    let mut fields = line.split_ascii_whitespace().skip(1);
    let local = address(fields.next()?)?;
    let remote = address(fields.next()?)?;
    // State, queues, timer, retransmissions.
    let mut fields = fields.skip(4);
    let uid = fields.next()?.parse().ok()?;
    let inode = fields.nth(1)?.parse().ok()?;
    Some(Socket {
        local,
        remote,
        uid,
        inode,
    })
}

/// `0100007F:10E1`: words of 32 bits as this machine would read them from memory, then the port. An IPv4 address mapped
/// into IPv6 is told as IPv4, which is what the wire carries.
fn address(text: &str) -> Option<SocketAddr> {
    let (address, port) = text.split_once(':')?;
    let port = u16::from_str_radix(port, 16).ok()?;
    let word = |at: usize| {
        let digits = address.get(at * 8..at * 8 + 8)?;
        Some(u32::from_str_radix(digits, 16).ok()?.to_ne_bytes())
    };
    let ip = match address.len() {
        8 => IpAddr::from(Ipv4Addr::from(word(0)?)),
        32 => {
            let words = [word(0)?, word(1)?, word(2)?, word(3)?];
            let octets = words.as_flattened().try_into().ok()?;
            Ipv6Addr::from_octets(octets).to_canonical()
        }
        _ => return None,
    };
    Some(SocketAddr::new(ip, port))
}

#[cfg(test)]
#[cfg(target_endian = "little")]
mod tests {
    use super::*;

    fn socket(local: &str, remote: &str, uid: u32, inode: u64) -> Socket {
        let (local, remote) = (local.parse().unwrap(), remote.parse().unwrap());
        Socket {
            local,
            remote,
            uid,
            inode,
        }
    }

    #[test]
    fn a_line_of_tcp_has_words_in_the_machines_order() {
        let line = "   1: 0100007F:10E1 0200007F:8BCE 08 00000000:00000001 00:00000000 00000000    33        0 4242 1 0000000000000000 20 4 31 10 -1\n";
        assert_eq!(
            parse(line),
            Some(socket("127.0.0.1:4321", "127.0.0.2:35790", 33, 4242))
        );
    }

    #[test]
    fn a_line_of_tcp6_has_four_words_and_a_mapped_address_is_ipv4() {
        let line = " 12: B80D0120000000000000000001000000:0050 B80D0120000000000000000002000000:1F90 01 00000000:00000000 00:00000000 00000000  1000        0 77 1 0\n";
        assert_eq!(
            parse(line),
            Some(socket("[2001:db8::1]:80", "[2001:db8::2]:8080", 1000, 77))
        );
        let line = "  3: 0000000000000000FFFF00000100007F:0050 0000000000000000FFFF00000100007F:1F90 06 00000000:00000000 03:000017A6 00000000     0        0 0 3 0\n";
        assert_eq!(
            parse(line),
            Some(socket("127.0.0.1:80", "127.0.0.1:8080", 0, 0))
        );
    }

    #[test]
    fn whatever_else_stands_there_is_no_socket() {
        for line in [
            "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode",
            "",
            "   1: 0100007F:10E1 0200007F:8BCE 08 00000000:00000001 00:00000000 00000000    33        0",
            "   1: 0100007F10E1 0200007F:8BCE 08 0:1 00:0 0 33 0 4242",
            "   1: 0100\u{e9}\u{e9}7:10E1 0200007F:8BCE 08 0:1 00:0 0 33 0 4242",
            "   1: 0100007F:10E1 0200007F:8BCE 08 0:1 00:0 0 -1 0 4242",
        ] {
            assert_eq!(parse(line), None, "{line}");
        }
    }
}
