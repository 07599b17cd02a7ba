//! Numbers to compare with: `17`, `>1000`, `<=64k`, `5000-5010`, `>60s`.

use std::fmt;

use super::quoted;

/// What is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unit {
    /// `1000`, `64k`.
    Count,
    /// `500ms`, `60s`, `5min`; in nanoseconds. A bare number is in seconds.
    Time,
}

const COUNTS: [(&str, u64); 4] = [
    ("", 1),
    ("k", 1_000),
    ("m", 1_000_000),
    ("g", 1_000_000_000),
];

/// The first of equals is the one that is written.
const TIMES: [(&str, u64); 9] = [
    ("h", 3_600_000_000_000),
    ("min", 60_000_000_000),
    ("s", 1_000_000_000),
    ("ms", 1_000_000),
    ("us", 1_000),
    ("ns", 1),
    ("m", 60_000_000_000),
    ("µs", 1_000),
    ("", 1_000_000_000),
];

impl Unit {
    fn parse(self, text: &str) -> Result<u64, String> {
        let end = text.find(|c: char| !c.is_ascii_digit());
        let (digits, suffix) = text.split_at(end.unwrap_or(text.len()));
        let table: &[_] = match self {
            Unit::Count => &COUNTS,
            Unit::Time => &TIMES,
        };
        let unit = table.iter().find(|(name, _)| *name == suffix);
        let (Some((_, factor)), false) = (unit, digits.is_empty()) else {
            return Err(format!("{} is no {}", quoted(text), self.wanted()));
        };
        let number = digits.parse::<u64>().ok();
        let value = number.and_then(|number| number.checked_mul(*factor));
        value.ok_or_else(|| format!("{} is too large", quoted(text)))
    }

    fn wanted(self) -> &'static str {
        match self {
            Unit::Count => "whole number (1000, >64k, 10-20)",
            Unit::Time => "time (>60s, <500ms, 1min-5min)",
        }
    }

    fn text(self, value: u64) -> String {
        let whole = |(_, factor): &&(&str, u64)| value.is_multiple_of(*factor);
        match self {
            Unit::Count => value.to_string(),
            Unit::Time if value == 0 => "0s".into(),
            Unit::Time => match TIMES.iter().find(whole) {
                Some((name, factor)) => format!("{}{name}", value / factor),
                None => format!("{value}ns"),
            },
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Bound {
    Is(u64),
    Above(u64),
    AtLeast(u64),
    Below(u64),
    AtMost(u64),
    /// Both ends belong to it.
    Between(u64, u64),
}

type Make = fn(u64) -> Bound;

/// A number, or a range of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Number {
    bound: Bound,
    unit: Unit,
}

impl Number {
    pub fn parse(unit: Unit, typed: &str) -> Result<Number, String> {
        let typed = typed.to_ascii_lowercase();
        let signs: [(&str, Make); 5] = [
            (">=", Bound::AtLeast),
            ("<=", Bound::AtMost),
            (">", Bound::Above),
            ("<", Bound::Below),
            ("=", Bound::Is),
        ];
        let signed = signs
            .iter()
            .find_map(|(sign, bound)| Some((bound, typed.strip_prefix(sign)?)));
        let bound = match (signed, typed.split_once('-')) {
            (Some((bound, rest)), _) => bound(unit.parse(rest)?),
            (None, Some((from, to))) => {
                let (low, high) = (unit.parse(from)?, unit.parse(to)?);
                if low > high {
                    return Err(format!(
                        "{} runs backwards: type {to}-{from}",
                        quoted(&typed)
                    ));
                }
                Bound::Between(low, high)
            }
            (None, None) => Bound::Is(unit.parse(&typed)?),
        };
        match (bound, unit) {
            (Bound::Is(_), Unit::Time) => {
                let time = typed.trim_start_matches('=');
                Err(format!(
                    "no time is exactly {time}: type >{time} or <{time}"
                ))
            }
            _ => Ok(Number { bound, unit }),
        }
    }

    pub fn count(typed: &str) -> Result<Number, String> {
        Number::parse(Unit::Count, typed)
    }

    pub fn time(typed: &str) -> Result<Number, String> {
        Number::parse(Unit::Time, typed)
    }

    #[must_use]
    pub fn holds(self, value: u64) -> bool {
        match self.bound {
            Bound::Is(number) => value == number,
            Bound::Above(number) => value > number,
            Bound::AtLeast(number) => value >= number,
            Bound::Below(number) => value < number,
            Bound::AtMost(number) => value <= number,
            Bound::Between(from, to) => (from..=to).contains(&value),
        }
    }

    /// The exact number that is asked for.
    #[must_use]
    pub fn exact(self) -> Option<u64> {
        match self.bound {
            Bound::Is(number) => Some(number),
            _ => None,
        }
    }

    /// The last value, of `value` and those after it, up to which nothing changes; `None` if nothing changes any more.
    #[must_use]
    pub fn steady_until(self, value: u64) -> Option<u64> {
        let edges = match self.bound {
            Bound::Is(number) => [number.checked_sub(1), Some(number)],
            Bound::Above(number) | Bound::AtMost(number) => [Some(number), None],
            Bound::AtLeast(number) | Bound::Below(number) => [number.checked_sub(1), None],
            Bound::Between(from, to) => [from.checked_sub(1), Some(to)],
        };
        edges.into_iter().flatten().find(|edge| *edge >= value)
    }
}

impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = |value| self.unit.text(value);
        match self.bound {
            Bound::Is(number) => write!(f, "{}", text(number)),
            Bound::Above(number) => write!(f, ">{}", text(number)),
            Bound::AtLeast(number) => write!(f, ">={}", text(number)),
            Bound::Below(number) => write!(f, "<{}", text(number)),
            Bound::AtMost(number) => write!(f, "<={}", text(number)),
            Bound::Between(from, to) => write!(f, "{}-{}", text(from), text(to)),
        }
    }
}
