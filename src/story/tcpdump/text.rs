//! Numbers and addresses as tcpdump writes them, appended to octets: a line is written in one go,
//! without a string for each field.

const DIGITS: &[u8; 16] = b"0123456789abcdef";

pub fn decimal(out: &mut Vec<u8>, number: impl itoa::Integer) {
    out.extend_from_slice(itoa::Buffer::new().format(number).as_bytes());
}

/// Two digits for each octet.
pub fn octets(out: &mut Vec<u8>, octets: &[u8]) {
    for octet in octets {
        out.push(DIGITS[usize::from(octet >> 4)]);
        out.push(DIGITS[usize::from(octet & 15)]);
    }
}

/// A big-endian number as `0x1f`, without leading zeros.
pub fn hex(out: &mut Vec<u8>, octets: &[u8]) {
    out.extend_from_slice(b"0x");
    digits(out, octets);
}

/// The same without `0x`.
fn digits(out: &mut Vec<u8>, octets: &[u8]) {
    let from = out.len();
    for octet in octets {
        for digit in [octet >> 4, octet & 15] {
            if digit != 0 || out.len() > from {
                out.push(DIGITS[usize::from(digit)]);
            }
        }
    }
    if out.len() == from {
        out.push(b'0');
    }
}

/// `192.0.2.1`. Each line has two of them: digits are put together here, and appended once.
pub fn ipv4(out: &mut Vec<u8>, address: [u8; 4]) {
    let mut text = [b'.'; 16];
    let mut len = 0;
    for octet in address {
        for (unit, least) in [(100, 100), (10, 10), (1, 0)] {
            if octet >= least {
                text[len] = b'0' + octet / unit % 10;
                len += 1;
            }
        }
        text[len] = b'.';
        len += 1;
    }
    out.extend_from_slice(&text[..len - 1]);
}

/// `2001:db8::1`. An address that holds an IPv4 one ends in it, also where the standard library
/// writes hexadecimal: `::192.0.2.1`, `::ffff:192.0.2.1`.
pub fn ipv6(out: &mut Vec<u8>, address: [u8; 16]) {
    let word = |at: usize| &address[2 * at..2 * at + 2];
    let (from, len) = longest_zeros(&address);
    let holds_ipv4 = from == 0 && (len == 6 || len == 5 && word(5) == [0xff, 0xff]);
    let mut at = 0;
    while at < 8 {
        if at == from && len > 1 {
            out.extend_from_slice(if at + len == 8 { b"::" } else { b":" });
            at += len;
            continue;
        }
        if at > 0 {
            out.push(b':');
        }
        if at == 6 && holds_ipv4 {
            ipv4(out, [address[12], address[13], address[14], address[15]]);
            return;
        }
        digits(out, word(at));
        at += 1;
    }
}

/// The first longest run of words that are zero: where it begins, and how many they are.
fn longest_zeros(address: &[u8; 16]) -> (usize, usize) {
    let (mut best, mut run) = ((8, 0), 0);
    for (at, word) in address.chunks_exact(2).enumerate() {
        run = if word == [0, 0] { run + 1 } else { 0 };
        if run > best.1 {
            best = (at + 1 - run, run);
        }
    }
    best
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(write: impl FnOnce(&mut Vec<u8>)) -> String {
        let mut out = Vec::new();
        write(&mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn ipv6_is_written_as_tcpdump_writes_it() {
        for (address, text) in [
            ("::", "::"),
            ("::1", "::1"),
            ("1::", "1::"),
            ("2001:db8::1:0:0:1", "2001:db8::1:0:0:1"),
            ("2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"),
            ("fe80::2", "fe80::2"),
            ("::1:2", "::0.1.0.2"),
            ("::ffff:102:304", "::ffff:1.2.3.4"),
            ("::fffe:102:304", "::fffe:102:304"),
            ("64:ff9b::102:304", "64:ff9b::102:304"),
        ] {
            let octets = address.parse::<std::net::Ipv6Addr>().unwrap().octets();
            assert_eq!(written(|out| ipv6(out, octets)), text);
        }
    }

    #[test]
    fn hexadecimal_numbers_have_no_leading_zeros() {
        assert_eq!(written(|out| hex(out, &[0, 0])), "0x0");
        assert_eq!(written(|out| hex(out, &[0, 10, 0])), "0xa00");
        assert_eq!(written(|out| octets(out, &[0, 10, 255])), "000aff");
    }
}
