//! Of all that was captured: what is the command's, frame by frame into a file of its own.

use std::collections::HashMap;
use std::ops::RangeInclusive;
use std::time::SystemTime;

use anyhow::{anyhow, bail};

use super::turns::{Begun, Chosen, Turn};

use tcpviz::command::{Ends, Whose};
use tcpviz::source::frames::Visit;
use tcpviz::source::save::SaveFile;
use tcpviz::source::{Frames, Store};
use tcpviz::story::numbers::printable;
use tcpviz::wire::{Decoded, Flags, Frame, LinkType, Segment, decode, decode_error};

/// What was kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Kept {
    pub segments: u64,
    /// Connections of which it isn't known whose they are.
    pub unknown: u64,
}

/// Writes the command's frames to `file`: segments, and ICMP errors about them. `ran`: from when to when the command did.
///
/// # Errors
/// One of the files can't be read or written, or is removed by now.
pub fn keep(
    all: &Store,
    (whose, ran): (&Whose, (SystemTime, SystemTime)),
    link: LinkType,
    file: &mut SaveFile,
) -> anyhow::Result<Kept> {
    let mut keeper = Keeper {
        chosen: chosen(all, whose),
        whose,
        begun: since_epoch(ran.0)..=if whose.is_over {
            since_epoch(ran.1)
        } else {
            u64::MAX
        },
        known: HashMap::new(),
        kept: Kept::default(),
    };
    let mut written = file.begin(link);
    let ended = Frames::following(all).visit(|come| {
        if let Visit::Frame(frame) = come
            && keeper.wants(frame)
        {
            file.add(frame.time_ns, frame.wire_len, frame.data);
            if file.is_full() {
                written = file.flush();
            }
        }
        written.is_ok()
    });
    written.and_then(|()| file.flush()).map_err(|why| {
        let path = printable(&file.held.path.to_string_lossy());
        anyhow!("{path} can't be written: {why}; -w FILE names a file elsewhere")
    })?;
    // A record that is cut is the last: the capture broke off there, and why is told by who ended it.
    if let Some(why) = ended.and_then(|ended| ended.error) {
        bail!("what was captured can't be read: {why}");
    }
    if file.held.is_removed() {
        let path = printable(&file.held.path.to_string_lossy());
        bail!("{path} was removed while the command ran; -w FILE names a file elsewhere");
    }
    Ok(keeper.kept)
}

/// The segments that a file holds.
pub fn count(all: &Store) -> u64 {
    let mut count = 0;
    let _ = Frames::following(all).visit(|come| {
        if let Visit::Frame(frame) = come {
            count += u64::from(decode(frame).is_ok());
        }
        true
    });
    count
}

/// Which of the connections between the command's ends were its own.
fn chosen(all: &Store, whose: &Whose) -> Chosen {
    let mut begun = Begun::default();
    if whose.is_certain {
        // What can't be read is told where it is read for the second time.
        let _ = Frames::following(all).visit(|come| {
            if let Visit::Frame(frame) = come
                && let Ok(Decoded { segment, .. }) = decode(frame)
            {
                let ends = Ends::of(segment.src, segment.dst);
                if whose.own.contains_key(&ends) {
                    begun.take(ends, &segment, frame.time_ns);
                }
            }
            true
        });
    }
    begun.nearest(&whose.own)
}

fn since_epoch(time: SystemTime) -> u64 {
    let since = time.duration_since(SystemTime::UNIX_EPOCH);
    since.map_or(0, |since| {
        u64::try_from(since.as_nanos()).unwrap_or(u64::MAX)
    })
}

struct Keeper<'a> {
    whose: &'a Whose,
    /// When it may have begun connections: nanoseconds since the Unix epoch.
    begun: RangeInclusive<u64>,
    /// Of the latest connection between two ends: whether it is wanted.
    known: HashMap<Ends, Known>,
    chosen: Chosen,
    kept: Kept,
}

#[derive(Debug, Default)]
struct Known {
    turn: Turn,
    /// Of which of the connections between its ends this is known, counted as the turn does.
    of: Option<usize>,
    is_wanted: bool,
}

impl Keeper<'_> {
    fn wants(&mut self, frame: &Frame<'_>) -> bool {
        if let Ok(Decoded { segment, .. }) = decode(frame) {
            let ends = Ends::of(segment.src, segment.dst);
            let begins = segment.flags.has(Flags::SYN) && self.begun.contains(&frame.time_ns);
            let is_wanted =
                self.decide(ends, &segment, begins) && self.chosen.wants(ends, &segment);
            self.kept.segments += u64::from(is_wanted);
            return is_wanted;
        }
        decode_error(frame).is_some_and(|error| {
            let known = self.known.get(&Ends::of(error.src, error.dst));
            known.is_some_and(|known| known.is_wanted)
        })
    }

    /// What didn't begin while the command ran, and isn't known as its own, is somebody else's.
    fn decide(&mut self, ends: Ends, segment: &Segment, begins: bool) -> bool {
        let known = self.known.entry(ends).or_default();
        let turn = Some(known.turn.take(segment));
        if known.of != turn {
            let is_own = self.whose.own.contains_key(&ends);
            known.is_wanted = is_own || begins && self.whose.may_own(&ends);
            known.of = turn;
            self.kept.unknown += u64::from(known.is_wanted && !is_own);
        }
        known.is_wanted
    }
}

#[cfg(test)]
mod tests {
    use super::super::turns::tests::segment;
    use super::*;

    #[test]
    fn of_two_connections_of_the_same_ends_only_the_one_that_began_while_the_command_ran_is_kept() {
        let whose = Whose::default();
        let mut keeper = Keeper {
            whose: &whose,
            begun: 0..=0,
            known: HashMap::new(),
            chosen: Chosen::default(),
            kept: Kept::default(),
        };
        let (syn, fin) = (Flags::SYN, Flags::FIN);
        let mut wants = |flags, number, begins| {
            let segment = segment(true, flags, number);
            keeper.decide(Ends::of(segment.src, segment.dst), &segment, begins)
        };
        let first = [(syn, 1, false), (fin, 2, false)];
        assert_eq!(
            first.map(|(flags, seq, begins)| wants(flags, seq, begins)),
            [false; 2]
        );
        // Sent again once the command has ended it is the same connection's.
        let second = [(syn, 9, true), (syn, 9, false), (fin, 10, false)];
        assert_eq!(
            second.map(|(flags, seq, begins)| wants(flags, seq, begins)),
            [true; 3]
        );
        assert!(!wants(syn, 20, false));
        assert_eq!(keeper.kept.unknown, 1);
    }
}
