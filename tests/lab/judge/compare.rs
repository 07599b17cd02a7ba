//! Two pairs of states, the kernels' and tcpviz's: the same, or not, or not to be known.

use tcpviz::conn::state::PerSide;
use tcpviz::conn::{Side, State};
use tcpviz::lab::{Fate, Logged};
use tcpviz::wire::{Flags, Segment, Seq, Told};

use super::causes::Seen;

#[derive(Debug, PartialEq)]
pub enum Comparison {
    Agree,
    /// What decides the server's state was lost: an RST, or a FIN that crossed the client's.
    Unknowable,
    Disagree,
}

pub fn compare(kernel: PerSide<State>, told: Option<PerSide<State>>, seen: &[Seen]) -> Comparison {
    let Some(told) = told else {
        return Comparison::Disagree;
    };
    if kernel == told {
        return Comparison::Agree;
    }
    let is_lost = |from: Side| {
        let newest = seen.iter().rev().find(|seen| seen.logged.from == from);
        newest.is_some_and(|seen| seen.is_reset() && seen.is_lost())
    };
    // Lost behind the capture, it seems to have closed the server; lost before, the server seems not to have sent it.
    let forgiven = (is_lost(Side::Client) && told.server == State::Closed)
        || (is_lost(Side::Server) && kernel.server == State::Closed);
    let crossed = matches!(
        (kernel.server, told.server),
        (State::TimeWait, State::Closed) | (State::Closing, State::LastAck)
    ) && crossed_unseen(seen);
    if (forgiven || crossed) && kernel.client == told.client {
        return Comparison::Unknowable;
    }
    Comparison::Disagree
}

/// Whether the server's FIN crossed the client's, and was lost with everything that followed it, until it was
/// repeated after the client's FIN had come: what was captured reads as an orderly close.
fn crossed_unseen(seen: &[Seen]) -> bool {
    let is_fin = |seen: &&Seen| seen.logged.segment.has(Flags::FIN);
    let client_fin = seen
        .iter()
        .filter(|seen| seen.logged.from == Side::Client)
        .find(is_fin)
        .and_then(|seen| seen.logged.segment.fin_seq());
    let mut servers = seen
        .iter()
        .filter(|seen| seen.logged.from == Side::Server)
        .skip_while(|seen| !is_fin(seen));
    let (Some(client_fin), Some(first)) = (client_fin, servers.next()) else {
        return false;
    };
    let later = servers.find(|seen| !seen.is_lost());
    first.is_lost()
        && !first.logged.segment.ack.after(client_fin)
        && later.is_some_and(|seen| is_fin(&seen) && seen.logged.segment.ack.after(client_fin))
}

/// The judge's own test.
pub fn only_the_servers_state_is_forgiven() {
    use Comparison::*;
    use State::{Closed, Established as Open};
    let seen = |from: Side, flags: Flags, fate: Fate| {
        let address = ([10, 9, 0, 1], 1).into();
        let segment = Segment {
            src: address,
            dst: address,
            flags,
            seq: Seq(0),
            ack: Seq(0),
            len: 0,
            wnd: 0,
            urg: 0,
            ttl: 64,
            told: Told::default(),
        };
        Seen {
            round: 1,
            logged: Logged {
                time_ns: 0,
                from,
                segment,
                fate,
            },
        }
    };
    let [client, server] = Side::BOTH.map(|side| seen(side, Flags::RST, Fate::Dropped));
    let passed = seen(Side::Client, Flags::RST, Fate::Passed);
    let data = seen(Side::Client, Flags::ACK, Fate::Dropped);
    let later = seen(Side::Server, Flags::ACK, Fate::Passed);
    // The kernels', tcpviz's, what came to the relay.
    let cases = [
        ([Closed, Open], [Closed, Closed], vec![client], Unknowable),
        (
            [Closed, Open],
            [Closed, Closed],
            vec![client, later],
            Unknowable,
        ),
        (
            [Closed, Open],
            [Closed, Closed],
            vec![client, passed],
            Disagree,
        ),
        ([Closed, Open], [Closed, Closed], vec![data], Disagree),
        ([Closed, Open], [Open, Closed], vec![client], Disagree),
        ([Open, Closed], [Open, Open], vec![server], Unknowable),
        ([Open, Closed], [Closed, Open], vec![server], Disagree),
        ([Open, Closed], [Open, Open], vec![server, later], Disagree),
        ([Closed, Closed], [Closed, Closed], vec![client], Agree),
    ];
    for (kernel, told, seen, wanted) in cases {
        let pair = |[client, server]: [State; 2]| PerSide { client, server };
        assert_eq!(
            compare(pair(kernel), Some(pair(told)), &seen),
            wanted,
            "{kernel:?} {told:?}"
        );
    }
    let mut fins = [
        seen(Side::Client, Flags::FIN | Flags::ACK, Fate::Passed),
        seen(Side::Server, Flags::FIN | Flags::ACK, Fate::Dropped),
        seen(Side::Server, Flags::FIN | Flags::ACK, Fate::Passed),
    ];
    fins[2].logged.segment.ack = Seq(1);
    let waits = PerSide {
        client: State::TimeWait,
        server: State::TimeWait,
    };
    let closed = PerSide {
        server: Closed,
        ..waits
    };
    assert_eq!(compare(waits, Some(closed), &fins), Unknowable);
    // Had the first one come through, or acknowledged the client's, it could be known.
    fins[1].logged.segment.ack = Seq(1);
    assert_eq!(compare(waits, Some(closed), &fins), Disagree);
    assert_eq!(
        compare(
            PerSide {
                client: Open,
                server: Open
            },
            None,
            &[]
        ),
        Disagree
    );
}
