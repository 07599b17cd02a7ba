//! Octets as hexadecimal numbers and text, a few a line. Only the lines asked for are made.

use std::ops::Range;

/// One line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HexLine {
    /// `0010`: where the line's first octet stands.
    pub offset: String,
    /// `47 45 54 20  2f`, filled with spaces to the width of a whole line.
    pub hex: String,
    /// `GET /`: octets that aren't printable ASCII are dots.
    pub text: String,
}

/// How many octets stand on a line of `width` columns: 16, or fewer where it is narrow; 0 on no line.
#[must_use]
pub fn octets_a_line(payload: &[u8], width: usize) -> usize {
    let fits = |octets: &usize| {
        let halves = usize::from(*octets > 8);
        digits(payload) + gap(*octets) * 2 + octets * 3 - 1 + halves + octets <= width
    };
    [16, 8, 4, 2, 1].into_iter().find(fits).unwrap_or_default()
}

/// Hexadecimal digits of an offset: jumbograms need more than four.
fn digits(payload: &[u8]) -> usize {
    if payload.len() > 0x1_0000 { 8 } else { 4 }
}

/// Columns between offset, octets and text.
#[must_use]
pub fn gap(octets_a_line: usize) -> usize {
    if octets_a_line > 8 { 2 } else { 1 }
}

/// How many lines a payload takes.
#[must_use]
pub fn line_count(payload: &[u8], width: usize) -> usize {
    match octets_a_line(payload, width) {
        0 => 0,
        octets => payload.len().div_ceil(octets),
    }
}

/// Lines `from_line..from_line + count` (from 0) of a payload on lines of `width` columns; fewer at
/// its end.
#[must_use]
pub fn lines(payload: &[u8], from_line: usize, count: usize, width: usize) -> Vec<HexLine> {
    let octets = octets_a_line(payload, width);
    let last = from_line
        .saturating_add(count)
        .min(line_count(payload, width));
    (from_line..last)
        .map(|index| {
            let range: Range<usize> = index * octets..payload.len().min((index + 1) * octets);
            line(
                &payload[range.clone()],
                range.start,
                octets,
                digits(payload),
            )
        })
        .collect()
}

fn line(part: &[u8], at: usize, octets: usize, digits: usize) -> HexLine {
    let mut hex = String::with_capacity(octets * 3);
    for index in 0..octets {
        if index > 0 {
            hex.push(' ');
        }
        if index == 8 {
            // Halves are easier to count in.
            hex.push(' ');
        }
        match part.get(index) {
            Some(octet) => hex += &format!("{octet:02x}"),
            None => hex += "  ",
        }
    }
    let shown = |octet: &u8| match octet {
        0x20..=0x7e => char::from(*octet),
        _ => '.',
    };
    HexLine {
        offset: format!("{at:0digits$x}"),
        hex,
        text: part.iter().map(shown).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn sixteen_octets_a_line_with_offset_and_text() {
        let payload = b"GET / HTTP/1.1\r\nHost: \x1b[2J\xff";
        let seen: Vec<_> = lines(payload, 0, 9, 78)
            .into_iter()
            .map(|line| format!("{}|{}|{}", line.offset, line.hex, line.text))
            .collect();
        assert_eq!(
            seen,
            [
                "0000|47 45 54 20 2f 20 48 54  54 50 2f 31 2e 31 0d 0a|GET / HTTP/1.1..",
                "0010|48 6f 73 74 3a 20 1b 5b  32 4a ff               |Host: .[2J."
            ]
        );
    }

    #[test]
    fn lines_are_those_asked_for() {
        let payload: Vec<u8> = (0..=255).collect();
        let offsets = |from, count, width| {
            let lines = lines(&payload, from, count, width);
            lines
                .into_iter()
                .map(|line| line.offset)
                .collect::<Vec<_>>()
        };
        assert_eq!(offsets(1, 2, 72), ["0010", "0020"]);
        assert_eq!(offsets(15, 9, 72), ["00f0"]);
        assert_eq!(offsets(1, 1, 71), ["0008"]);
        assert!(offsets(16, 1, 72).is_empty() && offsets(usize::MAX, usize::MAX, 72).is_empty());
        assert!(offsets(0, 9, 0).is_empty());
    }

    proptest! {
        #[test]
        fn a_line_is_printable_and_no_wider_than_asked(
            payload in proptest::collection::vec(any::<u8>(), 0..200),
            from in 0usize..20,
            width in 0usize..100,
        ) {
            for line in lines(&payload, from, 3, width) {
                let gaps = " ".repeat(gap(octets_a_line(&payload, width)));
                let text = [line.offset, line.hex, line.text].join(&gaps);
                prop_assert!(text.len() <= width && text.bytes().all(|octet| (0x20..0x7f).contains(&octet)));
            }
        }
    }
}
