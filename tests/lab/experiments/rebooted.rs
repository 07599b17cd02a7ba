//! A host that comes back and knows nothing of the connection.

use std::io::Read;
use std::time::Duration;

use socket2::TcpKeepalive;
use tcpviz::conn::Side::{Client, Server};
use tcpviz::conn::State::{Closed, Established};
use tcpviz::story::cause::CauseId;
use tcpviz::story::ending::Kind;

use super::calls::errno;
use super::{Experiment, Stage};

pub const EXPERIMENTS: &[Experiment] = &[
    Experiment::new(
        "server-host-reboot",
        write_to_nobody,
        ">P.(8) <. <P.(8) >. >P.(8) <R",
    )
    .reset(Server, Server, CauseId::NoSuchConnection),
    Experiment::new(
        "ipv6-server-host-reboot",
        write_to_nobody,
        ">P.(8) <. <P.(8) >. >P.(8) <R",
    )
    .reset(Server, Server, CauseId::NoSuchConnection)
    .ipv6(),
    Experiment::new(
        "server-host-reboot.listening-write",
        write_to_listener,
        ">P.(8) <. <P.(8) >. >P.(8) <R",
    )
    .reset(Server, Server, CauseId::NoSuchConnection),
    Experiment::new("server-host-reboot.idle-keepalive", keepalive, ">. <R").reset(
        Server,
        Server,
        CauseId::NoSuchConnection,
    ),
    Experiment::new(
        "server-host-reboot.retransmit",
        retransmit,
        ">P.(10)x... <R",
    )
    .reset(Server, Server, CauseId::NoSuchConnection),
    Experiment::new("server-host-reboot.close", close, ">F. <R").reset(
        Client,
        Server,
        CauseId::NoSuchConnection,
    ),
    Experiment::new("client-host-reboot", client, ">Sx2 <S. >. >P.(3) <."),
];

fn write_to_nobody(mut stage: Stage) -> Stage {
    stage.close_listener();
    let mut stage = reboot_after_words(stage);
    stage.write(Client, b"line two");
    stage.at("client wrote", [Closed, Closed]);
    stage.reads_as_told(Client);
    stage
}

fn write_to_listener(stage: Stage) -> Stage {
    let mut stage = reboot_after_words(stage);
    stage.write(Client, b"line two");
    stage.at("client wrote", [Closed, Closed]);
    stage.writes_as_told(Client);
    stage
}

fn reboot_after_words(mut stage: Stage) -> Stage {
    stage.write(Client, b"line one");
    stage.read(Server, 8);
    stage.acknowledged(Client);
    stage.write(Server, b"line one");
    stage.read(Client, 8);
    stage.acknowledged(Server);
    reboot(stage)
}

/// The server's host reboots unseen: what it had is gone, what it may answer shows later.
fn reboot(mut stage: Stage) -> Stage {
    stage.forget(Server);
    let [kernels, shown] = [[Established, Closed], [Established, Established]];
    stage.at_otherwise("server's host rebooted", kernels, shown);
    stage
}

fn keepalive(mut stage: Stage) -> Stage {
    let probing = TcpKeepalive::new().with_time(Duration::from_secs(1));
    let set = stage.socket(Client).set_tcp_keepalive(&probing);
    set.expect("an option");
    stage.close_listener();
    let mut stage = reboot(stage);
    stage.at("a probe asked", [Closed, Closed]);
    stage.reads_as_told(Client);
    stage
}

fn retransmit(mut stage: Stage) -> Stage {
    stage.close_listener();
    stage.cut();
    stage.write(Client, b"while down");
    stage.await_segments(3 + 2);
    let mut stage = reboot(stage);
    stage.mend();
    stage.at("client repeats itself", [Closed, Closed]);
    stage.reads_as_told(Client);
    stage
}

fn close(stage: Stage) -> Stage {
    let mut stage = reboot(stage);
    stage.close(Client);
    stage.at("client closed", [Closed, Closed]);
    stage
}

fn client(mut stage: Stage) -> Stage {
    stage.forget(Client);
    let [kernels, shown] = [[Closed, Established], [Established, Established]];
    stage.at_otherwise("client's host rebooted", kernels, shown);
    let told = stage.server.take();
    stage.reconnect();
    stage.at("connected again", [Established, Established]);
    let ended = told.expect("open").read(&mut [0]).expect_err("a reset");
    assert_eq!(errno(&ended), "ECONNRESET");
    // The challenge ACK and the RST that answers it are the old connection's.
    let first = stage.first_ending();
    assert_eq!((first.kind, first.reset_by), (Kind::Reset, Some(Client)));
    stage.write(Client, b"new");
    stage.acknowledged(Client);
    stage.reads_as_told(Server);
    stage
}
