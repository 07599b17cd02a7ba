//! Both ways lead to the same segment, whatever the frame; and the plain frames take the short one.

use proptest::collection::vec;
use proptest::prelude::*;

use super::*;
use crate::wire::LinkType;
use crate::wire::decode::decode_any;

const TIMESTAMPS: [u8; 12] = [1, 1, 8, 10, 0, 0, 0, 7, 0, 0, 0, 9];

const LINKS: [LinkType; 8] = [
    LinkType::ETHERNET,
    LinkType::RAW,
    LinkType::IPV4,
    LinkType::IPV6,
    LinkType::NULL,
    LinkType::LINUX_SLL,
    LinkType::LINUX_SLL2,
    LinkType(147),
];

/// A TCP header with these options, which must fill whole words, and data.
fn tcp(numbers: [u8; 12], bits: u16, options: &[u8], data: &[u8]) -> Vec<u8> {
    let words = u16::try_from(5 + options.len() / 4).unwrap();
    let offset_and_bits = (words << 12 | bits).to_be_bytes();
    [
        &numbers[..],
        &offset_and_bits,
        &[1, 0, 0xab, 0xcd, 0, 3],
        options,
        data,
    ]
    .concat()
}

fn ipv4(tcp: &[u8]) -> Vec<u8> {
    let len = u16::try_from(20 + tcp.len()).unwrap().to_be_bytes();
    let before = [0x45, 0, len[0], len[1], 0, 1, 0x40, 0, 64, 6, 0, 0];
    [&before[..], &[10, 0, 0, 1, 10, 0, 0, 2], tcp].concat()
}

fn ipv6(tcp: &[u8]) -> Vec<u8> {
    let len = u16::try_from(tcp.len()).unwrap().to_be_bytes();
    let before = [0x60, 0, 0, 0, len[0], len[1], 6, 63];
    [&before[..], &[0x20; 16], &[0xfd; 16], tcp].concat()
}

/// The datagram behind the link header that says what it is.
fn linked(link: LinkType, datagram: &[u8]) -> Vec<u8> {
    let is_v4 = datagram[0] >> 4 == 4;
    let ether_type: [u8; 2] = if is_v4 { [8, 0] } else { [0x86, 0xdd] };
    let header = match link {
        LinkType::ETHERNET => [&[2; 12][..], &ether_type].concat(),
        LinkType::NULL => vec![if is_v4 { 2 } else { 10 }, 0, 0, 0],
        LinkType::LINUX_SLL => [&[0; 14][..], &ether_type].concat(),
        LinkType::LINUX_SLL2 => [&ether_type[..], &[0; 18]].concat(),
        _ => Vec::new(),
    };
    [&header, datagram].concat()
}

fn frame(link: LinkType, data: &[u8], wire_len: usize) -> Frame<'_> {
    Frame {
        number: 1,
        time_ns: 0,
        link,
        offset: 0,
        wire_len: u32::try_from(wire_len).unwrap(),
        data,
    }
}

/// Everything that a decoded frame tells.
fn all<'a>(decoded: &Decoded<'a>) -> (Segment, [&'a [u8]; 4]) {
    let octets = [
        decoded.datagram,
        decoded.header,
        decoded.options,
        decoded.payload,
    ];
    (decoded.segment, octets)
}

/// Whether the short way was taken; where it was, the long one leads to the same.
fn is_short(frame: &Frame<'_>) -> bool {
    let short = decode_plain(frame);
    if let Some(short) = &short {
        let long = decode_any(frame).expect("the long way fails where the short one doesn't");
        assert_eq!(all(short), all(&long), "{frame:?}");
    }
    short.is_some()
}

/// One option of a known kind, well made; or any octets.
fn option() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        Just(vec![1]),
        Just(vec![0]),
        Just(vec![4, 2]),
        Just(TIMESTAMPS[2..].to_vec()),
        any::<u8>().prop_map(|shift| vec![3, 3, shift]),
        any::<[u8; 2]>().prop_map(|[a, b]| vec![2, 4, a, b]),
        (1..4usize)
            .prop_flat_map(|blocks| vec(any::<u8>(), blocks * 8))
            .prop_map(
                |blocks| [&[5, u8::try_from(2 + blocks.len()).unwrap()], &blocks[..]].concat()
            ),
        vec(any::<u8>(), 0..12),
    ]
}

