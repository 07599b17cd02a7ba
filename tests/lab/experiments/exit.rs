//! Programs that end without close(), by themselves or by a signal: the kernel closes for them.

use rustix::event::PollFlags;
use rustix::process::Signal;
use tcpviz::conn::Side::{Client, Server};
use tcpviz::conn::State::{CloseWait, Closed, Established, FinWait2, TimeWait};
use tcpviz::story::cause::CauseId::{DataAfterClose, UnreadData};
use tcpviz::story::program::Outcome::{Eof, Fails};

use super::calls::RESET;
use super::{Experiment, Stage};

pub const EXPERIMENTS: &[Experiment] = &[
    Experiment::new("exit-without-close", exit, ">P.(3) <. >F. <. <F. >.").orderly(Client),
    Experiment::new("exit-with-unread-data", exit_unread, "<P.(5) >. >R.")
        .reset(Client, Client, UnreadData),
    Experiment::new("sigkill-process", sigkill, ">F. <. <F. >.").orderly(Client),
    Experiment::new("sigkill-with-unread-data", sigkill_unread, "<P.(5) >. >R.")
        .reset(Client, Client, UnreadData),
    Experiment::new(
        "server-process-killed",
        server_killed,
        ">P.(6) <. <P.(6) >. <F. >. >P.(19) <R",
    )
    .reset(Server, Server, DataAfterClose),
    Experiment::new(
        "server-process-killed.read-before-rst",
        read_before_reset,
        "<F. >. >P.(19) <R",
    )
    .reset(Server, Server, DataAfterClose),
    Experiment::new(
        "server-process-killed.unread",
        server_killed_unread,
        ">P.(7) <. <R.",
    )
    .reset(Server, Server, UnreadData),
    Experiment::new("server-host-shutdown", host_shutdown, "<F. >. >F. <.").orderly(Server),
];

fn exit(mut stage: Stage) -> Stage {
    stage.write(Client, b"bye");
    stage.acknowledged(Client);
    stage.at("client wrote", [Established, Established]);
    stage.give_to_child(Client, "").exit();
    stage.at("client exited", [FinWait2, CloseWait]);
    stage.reads_as_told(Server);
    stage.close(Server);
    stage.at("server closed", [TimeWait, Closed]);
    stage
}

fn exit_unread(mut stage: Stage) -> Stage {
    greeted(&mut stage);
    stage.give_to_child(Client, "").exit();
    stage.at("client exited", [Closed, Closed]);
    stage.polls(Server, RESET);
    stage.reads_as_told(Server);
    stage
}

fn sigkill(mut stage: Stage) -> Stage {
    stage.give_to_child(Client, "").kill(Signal::KILL);
    stage.at("client killed", [FinWait2, CloseWait]);
    stage.reads_as_told(Server);
    stage.close(Server);
    stage.at("server closed", [TimeWait, Closed]);
    stage
}

fn sigkill_unread(mut stage: Stage) -> Stage {
    greeted(&mut stage);
    stage.give_to_child(Client, "").kill(Signal::KILL);
    stage.at("client killed", [Closed, Closed]);
    stage.writes_as_told(Server);
    stage
}

/// The server's greeting comes, and isn't read.
fn greeted(stage: &mut Stage) {
    stage.write(Server, b"greet");
    stage.acknowledged(Server);
    stage.at("server wrote", [Established, Established]);
}

fn server_killed(mut stage: Stage) -> Stage {
    for (from, to) in [(Client, Server), (Server, Client)] {
        stage.write(from, b"hello\n");
        stage.read(to, 6);
        stage.acknowledged(from);
    }
    stage.give_to_child(Server, "").kill(Signal::KILL);
    stage.at("server killed", [CloseWait, FinWait2]);
    stage.polls(Client, PollFlags::IN | PollFlags::OUT | PollFlags::RDHUP);
    stage.write(Client, b"after server close\n");
    stage.at("client wrote", [Closed, Closed]);
    // What it had received it has read.
    stage.reads_as_told(Client);
    stage.read_gives(Client, &[Eof]);
    stage.error_is(Client, Some("EPIPE"));
    stage
}

fn read_before_reset(mut stage: Stage) -> Stage {
    stage.give_to_child(Server, "").kill(Signal::KILL);
    stage.at("server killed", [CloseWait, FinWait2]);
    stage.hold(Server);
    stage.write(Client, b"after server close\n");
    stage.await_held(Server, 1);
    stage.at_otherwise("client wrote", [CloseWait, Closed], [CloseWait, FinWait2]);
    stage.reads_as_told(Client);
    stage.release(Server);
    stage.at("the RST came", [Closed, Closed]);
    stage.polls(Client, RESET);
    stage.reads_as_told(Client);
    stage.writes_as_told(Client);
    stage
}

fn server_killed_unread(mut stage: Stage) -> Stage {
    stage.write(Client, b"request");
    stage.acknowledged(Client);
    stage.at("client wrote", [Established, Established]);
    let blocked = stage.drain(Client);
    stage.give_to_child(Server, "").kill(Signal::KILL);
    stage.at("server killed", [Closed, Closed]);
    assert_eq!(blocked.join().unwrap(), (0, Fails("ECONNRESET")));
    stage.read_gives(Client, &[Eof]);
    stage.write_gives(Client, &[Fails("EPIPE")]);
    stage
}

/// What init does: SIGTERM, which the program doesn't catch.
fn host_shutdown(mut stage: Stage) -> Stage {
    stage.give_to_child(Server, "").kill(Signal::TERM);
    stage.at("server terminated", [CloseWait, FinWait2]);
    stage.polls(Client, PollFlags::IN | PollFlags::OUT | PollFlags::RDHUP);
    stage.reads_as_told(Client);
    stage.close(Client);
    stage.at("client closed", [Closed, TimeWait]);
    stage
}
