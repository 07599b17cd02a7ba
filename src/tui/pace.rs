//! How fast a replay goes on by itself. Knows no clock: it says how long the next step takes.

use std::fmt;
use std::time::Duration;

use crate::story::numbers::span;

/// A pace.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Pace {
    /// One row each time.
    Every(Duration),
    /// As it was, so many times faster; gaps longer than [`LONGEST`] are shortened to that.
    Times(f64),
}

/// What is waited at most for the next segment.
pub const LONGEST: Duration = Duration::from_secs(2);

/// The paces that `+` and `-` go through.
const SHORTEST_STEP: Duration = Duration::from_millis(20);
const LONGEST_STEP: Duration = Duration::from_mins(1);
const SLOWEST: f64 = 0.001;
const FASTEST: f64 = 1000.0;

impl Default for Pace {
    fn default() -> Self {
        Pace::Every(Duration::from_millis(500))
    }
}

impl Pace {
    /// A row each `step`; `None` of a pace that can't be kept or never ends.
    #[must_use]
    pub fn every(step: Duration) -> Option<Pace> {
        (SHORTEST_STEP..=LONGEST_STEP)
            .contains(&step)
            .then_some(Pace::Every(step))
    }

    /// So many times as fast as it was; `None` of what is no such pace.
    #[must_use]
    pub fn times(times: f64) -> Option<Pace> {
        (SLOWEST..=FASTEST)
            .contains(&times)
            .then_some(Pace::Times(times))
    }

    /// How long to wait before a row that came `gap_ns` after the one before it.
    #[must_use]
    pub fn wait(self, gap_ns: u64) -> Duration {
        match self {
            Pace::Every(step) => step,
            Pace::Times(times) => {
                let gap = Duration::from_nanos(gap_ns).div_f64(times.clamp(SLOWEST, FASTEST));
                gap.min(LONGEST)
            }
        }
    }

    /// The next faster (or slower) pace.
    #[must_use]
    pub fn faster(self, faster: bool) -> Pace {
        match self {
            Pace::Every(step) if faster => Pace::Every((step / 2).max(SHORTEST_STEP)),
            Pace::Every(step) => Pace::Every((step * 2).min(LONGEST_STEP)),
            Pace::Times(times) => {
                let factor = if faster { 2.0 } else { 0.5 };
                Pace::Times((times * factor).clamp(SLOWEST, FASTEST))
            }
        }
    }

    /// The other kind of pace.
    #[must_use]
    pub fn other(self) -> Pace {
        match self {
            Pace::Every(_) => Pace::Times(1.0),
            Pace::Times(_) => Pace::default(),
        }
    }
}

/// `500 ms a row`, `0.1x`.
impl fmt::Display for Pace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Pace::Every(step) => {
                let ns = u64::try_from(step.as_nanos()).unwrap_or(u64::MAX);
                write!(f, "{} a row", span(ns, true))
            }
            Pace::Times(times) => write!(f, "{}x", (times * 1000.0).round() / 1000.0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_gap_is_shortened_in_real_time_and_none_counts_at_a_fixed_step() {
        let second = 1_000_000_000;
        assert_eq!(Pace::Times(1.0).wait(second), Duration::from_secs(1));
        assert_eq!(Pace::Times(0.5).wait(second), LONGEST);
        assert_eq!(Pace::Times(1.0).wait(60 * second), LONGEST);
        assert_eq!(Pace::Times(10.0).wait(second), Duration::from_millis(100));
        assert_eq!(
            Pace::default().wait(60 * second),
            Duration::from_millis(500)
        );
    }

    #[test]
    fn faster_and_slower_have_ends() {
        let mut pace = Pace::default();
        for _ in 0..100 {
            pace = pace.faster(true);
        }
        assert_eq!(pace, Pace::Every(SHORTEST_STEP));
        let mut pace = Pace::Times(1.0);
        for _ in 0..100 {
            pace = pace.faster(false);
        }
        assert_eq!(
            (pace, pace.wait(1)),
            (Pace::Times(SLOWEST), Duration::from_micros(1))
        );
    }
}
