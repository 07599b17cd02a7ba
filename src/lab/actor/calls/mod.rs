//! The system calls that an actor can make, written as strace(1) writes them: `send(4, 1 byte)`. A result is written so
//! too: what the call returned, or the error's name; and the signal that came with it.

mod events;
mod opening;
mod settings;
mod transfer;

use std::io;
use std::net::SocketAddr;
use std::os::fd::{IntoRawFd, OwnedFd};
use std::sync::Arc;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};

use rustix::event::epoll::CreateFlags;
use rustix::io::Errno;
use rustix::net::{AddressFamily, Shutdown, SocketFlags, SocketType, accept, shutdown, socketpair};

use super::call::Call;
use crate::raw::sys::{self, Fd, fd};
use events::{events, selected, waited, watch};
use opening::{begin, bind_to, serve, stream};
use settings::{error_of, local_port, set_option, set_signal};
use transfer::{again, drain, fill, octets, receive, transmit, write_all};

/// How often SIGPIPE has come.
static PIPED: OnceLock<Arc<AtomicUsize>> = OnceLock::new();

/// Counts SIGPIPE rather than dying of it.
pub fn count_sigpipe() -> io::Result<()> {
    let count = Arc::clone(PIPED.get_or_init(Arc::default));
    sys::on_signal(libc::SIGPIPE, move || {
        count.fetch_add(1, Ordering::Relaxed);
    })
}

/// Makes the call: its result, as it is written.
///
/// # Errors
/// It isn't one that an actor knows.
pub fn perform(call: &Call, server: SocketAddr) -> io::Result<String> {
    let piped = || PIPED.get().map_or(0, |count| count.load(Ordering::Relaxed));
    let before = piped();
    let result = make(call, server)?;
    Ok(if piped() > before {
        format!("{result}, SIGPIPE")
    } else {
        result
    })
}

fn make(call: &Call, server: SocketAddr) -> io::Result<String> {
    let done = match call.name.as_str() {
        "socket" => number(stream(server).map(IntoRawFd::into_raw_fd)),
        "bind" => zero(bind_to(call, server)),
        "listen" => zero(serve(call, server)),
        "connect" => zero(begin(call, server)),
        "accept" => number(accept(fd(call.required(0)?)).map(IntoRawFd::into_raw_fd)),
        "dup" => number(rustix::io::dup(fd(call.required(0)?)).map(IntoRawFd::into_raw_fd)),
        "read" => received(again(|| {
            rustix::io::read(fd(call.required(0)?), &mut vec![0; call.size(1)])
                .map_err(io::Error::from)
        })),
        "recv" => received(receive(call)),
        "drain" => drain(call.required(0)?),
        "write" => sent(
            rustix::io::write(fd(call.required(0)?), &octets(call.size(1))).map_err(Into::into),
        ),
        "send" => sent(transmit(call)),
        "writen" => write_all(call.required(0)?, call.size(1)),
        "fill" => fill(call.required(0)?),
        "shutdown" => zero(shutdown(fd(call.required(0)?), direction(call)?)),
        "close" => zero(sys::close(call.required(0)?)),
        "poll" => events(call),
        "epoll_create" => {
            let made = rustix::event::epoll::create(CreateFlags::empty());
            number(made.map(IntoRawFd::into_raw_fd))
        }
        "epoll_ctl" => zero(watch(call)),
        "epoll_wait" => waited(call.required(0)?),
        "select" => selected(call.required(0)?),
        "setsockopt" => zero(set_option(call)),
        "getsockopt" => error_of(call.required(0)?),
        "signal" => zero(set_signal(call)),
        "pipe" => pair(rustix::pipe::pipe()),
        "socketpair" => pair(socketpair(
            AddressFamily::UNIX,
            SocketType::STREAM,
            SocketFlags::empty(),
            None,
        )),
        "local_port" => local_port(call.required(0)?),
        other => return Err(io::Error::other(format!("no call is named {other}"))),
    };
    Ok(done)
}

/// An error's name, as errno(3) has it.
fn errno(why: &io::Error) -> String {
    let Some(code) = why.raw_os_error() else {
        return format!("?{why}");
    };
    let names = [
        (Errno::AGAIN, "EAGAIN"),
        (Errno::BADF, "EBADF"),
        (Errno::PIPE, "EPIPE"),
        (Errno::CONNRESET, "ECONNRESET"),
        (Errno::CONNREFUSED, "ECONNREFUSED"),
        (Errno::CONNABORTED, "ECONNABORTED"),
        (Errno::TIMEDOUT, "ETIMEDOUT"),
        (Errno::HOSTUNREACH, "EHOSTUNREACH"),
        (Errno::NETUNREACH, "ENETUNREACH"),
        (Errno::INPROGRESS, "EINPROGRESS"),
        (Errno::NOTCONN, "ENOTCONN"),
        (Errno::INTR, "EINTR"),
        (Errno::INVAL, "EINVAL"),
        (Errno::ADDRINUSE, "EADDRINUSE"),
        (Errno::ADDRNOTAVAIL, "EADDRNOTAVAIL"),
        (Errno::ISCONN, "EISCONN"),
        (Errno::ACCESS, "EACCES"),
    ];
    let known = names
        .into_iter()
        .find(|(errno, _)| errno.raw_os_error() == code);
    known.map_or_else(|| format!("errno {code}"), |(_, name)| name.into())
}

fn number<E: Into<io::Error>>(result: Result<Fd, E>) -> String {
    result.map_or_else(|why| errno(&why.into()), |number| number.to_string())
}

fn zero<E: Into<io::Error>>(result: Result<(), E>) -> String {
    number(result.map(|()| 0))
}

fn sent(result: io::Result<usize>) -> String {
    result.map_or_else(|why| errno(&why), |count| count.to_string())
}

fn received(result: io::Result<usize>) -> String {
    match result {
        Ok(0) => "0 (EOF)".into(),
        result => sent(result),
    }
}

fn pair(result: Result<(OwnedFd, OwnedFd), Errno>) -> String {
    match result {
        Ok((one, other)) => format!("{} {}", one.into_raw_fd(), other.into_raw_fd()),
        Err(why) => errno(&why.into()),
    }
}

fn direction(call: &Call) -> io::Result<Shutdown> {
    match call.arguments.get(1).map(String::as_str) {
        Some("SHUT_RD") => Ok(Shutdown::Read),
        Some("SHUT_WR") => Ok(Shutdown::Write),
        Some("SHUT_RDWR") => Ok(Shutdown::Both),
        _ => Err(io::Error::other("shut down how?")),
    }
}
