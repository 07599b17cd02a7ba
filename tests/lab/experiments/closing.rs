//! Closes with nothing left unread: FIN, who closes first, and data that comes too late.

use std::net::Shutdown;

use rustix::event::PollFlags;
use rustix::net::{SendFlags, send};
use tcpviz::conn::Side::{self, Client, Server};
use tcpviz::conn::State::{CloseWait, Closed, Closing, Established, FinWait1, FinWait2, TimeWait};
use tcpviz::story::cause::CauseId::DataAfterClose;
use tcpviz::story::ending::Kind;
use tcpviz::story::program::Outcome::{Eof, Fails};

use super::calls::RESET;
use super::{Experiment, Stage};

pub const EXPERIMENTS: &[Experiment] = &[
    Experiment::new("orderly-close", orderly_close, ">P.(5) <. >F. <. <F. >.").orderly(Client),
    Experiment::new("orderly-close.server-first", server_first, "<F. >. >F. <.").orderly(Server),
    Experiment::new(
        "orderly-close.3seg",
        three_segments,
        ">P.(4) <. <P.(4) >. >P.(4) <. <P.(4) >. >P.(4) <. <P.(4) >. >F. <F. >.",
    )
    .orderly(Client),
    Experiment::new(
        "eof-after-data",
        eof_after_data,
        ">P.(3) <. >P.(3) <. >F. <. <F. >.",
    )
    .orderly(Client),
    Experiment::new("read-after-peer-fin", read_after_fin, ">F. <. <F. >.").orderly(Client),
    Experiment::new("poll-fin-detect", poll_fin, ">F. <. <F. >.").orderly(Client),
    Experiment::new("fin-with-data", fin_with_data, ">F.(4) <. <F. >.").orderly(Client),
    Experiment::new("simultaneous-close", simultaneous_close, CROSSING)
        .ends(Kind::Simultaneous, Client),
    Experiment::new("simultaneous-close.half", simultaneous_shutdown, CROSSING)
        .ends(Kind::Simultaneous, Client),
    Experiment::new(
        "close-then-peer-writes",
        close_then_peer_writes,
        ">F. <. <P.(1) >R",
    )
    .reset(Client, Client, DataAfterClose),
    Experiment::new(
        "ipv6-close-then-peer-writes",
        close_then_peer_writes,
        ">F. <. <P.(1) >R",
    )
    .reset(Client, Client, DataAfterClose)
    .ipv6(),
    Experiment::new(
        "close-then-peer-writes.read-first",
        peer_reads_after_reset,
        ">F. <. <P.(1) >R",
    )
    .reset(Client, Client, DataAfterClose),
    Experiment::new(
        "close-then-peer-writes.no-fin-read",
        peer_reads_before_reset,
        ">F. <. <P.(1) >R",
    )
    .reset(Client, Client, DataAfterClose),
    Experiment::new(
        "second-write-sigpipe.ignored",
        second_write,
        ">F. <. <P.(3) >R",
    )
    .reset(Client, Client, DataAfterClose),
    Experiment::new("close-crossing-data", close_crossing_data, ">F. <P.(8) >R").reset(
        Client,
        Client,
        DataAfterClose,
    ),
    Experiment::new(
        "close-crossing-data.rst-first",
        reset_overtakes_fin,
        ">F. <P.(8) >R",
    )
    .reset(Client, Client, DataAfterClose),
];

/// The FINs cross; who captures on the client's side sees its own first.
const CROSSING: &str = ">F. <F. >. <.";

fn orderly_close(mut stage: Stage) -> Stage {
    stage.write(Client, b"hello");
    stage.read(Server, 5);
    stage.acknowledged(Client);
    stage.at("five bytes read", [Established, Established]);
    stage.close(Client);
    stage.at("client closed", [FinWait2, CloseWait]);
    stage.polls(Server, PollFlags::IN | PollFlags::OUT | PollFlags::RDHUP);
    stage.reads_as_told(Server);
    stage.close(Server);
    stage.at("server closed", [TimeWait, Closed]);
    stage
}

