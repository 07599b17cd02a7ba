//! Where among the segments stands what the kernels told, by its time.
//!
//! A kernel changes a state just before it sends the segment that shows it, and just after it has taken one; and its words come on
//! another way than the frames. So each waits until the segments around it are there, and then stands behind the one that shows the
//! same, if there is one near.

mod resets;

use std::collections::VecDeque;
use std::net::SocketAddr;

use resets::{Reset, Resets};

use super::aside::{Aside, Deed, Heard, KernelEnd, Said, Word};
use super::{Record, Trace};
use crate::conn::state::PerSide;
use crate::conn::{ConnectionId, Side, State};
use crate::wire::Flags;

/// A segment so many nanoseconds before or after is near.
const NEAR_NS: u64 = 20_000_000;

/// How long a word waits for segments where none come, in nanoseconds: as long as a capture may take to hand them on.
const PATIENCE_NS: u64 = 300_000_000;

/// How long a word waits for the connection that it is about, in nanoseconds.
const LOST_NS: u64 = 2_000_000_000;

/// Words that may wait: the oldest go beyond that.
const MOST: usize = 8192;

/// Rows looked at for one word.
const ROWS: usize = 512;

/// What has been heard and has no place yet.
#[derive(Debug, Default)]
pub(super) struct Hearing {
    /// By time.
    waiting: VecDeque<Heard>,
    /// What was told until then has its place, or the segments around it are there: nanoseconds since the Unix epoch.
    settled_ns: u64,
    /// Those that found their places since somebody asked.
    placed: Vec<Aside>,
    /// Whether anybody asks for them.
    wants_placed: bool,
    /// Which of them may still get a reason.
    pub(super) resets: Resets,
    /// How many words were dropped.
    left_out: u64,
}

impl Hearing {
    fn hear(&mut self, heard: Heard) {
        self.resets.ask();
        let at = self
            .waiting
            .partition_point(|known| known.time_ns <= heard.time_ns);
        self.waiting.insert(at, heard);
        if self.waiting.len() > MOST {
            self.waiting.pop_front();
            self.left_out += 1;
        }
    }

    /// A frame was captured at this time: frames come in the order of their times.
    pub(super) fn come(&mut self, frame_ns: u64) {
        self.settled_ns = self.settled_ns.max(frame_ns.saturating_sub(NEAR_NS));
    }

    /// Time has passed, to so many nanoseconds since the Unix epoch.
    pub(super) fn pass(&mut self, now_ns: u64) {
        self.settled_ns = self.settled_ns.max(now_ns.saturating_sub(PATIENCE_NS));
    }
}

impl Trace {
    /// Takes what kernels told of their sockets; each comes into its place once the segments around it are there.
    pub fn hear(&mut self, all: Vec<Heard>) {
        for heard in all {
            self.heard.hear(heard);
        }
    }

    /// Who asks for what found its place gets it from now on.
    pub fn keep_placed(&mut self) {
        self.heard.wants_placed = true;
    }

    /// Whether somebody asks for that.
    #[must_use]
    pub fn keeps_placed(&self) -> bool {
        self.heard.wants_placed
    }

    /// What the kernels told and has found its place since the last call.
    pub fn take_placed(&mut self) -> Vec<Aside> {
        std::mem::take(&mut self.heard.placed)
    }

    /// How many words of the kernels have no place: nobody has captured what they are about, or too many waited.
    #[must_use]
    pub fn heard_in_vain(&self) -> u64 {
        self.heard.left_out
    }

    /// Gives places to those whose time has come.
    pub(super) fn place_heard(&mut self) {
        if self.heard.waiting.is_empty() {
            return;
        }
        let settled_ns = self.heard.settled_ns;
        self.place_until(settled_ns, settled_ns.saturating_sub(LOST_NS));
    }

    /// Gives places to all: no segment comes any more.
    pub(super) fn place_all_heard(&mut self) {
        self.place_until(u64::MAX, u64::MAX);
    }

    /// Gives places to what was told until then; what finds none and is older than `lost_ns` is dropped.
    fn place_until(&mut self, settled_ns: u64, lost_ns: u64) {
        let due = &mut self.heard.waiting;
        let due = due.partition_point(|heard| heard.time_ns <= settled_ns);
        for heard in self.heard.waiting.drain(..due).collect::<Vec<_>>() {
            if self.give_place(&heard) {
                continue;
            }
            if heard.time_ns > lost_ns {
                self.heard.hear(heard);
            } else {
                self.heard.left_out += 1;
            }
        }
    }

