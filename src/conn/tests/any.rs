//! Any segments at all: properties that hold of every sequence.

use std::collections::HashMap;

use proptest::collection::vec;
use proptest::prelude::*;

use super::super::transition::{Event, next};
use super::*;

/// A segment made of small numbers, so that they meet: acknowledgements of what was sent, FINs at the
/// edge, RSTs in and out of the window.
pub(crate) fn any_segment() -> impl Strategy<Value = (Side, Segment)> {
    let numbers = (0u32..12, 0u32..12, 0u32..4, any::<u16>());
    (any::<bool>(), 0u16..0x40, numbers).prop_map(|(to_server, flags, (seq, ack, len, wnd))| {
        let line = if to_server {
            "> . 0:0 ack 0"
        } else {
            "< . 0:0 ack 0"
        };
        let base = segment(line);
        // Near the wrap, to cross it.
        let near = |number: u32| Seq((u32::MAX - 5).wrapping_add(number));
        let seg = Segment {
            flags: Flags(flags),
            seq: near(seq),
            ack: near(ack),
            len,
            wnd,
            ..base
        };
        (
            if to_server {
                Side::Client
            } else {
                Side::Server
            },
            seg,
        )
    })
}

/// Whether the figure leads from one state to another: one segment may both acknowledge and close.
fn is_along_arrows(before: State, after: State) -> bool {
    let mut reached = vec![before];
    for _ in 0..4 {
        let further: Vec<_> = reached
            .iter()
            .flat_map(|state| Event::ALL.iter().filter_map(|event| next(*state, *event)))
            .collect();
        reached.extend(further);
    }
    reached.contains(&after)
}

/// What a segment showed of one side's earlier states.
fn revised(side: Side, revisions: &[Revision], state: State) -> State {
    let of_side = revisions.iter().filter(|revision| revision.side == side);
    of_side.fold(state, |state, revision| revision.correction.of(state))
}

proptest! {
    #[test]
    fn any_segments_move_states_along_arrows_only(segments in vec(any_segment(), 1..60)) {
        let mut table: Table = Table::default();
        let mut rows: HashMap<u32, (u32, PerSide<State>)> = HashMap::new();
        for (_, seg) in &segments {
            let (id, _, observed) = table.observe(seg, 0);
            let connection = &table.connections[id as usize];
            let (count, before) = rows.get(&id).copied().unwrap_or((0, connection.initial));
            for side in Side::BOTH {
                let before = revised(side, &observed.revisions, before[side]);
                let after = observed.states[side];
                prop_assert!(is_along_arrows(before, after), "{side} {before} {after}");
            }
            prop_assert_eq!(connection.rows, count + 1);
            for revision in &observed.revisions {
                prop_assert!(revision.from <= revision.to && revision.to < connection.rows);
            }
            rows.insert(id, (count + 1, observed.states));
        }
    }

    /// A state is told by numbers: sent again, a segment moves nothing on; at most it takes back
    /// what was presumed.
    #[test]
    fn a_segment_sent_again_moves_nothing_on(segments in vec(any_segment(), 1..40)) {
        let mut table: Table = Table::default();
        for (_, seg) in &segments {
            let (id, from, first) = table.observe(seg, 0);
            let (again, _, second) = table.observe(seg, 0);
            if id == again && !seg.has(Flags::RST) {
                prop_assert_eq!(first.states[from], second.states[from], "{:?}", seg);
                let to = from.peer();
                let before = revised(to, &second.revisions, first.states[to]);
                prop_assert_eq!(before, second.states[to], "{:?}", seg);
            }
        }
    }
}
