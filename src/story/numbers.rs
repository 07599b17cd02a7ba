//! Numbers, times and names as people read them.

pub use super::printable::printable;
use crate::conn::State;
use crate::wire::Tally;

/// `982,540`.
#[must_use]
pub fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// `1 byte`, `982,540 bytes`.
#[must_use]
pub fn counted(number: u64, thing: &str) -> String {
    format!(
        "{} {thing}{}",
        grouped(number),
        if number == 1 { "" } else { "s" }
    )
}

/// Seconds with six decimals, as tcpdump's `-ttttt`: `0.030927`.
#[must_use]
pub fn seconds(ns: u64) -> String {
    let micros = ns / 1000;
    format!("{}.{:06}", micros / 1_000_000, micros % 1_000_000)
}

/// A span in three digits and a unit: `9 µs`, `30.8 ms`, `5.02 s`, `12 min`, `3.4 h`.
#[must_use]
pub fn span(ns: u64, ascii: bool) -> String {
    let (unit, name) = match ns {
        0..=999 => return format!("{ns} ns"),
        1_000..=999_499 => (1e3, if ascii { "us" } else { "µs" }),
        999_500..=999_499_999 => (1e6, "ms"),
        999_500_000..=99_999_999_999 => (1e9, "s"),
        100_000_000_000..=5_999_999_999_999 => (6e10, "min"),
        _ => (3.6e12, "h"),
    };
    #[expect(clippy::cast_precision_loss, reason = "three digits are shown")]
    let value = ns as f64 / unit;
    let decimals = match value {
        _ if unit < 1e6 => 0,
        ..9.995 => 2,
        ..99.95 => 1,
        _ => 0,
    };
    format!("{value:.decimals$} {name}")
}

/// What was read instead of a segment to show: `7 frames read: 7 left out by the ports or the filter`.
#[must_use]
pub fn read_without(tally: &Tally) -> String {
    let reasons = [
        (tally.not_tcp, "not TCP"),
        (tally.filtered, "left out by the ports or the filter"),
        (tally.fragments, "later fragments"),
        (
            tally.unreadable,
            "cut or malformed before the end of the TCP header",
        ),
        (
            tally.unknown_link,
            "of a link type that tcpviz doesn't read",
        ),
    ];
    let told = reasons.into_iter().filter(|(count, _)| *count > 0);
    let told: Vec<_> = told
        .map(|(count, why)| format!("{} {why}", grouped(count)))
        .collect();
    let frames = counted(tally.frames, "frame");
    if told.is_empty() {
        format!("{frames} read")
    } else {
        format!("{frames} read: {}", told.join(", "))
    }
}

/// The state's name in four letters at most, for narrow screens.
#[must_use]
pub fn short_state(state: State) -> &'static str {
    match state {
        State::Closed => "CLSD",
        State::Listen => "LSTN",
        State::SynSent => "SYNS",
        State::SynReceived => "SYNR",
        State::Established => "EST",
        State::FinWait1 => "FW1",
        State::FinWait2 => "FW2",
        State::CloseWait => "CW",
        State::Closing => "CLSG",
        State::LastAck => "LA",
        State::TimeWait => "TW",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_have_three_digits_and_a_unit() {
        let seen: Vec<_> = [
            0,
            137_400,
            999_600,
            9_996_000,
            30_800_000,
            806_000_000,
            5_020_000_000,
            61_000_000_000,
            720_000_000_000,
        ]
        .map(|ns| span(ns, false))
        .into();
        assert_eq!(
            seen,
            [
                "0 ns", "137 µs", "1.00 ms", "10.0 ms", "30.8 ms", "806 ms", "5.02 s", "61.0 s",
                "12.0 min"
            ]
        );
    }

    #[test]
    fn numbers_are_grouped_and_counted() {
        assert_eq!(grouped(1_000), "1,000");
        assert_eq!(
            (counted(1, "byte"), counted(982_540, "byte")),
            ("1 byte".into(), "982,540 bytes".into())
        );
        assert_eq!(seconds(56_372_999), "0.056372");
    }
}
