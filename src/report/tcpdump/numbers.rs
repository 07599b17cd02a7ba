//! What tcpdump counts sequence numbers from: for each pair of addresses and ports the numbers of the
//! first segment with an ACK, and of each SYN,ACK from then on. It forgets none, so neither is any
//! forgotten here.

use std::collections::HashMap;
use std::hash::Hash;

use foldhash::fast::RandomState;

use crate::story::tcpdump::{Header, Zeros};
use crate::wire::Flags;

/// Both addresses and both ports, the lower port's end first; IPv4's stand in four octets.
pub trait Address: Copy + Ord + Hash {}

impl Address for [u8; 4] {}
impl Address for [u8; 16] {}

type Key<A> = (A, A, [u8; 4]);

/// What the numbers of the two ends are counted from, in the order of the key.
#[derive(Clone, Copy)]
struct Begun([u32; 2]);

/// The connections of one version of IP.
pub struct Table<A> {
    begun: HashMap<Key<A>, Begun, RandomState>,
}

impl<A> Default for Table<A> {
    fn default() -> Self {
        Table {
            begun: HashMap::default(),
        }
    }
}

impl<A: Address> Table<A> {
    /// What the numbers of a segment between two addresses are counted from; remembers where they
    /// begin.
    pub fn zeros(&mut self, src: A, dst: A, ports: [u16; 2], header: &Header<'_>) -> Zeros {
        let flags = header.flags();
        if !flags.has(Flags::ACK) {
            return Zeros::default();
        }
        let [from, to] = ports;
        let is_reverse = from > to || from == to && src > dst;
        let (key, own) = if is_reverse {
            ((dst, src, both(to, from)), 1)
        } else {
            ((src, dst, both(from, to)), 0)
        };
        let peer = 1 - own;
        let mut begins = [header.seq(); 2];
        begins[peer] = header.ack().wrapping_sub(1);
        let mut is_new = flags.has(Flags::SYN);
        let begun = self.begun.entry(key).or_insert_with(|| {
            is_new = true;
            Begun(begins)
        });
        if is_new {
            begun.0 = begins;
            // The edges of SACK blocks are counted all the same.
            return Zeros {
                sack: begins[peer],
                ..Zeros::default()
            };
        }
        Zeros {
            seq: begun.0[own],
            ack: begun.0[peer],
            sack: begun.0[peer],
        }
    }
}

fn both(lower: u16, upper: u16) -> [u8; 4] {
    let ([a, b], [c, d]) = (lower.to_be_bytes(), upper.to_be_bytes());
    [a, b, c, d]
}