fn server_first(mut stage: Stage) -> Stage {
    stage.close(Server);
    stage.at("server closed", [CloseWait, FinWait2]);
    stage.reads_as_told(Client);
    stage.close(Client);
    stage.at("client closed", [Closed, TimeWait]);
    stage
}

/// The FIN's ACK is delayed for at least 40 ms: time enough to close.
fn three_segments(mut stage: Stage) -> Stage {
    for _ in 0..3 {
        for (from, to, word) in [(Client, Server, b"ping"), (Server, Client, b"pong")] {
            stage.write(from, word);
            stage.read(to, 4);
            stage.acknowledged(from);
        }
    }
    stage.at("three rounds", [Established, Established]);
    let eof = stage.drain(Server);
    stage.close(Client);
    assert_eq!(eof.join().unwrap(), (0, Eof));
    stage.close(Server);
    stage.at("both closed", [TimeWait, Closed]);
    stage
}

fn eof_after_data(mut stage: Stage) -> Stage {
    for word in [b"abc", b"def"] {
        stage.write(Client, word);
        stage.acknowledged(Client);
    }
    stage.close(Client);
    stage.at("client closed", [FinWait2, CloseWait]);
    stage.read(Server, 4);
    stage.polls(Server, PollFlags::IN | PollFlags::OUT | PollFlags::RDHUP);
    stage.reads_as_told(Server);
    stage.read_gives(Server, &[Eof]);
    stage.close(Server);
    stage.at("server closed", [TimeWait, Closed]);
    stage
}

fn read_after_fin(mut stage: Stage) -> Stage {
    let blocked = stage.drain(Server);
    stage.close(Client);
    stage.at("client closed", [FinWait2, CloseWait]);
    assert_eq!(blocked.join().unwrap(), (0, Eof));
    stage.reads_as_told(Server);
    stage.polls(Server, PollFlags::IN | PollFlags::OUT | PollFlags::RDHUP);
    let copy = stage.copy(Server);
    stage.read_gives(Server, &[Eof]);
    stage.close(Server);
    stage.at("server closed one of two", [FinWait2, CloseWait]);
    drop(copy);
    stage.at("server closed both", [TimeWait, Closed]);
    stage
}

fn poll_fin(mut stage: Stage) -> Stage {
    stage.at("connected", [Established, Established]);
    stage.polls(Server, PollFlags::OUT);
    stage.reads_as_told(Server);
    stage.close(Client);
    stage.at("client closed", [FinWait2, CloseWait]);
    stage.polls(Server, PollFlags::IN | PollFlags::OUT | PollFlags::RDHUP);
    stage.reads_as_told(Server);
    stage.shut(Server, Shutdown::Write);
    stage.at("server shut down", [TimeWait, Closed]);
    stage.writes_as_told(Server);
    stage.reads_as_told(Server);
    stage
}

fn fin_with_data(mut stage: Stage) -> Stage {
    send(stage.socket(Client), b"tail", SendFlags::MORE).expect("it is taken");
    stage.close(Client);
    stage.at("client closed", [FinWait2, CloseWait]);
    stage.reads_as_told(Server);
    stage.close(Server);
    stage.at("server closed", [TimeWait, Closed]);
    stage
}

fn simultaneous_close(mut stage: Stage) -> Stage {
    cross(&mut stage, Stage::close);
    stage
}

fn simultaneous_shutdown(mut stage: Stage) -> Stage {
    cross(&mut stage, |stage, side| stage.shut(side, Shutdown::Write));
    let hung_up = PollFlags::IN | PollFlags::OUT | PollFlags::HUP | PollFlags::RDHUP;
    for side in [Client, Server] {
        stage.polls(side, hung_up);
        stage.reads_as_told(side);
        stage.writes_as_told(side);
    }
    stage
}

