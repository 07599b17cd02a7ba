//! Options of sockets, and what signals do.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use rustix::net::shutdown;
use rustix::net::sockopt::{
    Timeout, set_socket_keepalive, set_socket_linger, set_socket_recv_buffer_size,
    set_socket_reuseaddr, set_socket_send_buffer_size, set_socket_timeout, set_tcp_keepcnt,
    set_tcp_keepidle, set_tcp_keepintvl, set_tcp_nodelay, set_tcp_user_timeout, socket_error,
};
use rustix::process::{WaitOptions, waitpid};

use super::super::call::Call;
use super::super::say_handled;
use super::{direction, errno};
use crate::raw::sys::{self, Disposition, Fd, fd};

pub(super) fn set_option(call: &Call) -> io::Result<()> {
    /// include/uapi/linux/tcp.h
    const TCP_LINGER2: i32 = 8;
    let number = call.required(0)?;
    let socket = fd(number);
    let value = call.number(2).unwrap_or(1);
    let seconds = || Duration::from_secs(value.unsigned_abs().into());
    let size = value.unsigned_abs() as usize;
    match call.arguments.get(1).map(String::as_str) {
        Some("SO_LINGER") => set_socket_linger(
            socket,
            Some(Duration::from_secs(
                call.number(3).unwrap_or(0).unsigned_abs().into(),
            )),
        )?,
        Some("SO_REUSEADDR") => set_socket_reuseaddr(socket, true)?,
        Some("SO_KEEPALIVE") => set_socket_keepalive(socket, true)?,
        Some("TCP_KEEPIDLE") => set_tcp_keepidle(socket, seconds())?,
        Some("TCP_KEEPINTVL") => set_tcp_keepintvl(socket, seconds())?,
        Some("TCP_KEEPCNT") => set_tcp_keepcnt(socket, value.unsigned_abs())?,
        Some("TCP_USER_TIMEOUT") => set_tcp_user_timeout(socket, value.unsigned_abs())?,
        Some("TCP_NODELAY") => set_tcp_nodelay(socket, true)?,
        Some("TCP_QUEUE_SEQ") => initial_sequence(number, value)?,
        Some("TCP_LINGER2") => sys::set_tcp_option(number, TCP_LINGER2, value)?,
        Some("SO_SNDBUF") => set_socket_send_buffer_size(socket, size)?,
        Some("SO_RCVBUF") => set_socket_recv_buffer_size(socket, size)?,
        Some("SO_RCVTIMEO") => {
            let limit = Duration::from_millis(value.unsigned_abs().into());
            set_socket_timeout(socket, Timeout::Recv, Some(limit))?;
        }
        other => return Err(io::Error::other(format!("no option is named {other:?}"))),
    }
    Ok(())
}

/// Has a socket that isn't connected yet begin with this sequence number, by what TCP_REPAIR is for: the kernel's own
/// choice grows with time.
fn initial_sequence(socket: Fd, value: i32) -> io::Result<()> {
    /// include/uapi/linux/tcp.h: options, and TCP_REPAIR's values.
    const TCP_REPAIR: i32 = 19;
    const TCP_REPAIR_QUEUE: i32 = 20;
    const TCP_QUEUE_SEQ: i32 = 21;
    const TCP_SEND_QUEUE: i32 = 2;
    const OFF_WITHOUT_PROBE: i32 = -1;
    sys::set_tcp_option(socket, TCP_REPAIR, 1)?;
    sys::set_tcp_option(socket, TCP_REPAIR_QUEUE, TCP_SEND_QUEUE)?;
    sys::set_tcp_option(socket, TCP_QUEUE_SEQ, value)?;
    sys::set_tcp_option(socket, TCP_REPAIR, OFF_WITHOUT_PROBE)
}

/// getsockopt(4, SO_ERROR): the error that waits, which this takes.
pub(super) fn error_of(socket: Fd) -> String {
    match socket_error(fd(socket)) {
        Ok(Ok(())) => "0".into(),
        Ok(Err(why)) | Err(why) => errno(&why.into()),
    }
}

/// signal(SIGPIPE, SIG_DFL); signal(SIGINT, shutdown(4, SHUT_RDWR)); signal(SIGPIPE, exit(0));
/// signal(SIGCHLD, waitpid(-1, WNOHANG)), as often as a child has ended; signal(SIGTERM, return).
pub(super) fn set_signal(call: &Call) -> io::Result<()> {
    let words = (call.arguments.first(), call.arguments.get(1));
    let (Some(name), Some(handler)) = words else {
        return Err(io::Error::other("which signal, and what of it?"));
    };
    let number = match name.as_str() {
        "SIGPIPE" => libc::SIGPIPE,
        "SIGINT" => libc::SIGINT,
        "SIGTERM" => libc::SIGTERM,
        "SIGUSR1" => libc::SIGUSR1,
        "SIGUSR2" => libc::SIGUSR2,
        "SIGCHLD" => libc::SIGCHLD,
        other => return Err(io::Error::other(format!("no signal is named {other}"))),
    };
    match handler.as_str() {
        "SIG_DFL" => return sys::signal(number, Disposition::Default),
        "SIG_IGN" => return sys::signal(number, Disposition::Ignored),
        "return" => return sys::on_signal(number, || {}),
        _ => {}
    }
    let inner = Call::parse(handler).ok_or_else(|| io::Error::other("which handler?"))?;
    let handler = handler.clone();
    let tell = move || say_handled(&handler);
    match inner.name.as_str() {
        "exit" => {
            let status = inner.required(0)?;
            sys::on_signal(number, move || {
                tell();
                sys::exit_at_once(status);
            })
        }
        "waitpid" => sys::on_signal(number, move || {
            tell();
            while let Ok(Some(_)) = waitpid(None, WaitOptions::NOHANG) {}
        }),
        _ => {
            let (socket, how) = (inner.required(0)?, direction(&inner)?);
            sys::on_signal(number, move || {
                tell();
                let _ = shutdown(fd(socket), how);
            })
        }
    }
}

pub(super) fn local_port(socket: Fd) -> String {
    let address = rustix::net::getsockname(fd(socket)).and_then(SocketAddr::try_from);
    match address {
        Ok(address) => address.port().to_string(),
        Err(why) => errno(&why.into()),
    }
}
