//! Aborts, and what else throws a connection away: SO_LINGER, TCP_LINGER2, disconnect, a listener that closes.

use std::net::Shutdown;

use tcpviz::conn::Side::{Client, Server};
use tcpviz::conn::State::{CloseWait, Closed, Established, FinWait2};
use tcpviz::story::cause::CauseId::{LingerZero, OrphanTimeout};
use tcpviz::story::program::Outcome::{Data, Eof, Fails};

use super::calls::RESET;
use super::child::set_linger2;
use super::{Experiment, Stage};

pub const EXPERIMENTS: &[Experiment] = &[
    Experiment::new("linger-zero", linger_zero, ">R.").reset(Client, Client, LingerZero),
    Experiment::new("linger-zero.read", peer_reads, ">R.").reset(Client, Client, LingerZero),
    Experiment::new(
        "linger-zero.peer-unread-data",
        peer_has_unread,
        ">P.(8) <. >R.",
    )
    .reset(Client, Client, LingerZero),
    Experiment::new(
        "linger-zero.peer-unread-data-send-first",
        peer_has_unread_and_sends,
        ">P.(8) <. >R.",
    )
    .reset(Client, Client, LingerZero),
    Experiment::new(
        "linger-zero.sndbuf-lost",
        send_buffer_lost,
        ">.(1448) ... >R.",
    )
    .reset(Client, Client, LingerZero),
    Experiment::new("linger2-negative", linger2_negative, ">F. <. >R").reset(
        Client,
        Client,
        OrphanTimeout,
    ),
    Experiment::new(
        "linger2-negative.fin-wait-2",
        linger2_negative_later,
        ">F. <. >R.",
    )
    .reset(Client, Client, OrphanTimeout),
    Experiment::new("disconnect-af-unspec", disconnect, ">R.").reset(Client, Client, LingerZero),
    Experiment::new(
        "listener-close-queued",
        listener_closes_with_data,
        ">P.(2) <. <R.",
    )
    .reset(Server, Server, LingerZero),
    Experiment::new("listener-close-queued.nodata", listener_closes, "<R.")
        .reset(Server, Server, LingerZero),
];

fn linger_zero(mut stage: Stage) -> Stage {
    stage.abort(Client);
    stage.at("client aborted", [Closed, Closed]);
    stage.polls(Server, RESET);
    stage.writes_as_told(Server);
    stage.read_gives(Server, &[Eof]);
    stage
}

fn peer_reads(mut stage: Stage) -> Stage {
    stage.abort(Client);
    stage.at("client aborted", [Closed, Closed]);
    stage.reads_as_told(Server);
    stage.write_gives(Server, &[Fails("EPIPE")]);
    stage
}

fn peer_has_unread(mut stage: Stage) -> Stage {
    aborted_after_data(&mut stage);
    stage.polls(Server, RESET);
    stage.read(Server, 4);
    stage.reads_as_told(Server);
    stage.read_gives(Server, &[Eof]);
    stage
}

fn peer_has_unread_and_sends(mut stage: Stage) -> Stage {
    aborted_after_data(&mut stage);
    stage.writes_as_told(Server);
    stage.read_gives(Server, &[Data, Eof]);
    stage
}

/// The client's data is acknowledged, but not read, when it aborts.
fn aborted_after_data(stage: &mut Stage) {
    stage.write(Client, b"precious");
    stage.acknowledged(Client);
    stage.at("client wrote", [Established, Established]);
    stage.abort(Client);
    stage.at("client aborted", [Closed, Closed]);
}

/// What still waits in the closer's own buffer is lost.
fn send_buffer_lost(mut stage: Stage) -> Stage {
    stage.fill(Client);
    stage.at("the window is closed", [Established, Established]);
    stage.abort(Client);
    stage.at("client aborted", [Closed, Closed]);
    stage.reads_as_told(Server);
    stage
}

/// It closes, and doesn't wait in FIN-WAIT-2 at all.
fn linger2_negative(mut stage: Stage) -> Stage {
    set_linger2(stage.socket(Client), -1);
    stage.close(Client);
    stage.at("client closed", [Closed, Closed]);
    stage.reads_as_told(Server);
    stage.writes_as_told(Server);
    stage
}

fn linger2_negative_later(mut stage: Stage) -> Stage {
    stage.shut(Client, Shutdown::Write);
    stage.at("client shut down", [FinWait2, CloseWait]);
    set_linger2(stage.socket(Client), -1);
    stage.close(Client);
    stage.at("client closed", [Closed, Closed]);
    stage.polls(Server, RESET);
    stage.reads_as_told(Server);
    stage.writes_as_told(Server);
    stage
}

fn disconnect(mut stage: Stage) -> Stage {
    rustix::net::connect_unspec(stage.socket(Client)).expect("it is connected");
    stage.at("client disconnected", [Closed, Closed]);
    stage.reads_as_told(Server);
    stage
}

fn listener_closes_with_data(mut stage: Stage) -> Stage {
    stage.connect_unaccepted();
    stage.write(Client, b"hi");
    stage.acknowledged(Client);
    stage.at("client wrote", [Established, Established]);
    stage.close_listener();
    stage.at("listener closed", [Closed, Closed]);
    stage.reads_as_told(Client);
    stage
}

fn listener_closes(mut stage: Stage) -> Stage {
    stage.connect_unaccepted();
    stage.at("connected", [Established, Established]);
    stage.close_listener();
    stage.at("listener closed", [Closed, Closed]);
    stage.reads_as_told(Client);
    stage
}
