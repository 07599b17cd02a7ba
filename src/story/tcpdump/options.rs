//! TCP options as tcpdump 4.99 writes them between `options [` and `]`, also where they are cut,
//! or where a length can't be: then the line ends there.

use super::mptcp;
use super::text::{decimal, hex, octets};
use crate::wire::Flags;

/// Why the line ends within the options.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stop {
    /// A length that can't be.
    Bad,
    /// The kind or the length wasn't captured.
    Cut,
    /// What an option holds wasn't captured.
    FieldCut,
}

/// What options are written with.
pub(super) struct Around {
    pub flags: Flags,
    /// What the edges of SACK blocks are counted from.
    pub sack_zero: u32,
    /// All of the segment's data was captured.
    pub is_whole: bool,
}

/// The octets from the option on that is being written.
struct Walk<'a> {
    /// As captured.
    here: &'a [u8],
    /// As the header counts them.
    room: usize,
}

impl<'a> Walk<'a> {
    fn octet(&mut self) -> Result<u8, Stop> {
        let (&octet, rest) = self.here.split_first().ok_or(Stop::Cut)?;
        self.here = rest;
        Ok(octet)
    }

    /// The next octets, which may be the next option's: tcpdump looks only that the header has them.
    fn field(&self, len: usize) -> Result<&'a [u8], Stop> {
        if len > self.room {
            return Err(Stop::Bad);
        }
        self.here.get(..len).ok_or(Stop::FieldCut)
    }

    fn pass(&mut self, len: usize) {
        self.here = self.here.get(len..).unwrap_or_default();
        self.room -= len;
    }
}

const EOL: u8 = 0;
const NOP: u8 = 1;
const SACK_PERMITTED: u8 = 4;
const MPTCP: u8 = 30;

/// Writes `, options [...]`; an error where the line ends with it. `room`: octets of options as the
/// header counts them.
pub(super) fn write(
    out: &mut Vec<u8>,
    captured: &[u8],
    room: usize,
    around: &Around,
) -> Result<(), ()> {
    out.extend_from_slice(b", options [");
    if is_common(captured, room) {
        time_stamps(out, captured);
        return Ok(());
    }
    let mut walk = Walk {
        here: captured,
        room,
    };
    let (mut is_first, mut after_mptcp) = (true, false);
    let stop = loop {
        if walk.room == 0 {
            out.push(b']');
            return Ok(());
        }
        if !is_first {
            out.push(b',');
        }
        match option(out, &mut walk, around, &mut after_mptcp) {
            Ok(EOL) => walk.room = 0,
            Ok(_) => {}
            Err(stop) => break stop,
        }
        is_first = false;
    };
    if stop == Stop::Bad {
        out.extend_from_slice(b"[bad opt]");
    } else {
        // tcpdump names the printer that it was in last.
        out.extend_from_slice(if after_mptcp {
            b" [|mptcp]"
        } else {
            b" [|tcp]"
        });
    }
    match stop {
        Stop::Bad if !is_first => out.push(b']'),
        Stop::FieldCut if !is_first => out.push(b'>'),
        _ => {}
    }
    Err(())
}

/// What nearly every segment has: two NOPs and the time stamps.
fn is_common(captured: &[u8], room: usize) -> bool {
    room == 12 && captured.len() >= 12 && captured[..4] == [NOP, NOP, 8, 10]
}

fn time_stamps(out: &mut Vec<u8>, captured: &[u8]) {
    out.extend_from_slice(b"nop,nop,TS val ");
    decimal(out, be32(&captured[4..]));
    out.extend_from_slice(b" ecr ");
    decimal(out, be32(&captured[8..]));
    out.push(b']');
}

/// Writes one option; returns its kind.
fn option(
    out: &mut Vec<u8>,
    walk: &mut Walk<'_>,
    around: &Around,
    after_mptcp: &mut bool,
) -> Result<u8, Stop> {
    let kind = walk.octet()?;
    let (before, len) = if matches!(kind, EOL | NOP) {
        (1, 1)
    } else {
        let len = usize::from(walk.octet()?);
        if len < 2 || len > walk.room {
            return Err(Stop::Bad);
        }
        (2, len)
    };
    walk.room -= before;
    name(out, kind);
    let used = body(out, kind, len - before, walk, around)?;
    *after_mptcp |= kind == MPTCP;
    walk.pass(used);
    if used + before != len {
        out.extend_from_slice(b"[len ");
        decimal(out, len);
        out.push(b']');
    }
    Ok(kind)
}

fn name(out: &mut Vec<u8>, kind: u8) {
    out.extend_from_slice(match kind {
        EOL => b"eol",
        NOP => b"nop",
        2 => b"mss",
        3 => b"wscale",
        SACK_PERMITTED => b"sackOK",
        5 => b"sack",
        6 => b"echo",
        7 => b"echoreply",
        8 => b"TS",
        11 => b"cc",
        12 => b"ccnew",
        // tcpdump has no name for CC.ECHO (RFC 1644).
        13 => b"",
        19 => b"md5",
        20 => b"scps",
        28 => b"uto",
        29 => b"tcp-ao",
        MPTCP => b"mptcp",
        34 => b"tfo",
        254 => b"exp",
        _ => {
            out.extend_from_slice(b"unknown-");
            return decimal(out, kind);
        }
    });
}

