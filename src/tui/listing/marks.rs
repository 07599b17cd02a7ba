//! A set of connections: a bit for each.

use crate::conn::ConnectionId;

/// Those that are marked.
#[derive(Clone, Debug, Default)]
pub struct Marks {
    words: Vec<u64>,
}

impl Marks {
    fn place(id: ConnectionId) -> (usize, u64) {
        (id as usize / 64, 1 << (id % 64))
    }

    pub fn mark(&mut self, id: ConnectionId) {
        let (at, bit) = Marks::place(id);
        if at >= self.words.len() {
            self.words.resize(at + 1, 0);
        }
        self.words[at] |= bit;
    }

    /// Whether it was marked.
    pub fn unmark(&mut self, id: ConnectionId) -> bool {
        let was = self.has(id);
        if was {
            let (at, bit) = Marks::place(id);
            self.words[at] &= !bit;
        }
        was
    }

    #[must_use]
    pub fn has(&self, id: ConnectionId) -> bool {
        let (at, bit) = Marks::place(id);
        self.words.get(at).is_some_and(|word| word & bit != 0)
    }

    /// Takes each mark away, in the order of the numbers.
    pub fn take(&mut self, mut each: impl FnMut(ConnectionId)) {
        for (at, word) in (0..).zip(&mut self.words) {
            let mut bits = std::mem::take(word);
            while bits != 0 {
                each(64 * at + bits.trailing_zeros());
                bits &= bits - 1;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_are_taken_once_and_in_order() {
        let mut marks = Marks::default();
        for id in [200, 3, 64, 3, 63] {
            marks.mark(id);
        }
        assert!(marks.unmark(64) && !marks.unmark(64) && !marks.unmark(9_999));
        let mut taken = Vec::new();
        marks.take(|id| taken.push(id));
        assert_eq!(taken, [3, 63, 200]);
        marks.take(|_| panic!("there is none left"));
        assert!(!marks.has(3));
    }
}
