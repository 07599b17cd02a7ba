//! What can be asked of the selected line of the ladder.

use super::calls::{DEED, KERNEL, ORDER};
use super::{Explanation, call, cause, certainty, confidence, ending, flag, icmp, note, state};
use crate::conn::state::PerSide;
use crate::conn::{ConnectionId, Note, Side, State};
use crate::story::ending::{Ending, ending as ending_of};
use crate::story::{Kind, ladder, reason};
use crate::trace::{Aside, Deed, Entry, Said, Trace};
use crate::wire::Flags;

/// Causes that are explained: the verdict names as many.
const CAUSES: usize = 2;

/// What can be explained of line `entry_index` (from 0) of a connection's ladder, what is special first: flags, notes,
/// both states and how sure they are, then how the connection ended and why. Nothing where there is no such line.
#[must_use]
pub fn about_row(trace: &Trace, id: ConnectionId, entry_index: usize) -> Vec<Explanation> {
    if entry_index >= trace.entries(id) {
        return Vec::new();
    }
    let mut told = match trace.entry(id, entry_index) {
        Entry::Segment(row) => about_segment(trace, id, row),
        Entry::Aside(aside) => about_aside(trace, aside),
    };
    if (id as usize) < trace.ids().len() {
        told.extend(about_verdict(trace, id, &ending_of(trace, id)));
    }
    // An ACK that is nothing else is asked for last.
    if matches!(trace.entry(id, entry_index), Entry::Segment(row) if trace.row(id, row).flags == Flags::ACK)
    {
        told.extend(flag("ACK"));
    }
    told
}

fn about_segment(trace: &Trace, id: ConnectionId, row: usize) -> Vec<Explanation> {
    let record = trace.row(id, row);
    let words = record.flags.words();
    let (acknowledges, others): (Vec<_>, Vec<_>) =
        words.split(',').partition(|word| *word == "ACK");
    let mut told: Vec<_> = others.iter().filter_map(|word| flag(word)).collect();
    if !others.is_empty() {
        told.extend(acknowledges.iter().filter_map(|word| flag(word)));
    }
    let notes = Note::ALL
        .into_iter()
        .filter(|(it, _)| record.notes.has(*it));
    told.extend(notes.map(|(it, _)| note(it)));
    let before = trace.states_before(id, row);
    told.extend(states(record.states, before));
    let sure = PerSide::of(|side| ladder::certainty(trace, id, row, side));
    told.extend(merged(
        sure,
        changed_first(record.states, before),
        certainty,
    ));
    told
}

/// The sides, the one whose state changed first.
fn changed_first(after: PerSide<State>, before: PerSide<State>) -> [Side; 2] {
    let mut sides = Side::BOTH;
    sides.sort_by_key(|side| after[*side] == before[*side]);
    sides
}

/// Both states, the changed one first; of both at once where they are the same.
fn states(after: PerSide<State>, before: PerSide<State>) -> Vec<Explanation> {
    merged(after, changed_first(after, before), state)
}

fn merged<T: Copy + PartialEq>(
    of: PerSide<T>,
    order: [Side; 2],
    explain: impl Fn(T) -> Explanation,
) -> Vec<Explanation> {
    if of.client == of.server {
        return vec![explain(of.client).of("both")];
    }
    order.map(|side| explain(of[side]).of(side.name())).into()
}

fn about_aside(trace: &Trace, aside: &Aside) -> Vec<Explanation> {
    match &aside.said {
        Said::Call { text, .. } => call(text),
        Said::Order(_) => vec![ORDER.clone()],
        Said::Error(seen) => icmp(seen.error.words()).into_iter().collect(),
        Said::Kernel(ends) => {
            let runs = |side: &Side| {
                ends[*side]
                    .as_ref()
                    .is_some_and(|end| !end.timer.is_empty())
            };
            let runs = Side::BOTH.iter().any(runs);
            let shown = trace.states_at(aside);
            let state = |side: Side| ends[side].as_ref().map_or(shown[side], |end| end.state);
            let told = KERNEL.iter().take(1 + usize::from(runs)).cloned();
            told.chain(states(PerSide::of(state), shown)).collect()
        }
        Said::Deed { side, deed } => {
            let meant = match deed {
                Deed::SentReset(name) => reason::find(name),
                _ => None,
            };
            let meant = meant.and_then(|reason| reason.causes.first());
            let meant = meant.map(|id| cause(*id, Some(*side)));
            [DEED.clone()].into_iter().chain(meant).collect()
        }
    }
}

/// How the connection ended, the likeliest causes and how sure they are, and what ICMP said.
fn about_verdict(trace: &Trace, id: ConnectionId, of: &Ending) -> Vec<Explanation> {
    let connection = trace.connection(id);
    let mut told = vec![ending(of.kind)];
    let silent = matches!(of.kind, Kind::TimedOut | Kind::Unanswered);
    let by = of
        .reset_by
        .or(of.kind.eq(&Kind::Unanswered).then_some(Side::Client));
    told.extend(of.causes.iter().take(CAUSES).map(|it| cause(it.id, by)));
    told.extend(of.causes.first().map(|it| confidence(it.confidence)));
    let error = connection.last_error.filter(|_| silent);
    told.extend(error.and_then(|seen| icmp(seen.error.words())));
    // The cause `refused` of an ending `refused` says more.
    if told
        .get(1)
        .is_some_and(|second| second.term == told[0].term)
    {
        told.remove(0);
    }
    told
}
