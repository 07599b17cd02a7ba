//! Both sides at once: FINs that cross, SYNs that cross, and a socket that connects to itself.

use tcpviz::conn::Side::{Client, Server};
use tcpviz::conn::State::{
    CloseWait, Closed, Closing, Established, FinWait1, FinWait2, SynReceived, SynSent, TimeWait,
};
use tcpviz::lab::Mode;
use tcpviz::story::ending::Kind;

use super::{Experiment, Stage};

pub const EXPERIMENTS: &[Experiment] = &[
    Experiment::new("simultaneous-close.held", close_held, ">F. <F. >. <.")
        .ends(Kind::Simultaneous, Client),
    Experiment::new(
        "simultaneous-open",
        open_held,
        ">S <S >S. <. <S. >. >P.(2) <. >F. <. <F. >.",
    )
    .orderly(Client),
    Experiment::new(
        "simultaneous-open.syn-ack-repeated",
        open_slowly,
        ">S <S >S.x2 <. ...",
    ),
    Experiment::new("self-connect", self_connect, ">P.(2) >. >F. >.")
        .ends(Kind::Simultaneous, Client),
];

fn close_held(stage: Stage) -> Stage {
    let mut stage = stage.patient();
    hold_both(&stage);
    stage.close(Client);
    // A FIN is taken to arrive until something else shows.
    let shown = [FinWait1, CloseWait];
    stage.at_otherwise("client closed", [FinWait1, Established], shown);
    stage.close(Server);
    stage.await_held(Server, 1);
    // The server's FIN is on its way: the client's interface hasn't seen it.
    stage.at_otherwise("server closed", [FinWait1, FinWait1], shown);
    stage.lab.relay.release(Client, 1);
    stage.at_otherwise("client's FIN arrives", [FinWait1, Closing], shown);
    stage.lab.relay.release(Server, 1);
    // So is the client's ACK, which is held.
    let shown = [Closing, TimeWait];
    stage.at_otherwise("server's FIN arrives", [Closing, Closing], shown);
    for side in [Client, Server] {
        stage.await_held(side, 1);
        stage.lab.relay.mode(side, Mode::Pass);
    }
    stage.lab.relay.release(Client, usize::MAX);
    stage.at("client's ACK arrives", [Closing, TimeWait]);
    stage.lab.relay.release(Server, usize::MAX);
    stage.at("server's ACK arrives", [TimeWait, TimeWait]);
    stage
}

fn open_held(stage: Stage) -> Stage {
    let mut stage = syns_crossed(stage);
    release_acks(&mut stage);
    // What comes late is answered, and changes nothing.
    stage.await_segments(6);
    stage.write(Client, b"hi");
    stage.acknowledged(Client);
    stage.reads_as_told(Server);
    stage.at("client wrote", [Established, Established]);
    stage.close(Client);
    stage.at("client closed", [FinWait2, CloseWait]);
    stage.close(Server);
    stage.at("server closed", [TimeWait, Closed]);
    stage
}

fn open_slowly(stage: Stage) -> Stage {
    let mut stage = syns_crossed(stage);
    // The client's SYN,ACK again: the first one is known not to have arrived, but the server has sent a SYN.
    stage.await_segments(4);
    let [kernels, shown] = [[SynReceived, SynReceived], [SynReceived, SynSent]];
    stage.at_otherwise("client repeats its SYN,ACK", kernels, shown);
    release_acks(&mut stage);
    stage
}

/// Each has the other's SYN, and nothing more.
fn syns_crossed(stage: Stage) -> Stage {
    let mut stage = stage.unconnected();
    stage.close_listener();
    hold_both(&stage);
    stage.begin_connect();
    // A SYN is taken to arrive, and at a listener, until something else shows.
    let shown = [SynSent, SynReceived];
    stage.at_otherwise("client connects", [SynSent, Closed], shown);
    stage.begin_connect_back();
    stage.await_held(Server, 1);
    stage.at_otherwise("server connects", [SynSent, SynSent], shown);
    stage.lab.relay.release(Client, 1);
    stage.at_otherwise("client's SYN arrives", [SynSent, SynReceived], shown);
    stage.lab.relay.release(Server, 1);
    // So is the client's SYN,ACK, which is held.
    let [kernels, shown] = [[SynReceived, SynReceived], [SynReceived, Established]];
    stage.at_otherwise("server's SYN arrives", kernels, shown);
    stage
}

fn release_acks(stage: &mut Stage) {
    for side in [Client, Server] {
        stage.await_held(side, 1);
        stage.lab.relay.mode(side, Mode::Pass);
    }
    stage.lab.relay.release(Client, usize::MAX);
    stage.at("client's SYN,ACK arrives", [Established, Established]);
    stage.lab.relay.release(Server, usize::MAX);
}

fn hold_both(stage: &Stage) {
    for side in [Client, Server] {
        stage.lab.relay.mode(side, Mode::Hold);
    }
}

/// On the client's loopback interface: one socket is both ends.
fn self_connect(stage: Stage) -> Stage {
    let mut stage = stage.unconnected();
    stage.record(Client, "lo");
    stage.connect_to_itself();
    stage.at_otherwise(
        "connected",
        [Established, Closed],
        [Established, Established],
    );
    stage.write(Client, b"me");
    stage.read(Client, 2);
    stage.await_segments(5);
    stage.at_otherwise("read", [Established, Closed], [Established, Established]);
    stage.close(Client);
    stage.at_otherwise("closed", [TimeWait, Closed], [TimeWait, TimeWait]);
    stage
}
