//! A frame of any link type: decoded, all of its fields told, its line printed as tcpdump's, its payload dumped. The short way
//! for plain frames gives what the long one does.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tcpviz::report::tcpdump::Writer;
use tcpviz::story::{fields, hexdump, tcpdump};
use tcpviz::trace::Trace;
use tcpviz::wire::{
    Batch, Captured, Decoded, Frame, LinkType, Place, Ports, decode, decode_error, decode_plain,
};

const LINKS: [LinkType; 9] = [
    LinkType::NULL,
    LinkType::ETHERNET,
    LinkType::RAW,
    LinkType::LOOP,
    LinkType::LINUX_SLL,
    LinkType::IPV4,
    LinkType::IPV6,
    LinkType::LINUX_SLL2,
    LinkType(147),
];

fuzz_target!(|bytes: &[u8]| {
    let &[link, cut, ref data @ ..] = bytes else {
        return;
    };
    let link = LINKS[usize::from(link) % LINKS.len()];
    let frame = Frame {
        number: 1,
        time_ns: 1_700_000_000_000_000_000,
        link,
        offset: 0,
        wire_len: u32::try_from(data.len()).unwrap_or(u32::MAX) + u32::from(cut) * 8,
        data,
    };
    let long = decode::decode_any(&frame);
    if let Some(plain) = decode_plain(&frame) {
        let long = long.as_ref().expect("the long way decodes it, too");
        assert_eq!(plain.segment, long.segment);
        assert_eq!((plain.header, plain.payload), (long.header, long.payload));
    }
    let _ = decode_error(&frame);
    let mut out = Vec::new();
    let mut writer = Writer::new(Ports::default(), cut & 1 > 0, |_| None);
    for _ in 0..2 {
        writer.frame(&mut out, &frame);
    }
    let is_safe = |octet: &u8| *octet == b'\n' || (b' '..=b'~').contains(octet);
    assert!(out.iter().all(is_safe), "{}", String::from_utf8_lossy(&out));
    if let Ok(decoded) = &long {
        let _ = hexdump::lines(decoded.payload, 0, 100, 80);
        tell(&frame, decoded, cut & 2 > 0);
    }
});

/// A trace of this one segment, and what is told of it.
fn tell(frame: &Frame<'_>, decoded: &Decoded<'_>, absolute: bool) {
    let place = Place {
        offset: 0,
        captured: 0,
        wire_len: frame.wire_len,
        link: frame.link,
        frame: 1,
    };
    let captured = Captured {
        time_ns: frame.time_ns,
        place,
        segment: decoded.segment,
    };
    let mut trace = Trace::new(Ports::default());
    let batch = Batch {
        segments: vec![captured],
        ..Batch::default()
    };
    trace.take(&batch, |_, _, _| {});
    for field in fields::fields(&trace, 0, 0, decoded, absolute) {
        let words = format!("{} {}", field.value, field.meaning);
        assert!(!words.chars().any(char::is_control), "{words:?}");
    }
    let line = tcpdump::line(&trace, 0, 0, decoded, absolute);
    assert!(
        line.bytes().all(|octet| (b' '..=b'~').contains(&octet)),
        "{line}"
    );
}
