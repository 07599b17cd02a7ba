//! Opening: sockets, names, listeners, connections.

use std::io;
use std::net::SocketAddr;
use std::os::fd::{IntoRawFd, OwnedFd};

use rustix::io::Errno;
use rustix::net::sockopt::set_socket_reuseaddr;
use rustix::net::{AddressFamily, SocketType, bind, connect, connect_unspec, listen, socket};

use super::super::call::Call;
use crate::conn::Side;
use crate::lab::{Family, address};
use crate::raw::sys::{Fd, fd};

pub(super) fn stream(server: SocketAddr) -> Result<OwnedFd, Errno> {
    let family = if server.is_ipv4() {
        AddressFamily::INET
    } else {
        AddressFamily::INET6
    };
    socket(family, SocketType::STREAM, None)
}

/// Whether the descriptor named first is open.
fn is_open(call: &Call) -> bool {
    call.fd()
        .is_some_and(|number| rustix::io::fcntl_getfd(fd(number)).is_ok())
}

/// The descriptor named first; where it isn't open yet, a new socket, which must get this number.
fn given_or_new(call: &Call, server: SocketAddr) -> io::Result<Fd> {
    let wanted = call.required(0)?;
    if is_open(call) {
        return Ok(wanted);
    }
    let made = stream(server)?.into_raw_fd();
    if made == wanted {
        Ok(made)
    } else {
        Err(io::Error::other(format!("the new socket is {made}")))
    }
}

/// bind(3, PORT): the wildcard address. A socket that this makes has SO_REUSEADDR, so that the port may be in TIME-WAIT;
/// one that was there is left as it is.
pub(super) fn bind_to(call: &Call, server: SocketAddr) -> io::Result<()> {
    let is_new = !is_open(call);
    let socket = given_or_new(call, server)?;
    let port = u16::try_from(call.required(1)?).map_err(io::Error::other)?;
    if is_new {
        set_socket_reuseaddr(fd(socket), true)?;
    }
    let mut any = server;
    any.set_ip(if server.is_ipv4() {
        std::net::Ipv4Addr::UNSPECIFIED.into()
    } else {
        std::net::Ipv6Addr::UNSPECIFIED.into()
    });
    any.set_port(port);
    Ok(bind(fd(socket), &any)?)
}

/// listen(3): where the server listens, unless the socket is bound.
pub(super) fn serve(call: &Call, server: SocketAddr) -> io::Result<()> {
    let socket = given_or_new(call, server)?;
    let own = rustix::net::getsockname(fd(socket)).and_then(SocketAddr::try_from)?;
    if own.port() == 0 {
        set_socket_reuseaddr(fd(socket), true)?;
        bind(fd(socket), &server)?;
    }
    Ok(listen(fd(socket), 5)?)
}

/// connect(3), connect(3, O_NONBLOCK), connect(3, AF_UNSPEC), connect(3, PORT), connect(3, client:PORT).
pub(super) fn begin(call: &Call, server: SocketAddr) -> io::Result<()> {
    let socket = given_or_new(call, server)?;
    if call.has("AF_UNSPEC") {
        return Ok(connect_unspec(fd(socket))?);
    }
    let mut to = server;
    if let Some(port) = call.number(1).and_then(|port| u16::try_from(port).ok()) {
        to.set_port(port);
    }
    let host = call
        .arguments
        .get(1)
        .and_then(|to| to.strip_prefix("client:"));
    if let Some(port) = host.and_then(|port| port.parse().ok()) {
        let family = if server.is_ipv4() {
            Family::Ipv4
        } else {
            Family::Ipv6
        };
        to = SocketAddr::new(address(Side::Client, family), port);
    }
    let nonblocking = call.has("O_NONBLOCK");
    if nonblocking {
        rustix::io::ioctl_fionbio(fd(socket), true)?;
    }
    let result = connect(fd(socket), &to);
    if nonblocking {
        rustix::io::ioctl_fionbio(fd(socket), false)?;
    }
    Ok(result?)
}
