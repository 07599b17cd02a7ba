//! A program for the kernel (bpf(2), BPF_PROG_TYPE_SOCK_OPS): attached to a cgroup it notes the addresses of each connection that a
//! socket made in the cgroup begins, or accepts. It changes nothing, and goes with the descriptors that hold it.

#![expect(
    unsafe_code,
    reason = "bpf(2): the crates that offer it bring a loader of compiled objects, and a compiler, for fifty instructions"
)]

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd};

use rustix::time::{ClockId, clock_gettime};

/// Connections that are remembered of a command.
pub const MOST: usize = 1 << 18;

/// Commands of bpf(2) (linux/bpf.h).
const MAP_CREATE: i64 = 0;
const MAP_LOOKUP_ELEM: i64 = 1;
const MAP_GET_NEXT_KEY: i64 = 4;
const PROG_LOAD: i64 = 5;
const LINK_CREATE: i64 = 28;

const MAP_TYPE_HASH: u32 = 1;
const NO_PREALLOC: u32 = 1;
const PROG_TYPE_SOCK_OPS: u32 = 13;
const ATTACH_SOCK_OPS: u32 = 3;

/// Functions of the kernel's.
const MAP_UPDATE_ELEM: i32 = 2;
const KTIME_GET_NS: i32 = 5;
const GET_SOCKET_COOKIE: i32 = 46;

/// Values of `bpf_sock_ops.op`: a SYN is about to be sent; a connection is accepted.
const TCP_CONNECT: i32 = 3;
const PASSIVE_ESTABLISHED: i32 = 5;

/// Offsets in `struct bpf_sock_ops`: family, IPv4 addresses, IPv6 addresses (of the peer, then its own), ports.
const FIELDS: [i16; 13] = [20, 24, 28, 32, 36, 40, 44, 48, 52, 56, 60, 64, 68];

/// A key of the map: those fields and the operation, 32 bits each, and the socket's cookie: ends may come again.
const KEY: usize = 64;
const OPERATION: i16 = 52;
const COOKIE: i16 = 56;
/// Where it is put together, and the value, on the program's stack. The value is when, in nanoseconds of the monotonic clock.
const KEY_AT: i16 = -72;
const VALUE_AT: i16 = -8;

/// Octets of an attribute: more than any of these commands reads, the rest 0.
const ATTRIBUTE: usize = 128;

/// Notes connections as long as it lives.
#[derive(Debug)]
pub struct Recorder {
    map: OwnedFd,
    _link: OwnedFd,
}

impl Recorder {
    /// Begins.
    ///
    /// # Errors
    /// The kernel refuses: it takes CAP_BPF and CAP_NET_ADMIN, and Linux 5.7.
    pub fn attach(cgroup: BorrowedFd<'_>) -> io::Result<Recorder> {
        let most = u32::try_from(MOST).unwrap_or(u32::MAX);
        let key = u32::try_from(KEY).unwrap_or_default();
        let map = made(MAP_CREATE, &[MAP_TYPE_HASH, key, 8, most, NO_PREALLOC])?;
        let program = load(&instructions(map.as_raw_fd()))?;
        let descriptor = |fd: i32| fd.cast_unsigned();
        let link = made(
            LINK_CREATE,
            &[
                descriptor(program.as_raw_fd()),
                descriptor(cgroup.as_raw_fd()),
                ATTACH_SOCK_OPS,
            ],
        )?;
        Ok(Recorder { map, _link: link })
    }

    /// The connections so far, each as it was seen from its socket: own address, peer's, when, in nanoseconds since the
    /// Unix epoch. `None` if there were more than there is room for.
    ///
    /// # Errors
    /// The kernel refuses.
    pub fn connections(&self) -> io::Result<Option<Vec<(SocketAddr, SocketAddr, u64)>>> {
        let booted = booted();
        let mut found = Vec::new();
        let mut last: Option<[u8; KEY]> = None;
        while let Some(key) = self.next(last.as_ref())? {
            let (own, peer) = ends(&key);
            found.push((own, peer, booted.saturating_add(self.value(&key)?)));
            last = Some(key);
            if found.len() >= MOST {
                return Ok(None);
            }
        }
        Ok(Some(found))
    }

    fn value(&self, key: &[u8; KEY]) -> io::Result<u64> {
        let mut value = [0; 8];
        let mut attribute = Attribute::default();
        attribute.word(0, self.map.as_raw_fd().cast_unsigned());
        attribute.address(8, key.as_ptr() as u64);
        attribute.address(16, value.as_mut_ptr() as u64);
        // SAFETY: the addresses are of buffers as long as the map's keys and values, which outlive the call.
        unsafe { bpf(MAP_LOOKUP_ELEM, &mut attribute) }?;
        Ok(u64::from_ne_bytes(value))
    }

