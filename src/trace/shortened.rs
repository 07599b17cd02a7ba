//! A long connection that lost its oldest rows: which rows stayed, and where those stand now.

use crate::conn::ConnectionId;

/// What a connection lost: rows, or only lines beside them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Shortened {
    pub connection: ConnectionId,
    /// All rows from this one on stayed.
    from: u32,
    /// Those before that stayed, in order.
    kept: Vec<u32>,
}

impl Shortened {
    /// `kept` is in order, and each is before `from`.
    #[must_use]
    pub fn new(connection: ConnectionId, from: u32, kept: Vec<u32>) -> Shortened {
        Shortened {
            connection,
            from,
            kept,
        }
    }

    /// The row that was `row`; of one that is gone the next that stayed. A number of rows becomes the number of those that stayed.
    #[must_use]
    pub fn row(&self, row: u32) -> u32 {
        let before = self.kept.partition_point(|kept| *kept < row);
        let behind = row.saturating_sub(self.from);
        u32::try_from(before)
            .unwrap_or(u32::MAX)
            .saturating_add(behind)
    }

    /// Whether the row stayed.
    #[must_use]
    pub fn has(&self, row: u32) -> bool {
        row >= self.from || self.kept.binary_search(&row).is_ok()
    }

    /// How many rows are gone.
    #[must_use]
    pub fn lost(&self) -> usize {
        (self.from as usize).saturating_sub(self.kept.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_that_stayed_follow_one_another_and_what_is_gone_leads_to_the_next() {
        let shortened = Shortened::new(7, 100, vec![0, 1, 40]);
        let rows = [0, 1, 2, 40, 41, 99, 100, 105].map(|row| shortened.row(row));
        assert_eq!(rows, [0, 1, 2, 2, 3, 3, 3, 8]);
        let has = [0, 2, 40, 99, 100].map(|row| shortened.has(row));
        assert_eq!(has, [true, false, true, false, true]);
        assert_eq!(shortened.lost(), 97);
    }
}
