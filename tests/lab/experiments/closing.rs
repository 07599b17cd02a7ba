//! Ways to close: FIN, half-close, and who closes first.

use std::net::Shutdown;

use tcpviz::conn::Side::{Client, Server};
use tcpviz::conn::State::{CloseWait, Closed, Established, FinWait2, TimeWait};
use tcpviz::lab::Family::{Ipv4, Ipv6};
use tcpviz::story::cause::CauseId;
use tcpviz::story::ending::Kind;

use super::{Experiment, Stage};

pub const EXPERIMENTS: &[Experiment] = &[
    Experiment {
        name: "orderly-close",
        family: Ipv4,
        play: orderly_close,
        wire: ">P.(5) <. >F. <. <F. >.",
        kind: Kind::Orderly,
        closed_first: Some(Client),
        reset_by: None,
        cause: None,
    },
    Experiment {
        name: "close-then-peer-writes",
        family: Ipv4,
        play: close_then_peer_writes,
        wire: ">F. <. <P.(1) >R",
        kind: Kind::Reset,
        closed_first: Some(Client),
        reset_by: Some(Client),
        cause: Some(CauseId::DataAfterClose),
    },
    Experiment {
        name: "ipv6-close-then-peer-writes",
        family: Ipv6,
        play: close_then_peer_writes,
        wire: ">F. <. <P.(1) >R",
        kind: Kind::Reset,
        closed_first: Some(Client),
        reset_by: Some(Client),
        cause: Some(CauseId::DataAfterClose),
    },
    Experiment {
        name: "both-shutdown-wr",
        family: Ipv4,
        play: both_shutdown_wr,
        wire: ">F. <. <F. >.",
        kind: Kind::Orderly,
        closed_first: Some(Client),
        reset_by: None,
        cause: None,
    },
];

fn orderly_close(mut stage: Stage) -> Stage {
    stage.write(Client, b"hello");
    stage.read(Server, 5);
    stage.acknowledged(Client);
    stage.at("five bytes read", [Established, Established]);
    stage.close(Client);
    stage.at("client closed", [FinWait2, CloseWait]);
    stage.reads_as_told(Server);
    stage.close(Server);
    stage.at("server closed", [TimeWait, Closed]);
    stage
}

fn close_then_peer_writes(mut stage: Stage) -> Stage {
    stage.close(Client);
    stage.at("client closed", [FinWait2, CloseWait]);
    stage.write(Server, b"a");
    stage.at("server wrote", [Closed, Closed]);
    stage.reads_as_told(Server);
    stage.writes_as_told(Server);
    stage
}

fn both_shutdown_wr(mut stage: Stage) -> Stage {
    stage.shut(Client, Shutdown::Write);
    stage.at("client shut down", [FinWait2, CloseWait]);
    stage.shut(Server, Shutdown::Write);
    stage.at("server shut down", [TimeWait, Closed]);
    stage
}