    /// Which end of which connection it is about: of those between the same ports the newest that had begun.
    fn whose(&self, heard: &Heard) -> Option<(ConnectionId, Side)> {
        let (mut id, _) = self.newest_between(heard.local, heard.remote)?;
        loop {
            let (previous, addresses) = {
                let connection = self.connection(id);
                (connection.previous, connection.addresses)
            };
            let began_ns = self.row(id, 0).time_ns;
            match previous.filter(|previous| self.has(*previous)) {
                Some(previous) if heard.time_ns + NEAR_NS < began_ns => id = previous,
                _ => {
                    let is_client = addresses.client == heard.local;
                    return Some((
                        id,
                        if is_client {
                            Side::Client
                        } else {
                            Side::Server
                        },
                    ));
                }
            }
        }
    }

    /// The RST that has this reason: the nearest of that end, or, for who doesn't know to whom it went, of that address.
    fn reset_for(&mut self, heard: &Heard, whose: Option<(ConnectionId, Side)>) -> Option<Reset> {
        let mut resets = std::mem::take(&mut self.heard.resets);
        let is_from = |end: SocketAddr| {
            let any = heard.local.ip().is_unspecified() && heard.local.port() == end.port();
            any || heard.local == end
        };
        let reset = resets.tell(heard.time_ns, |reset| match whose {
            Some(whose) => (reset.id, reset.from) == whose,
            None => self.has(reset.id) && is_from(self.addresses(reset.id)[reset.from]),
        });
        self.heard.resets = resets;
        reset
    }

    /// Gives a word its place; whether there is one.
    fn give_place(&mut self, heard: &Heard) -> bool {
        let knows_peer = heard.remote.port() != 0;
        let whose = if knows_peer { self.whose(heard) } else { None };
        if whose.is_none() && knows_peer {
            return false;
        }
        let reset = match heard.word {
            Word::Deed(Deed::SentReset(_)) => self.reset_for(heard, whose),
            _ => None,
        };
        let whose = whose.or(reset.map(|reset| (reset.id, reset.from)));
        let Some((id, side)) = whose.filter(|(id, _)| self.has(*id)) else {
            return false;
        };
        match (&heard.word, reset) {
            (Word::End(end), _) => {
                let near = Near::of(self, id, heard.time_ns);
                self.place_end(id, side, heard.time_ns, end.clone(), &near);
            }
            (Word::Deed(deed), Some(reset)) => {
                // A reason stands before what comes of the RST, though it may be told after it has been sent.
                let time_ns = self.row(id, reset.row).time_ns;
                let row = u32::try_from(reset.row + 1).unwrap_or(u32::MAX);
                self.place_deed(id, side, (row, time_ns), deed.clone());
            }
            (Word::Deed(deed), None) => {
                let place = Near::of(self, id, heard.time_ns).deed(side, deed, heard.time_ns);
                self.place_deed(id, side, place, deed.clone());
            }
        }
        true
    }

    fn place_deed(&mut self, id: ConnectionId, side: Side, (row, time_ns): (u32, u64), deed: Deed) {
        // An RST that was taken and the error that comes of it are one.
        if let Deed::Error(error) = &deed
            && self.adds_error(id, side, row, time_ns, error)
        {
            return;
        }
        self.tell(Aside {
            time_ns,
            connection: id,
            row,
            said: Said::Deed { side, deed },
        });
    }

    fn tell(&mut self, aside: Aside) {
        if self.heard.wants_placed {
            self.heard.placed.push(aside.clone());
        }
        self.remark(aside);
    }

    /// Whether an RST that was just taken has got this error.
    fn adds_error(
        &mut self,
        id: ConnectionId,
        side: Side,
        row: u32,
        time_ns: u64,
        error: &str,
    ) -> bool {
        let is_it = |aside: &&mut Aside| {
            let is_near = time_ns.abs_diff(aside.time_ns) <= NEAR_NS;
            let took = matches!(&aside.said, Said::Deed { side: its, deed: Deed::TookReset(known) }
                if *its == side && known.is_empty());
            is_near && took
        };
        let Some(took) = self.asides_from(id, row).iter_mut().rfind(is_it) else {
            return false;
        };
        let said = Said::Deed {
            side,
            deed: Deed::TookReset(error.into()),
        };
        took.said = said;
        let corrected = took.clone();
        self.correct(&corrected);
        true
    }

    /// Nobody has been given it yet: then it is told as it is now.
    fn correct(&mut self, aside: &Aside) {
        let is_it = |known: &&mut Aside| {
            let same = (known.connection, known.row, known.time_ns);
            same == (aside.connection, aside.row, aside.time_ns)
        };
        let kind = std::mem::discriminant(&aside.said);
        let of_kind = |known: &&mut Aside| std::mem::discriminant(&known.said) == kind;
        let mut placed = self.heard.placed.iter_mut().filter(of_kind);
        if let Some(known) = placed.rfind(is_it) {
            *known = aside.clone();
        } else if self.heard.wants_placed {
            self.heard.placed.push(aside.clone());
        }
    }

