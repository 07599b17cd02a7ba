//! Of all that was captured: what is the command's, frame by frame into a file of its own.

use std::collections::HashMap;
use std::ops::RangeInclusive;
use std::time::SystemTime;

use anyhow::{anyhow, bail};

use super::turns::{Begun, Chosen};

use tcpviz::command::{Ends, Whose};
use tcpviz::source::frames::Visit;
use tcpviz::source::save::SaveFile;
use tcpviz::source::{Frames, Store};
use tcpviz::story::numbers::printable;
use tcpviz::wire::{Decoded, Flags, Frame, LinkType, decode, decode_error};

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
/// One of the files can't be read or written.
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
        let path = printable(&file.path.to_string_lossy());
        anyhow!("{path} can't be written: {why}")
    })?;
    // A record that is cut is the last: the capture broke off there, and why is told by who ended it.
    if let Some(why) = ended.and_then(|ended| ended.error) {
        bail!("what was captured can't be read: {why}");
    }
    Ok(keeper.kept)
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
    /// Whether a connection is wanted.
    known: HashMap<Ends, bool>,
    chosen: Chosen,
    kept: Kept,
}

impl Keeper<'_> {
    fn wants(&mut self, frame: &Frame<'_>) -> bool {
        if let Ok(Decoded { segment, .. }) = decode(frame) {
            let ends = Ends::of(segment.src, segment.dst);
            let begins = segment.flags.has(Flags::SYN) && self.begun.contains(&frame.time_ns);
            let is_wanted = self.decide(ends, begins) && self.chosen.wants(ends, &segment);
            self.kept.segments += u64::from(is_wanted);
            return is_wanted;
        }
        decode_error(frame)
            .is_some_and(|error| self.known.get(&Ends::of(error.src, error.dst)) == Some(&true))
    }

    /// What didn't begin while the command ran, and isn't known as its own, is somebody else's.
    fn decide(&mut self, ends: Ends, begins: bool) -> bool {
        if let Some(known) = self.known.get(&ends) {
            return *known;
        }
        let is_own = self.whose.own.contains_key(&ends);
        let is_wanted = is_own || begins && self.whose.may_own(&ends);
        self.kept.unknown += u64::from(is_wanted && !is_own);
        self.known.insert(ends, is_wanted);
        is_wanted
    }
}
