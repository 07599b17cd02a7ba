//! Reading and writing.

use std::io;
use std::time::Duration;

use rustix::io::Errno;
use rustix::net::{RecvFlags, SendFlags, recv, send};

use super::super::call::{BUFFER, Call};
use super::errno;
use crate::raw::sys::{Fd, fd};

pub(super) fn octets(count: usize) -> Vec<u8> {
    b"tcpviz ".iter().copied().cycle().take(count).collect()
}

/// A call that a signal interrupts goes on, as with SA_RESTART.
pub(super) fn again(mut call: impl FnMut() -> io::Result<usize>) -> io::Result<usize> {
    loop {
        match call() {
            Err(why) if why.kind() == io::ErrorKind::Interrupted => {}
            result => return result,
        }
    }
}

pub(super) fn receive(call: &Call) -> io::Result<usize> {
    let mut flags = RecvFlags::empty();
    for (word, flag) in [
        ("MSG_DONTWAIT", RecvFlags::DONTWAIT),
        ("MSG_PEEK", RecvFlags::PEEK),
        ("MSG_OOB", RecvFlags::OOB),
        ("MSG_WAITALL", RecvFlags::WAITALL),
    ] {
        flags.set(flag, call.has(word));
    }
    let mut buffer = vec![0; call.size(1)];
    again(|| Ok(recv(fd(call.required(0)?), &mut *buffer, flags)?.0))
}

pub(super) fn transmit(call: &Call) -> io::Result<usize> {
    let mut flags = SendFlags::empty();
    for (word, flag) in [
        ("MSG_MORE", SendFlags::MORE),
        ("MSG_OOB", SendFlags::OOB),
        ("MSG_NOSIGNAL", SendFlags::NOSIGNAL),
        ("MSG_DONTWAIT", SendFlags::DONTWAIT),
    ] {
        flags.set(flag, call.has(word));
    }
    Ok(send(fd(call.required(0)?), &octets(call.size(1)), flags)?)
}

/// read() until it gives 0 or fails: how much came, and how it ended.
pub(super) fn drain(socket: Fd) -> String {
    let mut buffer = vec![0; BUFFER];
    let mut total = 0;
    loop {
        match again(|| Ok(rustix::io::read(fd(socket), &mut *buffer)?)) {
            Ok(0) => return format!("{total}, then 0 (EOF)"),
            Ok(count) => total += count,
            Err(why) => return format!("{total}, then {}", errno(&why)),
        }
    }
}

/// write() until everything is taken, as writen() of UNP does.
pub(super) fn write_all(socket: Fd, count: usize) -> String {
    let data = octets(count);
    let mut taken = 0;
    while taken < data.len() {
        match rustix::io::write(fd(socket), &data[taken..]) {
            Ok(more) => taken += more,
            Err(Errno::INTR) => {}
            Err(why) => return format!("{taken}, then {}", errno(&why.into())),
        }
    }
    taken.to_string()
}

/// send() until neither side's buffers take more: what is on its way makes room again for a while.
pub(super) fn fill(socket: Fd) -> String {
    const QUIET: usize = 20;
    let data = octets(10_000);
    let mut refused = 0;
    while refused < QUIET {
        match send(fd(socket), &data, SendFlags::DONTWAIT) {
            Ok(_) => refused = 0,
            Err(Errno::AGAIN) => {
                refused += 1;
                std::thread::sleep(Duration::from_millis(5));
            }
            Err(why) => return errno(&why.into()),
        }
    }
    errno(&Errno::AGAIN.into())
}
