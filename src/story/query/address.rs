//! Addresses: `1.2.3.4`, `::1`, `[::1]:4777`, `10.0.0.0/8`.

use std::fmt;
use std::net::{IpAddr, SocketAddr};

/// Either a host, one of its ports, or a network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Address {
    Host(IpAddr),
    Endpoint(SocketAddr),
    /// The length of the prefix in bits: 0 to 32, for IPv6 to 128.
    Network(IpAddr, u8),
}

impl Address {
    /// `None` if it isn't an address at all.
    pub fn parse(typed: &str) -> Option<Result<Address, String>> {
        if let Some((address, length)) = typed.split_once('/') {
            let address: IpAddr = address.parse().ok()?;
            let most = if address.is_ipv4() { 32 } else { 128 };
            let length = length.parse().ok().filter(|length| *length <= most);
            return Some(match length {
                Some(length) => Ok(Address::Network(address, length)),
                None => Err(format!(
                    "a prefix of {address} has 0 to {most} bits: type {address}/{}",
                    most / 2
                )),
            });
        }
        let host = typed.strip_prefix('[').and_then(|it| it.strip_suffix(']'));
        if let Ok(address) = host.unwrap_or(typed).parse() {
            return Some(Ok(Address::Host(address)));
        }
        let endpoint: SocketAddr = typed.parse().ok()?;
        // A capture tells no scope.
        let endpoint = SocketAddr::new(endpoint.ip(), endpoint.port());
        Some(Ok(Address::Endpoint(endpoint)))
    }

    #[must_use]
    pub fn holds(self, endpoint: SocketAddr) -> bool {
        match self {
            Address::Host(address) => endpoint.ip() == address,
            Address::Endpoint(wanted) => {
                (endpoint.ip(), endpoint.port()) == (wanted.ip(), wanted.port())
            }
            Address::Network(address, length) => match (address, endpoint.ip()) {
                (IpAddr::V4(network), IpAddr::V4(host)) => {
                    let differ = network.to_bits() ^ host.to_bits();
                    differ.leading_zeros() >= u32::from(length)
                }
                (IpAddr::V6(network), IpAddr::V6(host)) => {
                    let differ = network.to_bits() ^ host.to_bits();
                    differ.leading_zeros() >= u32::from(length)
                }
                _ => false,
            },
        }
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Address::Host(address) => write!(f, "{address}"),
            Address::Endpoint(endpoint) => write!(f, "{endpoint}"),
            Address::Network(address, length) => write!(f, "{address}/{length}"),
        }
    }
}