/// Writes what an option of `len` octets behind its length holds; returns how many octets that is,
/// which for some kinds is their own length, whatever the option says.
fn body(
    out: &mut Vec<u8>,
    kind: u8,
    len: usize,
    walk: &Walk<'_>,
    around: &Around,
) -> Result<usize, Stop> {
    match kind {
        EOL | NOP | SACK_PERMITTED => return Ok(0),
        2 => return number(out, walk, 2),
        3 => return number(out, walk, 1),
        6 | 7 | 11..=13 => return number(out, walk, 4),
        5 => sack(out, len, walk, around.sack_zero)?,
        8 => return stamps(out, walk),
        19 => return signature(out, walk, around.is_whole),
        20 => {
            let field = walk.field(2)?;
            out.extend_from_slice(b" cap ");
            octets(out, &field[..1]);
            out.extend_from_slice(b" id ");
            decimal(out, field[1]);
            return Ok(2);
        }
        28 => return user_timeout(out, walk),
        29 => authentication(out, len, walk)?,
        MPTCP => mptcp::write(out, walk.field(len)?, around.flags)?,
        34 => {
            let cookie = walk.field(len)?;
            out.push(b' ');
            fast_open(out, cookie);
        }
        254 => experiment(out, walk.field(len)?)?,
        _ => {
            for at in 0..len {
                out.extend_from_slice(if at == 0 { b" 0x" } else { b"" });
                octets(out, &walk.field(at + 1)?[at..]);
            }
        }
    }
    Ok(len)
}

/// One big-endian number.
fn number(out: &mut Vec<u8>, walk: &Walk<'_>, len: usize) -> Result<usize, Stop> {
    let field = walk.field(len)?;
    let number = field
        .iter()
        .fold(0u32, |sum, &octet| sum << 8 | u32::from(octet));
    out.push(b' ');
    decimal(out, number);
    Ok(len)
}

fn sack(out: &mut Vec<u8>, len: usize, walk: &Walk<'_>, zero: u32) -> Result<(), Stop> {
    if !len.is_multiple_of(8) {
        out.extend_from_slice(b" invalid sack");
        return Ok(());
    }
    out.push(b' ');
    decimal(out, len / 8);
    out.push(b' ');
    for at in (0..len).step_by(8) {
        let block = &walk.field(at + 8)?[at..];
        out.push(b'{');
        decimal(out, be32(block).wrapping_sub(zero));
        out.push(b':');
        decimal(out, be32(&block[4..]).wrapping_sub(zero));
        out.push(b'}');
    }
    Ok(())
}

fn stamps(out: &mut Vec<u8>, walk: &Walk<'_>) -> Result<usize, Stop> {
    let both = walk.field(8)?;
    out.extend_from_slice(b" val ");
    decimal(out, be32(both));
    out.extend_from_slice(b" ecr ");
    decimal(out, be32(&both[4..]));
    Ok(8)
}

/// RFC 2385: tcpdump would need the secret.
fn signature(out: &mut Vec<u8>, walk: &Walk<'_>, is_whole: bool) -> Result<usize, Stop> {
    let digest = walk.field(16)?;
    out.extend_from_slice(if is_whole {
        b" shared secret not supplied with -M, ".as_slice()
    } else {
        b" snaplen too short, "
    });
    out.extend_from_slice(b"can't check - ");
    octets(out, digest);
    Ok(16)
}

/// RFC 5482: minutes if the first bit is set. tcpdump takes the last bit for it; so it is here.
fn user_timeout(out: &mut Vec<u8>, walk: &Walk<'_>) -> Result<usize, Stop> {
    let field = walk.field(2)?;
    let value = u32::from(u16::from_be_bytes([field[0], field[1]]));
    out.push(b' ');
    hex(out, field);
    out.push(b' ');
    let unit = if value & 1 == 1 { 60 } else { 1 };
    decimal(out, (value >> 1) * unit);
    Ok(2)
}

/// RFC 5925.
fn authentication(out: &mut Vec<u8>, len: usize, walk: &Walk<'_>) -> Result<(), Stop> {
    if len < 2 {
        out.extend_from_slice(b" (invalid)");
        return Ok(());
    }
    let key = walk.field(1)?;
    out.extend_from_slice(b" keyid ");
    decimal(out, key[0]);
    let keys = walk.field(2)?;
    out.extend_from_slice(b" rnextkeyid ");
    decimal(out, keys[1]);
    for at in 2..len {
        out.extend_from_slice(if at == 2 { b" mac 0x" } else { b"" });
        octets(out, &walk.field(at + 1)?[at..]);
    }
    Ok(())
}

/// RFC 7413.
fn fast_open(out: &mut Vec<u8>, cookie: &[u8]) {
    match cookie.len() {
        0 => out.extend_from_slice(b" cookiereq"),
        len if !len.is_multiple_of(2) || !(4..=16).contains(&len) => {
            out.extend_from_slice(b" (invalid)");
        }
        _ => {
            out.extend_from_slice(b" cookie ");
            octets(out, cookie);
        }
    }
}

/// RFC 6994: the first two octets tell which experiment.
fn experiment(out: &mut Vec<u8>, data: &[u8]) -> Result<(), Stop> {
    let Some((magic, rest)) = data.split_at_checked(2) else {
        return Err(Stop::Bad);
    };
    out.push(b'-');
    if magic == [0xf9, 0x89] {
        out.extend_from_slice(b"tfo");
        fast_open(out, rest);
    } else {
        octets(out, magic);
    }
    Ok(())
}

fn be32(octets: &[u8]) -> u32 {
    u32::from_be_bytes([octets[0], octets[1], octets[2], octets[3]])
}
