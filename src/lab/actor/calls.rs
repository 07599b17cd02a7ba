//! The system calls that an actor can make, written as strace(1) writes them: `send(4, 1 byte)`. A result is written so
//! too: what the call returned, or the error's name; and the signal that came with it.

use std::io;
use std::net::SocketAddr;
use std::os::fd::{IntoRawFd, OwnedFd};
use std::sync::Arc;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, epoll, poll};
use rustix::io::Errno;
use rustix::net::sockopt::*;
use rustix::net::{
    AddressFamily, RecvFlags, SendFlags, Shutdown, SocketFlags, SocketType, accept, bind, connect,
    connect_unspec, listen, recv, send, shutdown, socket, socketpair,
};
use rustix::process::{WaitOptions, waitpid};

use super::sys::{self, Disposition, Fd, fd};
use crate::conn::Side;
use crate::lab::{Family, address};

/// What one read() takes where nothing else is said.
const BUFFER: usize = 4096;

/// A call as it is written: its name, and its arguments.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    pub name: String,
    pub arguments: Vec<String>,
}

/// Calls that wait for something to happen: they may end long after they began.
const WAITING: &[&str] = &[
    "accept",
    "connect",
    "drain",
    "epoll_wait",
    "poll",
    "read",
    "recv",
    "select",
    "write",
    "writen",
];

impl Call {
    /// `send(4, 1 byte)`; `None` where it isn't written so.
    #[must_use]
    pub fn parse(text: &str) -> Option<Call> {
        let (name, rest) = text.trim().split_once('(')?;
        let inside = rest.strip_suffix(')')?;
        let mut arguments = Vec::new();
        let mut depth = 0;
        for part in inside.split(", ") {
            // An argument may be a call itself: signal(SIGINT, shutdown(4, SHUT_RDWR)).
            if depth == 0 {
                arguments.push(part.trim().to_owned());
            } else if let Some(last) = arguments.last_mut() {
                *last = format!("{last}, {part}");
            }
            depth += part.matches('(').count();
            depth -= part.matches(')').count().min(depth);
        }
        arguments.retain(|argument| !argument.is_empty());
        let is_name =
            !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
        is_name.then(|| Call {
            name: name.to_owned(),
            arguments,
        })
    }

    /// The number that an argument begins with: `1` of `1 byte`.
    #[must_use]
    pub fn number(&self, index: usize) -> Option<i32> {
        self.arguments.get(index)?.split(' ').next()?.parse().ok()
    }

    /// The descriptor that it is about, its first argument.
    #[must_use]
    pub fn fd(&self) -> Option<Fd> {
        self.number(0)
    }

    /// Whether it may wait for something to happen.
    #[must_use]
    pub fn waits(&self) -> bool {
        WAITING.contains(&self.name.as_str())
    }

    fn has(&self, word: &str) -> bool {
        self.arguments.iter().any(|argument| argument == word)
    }

    fn required(&self, index: usize) -> io::Result<i32> {
        self.number(index)
            .ok_or_else(|| io::Error::other("an argument is missing"))
    }

    fn size(&self, index: usize) -> usize {
        self.number(index)
            .and_then(|number| usize::try_from(number).ok())
            .unwrap_or(BUFFER)
    }
}

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
            number(epoll::create(epoll::CreateFlags::empty()).map(IntoRawFd::into_raw_fd))
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

fn octets(count: usize) -> Vec<u8> {
    b"tcpviz ".iter().copied().cycle().take(count).collect()
}

/// A call that a signal interrupts goes on, as with SA_RESTART.
fn again(mut call: impl FnMut() -> io::Result<usize>) -> io::Result<usize> {
    loop {
        match call() {
            Err(why) if why.kind() == io::ErrorKind::Interrupted => {}
            result => return result,
        }
    }
}

