//! TIME-WAIT: a new connection on the same ports, and an RST that ends it.

use tcpviz::conn::Side::{Client, Server};
use tcpviz::conn::State::{CloseWait, Closed, Established, FinWait2, TimeWait};
use tcpviz::story::cause::CauseId;
use tcpviz::story::ending::Kind;
use tcpviz::wire::Flags;

use super::forge::Forged;
use super::{Experiment, Stage};

pub const EXPERIMENTS: &[Experiment] = &[
    Experiment::new("time-wait-reuse.server", reuse_at_server, ">P.(3) <."),
    Experiment::new("time-wait-reuse.client-bound", reuse_at_client, ""),
    Experiment::new(
        "time-wait-assassination",
        assassination,
        ">P.(3) <. <P.(4) >. >F. <. <F. >. <Rx3",
    )
    .orderly(Client)
    .because(CauseId::TimeWait),
    Experiment::new(
        "time-wait-assassination.rfc1337",
        rfc1337,
        ">P.(3) <. <P.(4) >. >F. <. <F. >. <R",
    )
    .orderly(Client)
    .because(CauseId::TimeWait),
    Experiment::new(
        "time-wait-assassination.old-duplicate",
        old_duplicate,
        ">P.(3) <. <P.(4) >. >F. <. <F. >. <P.(4) >. <R",
    )
    .orderly(Client)
    .because(CauseId::TimeWait),
    Experiment::new(
        "time-wait-assassination.old-duplicate-rfc1337",
        old_duplicate_rfc1337,
        ">P.(3) <. <P.(4) >. >F. <. <F. >. <P.(4) >. <R",
    )
    .orderly(Client)
    .because(CauseId::TimeWait),
];

fn reuse_at_server(mut stage: Stage) -> Stage {
    stage.close(Server);
    stage.at("server closed", [CloseWait, FinWait2]);
    stage.close(Client);
    stage.at("client closed", [Closed, TimeWait]);
    stage.reconnect();
    stage.at("connected again", [Established, Established]);
    stage.write(Client, b"new");
    stage.acknowledged(Client);
    stage.reads_as_told(Server);
    assert_eq!(stage.first_ending().kind, Kind::Orderly);
    stage
}

fn reuse_at_client(mut stage: Stage) -> Stage {
    // Both sockets need it, the old one too.
    let reusable = stage.socket(Client).set_reuse_address(true);
    reusable.expect("an option");
    stage.close(Client);
    stage.at("client closed", [FinWait2, CloseWait]);
    stage.close(Server);
    stage.at("server closed", [TimeWait, Closed]);
    stage.reconnect();
    stage.at("connected again", [Established, Established]);
    assert_eq!(stage.first_ending().kind, Kind::Orderly);
    stage
}

fn assassination(stage: Stage) -> Stage {
    let mut stage = waiting(stage);
    let expected = stage.next(Server);
    for (more, seq) in [(1, expected + 10), (2, expected - 1)] {
        stage.forge(Server, Forged::new(Flags::RST, seq));
        stage.await_segments(11 + more);
        stage.at("not the exact RST", [TimeWait, Closed]);
    }
    stage.forge(Server, Forged::new(Flags::RST, expected));
    stage.at("the exact RST", [Closed, Closed]);
    stage
}

/// Whether a host heeds RFC 1337, the wire doesn't tell.
fn rfc1337(mut stage: Stage) -> Stage {
    stage.sysctl(Client, "tcp_rfc1337", "1");
    stage = waiting(stage);
    let expected = stage.next(Server);
    stage.forge(Server, Forged::new(Flags::RST, expected));
    stage.await_segments(12);
    let [kernels, shown] = [[TimeWait, Closed], [Closed, Closed]];
    stage.at_otherwise("the exact RST", kernels, shown);
    stage
}

fn old_duplicate(stage: Stage) -> Stage {
    let mut stage = duplicated(stage);
    stage.at("an old duplicate", [Closed, Closed]);
    stage
}

fn old_duplicate_rfc1337(stage: Stage) -> Stage {
    stage.sysctl(Client, "tcp_rfc1337", "1");
    let mut stage = duplicated(stage);
    let [kernels, shown] = [[TimeWait, Closed], [Closed, Closed]];
    stage.at_otherwise("an old duplicate", kernels, shown);
    stage
}

/// TIME-WAIT acknowledges data that comes again, to a side that has forgotten the connection.
fn duplicated(stage: Stage) -> Stage {
    let mut stage = waiting(stage);
    let old = Forged {
        flags: Flags::PSH | Flags::ACK,
        ack: stage.next(Client) - 1,
        data: b"wxyz",
        ..Forged::new(Flags::RST, stage.next(Server) - 5)
    };
    stage.forge(Server, old);
    stage.await_segments(11 + 3);
    stage
}

/// A word each way, then an orderly close: the client is in TIME-WAIT.
fn waiting(mut stage: Stage) -> Stage {
    stage.write(Client, b"abc");
    stage.read(Server, 3);
    stage.acknowledged(Client);
    stage.write(Server, b"wxyz");
    stage.read(Client, 4);
    stage.acknowledged(Server);
    stage.close(Client);
    stage.at("client closed", [FinWait2, CloseWait]);
    stage.close(Server);
    stage.at("server closed", [TimeWait, Closed]);
    stage
}
