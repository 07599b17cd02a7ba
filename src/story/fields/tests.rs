use proptest::collection::vec;
use proptest::prelude::*;

use super::*;
use crate::story::tests::trace_of;
use crate::wire::{Frame, LinkType, decode};

/// An IPv4 datagram with a TCP header and these options; `told`: octets of data, of which none are there.
pub(crate) fn datagram(options: &[u8], flags: u8, wnd: u16, payload: &[u8]) -> Vec<u8> {
    let padded = options.len().next_multiple_of(4);
    let header = 20 + padded;
    let total = u16::try_from(20 + header + payload.len()).unwrap();
    let mut octets = vec![0x45, 0];
    octets.extend(total.to_be_bytes());
    octets.extend([0, 7, 0x40, 0, 64, 6, 0, 0, 127, 0, 0, 1, 127, 0, 0, 1]);
    octets.extend(35790u16.to_be_bytes());
    octets.extend(4321u16.to_be_bytes());
    octets.extend(1001u32.to_be_bytes());
    octets.extend(5001u32.to_be_bytes());
    octets.push(u8::try_from(header / 4).unwrap() << 4);
    octets.push(flags);
    octets.extend(wnd.to_be_bytes());
    octets.extend([0xfe, 0x28, 0, 0]);
    octets.extend(options);
    octets.resize(20 + header, 0);
    octets.extend(payload);
    octets
}

fn told(octets: &[u8], wire_len: usize) -> Vec<Field> {
    let trace = trace_of("> P. 1:5 ack 1");
    let frame = Frame {
        number: 4,
        time_ns: 0,
        link: LinkType::RAW,
        offset: 0,
        wire_len: u32::try_from(wire_len).unwrap(),
        data: octets,
    };
    fields(&trace, 0, 3, &decode(&frame).unwrap(), false)
}

#[track_caller]
fn check(fields: &[Field], name: &str, value: &str, meaning: &str) {
    let found = fields.iter().find(|field| field.name == name);
    let found = found.map(|field| (field.value.as_str(), field.meaning.as_str()));
    assert_eq!(found, Some((value, meaning)), "{name} in {fields:#?}");
}

#[test]
fn the_header_is_told_as_people_read_it() {
    let octets = datagram(&[1, 1, 8, 10, 0, 0, 0, 7, 0, 0, 0, 9], 0x18, 257, b"abcd");
    let fields = told(&octets, octets.len());
    check(&fields, "source port", "35790", "the client's");
    check(&fields, "seq", "1", "1001 in the header");
    check(&fields, "ack", "1", "5001 in the header");
    check(
        &fields,
        "data offset",
        "8",
        "32 bytes of header, 12 bytes of them options",
    );
    check(&fields, "flags", "[P.]", "PSH,ACK");
    check(&fields, "window", "257", "x 128 = 32,896 bytes from ack on");
    check(
        &fields,
        "checksum",
        "0xfe28",
        "not checked: a host may leave it to its interface",
    );
    check(&fields, "urgent ptr", "0", "means nothing without URG");
    check(
        &fields,
        "timestamps",
        "7 ecr 9",
        "its clock; the last of the peer's it saw",
    );
    check(&fields, "no-op", "2", "only fills up to the next 4 bytes");
    check(&fields, "IP length", "56", "bytes, all captured");
    check(&fields, "IP ID", "0x0007", "may not be fragmented (DF)");
}

#[test]
fn each_option_has_its_meaning() {
    let options = [
        2, 4, 0xff, 0xd7, 3, 3, 7, 4, 2, 30, 4, 0, 1, 99, 2, 5, 10, 0, 0, 0x13, 0x8a, 0, 0, 0x13,
        0x8d,
    ];
    let fields = told(&datagram(&options, 0x12, 9, b""), 99);
    check(
        &fields,
        "max. segment",
        "65495",
        "bytes: the most data it takes in one segment",
    );
    check(&fields, "window scale", "7", "its windows count 128 bytes");
    check(&fields, "window", "9", "bytes; never scaled in a SYN");
    check(
        &fields,
        "MPTCP",
        "0x0001",
        "one of several paths (RFC 8684)",
    );
    check(&fields, "option", "", "of unknown kind 99");
    check(
        &fields,
        "SACK",
        "2:5",
        "it has these, too, behind a hole or twice",
    );
}

#[test]
fn what_is_malformed_or_cut_is_said() {
    let fields = told(&datagram(&[2, 3, 9, 8, 40, 1, 2, 3], 0x10, 9, b""), 99);
    check(
        &fields,
        "max. segment",
        "0x09",
        "malformed: 3 bytes long instead of 4",
    );
    check(
        &fields,
        "options",
        "malformed",
        "kind 8 says 40 bytes long, 5 are left",
    );
    let whole = datagram(&[1; 12], 0x10, 9, b"");
    let cut = told(&whole[..36], whole.len());
    check(&cut, "checksum", "not captured", "");
    check(
        &cut,
        "options",
        "cut",
        "of 12 bytes of options the capture lacks the last 12",
    );
    check(
        &cut,
        "IP length",
        "52",
        "bytes; the capture lacks the last 16",
    );
}

proptest! {
    /// Whatever stands in a header, in whatever length it was captured: printable text.
    #[test]
    fn any_header_gives_printable_fields(
        options in vec(any::<u8>(), 0..40),
        flags in any::<u8>(),
        captured in 36usize..100,
    ) {
        let octets = datagram(&options, flags, 7, b"data");
        let captured = captured.min(octets.len());
        for field in told(&octets[..captured], octets.len()) {
            let text = format!("{}{}{}", field.name, field.value, field.meaning);
            prop_assert!(text.chars().all(|c| (' '..='~').contains(&c)), "{:?}", field);
        }
    }
}
