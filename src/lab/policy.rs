//! What happens to a frame on its way: the rules of one direction.

use std::collections::HashMap;
use std::fmt;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use super::Random;
use crate::wire::Segment;

/// What the relay does with TCP frames that no rule names.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mode {
    #[default]
    Pass,
    Drop,
    /// Keeps them, in order, until they are released or swallowed.
    Hold,
}

/// What becomes of one frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    Pass,
    Drop,
    Hold,
    /// Passes at this time.
    Delay(Instant),
}

pub type Matcher = Box<dyn Fn(&Segment) -> bool + Send>;

/// Chance. Each connection draws from numbers of its own, so that the others' timing doesn't change what it loses.
#[derive(Debug)]
pub struct Loss {
    /// From 0 to 1.
    probability: f64,
    seeds: Random,
    connections: HashMap<(SocketAddr, SocketAddr), Random>,
}

impl Loss {
    pub fn new(probability: f64, seed: u64) -> Self {
        Loss {
            probability,
            seeds: Random::new(seed),
            connections: HashMap::new(),
        }
    }

    fn takes(&mut self, seg: &Segment) -> bool {
        let new = || Random::new(self.seeds.number());
        let random = self
            .connections
            .entry((seg.src, seg.dst))
            .or_insert_with(new);
        random.happens(self.probability)
    }
}

/// The rules of one direction.
#[derive(Default)]
pub struct Policy {
    pub mode: Mode,
    /// What to drop, and how often yet.
    pub drops: Vec<(Matcher, usize)>,
    pub loss: Option<Loss>,
    pub delay: Duration,
}

impl Policy {
    /// What becomes of this segment, which came at `now`. Rules for single segments come first, then the mode, then
    /// chance.
    pub fn judge(&mut self, seg: &Segment, now: Instant) -> Verdict {
        if let Some(at) = self.drops.iter().position(|(matches, _)| matches(seg)) {
            self.drops[at].1 -= 1;
            if self.drops[at].1 == 0 {
                drop(self.drops.remove(at));
            }
            return Verdict::Drop;
        }
        let lost = self.loss.as_mut().is_some_and(|loss| loss.takes(seg));
        match self.mode {
            Mode::Drop => Verdict::Drop,
            Mode::Hold => Verdict::Hold,
            Mode::Pass if lost => Verdict::Drop,
            Mode::Pass if self.delay.is_zero() => Verdict::Pass,
            Mode::Pass => Verdict::Delay(now + self.delay),
        }
    }
}

impl fmt::Debug for Policy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Policy")
            .field("mode", &self.mode)
            .field(
                "drops",
                &self.drops.iter().map(|(_, left)| left).collect::<Vec<_>>(),
            )
            .field("loss", &self.loss)
            .field("delay", &self.delay)
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::{Flags, Seq, Told};

    fn segment(flags: Flags) -> Segment {
        let address = ([10, 9, 0, 1], 1).into();
        Segment {
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
        }
    }

    #[test]
    fn a_rule_drops_what_it_names_as_often_as_it_says() {
        let mut policy = Policy::default();
        policy.drops.push((Box::new(|seg| seg.has(Flags::FIN)), 2));
        let verdicts = [Flags::FIN, Flags::ACK, Flags::FIN, Flags::FIN]
            .map(|flags| policy.judge(&segment(flags), Instant::now()));
        assert_eq!(
            verdicts,
            [Verdict::Drop, Verdict::Pass, Verdict::Drop, Verdict::Pass]
        );
    }

    #[test]
    fn a_held_direction_holds_whatever_the_delay() {
        let now = Instant::now();
        let delay = Duration::from_secs(1);
        let mut policy = Policy {
            mode: Mode::Hold,
            delay,
            ..Policy::default()
        };
        assert_eq!(policy.judge(&segment(Flags::ACK), now), Verdict::Hold);
        policy.mode = Mode::Pass;
        assert_eq!(
            policy.judge(&segment(Flags::ACK), now),
            Verdict::Delay(now + delay)
        );
    }
}
