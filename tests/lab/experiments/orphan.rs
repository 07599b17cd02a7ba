//! FIN-WAIT-2: how long a closed socket waits for the other FIN, and what comes after it.

use std::net::Shutdown;
use std::thread;
use std::time::Duration;

use tcpviz::conn::Side::{Client, Server};
use tcpviz::conn::State::{CloseWait, Closed, FinWait2, LastAck, TimeWait};
use tcpviz::lab::Mode;
use tcpviz::story::cause::CauseId;

use super::{Experiment, Stage};

pub const EXPERIMENTS: &[Experiment] = &[
    Experiment::new("fin-wait-2-orphan.in-time", in_time, "<F. >. >F. <.").orderly(Server),
    Experiment::new("fin-wait-2-orphan-timeout", late_fin, "<F. >. >F. <R").reset(
        Server,
        Server,
        CauseId::OrphanTimeout,
    ),
    Experiment::new(
        "fin-wait-2-orphan-timeout.no-listener",
        late_fin_no_listener,
        "<F. >. >F. <R",
    )
    .reset(Server, Server, CauseId::OrphanTimeout),
    Experiment::new(
        "fin-wait-2-orphan-timeout.write",
        late_write,
        "<F. >. >P.(1) <R",
    )
    .reset(Server, Server, CauseId::OrphanTimeout),
    Experiment::new(
        "fin-wait-2-not-orphan",
        not_orphan,
        "<F. >. >P.(1) <. >F. <.",
    )
    .orderly(Server),
    Experiment::new(
        "fin-wait-2-orphan-data-fin",
        data_and_fin,
        ">F. <. <P.(4) >R <F. >R",
    )
    .reset(Client, Client, CauseId::DataAfterClose),
    Experiment::new("last-ack-rst", last_ack_rst, ">F. <. <F. >R").reset(
        Client,
        Client,
        CauseId::OrphanTimeout,
    ),
];

/// Linux's tcp_fin_timeout here, in seconds.
const WAIT: &str = "1";

fn in_time(mut stage: Stage) -> Stage {
    stage.close(Server);
    stage.at("server closed", [CloseWait, FinWait2]);
    stage.reads_as_told(Client);
    stage.close(Client);
    stage.at("client closed in time", [Closed, TimeWait]);
    stage
}

fn late_fin(stage: Stage) -> Stage {
    let mut stage = abandoned(stage);
    stage.reads_as_told(Client);
    stage.close(Client);
    stage.at("client closed", [Closed, Closed]);
    stage
}

fn late_fin_no_listener(stage: Stage) -> Stage {
    let mut stage = abandoned(stage);
    stage.close_listener();
    stage.close(Client);
    stage.at("client closed", [Closed, Closed]);
    stage
}

fn late_write(stage: Stage) -> Stage {
    let mut stage = abandoned(stage);
    stage.write(Client, b"x");
    stage.at("client wrote", [Closed, Closed]);
    stage.reads_as_told(Client);
    stage.writes_as_told(Client);
    stage
}

/// The server has closed, and waits no longer: nothing on the wire shows the end of its wait.
fn abandoned(mut stage: Stage) -> Stage {
    stage.sysctl(Server, "tcp_fin_timeout", WAIT);
    stage.close(Server);
    stage.at("server closed", [CloseWait, FinWait2]);
    let [kernels, shown] = [[CloseWait, Closed], [CloseWait, FinWait2]];
    stage.at_otherwise("server waits no longer", kernels, shown);
    stage
}

fn not_orphan(mut stage: Stage) -> Stage {
    stage.sysctl(Server, "tcp_fin_timeout", WAIT);
    stage.shut(Server, Shutdown::Write);
    stage.at("server shut down", [CloseWait, FinWait2]);
    // That nothing happens can't be awaited.
    thread::sleep(Duration::from_millis(1_300));
    stage.at("server still waits", [CloseWait, FinWait2]);
    stage.write(Client, b"x");
    stage.read(Server, 1);
    stage.acknowledged(Client);
    stage.reads_as_told(Server);
    stage.writes_as_told(Server);
    stage.close(Client);
    stage.at("client closed", [Closed, TimeWait]);
    stage
}

fn data_and_fin(stage: Stage) -> Stage {
    let mut stage = stage.patient();
    stage.close(Client);
    stage.at("client closed", [FinWait2, CloseWait]);
    stage.lab.relay.mode(Server, Mode::Hold);
    stage.write(Server, b"tail");
    stage.await_held(Server, 1);
    stage.close(Server);
    stage.await_held(Server, 2);
    stage.at_otherwise("server closed", [FinWait2, LastAck], [FinWait2, CloseWait]);
    stage.lab.relay.mode(Server, Mode::Pass);
    stage.lab.relay.release(Server, usize::MAX);
    stage.at("both arrive", [Closed, Closed]);
    stage
}

fn last_ack_rst(mut stage: Stage) -> Stage {
    stage.sysctl(Client, "tcp_fin_timeout", WAIT);
    stage.close(Client);
    stage.at("client closed", [FinWait2, CloseWait]);
    let [kernels, shown] = [[Closed, CloseWait], [FinWait2, CloseWait]];
    stage.at_otherwise("client waits no longer", kernels, shown);
    stage.reads_as_told(Server);
    stage.close(Server);
    stage.at("server closed", [Closed, Closed]);
    stage
}
