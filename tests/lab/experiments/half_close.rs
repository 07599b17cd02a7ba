//! Half-closes: one direction ends by shutdown(SHUT_WR), the other goes on.

use std::net::Shutdown;
use std::time::Duration;

use rustix::event::PollFlags;
use tcpviz::conn::Side::{Client, Server};
use tcpviz::conn::State::{CloseWait, Closed, Established, FinWait2, LastAck, TimeWait};
use tcpviz::story::cause::CauseId::{LingerZero, UnreadData};
use tcpviz::story::ending::Kind;
use tcpviz::story::program::Outcome::{Eof, Fails};

use super::calls::RESET;
use super::{Experiment, Stage};

pub const EXPERIMENTS: &[Experiment] = &[
    Experiment::new("both-shutdown-wr", both_shutdown_wr, ">F. <. <F. >.").orderly(Client),
    Experiment::new(
        "shutdown-wr-epipe",
        shutdown_wr_epipe,
        ">P.(4) <. >F. <. <P.(6) >. <F. >.",
    )
    .orderly(Client),
    Experiment::new(
        "shutdown-wr-then-peer-writes",
        peer_writes_then_exit,
        ">F. <. <P.(1) >. >R.",
    )
    .reset(Client, Client, UnreadData),
    Experiment::new(
        "shutdown-wr-then-peer-writes.single-process",
        single_process,
        ">F. <. <P.(1) >. <F. >.",
    )
    .orderly(Client),
    Experiment::new(
        "shutdown-wr-then-peer-writes.read-it",
        peer_writes_and_is_read,
        ">F. <. <P.(1) >. <F. >.",
    )
    .orderly(Client),
    Experiment::new(
        "close-in-fin-wait-2-unread",
        close_unread_in_fin_wait_2,
        ">F. <. <P.(1) >. >R.",
    )
    .reset(Client, Client, UnreadData),
    Experiment::new(
        "half-close-tail",
        tail,
        ">P.(5) <. >F. <. <.(1448) ... <F. >.",
    )
    .orderly(Client),
    Experiment::new("fork-refcount-close", fork_close, ">P.(5) <. >F. <. <F. >.").orderly(Client),
    Experiment::new("fork-refcount-close.dup", dup_close, ">P.(5) <. >F. <.")
        .ends(Kind::HalfClosed, Client),
    Experiment::new(
        "fork-refcount-close.server-forgot",
        server_forgot,
        "<P.(3) >. <F. >.",
    )
    .ends(Kind::HalfClosed, Server),
    Experiment::new("fork-shutdown", fork_shutdown, ">F. <. <P.(1) >. <F. >.").orderly(Client),
    Experiment::new(
        "rst-in-fin-wait-2",
        reset_in_fin_wait_2,
        ">F. <. <P.(4) >. <R.",
    )
    .reset(Client, Server, LingerZero),
    Experiment::new("rst-in-last-ack", reset_in_last_ack, "<F. >. >F. ... <R.")
        .reset(Server, Server, LingerZero),
];

fn both_shutdown_wr(mut stage: Stage) -> Stage {
    stage.shut(Client, Shutdown::Write);
    stage.at("client shut down", [FinWait2, CloseWait]);
    stage.polls(Client, PollFlags::OUT);
    stage.shut(Server, Shutdown::Write);
    stage.at("server shut down", [TimeWait, Closed]);
    let hung_up = PollFlags::IN | PollFlags::OUT | PollFlags::HUP | PollFlags::RDHUP;
    for side in [Client, Server] {
        stage.polls(side, hung_up);
        stage.reads_as_told(side);
        stage.writes_as_told(side);
    }
    stage
}

fn shutdown_wr_epipe(mut stage: Stage) -> Stage {
    stage.write(Client, b"last");
    stage.acknowledged(Client);
    stage.shut(Client, Shutdown::Write);
    stage.at("client shut down", [FinWait2, CloseWait]);
    stage.writes_as_told(Client);
    stage.shut(Client, Shutdown::Write);
    stage.polls(Client, PollFlags::OUT);
    stage.reads_as_told(Client);
    stage.reads_as_told(Server);
    stage.write(Server, b"answer");
    stage.acknowledged(Server);
    stage.at("server answered", [FinWait2, CloseWait]);
    stage.reads_as_told(Client);
    stage.close(Server);
    stage.at("server closed", [TimeWait, Closed]);
    stage.reads_as_told(Client);
    stage.writes_as_told(Client);
    stage
}

fn peer_writes_then_exit(mut stage: Stage) -> Stage {
    half_closed_and_written(&mut stage);
    stage.give_to_child(Client, "").exit();
    stage.at("client exited", [Closed, Closed]);
    stage.polls(Server, RESET);
    stage.reads_as_told(Server);
    stage.writes_as_told(Server);
    stage
}

/// One process has both ends; when it exits, the newest descriptor is closed first: the server's.
fn single_process(mut stage: Stage) -> Stage {
    half_closed_and_written(&mut stage);
    stage.close(Server);
    stage.at("server closed", [TimeWait, Closed]);
    stage.close(Client);
    stage.at("client closed with an octet unread", [TimeWait, Closed]);
    stage
}

