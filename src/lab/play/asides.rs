//! What a play tells beside the segments, and who is told.

use std::collections::VecDeque;

use super::acting::Pending;
use super::{Audience, Play, newest};
use crate::trace::{Aside, Said, Trace};

impl Play {
    /// Puts a call into the ladder: in one line, or with a begin and an end if something came between.
    pub(super) fn show(&mut self, actor: &str, pending: &Pending) {
        let (ended_ns, result) = pending.ended.clone().unwrap_or_default();
        // The end of a process that made the call has no time of its own.
        let ended_ns = ended_ns.max(pending.began_ns);
        let has_waited = pending.shown
            || (pending.call.waits() && self.came_between(pending.began_ns, ended_ns));
        if has_waited && !pending.shown {
            self.say_begin(actor, pending);
        }
        let at_ns = if has_waited {
            ended_ns
        } else {
            pending.began_ns
        };
        // How a child ended that another actor has forked only that one could know.
        let text = if result.is_empty() || result.starts_with("exited") || result == "gone" {
            pending.text.clone()
        } else {
            format!("{} = {result}", pending.text)
        };
        self.say_call(actor, pending, at_ns, &text, has_failed(&result));
    }

    fn say_begin(&mut self, actor: &str, pending: &Pending) {
        let text = format!("{} ...", pending.text);
        self.say_call(actor, pending, pending.began_ns, &text, false);
    }

    /// A line on the side of the call; who makes it is said where that isn't plain.
    fn say_call(&mut self, actor: &str, pending: &Pending, at_ns: u64, text: &str, failed: bool) {
        let side = self.side_of(actor, Some(&pending.call));
        let text = if actor == side.name() {
            text.into()
        } else {
            format!("{actor}: {text}")
        };
        self.say(at_ns, Said::Call { side, text, failed });
    }

    /// Puts the begin of a call into the ladder that goes on.
    fn show_begin(&mut self, actor: &str) {
        let front = self.calls.get_mut(actor).and_then(VecDeque::front_mut);
        let Some(pending) = front.filter(|it| !it.shown) else {
            return;
        };
        pending.shown = true;
        let pending = pending.clone();
        self.say_begin(actor, &pending);
    }

    /// Calls that others are in, and what signals' handlers did.
    pub(super) fn show_others(&mut self) {
        let waiting: Vec<_> = self
            .calls
            .iter()
            .filter(|(_, calls)| {
                // What doesn't wait stands in one line, when it is asked for.
                calls
                    .front()
                    .is_some_and(|it| !it.shown && (it.call.waits() || it.ended.is_none()))
            })
            .map(|(actor, _)| actor.clone())
            .collect();
        for actor in waiting {
            self.show_begin(&actor);
        }
        for (time_ns, text) in std::mem::take(&mut self.handled) {
            self.say(time_ns, Said::Order(text));
        }
    }

    /// Whether a segment was captured between two times.
    fn came_between(&mut self, from_ns: u64, to_ns: u64) -> bool {
        let trace = self.recorder.trace();
        let mut records = trace.records();
        records.any(|record| (from_ns..to_ns).contains(&record.time_ns))
    }

    /// Puts something into the ladder of the newest connection, or of the first that will come.
    pub(super) fn say(&mut self, time_ns: u64, said: Said) {
        let connection = newest(self.recorder.trace()).unwrap_or(0);
        self.asides.push(Aside {
            time_ns,
            connection,
            row: 0,
            said,
        });
    }

    /// Tells whoever watches what is new.
    pub(super) fn pass_on(&mut self, audience: &mut dyn Audience) {
        let trace = self.recorder.trace();
        for aside in &mut self.asides[self.passed_on..] {
            place(aside, trace);
        }
        for feed in self.recorder.take_fresh() {
            audience.feed(feed);
        }
        for aside in &self.asides[self.passed_on..] {
            audience.aside(aside);
        }
        self.passed_on = self.asides.len();
    }
}

/// Finds an aside's place among the segments, by its time.
pub(super) fn place(aside: &mut Aside, trace: &Trace) {
    let is_there = (aside.connection as usize) < trace.ids().len();
    let rows = is_there.then(|| trace.rows_of(aside.connection));
    let before = rows.into_iter().flatten();
    let before = before.filter(|record| record.time_ns <= aside.time_ns);
    aside.row = u32::try_from(before.count()).unwrap_or(u32::MAX);
}

/// Whether a result is an error, or the end of a process.
fn has_failed(result: &str) -> bool {
    let is_error = |word: &str| {
        word.len() > 2 && word.starts_with('E') && word.chars().all(|c| c.is_ascii_uppercase())
    };
    let mut words = result.split([' ', ',']);
    result.starts_with("killed") || words.any(is_error)
}
