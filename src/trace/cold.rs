//! A connection at rest: its log, and in front of it what the log doesn't tell.

use std::net::{IpAddr, SocketAddr};

use super::log::Log;
use super::octets::{Few, Octets, put};
use crate::conn::state::PerSide;
use crate::conn::{Connection, Opening, Roles};

/// What kind it is, both addresses, how often it was warm before, how often frames had been found missing by the time it
/// cooled, its rows, the connection before it if there is one; then its log.
#[derive(Clone, Copy, Debug)]
pub struct Cold<'a>(pub &'a [u8]);

/// The bits of the first octet.
mod is {
    pub const IPV6: u8 = 1;
    pub const MIDWAY: u8 = 1 << 1;
    pub const GUESSED: u8 = 1 << 2;
    pub const REUSES: u8 = 1 << 3;
    pub const HAS_PREVIOUS: u8 = 1 << 4;
}

/// Room enough for all but the log.
pub const FRONT_MAX: usize = 1 + 2 * 18 + 1 + 3 * 5;

/// What stands in front of the log.
#[derive(Clone, Copy, Debug)]
pub struct Front<'a> {
    /// How often it was warm before.
    pub warmed: u8,
    /// How often frames had been found missing.
    pub doubts: u32,
    pub rows: u32,
    /// The connection before it between the same ends.
    pub previous: Option<u32>,
    pub log: &'a [u8],
}

/// Writes one, of at most `FRONT_MAX` octets and its log's.
pub fn write(octets: &mut Vec<u8>, connection: &Connection, log: &Log, doubts: u32, warmed: u8) {
    let PerSide { client, server } = connection.addresses;
    let bits = [
        (client.is_ipv6(), is::IPV6),
        (connection.opening == Opening::Midway, is::MIDWAY),
        (connection.roles == Roles::Guessed, is::GUESSED),
        (connection.reuses_time_wait, is::REUSES),
        (connection.previous.is_some(), is::HAS_PREVIOUS),
    ];
    let set = bits.iter().filter(|(set, _)| *set);
    octets.push(set.fold(0, |kind, (_, bit)| kind | bit));
    for address in [client, server] {
        match address.ip() {
            IpAddr::V4(ip) => octets.extend(ip.octets()),
            IpAddr::V6(ip) => octets.extend(ip.octets()),
        }
        octets.extend(address.port().to_le_bytes());
    }
    let mut few = Few::new();
    few.push(warmed);
    put(&mut few, doubts.into());
    put(&mut few, connection.rows.into());
    if let Some(previous) = connection.previous {
        put(&mut few, previous.into());
    }
    octets.extend_from_slice(&few);
    octets.extend_from_slice(log.octets());
}

impl<'a> Cold<'a> {
    #[must_use]
    pub fn addresses(self) -> PerSide<SocketAddr> {
        self.addresses_and_rest().0
    }

    fn addresses_and_rest(self) -> (PerSide<SocketAddr>, Octets<'a>) {
        let mut octets = Octets(self.0);
        let is_ipv6 = octets.octet() & is::IPV6 != 0;
        let mut address = || -> SocketAddr {
            let ip = if is_ipv6 {
                IpAddr::from(octets.fixed::<16>())
            } else {
                IpAddr::from(octets.fixed::<4>())
            };
            (ip, octets.u16()).into()
        };
        let (client, server) = (address(), address());
        (PerSide { client, server }, octets)
    }

    #[must_use]
    pub fn front(self) -> Front<'a> {
        let (_, mut octets) = self.addresses_and_rest();
        Front {
            warmed: octets.octet(),
            doubts: octets.number32(),
            rows: octets.number32(),
            previous: (self.0[0] & is::HAS_PREVIOUS != 0).then(|| octets.number32()),
            log: octets.0,
        }
    }

    /// Whether it is one between these two, in either direction.
    #[must_use]
    pub fn is_between(self, a: SocketAddr, b: SocketAddr) -> bool {
        let PerSide { client, server } = self.addresses();
        (client, server) == (a, b) || (client, server) == (b, a)
    }

    /// The connection before its first segment.
    #[must_use]
    pub fn begin(self) -> Connection {
        let says = |bit: u8| self.0[0] & bit != 0;
        let opening = if says(is::MIDWAY) {
            Opening::Midway
        } else {
            Opening::Seen
        };
        let roles = if says(is::GUESSED) {
            Roles::Guessed
        } else {
            Roles::Seen
        };
        let mut begun = Connection::new(self.addresses(), opening, roles, self.front().previous);
        begun.reuses_time_wait = says(is::REUSES);
        begun
    }
}
