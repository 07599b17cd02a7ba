//! shutdown() of the direction that is read, and of both: nothing of the former is on the wire.

use std::net::Shutdown;

use rustix::event::PollFlags;
use tcpviz::conn::Side::{Client, Server};
use tcpviz::conn::State::{CloseWait, Closed, Established, FinWait1, FinWait2, TimeWait};
use tcpviz::story::cause::CauseId::{DataAfterClose, UnreadData};
use tcpviz::story::program::Outcome::{Data, Eof, Fails};

use super::calls::RESET;
use super::{Experiment, Stage};

pub const EXPERIMENTS: &[Experiment] = &[
    Experiment::new(
        "shutdown-rd",
        shutdown_rd,
        ">P.(6) <. >P.(5) <. <P.(5) >. <F. >. >F. <.",
    )
    .orderly(Server),
    Experiment::new("shutdown-rd.empty", empty, "<F. >. >F. <.").orderly(Server),
    Experiment::new("shutdown-rd.flood", flood, ">.(1448) ..."),
    Experiment::new("shutdown-rd-then-wr", rd_then_wr, "<F. >. >P.(3) <R").reset(
        Server,
        Server,
        DataAfterClose,
    ),
    Experiment::new("shutdown-rd.close-unread", close_unread, ">P.(3) <. <R.")
        .reset(Server, Server, UnreadData),
    Experiment::new("shutdown-rdwr", shutdown_rdwr, "<F. >. >P.(3) <R").reset(
        Server,
        Server,
        DataAfterClose,
    ),
    Experiment::new("shutdown-rdwr.write-read", write_read, "<F. >. >P.(3) <R").reset(
        Server,
        Server,
        DataAfterClose,
    ),
];

fn shutdown_rd(mut stage: Stage) -> Stage {
    stage.write(Client, b"before");
    stage.acknowledged(Client);
    stage.shut(Server, Shutdown::Read);
    stage.polls(Server, PollFlags::IN | PollFlags::OUT | PollFlags::RDHUP);
    // No observer can know of the end of file.
    stage.read_gives(Server, &[Data, Eof]);
    stage.write(Client, b"after");
    stage.acknowledged(Client);
    stage.at("written after the shutdown", [Established, Established]);
    stage.read_gives(Server, &[Data, Eof]);
    stage.write(Server, b"reply");
    stage.acknowledged(Server);
    stage.at("server replied", [Established, Established]);
    stage.reads_as_told(Client);
    stage.close(Server);
    stage.at("server closed", [CloseWait, FinWait2]);
    stage.reads_as_told(Client);
    stage.close(Client);
    stage.at("client closed", [Closed, TimeWait]);
    stage
}

fn empty(mut stage: Stage) -> Stage {
    stage.shut(Server, Shutdown::Read);
    stage.read_gives(Server, &[Eof]);
    stage.polls(Server, PollFlags::IN | PollFlags::OUT | PollFlags::RDHUP);
    stage.polls(Client, PollFlags::OUT);
    stage.close(Server);
    stage.at("server closed", [CloseWait, FinWait2]);
    stage.reads_as_told(Client);
    stage.close(Client);
    stage.at("client closed", [Closed, TimeWait]);
    stage
}

/// Nothing is dropped: the window closes.
fn flood(mut stage: Stage) -> Stage {
    stage.shut(Server, Shutdown::Read);
    stage.fill(Client);
    stage.at("the window is closed", [Established, Established]);
    stage.polls(Client, PollFlags::empty());
    // The FIN waits behind the data.
    stage.close(Client);
    stage.at_otherwise(
        "client closed",
        [FinWait1, Established],
        [Established, Established],
    );
    stage.read_gives(Server, &[Data, Eof]);
    stage
}

fn rd_then_wr(mut stage: Stage) -> Stage {
    stage.shut(Server, Shutdown::Read);
    stage.shut(Server, Shutdown::Write);
    stage.at("server shut down", [CloseWait, FinWait2]);
    stage.write(Client, b"one");
    stage.at("client wrote", [Closed, Closed]);
    stage.reads_as_told(Client);
    stage.writes_as_told(Client);
    stage
}

fn close_unread(mut stage: Stage) -> Stage {
    stage.shut(Server, Shutdown::Read);
    stage.write(Client, b"abc");
    stage.acknowledged(Client);
    stage.at("client wrote", [Established, Established]);
    stage.close(Server);
    stage.at("server closed", [Closed, Closed]);
    stage.reads_as_told(Client);
    stage
}

fn shutdown_rdwr(mut stage: Stage) -> Stage {
    stage.shut(Server, Shutdown::Both);
    stage.at("server shut down", [CloseWait, FinWait2]);
    stage.read_gives(Server, &[Eof]);
    stage.writes_as_told(Server);
    stage.write(Client, b"one");
    stage.at("client wrote", [Closed, Closed]);
    stage.polls(Server, RESET);
    stage.error_is(Server, Some("ECONNRESET"));
    stage.read_gives(Server, &[Eof]);
    stage.polls(Client, RESET);
    stage.reads_as_told(Client);
    stage.writes_as_told(Client);
    stage.read_gives(Client, &[Eof]);
    stage
}

fn write_read(mut stage: Stage) -> Stage {
    stage.shut(Server, Shutdown::Both);
    stage.at("server shut down", [CloseWait, FinWait2]);
    stage.write(Client, b"one");
    stage.at("client wrote", [Closed, Closed]);
    stage.reads_as_told(Client);
    stage.write_gives(Client, &[Fails("EPIPE")]);
    stage.read_gives(Client, &[Eof]);
    stage.error_is(Client, None);
    stage
}
