//! The arrow of one segment between the two lanes, in Unicode or ASCII.

use crate::conn::{Side, State};

/// The characters that lines are drawn with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Charset {
    #[default]
    Unicode,
    Ascii,
}

struct Glyphs {
    line: char,
    to_server: char,
    to_client: char,
    reset: char,
    open: char,
    partly: char,
    closed: char,
}

impl Charset {
    fn glyphs(self) -> Glyphs {
        match self {
            Charset::Unicode => Glyphs {
                line: '─',
                to_server: '▶',
                to_client: '◀',
                reset: '✕',
                open: '┃',
                partly: '│',
                closed: '┊',
            },
            Charset::Ascii => Glyphs {
                line: '-',
                to_server: '>',
                to_client: '<',
                reset: 'X',
                open: '|',
                partly: ':',
                closed: '.',
            },
        }
    }

    /// Between two facts in a line of text.
    #[must_use]
    pub fn dot(self) -> &'static str {
        match self {
            Charset::Unicode => "·",
            Charset::Ascii => "/",
        }
    }

    /// A lane's stroke: heavy while the connection is open there, thin while it opens or closes,
    /// dotted without one.
    #[must_use]
    pub fn lane(self, state: State) -> char {
        let glyphs = self.glyphs();
        match state {
            State::Established => glyphs.open,
            State::Closed | State::Listen | State::TimeWait => glyphs.closed,
            _ => glyphs.partly,
        }
    }

    /// An arrow of `width` columns. `parts` of the label are left out from the least important (the
    /// highest rank) on until it fits.
    #[must_use]
    pub fn arrow(self, width: usize, from: Side, reset: bool, parts: &[(u8, String)]) -> String {
        let glyphs = self.glyphs();
        // At the tail two strokes and a space; a space, a stroke and the head at the other end.
        let label = fit(parts, width.saturating_sub(6));
        let used = label.chars().count();
        let lines = |count: usize| std::iter::repeat_n(glyphs.line, count).collect::<String>();
        let head = match from {
            _ if reset => glyphs.reset,
            Side::Client => glyphs.to_server,
            Side::Server => glyphs.to_client,
        };
        if used == 0 {
            let line = lines(width.saturating_sub(1));
            return if from == Side::Client {
                format!("{line}{head}")
            } else {
                format!("{head}{line}")
            };
        }
        let rest = lines(width.saturating_sub(used + 5));
        match from {
            Side::Client => format!("{} {label} {rest}{head}", lines(2)),
            Side::Server => format!("{head}{rest} {label} {}", lines(2)),
        }
    }
}

/// As many parts of a label as fit, those of the lowest rank first; in their order, joined by spaces.
fn fit(parts: &[(u8, String)], width: usize) -> String {
    let columns = |text: &String| text.chars().count();
    let mut by_rank: Vec<_> = (0..parts.len()).collect();
    by_rank.sort_by_key(|&index| parts[index].0);
    let mut kept = vec![false; parts.len()];
    let mut used = 0;
    for index in by_rank {
        let space = usize::from(used > 0);
        let wanted = columns(&parts[index].1) + space;
        if used + wanted <= width {
            kept[index] = true;
            used += wanted;
        } else if used == 0 {
            // Nothing tells anything without the flags.
            break;
        }
    }
    let kept = parts.iter().zip(kept).filter(|(_, kept)| *kept);
    kept.map(|((_, text), _)| text.as_str())
        .collect::<Vec<_>>()
        .join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts() -> Vec<(u8, String)> {
        vec![
            (0, "PSH,ACK".into()),
            (2, "seq 1".into()),
            (3, "ack 2".into()),
            (1, "1 byte".into()),
        ]
    }

    #[test]
    fn arrows_fill_their_width_and_drop_the_least_first() {
        for (width, wanted) in [
            (34, "── PSH,ACK seq 1 ack 2 1 byte ───▶"),
            (30, "── PSH,ACK seq 1 1 byte ─────▶"),
            (20, "── PSH,ACK 1 byte ─▶"),
            (14, "── PSH,ACK ──▶"),
            (8, "───────▶"),
        ] {
            assert_eq!(
                Charset::Unicode.arrow(width, Side::Client, false, &parts()),
                wanted
            );
        }
    }

    #[test]
    fn the_head_is_at_the_receiver_and_tells_an_rst() {
        let rst = [(0, "RST".to_string())];
        assert_eq!(
            Charset::Ascii.arrow(12, Side::Server, false, &rst),
            "<---- RST --"
        );
        assert_eq!(
            Charset::Ascii.arrow(12, Side::Server, true, &rst),
            "X---- RST --"
        );
        assert_eq!(
            Charset::Unicode.arrow(12, Side::Client, true, &rst),
            "── RST ────✕"
        );
    }
}
