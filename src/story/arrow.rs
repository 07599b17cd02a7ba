//! The arrow of one segment between the two lanes, in Unicode or ASCII.

use super::mark::{LOST, Mark, RESET};
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
    broken: char,
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
                broken: '┄',
                open: '┃',
                partly: '│',
                closed: '┊',
            },
            Charset::Ascii => Glyphs {
                line: '-',
                to_server: '>',
                to_client: '<',
                broken: '.',
                open: '|',
                partly: ':',
                closed: '.',
            },
        }
    }

    /// A stroke, and the heads towards the server and the client.
    #[must_use]
    pub fn strokes(self) -> [char; 3] {
        let glyphs = self.glyphs();
        [glyphs.line, glyphs.to_server, glyphs.to_client]
    }

    /// A stroke of an arrow that doesn't arrive.
    #[must_use]
    pub fn broken_stroke(self) -> char {
        self.glyphs().broken
    }

    /// Between two facts in a line of text.
    #[must_use]
    pub fn dot(self) -> &'static str {
        match self {
            Charset::Unicode => "·",
            Charset::Ascii => ";",
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
    pub fn arrow(self, width: usize, arrow: Arrow, parts: &[(u8, String)]) -> String {
        if width == 0 {
            return String::new();
        }
        let (label, end) = if arrow.lost {
            self.broken(width, parts)
        } else {
            // At the tail two strokes and a space; a space, a stroke and the head at the other end.
            (fit(parts, width.saturating_sub(6)), Vec::new())
        };
        let glyphs = self.glyphs();
        let head = match (arrow.from, arrow.lost) {
            (_, true) => String::new(),
            _ if arrow.reset => RESET.sign(self).to_string(),
            (Side::Client, _) => glyphs.to_server.to_string(),
            (Side::Server, _) => glyphs.to_client.to_string(),
        };
        let mark = arrow.mark.map_or(glyphs.line, |mark| mark.sign(self));
        // From the tail on; the other way round they are the same, but for the words in them.
        let mut pieces = vec![mark.to_string(), glyphs.line.to_string()];
        if !label.is_empty() {
            pieces.extend([" ".into(), label, " ".into()]);
        }
        let used = columns(&pieces) + columns(&end) + columns(&[&head]);
        let left = width.saturating_sub(used);
        // Broken arrows end above each other where they can, well before the lane.
        let empty = if arrow.lost {
            (width / 6).min(left.saturating_sub(2)).max(GAP)
        } else {
            0
        };
        let stroke = if arrow.lost {
            glyphs.broken
        } else {
            glyphs.line
        };
        let strokes = left.saturating_sub(empty);
        pieces.extend(std::iter::repeat_n(stroke.to_string(), strokes));
        pieces.extend(end);
        pieces.extend(std::iter::repeat_n(" ".into(), left - strokes));
        // Where there is hardly room, without a label, the head stays.
        pieces.truncate(width - columns(&[&head]));
        pieces.push(head);
        if arrow.from == Side::Server {
            pieces.reverse();
        }
        pieces.concat()
    }

    /// The label of an arrow that breaks off, and how it ends: in words where they fit.
    fn broken(self, width: usize, parts: &[(u8, String)]) -> (String, Vec<String>) {
        // A tail and two spaces, and one stroke of the broken line.
        let room = |end: &[String]| width.saturating_sub(columns(end) + 5 + GAP);
        let sign = LOST.sign(self).to_string();
        let in_words = vec![sign.clone(), " ".into(), "lost".into()];
        let label = fit(parts, room(&in_words));
        if label.is_empty() {
            let end = vec![sign];
            (fit(parts, room(&end)), end)
        } else {
            (label, in_words)
        }
    }
}

/// Columns between the end of an arrow that doesn't arrive and the lane.
const GAP: usize = 2;

fn columns<T: AsRef<str>>(texts: &[T]) -> usize {
    texts.iter().map(|text| text.as_ref().chars().count()).sum()
}

/// An arrow's shape.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Arrow {
    pub from: Side,
    pub reset: bool,
    /// At the tail.
    pub mark: Option<Mark>,
    /// It doesn't arrive.
    pub lost: bool,
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
    use super::super::mark::AGAIN;
    use super::*;

    fn plain(from: Side) -> Arrow {
        Arrow {
            from,
            reset: false,
            mark: None,
            lost: false,
        }
    }

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
                Charset::Unicode.arrow(width, plain(Side::Client), &parts()),
                wanted
            );
        }
    }

    #[test]
    fn a_mark_takes_the_place_of_the_first_stroke() {
        let again = Arrow {
            mark: Some(AGAIN),
            ..plain(Side::Client)
        };
        let back = Arrow {
            from: Side::Server,
            ..again
        };
        let unicode = |width, arrow| Charset::Unicode.arrow(width, arrow, &parts());
        assert_eq!(unicode(20, again), "↻─ PSH,ACK 1 byte ─▶");
        assert_eq!(unicode(20, back), "◀─ PSH,ACK 1 byte ─↻");
        assert_eq!(unicode(8, again), "↻──────▶");
        assert_eq!(Charset::Ascii.arrow(14, again, &parts()), "*- PSH,ACK -->");
    }

    #[test]
    fn what_is_lost_ends_before_the_other_lane_and_says_so_where_it_can() {
        let lost = Arrow {
            lost: true,
            ..plain(Side::Client)
        };
        let back = Arrow {
            from: Side::Server,
            ..lost
        };
        for (width, wanted) in [
            (34, "── PSH,ACK seq 1 1 byte ┄┄╳ lost  "),
            (20, "── PSH,ACK ┄╳ lost  "),
            (16, "── PSH,ACK ┄┄╳  "),
            (9, "──┄┄┄┄╳  "),
        ] {
            assert_eq!(Charset::Unicode.arrow(width, lost, &parts()), wanted);
        }
        assert_eq!(
            Charset::Ascii.arrow(24, back, &parts()),
            "    lost !... PSH,ACK --"
        );
    }

    proptest::proptest! {
        #[test]
        fn an_arrow_is_as_wide_as_it_should_be(
            width in 0usize..80, client: bool, reset: bool, marked: bool, lost: bool, ascii: bool
        ) {
            let arrow = Arrow {
                from: if client { Side::Client } else { Side::Server },
                reset,
                mark: marked.then_some(AGAIN),
                lost,
            };
            let charset = if ascii { Charset::Ascii } else { Charset::Unicode };
            proptest::prop_assert_eq!(charset.arrow(width, arrow, &parts()).chars().count(), width);
        }
    }

    #[test]
    fn the_head_is_at_the_receiver_and_tells_an_rst() {
        let rst = [(0, "RST".to_string())];
        let resets = |from| Arrow {
            reset: true,
            ..plain(from)
        };
        assert_eq!(
            Charset::Ascii.arrow(12, plain(Side::Server), &rst),
            "<---- RST --"
        );
        assert_eq!(
            Charset::Ascii.arrow(12, resets(Side::Server), &rst),
            "X---- RST --"
        );
        assert_eq!(
            Charset::Unicode.arrow(12, resets(Side::Client), &rst),
            "── RST ────✕"
        );
    }
}
