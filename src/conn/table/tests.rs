use std::collections::HashSet;
use std::hash::{BuildHasher, Hasher};
use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4};

use foldhash::fast::FixedState;

use super::Table;

const CRAFTED: u32 = 100_000;

/// The hash of `Table::hash` where the seed is known, for two addresses in order.
fn known(from: SocketAddrV4, to: SocketAddrV4) -> u64 {
    let bits = |it: SocketAddrV4| u128::from(it.ip().to_bits()) << 16 | u128::from(it.port());
    let mut hasher = FixedState::default().build_hasher();
    hasher.write_u128(bits(from) << 48 | bits(to));
    hasher.finish()
}

/// Pairs whose lower 64 bits are the seed that is known: what they are multiplied with is then 0.
fn crafted() -> impl Iterator<Item = (SocketAddrV4, SocketAddrV4)> {
    let seed = FixedState::default().build_hasher().finish();
    let word = move |shift: u32| u16::try_from(seed >> shift & 0xffff).expect("16 bits");
    let ip = u32::from(word(32)) << 16 | u32::from(word(16));
    let to = SocketAddrV4::new(ip.into(), word(0));
    let from = move |number: u32| SocketAddrV4::new(Ipv4Addr::from(number), word(48));
    (1..=CRAFTED).map(move |number| (from(number), to))
}

#[test]
fn addresses_crafted_to_collide_under_a_known_seed_spread_under_the_tables_own() {
    let of_known: HashSet<_> = crafted().map(|(from, to)| known(from, to)).collect();
    assert_eq!(of_known.len(), 1, "they do collide");
    let table = Table::<Vec<_>>::default();
    let pair = |(from, to): (SocketAddrV4, SocketAddrV4)| (SocketAddr::from(from), to.into());
    let of_table: HashSet<_> = crafted().map(pair).map(|(a, b)| table.hash(a, b)).collect();
    // By chance two of 100,000 hashes of 32 bits are the same.
    assert!(
        of_table.len() > CRAFTED as usize - 100,
        "{}",
        of_table.len()
    );
}

#[test]
fn addresses_that_differ_in_any_few_bits_spread() {
    let table = Table::<Vec<_>>::default();
    for shift in [0, 4, 8, 12, 16] {
        for port_shift in [0, 3, 6] {
            let address = |number: u32| {
                let ip = Ipv4Addr::from(0x0a00_0000 ^ (number >> 10) << shift);
                let port = u16::try_from((number & 0x3ff) << port_shift).expect("16 bits");
                SocketAddr::from(SocketAddrV4::new(ip, port))
            };
            let server = SocketAddr::from(([192, 0, 2, 1], 80));
            let hashes: HashSet<_> = (0..1 << 16)
                .map(|it| table.hash(address(it), server))
                .collect();
            assert!(
                hashes.len() > (1 << 16) - 200,
                "{shift}, {port_shift}: {}",
                hashes.len()
            );
        }
    }
}
