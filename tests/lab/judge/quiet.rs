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

/// All sockets of a host: own address, peer's address.
type Sockets = HashMap<(SocketAddr, SocketAddr), Socket>;

/// What everybody says at one moment.
pub struct Moment {
    counts: PerSide<Counts>,
    sockets: PerSide<Sockets>,
    /// Something is under way, and this is what.
    busy: Option<String>,
}

impl Moment {
    /// What both kernels have of a connection; no socket is CLOSED.
    pub fn of(&self, addresses: PerSide<SocketAddr>) -> PerSide<Socket> {
        let socket =
            |side: Side| self.sockets[side].get(&(addresses[side], addresses[side.peer()]));
        PerSide::of(|side| socket(side).copied().unwrap_or_default())
    }

    fn is_same(&self, other: &Moment) -> bool {
        let states = |moment: &Moment| {
            PerSide::of(|side| {
                moment.sockets[side]
                    .iter()
                    .map(|(ends, socket)| (*ends, socket.state))
                    .collect::<HashMap<_, _>>()
            })
        };
        self.counts == other.counts && states(self) == states(other)
    }
}

/// Waits until both kernels, the wire and the capture are quiet twice in a row, with the same states.
pub fn settle(lab: &Lab, recorder: &mut Recorder, family: Family) -> Result<Moment, String> {
    let deadline = Instant::now() + PATIENCE;
    let mut last: Option<Moment> = None;
    loop {
        let now = look(lab, recorder, family);
        if now.busy.is_none() && last.is_some_and(|last| last.busy.is_none() && last.is_same(&now))
        {
            return Ok(now);
        }
        if Instant::now() > deadline {
            let why = now
                .busy
                .unwrap_or_else(|| "states and frames still change".into());
            return Err(format!("not quiet after {PATIENCE:?}: {why}"));
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
    } else if captured != passed {
        Some(format!("{captured} frames captured of {passed}"))
    } else {
        Side::BOTH
            .into_iter()
            .find_map(|side| busy(side, &sockets[side]))
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

/// A socket that will send again by itself.
fn busy(side: Side, sockets: &Sockets) -> Option<String> {
    let is_busy = |socket: &Socket| {
        matches!(socket.timer, Timer::Retransmit | Timer::Probe)
            || matches!(socket.state, State::SynSent | State::SynReceived)
            || (socket.send_queue > 0 && !socket.state.is_over())
    };
    let (ends, socket) = sockets.iter().find(|(_, socket)| is_busy(socket))?;
    Some(format!("{side} {} > {}: {socket:?}", ends.0, ends.1))
}
