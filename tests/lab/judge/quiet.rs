//! Waiting until nothing goes on any more: only then do the kernels' states and tcpviz's speak of the same moment.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::thread;
use std::time::{Duration, Instant};

use tcpviz::conn::state::PerSide;
use tcpviz::conn::{Side, State};
use tcpviz::lab::kernel::{Socket, Timer};
use tcpviz::lab::{Counts, Family, Lab, Recorder};

use crate::play::PATIENCE;

/// Between two looks: that nothing happens is no event.
const PAUSE: Duration = Duration::from_millis(10);

/// How long all wait for one. A connection whose handshake was repeated begins with time-outs of several seconds.
const LONGEST: Duration = Duration::from_secs(2);

/// All sockets of a host: own address, peer's address.
type Sockets = HashMap<(SocketAddr, SocketAddr), Socket>;

/// What everybody says at one moment.
pub struct Moment {
    counts: PerSide<Counts>,
    sockets: PerSide<Sockets>,
    /// What was under way then, if anything.
    busy: Option<String>,
}

impl Moment {
    /// What both kernels have of a connection; no socket is CLOSED.
    pub fn of(&self, addresses: PerSide<SocketAddr>) -> PerSide<Socket> {
        let socket =
            |side: Side| self.sockets[side].get(&(addresses[side], addresses[side.peer()]));
        PerSide::of(|side| socket(side).copied().unwrap_or_default())
    }

    /// Whether an end of this connection will send again by itself.
    pub fn is_restless(&self, addresses: PerSide<SocketAddr>) -> bool {
        let sockets = self.of(addresses);
        Side::BOTH.iter().any(|side| is_restless(&sockets[*side]))
    }

    fn all_rest(&self) -> bool {
        let rest = |side: Side| {
            self.sockets[side]
                .values()
                .all(|socket| !is_restless(socket))
        };
        Side::BOTH.into_iter().all(rest)
    }

    fn is_same(&self, other: &Moment) -> bool {
        let states = |moment: &Moment| {
            let state = |(ends, socket): (&_, &Socket)| (*ends, socket.state);
            PerSide::of(|side| {
                moment.sockets[side]
                    .iter()
                    .map(state)
                    .collect::<HashMap<_, _>>()
            })
        };
        self.busy.is_none()
            && other.busy.is_none()
            && self.counts == other.counts
            && states(self) == states(other)
    }
}

fn is_restless(socket: &Socket) -> bool {
    matches!(socket.timer, Timer::Retransmit | Timer::Probe)
        || matches!(socket.state, State::SynSent | State::SynReceived)
        || (socket.send_queue > 0 && !socket.state.is_over())
}

/// Waits until both kernels, the wire and the capture are quiet twice in a row, with the same states. After a while, a
/// connection that only waits for a timer holds up the others no more.
pub fn settle(lab: &Lab, recorder: &mut Recorder, family: Family) -> Result<Moment, String> {
    let begun = Instant::now();
    let mut last: Option<Moment> = None;
    loop {
        let now = look(lab, recorder, family);
        let is_still = last.is_some_and(|last| last.is_same(&now));
        if is_still && (now.all_rest() || begun.elapsed() > LONGEST) {
            return Ok(now);
        }
        if begun.elapsed() > PATIENCE {
            return Err(now
                .busy
                .unwrap_or_else(|| "states and frames still change".into()));
        }
        last = Some(now);
        thread::sleep(PAUSE);
    }
}

fn look(lab: &Lab, recorder: &mut Recorder, family: Family) -> Moment {
    let before = counts(lab);
    let sockets = PerSide::of(|side| sockets(lab, side, family));
    let captured = recorder.trace().tally.frames;
    let idle = lab.is_idle().expect("the interfaces count");
    let counts = counts(lab);
    // The client's interface: all that it sent, and what of the server's came through.
    let passed = counts.client.tcp_taken + counts.server.tcp_passed;
    let busy = if before != counts || !idle {
        Some("frames are under way".into())
    } else {
        (captured != passed).then(|| format!("{captured} frames captured of {passed}"))
    };
    Moment {
        counts,
        sockets,
        busy,
    }
}

fn counts(lab: &Lab) -> PerSide<Counts> {
    PerSide::of(|side| lab.relay.counts(side))
}

fn sockets(lab: &Lab, side: Side, family: Family) -> Sockets {
    let all = lab.diag(side).sockets(family).expect("the kernel tells");
    all.into_iter()
        .map(|(local, remote, socket)| ((local, remote), socket))
        .collect()
}
