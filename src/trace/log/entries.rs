//! Reading a log again, entry by entry.

use super::{Befell, Entry, Last, Logged, Reported, is};
use crate::conn::Side;
use crate::trace::octets::{Octets, unzigzag};
use crate::wire::{Flags, LinkType, Place, Seq, Told};

/// Reads a log again.
#[derive(Clone, Debug)]
pub struct Entries<'a> {
    rest: Octets<'a>,
    last: Last,
    without_places: bool,
}

impl<'a> Entries<'a> {
    #[must_use]
    pub fn new(octets: &'a [u8], without_places: bool) -> Self {
        Entries {
            rest: Octets(octets),
            last: Last::default(),
            without_places,
        }
    }

    fn time(&mut self) -> u64 {
        let since = unzigzag(self.rest.number());
        self.last.time_ns.wrapping_add(since)
    }

    fn told(&mut self) -> Told {
        let what = self.rest.octet();
        Told {
            window_scale: (what & 1 != 0).then(|| self.rest.octet()),
            sack_permitted: what & 2 != 0,
            sack: (what & 4 != 0).then(|| {
                let from = Seq(self.rest.u32());
                (from, Seq(self.rest.u32()))
            }),
        }
    }

    fn place(&mut self) -> Place {
        let frame = self.last.frame.wrapping_add(self.rest.number32());
        if self.without_places {
            return Place {
                frame,
                ..Place::default()
            };
        }
        let offset = self.last.offset.wrapping_add(unzigzag(self.rest.number()));
        let captured_and_link = self.rest.number();
        let captured = u32::try_from(captured_and_link >> 1).unwrap_or(u32::MAX);
        Place {
            offset,
            captured,
            wire_len: captured.wrapping_add(self.rest.number32()),
            link: if captured_and_link & 1 == 0 {
                self.last.link
            } else {
                LinkType(i32::from_le_bytes(self.rest.fixed()))
            },
            frame,
        }
    }

    fn segment(&mut self, head: u8) -> Logged {
        let says = |bit: u8| head & bit != 0;
        let from = if says(is::FROM_SERVER) {
            Side::Server
        } else {
            Side::Client
        };
        let (seq, wnd, ttl) = self.last.sent[from as usize];
        let (ack, ..) = self.last.sent[from.peer() as usize];
        let flags = Flags(u16::try_from(self.rest.number()).unwrap_or(0));
        let time_ns = self.time();
        let mut seq_or = |bit: u8, expected: Seq| {
            if says(bit) {
                Seq(self.rest.u32())
            } else {
                expected
            }
        };
        let logged = Logged {
            time_ns,
            from,
            flags,
            seq: seq_or(is::OTHER_SEQ, seq),
            ack: seq_or(is::OTHER_ACK, ack),
            wnd: if says(is::OTHER_WINDOW) {
                self.rest.u16()
            } else {
                wnd
            },
            ttl: if says(is::OTHER_TTL) {
                self.rest.octet()
            } else {
                ttl
            },
            len: if says(is::DATA) {
                self.rest.number32()
            } else {
                0
            },
            told: if says(is::OPTIONS) {
                self.told()
            } else {
                Told::default()
            },
            place: self.place(),
        };
        self.last.segment(&logged);
        logged
    }
}

impl Entries<'_> {
    fn reported(&mut self, bits: u8) -> Reported {
        let [kind, code] = self.rest.fixed();
        Reported {
            about: Side::BOTH[usize::from(bits & 1)],
            kind,
            code,
            seq: Seq(self.rest.u32()),
            reporter: if bits & 2 == 0 {
                self.rest.fixed::<4>().into()
            } else {
                self.rest.fixed::<16>().into()
            },
        }
    }
}

impl Iterator for Entries<'_> {
    type Item = Entry;

    fn next(&mut self) -> Option<Entry> {
        if self.rest.0.is_empty() {
            return None;
        }
        let head = self.rest.octet();
        if head & is::NO_SEGMENT == 0 {
            return Some(Entry::Segment(self.segment(head)));
        }
        Some(Entry::Stimulus(match head & !is::NO_SEGMENT {
            side @ 0..2 => Befell::Met {
                receiver: Side::BOTH[usize::from(side)],
                at: self.time(),
            },
            2 => Befell::Replaced { at: self.time() },
            3 => Befell::Doubt,
            bits => Befell::Error(self.reported(bits)),
        }))
    }
}