fn peer_writes_and_is_read(mut stage: Stage) -> Stage {
    half_closed_and_written(&mut stage);
    stage.read(Client, 1);
    stage.give_to_child(Client, "").exit();
    stage.at("client exited", [FinWait2, CloseWait]);
    stage.polls(Server, PollFlags::IN | PollFlags::OUT | PollFlags::RDHUP);
    stage.reads_as_told(Server);
    stage.close(Server);
    stage.at("server closed", [TimeWait, Closed]);
    stage
}

fn close_unread_in_fin_wait_2(mut stage: Stage) -> Stage {
    half_closed_and_written(&mut stage);
    stage.close(Client);
    stage.at("client closed", [Closed, Closed]);
    stage.reads_as_told(Server);
    stage.writes_as_told(Server);
    stage
}

/// The client shuts down its direction; the server's octet comes, and is not read.
fn half_closed_and_written(stage: &mut Stage) {
    stage.shut(Client, Shutdown::Write);
    stage.at("client shut down", [FinWait2, CloseWait]);
    stage.write(Server, b"a");
    stage.acknowledged(Server);
    stage.at("server wrote", [FinWait2, CloseWait]);
}

/// An open descriptor is not subject to tcp_fin_timeout.
fn tail(mut stage: Stage) -> Stage {
    let fin_timeout = "net.ipv4.tcp_fin_timeout";
    stage.lab.client.sysctl(fin_timeout, "1").expect("a sysctl");
    stage.write(Client, b"GET /");
    stage.acknowledged(Client);
    stage.shut(Client, Shutdown::Write);
    stage.at("client shut down", [FinWait2, CloseWait]);
    stage.reads_as_told(Server);
    let drained = stage.drain(Client);
    for _ in 0..2 {
        stage.write(Server, &vec![0; 1_000_000]);
        stage.acknowledged(Server);
        // What matters is that this time passes.
        std::thread::sleep(Duration::from_millis(1_500));
        stage.at("a part came", [FinWait2, CloseWait]);
    }
    stage.close(Server);
    stage.at("server closed", [TimeWait, Closed]);
    assert_eq!(drained.join().unwrap(), (2_000_000, Eof));
    stage.reads_as_told(Client);
    stage
}

fn fork_close(mut stage: Stage) -> Stage {
    let copy = stage.copy(Client);
    let child = stage.give_to_child(Client, "printf still >&0");
    drop(copy);
    stage.read(Server, 5);
    stage.acknowledged(Client);
    stage.at(
        "one of two closed, the other wrote",
        [Established, Established],
    );
    stage.reads_as_told(Server);
    child.exit();
    stage.at("both closed", [FinWait2, CloseWait]);
    stage.reads_as_told(Server);
    stage.close(Server);
    stage.at("server closed", [TimeWait, Closed]);
    stage
}

fn dup_close(mut stage: Stage) -> Stage {
    let copy = stage.copy(Client);
    stage.close(Client);
    stage.client = Some(copy);
    stage.write(Client, b"still");
    stage.acknowledged(Client);
    stage.at("one of two closed", [Established, Established]);
    stage.close(Client);
    stage.at("both closed", [FinWait2, CloseWait]);
    stage.reads_as_told(Server);
    stage
}

fn server_forgot(mut stage: Stage) -> Stage {
    let forgotten = stage.copy(Server);
    stage.give_to_child(Server, "printf bye >&0").exit();
    stage.await_unread(Client, 3);
    stage.at("the server's child exited", [Established, Established]);
    stage.reads_as_told(Client);
    drop(forgotten);
    stage.at("the server's parent ended", [CloseWait, FinWait2]);
    stage.reads_as_told(Client);
    stage
}

fn fork_shutdown(mut stage: Stage) -> Stage {
    let other = stage.copy(Client);
    stage.shut(Client, Shutdown::Write);
    stage.at("one of two shut down", [FinWait2, CloseWait]);
    stage.client = Some(other);
    stage.writes_as_told(Client);
    stage.reads_as_told(Client);
    stage.reads_as_told(Server);
    stage.write(Server, b"y");
    stage.acknowledged(Server);
    stage.at("server wrote", [FinWait2, CloseWait]);
    stage.reads_as_told(Client);
    stage.close(Client);
    stage.at("both closed", [FinWait2, CloseWait]);
    stage.close(Server);
    stage.at("server closed", [TimeWait, Closed]);
    stage
}

fn reset_in_fin_wait_2(mut stage: Stage) -> Stage {
    stage.shut(Client, Shutdown::Write);
    stage.at("client shut down", [FinWait2, CloseWait]);
    stage.write(Server, b"part");
    stage.acknowledged(Server);
    stage.at("server wrote", [FinWait2, CloseWait]);
    stage.abort(Server);
    stage.at("server aborted", [Closed, Closed]);
    stage.polls(Client, RESET);
    stage.reads_as_told(Client);
    stage.write_gives(Client, &[Fails("EPIPE")]);
    stage
}

fn reset_in_last_ack(mut stage: Stage) -> Stage {
    stage.shut(Server, Shutdown::Write);
    stage.at("server shut down", [CloseWait, FinWait2]);
    stage.reads_as_told(Client);
    stage.hold(Client);
    stage.close(Client);
    stage.at_otherwise("client closed", [LastAck, FinWait2], [LastAck, TimeWait]);
    stage.await_held(Client, 1);
    stage.abort(Server);
    stage.at("server aborted", [Closed, Closed]);
    stage
}