    /// Puts the state of an end beside the other end's, if it is news.
    fn place_end(
        &mut self,
        id: ConnectionId,
        side: Side,
        time_ns: u64,
        end: KernelEnd,
        near: &Near,
    ) {
        let latest = self.asides(id).iter().rev();
        let latest = latest.take(ROWS).find_map(|aside| match &aside.said {
            Said::Kernel(ends) => Some((aside.row, aside.time_ns, ends.clone())),
            _ => None,
        });
        let (known_row, known_ns, mut ends) = latest.unwrap_or_default();
        if ends[side].as_ref().is_some_and(|known| known.tells(&end)) {
            return;
        }
        let row = near.state(side, &end, time_ns).max(known_row);
        let time_ns = time_ns.max(near.behind_ns(row));
        ends[side] = Some(end);
        // What changes behind one segment within a moment is told once, as it is in the end.
        let is_one = known_row == row && known_ns > 0 && time_ns.abs_diff(known_ns) <= NEAR_NS;
        if is_one {
            let is_it = |aside: &&mut Aside| matches!(aside.said, Said::Kernel(_));
            if let Some(known) = self.asides_from(id, row).iter_mut().rfind(is_it) {
                known.said = Said::Kernel(ends);
                let corrected = known.clone();
                self.correct(&corrected);
                return;
            }
        }
        self.tell(Aside {
            time_ns,
            connection: id,
            row,
            said: Said::Kernel(ends),
        });
    }
}

impl KernelEnd {
    /// Whether it tells all that another one does, but for how much waits, and how long a timer runs.
    fn tells(&self, other: &KernelEnd) -> bool {
        let kind = |timer: &str| timer.split(' ').next().unwrap_or_default().to_string();
        let waits = |end: &KernelEnd| [end.waiting().receive > 0, end.waiting().send > 0];
        let same_state = self.state == other.state;
        if other.queues.is_none() {
            return same_state;
        }
        same_state && waits(self) == waits(other) && kind(&self.timer) == kind(&other.timer)
    }
}

/// The segments around a moment.
struct Near {
    /// How many segments were captured until then.
    before: usize,
    /// From this row on.
    from: usize,
    rows: Vec<Record>,
    /// The states before the first of them.
    states: PerSide<State>,
}

impl Near {
    fn of(trace: &Trace, id: ConnectionId, time_ns: u64) -> Near {
        let len = trace.len(id);
        let mut before = len;
        while before > 0 && trace.row(id, before - 1).time_ns > time_ns && len - before < ROWS {
            before -= 1;
        }
        let is_near = |row: &usize| trace.row(id, *row).time_ns.abs_diff(time_ns) <= NEAR_NS;
        let above = (0..before).rev().take(ROWS).take_while(is_near).count();
        let from = before - above;
        let rows = (from..len)
            .take(above + ROWS)
            .take_while(|row| *row < before || is_near(row))
            .map(|row| trace.row(id, row))
            .collect();
        Near {
            before,
            from,
            rows,
            states: trace.states_before(id, from),
        }
    }

    /// Behind how many segments the state of an end stands: where tcpviz has the same, if that is near.
    fn state(&self, side: Side, end: &KernelEnd, time_ns: u64) -> u32 {
        let above = self.before - self.from;
        let at_once = match above.checked_sub(1) {
            Some(last) => self.rows[last].states[side],
            None => self.states[side],
        };
        let has_it = |row: &Record| row.states[side] == end.state && row.time_ns >= time_ns;
        let later = self.rows[above..].iter().position(has_it);
        let behind = match later {
            Some(rows) if at_once != end.state => self.before + rows + 1,
            _ => self.before,
        };
        u32::try_from(behind).unwrap_or(u32::MAX)
    }

    /// The first moment behind so many segments, and behind the reason of an RST.
    fn behind_ns(&self, row: u32) -> u64 {
        let at = (row as usize).checked_sub(self.from + 1);
        let above = at.and_then(|at| self.rows.get(at));
        above.map_or(0, |above| above.time_ns + 1)
    }

    /// Behind how many segments something stands that a side did, and when: with the segment that it is about, if that is near.
    fn deed(&self, side: Side, deed: &Deed, time_ns: u64) -> (u32, u64) {
        let opens_or_ends = Flags::SYN | Flags::FIN;
        let is_about = |row: &Record| match deed {
            Deed::TookReset(_) => row.from != side && row.flags.has(Flags::RST),
            Deed::SentAgain => row.from == side && (row.len > 0 || row.flags.has(opens_or_ends)),
            // One that has a reason already isn't it.
            Deed::SentReset(_) | Deed::Error(_) => false,
        };
        let all = self.rows.iter().enumerate();
        let nearest = all
            .filter(|(_, row)| is_about(row))
            .min_by_key(|(_, row)| row.time_ns.abs_diff(time_ns));
        let (behind, time_ns) = match nearest {
            Some((at, row)) => (self.from + at + 1, time_ns.max(row.time_ns)),
            None => (self.before, time_ns),
        };
        (u32::try_from(behind).unwrap_or(u32::MAX), time_ns)
    }
}

#[cfg(test)]
mod tests;
