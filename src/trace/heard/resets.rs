//! The RSTs that were captured lately, by time: each is sent for one reason.

use std::collections::VecDeque;

use super::NEAR_NS;
use crate::conn::{ConnectionId, Side};

/// RSTs that are remembered: many more than words may wait.
const MOST: usize = 1 << 16;

/// RSTs looked at before and after a moment; no more are remembered while no kernel has told anything: without `--kernel`
/// none ever does.
const REACH: usize = 4096;

/// A clock that goes back by more nanoseconds was set.
const SET_BACK_NS: u64 = 1_000_000_000;

/// An RST.
#[derive(Clone, Copy, Debug)]
pub struct Reset {
    time_ns: u64,
    pub id: ConnectionId,
    pub row: usize,
    pub from: Side,
    /// It has got its reason.
    is_told: bool,
}

/// The latest.
#[derive(Debug, Default)]
pub struct Resets {
    /// By time.
    all: VecDeque<Reset>,
    /// Words come.
    is_asked: bool,
}

impl Resets {
    /// Words will come: many are remembered.
    pub fn ask(&mut self) {
        self.is_asked = true;
    }

    /// An RST was captured.
    pub fn push(&mut self, id: ConnectionId, row: usize, from: Side, time_ns: u64) {
        let latest_ns = self.all.back().map_or(0, |latest| latest.time_ns);
        if time_ns.saturating_add(SET_BACK_NS) < latest_ns {
            self.all.clear();
        }
        let most = if self.is_asked { MOST } else { REACH };
        if self.all.len() == most {
            self.all.pop_front();
        }
        let latest_ns = self.all.back().map_or(0, |latest| latest.time_ns);
        self.all.push_back(Reset {
            // Frames of two processors may come in the wrong order, by microseconds.
            time_ns: time_ns.max(latest_ns),
            id,
            row,
            from,
            is_told: false,
        });
    }

    /// A connection's rows have changed their numbers.
    pub fn forget(&mut self, id: ConnectionId) {
        self.all.retain(|reset| reset.id != id);
    }

    /// The nearest in time without a reason, if one is near; it has one then.
    pub fn tell(&mut self, time_ns: u64, is_it: impl Fn(&Reset) -> bool) -> Option<Reset> {
        let at = self.all.partition_point(|reset| reset.time_ns < time_ns);
        let is_near = |n: &usize| self.all[*n].time_ns.abs_diff(time_ns) <= NEAR_NS;
        let is_it = |n: &usize| !self.all[*n].is_told && is_it(&self.all[*n]);
        let mut before = (0..at).rev().take(REACH).take_while(is_near);
        let mut after = (at..self.all.len()).take(REACH).take_while(is_near);
        let found = [before.find(is_it), after.find(is_it)];
        let nearest = found
            .into_iter()
            .flatten()
            .min_by_key(|n| self.all[*n].time_ns.abs_diff(time_ns))?;
        self.all[nearest].is_told = true;
        Some(self.all[nearest])
    }
}
