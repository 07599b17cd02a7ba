//! The lab's lines between segments: calls that `aside::of_call` says nothing about, errors that `aside::of_result`
//! doesn't, what the kernels say, and what befell the wire.

use super::{Explanation, explain};

/// System calls, and the lab's loops of them, by name.
pub(super) static CALLS: [Explanation; 17] = [
    explain(
        "connect",
        "Asks for a connection: the kernel sends SYN, and the call waits for the answer. 0 means that this end is \
         ESTABLISHED; the other program may not have called accept() yet. It fails with ECONNREFUSED (RST), ETIMEDOUT (no answer), or \
         what ICMP said.",
        "RFC 9293 3.9.1.1; connect(2)",
    ),
    explain(
        "socket",
        "Makes a socket and a descriptor for it. Nothing is sent.",
        "socket(2)",
    ),
    explain(
        "bind",
        "Gives the socket its address and port. Nothing is sent. EADDRINUSE: another socket has them, or a TIME-WAIT there \
         while SO_REUSEADDR isn't set.",
        "bind(2)",
    ),
    explain(
        "read",
        "Takes what has been received, as much as is there; it waits while there is nothing. The bytes leave the receive \
         buffer, so the window grows.",
        "RFC 9293 3.9.1.3; read(2)",
    ),
    explain(
        "recv",
        "As read(), with flags. It takes what has been received; MSG_DONTWAIT gives EAGAIN where read() would wait.",
        "RFC 9293 3.9.1.3; recv(2)",
    ),
    explain(
        "drain",
        "The lab's loop: read() until it gives 0 or an error. Both numbers are told.",
        "read(2)",
    ),
    explain(
        "writen",
        "The lab's loop: write() until all is in the kernel's buffer. It waits while the buffer is full. That says nothing \
         about whether the other side has it.",
        "write(2)",
    ),
    explain(
        "select",
        "Says which calls wouldn't wait. Readable: read() gives data, 0 or an error. Writable: write() takes something, or \
         fails at once. An RST makes both.",
        "select(2)",
    ),
    explain(
        "setsockopt",
        "Sets an option of the socket. By itself it sends nothing; what it changes shows later.",
        "setsockopt(2), tcp(7), socket(7)",
    ),
    explain(
        "epoll_create",
        "Makes the list of descriptors that epoll_wait() watches. Nothing is sent.",
        "epoll(7)",
    ),
    explain(
        "epoll_ctl",
        "Puts a descriptor on the list that epoll_wait() watches. With EPOLLET it is told of once for each change.",
        "epoll(7)",
    ),
    explain(
        "fill",
        "The lab's loop: write() without waiting until the kernel's buffer is full.",
        "write(2)",
    ),
    explain(
        "dup",
        "A second descriptor for the same socket: close() of one of the two sends nothing.",
        "dup(2)",
    ),
    explain(
        "exec",
        "Another program takes the process over; it keeps every descriptor without FD_CLOEXEC, and so the connection.",
        "execve(2)",
    ),
    explain(
        "pipe",
        "A pipe within the host, for comparison: no TCP, nothing is on the wire.",
        "pipe(2)",
    ),
    explain(
        "socketpair",
        "Two connected sockets within the host, for comparison: no TCP, nothing is on the wire.",
        "socketpair(2)",
    ),
    explain(
        "signal",
        "Says what a signal does from now on: end the process, nothing, or call a handler. Nothing is sent.",
        "signal(7)",
    ),
];

/// How a call failed.
pub(super) static ERRORS: [Explanation; 11] = [
    explain(
        "ETIMEDOUT",
        "Nobody answered until the kernel gave up: a SYN, data, or keep-alive probes. It is told once; then reads give 0 and \
         writes EPIPE.",
        "RFC 9293 3.8.3; errno(3)",
    ),
    explain(
        "ECONNREFUSED",
        "An RST answered the SYN: nothing listens there, or a firewall says so.",
        "RFC 9293 3.10.7.3; errno(3)",
    ),
    explain(
        "EHOSTUNREACH",
        "The host can't be reached: ICMP said so, or nobody answered ARP. On an open connection it comes instead of ETIMEDOUT, at \
         the end.",
        "RFC 9293 3.9.2.2; errno(3)",
    ),
    explain(
        "ENETUNREACH",
        "There is no route to that network, here or, as ICMP said, further on.",
        "RFC 9293 3.9.2.2; errno(3)",
    ),
    explain(
        "EADDRNOTAVAIL",
        "No local port is left for this destination: TIME-WAITs may hold them. Or the address isn't this host's.",
        "connect(2)",
    ),
    explain(
        "EADDRINUSE",
        "Another socket has this address and port; a TIME-WAIT too, unless SO_REUSEADDR is set before bind().",
        "bind(2)",
    ),
    explain(
        "EINPROGRESS",
        "connect() was not to wait: the SYN is sent. poll() for OUT says when it is decided, SO_ERROR how.",
        "connect(2)",
    ),
    explain(
        "ENOTCONN",
        "The socket isn't connected: not yet, or not any more after an RST or a time-out.",
        "errno(3)",
    ),
    explain("ESRCH", "There is no such process any more.", "errno(3)"),
    explain(
        "EINTR",
        "A signal came while the call waited. Nothing was read or written by it.",
        "signal(7)",
    ),
    explain(
        "killed by SIGPIPE",
        "The process wrote where nothing can be sent any more, and neither handled nor ignored SIGPIPE: it is gone. Its kernel \
         closes what it had open.",
        "signal(7); write(2)",
    ),
];

pub(super) static KERNEL: [Explanation; 2] = [
    explain(
        "kernel",
        "What the kernels themselves say of their sockets at this moment, as ss shows it; live, those of this machine. Recv-Q: octets not read yet, an unread FIN \
         counts as one. Send-Q: sequence numbers not acknowledged yet, a FIN counts. A state with \u{2260} (in ASCII !) isn't what \
         tcpviz concludes from the wire.",
        "ss(8); docs/states.md",
    ),
    explain(
        "timer",
        "Which clock runs for the socket, and for how long still. on: something is to be repeated. keepalive: a probe after a silence. \
         timewait: TIME-WAIT, or the FIN-WAIT-2 of a closed socket. persist: a probe of a window that \
         is 0.",
        "ss(8)",
    ),
];

pub(super) static DEED: Explanation = explain(
    "kernel's deed",
    "What the kernel of this machine did with the socket, as its tracepoints tell (--kernel): it sent an RST, and why; it took one for \
     valid; it sent something again; it has an error for the program. The wire shows only what it sent.",
    "docs/kernel.md",
);

pub(super) static ORDER: Explanation = explain(
    "not on the wire",
    "The lab did this between two segments: to a host, a process, or the wire between them (which can hold, drop and forge \
     segments). A capture elsewhere would show only what comes of it.",
    "tcpviz lab",
);
