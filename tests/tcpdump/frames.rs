//! Frames, and the files that hold them.

#![expect(
    clippy::cast_possible_truncation,
    reason = "files are written from numbers known to fit"
)]

use std::path::Path;

pub const TCP: u8 = 6;

pub const NULL: u32 = 0;
pub const ETHERNET: u32 = 1;
pub const RAW: u32 = 101;
pub const LINUX_SLL: u32 = 113;
pub const LINUX_SLL2: u32 = 276;

pub fn ether_type(datagram: &[u8]) -> [u8; 2] {
    if datagram[0] >> 4 == 6 {
        [0x86, 0xdd]
    } else {
        [8, 0]
    }
}

pub fn ethernet(datagram: &[u8]) -> Vec<u8> {
    [&[0; 12][..], &ether_type(datagram), datagram].concat()
}

pub fn in_link(link: u32, datagram: &[u8]) -> Vec<u8> {
    let direction = datagram[11] % 6;
    match link {
        NULL if datagram[0] >> 4 == 6 => [&[30, 0, 0, 0], datagram].concat(),
        NULL => [&[2, 0, 0, 0], datagram].concat(),
        RAW => datagram.into(),
        LINUX_SLL => [&[0; 14][..], &ether_type(datagram), datagram].concat(),
        LINUX_SLL2 => {
            let index = [0, 0, 0, 0, 0, direction % 3];
            [
                &ether_type(datagram)[..],
                &index,
                &[3, 4, direction],
                &[0; 9],
                datagram,
            ]
            .concat()
        }
        _ => ethernet(datagram),
    }
}

/// The same behind so many VLAN tags.
pub fn tagged(link: u32, datagram: &[u8], tags: usize) -> Vec<u8> {
    let plain = in_link(link, datagram);
    let kind = match link {
        LINUX_SLL => 14,
        LINUX_SLL2 => 0,
        _ => 12,
    };
    let (header, _) = plain.split_at(plain.len() - datagram.len());
    let mut header = header.to_vec();
    let inner = [header[kind], header[kind + 1]];
    header[kind..kind + 2].copy_from_slice(&[0x81, 0]);
    for _ in 1..tags {
        header.extend([0x20, 5, 0x81, 0]);
    }
    header.extend([0, 7]);
    [&header[..], &inner, datagram].concat()
}

pub fn ipv4(segment: &[u8]) -> Vec<u8> {
    let len = (20 + segment.len() as u16).to_be_bytes();
    let header = [
        0x45, 0, len[0], len[1], 0, 1, 0, 0, 64, TCP, 0, 0, 192, 0, 2, 1, 198, 51, 100, 2,
    ];
    [&header[..], segment].concat()
}

pub fn ipv6(next: u8, payload: &[u8]) -> Vec<u8> {
    let len = (payload.len() as u16).to_be_bytes();
    let mut header = vec![0x60, 0, 0, 0, len[0], len[1], next, 64];
    header.extend(
        "2001:db8::1"
            .parse::<std::net::Ipv6Addr>()
            .unwrap()
            .octets(),
    );
    header.extend("::102:304".parse::<std::net::Ipv6Addr>().unwrap().octets());
    [&header[..], payload].concat()
}

/// A nanosecond pcap file under way.
pub struct File {
    file: tempfile::NamedTempFile,
    frames: u32,
}

impl File {
    pub fn new(link: u32) -> File {
        let file = tempfile::NamedTempFile::new().unwrap();
        let mut begun = File { file, frames: 0 };
        for word in [0xa1b2_3c4d, 4 << 16 | 2, 0, 0, 262_144, link] {
            begun.write(&u32::to_le_bytes(word));
        }
        begun
    }

    pub fn path(&self) -> &Path {
        self.file.path()
    }

    fn write(&mut self, octets: &[u8]) {
        std::io::Write::write_all(&mut self.file, octets).unwrap();
    }

    pub fn add(&mut self, frame: &[u8], wire_len: usize) {
        self.add_at(1_700_000_000 + self.frames / 3, frame, wire_len);
    }

    /// Never less on the wire than what was captured.
    pub fn add_at(&mut self, second: u32, frame: &[u8], wire_len: usize) {
        let wire_len = wire_len.max(frame.len()) as u32;
        for word in [
            second,
            987_654_321 - self.frames,
            frame.len() as u32,
            wire_len,
        ] {
            self.write(&word.to_le_bytes());
        }
        self.write(frame);
        self.frames += 1;
    }
}
