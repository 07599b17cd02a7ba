//! Time stamps: the local time of day with microseconds, as tcpdump prints them unless told otherwise.

use jiff::Timestamp;
use jiff::tz::TimeZone;

const SECOND_NS: u64 = 1_000_000_000;

/// Writes times of day. Many segments come within a second: its text is kept.
pub struct Clock {
    zone: TimeZone,
    second: u64,
    /// `12:34:56.`
    text: [u8; 9],
}

impl Clock {
    /// Of the zone that `TZ` names, or the system's; UTC where neither can be had.
    pub fn local() -> Self {
        let mut clock = Clock {
            zone: TimeZone::system(),
            second: 0,
            text: [0; 9],
        };
        clock.text = clock.time_of_day();
        clock
    }

    /// Writes `12:34:56.123456`. `time_ns`: nanoseconds since the Unix epoch.
    pub fn write(&mut self, out: &mut Vec<u8>, time_ns: u64) {
        let second = time_ns / SECOND_NS;
        if second != self.second {
            self.second = second;
            self.text = self.time_of_day();
        }
        out.extend_from_slice(&self.text);
        let micros = time_ns % SECOND_NS / 1000;
        let digits = [100_000, 10_000, 1000, 100, 10, 1].map(|unit| digit(micros / unit));
        out.extend_from_slice(&digits);
    }

    fn time_of_day(&self) -> [u8; 9] {
        let at = i64::try_from(self.second).ok();
        let at = at.and_then(|second| Timestamp::from_second(second).ok());
        let time = self.zone.to_datetime(at.unwrap_or_default()).time();
        let mut text = *b"00:00:00.";
        for (pair, number) in [time.hour(), time.minute(), time.second()]
            .into_iter()
            .enumerate()
        {
            let number = u64::from(number.unsigned_abs());
            text[3 * pair] = digit(number / 10);
            text[3 * pair + 1] = digit(number);
        }
        text
    }
}

/// The last digit of a number.
fn digit(number: u64) -> u8 {
    b'0' + u8::try_from(number % 10).unwrap_or(0)
}
