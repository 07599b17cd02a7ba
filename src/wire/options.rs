//! TCP options (RFC 9293, 3.1). etherparse's iterator ends at the first kind it doesn't know; this
//! one goes on, because a time stamp after an MPTCP option is still a time stamp.

/// One option, borrowed from the header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TcpOption<'a> {
    EndOfList,
    Nop,
    /// Maximum segment size in octets (RFC 9293, 3.7.1).
    Mss(u16),
    /// The window field is to be shifted left by this (RFC 7323, 2).
    WindowScale(u8),
    SackPermitted,
    /// Selective acknowledgement: 8 octets a block, left edge then right edge (RFC 2018, 3).
    Sack(&'a [u8]),
    /// TSval and TSecr (RFC 7323, 3).
    Timestamps {
        val: u32,
        ecr: u32,
    },
    /// A kind this program has no words for, or a known kind with a length that isn't its own.
    Other {
        kind: u8,
        data: &'a [u8],
    },
}

impl TcpOption<'_> {
    /// The edges of a SACK option's blocks.
    pub fn sack_blocks(data: &[u8]) -> impl Iterator<Item = (u32, u32)> + '_ {
        data.chunks_exact(8)
            .map(|block| (be32(block), be32(&block[4..])))
    }
}

/// Walks the octets between the fixed header and the data; ends at End of List or at a length that
/// can't be.
#[derive(Clone, Debug)]
pub struct Options<'a> {
    rest: &'a [u8],
    broken: &'a [u8],
}

impl<'a> Options<'a> {
    #[must_use]
    pub fn new(octets: &'a [u8]) -> Self {
        Options {
            rest: octets,
            broken: &[],
        }
    }

    /// After the walk: the octets from the option on whose length can't be, which nobody can read.
    #[must_use]
    pub fn broken(&self) -> &'a [u8] {
        self.broken
    }

    fn stop(&mut self) {
        self.broken = std::mem::take(&mut self.rest);
    }
}

impl<'a> Iterator for Options<'a> {
    type Item = TcpOption<'a>;

    fn next(&mut self) -> Option<TcpOption<'a>> {
        let (&kind, after_kind) = self.rest.split_first()?;
        match kind {
            0 => {
                self.rest = &[];
                return Some(TcpOption::EndOfList);
            }
            1 => {
                self.rest = after_kind;
                return Some(TcpOption::Nop);
            }
            _ => {}
        }
        let len = after_kind.first().map_or(0, |&len| usize::from(len));
        let Some(data) = self.rest.get(2..len) else {
            self.stop();
            return None;
        };
        self.rest = &self.rest[len..];
        Some(match (kind, data) {
            (2, &[a, b]) => TcpOption::Mss(u16::from_be_bytes([a, b])),
            (3, &[shift]) => TcpOption::WindowScale(shift),
            (4, &[]) => TcpOption::SackPermitted,
            (5, blocks) if !blocks.is_empty() && blocks.len() % 8 == 0 => TcpOption::Sack(blocks),
            (8, stamps) if stamps.len() == 8 => TcpOption::Timestamps {
                val: be32(stamps),
                ecr: be32(&stamps[4..]),
            },
            _ => TcpOption::Other { kind, data },
        })
    }
}

fn be32(octets: &[u8]) -> u32 {
    u32::from_be_bytes([octets[0], octets[1], octets[2], octets[3]])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_option_is_passed_over_and_the_next_one_read() {
        let octets = [
            30, 4, 0, 0, 1, 8, 10, 0, 0, 0, 7, 0, 0, 0, 9, 2, 4, 0xff, 0xd7, 0, 99,
        ];
        let seen: Vec<_> = Options::new(&octets).collect();
        assert_eq!(
            seen,
            [
                TcpOption::Other {
                    kind: 30,
                    data: &[0, 0]
                },
                TcpOption::Nop,
                TcpOption::Timestamps { val: 7, ecr: 9 },
                TcpOption::Mss(65495),
                TcpOption::EndOfList,
            ]
        );
    }

    #[test]
    fn a_length_that_cannot_be_ends_the_walk() {
        for octets in [&[2u8, 0, 1][..], &[2, 1], &[2, 9, 1], &[8]] {
            let mut options = Options::new(octets);
            assert_eq!((options.next(), options.broken()), (None, octets));
        }
    }
}
