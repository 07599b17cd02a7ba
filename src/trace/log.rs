//! The log of a connection: its segments, and what befell it between them, in a few octets each. Following a log anew
//! gives the connection and every row of it, so nothing else has to be kept of a connection that rests.
//!
//! Each entry stands as its difference from what is likely after the one before: numbers go on where the last segment of
//! that side ended, windows and times to live stay. A segment takes some 11 octets, with its place some 15.

mod entries;
mod logged;

pub use entries::Entries;
pub use logged::{Befell, Entry, Logged, Reported};

use std::net::IpAddr;

use super::octets::{Few, put, put_all, zigzag};
use crate::conn::Side;
use crate::wire::{Flags, LinkType, Place, Seq, Told};

/// What the next entry is likely to continue.
#[derive(Clone, Copy, Debug)]
struct Last {
    time_ns: u64,
    frame: u32,
    /// Where the frame before ended.
    offset: u64,
    link: LinkType,
    /// By side: the number after the last one sent, window and time to live.
    sent: [(Seq, u16, u8); 2],
}

impl Default for Last {
    fn default() -> Self {
        Last {
            time_ns: 0,
            frame: 0,
            offset: 0,
            link: LinkType::ETHERNET,
            sent: [(Seq(0), 0, 0); 2],
        }
    }
}

impl Last {
    fn segment(&mut self, it: &Logged) {
        let taken = u32::from(it.flags.has(Flags::SYN)) + u32::from(it.flags.has(Flags::FIN));
        self.time_ns = it.time_ns;
        self.frame = it.place.frame;
        self.offset = it.place.offset.wrapping_add(it.place.captured.into());
        self.link = it.place.link;
        self.sent[it.from as usize] = (it.seq + it.len + taken, it.wnd, it.ttl);
    }
}

/// The first octet of a segment: what is as expected, and then isn't said.
mod is {
    pub const FROM_SERVER: u8 = 1;
    pub const OTHER_SEQ: u8 = 1 << 1;
    pub const OTHER_ACK: u8 = 1 << 2;
    pub const OTHER_WINDOW: u8 = 1 << 3;
    pub const OTHER_TTL: u8 = 1 << 4;
    pub const DATA: u8 = 1 << 5;
    pub const OPTIONS: u8 = 1 << 6;
    /// It is none: the other bits say what befell.
    pub const NO_SEGMENT: u8 = 1 << 7;
}

/// Room that an empty log keeps: most connections need no more.
const SPARE_OCTETS: usize = 512;

/// A log being written.
#[derive(Clone, Debug, Default)]
pub struct Log {
    octets: Vec<u8>,
    last: Last,
    /// The last entry is a doubt: another says no more.
    doubted: bool,
    /// Where frames stand in the file isn't asked of this trace.
    without_places: bool,
}

impl Log {
    #[must_use]
    pub fn new(without_places: bool) -> Self {
        Log {
            without_places,
            ..Log::default()
        }
    }

    #[must_use]
    pub fn octets(&self) -> &[u8] {
        &self.octets
    }

    /// Empties it; its memory is kept.
    pub fn clear(&mut self) {
        self.octets.clear();
        (self.last, self.doubted) = (Last::default(), false);
    }

    /// Empties it, and gives back what the longer ones need.
    pub fn slim(&mut self) {
        self.clear();
        self.octets.shrink_to(SPARE_OCTETS);
    }

    /// Adds a segment.
    pub fn segment(&mut self, it: &Logged) {
        let (seq, wnd, ttl) = self.last.sent[it.from as usize];
        let (ack, ..) = self.last.sent[it.from.peer() as usize];
        let has_options = it.told != Told::default();
        let bits = [
            (it.from == Side::Server, is::FROM_SERVER),
            (it.seq != seq, is::OTHER_SEQ),
            (it.ack != ack, is::OTHER_ACK),
            (it.wnd != wnd, is::OTHER_WINDOW),
            (it.ttl != ttl, is::OTHER_TTL),
            (it.len != 0, is::DATA),
            (has_options, is::OPTIONS),
        ];
        let head = bits
            .iter()
            .fold(0, |head, &(set, bit)| head | if set { bit } else { 0 });
        // The longest takes 75.
        let mut all = Few::new();
        let out = &mut all;
        out.push(head);
        put(out, it.flags.0.into());
        put(out, zigzag(it.time_ns.wrapping_sub(self.last.time_ns)));
        if it.seq != seq {
            put_all(out, &it.seq.0.to_le_bytes());
        }
        if it.ack != ack {
            put_all(out, &it.ack.0.to_le_bytes());
        }
        if it.wnd != wnd {
            put_all(out, &it.wnd.to_le_bytes());
        }
        if it.ttl != ttl {
            out.push(it.ttl);
        }
        if it.len != 0 {
            put(out, it.len.into());
        }
        if has_options {
            put_told(out, &it.told);
        }
        put(out, u64::from(it.place.frame.wrapping_sub(self.last.frame)));
        if !self.without_places {
            let Place {
                offset,
                captured,
                wire_len,
                link,
                ..
            } = it.place;
            let other_link = link != self.last.link;
            put(out, zigzag(offset.wrapping_sub(self.last.offset)));
            put(out, u64::from(captured) << 1 | u64::from(other_link));
            put(out, u64::from(wire_len.wrapping_sub(captured)));
            if other_link {
                put_all(out, &link.0.to_le_bytes());
            }
        }
        self.octets.extend_from_slice(out);
        self.last.segment(it);
        self.doubted = false;
    }

