//! A host that is gone: nobody answers, or a router does.

use std::io::{ErrorKind, Read};
use std::time::Duration;

use socket2::TcpKeepalive;
use tcpviz::conn::Side::{Client, Server};
use tcpviz::conn::State::{Closed, Established};
use tcpviz::story::cause::CauseId;
use tcpviz::story::ending::Kind;

use super::calls::errno;
use super::forge::Unreachable;
use super::{Experiment, Stage};

pub const EXPERIMENTS: &[Experiment] = &[
    Experiment::new("server-host-crash.silent", silent, ">P.(12)x...")
        .ends_unclosed(Kind::TimedOut)
        .because(CauseId::RetransmissionTimeout),
    Experiment::new(
        "server-host-crash.router-host-unreach",
        host_unreachable,
        ">P.(12)x...",
    )
    .ends_unclosed(Kind::TimedOut)
    .because(CauseId::Unreachable),
    Experiment::new(
        "server-host-crash.router-net-unreach",
        net_unreachable,
        ">P.(12)x...",
    )
    .ends_unclosed(Kind::TimedOut)
    .because(CauseId::Unreachable),
    Experiment::new(
        "server-host-crash.icmp-port-unreach",
        port_unreachable,
        ">P.(12)x...",
    )
    .ends_unclosed(Kind::TimedOut)
    .because(CauseId::Unreachable),
    Experiment::new(
        "ipv6-server-host-crash.router-host-unreach",
        host_unreachable,
        ">P.(12)x...",
    )
    .ends_unclosed(Kind::TimedOut)
    .because(CauseId::Unreachable)
    .ipv6(),
    Experiment::new(
        "server-host-crash.icmp-then-back",
        icmp_then_back,
        ">P.(4)x... <. <P.(2) >.",
    ),
    Experiment::new("server-host-crash.idle", idle, ""),
    Experiment::new("server-host-crash.read-timeout", read_timeout, ">P.(4)x..."),
    Experiment::new("server-host-crash.keepalive", keepalive, ">. <. >.x2 >R.").reset(
        Client,
        Client,
        CauseId::KeepAliveTimeout,
    ),
    Experiment::new(
        "server-host-crash.user-timeout",
        user_timeout,
        ">P.(12)x...",
    )
    .ends_unclosed(Kind::TimedOut)
    .because(CauseId::RetransmissionTimeout),
];

const SECOND: Duration = Duration::from_secs(1);

fn silent(stage: Stage) -> Stage {
    let mut stage = crashed(stage);
    gave_up(&mut stage);
    stage.reads_as_told(Client);
    stage.reads_as_told(Server);
    stage
}

fn host_unreachable(stage: Stage) -> Stage {
    unreachable(stage, Unreachable::Host)
}

fn net_unreachable(stage: Stage) -> Stage {
    unreachable(stage, Unreachable::Network)
}

fn port_unreachable(stage: Stage) -> Stage {
    unreachable(stage, Unreachable::Port)
}

/// A router's word changes nothing until the repetitions are used up.
fn unreachable(stage: Stage, what: Unreachable) -> Stage {
    let mut stage = crashed(stage);
    stage.await_segments(3 + 4);
    stage.unreachable(what);
    stage.await_errors(1);
    stage.at("a router answers", [Established, Established]);
    gave_up(&mut stage);
    stage.writes_as_told(Client);
    stage.writes_as_told(Server);
    stage
}

/// The server's host is gone, and the client writes.
fn crashed(stage: Stage) -> Stage {
    let mut stage = stage.impatient();
    stage.sysctl(Client, "tcp_retries2", "1");
    stage.cut();
    stage.write(Client, b"another line");
    stage.at("client wrote", [Established, Established]);
    stage
}

/// That a kernel has given up shows nowhere; only the silence tells, once the capture has ended.
fn gave_up(stage: &mut Stage) {
    let [kernels, shown] = [[Closed, Established], [Established, Established]];
    stage.at_otherwise("client gave up", kernels, shown);
    stage.recorder.end();
}

fn icmp_then_back(stage: Stage) -> Stage {
    let mut stage = stage.impatient();
    stage.cut();
    stage.write(Client, b"line");
    stage.await_segments(3 + 2);
    stage.unreachable(Unreachable::Host);
    stage.await_errors(1);
    let soft = stage.socket(Client).take_error().expect("an option");
    assert_eq!(soft.as_ref().map(errno), Some("EHOSTUNREACH"));
    stage.mend();
    stage.read(Server, 4);
    stage.acknowledged(Client);
    stage.write(Server, b"ok");
    stage.acknowledged(Server);
    stage.at("the route is back", [Established, Established]);
    stage.reads_as_told(Client);
    stage
}

fn idle(mut stage: Stage) -> Stage {
    stage.cut();
    stage.at("nobody writes", [Established, Established]);
    stage.reads_as_told(Client);
    stage
}

fn read_timeout(mut stage: Stage) -> Stage {
    stage.cut();
    let patience = Some(Duration::from_millis(500));
    let client = stage.socket(Client);
    client.set_read_timeout(patience).expect("an option");
    stage.write(Client, b"line");
    let ended = stage.socket(Client).read(&mut [0]).expect_err("no answer");
    assert_eq!(ended.kind(), ErrorKind::WouldBlock);
    stage.at("read() returned", [Established, Established]);
    stage
}

fn keepalive(mut stage: Stage) -> Stage {
    let probing = TcpKeepalive::new().with_time(SECOND).with_interval(SECOND);
    let set = stage
        .socket(Client)
        .set_tcp_keepalive(&probing.with_retries(2));
    set.expect("an option");
    stage.await_segments(3 + 2);
    stage.cut();
    // Nor does its RST arrive.
    stage.at("client gave up", [Closed, Established]);
    stage.reads_as_told(Client);
    stage.reads_as_told(Server);
    stage
}

fn user_timeout(stage: Stage) -> Stage {
    let mut stage = stage.impatient();
    let limit = Some(Duration::from_millis(500));
    let set = stage.socket(Client).set_tcp_user_timeout(limit);
    set.expect("an option");
    stage.cut();
    stage.write(Client, b"another line");
    gave_up(&mut stage);
    stage.reads_as_told(Client);
    stage
}
