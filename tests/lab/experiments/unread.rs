//! Data that nobody reads: in the closer's own buffer, in its peer's, or on the way.

use std::io::Write;
use std::net::Shutdown;

use tcpviz::conn::Side::{Client, Server};
use tcpviz::conn::State::{CloseWait, Closed, Established, FinWait1, FinWait2, TimeWait};
use tcpviz::lab::Mode;
use tcpviz::story::cause::CauseId::{DataAfterClose, RetransmissionTimeout, UnreadData};
use tcpviz::story::ending::Kind;
use tcpviz::story::program::Outcome::{Eof, Fails, Waits};

use super::calls::RESET;
use super::{Experiment, Stage};

pub const EXPERIMENTS: &[Experiment] = &[
    Experiment::new(
        "close-with-unread-data.small",
        close_unread_small,
        "<P.(9) >. >P.(1000) <. >R.",
    )
    .reset(Client, Client, UnreadData),
    Experiment::new(
        "close-with-unread-data",
        close_unread,
        "<P.(9) >. >.(1448) ... >R. ...",
    )
    .reset(Client, Client, UnreadData),
    Experiment::new(
        "close-then-greeting",
        greeting_after_close,
        ">.(1448) ... <P.(9) >R",
    )
    .reset(Client, Client, DataAfterClose),
    Experiment::new(
        "close-no-unread",
        close_all_read,
        ">.(1448) ... >F. <. <F. >.",
    )
    .orderly(Client),
    Experiment::new(
        "reliable-close",
        reliable_close,
        "<P.(9) >. >.(1448) ... >F. <. <F. >.",
    )
    .orderly(Client),
    Experiment::new(
        "close-zero-window",
        zero_window,
        ">.(1448) ... >FP ... <F. >.",
    )
    .orderly(Client),
    Experiment::new(
        "write-is-only-buffered",
        only_buffered,
        ">P.(1000) >F. ... >FP.(1000)x3",
    )
    .ends(Kind::TimedOut, Client)
    .because(RetransmissionTimeout),
    Experiment::new("blocked-writer-rst", blocked_writer, ">.(1448) ... <R.")
        .reset(Server, Server, UnreadData),
];

static MILLION: [u8; 1_000_000] = [0; 1_000_000];

fn close_unread_small(mut stage: Stage) -> Stage {
    greeted(&mut stage);
    stage.write(Client, &[0; 1_000]);
    stage.acknowledged(Client);
    stage.at("client wrote", [Established, Established]);
    stage.close(Client);
    stage.at("client closed", [Closed, Closed]);
    stage.polls(Server, RESET);
    stage.reads_as_told(Server);
    stage.write_gives(Server, &[Fails("EPIPE")]);
    stage
}

fn close_unread(mut stage: Stage) -> Stage {
    greeted(&mut stage);
    let drained = stage.drain(Server);
    stage.write(Client, &MILLION);
    stage.close(Client);
    stage.at("client closed", [Closed, Closed]);
    let (octets, end) = drained.join().unwrap();
    eprintln!("  the server read {octets} octets of a million");
    assert!(octets <= MILLION.len());
    assert_eq!(end, Fails("ECONNRESET"));
    stage.read_gives(Server, &[Eof]);
    stage.write_gives(Server, &[Fails("EPIPE")]);
    stage
}

/// The server's greeting comes, and isn't read.
fn greeted(stage: &mut Stage) {
    stage.write(Server, b"welcome\r\n");
    stage.acknowledged(Server);
    stage.at("server greeted", [Established, Established]);
}

/// The FIN waits behind what the server doesn't read.
fn greeting_after_close(mut stage: Stage) -> Stage {
    stage.fill(Client);
    stage.at("the window is closed", [Established, Established]);
    stage.close(Client);
    stage.at_otherwise(
        "client closed",
        [FinWait1, Established],
        [Established, Established],
    );
    stage.write(Server, b"welcome\r\n");
    stage.at("server greeted", [Closed, Closed]);
    stage.reads_as_told(Server);
    stage.write_gives(Server, &[Fails("EPIPE")]);
    stage
}

fn close_all_read(mut stage: Stage) -> Stage {
    let drained = stage.drain(Server);
    stage.write(Client, &MILLION);
    stage.acknowledged(Client);
    stage.close(Client);
    stage.at("client closed", [FinWait2, CloseWait]);
    assert_eq!(drained.join().unwrap(), (MILLION.len(), Eof));
    stage.reads_as_told(Server);
    stage.close(Server);
    stage.at("server closed", [TimeWait, Closed]);
    stage
}

fn reliable_close(mut stage: Stage) -> Stage {
    greeted(&mut stage);
    let drained = stage.drain(Server);
    stage.write(Client, &MILLION);
    stage.acknowledged(Client);
    stage.shut(Client, Shutdown::Write);
    stage.at("client shut down", [FinWait2, CloseWait]);
    assert_eq!(drained.join().unwrap(), (MILLION.len(), Eof));
    stage.close(Server);
    stage.at("server closed", [TimeWait, Closed]);
    stage.reads_as_told(Client);
    stage
}

/// close() while the peer's window is closed: the FIN goes out behind the data.
fn zero_window(mut stage: Stage) -> Stage {
    stage.fill(Client);
    stage.at("the window is closed", [Established, Established]);
    stage.close(Client);
    stage.at_otherwise(
        "client closed",
        [FinWait1, Established],
        [Established, Established],
    );
    let drained = stage.drain(Server);
    stage.at("the server read all", [FinWait2, CloseWait]);
    assert_eq!(drained.join().unwrap().1, Eof);
    stage.close(Server);
    stage.at("server closed", [TimeWait, Closed]);
    stage
}

/// write() and close() succeed, though nothing arrives.
fn only_buffered(mut stage: Stage) -> Stage {
    let retries = "net.ipv4.tcp_orphan_retries";
    stage.lab.client.sysctl(retries, "2").expect("a sysctl");
    stage.lab.relay.mode(Client, Mode::Drop);
    stage.write(Client, &[0; 1_000]);
    stage.at("client wrote", [Established, Established]);
    stage.close(Client);
    // That it gave up isn't on the wire.
    stage.at_otherwise(
        "client gave up",
        [Closed, Established],
        [FinWait1, Established],
    );
    stage.read_gives(Server, &[Waits]);
    stage
}

/// A send() that waits when the RST comes returns what was taken; the next one fails.
fn blocked_writer(mut stage: Stage) -> Stage {
    let mut copy = stage.copy(Client);
    let octets = vec![0; 20_000_000];
    let blocked = std::thread::spawn(move || copy.write(&octets));
    crate::play::wait_until("blocked", || stage.stuck(Client));
    stage.at("the window is closed", [Established, Established]);
    stage.close(Server);
    stage.at("server closed", [Closed, Closed]);
    let taken = blocked.join().unwrap().expect("some were taken");
    assert!((1..20_000_000).contains(&taken), "{taken}");
    stage.writes_as_told(Client);
    stage
}