    fn next(&self, after: Option<&[u8; KEY]>) -> io::Result<Option<[u8; KEY]>> {
        let mut next = [0; KEY];
        let mut attribute = Attribute::default();
        attribute.word(0, self.map.as_raw_fd().cast_unsigned());
        attribute.address(8, after.map_or(0, |key| key.as_ptr() as u64));
        attribute.address(16, next.as_mut_ptr() as u64);
        // SAFETY: both addresses are of buffers as long as the map's keys, which outlive the call; 0 stands for none.
        match unsafe { bpf(MAP_GET_NEXT_KEY, &mut attribute) } {
            Ok(_) => Ok(Some(next)),
            Err(why) if why.raw_os_error() == Some(libc::ENOENT) => Ok(None),
            Err(why) => Err(why),
        }
    }
}

/// When the monotonic clock stood at 0, in nanoseconds since the Unix epoch.
fn booted() -> u64 {
    let now = |clock| {
        let time = clock_gettime(clock);
        let seconds = u64::try_from(time.tv_sec).unwrap_or_default();
        seconds * 1_000_000_000 + u64::try_from(time.tv_nsec).unwrap_or_default()
    };
    now(ClockId::Realtime).saturating_sub(now(ClockId::Monotonic))
}

/// `union bpf_attr`.
#[repr(C, align(8))]
struct Attribute([u8; ATTRIBUTE]);

impl Default for Attribute {
    fn default() -> Self {
        Attribute([0; ATTRIBUTE])
    }
}

impl Attribute {
    fn word(&mut self, at: usize, value: u32) {
        self.0[at..at + 4].copy_from_slice(&value.to_ne_bytes());
    }

    fn address(&mut self, at: usize, value: u64) {
        self.0[at..at + 8].copy_from_slice(&value.to_ne_bytes());
    }
}

/// # Safety
/// The addresses in the attribute are those of buffers that the command may use, and outlive the call.
unsafe fn bpf(command: i64, attribute: &mut Attribute) -> io::Result<i32> {
    // SAFETY: the attribute is as long as is said; the rest is the caller's to see to.
    let done =
        unsafe { libc::syscall(libc::SYS_bpf, command, attribute.0.as_mut_ptr(), ATTRIBUTE) };
    i32::try_from(done)
        .ok()
        .filter(|done| *done >= 0)
        .ok_or_else(io::Error::last_os_error)
}

/// What a command makes whose attribute holds nothing but these words.
fn made(command: i64, words: &[u32]) -> io::Result<OwnedFd> {
    let mut attribute = Attribute::default();
    for (index, word) in words.iter().enumerate() {
        attribute.word(index * 4, *word);
    }
    // SAFETY: there is no address in it; the descriptor that comes is nobody else's.
    unsafe { Ok(OwnedFd::from_raw_fd(bpf(command, &mut attribute)?)) }
}

fn load(instructions: &[[u8; 8]]) -> io::Result<OwnedFd> {
    let licence = c"MIT";
    let mut attribute = Attribute::default();
    attribute.word(0, PROG_TYPE_SOCK_OPS);
    attribute.word(4, u32::try_from(instructions.len()).unwrap_or_default());
    attribute.address(8, instructions.as_ptr() as u64);
    attribute.address(16, licence.as_ptr() as u64);
    // SAFETY: both addresses are of buffers that outlive the call, which only reads them; the descriptor that comes is
    // nobody else's.
    unsafe { Ok(OwnedFd::from_raw_fd(bpf(PROG_LOAD, &mut attribute)?)) }
}

