//! The relay's thread and what it owns.

use std::io::{PipeReader, Read};
use std::os::fd::AsFd;
use std::sync::mpsc::Receiver;
use std::time::Instant;

use rustix::event::{PollFd, PollFlags, Timespec, poll};

use super::Order;
use super::lane::{Counts, Kept, Lane};
use crate::conn::Side;
use crate::conn::state::PerSide;
use crate::lab::policy::Verdict;
use crate::lab::{LabError, checksum, now_ns};
use crate::wire::{Frame, LinkType, Segment, decode};

/// What became of a segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    Passed,
    Dropped,
    /// Held, or on its way.
    Waiting,
    /// The relay made it up, and passed it.
    Injected,
}

/// One TCP segment that came to the relay.
#[derive(Clone, Copy, Debug)]
pub struct Logged {
    /// Nanoseconds since the Unix epoch.
    pub time_ns: u64,
    pub from: Side,
    pub segment: Segment,
    pub fate: Fate,
}

/// Both directions, and what became of every segment.
pub struct Wire {
    pub lanes: PerSide<Lane>,
    pub log: Vec<Logged>,
}

impl Wire {
    /// Opens both interfaces, in the calling thread's namespace.
    pub fn open(interfaces: &PerSide<&str>) -> Result<Wire, LabError> {
        let lanes = PerSide {
            client: Lane::open(interfaces.client)?,
            server: Lane::open(interfaces.server)?,
        };
        Ok(Wire {
            lanes,
            log: Vec::new(),
        })
    }

    /// Relays until the bell's other end is closed.
    pub fn run(&mut self, orders: &Receiver<Order>, mut bell: PipeReader) {
        loop {
            let ordered = self.wait(&bell);
            for side in Side::BOTH {
                for frame in self.lanes[side].take() {
                    self.relay(side, frame);
                }
                self.send_delayed(side);
            }
            // After the frames: what was sent before an order was given isn't subject to it.
            if ordered {
                match (bell.read(&mut [0]), orders.recv()) {
                    (Ok(1), Ok(order)) => order(self),
                    _ => return,
                }
            }
        }
    }

    /// Waits for a frame, an order, or the time of a delayed frame; whether there is an order.
    fn wait(&self, bell: &PipeReader) -> bool {
        let due = Side::BOTH
            .into_iter()
            .filter_map(|side| self.lanes[side].delayed.front()?.due)
            .min();
        let patience = due.map(|due| {
            let left = due.saturating_duration_since(Instant::now());
            Timespec {
                tv_sec: left.as_secs().cast_signed(),
                tv_nsec: left.subsec_nanos().into(),
            }
        });
        let on = |fd| PollFd::from_borrowed_fd(fd, PollFlags::IN);
        let [client, server] = [&self.lanes.client.capture, &self.lanes.server.capture];
        let mut waiting = [on(bell.as_fd()), on(client.as_fd()), on(server.as_fd())];
        match poll(&mut waiting, patience.as_ref()) {
            Ok(_) | Err(rustix::io::Errno::INTR) => !waiting[0].revents().is_empty(),
            Err(why) => panic!("the relay can't wait: {why}"),
        }
    }

    fn relay(&mut self, from: Side, mut frame: Vec<u8>) {
        self.lanes[from].counts.taken += 1;
        checksum::finish(&mut frame);
        let Some(segment) = segment(&frame) else {
            self.send(from, &frame);
            return;
        };
        let lane = &mut self.lanes[from];
        lane.counts.tcp_taken += 1;
        lane.newest = Some(frame.clone());
        let verdict = lane.policy.judge(&segment, Instant::now());
        let number = self.log.len();
        let fate = match verdict {
            Verdict::Pass => self.pass(from, &frame),
            Verdict::Drop => Fate::Dropped,
            Verdict::Hold => self.keep(
                from,
                Kept {
                    frame,
                    number,
                    due: None,
                },
            ),
            Verdict::Delay(due) => self.keep(
                from,
                Kept {
                    frame,
                    number,
                    due: Some(due),
                },
            ),
        };
        self.log.push(Logged {
            time_ns: now_ns(),
            from,
            segment,
            fate,
        });
    }

    fn keep(&mut self, from: Side, kept: Kept) -> Fate {
        let lane = &mut self.lanes[from];
        let queue = if kept.due.is_some() {
            &mut lane.delayed
        } else {
            &mut lane.held
        };
        queue.push_back(kept);
        Fate::Waiting
    }

    /// Hands a frame to the other side.
    fn send(&mut self, from: Side, frame: &[u8]) -> bool {
        self.lanes[from.peer()].capture.sendpacket(frame).is_ok()
    }

    fn pass(&mut self, from: Side, frame: &[u8]) -> Fate {
        // A link that is down takes nothing: the frame is lost, as on a real wire.
        if !self.send(from, frame) {
            return Fate::Dropped;
        }
        self.lanes[from].counts.tcp_passed += 1;
        Fate::Passed
    }

    fn pass_kept(&mut self, from: Side, kept: &Kept) {
        self.log[kept.number].fate = self.pass(from, &kept.frame);
    }

    fn send_delayed(&mut self, from: Side) {
        let now = Instant::now();
        while let Some(kept) = self.lanes[from]
            .delayed
            .pop_front_if(|kept| kept.due <= Some(now))
        {
            self.pass_kept(from, &kept);
        }
    }

    pub fn held(&self, from: Side) -> Vec<Segment> {
        self.lanes[from]
            .held
            .iter()
            .map(|kept| self.log[kept.number].segment)
            .collect()
    }

    pub fn release(&mut self, from: Side, count: usize) -> usize {
        let freed = self.lanes[from].unhold(count);
        for kept in &freed {
            self.pass_kept(from, kept);
        }
        freed.len()
    }

    pub fn swallow(&mut self, from: Side, count: usize) -> usize {
        let freed = self.lanes[from].unhold(count);
        for kept in &freed {
            self.log[kept.number].fate = Fate::Dropped;
        }
        freed.len()
    }

    pub fn inject(&mut self, from: Side, mut frame: Vec<u8>) {
        checksum::finish(&mut frame);
        let Some(segment) = segment(&frame) else {
            self.send(from, &frame);
            return;
        };
        let fate = match self.pass(from, &frame) {
            Fate::Passed => Fate::Injected,
            lost => lost,
        };
        self.log.push(Logged {
            time_ns: now_ns(),
            from,
            segment,
            fate,
        });
    }

    pub fn counts(&self, from: Side) -> Counts {
        self.lanes[from].counts()
    }
}

/// The TCP segment in an Ethernet frame, if it is one.
fn segment(frame: &[u8]) -> Option<Segment> {
    let octets = u32::try_from(frame.len()).ok()?;
    let frame = Frame {
        number: 1,
        time_ns: 0,
        link: LinkType::ETHERNET,
        offset: 0,
        wire_len: octets,
        data: frame,
    };
    decode(&frame).ok().map(|decoded| decoded.segment)
}