fn stream(server: SocketAddr) -> Result<OwnedFd, Errno> {
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
fn bind_to(call: &Call, server: SocketAddr) -> io::Result<()> {
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
fn serve(call: &Call, server: SocketAddr) -> io::Result<()> {
    let socket = given_or_new(call, server)?;
    let own = rustix::net::getsockname(fd(socket)).and_then(SocketAddr::try_from)?;
    if own.port() == 0 {
        set_socket_reuseaddr(fd(socket), true)?;
        bind(fd(socket), &server)?;
    }
    Ok(listen(fd(socket), 5)?)
}

/// connect(3), connect(3, O_NONBLOCK), connect(3, AF_UNSPEC), connect(3, PORT), connect(3, client:PORT).
fn begin(call: &Call, server: SocketAddr) -> io::Result<()> {
    let socket = given_or_new(call, server)?;
    if call.has("AF_UNSPEC") {
        return Ok(connect_unspec(fd(socket))?);
    }
    let mut to = server;
    if let Some(port) = call.number(1).and_then(|port| u16::try_from(port).ok()) {
        to.set_port(port);
    }
    let host = call.arguments.get(1).and_then(|to| to.strip_prefix("client:"));
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

fn receive(call: &Call) -> io::Result<usize> {
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

fn transmit(call: &Call) -> io::Result<usize> {
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
fn drain(socket: Fd) -> String {
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
fn write_all(socket: Fd, count: usize) -> String {
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
fn fill(socket: Fd) -> String {
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

fn direction(call: &Call) -> io::Result<Shutdown> {
    match call.arguments.get(1).map(String::as_str) {
        Some("SHUT_RD") => Ok(Shutdown::Read),
        Some("SHUT_WR") => Ok(Shutdown::Write),
        Some("SHUT_RDWR") => Ok(Shutdown::Both),
        _ => Err(io::Error::other("shut down how?")),
    }
}

/// poll(4), which asks for IN, OUT and RDHUP and doesn't wait; poll(4, IN|OUT), which waits for these.
fn events(call: &Call) -> String {
    let asked = call.arguments.get(1).map(|asked| named(asked));
    let wait = asked.map(|_| Timespec {
        tv_sec: 10,
        tv_nsec: 0,
    });
    let asked = asked.unwrap_or(PollFlags::IN | PollFlags::OUT | PollFlags::RDHUP);
    let Some(socket) = call.fd() else {
        return errno(&Errno::BADF.into());
    };
    let mut polled = [PollFd::from_borrowed_fd(fd(socket), asked)];
    match poll(&mut polled, Some(&wait.unwrap_or_default())) {
        Ok(_) => names(polled[0].revents()),
        Err(why) => errno(&why.into()),
    }
}

const EVENTS: [(PollFlags, &str); 6] = [
    (PollFlags::IN, "IN"),
    (PollFlags::PRI, "PRI"),
    (PollFlags::OUT, "OUT"),
    (PollFlags::ERR, "ERR"),
    (PollFlags::HUP, "HUP"),
    (PollFlags::RDHUP, "RDHUP"),
];

fn named(text: &str) -> PollFlags {
    let wanted = text.split('|');
    let known = wanted.filter_map(|word| EVENTS.iter().find(|(_, name)| *name == word));
    known.fold(PollFlags::empty(), |all, (flag, _)| all | *flag)
}

fn names(flags: PollFlags) -> String {
    let set = EVENTS.iter().filter(|(flag, _)| flags.contains(*flag));
    let names: Vec<_> = set.map(|(_, name)| *name).collect();
    if names.is_empty() {
        "0".into()
    } else {
        names.join("|")
    }
}

/// epoll_ctl(5, 4, EPOLLET): everything that can be asked for.
fn watch(call: &Call) -> io::Result<()> {
    let mut asked = epoll::EventFlags::IN | epoll::EventFlags::OUT | epoll::EventFlags::RDHUP;
    asked.set(epoll::EventFlags::ET, call.has("EPOLLET"));
    let (set, socket) = (fd(call.required(0)?), fd(call.required(1)?));
    Ok(epoll::add(
        set,
        socket,
        epoll::EventData::new_u64(0),
        asked,
    )?)
}

fn waited(set: Fd) -> String {
    let mut found = Vec::with_capacity(1);
    match epoll::wait(
        fd(set),
        rustix::buffer::spare_capacity(&mut found),
        Some(&Timespec::default()),
    ) {
        Ok(_) => found.first().map_or("0".into(), |event| {
            let flags = event.flags;
            // The two agree bit by bit.
            let bits = u16::try_from(flags.bits() & 0xffff);
            names(PollFlags::from_bits_truncate(bits.unwrap_or(0)))
        }),
        Err(why) => errno(&why.into()),
    }
}

fn selected(socket: Fd) -> String {
    match sys::select(socket) {
        Ok(ready) => {
            let words = ["readable", "writable", "exceptional"];
            let set = words.iter().zip(ready).filter(|(_, ready)| *ready);
            let names: Vec<_> = set.map(|(word, _)| *word).collect();
            if names.is_empty() {
                "0".into()
            } else {
                names.join("|")
            }
        }
        Err(why) => errno(&why),
    }
}

fn set_option(call: &Call) -> io::Result<()> {
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
fn error_of(socket: Fd) -> String {
    match socket_error(fd(socket)) {
        Ok(Ok(())) => "0".into(),
        Ok(Err(why)) | Err(why) => errno(&why.into()),
    }
}

/// signal(SIGPIPE, SIG_DFL); signal(SIGINT, shutdown(4, SHUT_RDWR)); signal(SIGPIPE, exit(0));
/// signal(SIGCHLD, waitpid(-1, WNOHANG)), as often as a child has ended; signal(SIGTERM, return).
fn set_signal(call: &Call) -> io::Result<()> {
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
    // Formatted before the signal comes: a handler takes no memory.
    let told = format!("handler {handler}\n");
    let tell = move || {
        let _ = rustix::io::write(super::line_to_lab(), told.as_bytes());
    };
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

fn local_port(socket: Fd) -> String {
    let address = rustix::net::getsockname(fd(socket)).and_then(SocketAddr::try_from);
    match address {
        Ok(address) => address.port().to_string(),
        Err(why) => errno(&why.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_is_written_as_strace_writes_it() {
        let call = Call::parse("signal(SIGINT, shutdown(4, SHUT_RDWR))").unwrap();
        assert_eq!(call.arguments, ["SIGINT", "shutdown(4, SHUT_RDWR)"]);
        let call = Call::parse("send(4, 1 byte, MSG_MORE)").unwrap();
        assert_eq!((call.fd(), call.number(1)), (Some(4), Some(1)));
        assert!(call.has("MSG_MORE"));
        assert_eq!(Call::parse("fork()").unwrap().arguments, [""; 0]);
        assert_eq!(Call::parse("close"), None);
    }
}