    /// Adds what befell.
    pub fn befell(&mut self, what: Befell) {
        if self.doubted && what == Befell::Doubt {
            return;
        }
        self.doubted = what == Befell::Doubt;
        let mut all = Few::new();
        let out = &mut all;
        let since = |at: u64| zigzag(at.wrapping_sub(self.last.time_ns));
        match what {
            Befell::Met { receiver, at } => {
                out.push(is::NO_SEGMENT | receiver as u8);
                put(out, since(at));
            }
            Befell::Replaced { at } => {
                out.push(is::NO_SEGMENT | 2);
                put(out, since(at));
            }
            Befell::Doubt => out.push(is::NO_SEGMENT | 3),
            Befell::Error(it) => {
                let is_ipv6 = u8::from(it.reporter.is_ipv6());
                out.push(is::NO_SEGMENT | 4 | it.about as u8 | is_ipv6 << 1);
                put_all(out, &[it.kind, it.code]);
                put_all(out, &it.seq.0.to_le_bytes());
                match it.reporter {
                    IpAddr::V4(ip) => put_all(out, &ip.octets()),
                    IpAddr::V6(ip) => put_all(out, &ip.octets()),
                }
            }
        }
        self.octets.extend_from_slice(out);
    }
}

fn put_told(out: &mut Few, told: &Told) {
    let what = u8::from(told.window_scale.is_some())
        | u8::from(told.sack_permitted) << 1
        | u8::from(told.sack.is_some()) << 2;
    out.push(what);
    out.extend(told.window_scale);
    if let Some((from, to)) = told.sack {
        put_all(out, &from.0.to_le_bytes());
        put_all(out, &to.0.to_le_bytes());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn side() -> impl Strategy<Value = Side> {
        prop_oneof![Just(Side::Client), Just(Side::Server)]
    }

    /// Mostly small, sometimes anything.
    fn number() -> impl Strategy<Value = u32> {
        prop_oneof![0..3u32, 90..110u32, any::<u32>()]
    }

    prop_compose! {
        fn place()(
            offset in any::<u64>(), captured in number(), wire_len in number(), link in 0..3i32, frame in number(),
        ) -> Place {
            Place { offset, captured, wire_len, link: LinkType(link), frame }
        }
    }

    prop_compose! {
        fn told()(
            window_scale in proptest::option::of(0..15u8),
            sack_permitted in any::<bool>(),
            sack in proptest::option::of((number(), number())),
        ) -> Told {
            Told { window_scale, sack_permitted, sack: sack.map(|(from, to)| (Seq(from), Seq(to))) }
        }
    }

    prop_compose! {
        fn segment()(
            time_ns in prop_oneof![0..9u64, any::<u64>()], place in place(), from in side(), flags in 0..512u16,
            seq in number(), ack in number(), len in number(), wnd in 0..3u16, ttl in 63..65u8,
            told in prop_oneof![Just(Told::default()), told()],
        ) -> Entry {
            Entry::Segment(Logged {
                time_ns, place, from, flags: Flags(flags), seq: Seq(seq), ack: Seq(ack), len, wnd, ttl, told,
            })
        }
    }

    prop_compose! {
        fn reported()(
            about in side(), reporter in any::<IpAddr>(), seq in number(), kind in any::<u8>(), code in any::<u8>(),
        ) -> Reported {
            Reported { about, reporter, seq: Seq(seq), kind, code }
        }
    }

    fn befell() -> impl Strategy<Value = Entry> {
        let what = prop_oneof![
            (side(), any::<u64>()).prop_map(|(receiver, at)| Befell::Met { receiver, at }),
            any::<u64>().prop_map(|at| Befell::Replaced { at }),
            Just(Befell::Doubt),
            reported().prop_map(Befell::Error),
        ];
        what.prop_map(Entry::Stimulus)
    }

    fn written(entries: &[Entry], without_places: bool) -> Log {
        let mut log = Log::new(without_places);
        for entry in entries {
            match entry {
                Entry::Segment(it) => log.segment(it),
                Entry::Stimulus(what) => log.befell(*what),
            }
        }
        log
    }

    proptest! {
        #[test]
        fn what_is_written_into_a_log_is_read_again(
            entries in proptest::collection::vec(prop_oneof![4 => segment(), 1 => befell()], 0..20)
        ) {
            let log = written(&entries, false);
            let doubt = Entry::Stimulus(Befell::Doubt);
            let mut entries = entries;
            entries.dedup_by(|a, b| *a == doubt && a == b);
            let read: Vec<_> = Entries::new(log.octets(), false).collect();
            prop_assert_eq!(read, entries);
        }

        #[test]
        fn octets_that_are_no_log_end(octets in proptest::collection::vec(any::<u8>(), 0..99)) {
            prop_assert!(Entries::new(&octets, false).count() <= octets.len());
        }
    }

    #[test]
    fn a_log_without_places_takes_eleven_octets_for_an_acknowledgement_a_millisecond_later() {
        let logged = |time_ns, from, seq: u32, ack: u32| Logged {
            time_ns,
            place: Place {
                offset: 9,
                captured: 66,
                wire_len: 66,
                link: LinkType::ETHERNET,
                frame: 7,
            },
            from,
            flags: Flags::ACK,
            seq: Seq(seq),
            ack: Seq(ack),
            len: 0,
            wnd: 512,
            ttl: 64,
            told: Told::default(),
        };
        let first = 1_700_000_000_000_000_000;
        let mut log = Log::new(true);
        log.segment(&logged(first, Side::Client, 1, 9));
        log.segment(&logged(first, Side::Server, 9, 1));
        let before = log.octets().len();
        log.segment(&logged(first + 1_000_000, Side::Client, 1, 9));
        assert!(log.octets().len() - before <= 11);
        let read = Entries::new(log.octets(), true).last();
        let Some(Entry::Segment(it)) = read else {
            panic!("{read:?}")
        };
        assert_eq!((it.seq, it.ack, it.place.frame), (Seq(1), Seq(9), 7));
    }
}
