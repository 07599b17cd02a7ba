//! SYNs that nobody answers, or that are refused; segments for nobody.

use tcpviz::conn::Side::{Client, Server};
use tcpviz::conn::State::{Closed, SynReceived, SynSent};
use tcpviz::lab::Mode;
use tcpviz::story::cause::CauseId;
use tcpviz::story::ending::Kind;
use tcpviz::wire::{Flags, Seq};

use super::forge::{Forged, Unreachable};
use super::{Experiment, Stage};

pub const EXPERIMENTS: &[Experiment] = &[
    Experiment::new("connection-refused", refused, ">S <R.").refused(),
    Experiment::new("syn-reject-rst", rejected, ">S <R.").refused(),
    Experiment::new("syn-timeout", unanswered, ">Sx6")
        .ends_unclosed(Kind::Unanswered)
        .because(CauseId::RetransmissionTimeout),
    Experiment::new("syn-icmp-host", icmp_host, ">S")
        .ends_unclosed(Kind::Unanswered)
        .because(CauseId::Unreachable),
    Experiment::new("syn-icmp-port", icmp_port, ">S")
        .ends_unclosed(Kind::Unanswered)
        .because(CauseId::Unreachable),
    Experiment::new("ipv6-syn-icmp-host", icmp_host, ">S")
        .ends_unclosed(Kind::Unanswered)
        .because(CauseId::Unreachable)
        .ipv6(),
    Experiment::new("stray-ack", stray, ">. <R >F. <R >P.(4) <R").reset(
        Server,
        Server,
        CauseId::NoSuchConnection,
    ),
];

fn refused(stage: Stage) -> Stage {
    let mut stage = stage.unconnected();
    stage.close_listener();
    stage.begin_connect();
    stage.at("nobody listens", [Closed, Closed]);
    stage.connect_fails_as_told();
    stage
}

fn rejected(stage: Stage) -> Stage {
    let mut stage = stage.unconnected();
    stage.lab.relay.mode(Client, Mode::Drop);
    stage.begin_connect();
    let rst = Forged {
        ack: stage.next(Client),
        ..Forged::new(Flags::RST | Flags::ACK, Seq(0))
    };
    stage.forge(Server, rst);
    stage.at("a firewall answers", [Closed, Closed]);
    stage.connect_fails_as_told();
    stage
}

fn unanswered(stage: Stage) -> Stage {
    let mut stage = stage.unconnected();
    stage.sysctl(Client, "tcp_syn_retries", "2");
    stage.lab.relay.mode(Client, Mode::Drop);
    stage.begin_connect();
    // A SYN is taken to arrive until something else shows.
    let shown = [SynSent, SynReceived];
    stage.at_otherwise("client connects", [SynSent, Closed], shown);
    // Whether anybody listens there, or the client still waits, nothing tells.
    let shown = [SynSent, Closed];
    stage.at_otherwise("client gave up", [Closed, Closed], shown);
    stage.recorder.end();
    stage.connect_fails_as_told();
    stage
}

fn icmp_host(stage: Stage) -> Stage {
    icmp(stage, Unreachable::Host)
}

fn icmp_port(stage: Stage) -> Stage {
    icmp(stage, Unreachable::Port)
}

fn icmp(stage: Stage, what: Unreachable) -> Stage {
    let mut stage = stage.unconnected();
    stage.lab.relay.mode(Client, Mode::Drop);
    stage.begin_connect();
    let shown = [SynSent, SynReceived];
    stage.at_otherwise("client connects", [SynSent, Closed], shown);
    stage.unreachable(what);
    stage.await_errors(1);
    // Linux gives up at once, others try again; but the SYN hasn't arrived.
    let shown = [SynSent, Closed];
    stage.at_otherwise("a router answers", [Closed, Closed], shown);
    stage.connect_fails_as_told();
    stage
}

/// Captured at the server: what is forged doesn't pass the client's interface.
fn stray(stage: Stage) -> Stage {
    let mut stage = stage.unconnected();
    stage.record(Server, "eth0");
    let forged = |flags, data| Forged {
        ack: Seq(2_000),
        data,
        ..Forged::new(flags, Seq(1_000))
    };
    let strays = [
        forged(Flags::ACK, b"".as_slice()),
        forged(Flags::FIN | Flags::ACK, b""),
        forged(Flags::PSH | Flags::ACK, b"data"),
    ];
    for (number, stray) in strays.into_iter().enumerate() {
        stage.forge(Client, stray);
        stage.await_records(2 * (number + 1));
        stage.at("nobody knows it", [Closed, Closed]);
    }
    stage
}