/// What the program does: if the operation is one of two, it puts the fields together and adds them to the map.
fn instructions(map: i32) -> Vec<[u8; 8]> {
    // Operation codes (RFC 9669).
    const LOAD: u8 = 0x61;
    const STORE: u8 = 0x63;
    const STORE_LONG: u8 = 0x7b;
    const LOAD_MAP: u8 = 0x18;
    const MOVE: u8 = 0xbf;
    const MOVE_NUMBER: u8 = 0xb7;
    const ADD_NUMBER: u8 = 0x07;
    const JUMP_IF_EQUAL: u8 = 0x15;
    const CALL: u8 = 0x85;
    const EXIT: u8 = 0x95;
    /// The source register that says that a number is a map's descriptor.
    const MAP: u8 = 1;
    const STACK: u8 = 10;
    // The context comes in register 1; calls keep register 6.
    let mut all = vec![
        instruction(MOVE, 6, 1, 0, 0),
        instruction(LOAD, 2, 6, 0, 0),
        instruction(JUMP_IF_EQUAL, 2, 0, 3, TCP_CONNECT),
        instruction(JUMP_IF_EQUAL, 2, 0, 2, PASSIVE_ESTABLISHED),
        instruction(MOVE_NUMBER, 0, 0, 0, 1),
        instruction(EXIT, 0, 0, 0, 0),
        instruction(STORE, STACK, 2, KEY_AT + OPERATION, 0),
    ];
    for (field, at) in FIELDS.into_iter().zip((KEY_AT..).step_by(4)) {
        all.push(instruction(LOAD, 2, 6, field, 0));
        all.push(instruction(STORE, STACK, 2, at, 0));
    }
    all.extend([
        instruction(MOVE, 1, 6, 0, 0),
        instruction(CALL, 0, 0, 0, GET_SOCKET_COOKIE),
        instruction(STORE_LONG, STACK, 0, KEY_AT + COOKIE, 0),
        instruction(CALL, 0, 0, 0, KTIME_GET_NS),
        instruction(STORE_LONG, STACK, 0, VALUE_AT, 0),
        instruction(LOAD_MAP, 1, MAP, 0, map),
        instruction(0, 0, 0, 0, 0),
        instruction(MOVE, 2, STACK, 0, 0),
        instruction(ADD_NUMBER, 2, 0, 0, KEY_AT.into()),
        instruction(MOVE, 3, STACK, 0, 0),
        instruction(ADD_NUMBER, 3, 0, 0, VALUE_AT.into()),
        instruction(MOVE_NUMBER, 4, 0, 0, 0),
        instruction(CALL, 0, 0, 0, MAP_UPDATE_ELEM),
        // As if it weren't there.
        instruction(MOVE_NUMBER, 0, 0, 0, 1),
        instruction(EXIT, 0, 0, 0, 0),
    ]);
    all
}

/// `struct bpf_insn`.
fn instruction(code: u8, to: u8, from: u8, offset: i16, number: i32) -> [u8; 8] {
    let registers = if cfg!(target_endian = "little") {
        from << 4 | to
    } else {
        to << 4 | from
    };
    let mut all = [code, registers, 0, 0, 0, 0, 0, 0];
    all[2..4].copy_from_slice(&offset.to_ne_bytes());
    all[4..].copy_from_slice(&number.to_ne_bytes());
    all
}

/// A key's two ends: its own, the peer's. An IPv4 address mapped into IPv6 is told as IPv4, which is what the wire carries.
fn ends(key: &[u8; KEY]) -> (SocketAddr, SocketAddr) {
    let word = |index: usize| -> [u8; 4] {
        let mut word = [0; 4];
        word.copy_from_slice(&key[index * 4..index * 4 + 4]);
        word
    };
    let number = |index: usize| u32::from_ne_bytes(word(index));
    let is_v4 = number(0) == libc::AF_INET.cast_unsigned();
    let ip = |v4: usize, v6: usize| -> IpAddr {
        if is_v4 {
            return Ipv4Addr::from(word(v4)).into();
        }
        let words = [word(v6), word(v6 + 1), word(v6 + 2), word(v6 + 3)];
        let octets = words.as_flattened().try_into().unwrap_or_default();
        Ipv6Addr::from_octets(octets).to_canonical()
    };
    // The peer's port is in network order, its own isn't.
    let port = |number: u32| u16::try_from(number).unwrap_or_default();
    let peer = SocketAddr::new(ip(1, 3), port(u32::from_be(number(11))));
    let own = SocketAddr::new(ip(2, 7), port(number(12)));
    (own, peer)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(words: [[u8; 4]; 16]) -> [u8; KEY] {
        words.as_flattened().try_into().unwrap()
    }

    fn ne(number: u32) -> [u8; 4] {
        number.to_ne_bytes()
    }

    #[test]
    fn a_key_tells_both_ends_in_either_family_and_mapped() {
        let none = [0; 4];
        let mut words = [none; 16];
        words[0] = ne(2);
        (words[1], words[2]) = ([127, 0, 0, 1], [127, 0, 0, 2]);
        (words[11], words[12]) = (ne(4321u32.to_be()), ne(40_000));
        let told = |words| {
            let (own, peer) = ends(&key(words));
            (own.to_string(), peer.to_string())
        };
        let wanted = ("127.0.0.2:40000".into(), "127.0.0.1:4321".into());
        assert_eq!(told(words), wanted);
        words[0] = ne(10);
        (words[5], words[6]) = ([0, 0, 255, 255], [127, 0, 0, 1]);
        (words[9], words[10]) = ([0, 0, 255, 255], [127, 0, 0, 2]);
        assert_eq!(told(words), wanted);
        for at in [5, 9] {
            words[at] = none;
        }
        (words[6], words[10]) = ([0, 0, 0, 1], [0, 0, 0, 1]);
        let wanted = ("[::1]:40000".into(), "[::1]:4321".into());
        assert_eq!(told(words), wanted);
    }
}
