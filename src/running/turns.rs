//! Two ends may serve several connections, one after the other, of which only some are the command's: the kernel tells when each of those
//! began.

use std::collections::{HashMap, HashSet};
use std::net::SocketAddr;

use tcpviz::command::Ends;
use tcpviz::wire::{Flags, Segment, Seq};

/// The connections between two ends so far.
#[derive(Debug, Default)]
pub struct Turn {
    /// Of the latest: who sent its SYN, and that SYN's number.
    latest: Option<(SocketAddr, Seq)>,
    /// How many.
    count: usize,
}

impl Turn {
    /// Which connection a segment belongs to, counted from 1; 0 before the first SYN.
    pub fn take(&mut self, segment: &Segment) -> usize {
        let is_syn = segment.flags.has(Flags::SYN) && !segment.flags.has(Flags::ACK);
        let begins = match self.latest {
            _ if !is_syn => false,
            None => true,
            // The other end's SYN opens the same connection.
            Some((by, number)) => by == segment.src && number != segment.seq,
        };
        if begins {
            self.latest = Some((segment.src, segment.seq));
            self.count += 1;
        }
        self.count
    }
}

/// When connections began: nanoseconds since the Unix epoch.
#[derive(Debug, Default)]
pub struct Begun(HashMap<Ends, (Turn, Vec<u64>)>);

impl Begun {
    pub fn take(&mut self, ends: Ends, segment: &Segment, time_ns: u64) {
        let (turn, times) = self.0.entry(ends).or_default();
        if turn.take(segment) > times.len() {
            times.push(time_ns);
        }
    }

    /// Those that began nearest to when the kernel saw one begin. Of ends without a SYN, all.
    pub fn nearest(self, seen: &HashMap<Ends, Vec<u64>>) -> Chosen {
        let nearest = |times: &[u64], when: u64| {
            let apart = |(_, time): &(usize, &u64)| time.abs_diff(when);
            times
                .iter()
                .enumerate()
                .min_by_key(apart)
                .map(|(at, _)| at + 1)
        };
        let mut chosen = Chosen::default();
        for (ends, (_, times)) in self
            .0
            .into_iter()
            .filter(|(_, (_, times))| !times.is_empty())
        {
            let seen = seen.get(&ends).into_iter().flatten();
            let turns = seen.filter_map(|when| nearest(&times, *when)).collect();
            chosen.0.insert(ends, (Turn::default(), turns));
        }
        chosen
    }
}

/// Which of the connections between two ends are wanted.
#[derive(Debug, Default)]
pub struct Chosen(HashMap<Ends, (Turn, HashSet<usize>)>);

impl Chosen {
    /// To be asked of every segment, in order.
    pub fn wants(&mut self, ends: Ends, segment: &Segment) -> bool {
        match self.0.get_mut(&ends) {
            Some((turn, wanted)) => wanted.contains(&turn.take(segment)),
            None => true,
        }
    }
}

#[cfg(test)]
pub mod tests {
    use super::*;
    use tcpviz::wire::Told;

    pub fn segment(from_client: bool, flags: Flags, seq: u32) -> Segment {
        let (client, server) = ("127.0.0.1:40000", "127.0.0.1:4321");
        let (src, dst) = if from_client {
            (client, server)
        } else {
            (server, client)
        };
        Segment {
            src: src.parse().unwrap(),
            dst: dst.parse().unwrap(),
            flags,
            seq: Seq(seq),
            ack: Seq(1),
            len: 0,
            wnd: 500,
            urg: 0,
            ttl: 64,
            told: Told::default(),
        }
    }

    #[test]
    fn of_three_connections_of_the_same_ends_the_one_that_began_when_the_kernel_saw_it_is_wanted() {
        let fin = segment(false, Flags::FIN, 9);
        let all = [
            (900, fin),
            (1000, segment(true, Flags::SYN, 1)),
            (1001, segment(true, Flags::SYN, 1)),
            (1100, fin),
            (2000, segment(true, Flags::SYN, 2)),
            (2001, segment(false, Flags::SYN, 7)),
            (2100, fin),
            (3000, segment(true, Flags::SYN, 3)),
            (3100, fin),
        ];
        let ends = Ends::of(fin.src, fin.dst);
        let wanted = |seen: &[u64]| {
            let mut begun = Begun::default();
            for (time, segment) in &all {
                begun.take(ends, segment, *time);
            }
            let mut chosen = begun.nearest(&HashMap::from([(ends, seen.to_vec())]));
            let mut times = all.to_vec();
            times.retain(|(_, segment)| chosen.wants(ends, segment));
            times.into_iter().map(|(time, _)| time).collect::<Vec<_>>()
        };
        assert_eq!(wanted(&[1995]), [2000, 2001, 2100]);
        assert_eq!(wanted(&[998, 3001]), [1000, 1001, 1100, 3000, 3100]);
        assert_eq!(wanted(&[0]), [1000, 1001, 1100]);
    }
}
