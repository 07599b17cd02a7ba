//! RSTs that nobody of the two sent: those that count, and those that don't.

use std::net::Shutdown;

use tcpviz::conn::Side::{Client, Server};
use tcpviz::conn::State::{CloseWait, Closed, Established, FinWait2};
use tcpviz::story::cause::CauseId;
use tcpviz::wire::Flags;

use super::forge::Forged;
use super::{Experiment, Stage};

pub const EXPERIMENTS: &[Experiment] = &[
    Experiment::new(
        "challenge-ack",
        challenge_ack,
        "<P.(4) >. <R >. <Rx2 <S >. <. >. <P.(4) >. <R <P.(1) >R",
    )
    .reset(Server, Server, CauseId::Unknown),
    Experiment::new(
        "rst-in-close-wait-minus1",
        close_wait_minus_one,
        "<F. >. <R",
    )
    .reset(Server, Server, CauseId::NoSuchConnection),
    Experiment::new("middlebox-reset", middlebox, ">P.(9) <R <P.(1) >R").reset(
        Server,
        Server,
        CauseId::Unknown,
    ),
];

fn challenge_ack(mut stage: Stage) -> Stage {
    // Else the kernel answers only twice in a second.
    stage.sysctl(Client, "tcp_invalid_ratelimit", "0");
    stage.write(Server, b"abcd");
    stage.read(Client, 4);
    stage.acknowledged(Server);
    let (expected, una) = (stage.next(Server), stage.next(Client));
    let rst = |seq| Forged::new(Flags::RST, seq);
    let ack = |seq, ack| Forged {
        ack,
        ..Forged::new(Flags::ACK, seq)
    };
    let old = Forged {
        flags: Flags::PSH | Flags::ACK,
        data: b"abcd",
        ..ack(expected - 4, una)
    };
    let forged = [
        ("an RST in the window", rst(expected + 100), 2),
        ("an RST below it", rst(expected - 1_000), 1),
        ("an RST above it", rst(expected + 10_000_000), 1),
        ("a SYN in it", Forged::new(Flags::SYN, expected + 50), 2),
        ("an ACK of nothing", ack(expected, una + 5_000_000), 2),
        ("old data", old, 2),
    ];
    let mut segments = 3 + 2;
    for (step, forged, more) in forged {
        stage.forge(Server, forged);
        segments += more;
        stage.await_records(segments);
        stage.at(step, [Established, Established]);
    }
    stage.forge(Server, rst(expected));
    // tcpviz takes it for the server's.
    let [kernels, shown] = [[Closed, Established], [Closed, Closed]];
    stage.at_otherwise("the exact RST", kernels, shown);
    stage.write(Server, b"x");
    stage.at("server wrote", [Closed, Closed]);
    stage.reads_as_told(Client);
    stage.reads_as_told(Server);
    stage
}

fn close_wait_minus_one(mut stage: Stage) -> Stage {
    stage.shut(Server, Shutdown::Write);
    stage.at("server shut down", [CloseWait, FinWait2]);
    let seq = stage.next(Server) - 1;
    stage.forge(Server, Forged::new(Flags::RST, seq));
    let [kernels, shown] = [[Closed, FinWait2], [Closed, Closed]];
    stage.at_otherwise("the RST", kernels, shown);
    stage.reads_as_told(Client);
    stage.writes_as_told(Client);
    stage
}

fn middlebox(mut stage: Stage) -> Stage {
    let relay = &stage.lab.relay;
    relay.drop_next(Client, |seg| seg.len > 0, 1);
    stage.write(Client, b"forbidden");
    let rst = Forged {
        ttl: 63,
        ..Forged::new(Flags::RST, stage.next(Server))
    };
    stage.forge(Server, rst);
    let [kernels, shown] = [[Closed, Established], [Closed, Closed]];
    stage.at_otherwise("a firewall's RST", kernels, shown);
    stage.reads_as_told(Client);
    stage.write(Server, b"x");
    stage.at("server wrote", [Closed, Closed]);
    stage.reads_as_told(Server);
    stage
}
