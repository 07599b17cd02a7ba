//! Article 002's first walkthrough, octet for octet as its tcpdump lines tell it: ports, numbers, options and times never
//! change, so whole screens can be compared.

use std::net::Ipv4Addr;

/// Seconds of the article's 16:45:28, on the day of its first netstat.
const SECOND: u64 = 1_699_836_328;
const CLIENT: u16 = 35790;
const SERVER: u16 = 4321;
const CLIENT_ISS: u32 = 1_062_313_174;
const SERVER_ISS: u32 = 1_068_622_806;

const FIN: u8 = 1;
const SYN: u8 = 2;
const RST: u8 = 4;
const PSH: u8 = 8;
const ACK: u8 = 16;

struct Line {
    micros: u64,
    from_client: bool,
    flags: u8,
    /// Relative to the initial sequence numbers.
    seq: u32,
    ack: u32,
    win: u16,
    /// Value and echo; none on the RST.
    stamps: Option<(u32, u32)>,
    len: usize,
}

/// The seven lines. The article's third time stamp (.809583) is before its second (.809715); it is kept.
fn lines() -> [Line; 7] {
    let line = |micros, from_client, flags, seq, ack, win, stamps, len| Line {
        micros,
        from_client,
        flags,
        seq,
        ack,
        win,
        stamps,
        len,
    };
    let [a, b, c, d] = [3_915_671_437, 3_915_671_468, 3_915_671_469, 3_915_671_493];
    [
        line(809_578, true, SYN, 0, 0, 32792, Some((a, 0)), 0),
        line(809_715, false, SYN | ACK, 0, 1, 32768, Some((a, a)), 0),
        line(809_583, true, ACK, 1, 1, 257, Some((a, a)), 0),
        line(840_364, true, FIN | ACK, 1, 1, 257, Some((b, a)), 0),
        line(841_170, false, ACK, 1, 2, 256, Some((c, b)), 0),
        line(865_792, false, PSH | ACK, 1, 2, 256, Some((d, b)), 1),
        line(865_809, true, RST, 2, 0, 0, None, 0),
    ]
}

/// The capture: microsecond pcap of raw IP.
pub fn pcap() -> Vec<u8> {
    repeated(1)
}

/// The same with so many connections, from one client port after the other.
pub fn repeated(connections: u16) -> Vec<u8> {
    let mut file = Vec::new();
    for word in [0xa1b2_c3d4, 4 << 16 | 2, 0, 0, 262_144, 101] {
        file.extend(u32::to_le_bytes(word));
    }
    for (client, line) in (0..connections).flat_map(|i| lines().map(|line| (CLIENT + i, line))) {
        let mut packet = packet(&line);
        let port = if line.from_client { 20 } else { 22 };
        packet[port..port + 2].copy_from_slice(&client.to_be_bytes());
        let seconds = u32::try_from(SECOND).unwrap();
        let len = u32::try_from(packet.len()).unwrap();
        for word in [seconds, u32::try_from(line.micros).unwrap(), len, len] {
            file.extend(word.to_le_bytes());
        }
        file.extend(packet);
    }
    file
}

fn packet(line: &Line) -> Vec<u8> {
    let mut options = Vec::new();
    if let Some((value, echo)) = line.stamps {
        let handshake = line.flags & SYN != 0;
        let before: &[u8] = if handshake {
            &[2, 4, 0x40, 0x0c, 4, 2]
        } else {
            &[1, 1]
        };
        options.extend(before);
        options.extend([8, 10]);
        options.extend(value.to_be_bytes());
        options.extend(echo.to_be_bytes());
        if handshake {
            options.extend([1, 3, 3, 7]);
        }
    }
    let (own, other) = if line.from_client {
        (CLIENT_ISS, SERVER_ISS)
    } else {
        (SERVER_ISS, CLIENT_ISS)
    };
    let (src, dst) = if line.from_client {
        (CLIENT, SERVER)
    } else {
        (SERVER, CLIENT)
    };
    let ack = if line.flags & ACK == 0 {
        0
    } else {
        other + line.ack
    };
    let header_len = 20 + options.len();
    let mut packet = vec![0x45, 0];
    packet.extend(
        u16::try_from(20 + header_len + line.len)
            .unwrap()
            .to_be_bytes(),
    );
    packet.extend([0, 0, 0x40, 0, 64, 6, 0, 0]);
    packet.extend(Ipv4Addr::LOCALHOST.octets());
    packet.extend(Ipv4Addr::LOCALHOST.octets());
    packet.extend(src.to_be_bytes());
    packet.extend(dst.to_be_bytes());
    packet.extend((own + line.seq).to_be_bytes());
    packet.extend(ack.to_be_bytes());
    packet.extend([u8::try_from(header_len / 4).unwrap() << 4, line.flags]);
    packet.extend(line.win.to_be_bytes());
    packet.extend([0; 4]);
    packet.extend(options);
    packet.extend(vec![b'a'; line.len]);
    packet
}