/// Both sides close while the wire holds everything; it is let through piece by piece.
fn cross(stage: &mut Stage, close: fn(&mut Stage, Side)) {
    stage.hold(Client);
    stage.hold(Server);
    close(stage, Client);
    // Who sees a FIN takes it for delivered, and knows nothing of the other, which is held.
    let presumed = [FinWait1, CloseWait];
    stage.at_otherwise("client closed", [FinWait1, Established], presumed);
    close(stage, Server);
    stage.at_otherwise("server closed", [FinWait1, FinWait1], presumed);
    stage.release(Client);
    stage.at_otherwise("client's FIN", [FinWait1, Closing], presumed);
    stage.release(Server);
    stage.at_otherwise("server's FIN", [Closing, Closing], [Closing, TimeWait]);
    stage.release(Client);
    stage.at("client's ACK", [Closing, TimeWait]);
    stage.release(Server);
    stage.at("server's ACK", [TimeWait, TimeWait]);
}

fn close_then_peer_writes(mut stage: Stage) -> Stage {
    closed_then_written(&mut stage, b"a");
    stage.polls(Server, RESET);
    stage.error_is(Server, Some("EPIPE"));
    stage.reads_as_told(Server);
    stage.writes_as_told(Server);
    stage
}

fn peer_reads_after_reset(mut stage: Stage) -> Stage {
    closed_then_written(&mut stage, b"a");
    stage.reads_as_told(Server);
    stage.read_gives(Server, &[Eof]);
    stage.writes_as_told(Server);
    stage.error_is(Server, None);
    stage.write_gives(Server, &[Fails("EPIPE")]);
    stage
}

fn peer_reads_before_reset(mut stage: Stage) -> Stage {
    stage.close(Client);
    stage.at("client closed", [FinWait2, CloseWait]);
    stage.reads_as_told(Server);
    stage.write(Server, b"a");
    stage.at("server wrote", [Closed, Closed]);
    stage.writes_as_told(Server);
    stage.reads_as_told(Server);
    stage
}

fn second_write(mut stage: Stage) -> Stage {
    closed_then_written(&mut stage, b"123");
    stage.writes_as_told(Server);
    stage.write_gives(Server, &[Fails("EPIPE"), Fails("EPIPE")]);
    stage
}

/// The client closes, the server writes.
fn closed_then_written(stage: &mut Stage, octets: &[u8]) {
    stage.close(Client);
    stage.at("client closed", [FinWait2, CloseWait]);
    stage.write(Server, octets);
    stage.at("server wrote", [Closed, Closed]);
}

fn close_crossing_data(mut stage: Stage) -> Stage {
    written_before_fin_came(&mut stage);
    stage.release(Client);
    stage.at_otherwise("the FIN came", [Closed, CloseWait], [Closed, Closed]);
    stage.release(Client);
    stage.at("the RST came", [Closed, Closed]);
    stage.polls(Server, RESET);
    stage.reads_as_told(Server);
    stage.writes_as_told(Server);
    stage
}

fn reset_overtakes_fin(mut stage: Stage) -> Stage {
    written_before_fin_came(&mut stage);
    assert_eq!(stage.lab.relay.swallow(Client, 1), 1);
    stage.release(Client);
    stage.at("the RST came", [Closed, Closed]);
    stage.polls(Server, RESET);
    // Who sees both sent in order can't tell these.
    stage.read_gives(Server, &[Fails("ECONNRESET"), Eof]);
    stage.write_gives(Server, &[Fails("EPIPE")]);
    stage
}

/// The client closes, but its FIN stays on the way; the server's data comes.
fn written_before_fin_came(stage: &mut Stage) {
    stage.hold(Client);
    stage.close(Client);
    stage.at_otherwise(
        "client closed",
        [FinWait1, Established],
        [FinWait1, CloseWait],
    );
    stage.write(Server, b"crossing");
    stage.at_otherwise("server wrote", [Closed, Established], [Closed, Closed]);
    stage.await_held(Client, 2);
}
