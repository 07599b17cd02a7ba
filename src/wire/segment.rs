//! A TCP segment as the header tells it (RFC 9293, 3.1).

use std::fmt::{self, Write};
use std::net::SocketAddr;

use super::Seq;

/// The control bits, in the order of the header: FIN is bit 0, AE (RFC 9768) bit 8.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Flags(pub u16);

impl Flags {
    pub const FIN: Flags = Flags(0x01);
    pub const SYN: Flags = Flags(0x02);
    pub const RST: Flags = Flags(0x04);
    pub const PSH: Flags = Flags(0x08);
    pub const ACK: Flags = Flags(0x10);
    pub const URG: Flags = Flags(0x20);
    pub const ECE: Flags = Flags(0x40);
    pub const CWR: Flags = Flags(0x80);
    pub const AE: Flags = Flags(0x100);

    /// tcpdump's letter and the name in words, in the order in which each is written.
    const TABLE: [(Flags, u8, &'static str); 9] = [
        (Flags::FIN, b'F', "FIN"),
        (Flags::SYN, b'S', "SYN"),
        (Flags::RST, b'R', "RST"),
        (Flags::PSH, b'P', "PSH"),
        (Flags::ACK, b'.', "ACK"),
        (Flags::URG, b'U', "URG"),
        (Flags::ECE, b'E', "ECE"),
        (Flags::CWR, b'W', "CWR"),
        (Flags::AE, b'e', "AE"),
    ];

    /// Whether any bit of `other` is set.
    #[must_use]
    pub fn has(self, other: Flags) -> bool {
        self.0 & other.0 != 0
    }

    /// `FIN,ACK`: what people read. No flag at all is `none`.
    #[must_use]
    pub fn words(self) -> String {
        let set: Vec<_> = self.set().map(|(_, _, word)| *word).collect();
        if set.is_empty() {
            return "none".into();
        }
        set.join(",")
    }

    /// tcpdump's letters (ASCII); nothing where no flag is set.
    pub fn letters(self) -> impl Iterator<Item = u8> {
        self.set().map(|(_, letter, _)| *letter)
    }

    fn set(self) -> impl Iterator<Item = &'static (Flags, u8, &'static str)> {
        Flags::TABLE
            .iter()
            .filter(move |(flag, ..)| self.has(*flag))
    }
}

impl std::ops::BitOr for Flags {
    type Output = Flags;
    fn bitor(self, other: Flags) -> Flags {
        Flags(self.0 | other.0)
    }
}

/// tcpdump's letters: `S.`, `FP.`, `R`, `none`.
impl fmt::Display for Flags {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.set().next().is_none() {
            return f.write_str("none");
        }
        self.letters()
            .try_for_each(|letter| f.write_char(letter.into()))
    }
}

/// One TCP segment. The names are RFC 9293's (`SEG.SEQ`, `SEG.ACK`, `SEG.LEN`, `SEG.WND`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Segment {
    pub src: SocketAddr,
    pub dst: SocketAddr,
    pub flags: Flags,
    pub seq: Seq,
    /// Meaningful only with the ACK flag.
    pub ack: Seq,
    /// Octets of data, told by the IP header: the same whether or not the capture cut the frame.
    pub len: u32,
    /// The window as it stands in the header, not scaled.
    pub wnd: u16,
    /// The urgent pointer; meaningful only with the URG flag.
    pub urg: u16,
    /// Time to live (IPv6: hop limit) of the datagram that carried it.
    pub ttl: u8,
    pub told: Told,
}

/// What the options tell that moves a state or a window; the rest is read back when looked at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Told {
    /// The shift of this end's windows, in a SYN (RFC 7323, 2.2).
    pub window_scale: Option<u8>,
    /// In a SYN: selective acknowledgements may follow (RFC 2018, 2).
    pub sack_permitted: bool,
    /// The first SACK block, `[from, to)`.
    pub sack: Option<(Seq, Seq)>,
}

impl Segment {
    #[must_use]
    pub fn has(&self, flag: Flags) -> bool {
        self.flags.has(flag)
    }

    /// Sequence numbers the segment takes: its data, and one each for SYN and FIN (RFC 9293, 3.4).
    #[must_use]
    pub fn seq_len(&self) -> u32 {
        self.len + u32::from(self.has(Flags::SYN)) + u32::from(self.has(Flags::FIN))
    }

    /// The sequence number after the segment's last.
    #[must_use]
    pub fn seq_end(&self) -> Seq {
        self.seq + self.seq_len()
    }

    /// The sequence number of the FIN itself: it stands after the data.
    #[must_use]
    pub fn fin_seq(&self) -> Option<Seq> {
        self.has(Flags::FIN).then(|| self.seq_end() - 1)
    }

    /// What the first SACK block says was received twice (RFC 2883): it stands below the
    /// acknowledgement.
    #[must_use]
    pub fn duplicate_sack(&self) -> Option<(Seq, Seq)> {
        self.told.sack.filter(|&(from, _)| from.before(self.ack))
    }

    /// Where what was received behind a gap begins: above the acknowledgement (RFC 2018, 3).
    #[must_use]
    pub fn sacked_behind_gap(&self) -> Option<Seq> {
        let (from, _) = self.told.sack?;
        from.after(self.ack).then_some(from)
    }

    /// The acknowledgement number, where there is one.
    #[must_use]
    pub fn ack_seq(&self) -> Option<Seq> {
        self.has(Flags::ACK).then_some(self.ack)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_are_written_as_tcpdump_and_as_words() {
        let fin_push = Flags::FIN | Flags::PSH | Flags::ACK;
        assert_eq!(
            (fin_push.to_string().as_str(), fin_push.words().as_str()),
            ("FP.", "FIN,PSH,ACK")
        );
        assert_eq!(
            (Flags(0).to_string().as_str(), Flags(0).words().as_str()),
            ("none", "none")
        );
        assert_eq!((Flags::SYN | Flags::ECE | Flags::CWR).to_string(), "SEW");
    }
}