/// Options as they are, cut to what a header holds and filled up to whole words.
fn options() -> impl Strategy<Value = Vec<u8>> {
    let some = vec(option(), 0..6).prop_map(|all| {
        let mut octets = all.concat();
        octets.resize(octets.len().min(40).next_multiple_of(4), 0);
        octets
    });
    prop_oneof![Just(Vec::new()), Just(TIMESTAMPS.to_vec()), some]
}

#[test]
fn a_plain_frame_of_every_link_type_goes_the_short_way() {
    let options: [&[u8]; 4] = [
        &[],
        &TIMESTAMPS,
        &[2, 4, 5, 0xb4, 1, 3, 3, 7],
        &[1, 1, 5, 10, 0, 0, 0, 1, 0, 0, 0, 9],
    ];
    for options in options {
        let segment = tcp([7; 12], 0x18, options, b"data");
        for datagram in [ipv4(&segment), ipv6(&segment)] {
            let wrong = if datagram[0] >> 4 == 4 {
                LinkType::IPV6
            } else {
                LinkType::IPV4
            };
            for link in LINKS
                .into_iter()
                .filter(|link| link.is_known() && *link != wrong)
            {
                let data = linked(link, &datagram);
                assert!(
                    is_short(&frame(link, &data, data.len())),
                    "{link} {data:x?}"
                );
                // Data that was cut, or padding behind it.
                let cut = &data[..data.len() - 4];
                assert!(is_short(&frame(link, cut, data.len())), "{link} {cut:x?}");
                let padded = [&data[..], &[0; 6]].concat();
                assert!(
                    is_short(&frame(link, &padded, padded.len())),
                    "{link} {padded:x?}"
                );
            }
        }
    }
}

#[test]
fn a_fragment_and_a_total_length_of_zero_go_the_long_way() {
    let whole = ipv4(&tcp([7; 12], 0x18, &[], b"data"));
    for (at, octet) in [
        (6, 0x20),
        (7, 1),
        (0, 0x46),
        (0, 0x65),
        (9, 17),
        (32, 0x40),
        (32, 0xf0),
    ] {
        let mut unusual = whole.clone();
        unusual[at] = octet;
        assert!(
            !is_short(&frame(LinkType::IPV4, &unusual, unusual.len())),
            "{at}: {octet}"
        );
    }
    let mut offloaded = whole.clone();
    offloaded[2..4].fill(0);
    assert!(!is_short(&frame(
        LinkType::RAW,
        &offloaded,
        offloaded.len()
    )));
    let mut offloaded = ipv6(&tcp([7; 12], 0x18, &[], b"data"));
    offloaded[4..6].fill(0);
    assert!(!is_short(&frame(
        LinkType::RAW,
        &offloaded,
        offloaded.len()
    )));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4096))]

    #[test]
    fn any_frame_cut_or_mutated_is_the_same_both_ways(
        numbers: [u8; 12],
        bits in 0..0x1000u16,
        options in options(),
        data in vec(any::<u8>(), 0..64),
        is_v4: bool,
        link in 0..LINKS.len(),
        mutations in vec((0..80usize, any::<u8>()), 0..4),
        cut in 0..160usize,
        padding in 0..8usize,
    ) {
        let segment = tcp(numbers, bits, &options, &data);
        let datagram = if is_v4 { ipv4(&segment) } else { ipv6(&segment) };
        let mut octets = linked(LINKS[link], &datagram);
        octets.extend(vec![0x99; padding]);
        for (at, octet) in mutations {
            let at = at % octets.len();
            octets[at] = octet;
        }
        let wire_len = octets.len();
        is_short(&frame(LINKS[link], &octets, wire_len));
        octets.truncate(cut);
        is_short(&frame(LINKS[link], &octets, wire_len));
    }
}
