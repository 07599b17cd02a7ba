//! The times of a ladder's rows: since the start, by the clock on the wall, or since the row above.

use super::numbers::{seconds, span};

/// Which time a row shows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TimeShown {
    /// Since the connection's first segment, and since the row above where that fits.
    #[default]
    SinceStart,
    /// The time of day (UTC), and since the row above where that fits.
    Absolute,
    /// Since the row above: nothing else, also on a narrow screen.
    Delta,
}

impl TimeShown {
    /// The next one, in a circle.
    #[must_use]
    pub fn next(self) -> TimeShown {
        match self {
            TimeShown::SinceStart => TimeShown::Absolute,
            TimeShown::Absolute => TimeShown::Delta,
            TimeShown::Delta => TimeShown::SinceStart,
        }
    }

    /// What it shows, in a few words.
    #[must_use]
    pub fn means(self) -> &'static str {
        match self {
            TimeShown::SinceStart => "time since the first segment",
            TimeShown::Absolute => "time of day (UTC)",
            TimeShown::Delta => "time since the row above",
        }
    }
}

/// Columns of a time of day: with microseconds, with milliseconds, without.
pub(super) const OF_DAY: [usize; 3] = [15, 12, 8];

const SECOND_NS: u64 = 1_000_000_000;
const DAY_S: u64 = 86_400;

/// `12:34:56.123456`, in at most so many columns. `ns`: nanoseconds since the Unix epoch.
#[must_use]
pub fn time_of_day(ns: u64, width: usize) -> String {
    let of_day = ns / SECOND_NS % DAY_S;
    let (hours, minutes, whole) = (of_day / 3600, of_day / 60 % 60, of_day % 60);
    let micros = ns % SECOND_NS / 1000;
    let mut text = format!("{hours:02}:{minutes:02}:{whole:02}.{micros:06}");
    let fitting = OF_DAY.into_iter().find(|columns| *columns <= width);
    text.truncate(fitting.unwrap_or(0));
    text
}

/// `2026-11-21`. `ns`: nanoseconds since the Unix epoch.
#[must_use]
pub fn date(ns: u64) -> String {
    // Years that begin with March have their leap day at the end; 400 of them have 146,097 days, and this count begins
    // with the year 0.
    let days = ns / SECOND_NS / DAY_S + 719_468;
    let (era, day) = (days / 146_097, days % 146_097);
    let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let day_of_month = day - (153 * month + 2) / 5 + 1;
    let (month, next) = if month < 10 {
        (month + 3, 0)
    } else {
        (month - 9, 1)
    };
    format!(
        "{:04}-{month:02}-{day_of_month:02}",
        era * 400 + year + next
    )
}

/// Above the column of times, in at most so many columns.
#[must_use]
pub(super) fn name(shown: TimeShown, first_ns: u64, width: usize) -> String {
    let dated = format!("{} UTC", date(first_ns));
    match shown {
        _ if width == 0 => String::new(),
        TimeShown::Absolute if dated.len() <= width => dated,
        TimeShown::Absolute => "time UTC".into(),
        _ => "time".into(),
    }
}

/// A row's time, for a column of this width.
#[must_use]
pub(super) fn time(shown: TimeShown, first_ns: u64, ns: u64, width: usize) -> String {
    match shown {
        TimeShown::Absolute => time_of_day(ns, width),
        // Where the clock went backwards, 0.
        _ => seconds(ns.saturating_sub(first_ns)),
    }
}

/// From one time to the next; a capture's clock may step back.
#[must_use]
pub(super) fn delta(above_ns: u64, ns: u64, ascii: bool) -> String {
    let sign = if ns < above_ns { "-" } else { "" };
    format!("{sign}{}", span(ns.abs_diff(above_ns), ascii))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_and_times_are_those_of_the_calendar() {
        for (seconds, wanted) in [
            (0, "1970-01-01"),
            (951_782_400, "2000-02-29"),
            (951_868_800, "2000-03-01"),
            (1_795_219_199, "2026-11-20"),
            (4_107_542_400, "2100-03-01"),
            (u64::MAX / SECOND_NS, "2554-07-21"),
        ] {
            assert_eq!(date(seconds * SECOND_NS), wanted);
        }
        let ns = 45_296 * SECOND_NS + 123_456_789;
        for (width, wanted) in [
            (20, "12:34:56.123456"),
            (14, "12:34:56.123"),
            (8, "12:34:56"),
            (7, ""),
        ] {
            assert_eq!(time_of_day(ns, width), wanted);
        }
    }
}
