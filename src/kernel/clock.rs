//! From the trace's clock to the one that stamps frames.
//!
//! Frames are stamped by CLOCK_REALTIME, which a trace can't be. CLOCK_TAI is the same but for whole seconds: whoever sets one sets the
//! other, and both are slewed alike. So the difference is exact, and is asked for again with everything that is read. Before
//! Linux 6.1 there is only CLOCK_MONOTONIC, whose difference changes when the time is set: what was told before is off by that much then.

use rustix::time::{ClockId, DynamicClockId, Timespec, clock_gettime, clock_gettime_dynamic};

const SECOND: i128 = 1_000_000_000;

/// A clock that events are stamped with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Clock {
    Tai,
    Mono,
}

impl Clock {
    /// As tracefs names it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Clock::Tai => "tai",
            Clock::Mono => "mono",
        }
    }

    #[must_use]
    pub fn find(name: &str) -> Option<Clock> {
        [Clock::Tai, Clock::Mono]
            .into_iter()
            .find(|clock| clock.name() == name)
    }

    /// What is to be added to its nanoseconds to get those of CLOCK_REALTIME, now.
    #[must_use]
    pub fn offset(self) -> i128 {
        let real = nanoseconds(clock_gettime(ClockId::Realtime));
        match self {
            Clock::Tai => whole_seconds(real - self.now()),
            Clock::Mono => real - self.now(),
        }
    }

    /// Nanoseconds.
    fn now(self) -> i128 {
        let monotonic = || clock_gettime(ClockId::Monotonic);
        nanoseconds(match self {
            // Every kernel that offers it for a trace has it.
            Clock::Tai => {
                clock_gettime_dynamic(DynamicClockId::Tai).unwrap_or_else(|_| monotonic())
            }
            Clock::Mono => monotonic(),
        })
    }
}

/// Now, by the clock that stamps frames: nanoseconds since the Unix epoch.
#[must_use]
pub fn now_ns() -> u64 {
    let real = nanoseconds(clock_gettime(ClockId::Realtime));
    u64::try_from(real).unwrap_or(0)
}

/// Microseconds of a clock with this offset, as nanoseconds since the Unix epoch.
#[must_use]
pub fn epoch_ns(clock_us: u64, offset: i128) -> u64 {
    let ns = i128::from(clock_us) * 1000 + offset;
    u64::try_from(ns.max(0)).unwrap_or(u64::MAX)
}

fn nanoseconds(time: Timespec) -> i128 {
    i128::from(time.tv_sec) * SECOND + i128::from(time.tv_nsec)
}

/// The two clocks weren't read at the same moment.
fn whole_seconds(ns: i128) -> i128 {
    (ns + SECOND / 2).div_euclid(SECOND) * SECOND
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_offset_of_tai_is_whole_seconds_and_brings_it_to_real_time() {
        for (between, seconds) in [
            (-37 * SECOND - 812, -37),
            (-90, 0),
            (70, 0),
            (SECOND + 5, 1),
        ] {
            assert_eq!(whole_seconds(between), seconds * SECOND);
        }
        for clock in [Clock::Tai, Clock::Mono] {
            let microseconds = u64::try_from(clock.now() / 1000).unwrap();
            let told = epoch_ns(microseconds, clock.offset());
            assert!(told.abs_diff(now_ns()) < 1_000_000_000, "{clock:?}");
            assert_eq!(Clock::find(clock.name()), Some(clock));
        }
    }

    #[test]
    fn a_time_before_all_and_one_after_all_have_bounds() {
        assert_eq!(epoch_ns(5, -6000), 0);
        assert_eq!(epoch_ns(u64::MAX, SECOND), u64::MAX);
    }
}
