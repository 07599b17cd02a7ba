//! Loss and reordering around the FIN.

use tcpviz::conn::Side::{Client, Server};
use tcpviz::conn::State::{CloseWait, Closed, Established, FinWait1, FinWait2, TimeWait};
use tcpviz::lab::Mode;
use tcpviz::story::cause::CauseId;
use tcpviz::story::ending::Kind;
use tcpviz::wire::Flags;

use super::{Experiment, Stage};

pub const EXPERIMENTS: &[Experiment] = &[
    Experiment::new(
        "fin-ack-lost",
        fin_ack_lost,
        ">P.(1) <. <P.(1) >. >F.x... <. <F. >.",
    )
    .orderly(Client),
    Experiment::new("fin-lost-once", fin_lost_once, ">F.x2 <. <F. >.").orderly(Client),
    Experiment::new("fin-lost-forever", fin_lost_forever, ">F.x...")
        .ends(Kind::TimedOut, Client)
        .because(CauseId::RetransmissionTimeout),
    Experiment::new(
        "last-ack-lost",
        last_ack_lost,
        ">F. <. <F. >. <F. >. <F. >.",
    )
    .orderly(Client),
    Experiment::new(
        "fin-data-reordered",
        fin_data_reordered,
        ">P.(3) >FP.(3) <. >P.(3) <. <F. >.",
    )
    .orderly(Client),
];

fn fin_ack_lost(stage: Stage) -> Stage {
    let mut stage = stage.impatient();
    stage.write(Client, b"a");
    stage.read(Server, 1);
    stage.acknowledged(Client);
    stage.write(Server, b"b");
    stage.read(Client, 1);
    stage.acknowledged(Server);
    stage.lab.relay.mode(Server, Mode::Drop);
    stage.close(Client);
    stage.await_segments(3 + 4 + 3);
    // Until an ACK comes, nobody at the client knows whether a FIN arrived that is repeated.
    let [kernels, shown] = [[FinWait1, CloseWait], [FinWait1, Established]];
    stage.at_otherwise("client closed", kernels, shown);
    stage.lab.relay.mode(Server, Mode::Pass);
    stage.at("an ACK gets through", [FinWait2, CloseWait]);
    // It carries a DSACK: the first FIN had arrived.
    let rows = stage.rows();
    let from_fin = &rows[3 + 4..rows.len() - 1];
    let known = from_fin.iter().all(|row| *row == [FinWait1, CloseWait]);
    assert!(known, "{rows:?}");
    stage.reads_as_told(Server);
    stage.close(Server);
    stage.at("server closed", [TimeWait, Closed]);
    stage
}

fn fin_lost_once(mut stage: Stage) -> Stage {
    let relay = &stage.lab.relay;
    relay.drop_next(Client, |seg| seg.has(Flags::FIN), 1);
    stage.close(Client);
    stage.at("the second FIN arrives", [FinWait2, CloseWait]);
    let rows = stage.rows();
    let known = [
        [FinWait1, Established],
        [FinWait1, CloseWait],
        [FinWait2, CloseWait],
    ];
    assert_eq!(rows[3..], known);
    stage.reads_as_told(Server);
    stage.close(Server);
    stage.at("server closed", [TimeWait, Closed]);
    stage
}

fn fin_lost_forever(stage: Stage) -> Stage {
    let mut stage = stage.impatient();
    stage.sysctl(Client, "tcp_orphan_retries", "1");
    stage.cut();
    stage.close(Client);
    stage.await_segments(3 + 5);
    stage.at("client closed", [FinWait1, Established]);
    // That the kernel has given up shows nowhere.
    let [kernels, shown] = [[Closed, Established], [FinWait1, Established]];
    stage.at_otherwise("client gave up", kernels, shown);
    let rows = stage.rows();
    assert!(rows.iter().skip(3).all(|row| *row == shown), "{rows:?}");
    stage.recorder.end();
    stage.reads_as_told(Server);
    stage.writes_as_told(Server);
    stage
}

fn last_ack_lost(mut stage: Stage) -> Stage {
    stage.close(Client);
    stage.at("client closed", [FinWait2, CloseWait]);
    stage.reads_as_told(Server);
    let relay = &stage.lab.relay;
    relay.drop_next(Client, |seg| seg.flags == Flags::ACK, 2);
    stage.close(Server);
    stage.at("the last ACK comes through", [TimeWait, Closed]);
    stage
}

fn fin_data_reordered(stage: Stage) -> Stage {
    let mut stage = stage.patient();
    stage.lab.relay.mode(Client, Mode::Hold);
    stage.write(Client, b"one");
    stage.await_held(Client, 1);
    stage.write(Client, b"two");
    stage.close(Client);
    stage.await_held(Client, 2);
    // A FIN is taken to arrive until something else shows.
    let [kernels, shown] = [[FinWait1, Established], [FinWait1, CloseWait]];
    stage.at_otherwise("client closed", kernels, shown);
    stage.lab.relay.swallow(Client, 1);
    stage.release(Client);
    // The ACK of what came out of order, and the lost data again.
    stage.await_held(Client, 1);
    stage.at("the FIN came before the data", [FinWait1, Established]);
    stage.lab.relay.mode(Client, Mode::Pass);
    stage.lab.relay.release(Client, usize::MAX);
    stage.at("the hole is filled", [FinWait2, CloseWait]);
    stage.await_unread(Server, 6);
    stage.reads_as_told(Server);
    stage.close(Server);
    stage.at("server closed", [TimeWait, Closed]);
    stage
}
