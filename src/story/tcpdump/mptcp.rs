//! The Multipath TCP option (RFC 6824, RFC 8684) as tcpdump 4.99 writes it.

use super::options::Stop;
use super::text::{decimal, hex, ipv4, ipv6, octets};
use crate::wire::Flags;

const NAMES: [&str; 9] = [
    "capable",
    "join",
    "dss",
    "add-addr",
    "rem-addr",
    "prio",
    "fail",
    "fast-close",
    "unknown",
];

/// Octets of kind and length, which tcpdump counts.
const BEFORE: usize = 2;

/// Writes what stands behind the kind and the length, in a segment with `flags`.
pub(super) fn write(out: &mut Vec<u8>, data: &[u8], flags: Flags) -> Result<(), Stop> {
    let len = data.len() + BEFORE;
    let &first = data.first().ok_or(Stop::Bad)?;
    let subtype = usize::from(first >> 4).min(NAMES.len() - 1);
    out.push(b' ');
    decimal(out, len);
    out.push(b' ');
    out.extend_from_slice(NAMES[subtype].as_bytes());
    match subtype {
        0 => capable(out, data, len, flags),
        1 => join(out, data, len, flags),
        2 => data_sequence(out, data, flags),
        3 => add_address(out, data, len),
        4 if len >= 4 => {
            out.extend_from_slice(b" id");
            for id in &data[1..] {
                out.push(b' ');
                decimal(out, *id);
            }
            Ok(())
        }
        5 if matches!(len, 3 | 4) => {
            out.extend_from_slice(if first & 1 == 1 {
                b" backup"
            } else {
                b" non-backup"
            });
            if let Some(id) = data.get(1) {
                out.extend_from_slice(b" id ");
                decimal(out, *id);
            }
            Ok(())
        }
        6 if len == 12 => {
            out.extend_from_slice(b" seq ");
            decimal(out, number(&data[2..10]));
            Ok(())
        }
        7 if len == 12 => {
            out.extend_from_slice(b" key ");
            hex(out, &data[2..10]);
            Ok(())
        }
        8 => Ok(()),
        _ => Err(Stop::Bad),
    }
}

fn capable(out: &mut Vec<u8>, data: &[u8], len: usize, flags: Flags) -> Result<(), Stop> {
    let is_syn = flags.has(Flags::SYN);
    let fits = match len {
        4 | 12 => is_syn,
        20 | 22 => !is_syn && flags.has(Flags::ACK),
        _ => false,
    };
    if !fits {
        return Err(Stop::Bad);
    }
    let version = data[0] & 15;
    if version > 1 {
        out.extend_from_slice(b" Unknown Version (");
        decimal(out, version);
        out.push(b')');
        return Ok(());
    }
    out.extend_from_slice(b" v");
    decimal(out, version);
    if data[1] & 0x80 != 0 {
        out.extend_from_slice(b" csum");
    }
    if let Some(key) = data.get(2..10) {
        out.extend_from_slice(b" {");
        hex(out, key);
        if let Some(key) = data.get(10..18) {
            out.push(b',');
            hex(out, key);
        }
        out.push(b'}');
    }
    Ok(())
}

fn join(out: &mut Vec<u8>, data: &[u8], len: usize, flags: Flags) -> Result<(), Stop> {
    let (is_syn, is_ack) = (flags.has(Flags::SYN), flags.has(Flags::ACK));
    let fits = match len {
        12 => is_syn,
        16 => is_syn && is_ack,
        24 => is_ack,
        _ => false,
    };
    if !fits {
        return Err(Stop::Bad);
    }
    if len == 24 {
        out.extend_from_slice(b" hmac 0x");
        octets(out, &data[2..]);
        return Ok(());
    }
    if data[0] & 1 == 1 {
        out.extend_from_slice(b" backup");
    }
    out.extend_from_slice(b" id ");
    decimal(out, data[1]);
    let (secret, nonce) = data[2..].split_at(len - BEFORE - 6);
    out.extend_from_slice(if len == 12 { b" token " } else { b" hmac " });
    hex(out, secret);
    out.extend_from_slice(b" nonce ");
    hex(out, nonce);
    Ok(())
}

/// The data sequence signal: numbers of 4 or 8 octets, as its flags say.
fn data_sequence(out: &mut Vec<u8>, data: &[u8], flags: Flags) -> Result<(), Stop> {
    if data.len() < 2 || flags.has(Flags::SYN) {
        return Err(Stop::Bad);
    }
    let told = data[1];
    let mut rest = &data[2..];
    let mut take = |len: usize| -> Result<&[u8], Stop> {
        let (taken, left) = rest.split_at_checked(len).ok_or(Stop::Bad)?;
        rest = left;
        Ok(taken)
    };
    let width = |is_long: bool| if is_long { 8 } else { 4 };
    if told & 0x10 != 0 {
        out.extend_from_slice(b" fin");
    }
    if told & 0x01 != 0 {
        out.extend_from_slice(b" ack ");
        decimal(out, number(take(width(told & 0x02 != 0))?));
    }
    if told & 0x04 != 0 {
        out.extend_from_slice(b" seq ");
        decimal(out, number(take(width(told & 0x08 != 0))?));
        let subflow = take(4)?;
        out.extend_from_slice(b" subseq ");
        decimal(out, number(subflow));
        let len = take(2)?;
        out.extend_from_slice(b" len ");
        decimal(out, number(len));
        if let Ok(sum) = take(2) {
            out.extend_from_slice(b" csum ");
            hex(out, sum);
        }
    }
    if rest.is_empty() {
        Ok(())
    } else {
        Err(Stop::Bad)
    }
}

fn add_address(out: &mut Vec<u8>, data: &[u8], len: usize) -> Result<(), Stop> {
    if !matches!(len, 8 | 10 | 16 | 18 | 20 | 22 | 28 | 30) {
        return Err(Stop::Bad);
    }
    out.extend_from_slice(match data[0] & 15 {
        0 => b" v1",
        1 => b" v1-echo",
        4 => b" v0-ip4",
        6 => b" v0-ip6",
        _ => b" [bad version/echo]",
    });
    out.extend_from_slice(b" id ");
    decimal(out, data[1]);
    out.push(b' ');
    let behind =
        if let (false, Some((address, behind))) = (len < 20, data[2..].split_first_chunk::<16>()) {
            ipv6(out, *address);
            behind
        } else {
            ipv4(out, [data[2], data[3], data[4], data[5]]);
            &data[6..]
        };
    let (port, code) = behind.split_at(behind.len() % 8);
    if !port.is_empty() {
        out.push(b':');
        decimal(out, number(port));
    }
    if !code.is_empty() {
        out.extend_from_slice(b" hmac ");
        hex(out, code);
    }
    Ok(())
}

/// A big-endian number of at most 8 octets.
fn number(octets: &[u8]) -> u64 {
    octets
        .iter()
        .fold(0, |sum, &octet| sum << 8 | u64::from(octet))
}
