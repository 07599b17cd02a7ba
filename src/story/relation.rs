//! What the selected segment has to do with others: what it acknowledges, and what acknowledges it.

use crate::conn::{ConnectionId, Side};
use crate::trace::{Record, Trace};
use crate::wire::{Flags, Seq};

/// Rows looked at before and behind the selected one.
const NEAR: usize = 4_096;

/// What another segment is to the selected one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Relation {
    /// The selected one is the first to acknowledge some of its numbers.
    AcknowledgedBySelected,
    /// It is the first to acknowledge all of the selected one.
    AcknowledgesSelected,
}

/// The selected segment's relations: found once, then asked for each row that is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Relations {
    selected: usize,
    /// Rows before this one weren't looked at.
    earliest: usize,
    from: Side,
    /// What its sender acknowledged before, where it did, and what it acknowledges.
    acknowledges: Option<(Option<Seq>, Seq)>,
    /// The row (from 0) that first acknowledges all of it, if it is near enough.
    pub acknowledged_by: Option<usize>,
}

impl Relations {
    /// Those of row `selected` (from 0) of a connection. Looks at a bounded number of rows.
    #[must_use]
    pub fn of(trace: &Trace, id: ConnectionId, selected: usize) -> Relations {
        let record = trace.row(id, selected);
        let earliest = selected.saturating_sub(NEAR);
        let highest = |side: Side| {
            let before = (earliest..selected).map(|row| trace.row(id, row));
            let of_side = before.filter(move |it| it.from == side);
            of_side.filter_map(|record| ack(&record)).reduce(Seq::max)
        };
        let own = ack(&record).map(|ack| (highest(record.from), ack));
        let end = end(&record).filter(|end| {
            let known = highest(record.from.peer());
            known.is_none_or(|known| known.before(*end))
        });
        let acknowledged_by = end.and_then(|end| {
            let last = trace.len(id).min(selected.saturating_add(NEAR));
            (selected + 1..last).find(|&row| {
                let later = trace.row(id, row);
                let covers = ack(&later).is_some_and(|ack| !ack.before(end));
                later.from != record.from && covers
            })
        });
        Relations {
            selected,
            earliest,
            from: record.from,
            acknowledges: own.filter(|(before, ack)| before.is_none_or(|it| ack.after(it))),
            acknowledged_by,
        }
    }

    /// What row `row` of the same connection is to the selected one.
    #[must_use]
    pub fn to(&self, trace: &Trace, id: ConnectionId, row: usize) -> Option<Relation> {
        if self.acknowledged_by == Some(row) {
            return Some(Relation::AcknowledgesSelected);
        }
        let other = (self.earliest..self.selected)
            .contains(&row)
            .then(|| trace.row(id, row))?;
        let (before, ack) = self.acknowledges.filter(|_| other.from != self.from)?;
        let end = end(&other)?;
        // Some of its numbers are new to the acknowledgement: its last, or those up to it.
        let is_new = before.is_none_or(|before| end.after(before));
        (is_new && other.seq.before(ack)).then_some(Relation::AcknowledgedBySelected)
    }
}

fn ack(record: &Record) -> Option<Seq> {
    record.flags.has(Flags::ACK).then_some(record.ack)
}

/// The number after a segment's last; `None` if it takes none.
fn end(record: &Record) -> Option<Seq> {
    let flags = record.flags;
    let beside = u32::from(flags.has(Flags::SYN)) + u32::from(flags.has(Flags::FIN));
    let taken = record.len + beside;
    (taken > 0 && !flags.has(Flags::RST)).then(|| record.seq + taken)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::story::tests::trace_of;

    /// The rows (from 1) that the selected one acknowledges, and the one that acknowledges it.
    fn told(trace: &Trace, selected: usize) -> (Vec<usize>, Option<usize>) {
        let relations = Relations::of(trace, 0, selected - 1);
        let rows = 0..trace.len(0);
        let acknowledged = rows
            .filter(|&row| relations.to(trace, 0, row) == Some(Relation::AcknowledgedBySelected));
        (
            acknowledged.map(|row| row + 1).collect(),
            relations.acknowledged_by.map(|row| row + 1),
        )
    }

    #[test]
    fn an_acknowledgement_belongs_to_what_no_earlier_one_covered() {
        let trace = trace_of(
            "> P. 1:11 ack 1
             > P. 11:21 ack 1
             < .  1:1 ack 11
             > P. 11:21 ack 1
             < .  1:1 ack 21
             < .  1:1 ack 21
             > F. 21:21 ack 1
             < F. 1:1 ack 22
             > .  22:22 ack 2",
        );
        let wanted = [
            (2, vec![1], Some(3)),
            (3, vec![2], None),
            (4, vec![], Some(6)),
            (6, vec![4], None),
            (7, vec![], Some(8)),
            (8, vec![5, 7], None),
            (9, vec![], None),
            (10, vec![], Some(11)),
            (11, vec![10], Some(12)),
        ];
        for (selected, acknowledged, by) in wanted {
            assert_eq!(told(&trace, selected), (acknowledged, by), "of {selected}");
        }
    }

    #[test]
    fn what_was_acknowledged_before_it_was_sent_again_belongs_to_nothing() {
        let trace = trace_of("> P. 1:2 ack 1\n< . 1:1 ack 2\n> P. 1:2 ack 1\n< . 1:1 ack 2");
        assert_eq!(told(&trace, 6), (vec![], None));
        assert_eq!(told(&trace, 7), (vec![], None));
    }
}
