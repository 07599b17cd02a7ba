//! The characters that the figure's lines are drawn with: light where nobody went, heavy where the
//! client went, double where the server went, both in turn where both did.

use crate::conn::Side;
use crate::conn::state::PerSide;
use crate::story::Charset;
use crate::story::diagram::layout::Point;

/// Who went along a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Gone {
    Nobody,
    One(Side),
    Both,
}

impl Gone {
    #[must_use]
    pub fn of(gone: PerSide<bool>) -> Gone {
        match (gone.client, gone.server) {
            (false, false) => Gone::Nobody,
            (true, false) => Gone::One(Side::Client),
            (false, true) => Gone::One(Side::Server),
            (true, true) => Gone::Both,
        }
    }
}

/// Where a line goes on from a point.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    Up,
    Down,
    Left,
    Right,
}

impl Way {
    /// From one point to the one beside it.
    #[must_use]
    pub fn between(from: Point, to: Point) -> Way {
        if to.0 > from.0 {
            Way::Right
        } else if to.0 < from.0 {
            Way::Left
        } else if to.1 > from.1 {
            Way::Down
        } else {
            Way::Up
        }
    }

    fn is_level(self) -> bool {
        matches!(self, Way::Left | Way::Right)
    }
}

/// `─│┌┐└┘` in each weight.
const STROKES: [[char; 6]; 3] = [
    ['─', '│', '┌', '┐', '└', '┘'],
    ['━', '┃', '┏', '┓', '┗', '┛'],
    ['═', '║', '╔', '╗', '╚', '╝'],
];

/// Up, down, left, right: by nobody, the client, the server, both.
const HEADS: [[char; 4]; 4] = [
    ['↑', '↓', '←', '→'],
    ['▲', '▼', '◀', '▶'],
    ['⇑', '⇓', '⇐', '⇒'],
    ['⇈', '⇊', '⇇', '⇉'],
];

/// A line's character at a point with ways to two sides.
#[must_use]
pub fn stroke(charset: Charset, gone: Gone, ways: [Way; 2], (x, y): Point) -> char {
    if charset == Charset::Ascii {
        return match gone {
            Gone::One(Side::Client) => '=',
            Gone::One(Side::Server) => '#',
            Gone::Both => '%',
            Gone::Nobody if ways.iter().all(|way| way.is_level()) => '-',
            Gone::Nobody if ways.iter().any(|way| way.is_level()) => '+',
            Gone::Nobody => '|',
        };
    }
    let weight = match gone {
        Gone::Nobody => 0,
        Gone::One(Side::Client) => 1,
        Gone::One(Side::Server) => 2,
        Gone::Both => usize::from((x + y) % 2) + 1,
    };
    let has = |way| ways.contains(&way);
    let shape = match () {
        () if ways.iter().all(|way| way.is_level()) => 0,
        () if !ways.iter().any(|way| way.is_level()) => 1,
        () if has(Way::Down) && has(Way::Right) => 2,
        () if has(Way::Down) => 3,
        () if has(Way::Right) => 4,
        () => 5,
    };
    STROKES[weight][shape]
}

/// The head of a line that goes this way.
#[must_use]
pub fn head(charset: Charset, gone: Gone, way: Way) -> char {
    if charset == Charset::Ascii {
        return ['^', 'v', '<', '>'][way as usize];
    }
    let weight = match gone {
        Gone::Nobody => 0,
        Gone::One(Side::Client) => 1,
        Gone::One(Side::Server) => 2,
        Gone::Both => 3,
    };
    HEADS[weight][way as usize]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_went_is_told_by_the_character_alone() {
        let all = [
            Gone::Nobody,
            Gone::One(Side::Client),
            Gone::One(Side::Server),
            Gone::Both,
        ];
        for charset in [Charset::Unicode, Charset::Ascii] {
            let drawn = all.map(|gone| {
                let level = |x| stroke(charset, gone, [Way::Left, Way::Right], (x, 0));
                let head = match charset {
                    Charset::Unicode => head(charset, gone, Way::Down).to_string(),
                    Charset::Ascii => String::new(),
                };
                format!("{}{}{head}", level(0), level(1))
            });
            for (i, one) in drawn.iter().enumerate() {
                assert!(!drawn[i + 1..].contains(one), "{one}");
            }
        }
    }
}
