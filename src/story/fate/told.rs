//! What the lab tells of its wire: it loses what it is told to lose.
//!
//! The lab captures at the client, before the wire takes what the client sends and behind where it hands on what the server
//! sends. So only the client's segments can be in a capture and be dropped behind it.

use std::collections::VecDeque;

use crate::conn::{ConnectionId, Side};
use crate::trace::{Record, Said, Trace};
use crate::wire::Flags;

/// Rows for which it is followed what the wire holds and picks out.
const FOLLOWED_MAX: usize = 4_096;

/// What the wire does with the client's segments.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Mode {
    #[default]
    Pass,
    Drop,
    Hold,
}

/// An order, as people read it in the ladder.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Order {
    Mode(Mode),
    /// So many of those that it holds go on; `None`: all.
    Release(Option<usize>),
    Swallow,
    /// It will drop so many of them.
    Lose(usize, String),
    /// Nothing will arrive any more.
    Down,
}

fn order(text: &str) -> Option<Order> {
    if text.ends_with("'s interface goes down") {
        return Some(Order::Down);
    }
    let about = text.strip_prefix("the wire ")?;
    Some(match about {
        "is cut" | "drops what the client sends" => Order::Mode(Mode::Drop),
        "is mended" | "passes what the client sends" => Order::Mode(Mode::Pass),
        "holds what the client sends" => Order::Mode(Mode::Hold),
        "lets the client's next segment go" => Order::Release(Some(1)),
        "lets the client's segments go" => Order::Release(None),
        "loses a segment of the client" => Order::Swallow,
        _ => {
            let rest = about.strip_prefix("will lose ")?;
            let (count, what) = rest.strip_suffix(" of the client")?.split_once(' ')?;
            Order::Lose(count.parse().ok()?, what.trim_end_matches('s').into())
        }
    })
}

/// The wire, as far as the client's segments go.
#[derive(Debug, Default)]
struct Wire {
    mode: Mode,
    down: bool,
    picks: Vec<(usize, String)>,
    /// Rows that it holds; the asked one is `Some`.
    held: VecDeque<bool>,
    followed: usize,
    /// Whether the asked one is dropped.
    dropped: Option<bool>,
}

impl Wire {
    /// Whether rows have to be looked at one by one.
    fn follows(&self) -> bool {
        self.mode == Mode::Hold || !self.picks.is_empty()
    }

    fn obey(&mut self, order: Order) {
        match order {
            Order::Mode(mode) => self.mode = mode,
            Order::Release(count) => {
                let count = count.unwrap_or(usize::MAX).min(self.held.len());
                self.let_go(count, false);
            }
            Order::Swallow => self.let_go(1, true),
            Order::Lose(count, what) => self.picks.push((count, what)),
            Order::Down => self.down = true,
        }
    }

    fn let_go(&mut self, count: usize, dropped: bool) {
        let count = count.min(self.held.len());
        if self.held.drain(..count).any(|asked| asked) {
            self.dropped = Some(dropped);
        }
    }

    fn take(&mut self, record: &Record, asked: bool) {
        if record.from != Side::Client {
            return;
        }
        self.followed += 1;
        let picked = self.picks.iter().position(|(_, what)| is(record, what));
        let dropped = match (picked, self.mode) {
            (Some(at), _) => {
                self.picks[at].0 -= 1;
                self.picks.retain(|(count, _)| *count > 0);
                true
            }
            (None, Mode::Hold) => {
                self.held.push_back(asked);
                return;
            }
            (None, mode) => mode == Mode::Drop || self.down,
        };
        if asked {
            self.dropped = Some(dropped);
        }
    }
}

/// Whether a segment is called so.
fn is(record: &Record, what: &str) -> bool {
    match what {
        "FIN" => record.flags.has(Flags::FIN),
        "SYN" => record.flags.has(Flags::SYN),
        "ACK" => record.flags == Flags::ACK && record.len == 0,
        "data" => record.len > 0,
        _ => false,
    }
}

/// Whether the lab tells that its wire dropped this segment.
pub(super) fn is_dropped(trace: &Trace, id: ConnectionId, row: usize) -> bool {
    let sent = trace.row(id, row);
    if !trace.is_played() || sent.from != Side::Client || is_mixed(trace, id, &sent) {
        return false;
    }
    let mut wire = Wire::default();
    for before in 0..id {
        follow(&mut wire, trace, before, None);
    }
    follow(&mut wire, trace, id, Some(row));
    wire.dropped == Some(true) && wire.followed <= FOLLOWED_MAX
}

/// Whether a later connection had begun: what the wire was told then isn't in the order of this one's rows.
fn is_mixed(trace: &Trace, id: ConnectionId, sent: &Record) -> bool {
    let mut later = (id + 1)..trace.ids().end;
    let next = later.find(|id| trace.has(*id));
    next.is_some_and(|next| trace.row(next, 0).time_ns <= sent.time_ns)
}

/// Follows the wire through a connection; with a row that is asked for, until it is known what became of that.
fn follow(wire: &mut Wire, trace: &Trace, id: ConnectionId, asked: Option<usize>) {
    let mut next = 0;
    for aside in trace.told_beside(id) {
        let Said::Order(text) = &aside.said else {
            continue;
        };
        let Some(order) = order(text) else { continue };
        take(wire, trace, id, next..aside.row as usize, asked);
        next = aside.row as usize;
        if wire.dropped.is_some() || wire.followed > FOLLOWED_MAX {
            return;
        }
        wire.obey(order);
    }
    take(wire, trace, id, next..trace.len(id), asked);
}

fn take(
    wire: &mut Wire,
    trace: &Trace,
    id: ConnectionId,
    rows: std::ops::Range<usize>,
    asked: Option<usize>,
) {
    if !wire.follows() {
        // Only the one that is asked for matters.
        if let Some(asked) = asked.filter(|asked| rows.contains(asked)) {
            wire.take(&trace.row(id, asked), true);
        }
        return;
    }
    for row in rows {
        wire.take(&trace.row(id, row), asked == Some(row));
        if wire.dropped.is_some() || wire.followed > FOLLOWED_MAX {
            return;
        }
    }
}
