//! The wire between the two hosts: a thread that takes each frame from one side and hands it to the other, unless told
//! otherwise. Only TCP is ever held, dropped or delayed: ARP, neighbour discovery and the rest always pass.

use std::io::{self, PipeWriter, Write};
use std::sync::mpsc::{Sender, channel};
use std::thread::{self, JoinHandle};
use std::time::Duration;

pub use lane::Counts;
use wire::Wire;
pub use wire::{Fate, Logged};

use super::policy::Loss;
use super::{LabError, Mode, Namespace, Random};
use crate::conn::Side;
use crate::conn::state::PerSide;
use crate::wire::Segment;

mod lane;
mod wire;

type Order = Box<dyn FnOnce(&mut Wire) + Send>;

/// A running relay; it ends when dropped. `from` always names the side that sends what is meant.
///
/// Orders are carried out after everything that came before them: a frame sent before `mode(from, Mode::Hold)` is
/// called isn't held.
///
/// # Panics
/// Each method panics if the relay's thread has ended: it does so only on a defect, which it prints.
#[derive(Debug)]
pub struct Relay {
    orders: Option<Sender<Order>>,
    /// One octet an order; closed, it ends the thread.
    bell: Option<PipeWriter>,
    thread: Option<JoinHandle<()>>,
}

impl Relay {
    /// Starts between two interfaces of `middle`, which are up; each is named after the host behind it.
    ///
    /// # Errors
    /// An interface can't be captured on.
    pub fn start(middle: &Namespace, interfaces: &PerSide<&str>) -> Result<Relay, LabError> {
        let mut wire = middle.run(|| Wire::open(interfaces))?;
        let (stopped, bell) = io::pipe().map_err(LabError::io("the relay's pipe"))?;
        let (orders, ordered) = channel();
        let thread = thread::Builder::new()
            .name("relay".into())
            .spawn(move || wire.run(&ordered, stopped))
            .map_err(LabError::io("the relay's thread"))?;
        Ok(Relay {
            orders: Some(orders),
            bell: Some(bell),
            thread: Some(thread),
        })
    }

    /// What happens to TCP frames from now on. Held ones stay held.
    pub fn mode(&self, from: Side, mode: Mode) {
        self.ask(move |wire| wire.lanes[from].policy.mode = mode);
    }

    /// Drops the next `count` segments that `matches`; rules are tried in the order in which they were given.
    pub fn drop_next(
        &self,
        from: Side,
        matches: impl Fn(&Segment) -> bool + Send + 'static,
        count: usize,
    ) {
        if count > 0 {
            self.ask(move |wire| {
                wire.lanes[from]
                    .policy
                    .drops
                    .push((Box::new(matches), count));
            });
        }
    }

    /// Loses TCP frames of both sides with this probability (0 to 1). The `n`th segment that a side sends on the `m`th
    /// connection meets the same fate wherever the seed is the same.
    pub fn lose(&self, probability: f64, seed: u64) {
        self.ask(move |wire| {
            let mut seeds = Random::new(seed);
            for side in Side::BOTH {
                wire.lanes[side].policy.loss = Some(Loss::new(probability, seeds.number()));
            }
        });
    }

    /// How long each TCP frame is on its way from now on; their order stays.
    pub fn delay(&self, from: Side, delay: Duration) {
        self.ask(move |wire| wire.lanes[from].policy.delay = delay);
    }

    /// The segments held back, the oldest first.
    #[must_use]
    pub fn held(&self, from: Side) -> Vec<Segment> {
        self.ask(move |wire| wire.held(from))
    }

    /// Sends on the `count` oldest held frames; returns how many there were.
    #[expect(clippy::must_use_candidate, reason = "what counts is done")]
    pub fn release(&self, from: Side, count: usize) -> usize {
        self.ask(move |wire| wire.release(from, count))
    }

    /// Drops the `count` oldest held frames for good; returns how many there were.
    #[expect(clippy::must_use_candidate, reason = "what counts is done")]
    pub fn swallow(&self, from: Side, count: usize) -> usize {
        self.ask(move |wire| wire.swallow(from, count))
    }

    /// Hands an Ethernet frame to the other host as if `from` had sent it: no rule applies. A TCP checksum is put
    /// right.
    pub fn inject(&self, from: Side, frame: Vec<u8>) {
        self.ask(move |wire| wire.inject(from, frame));
    }

    /// The octets of the newest TCP frame that came from a side: what a forged one is made of.
    #[must_use]
    pub fn newest(&self, from: Side) -> Option<Vec<u8>> {
        self.ask(move |wire| wire.lanes[from].newest.clone())
    }

    /// What came from a side so far.
    #[must_use]
    pub fn counts(&self, from: Side) -> Counts {
        self.ask(move |wire| wire.counts(from))
    }

    /// Every TCP segment since number `first` (from 0), in the order in which the relay took them, and what became of it.
    #[must_use]
    pub fn log(&self, first: usize) -> Vec<Logged> {
        self.ask(move |wire| wire.log.get(first..).unwrap_or_default().to_vec())
    }

    /// Has the relay's thread do something, and waits for it.
    fn ask<R: Send + 'static>(&self, order: impl FnOnce(&mut Wire) -> R + Send + 'static) -> R {
        let (answer, answered) = channel();
        let order: Order = Box::new(move |wire| {
            let _ = answer.send(order(wire));
        });
        let told = self
            .orders
            .as_ref()
            .and_then(|orders| orders.send(order).ok());
        let rung = self
            .bell
            .as_ref()
            .and_then(|mut bell| bell.write_all(&[0]).ok());
        told.and(rung)
            .and_then(|()| answered.recv().ok())
            .expect("the relay runs; what stopped it stands above")
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        self.orders = None;
        self.bell = None;
        if let Some(thread) = self.thread.take() {
            // It has said what went wrong, if anything did.
            let _ = thread.join();
        }
    }
}
